"""The master: loudness, true peak, correlation, its fader and its limiter."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QContextMenuEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.project import edits
from studio.project.limits import CEILING_DBTP
from ui.panels.mixer.menus import StripMenus
from ui.viewmodels import words
from ui.viewmodels.strips import StripGesture
from ui.viewmodels.workspace import Workspace
from ui.widgets.control import parse_number
from ui.widgets.fields import InlineField
from ui.widgets.label import Text
from ui.widgets.meter import CorrelationMeter, Meter, ReductionMeter, mixer_position
from ui.widgets.slider import Fader
from ui.widgets.surface import Surface

WIDE_PX, NARROW_PX = 240, 104


class MasterStrip(Surface):
    """Loudness, true peak and the level of the whole."""

    def __init__(self, ws: Workspace, menus: StripMenus):
        super().__init__(ws.theme, "bg.panel", lines="l")
        theme = ws.theme
        self.ws, self._menus = ws, menus
        self.setAccessibleName("Master strip")
        self._numbers: dict[str, Text] = {}
        self.loudness = QWidget()
        left = QVBoxLayout(self.loudness)
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(0)
        left.addWidget(Text(theme, "Master", weight="semibold"))
        left.addSpacing(8)
        for key, caption, px, tip in (
            ("lufs_s", "LUFS short term", "counter", "Loudness of the last 3 s (ITU-R BS.1770, EBU R 128)"),
            ("lufs_m", "momentary", "title", "Loudness of the last 0.4 s"),
            ("lufs_i", "integrated", "title", "Loudness since play-back started, gated"),
            ("peak", "true peak", "title", "Highest peak since play-back started, also between samples"),
        ):
            number = Text(theme, "−∞", px=px, weight="semibold").reserve("−88.8 dBTP")
            number.setToolTip(tip)
            self._numbers[key] = number
            left.addWidget(number)
            left.addWidget(Text(theme, caption, token="text.muted", px="caption"))
            left.addSpacing(5)
        self.correlation = CorrelationMeter(theme)
        left.addSpacing(2)
        left.addWidget(self.correlation)
        left.addSpacing(3)
        self._correlation_text = Text(theme, "correlation", token="text.muted", px="caption")
        left.addWidget(self._correlation_text)
        left.addStretch(1)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(Text(theme, "Limiter", token="text.muted", px="caption", fixed=True))
        self.ceiling = InlineField(name="Ceiling of the limiter in dBTP", width=46)
        self.ceiling.setToolTip("No peak of the mix goes above this. Type a value from −12 to 0 dBTP.")
        self.ceiling.submitted.connect(self._on_ceiling)
        row.addWidget(self.ceiling)
        row.addWidget(Text(theme, "dBTP", token="text.muted", px="caption", fixed=True))
        row.addStretch(1)
        left.addLayout(row)
        self.fader = Fader(theme, name="Master volume", show=words.decibels)
        self.meter = Meter(theme, name="Master level", bar=12, gap=2, position=mixer_position)
        self.reduction = ReductionMeter(theme, name="Gain reduction of the limiter", bar=5)
        self._gesture = StripGesture(ws, edits.MASTER, "gain_db", "Master volume")
        self._gesture.bind(self.fader)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(13, 10, 12, 10)
        layout.setSpacing(5)
        layout.addWidget(self.loudness, 1)
        layout.addWidget(self.fader)
        layout.addWidget(self.reduction)
        layout.addWidget(self.meter)
        self.show_loudness(True)
        self.refresh()

    def show_loudness(self, on: bool) -> None:
        """With or without the numbers."""
        self.loudness.setVisible(on)
        self.setFixedWidth(WIDE_PX if on else NARROW_PX)

    def refresh(self) -> None:
        """Show fader and limiter."""
        master = self.ws.project.master
        self.fader.set_value(master.strip.gain_db)
        self.ceiling.set_value(words.signed(master.ceiling_dbtp))
        self.update()

    def feed(self, meters: Any, elapsed_s: float) -> None:
        """Show what is measured."""
        left, right, *_ = meters.master
        self.meter.feed(left, right, elapsed_s)
        self.reduction.feed(meters.master_reduction_db, elapsed_s)
        for key in ("lufs_s", "lufs_m", "lufs_i"):
            self._numbers[key].set_text(words.level(getattr(meters, key), ""))
        peak = meters.true_peak_dbtp
        over = peak is not None and peak > self.ws.project.master.ceiling_dbtp + 0.05
        self._numbers["peak"].set_text(words.level(peak, "dBTP"), "warn" if over else "ok")
        self.correlation.set_value(meters.correlation)
        self._correlation_text.set_text(f"correlation {words.signed(meters.correlation, 2, plus=True)}")

    def _on_ceiling(self, text: str) -> None:
        value = parse_number(text)
        if value is None:
            low, high = CEILING_DBTP
            self.ws.say("That is not a level.", f"Type a number from {low:g} to {high:g} dBTP.", "warning")
            return
        self.ws.commit("Limiter", lambda p: edits.set_master(p, ceiling_dbtp=value))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.ws.choose_master()
        self.ws.inspector_asked.emit("effects")

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.ws.choose_master()
        self._menus.strip(edits.MASTER, QPointF(event.globalPos()))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.ws.master_chosen:
            painter = QPainter(self)
            painter.fillRect(QRectF(1, 0, self.width() - 1, self.height()), self.theme.color("bg.chosen"))
            painter.end()
