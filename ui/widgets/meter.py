"""Level meters: peak bars with hold lines, drawn from linear peaks."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import Theme
from ui.widgets.slider import fader_position

FLOOR_DB = -60.0
MID_DB = -9.0
HIGH_DB = -1.0
FALL_DB_PER_S = 24.0
HOLD_S = 1.2


def to_db(peak: float) -> float:
    """Linear peak to dB, at least -96."""
    return max(20.0 * math.log10(peak), -96.0) if peak > 1e-5 else -96.0


class Ballistics:
    """What a meter shows: instant rise, steady fall, and a held peak."""

    def __init__(self) -> None:
        self.level_db = -96.0
        self.hold_db = -96.0
        self._held_s = 0.0

    def step(self, peak: float, elapsed_s: float) -> bool:
        """Take a linear peak; True when what is shown has changed."""
        before = (self.level_db, self.hold_db)
        now = to_db(peak)
        self.level_db = max(now, self.level_db - FALL_DB_PER_S * elapsed_s, -96.0)
        if now >= self.hold_db:
            self.hold_db, self._held_s = now, 0.0
        else:
            self._held_s += elapsed_s
            if self._held_s > HOLD_S:
                self.hold_db = max(self.hold_db - FALL_DB_PER_S * elapsed_s, now, -96.0)
        return abs(before[0] - self.level_db) > 0.02 or abs(before[1] - self.hold_db) > 0.02


class Meter(QWidget):
    """Two channels, upright or lying. `position` maps dB to 0..1 of the length."""

    def __init__(
        self,
        theme: Theme,
        *,
        name: str,
        vertical: bool = True,
        bar: int = 4,
        gap: int = 1,
        hold: bool = True,
        position: Callable[[float], float] | None = None,
    ):
        super().__init__()
        self.theme = theme
        self._vertical, self._bar, self._gap, self._hold = vertical, bar, gap, hold
        self._position = position or (lambda db: min(max((db - FLOOR_DB) / -FLOOR_DB, 0.0), 1.0))
        self._channels = (Ballistics(), Ballistics())
        self.setAccessibleName(name)
        thickness = 2 * bar + gap
        if vertical:
            self.setFixedWidth(thickness)
            self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        else:
            self.setFixedHeight(thickness)
            self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        thickness = 2 * self._bar + self._gap
        return QSize(thickness, 60) if self._vertical else QSize(132, thickness)

    def levels_db(self) -> tuple[float, float]:
        """What the two bars show."""
        return self._channels[0].level_db, self._channels[1].level_db

    def feed(self, left: float, right: float, elapsed_s: float) -> None:
        """Show linear peaks, `elapsed_s` after the last call; repaints only when something moved."""
        changed = [channel.step(peak, elapsed_s) for channel, peak in zip(self._channels, (left, right), strict=True)]
        if any(changed):
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = self.theme
        length = self.height() if self._vertical else self.width()
        zones = ((-200.0, MID_DB, "meter.low"), (MID_DB, HIGH_DB, "meter.mid"), (HIGH_DB, 200.0, "meter.high"))
        for index, channel in enumerate(self._channels):
            at = index * (self._bar + self._gap)
            back = QRectF(at, 0, self._bar, length) if self._vertical else QRectF(0, at, length, self._bar)
            painter.fillRect(back, theme.color("bg.field" if theme.mode == "dark" else "bg.pressed"))
            top = self._position(channel.level_db) * length
            for low_db, high_db, token in zones:
                start = 0.0 if low_db < -100 else self._position(low_db) * length
                stop = min(top, length if high_db > 100 else self._position(high_db) * length)
                if stop > start:
                    painter.fillRect(self._span(at, start, stop, length), theme.color(token))
            if self._hold and channel.hold_db > FLOOR_DB:
                where = min(self._position(channel.hold_db) * length, length - 1)
                painter.fillRect(self._span(at, where - 1, where + 1, length), theme.color("text"))
        painter.end()

    def _span(self, at: float, start: float, stop: float, length: float) -> QRectF:
        if self._vertical:
            return QRectF(at, length - stop, self._bar, stop - start)
        return QRectF(start, at, stop - start, self._bar)


def mixer_position(level_db: float) -> float:
    """Where a level stands beside a fader's scale, so that bars and marks agree."""
    return fader_position(level_db)


REDUCTION_RANGE_DB = 24.0


class ReductionMeter(QWidget):
    """What a compressor takes away: a bar that grows from the top, or from the right when it lies."""

    def __init__(self, theme: Theme, *, name: str, vertical: bool = True, bar: int = 5):
        super().__init__()
        self.theme = theme
        self._vertical = vertical
        self._shown_db = 0.0
        self.setAccessibleName(name)
        if vertical:
            self.setFixedWidth(bar)
            self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        else:
            self.setFixedHeight(bar)
            self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def reduction_db(self) -> float:
        """What is shown, 0 or less."""
        return self._shown_db

    def feed(self, reduction_db: float, elapsed_s: float) -> None:
        """Show a reduction of 0 dB or less; it goes back to 0 at the pace of the level meters."""
        fresh = min(reduction_db, self._shown_db + FALL_DB_PER_S * elapsed_s, 0.0)
        if abs(fresh - self._shown_db) > 0.02:
            self._shown_db = fresh
            self.setAccessibleDescription(f"{fresh:.1f} dB")
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = self.theme
        painter.fillRect(self.rect(), theme.color("bg.field" if theme.mode == "dark" else "bg.pressed"))
        share = min(-self._shown_db / REDUCTION_RANGE_DB, 1.0)
        if share > 0.004:
            color = theme.color("stem.drums")
            if self._vertical:
                painter.fillRect(QRectF(0, 0, self.width(), self.height() * share), color)
            else:
                width = self.width() * share
                painter.fillRect(QRectF(self.width() - width, 0, width, self.height()), color)
        painter.end()


class CorrelationMeter(QWidget):
    """Correlation of left and right: +1 is mono, 0 wide, below 0 something vanishes in mono."""

    def __init__(self, theme: Theme):
        super().__init__()
        self.theme = theme
        self._value = 0.0
        self.setFixedHeight(5)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Correlation of left and right")

    def sizeHint(self) -> QSize:
        return QSize(100, 5)

    def set_value(self, value: float) -> None:
        """Show a correlation of -1..1."""
        value = min(max(value, -1.0), 1.0)
        if abs(value - self._value) > 0.005:
            self._value = value
            self.setAccessibleDescription(f"{value:+.2f}")
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, middle = self.theme, self.width() / 2
        painter.fillRect(self.rect(), theme.color("bg.field" if theme.mode == "dark" else "bg.pressed"))
        width = abs(self._value) * middle
        left = middle if self._value >= 0 else middle - width
        painter.fillRect(
            QRectF(left, 0, width, self.height()), theme.color("meter.low" if self._value >= 0 else "warn")
        )
        painter.fillRect(QRectF(middle - 0.5, 0, 1, self.height()), theme.color("text.muted"))
        painter.end()
