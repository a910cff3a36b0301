"""Ruler, headers, lanes and play-head together, with scrolling and zoom."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMenu, QScrollBar, QWidget

from studio.project.edits import MASTER
from studio.project.tempo import DIVISIONS
from ui.panels.arrangement.automation_header import AutomationHeader
from ui.panels.arrangement.canvas import Canvas
from ui.panels.arrangement.header import MasterHeader, TrackHeader
from ui.panels.arrangement.header_drag import HeaderDrag
from ui.panels.arrangement.playhead import PlayHead
from ui.panels.arrangement.ruler import HEIGHT as RULER_H
from ui.panels.arrangement.ruler import LOOP_Y, Ruler
from ui.viewmodels.lanes import Lane
from ui.viewmodels.workspace import Workspace
from ui.widgets.button import Button
from ui.widgets.surface import Surface

BAR = 10


class ArrangementPanel(QWidget):
    """The middle of the window."""

    files_dropped = Signal(list, float, object)
    recording_dropped = Signal(str, float)
    clip_menu_asked = Signal(QPointF, object)
    clip_opened = Signal(str)
    track_menu_asked = Signal(QPointF)
    add_asked = Signal(QPointF)

    def __init__(self, ws: Workspace):
        super().__init__()
        self.ws, self.theme = ws, ws.theme
        theme = ws.theme
        self._headers_w = theme.size("track_header")
        self.corner = Surface(theme, "bg.panel", lines="rb", parent=self)
        corner = QHBoxLayout(self.corner)
        corner.setContentsMargins(10, 24, 10, 4)
        corner.setSpacing(4)
        self.add = Button(theme, icon="plus", kind="ghost", name="Add a track", tip="Add a track")
        self.add.clicked.connect(
            lambda: self.add_asked.emit(QPointF(self.add.mapToGlobal(self.add.rect().bottomLeft())))
        )
        self.snap_value = Button(
            theme, "Snap", kind="toggle", height=22, name="Snap", tip="Snap to the grid; right-click chooses the step"
        )
        self.snap_value.clicked.connect(ws.toggle_snap)
        self.snap_value.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.snap_value.customContextMenuRequested.connect(lambda _: self._snap_menu())
        ws.snap_changed.connect(self._show_snap)
        self._show_snap()
        self.follow = Button(
            theme,
            icon="arrow-right-to-line",
            kind="toggle",
            height=24,
            name="Follow the play-head",
            tip="Follow the play-head",
        )
        self.follow.setChecked(ws.follow)
        self.follow.clicked.connect(lambda _on: self.toggle_follow())
        corner.addWidget(self.add)
        corner.addStretch(1)
        corner.addWidget(self.snap_value)
        corner.addWidget(self.follow)

        self.ruler = Ruler(ws)
        self.ruler.setParent(self)
        self.canvas = Canvas(ws)
        self.canvas.setParent(self)
        self._gutter = Surface(theme, "bg.panel", lines="r", parent=self)
        self.header_drag = HeaderDrag(ws, self._gutter, lambda: self.canvas.lanes())
        self.headers: dict[str, TrackHeader | MasterHeader] = {}
        self.automation_headers: dict[tuple[str, str], AutomationHeader] = {}
        self.playhead = PlayHead(theme, self, head_y=LOOP_Y - 1)
        self._across = QScrollBar(Qt.Orientation.Horizontal, self)
        self._down = QScrollBar(Qt.Orientation.Vertical, self)
        for bar, name in ((self._across, "Scroll time"), (self._down, "Scroll tracks")):
            bar.setAccessibleName(name)
            bar.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._across.valueChanged.connect(self._on_across)
        self._down.valueChanged.connect(self._on_down)
        self._fitted: str | None = None
        self._shown_s = -1.0
        self._scrolled_y = 0.0

        self.ruler.seek_asked.connect(ws.seek)
        self.canvas.seek_asked.connect(ws.seek)
        self.canvas.files_dropped.connect(self.files_dropped)
        self.canvas.recording_dropped.connect(self.recording_dropped)
        self.canvas.menu_asked.connect(self.clip_menu_asked)
        self.canvas.opened.connect(self.clip_opened)
        ws.lanes_changed.connect(self.refresh)
        ws.bridge.project_changed.connect(self.refresh)
        ws.bridge.forming_changed.connect(self.refresh)
        ws.bridge.library_changed.connect(self._refresh_badges)
        ws.selection_changed.connect(self._on_selection)
        ws.view_changed.connect(self._on_view)
        ws.tick.connect(self._on_tick)
        self.refresh()

    # content

    def refresh(self) -> None:
        """Bring headers, scroll bars and, for a new project, the zoom up to date."""
        project = self.ws.shown
        lanes = self.canvas.lanes()
        for track_id in [t for t in self.headers if all(lane.track.id != t for lane in lanes)]:
            header = self.headers.pop(track_id)
            header.hide()
            header.deleteLater()
        for lane in lanes:
            header = self.headers.get(lane.track.id)
            if header is None:
                kind = MasterHeader if lane.track.id == MASTER else TrackHeader
                header = kind(self.ws, lane, self._gutter)
                header.collapse_asked.connect(self._toggle_collapsed)
                header.menu_asked.connect(self.track_menu_asked)
                if isinstance(header, TrackHeader):
                    header.chosen.connect(self._choose)
                    header.drag_moved.connect(self.header_drag.move_to)
                    header.drag_ended.connect(self.header_drag.let_go)
                self.headers[lane.track.id] = header
                header.show()
            else:
                header.show_lane(lane, project)
        self._match_automation(lanes)
        self._place_headers()
        if project.length_s > 0 and self._fitted != project.id and self.isVisible():
            self._fitted = project.id
            self.zoom_to_fit()
        self._sync_bars()
        self.canvas.update()
        self._place_playhead()

    def _match_automation(self, lanes: list[Lane]) -> None:
        wanted = {(lane.track.id, row.target): lane for lane in lanes for row in lane.automation}
        for key in [key for key in self.automation_headers if key not in wanted]:
            head = self.automation_headers.pop(key)
            head.hide()
            head.deleteLater()
        for key, lane in wanted.items():
            head = self.automation_headers.get(key)
            if head is None:
                head = AutomationHeader(self.ws, lane, key[1], self._gutter)
                self.automation_headers[key] = head
                head.show()
            else:
                head.show_lane(lane)

    def _refresh_badges(self) -> None:
        for header in self.headers.values():
            header.refresh_badge(self.ws.shown)

    def _on_selection(self) -> None:
        for header in self.headers.values():
            header.update()
        self._reveal(self.ws.selected_track)

    def _reveal(self, track_id: str | None) -> None:
        """Scroll to a lane of which nothing is in sight, or that keys have gone to and is cut."""
        lane = next((lane for lane in self.canvas.lanes() if lane.track.id == track_id), None)
        if lane is None or self.canvas.pointer.busy or self.header_drag.busy:
            return
        # A track that was added just now lies beyond the end that the bar knows.
        self._sync_bars()
        top, tall = self.ws.viewport.scroll_y, self.canvas.height()
        hidden = lane.y + lane.height <= top or lane.y >= top + tall
        walked = self.canvas.hasFocus() and QApplication.mouseButtons() == Qt.MouseButton.NoButton
        if hidden or (walked and (lane.y < top or lane.y + lane.height > top + tall)):
            self._down.setValue(round(lane.y if lane.y < top else lane.y + lane.height - tall))

    def cancel_drag(self) -> bool:
        """Give up the drag of heads in progress; False when there is none."""
        if not self.header_drag.cancel():
            return False
        for header in self.headers.values():
            if isinstance(header, TrackHeader):
                header.give_up_drag()
        return True

    def _choose(self, track_id: str, modifiers: Qt.KeyboardModifier) -> None:
        """A head alone; with Ctrl in or out of those that are chosen, with Shift all up to it."""
        ws = self.ws
        chosen, focus = ws.selected_tracks, ws.selected_track
        if modifiers & Qt.KeyboardModifier.ShiftModifier and focus is not None:
            order = [lane.track.id for lane in self.canvas.lanes() if lane.track.id != MASTER]
            if focus in order:
                a, b = sorted((order.index(focus), order.index(track_id)))
                ws.select(track=focus, tracks=order[a : b + 1])
                return
        if modifiers & Qt.KeyboardModifier.ControlModifier and chosen:
            if track_id not in chosen:
                ws.select(track=track_id, tracks=chosen)
            elif len(chosen) > 1:
                kept = chosen - {track_id}
                ws.select(track=focus if focus in kept else next(iter(sorted(kept))), tracks=kept)
            return
        ws.select(track=track_id)

    def _toggle_collapsed(self, track_id: str) -> None:
        self.ws.collapsed ^= {track_id}
        self.refresh()

    def _place_headers(self) -> None:
        scroll = self._scrolled_y = self.ws.viewport.scroll_y
        for lane in self.canvas.lanes():
            header = self.headers.get(lane.track.id)
            if header is not None:
                header.setGeometry(0, round(lane.y - scroll), self._headers_w, lane.height)
            for row in lane.automation:
                head = self.automation_headers.get((lane.track.id, row.target))
                if head is not None:
                    head.setGeometry(0, round(row.y - scroll), self._headers_w, row.height)

    # view

    def resizeEvent(self, event: QResizeEvent) -> None:
        w, h, heads = self.width(), self.height(), self._headers_w
        self.corner.setGeometry(0, 0, heads, RULER_H)
        self.ruler.setGeometry(heads, 0, w - heads, RULER_H)
        self._gutter.setGeometry(0, RULER_H, heads, h - RULER_H)
        self.canvas.setGeometry(heads, RULER_H, w - heads, h - RULER_H)
        self._across.setGeometry(heads, h - BAR, w - heads - BAR, BAR)
        self._down.setGeometry(w - BAR, RULER_H, BAR, h - RULER_H - BAR)
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def zoom_to_fit(self) -> None:
        """Show the whole arrangement."""
        self.zoom_to(0.0, max(self.ws.project.length_s, 8.0))

    def zoom_to(self, start_s: float, end_s: float) -> None:
        """Show a span; `zoom_back` leads back."""
        self.ws.viewport.remember()
        self.ws.viewport.fit(start_s, end_s)
        self.ws.view_changed.emit()

    def zoom_selection(self) -> None:
        """Show the selected clips, or the loop where none is selected."""
        clips, loop = [clip for _, clip in self.ws.chosen()], self.ws.project.loop
        if clips:
            self.zoom_to(min(clip.start_s for clip in clips), max(clip.end_s for clip in clips))
        elif loop.end_s > loop.start_s:
            self.zoom_to(loop.start_s, loop.end_s)

    def zoom_back(self) -> None:
        """What was in sight before the last zoom to something; the whole arrangement where there was none."""
        if self.ws.viewport.back():
            self.ws.view_changed.emit()
        else:
            self.zoom_to_fit()

    def zoom_by(self, notches: int, x: float | None = None) -> None:
        """Zoom about a pixel, or about the play-head while it is in sight, else the middle."""
        view = self.ws.viewport
        if x is None:
            x = view.x_of(self.ws.position_s)
            if not 0 <= x <= view.width:
                x = view.width / 2
        if view.zoom(notches, x):
            self.ws.view_changed.emit()

    def _on_view(self) -> None:
        self._sync_bars()
        if self._scrolled_y != self.ws.viewport.scroll_y:
            self._place_headers()
        self._place_playhead()

    def _sync_bars(self) -> None:
        view = self.ws.viewport
        content = max(self.ws.length_s * view.px_per_s + view.width * 0.4, view.origin_px + view.width)
        wide = max(round(content - view.width), 0)
        tall = max(self.canvas.content_height() - self.canvas.height() + BAR, 0)
        view.scroll_y = min(view.scroll_y, tall)
        for bar, maximum, page, value in (
            (self._across, wide, view.width, round(view.origin_px)),
            (self._down, tall, self.canvas.height(), round(view.scroll_y)),
        ):
            bar.blockSignals(True)
            bar.setRange(0, maximum)
            bar.setPageStep(max(page, 1))
            bar.setValue(value)
            bar.blockSignals(False)
            bar.setVisible(maximum > 0)
            bar.raise_()

    def _on_across(self, value: int) -> None:
        self.ws.viewport.origin_px = float(value)
        self.ws.view_changed.emit()

    def _on_down(self, value: int) -> None:
        self.ws.viewport.scroll_y = float(value)
        self.ws.view_changed.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        view = self.ws.viewport
        delta = event.angleDelta()
        over_lanes = event.position().x() > self._headers_w
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        turn = delta.y() or delta.x()
        if shift or abs(delta.x()) > abs(delta.y()):
            view.scroll(-turn)
            self.ws.view_changed.emit()
        elif over_lanes and not event.modifiers() & Qt.KeyboardModifier.AltModifier:
            notches = round(turn / 120) or (1 if turn > 0 else -1 if turn < 0 else 0)
            self.zoom_by(notches, event.position().x() - self._headers_w)
        elif over_lanes:
            self.ws.set_lane_px(self.ws.lane_px + (8 if turn > 0 else -8))
        else:
            self.canvas.scroll_down(-turn / 2)
            self.ws.view_changed.emit()
        event.accept()

    # time

    def _place_playhead(self) -> None:
        x = self._headers_w + self.ws.viewport.x_of(self.ws.position_s)
        self.playhead.place(x, self.height(), left=self._headers_w, right=self.width())
        self.playhead.raise_()

    def _on_tick(self, elapsed_s: float, status: object, meters: object) -> None:
        if self.ws.playing and self.ws.follow and self.ws.viewport.follow(self.ws.position_s):
            self.ws.view_changed.emit()
        self._place_playhead()
        tracks, master = meters.tracks, meters.master  # type: ignore[attr-defined]
        for track_id, header in self.headers.items():
            peak_l, peak_r, *_ = master if track_id == MASTER else tracks.get(track_id, (0.0, 0.0, 0.0, 0.0))
            header.meter.feed(peak_l, peak_r, elapsed_s)
        if self._shown_s != self.ws.position_s:
            self._shown_s = self.ws.position_s
            for head in self.automation_headers.values():
                head.show_value(self._shown_s)

    # snap

    def _show_snap(self) -> None:
        step = self.ws.snap_step
        self.snap_value.setChecked(step != "off")
        self.snap_value.setText("Snap" if step == "off" else f"Snap {step}")
        self.snap_value.updateGeometry()

    def _snap_menu(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for step in DIVISIONS:
            menu.addAction(step.capitalize(), lambda step=step: self.ws.set_snap(step))
        menu.popup(self.snap_value.mapToGlobal(self.snap_value.rect().bottomLeft()))

    def toggle_follow(self) -> None:
        """Turn pages with the play-head, or stay."""
        self.ws.follow = not self.ws.follow
        self.follow.setChecked(self.ws.follow)
