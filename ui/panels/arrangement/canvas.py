"""The lanes with their clips and automation: what is drawn, what lies where, and what is dropped on them."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFontMetrics,
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

from studio.project import edits
from studio.project.audibility import audible_track_ids
from studio.project.model import Clip, Project, Track
from ui.panels.arrangement.automation_lanes import AutomationLanes
from ui.panels.arrangement.backdrop import paint_grid, paint_invitation
from ui.panels.arrangement.clip_painter import ClipPainter
from ui.panels.arrangement.hits import Hit, zone_at
from ui.panels.arrangement.pointer import Pointer
from ui.panels.arrangement.tiles import TileCache
from ui.viewmodels.clip_editor import clip_time
from ui.viewmodels.drags import ClipDrag, find_clip
from ui.viewmodels.lanes import ClipLook, Lane, clip_look, describe_clip, lanes_of
from ui.viewmodels.timeline import drag_words
from ui.viewmodels.workspace import Workspace
from ui.widgets.paint import rounded

GAP_PX = 3
FOLDER_ROW_PX = 10
RECORDING_MIME = "application/x-contrafact-recording"


class Canvas(QWidget):
    """Lanes and clips of the project in the workspace's viewport."""

    menu_asked = Signal(QPointF, object)
    """Global position, and the `Hit` under it or None."""
    files_dropped = Signal(list, float, object)
    """Paths, time, and the track id under the pointer or None."""
    recording_dropped = Signal(str, float)
    seek_asked = Signal(float)
    opened = Signal(str)
    """The id of a clip that was double-clicked."""

    def __init__(self, ws: Workspace):
        super().__init__()
        self.ws = ws
        self.theme = ws.theme
        self.tiles = TileCache()
        self._painter = ClipPainter(self.theme, self.tiles)
        self._lanes: list[Lane] = []
        self._looks: dict[str, tuple[Track, Clip, bool, ClipLook]] = {}
        self._lanes_of: tuple[Project, frozenset[str], int, dict[str, tuple[str, ...]]] | None = None
        self._heard_of: tuple[Project, frozenset[str]] | None = None
        self._hover: str | None = None
        self._drop: tuple[float, float] | None = None
        self._words: str = ""
        self.automation = AutomationLanes(self, ws)
        self.pointer = Pointer(self, ws)
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Arrangement")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        ws.bridge.project_changed.connect(self._on_project)
        ws.bridge.peaks_ready.connect(self._on_peaks)
        ws.selection_changed.connect(self._describe)
        ws.view_changed.connect(self.update)
        ws.lanes_changed.connect(self.update)
        ws.bridge.forming_changed.connect(self.update)

    # lanes

    def lanes(self) -> list[Lane]:
        """The lanes of the project as it is now."""
        ws = self.ws
        key = (ws.shown, frozenset(ws.collapsed), ws.lane_px, dict(ws.automation))
        if self._lanes_of is None or self._lanes_of[0] is not key[0] or self._lanes_of[1:] != key[1:]:
            self._lanes = lanes_of(key[0], height=key[2], collapsed=key[1], automation=key[3])
            self._lanes_of = key
            self._looks.clear()
        return self._lanes

    def content_height(self) -> int:
        """Height of all lanes and the empty one below them, in pixels."""
        lanes = self.lanes()
        return (lanes[-1].bottom if lanes else 0) + self.ws.lane_px

    def scroll_down(self, dy: float) -> None:
        """Scroll the tracks by pixels, as far as there are some."""
        tall = max(self.content_height() - self.height() + 10, 0)
        self.ws.viewport.scroll_y = min(max(self.ws.viewport.scroll_y + dy, 0), tall)

    def _on_project(self) -> None:
        self.update()
        self._describe()

    def _on_peaks(self, source: str) -> None:
        self.tiles.forget(source)
        self.update()

    def _describe(self) -> None:
        found = self.ws.clip()
        if found is None:
            self.setAccessibleDescription(f"{len(self.ws.shown.tracks)} tracks, nothing selected")
        else:
            track, clip = found
            self.setAccessibleDescription(describe_clip(self._look(track, clip, audible=True), clip))
        self.update()

    def _look(self, track: Track, clip: Clip, *, audible: bool) -> ClipLook:
        found = self._looks.get(clip.id)
        if found is not None and found[0] is track and found[1] is clip and found[2] == audible:
            return found[3]
        look = clip_look(self.ws.shown, track, clip, audible=audible)
        self._looks[clip.id] = (track, clip, audible, look)
        return look

    def clip_rect(self, lane: Lane, clip: Clip) -> QRectF:
        """Where a clip is drawn."""
        view = self.ws.viewport
        left, right = view.x_of(clip.start_s), view.x_of(clip.end_s)
        return QRectF(left, lane.y - view.scroll_y + GAP_PX, max(right - left, 2.0), lane.height - 2 * GAP_PX)

    def hit(self, point: QPointF) -> Hit | None:
        """The lane, clip and zone under a point; None below the last lane."""
        y = point.y() + self.ws.viewport.scroll_y
        for lane in self.lanes():
            if not lane.y <= y < lane.bottom:
                continue
            if y >= lane.y + lane.height:
                row = next((row for row in lane.automation if row.y <= y < row.y + row.height), None)
                return Hit(lane=lane, row=row)
            if self.ws.is_forming(lane.track.id):
                # It can be heard and mixed already, and cut once it has landed.
                return Hit(lane=lane)
            for clip in reversed(lane.track.clips):
                rect = self.clip_rect(lane, clip)
                if rect.contains(point):
                    return Hit(lane=lane, clip=clip, zone=zone_at(rect, clip, point, self.ws.viewport.px_per_s))
            return Hit(lane=lane)
        return None

    def set_hover(self, clip_id: str | None) -> None:
        """The clip under the mouse."""
        if clip_id != self._hover:
            self._hover = clip_id
            self.update()

    def tell(self, drag: ClipDrag, project: Project) -> None:
        """Say beside the pointer where a drag has come to."""
        found = find_clip(project, drag.copies.get(drag.clip.id, "")) or find_clip(project, drag.clip.id)
        self._words = drag_words(drag.zone, found[1], self.ws.grid) if found is not None else ""

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, view, project = self.theme, self.ws.viewport, self.ws.project
        area = QRectF(event.rect())
        lanes = self.lanes()
        painter.fillRect(area, theme.color("bg.lane"))
        for lane in lanes[1::2]:
            painter.fillRect(
                QRectF(area.left(), lane.y - view.scroll_y, area.width(), lane.height), theme.color("bg.lane_alt")
            )
        paint_grid(painter, self.ws, area)
        for lane in lanes:
            bottom = lane.y - view.scroll_y + lane.height
            painter.fillRect(QRectF(area.left(), bottom - 1, area.width(), 1), theme.color("line.soft"))
        foot = (lanes[-1].bottom if lanes else 0) - view.scroll_y
        room = min(self.height() - 12 - foot, self.ws.lane_px)
        if room >= 24:
            paint_invitation(painter, self.theme, QRectF(0, foot, self.width(), room))
        start_s, end_s = view.s_of(area.left()), view.s_of(area.right() + 1)
        for lane in lanes:
            top = lane.y - view.scroll_y
            if top > area.bottom() or lane.bottom - view.scroll_y < area.top():
                continue
            for clip in lane.track.clips:
                if clip.end_s >= start_s and clip.start_s <= end_s:
                    self._paint_clip(painter, lane, clip, area)
            if lane.is_folder:
                self._paint_folder(painter, lane, area)
            if lane.automation:
                self.automation.paint(painter, lane, area)
        if project.loop.enabled and project.loop.end_s > project.loop.start_s:
            for x in (view.x_of(project.loop.start_s), view.x_of(project.loop.end_s)):
                painter.fillRect(QRectF(round(x), area.top(), 1, area.height()), theme.color("accent", 0.55))
        self._paint_signs(painter)
        painter.end()

    def _paint_clip(self, painter: QPainter, lane: Lane, clip: Clip, area: QRectF) -> None:
        source = self.ws.shown.sources.get(clip.source)
        self._painter.paint(
            painter,
            self.clip_rect(lane, clip),
            clip=clip,
            source=source,
            look=self._look(lane.track, clip, audible=lane.audible),
            pyramid=self.ws.session.peaks(source) if source is not None else None,
            px_per_s=self.ws.viewport.px_per_s,
            visible=area,
            selected=clip.id in self.ws.selected_clips,
            hovered=clip.id == self._hover,
            ratio=self.devicePixelRatioF(),
            ready=self._ready(lane, clip),
        )

    def _paint_folder(self, painter: QPainter, lane: Lane, area: QRectF) -> None:
        """What lies in a folder, in small: a bar for each clip, one row for each track."""
        tracks = [each for each in edits.whole_of(self.ws.shown, lane.track.id) if each.clips]
        if not tracks:
            return
        top, room = lane.y - self.ws.viewport.scroll_y + GAP_PX + 2, lane.height - 2 * GAP_PX - 4
        step = min(room / len(tracks), FOLDER_ROW_PX)
        top += (room - step * len(tracks)) / 2
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for row, track in enumerate(tracks):
            audible = lane.audible and track.id in self._heard()
            for clip in track.clips:
                rect = self.clip_rect(lane, clip)
                if rect.right() < area.left() or rect.left() > area.right():
                    continue
                token = self._look(track, clip, audible=audible).token
                left, right = max(rect.left(), area.left() - 1), min(rect.right(), area.right() + 1)
                where = QRectF(left, round(top + row * step), right - left, max(round(step) - 1, 1))
                painter.fillRect(where, self.theme.color(token, 0.55 if audible else 0.2))

    def _heard(self) -> frozenset[str]:
        """Ids of the tracks that sound, for the project that the lanes were worked out for."""
        shown = self.ws.shown
        if self._heard_of is None or self._heard_of[0] is not shown:
            self._heard_of = (shown, audible_track_ids(shown))
        return self._heard_of[1]

    def _ready(self, lane: Lane, clip: Clip) -> tuple[tuple[float, float], ...] | None:
        """Of a stem that is being made, the stretches of the clip that are there, in seconds after its start."""
        forming = self.ws.session.forming
        if forming is None or lane.track.parent != forming.track_id or not self.ws.is_forming(lane.track.id):
            return None
        return tuple((clip_time(clip, a), clip_time(clip, b)) for a, b in forming.ready)

    def _paint_signs(self, painter: QPainter) -> None:
        """What a drag shows: band, guide, value and where a drop would land."""
        theme, view, pointer = self.theme, self.ws.viewport, self.pointer
        if pointer.band is not None:
            band = QRectF(*pointer.band).normalized().translated(-view.origin_px, -view.scroll_y)
            painter.setPen(QPen(theme.color("accent"), 1))
            painter.setBrush(theme.color("selection"))
            painter.drawRect(band)
        if pointer.guide_s is not None:
            painter.setPen(QPen(theme.color("accent"), 1, Qt.PenStyle.DashLine))
            x = round(view.x_of(pointer.guide_s)) + 0.5
            painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
        if pointer.dragging is not None and self._words:
            self._paint_words(painter, pointer.dragging, self._words)
        if self._drop is not None:
            x, y = view.x_of(self._drop[0]), self._drop[1]
            painter.fillRect(QRectF(round(x), 0, 2, self.height()), theme.color("accent", 0.5))
            painter.fillRect(QRectF(round(x), y, 2, self.ws.lane_px), theme.color("accent"))
        self.automation.paint_tag(painter)

    def _paint_words(self, painter: QPainter, at: QPointF, text: str) -> None:
        theme = self.theme
        painter.setFont(theme.font("caption", "medium"))
        width = QFontMetrics(painter.font()).horizontalAdvance(text) + 14
        rect = QRectF(min(at.x() + 14, self.width() - width - 4), max(at.y() - 26, 2), width, 20)
        rounded(painter, rect, 4, theme.color("bg.raised"), theme.color("line.strong"))
        painter.setPen(theme.color("text"))
        painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), text)

    # the mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.pointer.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.pointer.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.pointer.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        hit = self.hit(event.position())
        if hit is not None and hit.row is not None:
            index = self.automation.point_at(hit, event.position())
            if index is not None:
                self.automation.type_value(hit, index)
        elif hit is not None and hit.clip is not None:
            self.opened.emit(hit.clip.id)

    def cancel_drag(self) -> bool:
        """Give up the drag in progress and put everything back; False when there is none."""
        return self.pointer.cancel()

    def leaveEvent(self, event) -> None:
        self.set_hover(None)
        self.automation.hover(None, QPointF())

    def wheelEvent(self, event: QWheelEvent) -> None:
        # On the parent, so that ruler, headers and lanes answer the same way.
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.cancel_drag():
            return
        arrows = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right)
        if event.key() in arrows and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            if not self.automation.key(Qt.Key(event.key())):
                self._walk(Qt.Key(event.key()))
            return
        self.pointer.modifiers_changed(event.modifiers())
        super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        self.pointer.modifiers_changed(event.modifiers())
        super().keyReleaseEvent(event)

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
        if self.pointer.busy:
            return
        hit = self.hit(QPointF(event.pos()))
        if hit is not None and hit.clip is not None and hit.clip.id not in self.ws.selected_clips:
            self.ws.select(track=hit.lane.track.id, clips=[hit.clip.id])
        elif hit is not None and hit.clip is None:
            self.ws.select(track=hit.lane.track.id)
        self.menu_asked.emit(QPointF(event.globalPos()), hit)

    def event(self, event) -> bool:
        if isinstance(event, QHelpEvent):
            hit = self.hit(QPointF(event.pos()))
            if hit is not None and hit.clip is not None:
                look = self._look(hit.lane.track, hit.clip, audible=hit.lane.audible)
                QToolTip.showText(event.globalPos(), describe_clip(look, hit.clip), self)
            else:
                QToolTip.hideText()
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
        hit = self.hit(event.position())
        lanes = self.lanes()
        foot = lanes[-1].bottom if lanes else 0
        y = hit.lane.y if hit is not None and self._takes(hit) else foot
        self._drop = (self._drop_time(event.position()), y - self.ws.viewport.scroll_y)
        event.acceptProposedAction()
        self.update()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drop = None
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:
        at_s = self._drop_time(event.position())
        self._drop = None
        mime = event.mimeData()
        if mime.hasFormat(RECORDING_MIME):
            self.recording_dropped.emit(bytes(mime.data(RECORDING_MIME).data()).decode(), at_s)
        else:
            hit = self.hit(event.position())
            paths = [url.toLocalFile() for url in mime.urls() if url.isLocalFile()]
            self.files_dropped.emit(paths, at_s, hit.lane.track.id if hit is not None and self._takes(hit) else None)
        event.acceptProposedAction()
        self.update()

    def _drop_time(self, point: QPointF) -> float:
        return self.ws.snapper().point(self.ws.viewport.s_of(point.x())).at_s

    def _takes(self, hit: Hit) -> bool:
        """Whether a file may be dropped on a lane: one of the person's own, not a stem and not a bus."""
        track = hit.lane.track
        return track.role == "own" and track.parent is None and track.kind == "audio"
