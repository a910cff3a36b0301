"""What lies behind the clips."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from ui.theme import Theme
from ui.viewmodels.workspace import Workspace


def paint_grid(painter: QPainter, ws: Workspace, area: QRectF) -> None:
    """Lines of bars and beats, as dense as can be told apart."""
    view = ws.viewport
    bar, beat = ws.theme.color("grid.bar"), ws.theme.color("grid.beat")
    left, top, right, height = math.floor(area.left()), math.floor(area.top()), area.right(), math.ceil(area.height())
    for line in ws.grid_lines():
        x = round(view.x_of(line.at_s))
        if left <= x <= right:
            painter.fillRect(x, top, 1, height, bar if line.beat == 1 else beat)


def paint_invitation(painter: QPainter, theme: Theme, rect: QRectF) -> None:
    """What the empty lane below the last one says."""
    painter.setFont(theme.font("body"))
    painter.setPen(theme.color("text.faint"))
    painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), "Drop a song, a stem or a recording here")
