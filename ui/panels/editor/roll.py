"""The piano roll: the notes of a part, drawn, chosen, moved and struck by mouse and by keys."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.structs import replace
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap, QWheelEvent
from PySide6.QtWidgets import QWidget

from engine.midi.score import Score, ScoreNote
from studio.project import notes
from studio.project.model import Clip
from studio.project.warp import WarpMap
from ui.panels.editor.roll_painter import RollPainter
from ui.panels.editor.roll_shape import EDGE_PX, HEAD_PX, KEYS_PX, ROW_PX, Paper, RollView, Shape
from ui.viewmodels.clip_editor import ClipViewport
from ui.viewmodels.lanes import clip_look
from ui.viewmodels.workspace import Workspace

REACH_PX = 3
"""How far the mouse moves before a press is a drag."""
_CTRL, _SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
_KEY = Qt.Key


@dataclass
class _Drag:
    """What is being dragged, and what there was before."""

    kind: str
    """``move``, ``resize``, ``draw``, ``velocity`` or ``band``."""
    start: QPointF
    score: Score
    chosen: frozenset[int]
    index: int = -1
    moved: bool = False
    now: QPointF | None = None
    said: str = ""
    """What is shown beside the mouse."""


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
        self._drag: _Drag | None = None
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
            self._shown, self._drag = key, None
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
        drag = self._drag
        if drag is not None and drag.said:
            at = drag.now or drag.start
            painter.setFont(self.theme.font("caption", "medium"))
            painter.setPen(self.theme.color("text"))
            painter.drawText(QPointF(at.x() + 8, self.view.velocities.top() - 4), drag.said)
        if drag is not None and drag.kind == "band" and drag.now is not None:
            painter.fillRect(self._band(drag), self.theme.color("selection"))
            painter.setPen(self.theme.color("accent"))
            painter.drawRect(self._band(drag))

    def _band(self, drag: _Drag) -> QRectF:
        return QRectF(drag.start, drag.now or drag.start).normalized().intersected(self.view.body)

    # the mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self.found()
        if found is None or event.button() != Qt.MouseButton.LeftButton:
            return
        score, clip = found
        desk, view, point = self.desk, self.view, event.position()
        adds = bool(event.modifiers() & (_CTRL | _SHIFT))
        if point.y() < HEAD_PX:
            if point.x() >= KEYS_PX:
                self.ws.seek(clip.start_s + min(view.s_of(point.x()), clip.length_s))
            return
        if view.velocities.top() <= point.y():
            self._strike(_Drag("velocity", point, score, desk.chosen), point)
            return
        if point.x() < KEYS_PX:
            row = view.row_at(point.y())
            whole = frozenset(i for i in desk.heard() if int(self.shape().row[i]) == row)
            desk.choose(desk.chosen | whole if adds else whole)
            return
        index = view.note_at(self.shape(), clip, point, desk.chosen)
        if index is None:
            if desk.drawing:
                self._draw(point)
                return
            self._drag = _Drag("band", point, score, desk.chosen if adds else frozenset())
            return
        if adds:
            desk.choose(desk.chosen ^ {index})
        elif index not in desk.chosen:
            desk.choose([index])
        desk.velocity = score.notes[index].velocity
        if index in desk.chosen:
            kind = "resize" if self._at_end(index, point) else "move"
            self._drag = _Drag(kind, point, score, desk.chosen, index)

    def _at_end(self, index: int, point: QPointF) -> bool:
        rect = self.view.rect(self.shape(), index)
        return rect.width() >= EDGE_PX and rect.right() - point.x() <= min(EDGE_PX, rect.width() / 3)

    def _draw(self, point: QPointF) -> None:
        """A new note where the mouse is; while it is held its length follows."""
        found = self.found()
        if found is None:
            return
        score, clip = found
        row = self.desk.rows[self.view.row_at(point.y())]
        at_s = WarpMap.of(clip).source_at(self._clip_s(clip, point.x()))
        start_s = self.desk.snapped(at_s, down=True)
        note = ScoreNote(start_s, self.desk.grid_s(start_s), float(row.pitch), self.desk.velocity, row.voice)
        made = notes.added(score, [note])
        self._drag = _Drag("draw", point, replace(score, notes=made[0]), made[1], moved=True)
        self.desk.show(made)
        self._before_draw = score

    def _clip_s(self, clip: Clip, x: float) -> float:
        at_s = min(max(self.view.s_of(x), 0.0), clip.length_s)
        return clip.length_s - at_s if clip.reverse else at_s

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        found, drag, point = self.found(), self._drag, event.position()
        if found is None:
            return
        if drag is None:
            self._hover(found[1], point)
            return
        if not drag.moved and (point - drag.start).manhattanLength() < REACH_PX and drag.kind != "velocity":
            return
        drag.moved, drag.now = True, point
        free = bool(event.modifiers() & _SHIFT)
        if drag.kind == "band":
            chosen = self.view.notes_in(self.shape(), found[1], self._band(drag))
            self.desk.choose(drag.chosen | chosen)
            self.update()
        elif drag.kind == "velocity":
            self._strike(drag, point)
        elif drag.kind == "move":
            rows = self.view.row_at(point.y()) - self.view.row_at(drag.start.y())
            self.desk.show(notes.moved(drag.score, drag.chosen, by_s=self._by_s(drag, found[1], free), by_rows=rows))
        else:
            self.desk.show(notes.resized(drag.score, drag.chosen, by_s=self._longer_s(drag, found[1], free)))

    def _shift_s(self, drag: _Drag, clip: Clip, point: QPointF) -> float:
        """How far the mouse has come, in seconds of the sound."""
        along = WarpMap.of(clip)
        return along.source_at(self._clip_s(clip, point.x())) - along.source_at(self._clip_s(clip, drag.start.x()))

    def _by_s(self, drag: _Drag, clip: Clip, free: bool) -> float:
        by_s = self._shift_s(drag, clip, drag.now or drag.start)
        start_s = drag.score.notes[drag.index].start_s
        return by_s if free else self.desk.snapped(start_s + by_s) - start_s if abs(by_s) > 1e-9 else 0.0

    def _longer_s(self, drag: _Drag, clip: Clip, free: bool) -> float:
        by_s = self._shift_s(drag, clip, drag.now or drag.start)
        note = drag.score.notes[drag.index if drag.index >= 0 else min(drag.chosen)]
        if drag.kind == "draw":
            return max(by_s, 0.0) if free else max(self.desk.snapped(note.end_s + by_s) - note.end_s, 0.0)
        return by_s if free else self.desk.snapped(note.end_s + by_s) - note.end_s

    def _strike(self, drag: _Drag, point: QPointF) -> None:
        """Velocities follow the mouse: those of the notes under it."""
        found = self.found()
        self._drag = drag
        if found is None:
            return
        score, clip = found
        which = self.view.struck_at(self.shape(), clip, point.x(), drag.chosen)
        area = self.view.velocities
        value = (area.bottom() - 2 - point.y()) / (area.height() - 8)
        if which:
            drag.moved = True
            value = min(max(value, 0.01), 1.0)
            changed = notes.with_velocity(score.notes, which, to=value)
            self.desk.velocity = value
            self.desk.show((changed[0], drag.chosen))
            drag.said = f"{value * 100:.0f} %"

    def _hover(self, clip: Clip, point: QPointF) -> None:
        view = self.view
        shape = Qt.CursorShape.ArrowCursor
        if view.body.contains(point):
            index = view.note_at(self.shape(), clip, point, self.desk.chosen)
            if index is not None:
                shape = Qt.CursorShape.SizeHorCursor if self._at_end(index, point) else Qt.CursorShape.SizeAllCursor
            elif self.desk.drawing:
                shape = Qt.CursorShape.CrossCursor
        elif view.velocities.contains(point):
            shape = Qt.CursorShape.SizeVerCursor
        self.setCursor(shape)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        drag, self._drag = self._drag, None
        if drag is None:
            return
        if drag.kind == "band":
            if not drag.moved:
                self.desk.choose(drag.chosen)
            self.update()
        elif drag.moved:
            before = self._before_draw if drag.kind == "draw" else drag.score
            labels = {"move": "Move notes", "resize": "Length of notes", "draw": "Draw note", "velocity": "Velocity"}
            self.desk.land(labels[drag.kind], before)

    def cancel_drag(self) -> bool:
        """Give up the drag in progress; False when there is none."""
        drag, self._drag = self._drag, None
        if drag is None:
            return False
        if drag.moved and drag.kind != "band":
            self.desk.restore(self._before_draw if drag.kind == "draw" else drag.score, drag.chosen)
            if drag.kind == "draw":
                self.desk.choose_none()
        self.update()
        return True

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        found = self.found()
        if (
            found is None
            or event.button() != Qt.MouseButton.LeftButton
            or not self.view.body.contains(event.position())
        ):
            self.mousePressEvent(event)
            return
        self._drag = None
        index = self.view.note_at(self.shape(), found[1], event.position(), self.desk.chosen)
        if index is not None:
            self.desk.apply("Delete note", lambda score: notes.removed(score.notes, {index}))
        else:
            self._draw(event.position())

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
        if modifiers & _SHIFT:
            self.view.viewport.scroll(-turn)
        elif modifiers & Qt.KeyboardModifier.AltModifier:
            self.set_row_px(self.view.row_px + notch, event.position().y())
        elif modifiers & _CTRL or self.view.count * self.view.row_px <= self.view.body.height():
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
            and self._doing(event) is not None
        ):
            event.accept()
            return True
        return super().event(event)

    def _doing(self, event: QKeyEvent):
        """What a key does here, or None."""
        desk, key = self.desk, Qt.Key(event.key())
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        some = bool(desk.chosen)
        plain = {
            _KEY.Key_Left: lambda: desk.move(-1) if some else desk.choose_beside(-1),
            _KEY.Key_Right: lambda: desk.move(1) if some else desk.choose_beside(1),
            _KEY.Key_Up: lambda: desk.transpose(1),
            _KEY.Key_Down: lambda: desk.transpose(-1),
            _KEY.Key_Comma: lambda: desk.choose_beside(-1),
            _KEY.Key_Period: lambda: desk.choose_beside(1),
            _KEY.Key_Delete: desk.remove,
            _KEY.Key_Backspace: desk.remove,
            _KEY.Key_Return: desk.add_at_playhead,
            _KEY.Key_Enter: desk.add_at_playhead,
            _KEY.Key_PageUp: lambda: self._page(-1),
            _KEY.Key_PageDown: lambda: self._page(1),
            _KEY.Key_Plus: lambda: self._zoom(2),
            _KEY.Key_Equal: lambda: self._zoom(2),
            _KEY.Key_Minus: lambda: self._zoom(-2),
        }
        shifted = {
            _KEY.Key_Left: lambda: desk.move(-1, fine=True),
            _KEY.Key_Right: lambda: desk.move(1, fine=True),
            _KEY.Key_Up: lambda: desk.octave(1),
            _KEY.Key_Down: lambda: desk.octave(-1),
            _KEY.Key_Plus: lambda: self._zoom(2),
        }
        control = {
            _KEY.Key_A: desk.choose_all,
            _KEY.Key_C: desk.copy,
            _KEY.Key_X: desk.cut,
            _KEY.Key_V: desk.paste,
            _KEY.Key_D: desk.duplicate,
            _KEY.Key_Up: lambda: desk.strike(1),
            _KEY.Key_Down: lambda: desk.strike(-1),
        }
        if held == Qt.KeyboardModifier.NoModifier:
            return plain.get(key)
        if held == _SHIFT:
            return shifted.get(key)
        if held == _CTRL:
            return control.get(key)
        return desk.choose_none if held == _CTRL | _SHIFT and key == _KEY.Key_A else None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == _KEY.Key_Escape and (self.cancel_drag() or self.desk.chosen):
            self.desk.choose_none()
            return
        done = self._doing(event) if self.found() is not None else None
        if done is None:
            super().keyPressEvent(event)
            return
        done()
        if self.desk.chosen and self.found() is not None:
            self.view.reveal(int(self.shape().row[min(self.desk.chosen)]))
            self.update()

    def _page(self, by: int) -> None:
        self.view.scroll_to(self.view.scroll_y + by * self.view.body.height() * 0.8)
        self.update()

    def _zoom(self, notches: int) -> None:
        self.view.viewport.zoom(notches, (self.width() - KEYS_PX) / 2)
        self.update()

    def focusInEvent(self, event) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event) -> None:
        super().focusOutEvent(event)
        self.update()
