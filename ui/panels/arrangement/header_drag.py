"""Dragging tracks by their heads: to another place, into a folder, or out of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from ui.panels.arrangement.header import INDENT
from ui.viewmodels.lanes import Lane
from ui.viewmodels.track_drop import TrackDrop, drop_at
from ui.viewmodels.workspace import Workspace
from ui.widgets.paint import rounded


class HeaderDrag(QWidget):
    """Lies over the heads while some are dragged, and shows where they would come to lie; letting go is one step of
    undo."""

    def __init__(self, ws: Workspace, gutter: QWidget, lanes: Callable[[], Sequence[Lane]]):
        super().__init__(gutter)
        self.ws, self.theme = ws, ws.theme
        self._gutter, self._lanes = gutter, lanes
        self._track_ids: list[str] = []
        self._drop: TrackDrop | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    @property
    def drop(self) -> TrackDrop | None:
        """Where the dragged tracks would come to lie now."""
        return self._drop

    @property
    def busy(self) -> bool:
        """Whether heads are being dragged."""
        return self.drop is not None

    def move_to(self, track_id: str, at: QPoint) -> None:
        """The pointer is at `at` (of the screen) with the head of this track, and all others that are chosen."""
        gutter = self._gutter
        if not self._track_ids:
            chosen = self.ws.selected_tracks | {track_id}
            self._track_ids = [track.id for track in self.ws.project.tracks if track.id in chosen]
            self.setGeometry(gutter.rect())
            self.show()
            self.raise_()
        point = gutter.mapFromGlobal(at)
        y = min(max(point.y(), 0), gutter.height()) + self.ws.viewport.scroll_y
        self._drop = drop_at(self.ws.project, self._lanes(), self._track_ids, y, point.x() // INDENT)
        gutter.setCursor(Qt.CursorShape.ClosedHandCursor if self._drop else Qt.CursorShape.ForbiddenCursor)
        self.update()

    def let_go(self) -> None:
        """Put the tracks there."""
        drop, track_ids = self._drop, self._track_ids
        self.cancel()
        if drop is not None and track_ids:
            label = "Move track" if len(track_ids) == 1 else "Move tracks"
            self.ws.commit(label, lambda project: drop.carry_out(project, track_ids))

    def cancel(self) -> bool:
        """Give the drag up; False when there is none."""
        busy = bool(self._track_ids)
        self._track_ids, self._drop = [], None
        self._gutter.unsetCursor()
        self.hide()
        return busy

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._drop is None:
            return
        painter = QPainter(self)
        accent = self.theme.color(self.theme.accent_ink)
        top = self._drop.top - self.ws.viewport.scroll_y
        x = INDENT * self._drop.depth
        if self._drop.height:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            rounded(
                painter,
                QRectF(x + 1, top + 1, self.width() - x - 3, self._drop.height - 3),
                4,
                self.theme.color("selection"),
                accent,
            )
        else:
            painter.fillRect(QRectF(x, max(top - 1, 0), self.width() - x - 1, 2), accent)
        painter.end()
