"""The ruler: sections, bar numbers, the loop range; a click moves the play-head."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from studio.project import edits
from ui.viewmodels.workspace import Workspace
from ui.widgets.paint import elided, rounded

HEIGHT = 60
SECTION = (4, 16)
NUMBERS = (22, 18)
LOOP_Y = 46


class Ruler(QWidget):
    """Time across the top of the lanes."""

    seek_asked = Signal(float)

    def __init__(self, ws: Workspace):
        super().__init__()
        self.ws = ws
        self.theme = ws.theme
        self.setFixedHeight(HEIGHT)
        self.setAccessibleName("Ruler")
        self.setToolTip("Click to move the play-head; drag along the lower edge to loop a range")
        self._loop_from: float | None = None
        self._seeking = False
        ws.view_changed.connect(self.update)
        ws.bridge.project_changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, view, project, grid = self.theme, self.ws.viewport, self.ws.project, self.ws.grid
        width = self.width()
        painter.fillRect(self.rect(), theme.color("bg.window"))
        painter.fillRect(QRectF(0, HEIGHT - 1, width, 1), theme.color("line"))
        sections = [marker for marker in project.markers if marker.length_s > 0]
        for marker in sections:
            left, right = view.x_of(marker.start_s), view.x_of(marker.start_s + marker.length_s)
            if right < 0 or left > width:
                continue
            rect = QRectF(left, SECTION[0], max(right - left - 1, 1), SECTION[1])
            here = marker.start_s <= self.ws.position_s < marker.start_s + marker.length_s
            rounded(painter, rect, 3, theme.color("bg.pressed" if here else "bg.raised"))
            painter.setFont(theme.font("caption"))
            painter.setPen(theme.color("text" if here else "text.muted"))
            start = max(left, 0.0)
            elided(
                painter,
                QRectF(start + 8, SECTION[0], right - start - 12, SECTION[1]),
                marker.name[:1].upper() + marker.name[1:],
                Qt.AlignmentFlag.AlignLeft,
            )
        step = grid.label_step(view.px_per_s)
        painter.setFont(theme.font("caption"))
        for line in grid.lines(view.start_s - 60 / view.px_per_s, view.end_s, view.px_per_s):
            x = round(view.x_of(line.at_s))
            whole = line.beat == 1
            labelled = whole and (line.bar - 1) % step == 0
            length = 16 if labelled else 7 if whole else 4
            painter.fillRect(
                QRectF(x, NUMBERS[0] + NUMBERS[1] - length + 2, 1, length),
                theme.color("line.strong" if whole else "line"),
            )
            if labelled:
                painter.setPen(theme.color("text.muted"))
                where = QRectF(x + 5, NUMBERS[0] - 2, 60, NUMBERS[1])
                painter.drawText(where, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), str(line.bar))
        loop = project.loop
        if loop.end_s > loop.start_s:
            left, right = view.x_of(loop.start_s), view.x_of(loop.end_s)
            token = "accent" if loop.enabled else "line.strong"
            painter.fillRect(QRectF(left, LOOP_Y, right - left, 3), theme.color(token))
            for x in (left, right - 1):
                painter.fillRect(QRectF(x, LOOP_Y, 1, HEIGHT - LOOP_Y), theme.color(token))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if event.position().y() >= LOOP_Y - 4:
            self._loop_from = self.ws.snap(self.ws.viewport.s_of(event.position().x()))
            return
        self._seeking = True
        self._seek(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._seeking:
            self._seek(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        start_s, self._loop_from = self._loop_from, None
        if start_s is not None:
            end_s = self.ws.snap(self.ws.viewport.s_of(event.position().x()))
            low, high = sorted((start_s, end_s))
            if high - low > 0.01:
                self.ws.commit("Set loop", lambda p: edits.set_loop(p, start_s=low, end_s=high, enabled=True))
            else:
                self.seek_asked.emit(start_s)
        self._seeking = False

    def _seek(self, point: QPointF) -> None:
        self.seek_asked.emit(self.ws.viewport.s_of(point.x()))
