"""The mixer: a strip for each track and the master."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from studio.project import edits
from studio.project.model import Project, Strip, Track
from ui.viewmodels import words
from ui.viewmodels.lanes import Lane, lanes_of, role_token
from ui.viewmodels.strips import StripGesture, response_db
from ui.viewmodels.workspace import Workspace
from ui.widgets.button import Button
from ui.widgets.control import parse_number
from ui.widgets.curve import CurveView
from ui.widgets.fields import InlineField
from ui.widgets.insert_chip import InsertChip
from ui.widgets.label import Text
from ui.widgets.meter import Meter, mixer_position
from ui.widgets.slider import Fader, Knob
from ui.widgets.surface import Surface

STRIP_PX = 96
TALL_PX = 250
SHOWN_INSERTS = 2
CHIP_PX = 18
CHIP_GAP = 3


class MixerStrip(QWidget):
    """One track's strip."""

    def __init__(self, ws: Workspace, lane: Lane):
        super().__init__()
        self.ws, self.theme = ws, ws.theme
        theme = ws.theme
        self.track_id = lane.track.id
        self._lane = lane
        self._shown_strip: object = None
        self._shown_chain: object = None
        self._rows = 0
        self.setFixedWidth(STRIP_PX)
        self.curve = CurveView(theme, name="Equaliser")
        self.mute = Button(theme, "M", kind="mute", height=20)
        self.solo = Button(theme, "S", kind="solo", height=20)
        for button in (self.mute, self.solo):
            button.setFixedWidth(22)
        self.fader = Fader(theme, name="Volume", show=words.decibels)
        self.meter = Meter(theme, name="Level", bar=8, gap=2, position=mixer_position)
        self.pan = Knob(theme, name="Pan", show=words.pan, size=20)
        self.value = InlineField(name="Volume in dB", width=54)
        self.value.submitted.connect(self._on_value)
        self._name = Text(theme, weight="medium", align=Qt.AlignmentFlag.AlignHCenter)
        self._fader_gesture = StripGesture(ws, self.track_id, "gain_db", "Volume")
        self._pan_gesture = StripGesture(ws, self.track_id, "pan", "Pan")
        self._fader_gesture.bind(self.fader)
        self._pan_gesture.bind(self.pan)
        self.mute.clicked.connect(
            lambda on: ws.commit("Mute" if on else "Unmute", lambda p: edits.set_strip(p, self.track_id, mute=on))
        )
        self.solo.clicked.connect(
            lambda on: ws.commit("Solo" if on else "Unsolo", lambda p: edits.set_strip(p, self.track_id, solo=on))
        )
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        buttons.addStretch(1)
        buttons.addWidget(self.mute)
        buttons.addWidget(self.solo)
        buttons.addStretch(1)
        middle = QHBoxLayout()
        middle.setSpacing(6)
        middle.addStretch(1)
        middle.addWidget(self.fader)
        middle.addWidget(self.meter)
        middle.addStretch(1)
        low = QHBoxLayout()
        low.setSpacing(4)
        low.addStretch(1)
        low.addWidget(self.value)
        low.addWidget(self.pan)
        low.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 12, 9, 6)
        layout.setSpacing(6)
        layout.addWidget(self.curve)
        self._rack = QWidget()
        self._chips = QVBoxLayout(self._rack)
        self._chips.setContentsMargins(0, 0, 0, 0)
        self._chips.setSpacing(CHIP_GAP)
        layout.addWidget(self._rack)
        layout.addLayout(buttons)
        layout.addLayout(middle, 1)
        layout.addLayout(low)
        layout.addWidget(self._name)
        self.show_lane(lane)

    def show_lane(self, lane: Lane) -> None:
        """Show the track as it is now."""
        self._lane = lane
        track: Track = lane.track
        strip = track.strip
        self._name.set_text(track.name, "text" if lane.audible else "text.muted")
        self.setAccessibleName(f"Strip of {track.name}")
        for control, what in (
            (self.fader, "Volume of"),
            (self.pan, "Pan of"),
            (self.mute, "Mute"),
            (self.solo, "Solo"),
            (self.value, "Volume in dB of"),
        ):
            control.setAccessibleName(f"{what} {track.name}")
        self.mute.setChecked(strip.mute)
        self.solo.setChecked(strip.solo)
        self.fader.set_value(strip.gain_db)
        self.pan.set_value(strip.pan)
        self.value.set_value(words.decibels(strip.gain_db, unit=False, plus=True))
        shape = (strip.high_pass_hz, strip.eq)
        if shape != self._shown_strip:
            self._shown_strip = shape
            self.curve.set_curve(response_db(strip))
        chain = (strip.compressor, strip.inserts)
        if chain != self._shown_chain:
            self._shown_chain = chain
            self._show_chips(strip)
        self.update()

    def _show_chips(self, strip: Strip) -> None:
        while (item := self._chips.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.setParent(None)
                widget.deleteLater()
        name = self._lane.track.name
        if strip.compressor.ratio > 1.0:
            chip = InsertChip(self.theme, "Compressor", on=True, name=name)
            chip.setToolTip(
                f"Compressor: {words.decibels(strip.compressor.threshold_db)}, {strip.compressor.ratio:.1f} : 1"
            )
            self._chips.addWidget(chip)
        for insert in strip.inserts[:SHOWN_INSERTS]:
            chip = InsertChip(self.theme, insert.kind.capitalize(), on=not insert.bypass, name=name)
            chip.toggled.connect(lambda insert=insert: self._toggle_insert(insert.id, not insert.bypass))
            self._chips.addWidget(chip)
        self._chips.addStretch(1)

    @property
    def chips(self) -> int:
        """How many effects are shown."""
        strip = self._lane.track.strip
        return int(strip.compressor.ratio > 1.0) + min(len(strip.inserts), SHOWN_INSERTS)

    def set_rack(self, rows: int) -> None:
        """Room for `rows` effects, so that faders of all strips stand side by side."""
        self._rows = rows
        self._rack.setFixedHeight(max(rows * (CHIP_PX + CHIP_GAP) - CHIP_GAP, 0))
        self._rack.setVisible(rows > 0 and self.height() > TALL_PX)

    def _toggle_insert(self, insert_id: str, bypass: bool) -> None:
        title = "Effect off" if bypass else "Effect on"
        self.ws.commit(title, lambda p: edits.set_insert(p, self.track_id, insert_id, bypass=bypass))

    def _on_value(self, text: str) -> None:
        value = -96.0 if "∞" in text else parse_number(text)
        if value is not None:
            self.ws.commit("Volume", lambda p: edits.set_strip(p, self.track_id, gain_db=value))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.curve.setVisible(self.height() > TALL_PX)
        self.set_rack(self._rows)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.ws.select(track=self.track_id)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = self.theme
        if self.ws.selected_track == self.track_id:
            painter.fillRect(self.rect(), theme.color("bg.raised"))
        painter.fillRect(
            QRectF(8, 4, self.width() - 17, 3),
            theme.color(role_token(self._lane.track.role), 1.0 if self._lane.audible else 0.5),
        )
        painter.fillRect(QRectF(self.width() - 1, 0, 1, self.height()), theme.color("line.soft"))
        painter.end()


class MasterStrip(Surface):
    """Loudness, true peak and the level of the whole."""

    def __init__(self, ws: Workspace):
        super().__init__(ws.theme, "bg.panel", lines="l")
        theme = ws.theme
        self.ws = ws
        self.setFixedWidth(208)
        self._numbers: dict[str, Text] = {}
        left = QVBoxLayout()
        left.setSpacing(0)
        left.addWidget(Text(theme, "Master", weight="semibold"))
        left.addSpacing(8)
        for key, caption, px in (
            ("lufs_s", "LUFS short term", "counter"),
            ("lufs_m", "LUFS momentary", "title"),
            ("peak", "true peak", "title"),
        ):
            number = Text(theme, "−∞", px=px, weight="semibold").reserve("−88.8 dBTP")
            self._numbers[key] = number
            left.addWidget(number)
            left.addWidget(Text(theme, caption, token="text.muted", px="caption"))
            left.addSpacing(6)
        left.addStretch(1)
        self.limiter = Text(theme, token="text.muted", px="caption")
        left.addWidget(self.limiter)
        self.fader = Fader(theme, name="Master volume", show=words.decibels)
        self.meter = Meter(theme, name="Master level", bar=12, gap=2, position=mixer_position)
        self._gesture = StripGesture(ws, edits.MASTER, "gain_db", "Master volume")
        self._gesture.bind(self.fader)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(13, 10, 12, 10)
        layout.setSpacing(4)
        layout.addLayout(left, 1)
        layout.addWidget(self.fader)
        layout.addWidget(self.meter)
        self.refresh()

    def refresh(self) -> None:
        """Show fader and limiter."""
        master = self.ws.project.master
        self.fader.set_value(master.strip.gain_db)
        self.limiter.set_text(f"Limiter {words.signed(master.ceiling_dbtp)} dBTP")

    def feed(self, meters: Any, elapsed_s: float) -> None:
        """Show what is measured."""
        left, right, *_ = meters.master
        self.meter.feed(left, right, elapsed_s)
        self._numbers["lufs_s"].set_text(words.level(meters.lufs_s, ""))
        self._numbers["lufs_m"].set_text(words.level(meters.lufs_m, ""))
        peak = meters.true_peak_dbtp
        over = peak is not None and peak > self.ws.project.master.ceiling_dbtp + 0.05
        self._numbers["peak"].set_text(words.level(peak, "dBTP"), "warn" if over else "ok")


class Mixer(QWidget):
    """All strips side by side."""

    def __init__(self, ws: Workspace):
        super().__init__()
        self.ws = ws
        self.strips: dict[str, MixerStrip] = {}
        self._order: list[str] = []
        inside = QWidget()
        self._row = QHBoxLayout(inside)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(0)
        self._row.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inside)
        self.master = MasterStrip(ws)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(scroll, 1)
        layout.addWidget(self.master)
        ws.bridge.project_changed.connect(self.refresh)
        ws.selection_changed.connect(self._repaint)
        ws.tick.connect(self._on_tick)
        self.refresh()

    def refresh(self) -> None:
        """Bring strips up to date, in the order of the lanes."""
        project: Project = self.ws.project
        lanes = lanes_of(project, height=1)
        order = [lane.track.id for lane in lanes]
        for track_id in [t for t in self.strips if t not in order]:
            strip = self.strips.pop(track_id)
            strip.hide()
            strip.deleteLater()
        for index, lane in enumerate(lanes):
            strip = self.strips.get(lane.track.id)
            if strip is None:
                strip = MixerStrip(self.ws, lane)
                self.strips[lane.track.id] = strip
                self._row.insertWidget(index, strip)
            else:
                strip.show_lane(lane)
                if order != self._order:
                    self._row.removeWidget(strip)
                    self._row.insertWidget(index, strip)
        self._order = order
        rows = max((strip.chips for strip in self.strips.values()), default=0)
        for strip in self.strips.values():
            strip.set_rack(rows)
        self.master.refresh()

    def _repaint(self) -> None:
        for strip in self.strips.values():
            strip.update()

    def _on_tick(self, elapsed_s: float, status: Any, meters: Any) -> None:
        if not self.isVisible():
            return
        for track_id, strip in self.strips.items():
            left, right, *_ = meters.tracks.get(track_id, (0.0, 0.0, 0.0, 0.0))
            strip.meter.feed(left, right, elapsed_s)
        self.master.feed(meters, elapsed_s)
