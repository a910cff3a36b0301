"""How the ruler is drawn: sections and markers, numbers and tempo, the loop, chords."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPolygonF

from studio.project.model import Project
from ui.viewmodels.harmony import ChordSpan, chords_of
from ui.viewmodels.workspace import Workspace
from ui.widgets.paint import elided, rounded

HEIGHT = 60
SECTION = (3, 15)
"""Top and height of the row of sections and markers, in pixels."""
NUMBERS = (20, 17)
LOOP_Y = 38
CHORDS = (43, 15)


class RulerPainter:
    """Draws the ruler of a workspace."""

    def __init__(self, ws: Workspace):
        self.ws, self.theme = ws, ws.theme
        self._chords: tuple[Project, int, tuple[ChordSpan, ...]] | None = None
        self._heard = 0
        ws.bridge.analysis_ready.connect(self._on_analysis)

    def _on_analysis(self) -> None:
        self._heard += 1

    def chords(self) -> tuple[ChordSpan, ...]:
        """The chords of the project as it is now."""
        project = self.ws.project
        if self._chords is None or self._chords[0] is not project or self._chords[1] != self._heard:
            self._chords = (project, self._heard, chords_of(project, self.ws.session.analysis))
        return self._chords[2]

    def paint(self, painter: QPainter, width: int) -> None:
        """Draw all of it."""
        theme = self.theme
        painter.fillRect(QRectF(0, 0, width, HEIGHT), theme.color("bg.window"))
        painter.fillRect(QRectF(0, HEIGHT - 1, width, 1), theme.color("line"))
        self._sections(painter, width)
        self._numbers(painter)
        self._tempo(painter, width)
        self._loop(painter)
        self._paint_chords(painter, width)
        self._markers(painter, width)

    def _sections(self, painter: QPainter, width: int) -> None:
        theme, view = self.theme, self.ws.viewport
        for marker in self.ws.project.markers:
            if marker.length_s <= 0:
                continue
            left, right = view.x_of(marker.start_s), view.x_of(marker.start_s + marker.length_s)
            if right < 0 or left > width:
                continue
            here = marker.start_s <= self.ws.position_s < marker.start_s + marker.length_s
            rect = QRectF(left, SECTION[0], max(right - left - 1, 1), SECTION[1])
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

    def _markers(self, painter: QPainter, width: int) -> None:
        theme, view = self.theme, self.ws.viewport
        painter.setFont(theme.font("caption", "medium"))
        metrics = QFontMetrics(painter.font())
        for marker in self.ws.project.markers:
            x = view.x_of(marker.start_s)
            if marker.length_s > 0 or not -160 <= x <= width:
                continue
            name = metrics.elidedText(marker.name, Qt.TextElideMode.ElideRight, 140)
            room = metrics.horizontalAdvance(name) + 10
            rect = QRectF(x, SECTION[0], room, SECTION[1])
            painter.fillRect(QRectF(round(x), SECTION[0], 1.5, HEIGHT - SECTION[0]), theme.color("warn"))
            rounded(painter, rect, 3, theme.mix("warn", "bg.window", 0.28))
            painter.setPen(theme.color("text"))
            painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), name)

    def _numbers(self, painter: QPainter) -> None:
        theme, view, grid = self.theme, self.ws.viewport, self.ws.grid
        painter.setFont(theme.font("caption"))
        step = grid.label_step(view.px_per_s)
        strong, weak, ink = theme.color("line.strong"), theme.color("line"), theme.color("text.muted")
        foot = NUMBERS[0] + NUMBERS[1]
        align = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        painter.setPen(ink)
        for line in self.ws.grid_lines():
            x = round(view.x_of(line.at_s))
            whole = line.beat == 1
            labelled = whole and (line.bar - 1) % step == 0
            length = 15 if labelled else 6 if whole else 3
            painter.fillRect(x, foot - length, 1, length, strong if whole else weak)
            if labelled:
                painter.drawText(x + 5, NUMBERS[0] - 1, 60, NUMBERS[1], align, str(line.bar))

    def _tempo(self, painter: QPainter, width: int) -> None:
        """A tag wherever the tempo changes."""
        theme, view, grid = self.theme, self.ws.viewport, self.ws.grid
        if len(self.ws.project.tempo) < 2:
            return
        painter.setFont(theme.font("caption", "medium"))
        metrics = QFontMetrics(painter.font())
        for point in self.ws.project.tempo:
            x = view.x_of(grid.seconds(point.at_beats)) + 24
            text = f"{point.bpm:g}"
            room = metrics.horizontalAdvance(text) + 10
            if -room < x < width:
                rect = QRectF(x, NUMBERS[0], room, NUMBERS[1] - 3)
                rounded(painter, rect, 3, theme.color("bg.raised"), theme.color("line"))
                painter.setPen(theme.color("text"))
                painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), text)

    def _loop(self, painter: QPainter) -> None:
        theme, view, loop = self.theme, self.ws.viewport, self.ws.project.loop
        if loop.end_s <= loop.start_s:
            return
        left, right = view.x_of(loop.start_s), view.x_of(loop.end_s)
        token = "accent" if loop.enabled else "line.strong"
        painter.fillRect(QRectF(left, LOOP_Y, right - left, 3), theme.color(token))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(token))
        for x, side in ((left, 1), (right, -1)):
            corner = [QPointF(x, LOOP_Y), QPointF(x + side * 6, LOOP_Y), QPointF(x, LOOP_Y + 8)]
            painter.drawPolygon(QPolygonF(corner))

    def _paint_chords(self, painter: QPainter, width: int) -> None:
        theme, view = self.theme, self.ws.viewport
        painter.setFont(theme.font("caption"))
        painter.setPen(theme.color("text.faint"))
        metrics = QFontMetrics(painter.font())
        free = -1.0
        for chord in self.chords():
            left, right = view.x_of(chord.start_s), view.x_of(chord.end_s)
            if right < 0:
                continue
            if left > width:
                break
            room = metrics.horizontalAdvance(chord.label)
            # Names that would run into one another are left out until the view is closer.
            if left + 4 < free or right - left < min(room, 14):
                continue
            painter.drawText(
                QRectF(left + 4, CHORDS[0], room + 2, CHORDS[1]),
                int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter),
                chord.label,
            )
            free = left + 4 + room + 8
