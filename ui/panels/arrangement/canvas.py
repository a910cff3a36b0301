"""The lanes with their clips: painting, selection and drags."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from engine.errors import EngineError
from studio.base.errors import StudioError
from studio.project.model import Clip, Project, Track
from ui.panels.arrangement.backdrop import paint_grid, paint_invitation
from ui.panels.arrangement.clip_painter import HEAD_PX, ClipPainter, fade_handles
from ui.panels.arrangement.tiles import TileCache
from ui.viewmodels.drags import ClipDrag, Zone
from ui.viewmodels.lanes import ClipLook, Lane, clip_look, describe_clip, lanes_of
from ui.viewmodels.workspace import Workspace

GAP_PX = 3
EDGE_PX = 6
DRAG_PX = 4
RECORDING_MIME = "application/x-contrafact-recording"


@dataclass(frozen=True, kw_only=True)
class Hit:
    """What lies under a point."""

    lane: Lane
    clip: Clip | None = None
    zone: Zone = "body"


class Canvas(QWidget):
    """Lanes and clips of the project in the workspace's viewport."""

    menu_asked = Signal(QPointF, bool)
    """Global position, and whether a clip lies under it."""
    files_dropped = Signal(list, float, object)
    """Paths, time, and the track id under the pointer or None."""
    recording_dropped = Signal(str, float)
    seek_asked = Signal(float)

    def __init__(self, ws: Workspace):
        super().__init__()
        self.ws = ws
        self.theme = ws.theme
        self.tiles = TileCache()
        self._painter = ClipPainter(self.theme, self.tiles)
        self._lanes: list[Lane] = []
        self._lanes_of: tuple[Project, frozenset[str]] | None = None
        self._hover: str | None = None
        self._press: tuple[QPointF, Hit | None] | None = None
        self._drag: ClipDrag | None = None
        self._band: tuple[QPointF, QPointF] | None = None
        self._drop_s: float | None = None
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Arrangement")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        ws.bridge.project_changed.connect(self._on_project)
        ws.bridge.peaks_ready.connect(self._on_peaks)
        ws.selection_changed.connect(self._describe)
        ws.view_changed.connect(self.update)

    # lanes

    def lanes(self) -> list[Lane]:
        """The lanes of the project as it is now."""
        key = (self.ws.project, frozenset(self.ws.collapsed))
        if self._lanes_of is None or self._lanes_of[0] is not key[0] or self._lanes_of[1] != key[1]:
            self._lanes = lanes_of(key[0], height=self.theme.size("track"), collapsed=key[1])
            self._lanes_of = key
        return self._lanes

    def content_height(self) -> int:
        """Height of all lanes and the empty one below them, in pixels."""
        return (len(self.lanes()) + 1) * self.theme.size("track")

    def _on_project(self) -> None:
        self.update()
        self._describe()

    def _on_peaks(self, source: str) -> None:
        self.tiles.forget(source)
        self.update()

    def _describe(self) -> None:
        found = self.ws.clip()
        if found is None:
            self.setAccessibleDescription(f"{len(self.lanes())} tracks, nothing selected")
        else:
            track, clip = found
            self.setAccessibleDescription(describe_clip(self._look(track, clip, audible=True), clip))
        self.update()

    def _look(self, track: Track, clip: Clip, *, audible: bool) -> ClipLook:
        return clip_look(self.ws.project, track, clip, audible=audible)

    def clip_rect(self, lane: Lane, clip: Clip) -> QRectF:
        """Where a clip is drawn."""
        view = self.ws.viewport
        left, right = view.x_of(clip.start_s), view.x_of(clip.end_s)
        return QRectF(left, lane.y - view.scroll_y + GAP_PX, max(right - left, 2.0), lane.height - 2 * GAP_PX)

    def hit(self, point: QPointF) -> Hit | None:
        """The lane, clip and zone under a point; None below the last lane."""
        y = point.y() + self.ws.viewport.scroll_y
        for lane in self.lanes():
            if not lane.y <= y < lane.y + lane.height:
                continue
            for clip in reversed(lane.track.clips):
                rect = self.clip_rect(lane, clip)
                if rect.contains(point):
                    return Hit(lane=lane, clip=clip, zone=self._zone(rect, clip, point))
            return Hit(lane=lane)
        return None

    def _zone(self, rect: QRectF, clip: Clip, point: QPointF) -> Zone:
        body = rect.adjusted(0, HEAD_PX, 0, 0)
        if rect.width() > 40:
            into, out = fade_handles(body, clip, self.ws.viewport.px_per_s)
            if abs(point.y() - body.top() - 3) <= 7:
                if abs(point.x() - into) <= 6:
                    return "fade_in"
                if abs(point.x() - out) <= 6:
                    return "fade_out"
        edge = min(EDGE_PX, rect.width() / 4)
        if point.x() - rect.left() < edge:
            return "start"
        if rect.right() - point.x() < edge:
            return "end"
        return "body"

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, view, project = self.theme, self.ws.viewport, self.ws.project
        area = QRectF(event.rect())
        lanes = self.lanes()
        height = theme.size("track")
        painter.fillRect(area, theme.color("bg.lane"))
        for index, lane in enumerate(lanes):
            top = lane.y - view.scroll_y
            if index % 2 == 1:
                painter.fillRect(QRectF(area.left(), top, area.width(), height), theme.color("bg.lane_alt"))
        paint_grid(painter, self.ws, area)
        for lane in lanes:
            painter.fillRect(
                QRectF(area.left(), lane.y - view.scroll_y + height - 1, area.width(), 1), theme.color("line.soft")
            )
        paint_invitation(painter, self.theme, QRectF(0, len(lanes) * height - view.scroll_y, self.width(), height))
        start_s, end_s = view.s_of(area.left()), view.s_of(area.right() + 1)
        for lane in lanes:
            top = lane.y - view.scroll_y
            if top > area.bottom() or top + height < area.top():
                continue
            for clip in lane.track.clips:
                if clip.end_s < start_s or clip.start_s > end_s:
                    continue
                source = project.sources.get(clip.source)
                self._painter.paint(
                    painter,
                    self.clip_rect(lane, clip),
                    clip=clip,
                    source=source,
                    look=self._look(lane.track, clip, audible=lane.audible),
                    pyramid=self.ws.session.peaks(source) if source is not None else None,
                    px_per_s=view.px_per_s,
                    visible=area,
                    selected=clip.id in self.ws.selected_clips,
                    hovered=clip.id == self._hover,
                    ratio=self.devicePixelRatioF(),
                )
        if project.loop.enabled and project.loop.end_s > project.loop.start_s:
            left, right = view.x_of(project.loop.start_s), view.x_of(project.loop.end_s)
            for x in (left, right):
                painter.fillRect(QRectF(round(x), area.top(), 1, area.height()), theme.color("accent", 0.55))
        if self._band is not None:
            painter.setPen(QPen(theme.color("accent"), 1))
            painter.setBrush(theme.color("selection"))
            painter.drawRect(QRectF(*self._band).normalized())
        if self._drop_s is not None:
            painter.fillRect(QRectF(round(view.x_of(self._drop_s)), 0, 2, self.height()), theme.color("accent"))
        painter.end()

    # the mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        hit = self.hit(event.position())
        self._press = (event.position(), hit)
        more = bool(event.modifiers() & (Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier))
        chosen = self.ws.selected_clips
        if hit is not None and hit.clip is not None:
            track = hit.lane.track.id
            if more:
                self.ws.select(track=track, clips=chosen ^ {hit.clip.id})
            elif hit.clip.id not in chosen:
                self.ws.select(track=track, clips=[hit.clip.id])
            else:
                self.ws.select(track=track, clips=chosen)
            self.ws.inspector_asked.emit("clip")
        elif not more:
            self.ws.select(track=hit.lane.track.id if hit is not None else None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._press is None:
            self._point_at(event.position())
            return
        start, hit = self._press
        if self._drag is None and self._band is None:
            if (event.position() - start).manhattanLength() < DRAG_PX:
                return
            if hit is not None and hit.clip is not None:
                self._begin(hit, start)
            else:
                self._band = (start, event.position())
        if self._drag is not None:
            self._drag_to(event)
        elif self._band is not None:
            self._band = (start, event.position())
            self._select_band()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        press, self._press = self._press, None
        if self._drag is not None:
            self._drag = None
            self.ws.session.end_gesture()
        elif self._band is not None:
            self._band = None
            self.update()
        elif press is not None and event.button() == Qt.MouseButton.LeftButton:
            hit = press[1]
            plain = not event.modifiers()
            if hit is not None and hit.clip is not None and plain and len(self.ws.selected_clips) > 1:
                self.ws.select(track=hit.lane.track.id, clips=[hit.clip.id])
            elif (hit is None or hit.clip is None) and plain:
                self.seek_asked.emit(self.ws.viewport.s_of(event.position().x()))

    def _begin(self, hit: Hit, start: QPointF) -> None:
        assert hit.clip is not None
        ids = tuple(self.ws.selected_clips) if hit.zone == "body" else (hit.clip.id,)
        self._drag = ClipDrag(
            base=self.ws.project,
            zone=hit.zone,
            track=hit.lane.track,
            clip=hit.clip,
            clip_ids=ids,
            grab_s=self.ws.viewport.s_of(start.x()),
        )
        self.ws.session.begin_gesture(self._drag.label)

    def _drag_to(self, event: QMouseEvent) -> None:
        drag = self._drag
        assert drag is not None
        over = self.hit(event.position())
        free = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        at_s = (event.position().x() + self.ws.viewport.origin_px) / self.ws.viewport.px_per_s
        try:
            project = drag.to(
                at_s,
                snap=(lambda s: max(s, 0.0)) if free else self.ws.snap,
                track_id=over.lane.track.id if over is not None else None,
            )
            self.ws.session.update_gesture(project)
        except (StudioError, EngineError) as error:
            self.cancel_drag()
            self.ws.fail(error)
        self.update()

    def cancel_drag(self) -> bool:
        """Give up the drag in progress and put everything back; False when there is none."""
        if self._drag is None and self._band is None:
            return False
        if self._drag is not None:
            self.ws.session.cancel_gesture()
        self._drag = self._band = self._press = None
        self.update()
        return True

    def _select_band(self) -> None:
        assert self._band is not None
        band = QRectF(*self._band).normalized()
        chosen = [
            clip.id for lane in self.lanes() for clip in lane.track.clips if self.clip_rect(lane, clip).intersects(band)
        ]
        self.ws.select(track=self.ws.selected_track, clips=chosen)

    def _point_at(self, point: QPointF) -> None:
        hit = self.hit(point)
        clip = hit.clip.id if hit is not None and hit.clip is not None else None
        shape = Qt.CursorShape.ArrowCursor
        if hit is not None and hit.clip is not None:
            shape = {
                "start": Qt.CursorShape.SizeHorCursor,
                "end": Qt.CursorShape.SizeHorCursor,
                "fade_in": Qt.CursorShape.CrossCursor,
                "fade_out": Qt.CursorShape.CrossCursor,
            }.get(hit.zone, Qt.CursorShape.ArrowCursor)
        if self.cursor().shape() != shape:
            self.setCursor(shape)
        if clip != self._hover:
            self._hover = clip
            self.update()

    def leaveEvent(self, event) -> None:
        if self._hover is not None:
            self._hover = None
            self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        # On the parent, so that ruler, headers and lanes answer the same way.
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.cancel_drag():
            return
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._walk(Qt.Key(event.key()))
            return
        super().keyPressEvent(event)

    def _walk(self, key: Qt.Key) -> None:
        """Arrow keys go from clip to clip and from track to track."""
        lanes = self.lanes()
        if not lanes:
            return
        row = next((i for i, lane in enumerate(lanes) if lane.track.id == self.ws.selected_track), 0)
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            row = min(max(row + (1 if key == Qt.Key.Key_Down else -1), 0), len(lanes) - 1)
        clips = lanes[row].track.clips
        if not clips:
            self.ws.select(track=lanes[row].track.id)
            return
        here = next((i for i, clip in enumerate(clips) if clip.id in self.ws.selected_clips), None)
        if here is None:
            here = 0
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            here = min(max(here + (1 if key == Qt.Key.Key_Right else -1), 0), len(clips) - 1)
        self.ws.select(track=lanes[row].track.id, clips=[clips[here].id])

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        hit = self.hit(QPointF(event.pos()))
        has_clip = hit is not None and hit.clip is not None
        if hit is not None and hit.clip is not None and hit.clip.id not in self.ws.selected_clips:
            self.ws.select(track=hit.lane.track.id, clips=[hit.clip.id])
        elif hit is not None and hit.clip is None:
            self.ws.select(track=hit.lane.track.id)
        self.menu_asked.emit(QPointF(event.globalPos()), has_clip)

    def event(self, event) -> bool:
        if isinstance(event, QHelpEvent):
            hit = self.hit(QPointF(event.pos()))
            if hit is not None and hit.clip is not None:
                look = self._look(hit.lane.track, hit.clip, audible=hit.lane.audible)
                QToolTip.showText(event.globalPos(), describe_clip(look, hit.clip), self)
                return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.ws.viewport.width, self.ws.viewport.height = self.width(), self.height()

    # drops

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        mime = event.mimeData()
        if mime.hasFormat(RECORDING_MIME) or any(url.isLocalFile() for url in mime.urls()):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._drop_s = self.ws.snap(self.ws.viewport.s_of(event.position().x()))
        event.acceptProposedAction()
        self.update()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drop_s = None
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:
        at_s = self.ws.snap(self.ws.viewport.s_of(event.position().x()))
        self._drop_s = None
        mime = event.mimeData()
        if mime.hasFormat(RECORDING_MIME):
            self.recording_dropped.emit(bytes(mime.data(RECORDING_MIME).data()).decode(), at_s)
        else:
            hit = self.hit(event.position())
            paths = [url.toLocalFile() for url in mime.urls() if url.isLocalFile()]
            own = hit is not None and hit.lane.track.role == "own" and hit.lane.track.parent is None
            self.files_dropped.emit(paths, at_s, hit.lane.track.id if hit is not None and own else None)
        event.acceptProposedAction()
        self.update()
