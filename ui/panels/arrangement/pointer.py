"""The mouse on the lanes: clicks select, drags move, copy, trim, fade, slip, draw automation or a band."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, QPoint, QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QMouseEvent

from engine.errors import EngineError
from studio.base.errors import StudioError
from studio.base.ids import uuid7
from ui.panels.arrangement.hits import Hit, cursor_for
from ui.viewmodels.drags import ClipDrag, Zone
from ui.viewmodels.workspace import Workspace

DRAG_PX = 4
SCROLL_MS = 30
MORE = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier


class Pointer(QObject):
    """Turns the mouse events of a `Canvas` into selection and gestures; each drag is one step of undo."""

    def __init__(self, canvas: Any, ws: Workspace):
        super().__init__(canvas)
        self._canvas, self.ws = canvas, ws
        self._press: tuple[QPointF, Hit | None, Qt.KeyboardModifier] | None = None
        self._added = False
        self._drag: ClipDrag | None = None
        self._copies = False
        self._snap_without: tuple[str, ...] = ()
        self._pan: QPointF | None = None
        self._last: tuple[QPointF, Qt.KeyboardModifier] | None = None
        self.band: tuple[QPointF, QPointF] | None = None
        """Two corners of the rubber band, in pixels of the arrangement (not of the view)."""
        self.guide_s: float | None = None
        """The place that the drag in progress was drawn to."""
        self._timer = QTimer(self)
        self._timer.setInterval(SCROLL_MS)
        self._timer.timeout.connect(self._scroll_on)

    @property
    def dragging(self) -> QPointF | None:
        """Where the pointer is while clips are dragged, else None."""
        return self._last[0] if self._drag is not None and self._last is not None else None

    @property
    def busy(self) -> bool:
        """Whether a drag goes on."""
        return self._drag is not None or self.band is not None or self._canvas.automation.busy

    # events

    def press(self, event: QMouseEvent) -> None:
        """A button went down."""
        if event.button() == Qt.MouseButton.MiddleButton:
            self._pan = event.position()
            self._canvas.setCursor(Qt.CursorShape.ClosedHandCursor)
            return
        if event.button() != Qt.MouseButton.LeftButton or self.busy:
            return
        hit = self._canvas.hit(event.position())
        self._press = (event.position(), hit, event.modifiers())
        self._added = False
        if hit is not None and hit.row is not None:
            self.ws.select(track=hit.lane.track.id, clips=self.ws.selected_clips)
            self._canvas.automation.press(hit, event)
        else:
            self._select(hit, bool(event.modifiers() & MORE))

    def _select(self, hit: Hit | None, more: bool) -> None:
        chosen = self.ws.selected_clips
        if hit is None or hit.clip is None:
            if not more:
                self.ws.select(track=hit.lane.track.id if hit is not None else None)
            return
        track, clip_id = hit.lane.track.id, hit.clip.id
        self._added = clip_id not in chosen
        if self._added:
            self.ws.select(track=track, clips=chosen | {clip_id} if more else [clip_id])
        else:
            # A click on one of several chooses it alone, or leaves it out, once it is clear that it is no drag.
            self.ws.select(track=track, clips=chosen)
        self.ws.inspector_asked.emit("clip")

    def move(self, event: QMouseEvent) -> None:
        """The pointer moved."""
        point, modifiers = event.position(), event.modifiers()
        self._last = (point, modifiers)
        if self._pan is not None:
            view = self.ws.viewport
            view.scroll(self._pan.x() - point.x())
            self._canvas.scroll_down(self._pan.y() - point.y())
            self._pan = point
            self.ws.view_changed.emit()
            return
        if self._press is None:
            self.hover(point, modifiers)
            return
        start, hit, held = self._press
        if self._canvas.automation.busy:
            self._canvas.automation.move(point, modifiers)
            return
        if not self.busy:
            if (point - start).manhattanLength() < DRAG_PX:
                return
            if hit is not None and hit.clip is not None:
                self._begin(hit, start, held)
            else:
                self.band = (self._absolute(start), self._absolute(point))
            self._timer.start()
        self._follow(point, modifiers)

    def release(self, event: QMouseEvent) -> None:
        """A button went up."""
        if self._pan is not None and event.button() == Qt.MouseButton.MiddleButton:
            self._pan = None
            self.hover(event.position(), event.modifiers())
            return
        if event.button() != Qt.MouseButton.LeftButton:
            return
        press, self._press = self._press, None
        self._timer.stop()
        self.guide_s = None
        if self._canvas.automation.busy:
            self._canvas.automation.release()
        elif self._drag is not None:
            drag, self._drag = self._drag, None
            self.ws.session.end_gesture()
            if self._copies:
                self.ws.select(track=self.ws.selected_track, clips=self._made(drag))
        elif self.band is not None:
            self.band = None
        elif press is not None:
            self._click(press[1], event)
        self._canvas.update()
        self.hover(event.position(), event.modifiers())

    def _click(self, hit: Hit | None, event: QMouseEvent) -> None:
        modifiers = event.modifiers()
        if hit is not None and hit.clip is not None and not self._added:
            track, chosen = hit.lane.track.id, self.ws.selected_clips
            if modifiers & MORE:
                self.ws.select(track=track, clips=chosen - {hit.clip.id})
            elif len(chosen) > 1 and not modifiers:
                self.ws.select(track=track, clips=[hit.clip.id])
        elif (hit is None or (hit.clip is None and hit.row is None)) and not modifiers:
            self._canvas.seek_asked.emit(self.ws.viewport.s_of(event.position().x()))

    def hover(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """Show what a press would do here."""
        hit = self._canvas.hit(point)
        shape = cursor_for(hit, modifiers, held=self._drag is not None)
        if self._canvas.cursor().shape() != shape:
            self._canvas.setCursor(shape)
        self._canvas.automation.hover(hit, point)
        self._canvas.set_hover(hit.clip.id if hit is not None and hit.clip is not None else None)

    def modifiers_changed(self, modifiers: Qt.KeyboardModifier) -> None:
        """A modifier went down or up: the cursor tells, and a drag takes it up."""
        if self._last is None:
            return
        self._last = (self._last[0], modifiers)
        if self._drag is not None:
            self._follow(*self._last)
        elif self._press is None:
            self.hover(self._last[0], modifiers)

    def cancel(self) -> bool:
        """Give up the drag in progress and put everything back; False when there is none."""
        if not self.busy:
            return False
        self._timer.stop()
        if self._canvas.automation.busy:
            self._canvas.automation.cancel()
        if self._drag is not None:
            self.ws.session.cancel_gesture()
        self._drag = self.band = self._press = self.guide_s = None
        self._canvas.update()
        return True

    # drags

    def _begin(self, hit: Hit, start: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        assert hit.clip is not None
        slips = hit.zone == "body" and bool(modifiers & Qt.KeyboardModifier.AltModifier)
        zone: Zone = "slip" if slips else hit.zone
        self._copies = zone == "body" and bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        ids = tuple(clip.id for _, clip in self.ws.chosen()) or (hit.clip.id,)
        self._drag = ClipDrag(
            base=self.ws.project,
            zone=zone,
            track=hit.lane.track,
            clip=hit.clip,
            clip_ids=ids,
            grab_s=self._time(start),
            rows=tuple(lane.track.id for lane in self._canvas.lanes() if lane.track.kind == "audio"),
            copies={each: uuid7() for each in ids},
            crossfades=self.ws.crossfades,
        )
        self._snap_without = () if self._copies else ids
        self.ws.session.begin_gesture(self._drag.label(copy=self._copies))
        self._canvas.setCursor(cursor_for(hit, modifiers, held=True))

    def _made(self, drag: ClipDrag) -> list[str]:
        now = {clip.id for track in self.ws.project.tracks for clip in track.clips}
        return [copy for copy in drag.copies.values() if copy in now]

    def _follow(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        if self._drag is not None:
            self._drag_to(self._drag, point, modifiers)
        elif self.band is not None:
            self.band = (self.band[0], self._absolute(point))
            self._select_band()
        self._canvas.update()

    def _drag_to(self, drag: ClipDrag, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        over = self._canvas.hit(point)
        snap = self.ws.snapper(without=self._snap_without, free=bool(modifiers & Qt.KeyboardModifier.ShiftModifier))
        try:
            project, snapped = drag.to(
                self._time(point),
                snap=snap,
                track_id=over.lane.track.id if over is not None else None,
                copy=self._copies,
            )
            self.ws.session.update_gesture(project)
        except (StudioError, EngineError) as error:
            self.cancel()
            self.ws.fail(error)
            return
        self.guide_s = snapped.guide_s if snapped is not None else None
        self._canvas.tell(drag, project)

    def _scroll_on(self) -> None:
        """A drag held beyond an edge of the view goes on scrolling."""
        if self._last is None:
            return
        point, modifiers = self._last
        room = self._canvas.rect()
        dx = min(point.x(), 0) + max(point.x() - room.width(), 0)
        dy = min(point.y(), 0) + max(point.y() - room.height(), 0)
        if dx or dy:
            self.ws.viewport.scroll(max(min(dx, 40), -40))
            self._canvas.scroll_down(max(min(dy, 20), -20))
            self.ws.view_changed.emit()
            self._follow(point, modifiers)

    def _select_band(self) -> None:
        assert self.band is not None
        view = self.ws.viewport
        band = QRectF(*self.band).normalized().translated(-view.origin_px, -view.scroll_y)
        chosen = [
            clip.id
            for lane in self._canvas.lanes()
            for clip in lane.track.clips
            if self._canvas.clip_rect(lane, clip).intersects(band)
        ]
        self.ws.select(track=self.ws.selected_track, clips=chosen)

    def _time(self, point: QPointF) -> float:
        """Time of a point, also left of 0, so that a drag keeps its distance."""
        return (point.x() + self.ws.viewport.origin_px) / self.ws.viewport.px_per_s

    def _absolute(self, point: QPointF | QPoint) -> QPointF:
        return QPointF(point.x() + self.ws.viewport.origin_px, point.y() + self.ws.viewport.scroll_y)
