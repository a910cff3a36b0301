"""One track's strip in the mixer."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QContextMenuEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout, QWidget

from studio.project import edits
from studio.project.model import Track
from ui.panels.mixer.menus import StripMenus
from ui.panels.mixer.rack import Rack, Sends
from ui.viewmodels import words
from ui.viewmodels.lanes import Lane, track_token
from ui.viewmodels.routing import output_title
from ui.viewmodels.strips import StripGesture, response_db
from ui.viewmodels.workspace import Workspace
from ui.widgets.button import Button
from ui.widgets.control import parse_number
from ui.widgets.curve import CurveView
from ui.widgets.fields import InlineField
from ui.widgets.inline import InlineEditor
from ui.widgets.label import Text
from ui.widgets.meter import Meter, ReductionMeter, mixer_position
from ui.widgets.slider import Fader, Knob

ALSO = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
STRIP_PX = 100
TALL_PX = 300
"""Lower strips show fader and buttons only."""


class CurveButton(CurveView):
    """The equaliser's thumbnail; a press opens it."""

    def __init__(self, theme: Any, *, opened: Any):
        super().__init__(theme, name="Equaliser")
        self._opened = opened
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Equaliser: press to open")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._opened()


class MixerStrip(QWidget):
    """One track's strip."""

    def __init__(self, ws: Workspace, lane: Lane, menus: StripMenus):
        super().__init__()
        self.ws, self.theme, self._menus = ws, ws.theme, menus
        theme = ws.theme
        self.track_id = lane.track.id
        self._lane = lane
        self._shown_curve: object = None
        self._bad = False
        self._racks = (True, 1, True, 0)
        self.setFixedWidth(STRIP_PX)
        self.curve = CurveButton(theme, opened=lambda: self.open_effects("equaliser"))
        self.rack = Rack(ws, self.track_id)
        self.rack.add_asked.connect(lambda at: menus.effects(self.track_id, at))
        self.rack.open_asked.connect(self.open_effects)
        self.rack.menu_asked.connect(lambda insert_id, at: menus.insert(self.track_id, insert_id, at))
        self.sends = Sends(ws, self.track_id)
        self.sends.menu_asked.connect(lambda bus_id, at: menus.send(self.track_id, bus_id, at))
        self.output = Button(theme, "Master", kind="ghost", height=18, name="Output")
        self.output.clicked.connect(
            lambda: menus.output(self.track_id, QPointF(self.output.mapToGlobal(self.output.rect().bottomLeft())))
        )
        self.mute = Button(theme, "M", kind="mute", height=20)
        self.solo = Button(theme, "S", kind="solo", height=20)
        self.arm = Button(theme, "R", kind="record", height=20)
        for button in (self.mute, self.solo, self.arm):
            button.setFixedWidth(22)
        self.fader = Fader(theme, name="Volume", show=words.decibels)
        self.meter = Meter(theme, name="Level", bar=7, gap=2, position=mixer_position)
        self.reduction = ReductionMeter(theme, name="Gain reduction", bar=5)
        self.pan = Knob(theme, name="Pan", show=words.pan, size=20)
        self.value = InlineField(name="Volume in dB", width=54)
        self.value.submitted.connect(self._on_value)
        self._name = Text(theme, weight="medium", align=Qt.AlignmentFlag.AlignHCenter)
        self._fader_gesture = StripGesture(ws, self.track_id, "gain_db", "Volume")
        self._pan_gesture = StripGesture(ws, self.track_id, "pan", "Pan")
        self._fader_gesture.bind(self.fader)
        self._pan_gesture.bind(self.pan)
        self.mute.clicked.connect(lambda on: ws.set_strip("Mute" if on else "Unmute", self.track_id, mute=on))
        self.solo.clicked.connect(lambda on: ws.set_strip("Solo" if on else "Unsolo", self.track_id, solo=on))
        self.arm.clicked.connect(self._on_arm)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 12, 9, 6)
        layout.setSpacing(6)
        for widget in (self.curve, self.rack, self.sends, self.output):
            layout.addWidget(widget)
        layout.addLayout(_row(6, self.mute, self.solo, self.arm))
        layout.addLayout(_row(5, self.fader, self.reduction, self.meter), 1)
        layout.addLayout(_row(4, self.value, self.pan))
        layout.addWidget(self._name)
        self.show_lane(lane)

    @property
    def track(self) -> Track:
        """The track as it is shown."""
        return self._lane.track

    def open_effects(self, what: str) -> None:
        """Show this strip's effects in the inspector."""
        self.ws.select(track=self.track_id)
        self.ws.inspector_asked.emit("effects")
        self.ws.effect_asked.emit(what)

    def show_lane(self, lane: Lane) -> None:
        """Show the track as it is now."""
        self._lane = lane
        track = lane.track
        strip = track.strip
        self._name.set_text(track.name, "text" if lane.audible else "text.muted")
        frozen = track.frozen is not None
        self._name.set_icon("snowflake" if frozen else None, "stem.drums")
        self.setAccessibleName(f"Strip of {track.name}")
        for control, what in (
            (self.fader, "Volume of"),
            (self.pan, "Pan of"),
            (self.mute, "Mute"),
            (self.solo, "Solo"),
            (self.arm, "Arm"),
            (self.value, "Volume in dB of"),
            (self.output, "Output of"),
            (self.curve, "Equaliser of"),
        ):
            control.setAccessibleName(f"{what} {track.name}")
        self.mute.setChecked(strip.mute)
        self.solo.setChecked(strip.solo)
        self.solo.setToolTip("Solo (S); safe from the solo of others" if strip.solo_safe else "Solo (S)")
        self.arm.setVisible(track.kind == "audio" and track.role == "own")
        self.arm.setChecked(self.track_id in self.ws.recorder.armed)
        self.fader.set_value(strip.gain_db)
        self.pan.set_value(strip.pan)
        self.value.set_value(words.decibels(strip.gain_db, unit=False, plus=True))
        shape = (strip.high_pass_hz, strip.eq)
        if shape != self._shown_curve:
            self._shown_curve = shape
            self.curve.set_curve(response_db(strip))
        self.rack.show_strip(strip, track.name)
        self.sends.show_strip(strip, self.ws.project)
        title = output_title(self.ws.project, strip)
        if self.output.text() != title:
            self.output.setText(title)
        self.output.setToolTip(f"Plays into {title}; press to change")
        self.reduction.setVisible(strip.compressor.ratio > 1.0)
        self.update()

    def set_racks(self, inserts: bool, insert_rows: int, sends: bool, send_rows: int) -> None:
        """What is shown above the fader, with the same room in all strips, so that faders stand side by side."""
        self._racks = (inserts, insert_rows, sends, send_rows)
        tall = self.height() > TALL_PX
        self.rack.set_rows(insert_rows)
        self.sends.set_rows(send_rows)
        self.curve.setVisible(tall)
        self.rack.setVisible(tall and inserts)
        self.sends.setVisible(tall and sends and send_rows > 0)
        self.output.setVisible(tall and sends)

    def feed(self, meters: Any, elapsed_s: float) -> None:
        """Show levels."""
        left, right, *_ = meters.tracks.get(self.track_id, (0.0, 0.0, 0.0, 0.0))
        self.meter.feed(left, right, elapsed_s)
        self.reduction.feed(meters.reduction_db.get(self.track_id, 0.0), elapsed_s)
        bad = self.track_id in meters.muted_bad
        if bad != self._bad:
            self._bad = bad
            self.setToolTip("Something here was not a sound and is muted: an effect or a broken file." if bad else "")
            self.update()

    def _on_arm(self, _on: bool) -> None:
        also = bool(QApplication.keyboardModifiers() & ALSO)
        self.ws.recorder.toggle_arm(self.track_id, also=also)
        self.arm.setChecked(self.track_id in self.ws.recorder.armed)

    def _on_value(self, text: str) -> None:
        value = -96.0 if "∞" in text else parse_number(text)
        if value is not None:
            self.ws.commit("Volume", lambda p: edits.set_strip(p, self.track_id, gain_db=value))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.set_racks(*self._racks)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.ws.select(track=self.track_id)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._name.geometry().contains(event.position().toPoint()):
            self.rename()

    def rename(self) -> None:
        """Type another name."""
        where = QRectF(self._name.geometry()).adjusted(-2, -4, 2, 4)
        InlineEditor(
            self,
            where,
            self.track.name,
            lambda name: self.ws.commit("Rename track", lambda p: edits.rename_track(p, self.track_id, name)),
            name="Track name",
        )

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.ws.select(track=self.track_id)
        self._menus.strip(self.track_id, QPointF(event.globalPos()))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, strip = self.theme, self._lane.track.strip
        if self.ws.selected_track == self.track_id and not self.ws.master_chosen:
            painter.fillRect(self.rect(), theme.color("bg.chosen"))
        token = "warn" if self._bad else track_token(self._lane.track)
        painter.fillRect(
            QRectF(8, 4, self.width() - 17, 3), theme.color(token, 1.0 if self._lane.audible or self._bad else 0.5)
        )
        painter.setFont(theme.font(10, "semibold"))
        painter.setPen(theme.color("warn"))
        marks = ("Ø" if strip.polarity else "") + (" safe" if strip.solo_safe else "")
        if marks:
            top = self.mute.geometry().top()
            where = QRectF(self.width() - 34, top - 12, 28, 12)
            painter.drawText(where, int(Qt.AlignmentFlag.AlignRight), marks.strip())
        painter.fillRect(QRectF(self.width() - 1, 0, 1, self.height()), theme.color("line.soft"))
        painter.end()


def _row(gap: int, *widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(gap)
    row.addStretch(1)
    for widget in widgets:
        row.addWidget(widget)
    row.addStretch(1)
    return row
