"""Recording onto the track in focus: arm it, see the input's level, choose input, punch and count-in."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout, QWidget

from ui.panels.input_menu import fill_inputs
from ui.panels.inspector.rights_section import section_head
from ui.viewmodels.workspace import Workspace
from ui.widgets.button import Button
from ui.widgets.label import Text, separator
from ui.widgets.menu import menu_on
from ui.widgets.meter import Meter

ALSO = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
CHANNEL_WORDS = {"both": "1 and 2", "first": "1", "second": "2"}


class RecordSection(QWidget):
    """Shown for tracks of one's own."""

    def __init__(self, ws: Workspace):
        super().__init__()
        self.ws = ws
        theme = ws.theme
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        inside = QVBoxLayout()
        inside.setContentsMargins(12, 12, 12, 12)
        inside.setSpacing(8)
        head, self._note = section_head(ws, "mic", "Record")
        inside.addLayout(head)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.arm = Button(theme, "R", kind="record", height=24, name="Arm the track", tip="Arm the track (R)")
        self.arm.setFixedWidth(28)
        self.arm.clicked.connect(self._on_arm)
        self.level = Meter(theme, name="Level of the input", vertical=False, bar=5, gap=2)
        row.addWidget(self.arm)
        row.addWidget(self.level, 1)
        inside.addLayout(row)
        row = QHBoxLayout()
        row.setSpacing(6)
        self.punch = Button(theme, "Punch", kind="toggle", height=22, tip="Keep only what comes within the loop (P)")
        self.punch.clicked.connect(ws.recorder.set_punch)
        self._input = Text(theme, token="text.muted", px="caption")
        self.choose = Button(theme, "Input", icon="ellipsis", kind="ghost", height=22, icon_size=14)
        self.choose.clicked.connect(self._choose)
        row.addWidget(self.punch)
        row.addWidget(self._input, 1)
        row.addWidget(self.choose)
        inside.addLayout(row)
        layout.addLayout(inside)
        layout.addWidget(separator(theme))
        ws.recorder.changed.connect(self.refresh)
        ws.selection_changed.connect(self.refresh)
        ws.bridge.project_changed.connect(self.refresh)
        ws.tick.connect(self._on_tick)
        self.refresh()

    def refresh(self) -> None:
        """Show whether the track in focus is armed."""
        track = self.ws.track()
        possible = track is not None and track.kind == "audio" and track.role == "own"
        self.setVisible(possible)
        if track is None or not possible:
            return
        recorder = self.ws.recorder
        self.arm.setChecked(track.id in recorder.armed)
        self.punch.setChecked(recorder.punch)
        self._note.set_text("recording" if recorder.recording else "armed" if track.id in recorder.armed else "")
        device = str(self.ws.session.settings.get("audio.input") or "Default input")
        self._input.set_text(f"{device}, {CHANNEL_WORDS[recorder.input_of(track.id)]}")

    def _on_arm(self, _on: bool) -> None:
        track = self.ws.track()
        if track is not None:
            self.ws.recorder.toggle_arm(track.id, also=bool(QApplication.keyboardModifiers() & ALSO))
        self.refresh()

    def _choose(self) -> None:
        track = self.ws.track()
        menu = menu_on(self)
        if track is not None:
            fill_inputs(menu, self.ws, track.id)
            menu.addSeparator()
        menu.addAction("Choose the input …", lambda: self.ws.preferences_asked.emit("Audio"))
        menu.popup(self.choose.mapToGlobal(self.choose.rect().bottomLeft()))

    def _on_tick(self, elapsed_s: float, status: Any, _meters: Any) -> None:
        if self.isVisible():
            left, right = status.input_peak if self.arm.isChecked() else (0.0, 0.0)
            self.level.feed(left, right, elapsed_s)
