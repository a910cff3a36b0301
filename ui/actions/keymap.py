"""Which keys do what: a layout, and what a person changed in it, kept in a file."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from studio.base import atomic
from ui.actions.row import Action

LAYOUTS: dict[str, str] = {"contrafact": "Contrafact", "live": "Ableton Live", "logic": "Logic Pro"}

_DIFFERENT: dict[str, dict[str, str]] = {
    "contrafact": {},
    "live": {
        "play.record": "F9",
        "play.metronome": "O",
        "track.arm": "C",
        "track.rename": "Ctrl+R",
        "clip.reverse": "R",
        "clip.mute": "0",
        "take.original": "Ctrl+0",
        "view.mixer": "Ctrl+Alt+M",
        "view.follow": "Ctrl+Shift+F",
        "clip.no_fades": "Ctrl+Alt+Backspace",
        "view.taller": "Alt++",
        "view.lower": "Alt+-",
        "file.export": "Ctrl+Shift+R",
    },
    "logic": {
        "play.record": "R",
        "play.metronome": "K",
        "play.loop": "C",
        "play.home": "Return Home",
        "track.arm": "Ctrl+R",
        "track.effects": "B",
        "clip.split": "Ctrl+T",
        "tempo.change": "Ctrl+Alt+T",
        "view.theme": "Ctrl+Alt+Shift+T",
        "view.mixer": "X",
        "view.zoom_back": "Alt+Z",
        "view.clip": "E",
        "file.export": "Ctrl+B",
        "view.snap": "Ctrl+Alt+G",
    },
}
"""Where the two programs that people know best differ from our own keys."""


class KeyMap:
    """Keys of all actions: those of the layout, with a person's own changes on top.

    A file that cannot be read counts as empty.
    """

    def __init__(self, path: Path, table: Iterable[Action]):
        self._path = path
        self._table = {row.id: row for row in table}
        self.layout = "contrafact"
        self.changes: dict[str, tuple[str, ...]] = {}
        self._known: tuple[str, dict[str, tuple[str, ...]]] | None = None
        with contextlib.suppress(OSError, ValueError, RecursionError):
            self._take(json.loads(path.read_bytes()))

    def _take(self, found: Any) -> None:
        if not isinstance(found, dict):
            return
        if found.get("layout") in LAYOUTS:
            self.layout = found["layout"]
        changes = found.get("keys")
        if isinstance(changes, dict):
            self.changes = {
                action: tuple(str(key) for key in keys)
                for action, keys in changes.items()
                if action in self._table and isinstance(keys, list)
            }

    def keys(self, action_id: str) -> tuple[str, ...]:
        """The keys of an action, the first one is shown; () for none."""
        if action_id in self.changes:
            return self.changes[action_id]
        return self._laid_out()[action_id]

    def all(self) -> dict[str, tuple[str, ...]]:
        """The keys of every action."""
        laid_out = self._laid_out()
        return {action: self.changes.get(action, keys) for action, keys in laid_out.items()}

    def _laid_out(self) -> dict[str, tuple[str, ...]]:
        if self._known is None or self._known[0] != self.layout:
            self._known = (self.layout, self._lay_out())
        return self._known[1]

    def _lay_out(self) -> dict[str, tuple[str, ...]]:
        own = _DIFFERENT[self.layout]
        moved = {
            action: tuple(own[action].split()) if action in own else row.keys for action, row in self._table.items()
        }
        taken = {key for action in own if action in moved for key in moved[action]}
        # A key that the layout gives to another action is taken from the one that has it in our own.
        return {
            action: keys if action in own else tuple(key for key in keys if key not in taken)
            for action, keys in moved.items()
        }

    def users(self, key: str) -> list[str]:
        """Ids of the actions that a key belongs to."""
        return [action for action, keys in self.all().items() if key in keys]

    def set_layout(self, layout: str) -> None:
        """Another layout; a person's own changes go.

        Raises:
            StorageError: disk-full or path-not-writable.
        """
        self._write(layout, {})

    def assign(self, action_id: str, key: str) -> list[str]:
        """Give a key to an action as its only one ("" for none), and take it from those that had it: their ids.

        Raises:
            StorageError: disk-full or path-not-writable.
        """
        losers = [action for action in self.users(key) if action != action_id] if key else []
        changes = dict(self.changes)
        for loser in losers:
            changes[loser] = tuple(each for each in self.keys(loser) if each != key)
        changes[action_id] = (key,) if key else ()
        self._write(self.layout, changes)
        return losers

    def reset(self, action_id: str) -> None:
        """Give an action the keys of the layout again.

        Raises:
            StorageError: disk-full or path-not-writable.
        """
        self._write(self.layout, {action: keys for action, keys in self.changes.items() if action != action_id})

    def _write(self, layout: str, changes: Mapping[str, tuple[str, ...]]) -> None:
        body = {"layout": layout, "keys": {action: list(keys) for action, keys in changes.items()}}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise atomic.storage_error(problem, self._path) from problem
        atomic.write_json(self._path, body)
        self.layout, self.changes = layout, dict(changes)
