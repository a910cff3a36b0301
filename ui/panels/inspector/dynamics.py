"""The compressor of a strip with its gain reduction."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.project import edits
from studio.project.model import Strip
from studio.project.parameters import STRIP
from ui.panels.inspector.parameter_row import parameter_row
from ui.panels.inspector.rights_section import section_head
from ui.viewmodels import words
from ui.viewmodels.parameters import ParameterGesture
from ui.viewmodels.workspace import Workspace
from ui.widgets.meter import ReductionMeter
from ui.widgets.scaled import SliderRow
from ui.widgets.toggle import Toggle

ROWS = (
    ("threshold_db", "Threshold"),
    ("ratio", "Ratio"),
    ("attack_s", "Attack"),
    ("release_s", "Release"),
    ("makeup_db", "Make-up"),
)
FIRST_RATIO = 3.0


class Dynamics(QWidget):
    """Switch, meter and five sliders. Ratio 1 is off."""

    def __init__(self, ws: Workspace):
        super().__init__()
        self.ws = ws
        self._track_id = ""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(6)
        head, self._note = section_head(ws, None, "Compressor")
        self.switch = Toggle(ws.theme, name="Compressor")
        self.switch.toggled.connect(self._on_switch)
        head.addWidget(self.switch)
        layout.addLayout(head)
        self.meter = ReductionMeter(ws.theme, name="Gain reduction", vertical=False, bar=4)
        layout.addWidget(self.meter)
        self.rows: dict[str, tuple[SliderRow, ParameterGesture]] = {}
        for key, title in ROWS:
            row, gesture = parameter_row(
                ws, "", STRIP[f"compressor.{key}"], title=title, name=f"{title} of the compressor"
            )
            layout.addWidget(row)
            self.rows[key] = (row, gesture)
        ws.tick.connect(self._on_tick)

    def show_strip(self, track_id: str, strip: Strip) -> None:
        """Show the compressor of a strip."""
        self._track_id = track_id
        on = strip.compressor.ratio > 1.0
        self.switch.set_on(on)
        for key, (row, gesture) in self.rows.items():
            gesture.track_id = track_id
            row.set_value(getattr(strip.compressor, key))
            row.slider.setEnabled(on)
        self.meter.setVisible(on)
        if not on:
            self._note.set_text("")

    def _on_switch(self, on: bool) -> None:
        track_id = self._track_id
        self.ws.commit(
            "Compressor" if on else "Compressor off",
            lambda p: edits.set_compressor(p, track_id, ratio=FIRST_RATIO if on else 1.0),
        )

    def _on_tick(self, elapsed_s: float, _status: Any, meters: Any) -> None:
        if not self.isVisible() or not self.switch.on:
            return
        self.meter.feed(meters.reduction_db.get(self._track_id, 0.0), elapsed_s)
        self._note.set_text(words.decibels(self.meter.reduction_db))
