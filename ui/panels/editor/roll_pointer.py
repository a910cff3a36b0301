"""What the mouse does on the piano roll: choose, move, draw, lengthen and strike notes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QMouseEvent

from engine.midi.score import Score, ScoreNote
from studio.project import notes
from studio.project.model import Clip
from studio.project.warp import WarpMap
from ui.panels.editor.roll_shape import EDGE_PX, HEAD_PX, KEYS_PX

REACH_PX = 3
"""How far the mouse moves before a press is a drag."""
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@dataclass
class Drag:
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


class RollPointer:
    """Of one piano roll; `drag` is what is being dragged."""

    def __init__(self, roll: Any):
        self.roll, self.desk, self.view = roll, roll.desk, roll.view
        self.drag: Drag | None = None
        self._before_draw: Score | None = None

    def press(self, event: QMouseEvent) -> None:
        """A press: on the head it moves the play-head, else it begins a drag or chooses."""
        found = self.roll.found()
        if found is None or event.button() != Qt.MouseButton.LeftButton:
            return
        score, clip = found
        desk, view, point = self.desk, self.view, event.position()
        adds = bool(event.modifiers() & (CTRL | SHIFT))
        if point.y() < HEAD_PX:
            if point.x() >= KEYS_PX:
                self.roll.ws.seek(clip.start_s + min(view.s_of(point.x()), clip.length_s))
            return
        if view.velocities.top() <= point.y():
            self._strike(Drag("velocity", point, score, desk.chosen), point)
            return
        if point.x() < KEYS_PX:
            row = view.row_at(point.y())
            whole = frozenset(i for i in desk.heard() if int(self.roll.shape().row[i]) == row)
            desk.choose(desk.chosen | whole if adds else whole)
            return
        index = view.note_at(self.roll.shape(), clip, point, desk.chosen)
        if index is None:
            if desk.drawing:
                self._draw(point)
                return
            self.drag = Drag("band", point, score, desk.chosen if adds else frozenset())
            return
        if adds:
            desk.choose(desk.chosen ^ {index})
        elif index not in desk.chosen:
            desk.choose([index])
        desk.velocity = score.notes[index].velocity
        if index in desk.chosen:
            kind = "resize" if self._at_end(index, point) else "move"
            self.drag = Drag(kind, point, score, desk.chosen, index)

    def _at_end(self, index: int, point: QPointF) -> bool:
        rect = self.view.rect(self.roll.shape(), index)
        return rect.width() >= EDGE_PX and rect.right() - point.x() <= min(EDGE_PX, rect.width() / 3)

    def _draw(self, point: QPointF) -> None:
        """A new note where the mouse is; while it is held its length follows."""
        found = self.roll.found()
        if found is None:
            return
        score, clip = found
        row = self.desk.rows[self.view.row_at(point.y())]
        at_s = WarpMap.of(clip).source_at(self._clip_s(clip, point.x()))
        start_s = self.desk.snapped(at_s, down=True)
        note = ScoreNote(start_s, self.desk.grid_s(start_s), float(row.pitch), self.desk.velocity, row.voice)
        made = notes.added(score, [note])
        self.drag = Drag("draw", point, replace(score, notes=made[0]), made[1], moved=True)
        self.desk.show(made)
        self._before_draw = score

    def _clip_s(self, clip: Clip, x: float) -> float:
        at_s = min(max(self.view.s_of(x), 0.0), clip.length_s)
        return clip.length_s - at_s if clip.reverse else at_s

    def move(self, event: QMouseEvent) -> None:
        """The mouse goes on, with or without a drag."""
        found, drag, point = self.roll.found(), self.drag, event.position()
        if found is None:
            return
        if drag is None:
            self._hover(found[1], point)
            return
        if not drag.moved and (point - drag.start).manhattanLength() < REACH_PX and drag.kind != "velocity":
            return
        drag.moved, drag.now = True, point
        free = bool(event.modifiers() & SHIFT)
        if drag.kind == "band":
            chosen = self.view.notes_in(self.roll.shape(), found[1], self.band(drag))
            self.desk.choose(drag.chosen | chosen)
            self.roll.update()
        elif drag.kind == "velocity":
            self._strike(drag, point)
        elif drag.kind == "move":
            rows = self.view.row_at(point.y()) - self.view.row_at(drag.start.y())
            self.desk.show(notes.moved(drag.score, drag.chosen, by_s=self._by_s(drag, found[1], free), by_rows=rows))
        else:
            self.desk.show(notes.resized(drag.score, drag.chosen, by_s=self._longer_s(drag, found[1], free)))

    def _shift_s(self, drag: Drag, clip: Clip, point: QPointF) -> float:
        """How far the mouse has come, in seconds of the sound."""
        along = WarpMap.of(clip)
        return along.source_at(self._clip_s(clip, point.x())) - along.source_at(self._clip_s(clip, drag.start.x()))

    def _by_s(self, drag: Drag, clip: Clip, free: bool) -> float:
        by_s = self._shift_s(drag, clip, drag.now or drag.start)
        start_s = drag.score.notes[drag.index].start_s
        return by_s if free else self.desk.snapped(start_s + by_s) - start_s if abs(by_s) > 1e-9 else 0.0

    def _longer_s(self, drag: Drag, clip: Clip, free: bool) -> float:
        by_s = self._shift_s(drag, clip, drag.now or drag.start)
        note = drag.score.notes[drag.index if drag.index >= 0 else min(drag.chosen)]
        if drag.kind == "draw":
            return max(by_s, 0.0) if free else max(self.desk.snapped(note.end_s + by_s) - note.end_s, 0.0)
        return by_s if free else self.desk.snapped(note.end_s + by_s) - note.end_s

    def _strike(self, drag: Drag, point: QPointF) -> None:
        """Velocities follow the mouse: those of the notes under it."""
        found = self.roll.found()
        self.drag = drag
        if found is None:
            return
        score, clip = found
        which = self.view.struck_at(self.roll.shape(), clip, point.x(), drag.chosen)
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
            index = view.note_at(self.roll.shape(), clip, point, self.desk.chosen)
            if index is not None:
                shape = Qt.CursorShape.SizeHorCursor if self._at_end(index, point) else Qt.CursorShape.SizeAllCursor
            elif self.desk.drawing:
                shape = Qt.CursorShape.CrossCursor
        elif view.velocities.contains(point):
            shape = Qt.CursorShape.SizeVerCursor
        self.roll.setCursor(shape)

    def release(self) -> None:
        """A drag lands, as one step."""
        drag, self.drag = self.drag, None
        if drag is None:
            return
        if drag.kind == "band":
            if not drag.moved:
                self.desk.choose(drag.chosen)
            self.roll.update()
        elif drag.moved:
            before = self._before_draw if drag.kind == "draw" else drag.score
            labels = {"move": "Move notes", "resize": "Length of notes", "draw": "Draw note", "velocity": "Velocity"}
            self.desk.land(labels[drag.kind], before)

    def cancel(self) -> bool:
        """Give up the drag in progress; False when there is none."""
        drag, self.drag = self.drag, None
        if drag is None:
            return False
        if drag.moved and drag.kind != "band":
            self.desk.restore(self._before_draw if drag.kind == "draw" else drag.score, drag.chosen)
            if drag.kind == "draw":
                self.desk.choose_none()
        self.roll.update()
        return True

    def double(self, event: QMouseEvent) -> None:
        """Delete the note under the mouse, or draw one."""
        found = self.roll.found()
        if (
            found is None
            or event.button() != Qt.MouseButton.LeftButton
            or not self.view.body.contains(event.position())
        ):
            self.press(event)
            return
        self.drag = None
        index = self.view.note_at(self.roll.shape(), found[1], event.position(), self.desk.chosen)
        if index is not None:
            self.desk.apply("Delete note", lambda score: notes.removed(score.notes, {index}))
        else:
            self._draw(event.position())

    def band(self, drag: Drag) -> QRectF:
        """What is covered while one chooses by a drag."""
        return QRectF(drag.start, drag.now or drag.start).normalized().intersected(self.view.body)
