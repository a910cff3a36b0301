"""The sign of the program: four stems as bars."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from ui.theme import Theme
from ui.widgets.paint import rounded

BARS = (("stem.bass", 5), ("stem.vocals", 14), ("stem.drums", 10), ("accent", 18))


def paint_logo(painter: QPainter, theme: Theme, rect: QRectF) -> None:
    """Draw the sign into `rect`."""
    unit = rect.height() / 20.0
    for index, (token, height) in enumerate(BARS):
        tall = height * unit
        x = rect.left() + index * 5 * unit
        rounded(painter, QRectF(x, rect.center().y() - tall / 2, 3 * unit, tall), 1.5 * unit, theme.color(token))


class Logo(QWidget):
    """The sign as a widget."""

    def __init__(self, theme: Theme, size: int = 20):
        super().__init__()
        self.theme = theme
        self.setFixedSize(round(size * 0.9), size)
        self.setAccessibleName("Contrafact")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_logo(painter, self.theme, QRectF(self.rect()))
        painter.end()
