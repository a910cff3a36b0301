"""The piano roll: the notes of a part, drawn, chosen, moved and struck by mouse and by keys."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap, QWheelEvent
from PySide6.QtWidgets import QWidget

from engine.midi.score import Score
from studio.project import notes
from studio.project.model import Clip
from ui.panels.editor.roll_keys import doing
from ui.panels.editor.roll_painter import RollPainter
from ui.panels.editor.roll_pointer import CTRL, SHIFT, RollPointer
from ui.panels.editor.roll_shape import HEAD_PX, KEYS_PX, ROW_PX, Paper, RollView, Shape
from ui.viewmodels.clip_editor import ClipViewport
from ui.viewmodels.lanes import clip_look
from ui.viewmodels.workspace import Workspace


class PianoRoll(QWidget):
    """The notes of the selected clip. A double click draws or deletes one, a drag moves them, at their end it changes
    their length; on an empty place it chooses what it covers. Keys do the same."""

    menu_asked = Signal(QPointF)

    def __init__(self, ws: Workspace, viewport: ClipViewport):
        super().__init__()
        self.ws, self.theme, self.desk = ws, ws.theme, ws.notes
        self.view = RollView(viewport)
        self._shape: tuple[tuple[object, ...], Shape] | None = None
        self._written_on: tuple[object, tuple[object, ...], Paper] | None = None
        self._picture: tuple[tuple[object, ...], QPixmap] | None = None
        self.pointer = RollPointer(self)
        self._shown: str | None = None
        self._looked_at: str | None = None
        self._playhead_x: int | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Notes")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.desk.changed.connect(self.refresh)
        ws.bridge.project_changed.connect(self.update)
        ws.tick.connect(self._on_tick)

    # what is shown

    def found(self) -> tuple[Score, Clip] | None:
        """The notes and their clip."""
        score, clip = self.desk.score, self.desk.clip()
        return (score, clip) if score is not None and clip is not None else None

    def shape(self) -> Shape:
        """Where the notes lie in time and on the lines."""
        found = self.found()
        assert found is not None
        score, clip = found
        timing = (clip.source_start_s, clip.length_s, clip.tempo_ratio, clip.reverse, clip.warp)
        if self._shape is None or self._shape[0][0] is not score.notes or self._shape[0][1] != timing:
            self._shape = ((score.notes, timing), Shape.of(score, clip, self.desk.rows))
        return self._shape[1]

    def _paper(self, score: Score, clip: Clip) -> Paper:
        timing = (score.song, clip.source_start_s, clip.length_s, clip.tempo_ratio, clip.reverse, clip.warp)
        known = self._written_on
        if known is None or known[0] is not score.song or known[1] != timing[1:]:
            known = self._written_on = (score.song, timing[1:], Paper.of(score, clip))
        return known[2]

    def refresh(self) -> None:
        """Show the notes as they are now; those of another clip are brought into sight."""
        found = self.found()
        key = found[1].id if found is not None else None
        self.view.count = max(len(self.desk.rows), 1)
        if key != self._shown:
            self._shown, self.pointer.drag = key, None
        self._measure()
        self._look_at_clip()
        self._describe()
        self.update()

    def _look_at_clip(self) -> None:
        """Bring the lines into sight that most notes of another clip are on."""
        found = self.found()
        if found is None or not self.isVisible() or self._looked_at == found[1].id:
            return
        self._looked_at = found[1].id
        heard = self.desk.heard()
        if heard:
            rows = sorted(int(self.shape().row[index]) for index in heard)
            self.view.show_rows(rows[len(rows) // 20], rows[-1 - len(rows) // 20])

    def _describe(self) -> None:
        found = self.found()
        if found is None:
            self.setAccessibleDescription("This clip has no notes")
            return
        score, clip = found
        chosen = sorted(self.desk.chosen)
        text = f"{len(score.notes)} notes, {len(chosen)} chosen"
        if chosen:
            note = score.notes[chosen[0]]
            at_s = clip.start_s + float(self.shape().start_s[chosen[0]])
            text += f": {notes.note_name(score, note)} at {self.ws.grid.position(at_s)}, velocity {note.velocity:.0%}"
        self.setAccessibleDescription(text)

    def resizeEvent(self, event) -> None:
        self._measure()

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self._measure()
        self.refresh()

    def _measure(self) -> None:
        self.view.width, self.view.height = self.width(), self.height()
        found = self.found()
        if found is not None and self.isVisible():
            self.view.viewport.look_at(found[1], self.width() - KEYS_PX)
        self.view.scroll_to(self.view.scroll_y)

    def _on_tick(self) -> None:
        found = self.found()
        if found is None or not self.isVisible():
            return
        x = round(self.view.x_of(self.ws.position_s - found[1].start_s))
        if x != self._playhead_x:
            for each in (x, self._playhead_x):
                if each is not None and each >= KEYS_PX - 2:
                    self.update(each - 2, 0, 4, self.height())
            self._playhead_x = x

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        found = self.found()
        if found is None:
            painter.fillRect(self.rect(), self.theme.color("bg.lane"))
            painter.setFont(self.theme.font("body"))
            painter.setPen(self.theme.color("text.faint"))
            text = (
                "This clip has no notes: the parts that a restyle writes have some"
                if self.ws.clip() is not None
                else "Click a part that a restyle has written to change its notes here"
            )
            painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter), text)
            painter.end()
            return
        painter.drawPixmap(0, 0, self._painted(*found))
        self._paint_band(painter)
        x = round(self.view.x_of(self.ws.position_s - found[1].start_s))
        if x >= KEYS_PX:
            painter.fillRect(QRectF(x - 0.5, 0, 1.5, self.height()), self.theme.color("playhead"))
        if self.hasFocus():
            painter.setPen(self.theme.color("focus"))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _painted(self, score: Score, clip: Clip) -> QPixmap:
        """All but what moves, kept until something changes."""
        view, ratio = self.view, self.devicePixelRatioF()
        track = self.ws.clip()
        token = clip_look(self.ws.project, track[0], clip, audible=True).token if track is not None else "stem.own"
        key = (
            id(score.notes), clip, self.desk.chosen, self.desk.grid, view.viewport.level, view.viewport.origin_px,
            view.row_px, view.scroll_y, self.width(), self.height(), ratio, self.theme.mode, token,
        )  # fmt: skip
        if self._picture is None or self._picture[0] != key:
            picture = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
            picture.setDevicePixelRatio(ratio)
            painter = QPainter(picture)
            made = RollPainter(self.theme, view, score, clip, self.desk.rows, self._paper(score, clip))
            made.paint(painter, self.shape(), self.desk.chosen, token, self.desk.grid)
            painter.end()
            self._picture = (key, picture)
        return self._picture[1]

    def _paint_band(self, painter: QPainter) -> None:
        drag = self.pointer.drag
        if drag is not None and drag.said:
            at = drag.now or drag.start
            painter.setFont(self.theme.font("caption", "medium"))
            painter.setPen(self.theme.color("text"))
            painter.drawText(QPointF(at.x() + 8, self.view.velocities.top() - 4), drag.said)
        if drag is not None and drag.kind == "band" and drag.now is not None:
            painter.fillRect(self.pointer.band(drag), self.theme.color("selection"))
            painter.setPen(self.theme.color("accent"))
            painter.drawRect(self.pointer.band(drag))

    # the mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pointer.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.pointer.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.pointer.release()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.pointer.double(event)

    def cancel_drag(self) -> bool:
        """Give up the drag in progress; False when there is none."""
        return self.pointer.cancel()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        found = self.found()
        if found is not None:
            index = self.view.note_at(self.shape(), found[1], QPointF(event.pos()), self.desk.chosen)
            if index is not None and index not in self.desk.chosen:
                self.desk.choose([index])
            self.menu_asked.emit(QPointF(event.globalPos()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta().y() or event.angleDelta().x()
        notch = round(turn / 120) or (1 if turn > 0 else -1)
        modifiers = event.modifiers()
        if modifiers & SHIFT:
            self.view.viewport.scroll(-turn)
        elif modifiers & Qt.KeyboardModifier.AltModifier:
            self.set_row_px(self.view.row_px + notch, event.position().y())
        elif modifiers & CTRL or self.view.count * self.view.row_px <= self.view.body.height():
            self.view.viewport.zoom(notch, event.position().x() - KEYS_PX)
        else:
            self.view.scroll_to(self.view.scroll_y - turn / 120 * 3 * self.view.row_px)
        self.update()
        event.accept()

    def set_row_px(self, height: int, y: float | None = None) -> None:
        """Another height of the lines, with the one under `y` where it is."""
        height = min(max(height, ROW_PX[0]), ROW_PX[1])
        y = self.view.body.center().y() if y is None else y
        lines = (y - HEAD_PX + self.view.scroll_y) / self.view.row_px
        self.view.row_px = height
        self.view.scroll_to(lines * height - (y - HEAD_PX))
        self.update()

    # keys

    def event(self, event: QEvent) -> bool:
        # Keys of the window that mean notes while this has the keyboard.
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and self.found() is not None
            and doing(self, event) is not None
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and (self.pointer.cancel() or self.desk.chosen):
            self.desk.choose_none()
            return
        done = doing(self, event) if self.found() is not None else None
        if done is None:
            super().keyPressEvent(event)
            return
        done()
        if self.desk.chosen and self.found() is not None:
            self.view.reveal(int(self.shape().row[min(self.desk.chosen)]))
            self.update()

    def page(self, by: int) -> None:
        """Scroll by so many heights of what is in sight."""
        self.view.scroll_to(self.view.scroll_y + by * self.view.body.height() * 0.8)
        self.update()

    def zoom(self, notches: int) -> None:
        """Zoom in time about the middle."""
        self.view.viewport.zoom(notches, (self.width() - KEYS_PX) / 2)
        self.update()

    def focusInEvent(self, event) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event) -> None:
        super().focusOutEvent(event)
        self.update()
