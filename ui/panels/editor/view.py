"""One clip large: its waveform or spectrum, the beats of its sound, and warp markers to drag."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QWheelEvent
from PySide6.QtWidgets import QWidget

from engine.errors import EngineError
from studio.base.errors import StudioError
from studio.project import edits
from studio.project.model import Clip, Project, Source
from ui.panels.arrangement.clip_painter import ClipPainter
from ui.panels.arrangement.tiles import TileCache
from ui.panels.editor.spectrum import ramp, spectrum_image
from ui.viewmodels import clip_editor as logic
from ui.viewmodels.drags import find_clip
from ui.viewmodels.lanes import clip_look
from ui.viewmodels.workspace import Workspace

STRIP_PX = 18
"""The strip at the top in which beats and markers stand."""
NEAR_PX = 7
MIN_BEAT_PX = 5.0


class ClipView(QWidget):
    """The selected clip. A double click in the strip adds a warp marker, one on a marker takes it away, a drag moves
    it; elsewhere a click moves the play-head."""

    marker_hovered = Signal(str)

    def __init__(self, ws: Workspace):
        super().__init__()
        self.ws, self.theme = ws, ws.theme
        self.mode = "wave"
        self.viewport = logic.ClipViewport()
        self._painter = ClipPainter(self.theme, TileCache())
        self._drag: tuple[int, Clip, Project, bool] | None = None
        self._image: tuple[tuple[object, ...], QImage] | None = None
        self._playhead_x: int | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Clip, large")
        self.setToolTip("Double-click the strip to pin a place of the sound, then drag the pin to where it should play")
        ws.bridge.project_changed.connect(self.refresh)
        ws.selection_changed.connect(self.refresh)
        ws.bridge.peaks_ready.connect(self._on_peaks)
        ws.bridge.spectrum_ready.connect(self.update)
        ws.bridge.analysis_ready.connect(self.update)
        ws.tick.connect(self._on_tick)

    # what is shown

    def found(self) -> tuple[Clip, Source, str] | None:
        """The clip that is shown, its source and the id of its track."""
        pair = self.ws.clip()
        if pair is None:
            return None
        source = self.ws.project.sources.get(pair[1].source)
        return (pair[1], source, pair[0].id) if source is not None else None

    def set_mode(self, mode: str) -> None:
        """``wave`` or ``spectrum``."""
        self.mode = mode
        self.update()

    def refresh(self) -> None:
        """Show the clip as it is now."""
        found = self.found()
        if found is not None and self._drag is None and self.isVisible():
            self.viewport.look_at(found[0], self.width())
        self.update()

    def resizeEvent(self, event) -> None:
        self.refresh()

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self.refresh()

    def _on_peaks(self, source: str) -> None:
        self._painter.tiles.forget(source)
        self.update()

    def _on_tick(self) -> None:
        found = self.found()
        if found is None or not self.isVisible():
            return
        x = round(self.viewport.x_of(self.ws.position_s - found[0].start_s))
        if x != self._playhead_x:
            for each in (x, self._playhead_x):
                if each is not None:
                    self.update(each - 2, 0, 4, self.height())
            self._playhead_x = x

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, area = self.theme, QRectF(event.rect())
        painter.fillRect(area, theme.color("bg.lane"))
        painter.fillRect(QRectF(area.left(), 0, area.width(), STRIP_PX), theme.color("bg.window"))
        found = self.found()
        if found is None:
            painter.setFont(theme.font("body"))
            painter.setPen(theme.color("text.faint"))
            painter.drawText(
                self.rect(), int(Qt.AlignmentFlag.AlignCenter), "Click a clip in the arrangement to work on it here"
            )
            painter.end()
            return
        clip, source, track_id = found
        body = QRectF(
            self.viewport.x_of(0.0), STRIP_PX, clip.length_s * self.viewport.px_per_s, self.height() - STRIP_PX
        )
        painter.save()
        painter.setClipRect(body)
        if self.mode == "spectrum":
            self._paint_spectrum(painter, clip, source, body)
        else:
            self._paint_wave(painter, clip, source, track_id, body, area)
        painter.restore()
        self._paint_beats(painter, clip, source)
        self._paint_markers(painter, clip)
        x = round(self.viewport.x_of(self.ws.position_s - clip.start_s))
        painter.fillRect(QRectF(x - 0.5, 0, 1.5, self.height()), theme.color("playhead"))
        painter.end()

    def _paint_wave(
        self, painter: QPainter, clip: Clip, source: Source, track_id: str, body: QRectF, area: QRectF
    ) -> None:
        track = self.ws.project.track(track_id)
        look = clip_look(self.ws.project, track, clip, audible=True)
        self._painter.wave(
            painter,
            body,
            clip,
            source,
            self.ws.session.peaks(source),
            self.theme.color(look.token),
            1.0,
            self.viewport.px_per_s,
            area,
            self.devicePixelRatioF(),
        )

    def _paint_spectrum(self, painter: QPainter, clip: Clip, source: Source, body: QRectF) -> None:
        spectrum = self.ws.session.spectrogram(source)
        if spectrum is None:
            painter.setPen(self.theme.color("text.faint"))
            painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter), "Listening …")
            return
        view = self.viewport
        start_s, end_s = view.start_s, view.end_s
        shape = (clip.source_start_s, clip.length_s, clip.tempo_ratio, clip.reverse, clip.warp, source.blob)
        key = (*shape, start_s, end_s, self.width(), self.theme.mode)
        if self._image is None or self._image[0] != key:
            made = spectrum_image(
                spectrum, clip, start_s=start_s, end_s=end_s, width=max(self.width(), 1), colors=ramp(self.theme)
            )
            self._image = (key, made)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
        painter.drawImage(QRectF(0, body.top(), self.width(), body.height()), self._image[1])

    def _paint_beats(self, painter: QPainter, clip: Clip, source: Source) -> None:
        origin = logic.beat_source(self.ws.project, source)
        beats = logic.beats_of(origin, self.ws.session.analysis(origin))
        if not beats:
            return
        tempo = 60.0 / max((beats[-1] - beats[0]) / max(len(beats) - 1, 1), 1e-3) if len(beats) > 1 else 120.0
        per_bar = self.ws.project.beats_per_bar
        beat_px = 60.0 / tempo / clip.tempo_ratio * self.viewport.px_per_s
        every = 1 if beat_px >= MIN_BEAT_PX else per_bar
        strong, weak = self.theme.color("text.muted"), self.theme.color("line.strong")
        for index in range(0, len(beats), every):
            at_s = logic.clip_time(clip, beats[index])
            x = self.viewport.x_of(at_s)
            if not (0.0 <= at_s <= clip.length_s and -1 <= x <= self.width()):
                continue
            bar = index % per_bar == 0
            painter.fillRect(
                QRectF(round(x), STRIP_PX - (9 if bar else 5), 1, 9 if bar else 5), strong if bar else weak
            )
            if bar and beat_px * per_bar > 40:
                faint = self.theme.color("text", 0.16)
                painter.fillRect(QRectF(round(x), STRIP_PX, 1, self.height() - STRIP_PX), faint)

    def _paint_markers(self, painter: QPainter, clip: Clip) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        accent = self.theme.color("accent")
        for marker in clip.warp:
            x = self._marker_x(clip, marker.clip_s)
            painter.setPen(QPen(accent, 1.2))
            painter.drawLine(QPointF(x, 8), QPointF(x, self.height()))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(accent)
            painter.drawPolygon(QPolygonF([QPointF(x - 6, 1), QPointF(x + 6, 1), QPointF(x, 10)]))

    def _marker_x(self, clip: Clip, clip_s: float) -> float:
        """Where a marker stands; marker times of a reversed clip are those before it is turned."""
        return self.viewport.x_of(clip.length_s - clip_s if clip.reverse else clip_s)

    # the mouse

    def _marker_at(self, clip: Clip, point: QPointF) -> int | None:
        if point.y() > STRIP_PX + 4:
            return None
        near = [(abs(self._marker_x(clip, m.clip_s) - point.x()), index) for index, m in enumerate(clip.warp)]
        best = min(near, default=(NEAR_PX + 1.0, -1))
        return best[1] if best[0] <= NEAR_PX else None

    def _clip_s(self, clip: Clip, x: float) -> float:
        at_s = min(max(self.viewport.s_of(x), 0.0), clip.length_s)
        return clip.length_s - at_s if clip.reverse else at_s

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self.found()
        if found is None or event.button() != Qt.MouseButton.LeftButton:
            return
        clip = found[0]
        index = self._marker_at(clip, event.position())
        if index is not None:
            self._drag = (index, clip, self.ws.project, False)
        elif event.position().y() > STRIP_PX:
            self.ws.seek(clip.start_s + min(self.viewport.s_of(event.position().x()), clip.length_s))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        found = self.found()
        if self._drag is None:
            over = found is not None and self._marker_at(found[0], event.position()) is not None
            self.setCursor(Qt.CursorShape.SizeHorCursor if over else Qt.CursorShape.ArrowCursor)
            return
        index, clip, base, begun = self._drag
        if not begun:
            self.ws.session.begin_gesture("Warp")
            self._drag = (index, clip, base, True)
        clip_s = self._clip_s(clip, event.position().x())
        if not event.modifiers() & Qt.KeyboardModifier.ShiftModifier and not clip.reverse:
            clip_s = self.ws.snap(clip.start_s + clip_s) - clip.start_s
        try:
            self.ws.session.update_gesture(edits.set_warp(base, clip.id, logic.moved_marker(clip, index, clip_s)))
        except (StudioError, EngineError) as error:
            self.cancel_drag()
            self.ws.fail(error)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        drag, self._drag = self._drag, None
        if drag is not None and drag[3]:
            self.ws.session.end_gesture()
            self.refresh()

    def cancel_drag(self) -> bool:
        """Give up the drag in progress; False when there is none."""
        drag, self._drag = self._drag, None
        if drag is None or not drag[3]:
            return False
        self.ws.session.cancel_gesture()
        return True

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        found = self.found()
        if found is None or event.position().y() > STRIP_PX + 4:
            return
        clip = found[0]
        index = self._marker_at(clip, event.position())
        self._drag = None
        if index is not None:
            self.ws.commit("Remove warp marker", lambda p: _removed(p, clip.id, index))
        else:
            clip_s = self._clip_s(clip, event.position().x())
            self.ws.commit("Add warp marker", lambda p: edits.set_warp(p, clip.id, logic.with_marker(clip, clip_s)))

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta().y() or event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.viewport.scroll(-turn)
        else:
            self.viewport.zoom(round(turn / 120) or (1 if turn > 0 else -1), event.position().x())
        self.update()
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.cancel_drag():
            return
        super().keyPressEvent(event)


def _removed(project: Project, clip_id: str, index: int) -> Project:
    found = find_clip(project, clip_id)
    return project if found is None else logic.without_marker(project, found[1], index)
