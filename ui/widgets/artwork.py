"""The gradient that stands for a recording's artwork."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPainterPath


def paint_artwork(painter: QPainter, rect: QRectF, start: str, end: str) -> None:
    """A rounded square from `start` (top left) to `end` (bottom right), both ``#RRGGBB``."""
    gradient = QLinearGradient(rect.topLeft(), rect.bottomRight())
    gradient.setColorAt(0.0, QColor(start))
    gradient.setColorAt(1.0, QColor(end))
    path = QPainterPath()
    path.addRoundedRect(rect, 5, 5)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.fillPath(path, gradient)
