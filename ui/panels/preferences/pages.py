"""Pages that hold more than rows of settings: controllers, models, keys, storage."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.midi import available as midi_available
from studio.midi import TRANSPORT
from studio.project.parameters import parameters_of
from ui.actions import ActionSet
from ui.actions.keymap import LAYOUTS
from ui.panels.inspector.rights_section import clear
from ui.panels.preferences.rows import Rows
from ui.viewmodels import words
from ui.viewmodels.plugins import in_background
from ui.viewmodels.preferences import preference_row
from ui.viewmodels.workspace import Workspace
from ui.widgets.button import Button
from ui.widgets.fields import Choice, SearchField
from ui.widgets.label import Text, label
from ui.widgets.paint import elided, focus_ring, rounded
from ui.widgets.segmented import Segmented

MEASURED_S = 10.0


class ControllersPage(Rows):
    """Ports, what is bound, and learning."""

    def __init__(self, ws: Workspace, changed: Any, keys: tuple[str, ...]):
        super().__init__(ws, changed)
        self.ports = label("", wrap=True)
        self.add_widget("Controllers", self.ports)
        self.target = Choice(ws.theme, name="What to control")
        for target, title in TRANSPORT.items():
            self.target.addItem(title, ("", target))
        track = ws.track() or ws.song_track()
        if track is not None:
            for parameter in parameters_of(ws.project, track.id):
                self.target.addItem(f"Track in focus: {parameter.title}", ("selected", parameter.target))
        self.learn = Button(ws.theme, "Learn", height=24)
        self.learn.clicked.connect(self._on_learn)
        host = QWidget()
        row = QHBoxLayout(host)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.target, 1)
        row.addWidget(self.learn)
        self.add_widget("Learn", host, "Choose what to control, press Learn, then move a knob, a fader or a key.")
        for key in keys:
            self.add(preference_row(ws.session, key))
        self.column.addWidget(Text(ws.theme, "Bound", weight="semibold"))
        self._bound = QVBoxLayout()
        self._bound.setSpacing(4)
        self.column.addLayout(self._bound)
        self.finish()
        self.learn.setEnabled(midi_available())
        ws.bridge.midi_learnt.connect(self.refresh)
        ws.bridge.midi_ports.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show ports and bindings as they are."""
        session = self.ws.session
        if not midi_available():
            self.ports.setText("Controllers need the extra contrafact[midi].")
        else:
            ports = [f"{p.name}{'' if p.open else ' (waiting)'}" for p in session.midi_ports]
            self.ports.setText(
                ", ".join(ports) or "None is connected. One that is plugged in is found within a second."
            )
        self.learn.setText("Cancel" if session.midi_learning else "Learn")
        clear(self._bound)
        if not session.midi_bindings:
            self._bound.addWidget(label("Nothing is bound yet.", "captionfaint"))
        for binding in session.midi_bindings:
            row = QHBoxLayout()
            title = TRANSPORT.get(binding.target) or binding.target.replace("_", " ").replace(".", " ")
            control = f"{binding.port}, {binding.kind} {binding.number}, channel {binding.channel + 1}"
            row.addWidget(Text(self.theme, title, weight="medium"), 1)
            row.addWidget(Text(self.theme, f"{control} · {binding.mode}", token="text.muted"), 2)
            forget = Button(self.theme, icon="x", kind="ghost", height=20, icon_size=12, name=f"Unbind {title}")
            forget.clicked.connect(lambda _=False, binding=binding: self._unbind(binding))
            row.addWidget(forget)
            self._bound.addLayout(row)

    def _on_learn(self) -> None:
        session = self.ws.session
        if session.midi_learning:
            session.midi_forget()
        else:
            track, target = self.target.currentData()
            self.ws.attempt(lambda: session.midi_learn(target, track) if track else session.midi_learn(target))
        self.refresh()

    def _unbind(self, binding: Any) -> None:
        self.ws.attempt(lambda: self.ws.session.midi_unbind(binding))
        self.refresh()


