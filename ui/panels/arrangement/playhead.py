"""The play-head: a thin widget over ruler and lanes, so that moving it repaints a few pixels only."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QWidget

from ui.theme import Theme

WIDTH = 13


class PlayHead(QWidget):
    """A line with a head at `head_y`."""

    def __init__(self, theme: Theme, parent: QWidget, *, head_y: int):
        super().__init__(parent)
        self.theme = theme
        self._head_y = head_y
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setAccessibleName("Play-head")
        self.setFixedWidth(WIDTH)

    def place(self, x: float, height: int, *, left: int, right: int) -> None:
        """Stand at `x` of the parent; hidden outside ``left..right``."""
        visible = left <= x <= right
        if visible == self.isHidden():
            self.setVisible(visible)
        if visible:
            self.setFixedHeight(height)
            self.move(round(x) - WIDTH // 2, 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        color = self.theme.color("playhead")
        middle = WIDTH // 2
        painter.fillRect(QRectF(middle - 0.5, self._head_y, 2, self.height() - self._head_y), color)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        x, y = middle + 0.5, float(self._head_y)
        painter.drawPolygon(
            QPolygonF(
                [QPointF(x - 5, y), QPointF(x + 5, y), QPointF(x + 5, y + 3), QPointF(x, y + 9), QPointF(x - 5, y + 3)]
            )
        )
        painter.end()
