"""VST3 plug-ins in the window: what there is, and how those of the project do."""

from __future__ import annotations

import contextlib
import importlib.util
import threading
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot

from engine.dsp.effects import EFFECTS
from studio.base.ids import uuid7
from studio.flows.plugins import insert_of, open_catalogue, plugins_of
from studio.project import edits
from studio.project.model import Insert, Project

LOOK_S = 1.5


def installed() -> bool:
    """Whether the extra that hosts plug-ins is installed."""
    return importlib.util.find_spec("pedalboard") is not None


def known_plugins(session: Any) -> list[Any]:
    """Effects that the last scan found, by name; none without the extra."""
    if not installed():
        return []
    found = [each for each in open_catalogue(session.paths).plugins if not each.instrument]
    return sorted(found, key=lambda each: (each.vendor.lower(), each.name.lower()))


def fresh_insert(kind: str) -> Insert:
    """One of our own effects with its defaults."""
    return Insert(id=uuid7(), kind=kind)


def plugin_insert(plugin: Any) -> Insert:
    """A plug-in with its defaults."""
    return insert_of(plugin)


def own_effects() -> list[tuple[str, str]]:
    """Our effects as (kind, title)."""
    return [(spec.kind, spec.title) for spec in EFFECTS.values()]


def add_insert(ws: Any, track_id: str, insert: Insert) -> bool:
    """Put an effect at the end of a strip."""
    return ws.commit("Add an effect", lambda project: edits.add_insert(project, track_id, insert))


def has_plugins(project: Project) -> bool:
    """Whether a project has any plug-in."""
    return next(iter(plugins_of(project)), None) is not None


class PluginWatch(QObject):
    """Asks the engine now and then how the plug-ins of the project do; the engine may take its time, so on a thread."""

    changed = Signal()
    _answered = Signal(object)

    def __init__(self, ws: Any):
        super().__init__(ws)
        self._ws = ws
        self.badges: dict[str, str] = {}
        """A word for each plug-in that is not well, by insert id."""
        self._since_s = 0.0
        self._busy = False
        self._answered.connect(self._take, Qt.ConnectionType.QueuedConnection)
        ws.tick.connect(self._on_tick)

    def _on_tick(self, elapsed_s: float, _status: Any, _meters: Any) -> None:
        self._since_s += elapsed_s
        if self._since_s < LOOK_S or self._busy:
            return
        self._since_s = 0.0
        if not has_plugins(self._ws.project):
            if self.badges:
                self._take({})
            return
        self._busy = True
        player = self._ws.session.player
        threading.Thread(target=self._ask, args=(player,), name="contrafact-plugin-watch", daemon=True).start()

    def _ask(self, player: Any) -> None:
        try:
            found = player.plugin_badges()
        except Exception:
            # The engine starts again, or has no time: what was known stays.
            found = None
        # The window may have been closed meanwhile.
        with contextlib.suppress(RuntimeError):
            self._answered.emit(found)

    @Slot(object)
    def _take(self, found: dict[str, str] | None) -> None:
        self._busy = False
        if found is not None and found != self.badges:
            self.badges = dict(found)
            self.changed.emit()


def in_background(ws: Any, title: str, work: Any, done: Any = None) -> None:
    """Run `work()` as a quiet job; its refusal goes to the person."""
    ws.run(lambda: ws.session.jobs.submit(lambda _context: work(), title=title, lane="io"), done, quiet=True)


def open_window(ws: Any, insert_id: str) -> None:
    """Show the plug-in's own window."""
    in_background(ws, "Opening a plug-in", lambda: ws.session.player.open_plugin_editor(insert_id))


def revive(ws: Any, insert_id: str) -> None:
    """Start a plug-in that stopped once more, with its state."""
    in_background(ws, "Starting a plug-in", lambda: ws.session.player.revive_plugin(insert_id))


def scan(ws: Any) -> None:
    """Look for plug-ins on this computer."""

    def work(context: Any) -> int:
        catalogue = open_catalogue(ws.session.paths)
        catalogue.scan(progress=context.progress, cancelled=lambda: context.cancelled)
        return len(catalogue.plugins)

    ws.run(
        lambda: ws.session.jobs.submit(work, title="Looking for plug-ins", lane="io"),
        lambda count: ws.say(f"{count} plug-ins were found.", "They are under “Add effect” in the mixer."),
    )
