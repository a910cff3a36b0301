"""The thumbnail of an equaliser's response."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import Theme
from ui.widgets.paint import rounded

RANGE_DB = 12.0


class CurveView(QWidget):
    """A curve in dB over equal steps of log frequency; flat is a grey line."""

    def __init__(self, theme: Theme, *, name: str, height: int = 34):
        super().__init__()
        self.theme = theme
        self._curve: tuple[float, ...] = ()
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)

    def set_curve(self, curve_db: Sequence[float]) -> None:
        """Show a response, in dB."""
        curve = tuple(curve_db)
        if curve != self._curve:
            self._curve = curve
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, rect = self.theme, QRectF(self.rect())
        rounded(painter, rect, 4, theme.color("bg.field"), theme.color("line.soft"))
        middle = rect.center().y()
        flat = not self._curve or max(abs(value) for value in self._curve) < 0.05
        if flat:
            painter.fillRect(QRectF(1, middle - 0.5, rect.width() - 2, 1), theme.color("line.strong"))
        else:
            painter.setClipRect(rect.adjusted(1, 1, -1, -1))
            path = QPainterPath()
            for index, value in enumerate(self._curve):
                x = index / (len(self._curve) - 1) * rect.width()
                y = middle - value / RANGE_DB * (rect.height() / 2 - 3)
                point = QPointF(x, y)
                path.lineTo(point) if index else path.moveTo(point)
            painter.setPen(QPen(theme.color(theme.accent_ink), 1.4))
            painter.drawPath(path)
        painter.end()
