"""Slider, knob and fader."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy

from ui.theme import Theme
from ui.widgets.control import ValueControl
from ui.widgets.paint import focus_ring, rounded

FADER_TOP_DB = 12.0
FADER_FLOOR_DB = -96.0
FADER_MARKS: tuple[tuple[float, float], ...] = (
    (12.0, 1.0),
    (6.0, 0.88),
    (0.0, 0.75),
    (-6.0, 0.59),
    (-12.0, 0.43),
    (-24.0, 0.23),
    (-48.0, 0.06),
    (-96.0, 0.0),
)
"""dB -> travel of a fader, and the scale beside it; between the marks it is linear in dB."""


def fader_position(gain_db: float) -> float:
    """Travel 0..1 of a gain in dB."""
    gain_db = min(max(gain_db, FADER_FLOOR_DB), FADER_TOP_DB)
    for (high_db, high), (low_db, low) in pairwise(FADER_MARKS):
        if gain_db >= low_db:
            return low + (gain_db - low_db) / (high_db - low_db) * (high - low)
    return 0.0


def fader_gain_db(position: float) -> float:
    """Gain in dB of a travel 0..1."""
    position = min(max(position, 0.0), 1.0)
    for (high_db, high), (low_db, low) in pairwise(FADER_MARKS):
        if position >= low:
            return low_db + (position - low) / (high - low) * (high_db - low_db)
    return FADER_FLOOR_DB


class Slider(ValueControl):
    """A horizontal slider; `token` colours what is filled, `decibels` gives it a fader's law."""

    def __init__(
        self,
        theme: Theme,
        *,
        name: str,
        minimum: float,
        maximum: float,
        default: float,
        step: float,
        show: Callable[[float], str],
        token: str = "text.muted",
        decibels: bool = False,
    ):
        super().__init__(
            theme,
            name=name,
            minimum=minimum,
            maximum=maximum,
            default=default,
            step=step,
            show=show,
            vertical=False,
        )
        self._token = token
        self._decibels = decibels
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(96, 18)

    def minimumSizeHint(self) -> QSize:
        return QSize(40, 18)

    def to_position(self, value: float) -> float:
        return fader_position(value) if self._decibels else super().to_position(value)

    def to_value(self, position: float) -> float:
        return fader_gain_db(position) if self._decibels else super().to_value(position)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._drag_px = max(self.width() - 12.0, 1.0)
        super().mousePressEvent(event)
        if self.dragging:
            handle = 6 + self.to_position(self._value) * (self.width() - 12)
            if abs(event.position().x() - handle) > 8:
                # A press beside the handle brings it there.
                self._drag_position = min(max((event.position().x() - 6) / self._drag_px, 0.0), 1.0)
                self._store(self._rounded(self.to_value(self._drag_position)))
                self.changed.emit(self._value)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = self.theme
        middle = self.height() / 2
        travel = self.width() - 12
        x = 6 + self.to_position(self._value) * travel
        rounded(painter, QRectF(0, middle - 2, self.width(), 4), 2, theme.color(theme.groove))
        rounded(
            painter, QRectF(0, middle - 2, x, 4), 2, theme.color(self._token if self.isEnabled() else "line.strong")
        )
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("text" if self.isEnabled() else "text.faint"))
        painter.drawEllipse(QPointF(x, middle), 5.5, 5.5)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("focus"), 1.5))
            painter.drawEllipse(QPointF(x, middle), 7.5, 7.5)
        painter.end()


class Knob(ValueControl):
    """A small round knob, drawn from its middle for values around 0."""

    def __init__(
        self,
        theme: Theme,
        *,
        name: str,
        minimum: float = -1.0,
        maximum: float = 1.0,
        default: float = 0.0,
        step: float = 0.01,
        show: Callable[[float], str],
        size: int = 20,
    ):
        super().__init__(theme, name=name, minimum=minimum, maximum=maximum, default=default, step=step, show=show)
        self.setFixedSize(size, size)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = self.theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        rect = QRectF(self.rect()).adjusted(2.5, 2.5, -2.5, -2.5)
        painter.setPen(QPen(theme.color(theme.groove), 2.6))
        painter.drawEllipse(rect)
        angle = math.radians(-140 + 280 * self.to_position(self._value))
        middle = rect.center()
        radius = rect.width() / 2
        centre = (0.0 - self.minimum) / (self.maximum - self.minimum) if self.minimum < 0 < self.maximum else 0.0
        start = -140 + 280 * centre
        sweep = math.degrees(angle) - start
        if abs(sweep) > 1:
            painter.setPen(QPen(theme.color("text.muted"), 2.6))
            painter.drawArc(rect, round((90 - start) * 16), round(-sweep * 16))
        painter.setPen(QPen(theme.color("text"), 1.8))
        tip = QPointF(middle.x() + math.sin(angle) * radius, middle.y() - math.cos(angle) * radius)
        base = QPointF(middle.x() + math.sin(angle) * radius * 0.25, middle.y() - math.cos(angle) * radius * 0.25)
        painter.drawLine(base, tip)
        if self.hasFocus():
            painter.setPen(QPen(theme.color("focus"), 1.2))
            painter.drawEllipse(QRectF(self.rect()).adjusted(0.6, 0.6, -0.6, -0.6))
        painter.end()


class Fader(ValueControl):
    """A vertical fader in dB with its scale on the left."""

    SCALE_W = 24
    CAP_W, CAP_H = 22, 26

    def __init__(self, theme: Theme, *, name: str, show: Callable[[float], str]):
        super().__init__(
            theme, name=name, minimum=FADER_FLOOR_DB, maximum=FADER_TOP_DB, default=0.0, step=0.1, show=show
        )
        self.setFixedWidth(self.SCALE_W + self.CAP_W)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(90)

    def to_position(self, value: float) -> float:
        return fader_position(value)

    def to_value(self, position: float) -> float:
        return fader_gain_db(position)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._drag_px = max(self.height() - self.CAP_H, 1)
        super().mousePressEvent(event)

    def y_of(self, gain_db: float) -> float:
        """Where a gain lies on the travel, in pixels from the top."""
        half = self.CAP_H / 2
        return half + (1 - fader_position(gain_db)) * (self.height() - self.CAP_H)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = self.theme
        painter.setFont(theme.font(10))
        painter.setPen(theme.color("text.faint"))
        last = -1e9
        for gain_db, _ in FADER_MARKS[:-1]:
            y = self.y_of(gain_db)
            if y - last < 14:
                # A short fader shows fewer marks.
                continue
            last = y
            text = f"{gain_db:.0f}".replace("-", "−")
            where = QRectF(0, y - 7, self.SCALE_W - 6, 14)
            painter.drawText(where, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), text)
        x = self.SCALE_W + self.CAP_W / 2
        rounded(painter, QRectF(x - 1.5, 6, 3, self.height() - 12), 1.5, theme.color("bg.field"), None)
        y = self.y_of(self._value)
        cap = QRectF(self.SCALE_W, y - self.CAP_H / 2, self.CAP_W, self.CAP_H)
        rounded(painter, cap, 4, theme.color("bg.pressed"), theme.color("line.strong"))
        painter.fillRect(QRectF(cap.left() + 3, y - 1, cap.width() - 6, 2), theme.color("text"))
        if self.hasFocus():
            focus_ring(painter, cap, 4, theme.color("focus"))
        painter.end()
