"""The ruler: sections, markers, bar numbers, tempo, the loop range and chords; a click moves the play-head."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QMenu, QWidget

from studio.project import edits
from studio.project.model import Marker, Project
from ui.panels.arrangement.ruler_painter import HEIGHT, LOOP_Y, NUMBERS, SECTION, RulerPainter
from ui.viewmodels.workspace import Workspace
from ui.widgets.control import parse_number
from ui.widgets.inline import InlineEditor

__all__ = ["HEIGHT", "LOOP_Y", "Ruler"]

NEAR_PX = 6
DRAG_PX = 3


@dataclass(kw_only=True)
class _Drag:
    """What a press on the ruler has taken hold of."""

    what: str
    """``seek``, ``loop``, ``loop_start``, ``loop_end``, ``loop_body`` or ``marker``."""
    at_s: float
    base: Project
    marker: Marker | None = None
    begun: bool = False
    x: float = field(default=0.0)


class Ruler(QWidget):
    """Time across the top of the lanes."""

    seek_asked = Signal(float)

    def __init__(self, ws: Workspace):
        super().__init__()
        self.ws = ws
        self.theme = ws.theme
        self._paint = RulerPainter(ws)
        self._drag: _Drag | None = None
        self.setFixedHeight(HEIGHT)
        self.setMouseTracking(True)
        self.setAccessibleName("Ruler")
        self.setToolTip(
            "Click to move the play-head, drag along the line to loop; a right click adds markers and tempo changes"
        )
        for changed in (ws.view_changed, ws.bridge.project_changed, ws.bridge.analysis_ready):
            changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._paint.paint(painter, self.width())
        painter.end()

    # what lies where

    def _grip(self, point: QPointF) -> tuple[str, Marker | None]:
        view, loop = self.ws.viewport, self.ws.project.loop
        if SECTION[0] <= point.y() < NUMBERS[0]:
            for marker in reversed(self.ws.project.markers):
                if marker.length_s == 0 and -NEAR_PX <= point.x() - view.x_of(marker.start_s) <= NEAR_PX + 6:
                    return "marker", marker
        if abs(point.y() - LOOP_Y - 1) <= 5:
            if loop.end_s > loop.start_s:
                left, right = view.x_of(loop.start_s), view.x_of(loop.end_s)
                if abs(point.x() - left) <= NEAR_PX:
                    return "loop_start", None
                if abs(point.x() - right) <= NEAR_PX:
                    return "loop_end", None
                if left < point.x() < right:
                    return "loop_body", None
            return "loop", None
        return "seek", None

    def _section_at(self, at_s: float) -> Marker | None:
        return next(
            (m for m in self.ws.project.markers if m.length_s and m.start_s <= at_s < m.start_s + m.length_s), None
        )

    def _time(self, point: QPointF, event: QMouseEvent) -> float:
        free = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        return self.ws.snapper(free=free).point(self.ws.viewport.s_of(point.x())).at_s

    # the mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        what, marker = self._grip(event.position())
        self._drag = _Drag(
            what=what,
            at_s=self._time(event.position(), event),
            base=self.ws.project,
            marker=marker,
            x=event.position().x(),
        )
        if what == "seek":
            self.seek_asked.emit(self.ws.viewport.s_of(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        drag = self._drag
        if drag is None:
            self._tell(self._grip(event.position())[0])
            return
        if drag.what == "seek":
            self.seek_asked.emit(self.ws.viewport.s_of(event.position().x()))
            return
        if not drag.begun:
            if abs(event.position().x() - drag.x) < DRAG_PX:
                return
            drag.begun = True
            self.ws.session.begin_gesture("Move marker" if drag.what == "marker" else "Set loop")
        self.ws.session.update_gesture(self._dragged(drag, self._time(event.position(), event)))

    def _dragged(self, drag: _Drag, at_s: float) -> Project:
        project, loop = drag.base, drag.base.loop
        if drag.what == "marker" and drag.marker is not None:
            without = edits.remove_marker(project, drag.marker)
            return edits.add_marker(without, at_s, drag.marker.name)
        if drag.what == "loop_start":
            return edits.set_loop(project, start_s=min(at_s, loop.end_s - 0.01))
        if drag.what == "loop_end":
            return edits.set_loop(project, end_s=max(at_s, loop.start_s + 0.01))
        if drag.what == "loop_body":
            by_s = max(at_s - drag.at_s, -loop.start_s)
            return edits.set_loop(project, start_s=loop.start_s + by_s, end_s=loop.end_s + by_s)
        low, high = sorted((drag.at_s, at_s))
        return edits.set_loop(project, start_s=low, end_s=high, enabled=True) if high > low else project

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        drag, self._drag = self._drag, None
        if drag is None or drag.what == "seek":
            return
        if drag.begun:
            self.ws.session.end_gesture()
        else:
            self.seek_asked.emit(drag.marker.start_s if drag.marker is not None else drag.at_s)

    def cancel_drag(self) -> bool:
        """Give up the drag in progress; False when there is none."""
        drag, self._drag = self._drag, None
        if drag is None or not drag.begun:
            return False
        self.ws.session.cancel_gesture()
        return True

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._drag = None
        what, marker = self._grip(event.position())
        at_s = self.ws.viewport.s_of(event.position().x())
        section = self._section_at(at_s) if event.position().y() < NUMBERS[0] else None
        if what == "marker" and marker is not None:
            self._rename(marker)
        elif section is not None:
            self._rename(section)
        elif what == "loop_body":
            enabled = self.ws.project.loop.enabled
            self.ws.commit("Loop", lambda p: edits.set_loop(p, enabled=not enabled))

    def _tell(self, what: str) -> None:
        shape = {
            "loop_start": Qt.CursorShape.SizeHorCursor,
            "loop_end": Qt.CursorShape.SizeHorCursor,
            "loop_body": Qt.CursorShape.OpenHandCursor,
            "loop": Qt.CursorShape.SizeHorCursor,
            "marker": Qt.CursorShape.OpenHandCursor,
        }.get(what, Qt.CursorShape.ArrowCursor)
        if self.cursor().shape() != shape:
            self.setCursor(shape)

    # menu and typing

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        point = QPointF(event.pos())
        at_s = self.ws.snapper().point(self.ws.viewport.s_of(point.x())).at_s
        what, marker = self._grip(point)
        section = self._section_at(self.ws.viewport.s_of(point.x()))
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if what == "marker" and marker is not None:
            menu.addAction("Rename the marker", lambda: self._rename(marker))
            menu.addAction("Delete the marker", lambda: self._remove(marker))
        elif section is not None and point.y() < NUMBERS[0]:
            end_s = section.start_s + section.length_s
            menu.addAction("Loop this section", lambda: self._loop(section.start_s, end_s))
            menu.addAction("Rename the section", lambda: self._rename(section))
            menu.addAction("Delete the section", lambda: self._remove(section))
        menu.addSeparator()
        menu.addAction(
            "Add a marker here", lambda: self.ws.commit("Add marker", lambda p: edits.add_marker(p, at_s, "Marker"))
        )
        menu.addAction("Change the tempo here …", lambda: self.type_tempo(at_s))
        change = self.ws.grid.tempo_point_at(self.ws.project, at_s)
        if change is not None and change.at_beats > 0:
            menu.addAction(
                "Remove the tempo change",
                lambda: self.ws.commit("Remove tempo change", lambda p: edits.remove_tempo(p, change.at_beats)),
            )
        if self.ws.project.loop.end_s > self.ws.project.loop.start_s:
            menu.addSeparator()
            menu.addAction("No loop", lambda: self._loop(0.0, 0.0))
        menu.popup(event.globalPos())

    def _loop(self, start_s: float, end_s: float) -> None:
        on = end_s > start_s
        self.ws.commit("Set loop", lambda p: edits.set_loop(p, start_s=start_s, end_s=end_s, enabled=on))

    def _remove(self, marker: Marker) -> None:
        self.ws.commit("Delete marker", lambda p: edits.remove_marker(p, marker))

    def _rename(self, marker: Marker) -> None:
        x = max(self.ws.viewport.x_of(marker.start_s), 2.0)

        def take(name: str) -> None:
            self.ws.commit(
                "Rename marker",
                lambda p: edits.add_marker(
                    edits.remove_marker(p, marker), marker.start_s, name, length_s=marker.length_s
                ),
            )

        InlineEditor(self, QRectF(x, 0, 120, 22), marker.name, take, name="Name of the marker")

    def type_tempo(self, at_s: float | None = None) -> None:
        """Type a tempo that holds from the bar at a time (or at the play-head) on."""
        place_s: float = self.ws.position_s if at_s is None else at_s
        grid = self.ws.grid
        beats = round(grid.beats(grid.snap(place_s, "bar")))
        bpm = grid.bpm_at(grid.seconds(beats) + 1e-6)

        def take(text: str) -> None:
            value = parse_number(text)
            if value is None:
                self.ws.say("That is not a tempo.", "Type beats a minute, such as 124 or 96.5.", "warning")
            else:
                self.ws.commit("Change tempo", lambda p: edits.set_tempo(p, value, at_beats=float(beats)))

        x = self.ws.viewport.x_of(grid.seconds(beats))
        InlineEditor(self, QRectF(x, NUMBERS[0] - 2, 72, 22), f"{bpm:g}", take, name="Tempo from this bar on")