class ModelsPage(Rows):
    """Where models run, and how fast, measured here and now."""

    def __init__(self, ws: Workspace, changed: Any, keys: tuple[str, ...]):
        super().__init__(ws, changed)
        for key in keys:
            self.add(preference_row(ws.session, key))
        self.result = Text(ws.theme, "not measured yet", token="text.muted")
        self.measure = Button(ws.theme, "Measure", icon="cpu", height=24, icon_size=14)
        self.measure.clicked.connect(self._on_measure)
        self.add_row(
            "Speed", self.measure, self.result, help_text=f"Splits {MEASURED_S:g} s of made-up sound and times it."
        )
        self.finish()

    def _on_measure(self) -> None:
        self.measure.setEnabled(False)
        self.result.set_text("measuring …")
        self.ws.run(
            lambda: self.ws.session.measure_model(seconds=MEASURED_S),
            self._measured,
            self._failed,
        )

    def _measured(self, speed: Any) -> None:
        self.measure.setEnabled(True)
        times = 1.0 / speed.rtf if speed.rtf > 0 else 0.0
        self.result.set_text(
            f"{speed.provider.upper()}: {times:.1f}× real time, first stem after {speed.first_stem_s:.1f} s"
        )
        if speed.notice:
            self.result.setToolTip(speed.notice)

    def _failed(self, error: Any) -> None:
        self.measure.setEnabled(True)
        self.result.set_text("could not be measured")
        self.ws.fail(error)


class StoragePage(Rows):
    """How much room what can be made again takes, and where."""

    def __init__(self, ws: Workspace, changed: Any, keys: tuple[str, ...]):
        super().__init__(ws, changed)
        for key in keys:
            self.add(preference_row(ws.session, key))
        paths = ws.session.paths
        self.used = Text(ws.theme, "counting …", token="text.muted")
        self.add_widget("In use", self.used)
        for title, path in (("Cache folder", paths.cache), ("Songs and projects", paths.data)):
            where = Text(ws.theme, words.place(path), token="text.muted")
            self.add_widget(title, where)
        self.clear_cache = Button(ws.theme, "Empty the cache", height=24)
        self.clear_cache.setToolTip(
            "Waveforms and spectra are made again when they are needed; nothing of yours is lost"
        )
        self.clear_cache.clicked.connect(self._on_clear)
        self.add_row("", self.clear_cache, help_text="Licensed songs rest encrypted; projects are never touched.")
        self.finish()
        self._count()

    def _count(self) -> None:
        paths = self.ws.session.paths
        in_background(self.ws, "Counting the cache", lambda: (size_of(paths.cache), size_of(paths.data)), self._counted)

    def _counted(self, sizes: tuple[int, int]) -> None:
        cache, data = sizes
        self.used.set_text(f"{gigabytes(cache)} of cache, {gigabytes(data)} of songs, projects and stems")

    def _on_clear(self) -> None:
        folders = [self.ws.session.paths.cache / name for name in ("peaks", "spectra")]

        def work() -> None:
            for folder in folders:
                for path in folder.glob("*") if folder.is_dir() else ():
                    shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)

        in_background(self.ws, "Emptying the cache", work, lambda _: self._count())


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            # It went while we looked.
            continue
    return total


