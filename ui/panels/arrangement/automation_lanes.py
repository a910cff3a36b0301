"""Automation lanes below their tracks: drawn as lines with points, and edited by the mouse.

A press adds a point and drags it, a press on a point drags that, Alt draws freehand, Ctrl takes a point away, a double
click types a value.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QMouseEvent, QPainter, QPainterPath, QPen

from engine.errors import EngineError
from studio.base.errors import StudioError
from studio.project.model import AutomationPoint
from studio.project.parameters import Parameter
from ui.panels.arrangement.hits import Hit
from ui.viewmodels import automation as lanes
from ui.viewmodels.automation import PointDrag, Points
from ui.viewmodels.lanes import AutomationRow, Lane, track_token
from ui.viewmodels.workspace import PointChoice, Workspace
from ui.widgets.control import parse_number
from ui.widgets.inline import InlineEditor
from ui.widgets.paint import rounded

PAD_PX = 6
POINT_PX = 4.0
NEAR_PX = 7.0
STEP = 0.02
"""Share of a lane's height by which an arrow key moves a value."""
BENDS = 12
"""Pieces of a line between two points whose value is not straight on the lane."""


class AutomationLanes:
    """Paints and edits the automation rows of a `Canvas`."""

    def __init__(self, canvas: Any, ws: Workspace):
        self._canvas, self.ws, self.theme = canvas, ws, ws.theme
        self._drag: PointDrag | None = None
        self._row: tuple[Lane, AutomationRow] | None = None
        self._hover: tuple[str, str, int] | None = None
        self._tag: tuple[QPointF, str] | None = None

    @property
    def busy(self) -> bool:
        """Whether a point is dragged or a line drawn."""
        return self._drag is not None

    # places

    def _body(self, row: AutomationRow) -> QRectF:
        top = row.y - self.ws.viewport.scroll_y + PAD_PX
        return QRectF(0, top, self._canvas.width(), row.height - 2 * PAD_PX)

    def _point(self, row: AutomationRow, parameter: Parameter, at_s: float, value: float) -> QPointF:
        body = self._body(row)
        y = body.bottom() - lanes.position_of(parameter, value) * body.height()
        return QPointF(self.ws.viewport.x_of(at_s), y)

    def _position(self, row: AutomationRow, y: float) -> float:
        body = self._body(row)
        return min(max((body.bottom() - y) / body.height(), 0.0), 1.0)

    def point_at(self, hit: Hit, point: QPointF) -> int | None:
        """The index of the automation point under the mouse, or None."""
        assert hit.row is not None
        track_id = hit.lane.track.id
        parameter = lanes.find_parameter(self.ws.project, track_id, hit.row.target)
        if parameter is None:
            return None
        best: tuple[float, int] | None = None
        for index, each in enumerate(lanes.points_of(self.ws.project, track_id, hit.row.target)):
            away = (self._point(hit.row, parameter, each.at_s, each.value) - point).manhattanLength()
            if away <= NEAR_PX * 1.4 and (best is None or away < best[0]):
                best = (away, index)
        return best[1] if best is not None else None

    # the mouse

    def press(self, hit: Hit, event: QMouseEvent) -> None:
        """Begin to drag a point, a new one, or a freehand line; Ctrl takes the point away."""
        row, lane = hit.row, hit.lane
        assert row is not None
        project, track_id = self.ws.project, lane.track.id
        parameter = lanes.find_parameter(project, track_id, row.target)
        if parameter is None:
            self.ws.say("The effect that this lane moved is gone.", "Close the lane, or undo.", "warning")
            return
        at_s, position = self.ws.viewport.s_of(event.position().x()), self._position(row, event.position().y())
        points, index = lanes.points_of(project, track_id, row.target), self.point_at(hit, event.position())
        modifiers = event.modifiers()
        if index is not None and modifiers & Qt.KeyboardModifier.ControlModifier:
            self.delete(track_id, row.target, [index])
            return
        freehand = bool(modifiers & Qt.KeyboardModifier.AltModifier)
        label = f"Automate {parameter.title}"
        if freehand:
            chosen: frozenset[int] = frozenset()
        elif index is None:
            point = AutomationPoint(
                at_s=self._snapped(at_s, modifiers), value=lanes.value_of_position(parameter, position)
            )
            points, index = lanes.put(points, point)
            chosen = frozenset([index])
        else:
            before = self.ws.chosen_points
            same = before is not None and (before.track_id, before.target) == (track_id, row.target)
            kept = before.indices if before is not None and same else frozenset()
            shift = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
            chosen = kept | {index} if shift or index in kept else frozenset([index])
        self.ws.choose_points(PointChoice(track_id=track_id, target=row.target, indices=chosen) if chosen else None)
        self._row = (lane, row)
        self._drag = PointDrag(
            base=project,
            track_id=track_id,
            parameter=parameter,
            points=points,
            chosen=chosen,
            grab_s=at_s,
            grab=position,
            freehand=freehand,
        )
        self.ws.session.begin_gesture(label)
        self._show(points)

    def move(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """Go on dragging."""
        if self._drag is None or self._row is None:
            return
        at_s = (point.x() + self.ws.viewport.origin_px) / self.ws.viewport.px_per_s
        position = self._position(self._row[1], point.y())
        snap = self.ws.snapper(free=bool(modifiers & Qt.KeyboardModifier.ShiftModifier))
        self._show(self._drag.to(at_s, position, snap=lambda each: snap.point(each).at_s))

    def _show(self, points: Points) -> None:
        drag = self._drag
        assert drag is not None
        try:
            self.ws.session.update_gesture(drag.project(points))
        except (StudioError, EngineError) as error:
            self.cancel()
            self.ws.fail(error)
            return
        lead = drag.stroke[-1] if drag.stroke else points[min(drag.chosen)] if drag.chosen else None
        if lead is not None and self._row is not None:
            where = self._point(self._row[1], drag.parameter, lead.at_s, lead.value)
            self._tag = (where, lanes.show_value(drag.parameter, lead.value))
        self._canvas.update()

    def release(self) -> None:
        """Keep what was drawn, a freehand line by as few points as draw it."""
        drag, self._drag = self._drag, None
        self._tag = None
        if drag is not None and drag.stroke:
            body = self._body(self._row[1]) if self._row is not None else QRectF(0, 0, 1, 34)
            stroke = sorted({p.at_s: p for p in drag.stroke}.values(), key=lambda p: p.at_s)
            few = lanes.simplify(stroke, drag.parameter, px_per_s=self.ws.viewport.px_per_s, height_px=body.height())
            self.ws.session.update_gesture(drag.project(lanes.drawn_over(drag.points, few)))
        if drag is not None:
            self.ws.session.end_gesture()
        self._canvas.update()

    def cancel(self) -> None:
        """Put everything back."""
        if self._drag is not None:
            self._drag = self._tag = None
            self.ws.session.cancel_gesture()
            self._canvas.update()

    def _snapped(self, at_s: float, modifiers: Qt.KeyboardModifier) -> float:
        return self.ws.snapper(free=bool(modifiers & Qt.KeyboardModifier.ShiftModifier)).point(at_s).at_s

    def hover(self, hit: Hit | None, point: QPointF) -> None:
        """Light the point under the mouse and show its value."""
        found = None
        if hit is not None and hit.row is not None:
            index = self.point_at(hit, point)
            if index is not None:
                found = (hit.lane.track.id, hit.row.target, index)
        if found == self._hover:
            return
        self._hover = found
        self._tag = None
        if found is not None and hit is not None and hit.row is not None:
            each = lanes.points_of(self.ws.project, found[0], found[1])[found[2]]
            parameter = lanes.find_parameter(self.ws.project, found[0], found[1])
            if parameter is not None:
                where = self._point(hit.row, parameter, each.at_s, each.value)
                self._tag = (where, lanes.show_value(parameter, each.value))
        self._canvas.update()

    # keys

    def key(self, key: Qt.Key) -> bool:
        """Arrow keys on a chosen point: left and right go to its neighbours, up and down move its value; False where no
        point is chosen."""
        choice = self.ws.chosen_points
        if choice is None:
            return False
        points = lanes.points_of(self.ws.project, choice.track_id, choice.target)
        parameter = lanes.find_parameter(self.ws.project, choice.track_id, choice.target)
        if not points or parameter is None:
            return False
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            index = max(choice.indices) + 1 if key == Qt.Key.Key_Right else min(choice.indices) - 1
            index = min(max(index, 0), len(points) - 1)
            self.ws.choose_points(
                PointChoice(track_id=choice.track_id, target=choice.target, indices=frozenset([index]))
            )
            self._canvas.setAccessibleDescription(
                f"{parameter.title}, {lanes.show_value(parameter, points[index].value)}, "
                f"{self.ws.grid.position(points[index].at_s)}"
            )
            return True
        shift = STEP if key == Qt.Key.Key_Up else -STEP
        self.ws.commit(
            f"Automate {parameter.title}",
            lambda p: lanes.with_points(
                p, choice.track_id, choice.target, lanes.moved(points, choice.indices, 0.0, shift, parameter)
            ),
        )
        return True

    # edits

    def delete(self, track_id: str, target: str, indices: list[int] | frozenset[int]) -> None:
        """Take points away."""
        label = "Delete automation point" if len(indices) == 1 else "Delete automation points"
        self.ws.choose_points(None)
        self.ws.commit(
            label,
            lambda p: lanes.with_points(
                p, track_id, target, lanes.without(lanes.points_of(p, track_id, target), indices)
            ),
        )

    def type_value(self, hit: Hit, index: int) -> None:
        """Open a field over a point in which its value is typed."""
        row, track_id = hit.row, hit.lane.track.id
        assert row is not None
        parameter = lanes.find_parameter(self.ws.project, track_id, row.target)
        points = lanes.points_of(self.ws.project, track_id, row.target)
        if parameter is None or index >= len(points):
            return
        each = points[index]
        where = self._point(row, parameter, each.at_s, each.value)

        def take(text: str) -> None:
            value = parse_number(text)
            if value is None:
                return
            new = AutomationPoint(at_s=each.at_s, value=parameter.clamped(value))
            self.ws.commit(
                f"Automate {parameter.title}",
                lambda p: lanes.with_points(
                    p, track_id, row.target, lanes.put(lanes.points_of(p, track_id, row.target), new)[0]
                ),
            )

        InlineEditor(
            self._canvas,
            QRectF(where.x() - 36, where.y() - 12, 72, 24),
            lanes.show_value(parameter, each.value),
            take,
            name=f"Value of {parameter.title}",
        )

    # painting

    def paint(self, painter: QPainter, lane: Lane, area: QRectF) -> None:
        """Draw the automation rows of a track."""
        for row in lane.automation:
            top = row.y - self.ws.viewport.scroll_y
            if top > area.bottom() or top + row.height < area.top():
                continue
            painter.fillRect(QRectF(area.left(), top, area.width(), row.height), self.theme.color("bg.window", 0.45))
            self._paint_row(painter, lane, row, area)
            painter.fillRect(QRectF(area.left(), top + row.height - 1, area.width(), 1), self.theme.color("line.soft"))

    def _paint_row(self, painter: QPainter, lane: Lane, row: AutomationRow, area: QRectF) -> None:
        project, track_id = self.ws.project, lane.track.id
        parameter = lanes.find_parameter(project, track_id, row.target)
        if parameter is None:
            return
        found = lanes.lane_of(project, track_id, row.target)
        color = self.theme.color(track_token(lane.track))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        points = found.points if found is not None else ()
        if found is None or not points:
            y = self._point(row, parameter, 0.0, lanes.still_value(project, track_id, row.target)).y()
            pen = QPen(self.theme.color("text.faint"), 1.0)
            pen.setDashPattern([4, 4])
            painter.setPen(pen)
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            return
        strength = 1.0 if found.enabled else 0.4
        line = QPainterPath(QPointF(area.left(), self._point(row, parameter, 0.0, points[0].value).y()))
        first = self._point(row, parameter, points[0].at_s, points[0].value)
        line.lineTo(first)
        left, right = area.left() - 40, area.right() + 40
        for a, b in pairwise(points):
            end = self._point(row, parameter, b.at_s, b.value)
            start_x = self.ws.viewport.x_of(a.at_s)
            if end.x() < left or start_x > right:
                line.moveTo(end)
                continue
            if found.hold:
                line.lineTo(QPointF(end.x(), self._point(row, parameter, a.at_s, a.value).y()))
            else:
                for step in range(1, BENDS):
                    at_s = a.at_s + (b.at_s - a.at_s) * step / BENDS
                    value = lanes.value_at(found, at_s, parameter)
                    if value is not None:
                        line.lineTo(self._point(row, parameter, at_s, value))
            line.lineTo(end)
        line.lineTo(QPointF(max(area.right(), line.currentPosition().x()), line.currentPosition().y()))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(_faded(color, strength), 1.5))
        painter.drawPath(line)
        choice = self.ws.chosen_points
        mine = choice is not None and (choice.track_id, choice.target) == (track_id, row.target)
        for index, each in enumerate(points):
            where = self._point(row, parameter, each.at_s, each.value)
            if not left <= where.x() <= right:
                continue
            chosen = choice is not None and mine and index in choice.indices
            hovered = self._hover == (track_id, row.target, index)
            painter.setPen(QPen(_faded(color, strength) if not chosen else self.theme.color("accent"), 1.6))
            painter.setBrush(self.theme.color("accent" if chosen else "bg.window"))
            size = POINT_PX + (1.0 if hovered or chosen else 0.0)
            painter.drawEllipse(where, size, size)

    def paint_tag(self, painter: QPainter) -> None:
        """The value beside the point that is dragged or under the mouse."""
        if self._tag is None:
            return
        where, text = self._tag
        theme = self.theme
        painter.setFont(theme.font("caption", "medium"))
        width = QFontMetrics(painter.font()).horizontalAdvance(text) + 12
        x = where.x() + 10 if where.x() + 10 + width < self._canvas.width() else where.x() - 10 - width
        rect = QRectF(x, max(where.y() - 22, 2), width, 18)
        rounded(painter, rect, 4, theme.color("bg.raised"), theme.color("line.strong"))
        painter.setPen(theme.color("text"))
        painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), text)


def _faded(color: Any, strength: float) -> Any:
    if strength >= 1.0:
        return color
    faded = type(color)(color)
    faded.setAlphaF(strength)
    return faded