def gigabytes(size: int) -> str:
    """``1.2 GB``, ``340 MB``."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


class KeyField(QWidget):
    """Shows the keys of an action; a click or Enter waits for others, Esc gives up, Backspace takes them away."""

    assigned = Signal(str)

    def __init__(self, theme: Any, *, name: str):
        super().__init__()
        self.theme = theme
        self._keys: tuple[str, ...] = ()
        self._waiting = False
        self.setFixedSize(150, 22)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(name)

    def set_keys(self, keys: tuple[str, ...]) -> None:
        """Show these keys."""
        self._keys = keys
        self.setAccessibleDescription(self._text() or "no key")
        self.update()

    def _text(self) -> str:
        native = QKeySequence.SequenceFormat.NativeText
        return "  ".join(QKeySequence(key).toString(native) for key in self._keys)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, rect = self.theme, QRectF(self.rect())
        rounded(painter, rect, 5, theme.color("bg.field"), theme.color("line"))
        if self.hasFocus():
            focus_ring(painter, rect, 5, theme.color("focus"))
        painter.setFont(theme.font("control"))
        painter.setPen(theme.color("accent" if self._waiting and theme.mode == "dark" else "text"))
        text = "press a key …" if self._waiting else self._text() or "–"
        elided(painter, rect.adjusted(8, 0, -6, 0), text, Qt.AlignmentFlag.AlignLeft)
        painter.end()

    def _wait(self, on: bool) -> None:
        self._waiting = on
        self.grabKeyboard() if on else self.releaseKeyboard()
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._wait(True)

    def focusOutEvent(self, event: Any) -> None:
        if self._waiting:
            self._wait(False)
        super().focusOutEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._waiting:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._wait(True)
            else:
                super().keyPressEvent(event)
            return
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Control, Qt.Key.Key_Shift, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr):
            return
        self._wait(False)
        plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
        if key == Qt.Key.Key_Escape:
            return
        if plain and key == Qt.Key.Key_Backspace:
            self.assigned.emit("")
        elif key != Qt.Key.Key_Tab:
            self.assigned.emit(QKeySequence(event.keyCombination()).toString(QKeySequence.SequenceFormat.PortableText))


class KeysPage(QWidget):
    """The layout, and every action with its keys."""

    def __init__(self, ws: Workspace, actions: ActionSet):
        super().__init__()
        self.ws, self._actions = ws, actions
        theme = ws.theme
        keymap = actions.keymap
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(8)
        self.layouts = Segmented(theme, tuple(LAYOUTS.items()), name="Layout of the keys")
        if keymap is not None:
            self.layouts.set_value(keymap.layout)
        self.layouts.changed.connect(self._on_layout)
        self.search = SearchField(theme, "Find an action")
        self.search.textChanged.connect(self._filter)
        top = QHBoxLayout()
        top.addWidget(self.layouts)
        top.addWidget(self.search, 1)
        column.addLayout(top)
        column.addWidget(
            label(
                "Press a field, then the new key; Backspace takes the key away. A layout starts afresh.", "captionfaint"
            )
        )
        self.fields: dict[str, KeyField] = {}
        self._rows: dict[str, tuple[QWidget, str]] = {}
        for row in actions.table:
            host = QWidget()
            line = QHBoxLayout(host)
            line.setContentsMargins(0, 0, 0, 0)
            line.addWidget(Text(theme, row.title), 1)
            line.addWidget(Text(theme, row.group, token="text.faint", fixed=True).reserve("Transport"))
            field = KeyField(theme, name=f"Key of {row.title}")
            field.assigned.connect(lambda key, action=row.id: self._assign(action, key))
            line.addWidget(field)
            column.addWidget(host)
            self.fields[row.id] = field
            self._rows[row.id] = (host, f"{row.title} {row.group}".lower())
        column.addStretch(1)
        self.refresh()

    def refresh(self) -> None:
        """Show the keys as they are."""
        for action_id, field in self.fields.items():
            field.set_keys(self._actions.keys(action_id))

    def _filter(self, text: str) -> None:
        wanted = text.lower().split()
        for host, title in self._rows.values():
            host.setVisible(all(word in title for word in wanted))

    def _on_layout(self, layout: str) -> None:
        keymap = self._actions.keymap
        if keymap is not None and self.ws.attempt(lambda: (keymap.set_layout(layout), True)):
            self._actions.apply_keys()
            self.refresh()

    def _assign(self, action_id: str, key: str) -> None:
        keymap = self._actions.keymap
        if keymap is None:
            return
        losers = self.ws.attempt(lambda: (keymap.assign(action_id, key),))
        if losers is None:
            return
        self._actions.apply_keys()
        self.refresh()
        if losers[0]:
            names = ", ".join(self._actions.row(each).title for each in losers[0])
            self.ws.say(f"This key belonged to “{names}” before.", "It has another key, or none, now.")
