"""The piano roll with real events: every change is one step that can be undone, by mouse, key and palette."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QKeySequence, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio.project import edits
from studio.project.notes import row_of
from studio.session import Session
from tests.ui.driver import Person, drag, renew
from tests.ui.parts import add_part
from ui.actions import ACTIONS

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def session(opened: Session) -> Session:
    return renew(opened)


class Roll:
    """A person at the piano roll."""

    def __init__(self, window, kind: str):
        self.window, self.ws = window, window.ws
        self.person = Person(window)
        self.clip = add_part(window.session, kind=kind)
        track, _ = edits.find_clip(self.ws.project, self.clip)
        self.ws.select(track=track.id, clips=[self.clip])
        window.actions_set.trigger("clip.edit")
        self.person.wait(lambda: window.dock.editor.roll.isVisible(), "the piano roll")
        self.person.settle(60)
        self.widget = window.dock.editor.roll
        self.desk = self.ws.notes

    @property
    def score(self):
        """The notes in the project."""
        self.desk.flush()
        _, clip = edits.find_clip(self.ws.project, self.clip)
        return self.window.session.score(self.ws.project.sources[clip.source])

    @property
    def step(self) -> str:
        history = self.window.session.history
        return history.entries[history.index].label

    def at(self, index: int, *, right: bool = False) -> QPoint:
        rect = self.widget.view.rect(self.widget.shape(), index)
        return QPoint(round(rect.right() - 2), round(rect.center().y())) if right else rect.center().toPoint()

    def place(self, at_s: float, row: int) -> QPoint:
        view = self.widget.view
        return QPoint(round(view.x_of(at_s)), round(view.y_of(row) + view.row_px / 2))

    def click(self, at: QPoint, modifiers=Qt.KeyboardModifier.NoModifier) -> None:
        QTest.mouseClick(self.widget, Qt.MouseButton.LeftButton, modifiers, at)

    def key(self, key: Qt.Key, modifiers=Qt.KeyboardModifier.NoModifier) -> None:
        self.widget.setFocus()
        QTest.keyClick(self.widget, key, modifiers)


@pytest.fixture
def beat(window) -> Roll:
    return Roll(window, "drums")


@pytest.fixture
def keys(window) -> Roll:
    return Roll(window, "piano")


def test_the_whole_clip_is_in_sight_at_any_width_until_a_person_zooms(keys: Roll) -> None:
    widget, view = keys.widget, keys.widget.view
    _, clip = edits.find_clip(keys.ws.project, keys.clip)

    def filled() -> float:
        return (view.x_of(clip.length_s) - view.x_of(0.0)) / (widget.width() - view.x_of(0.0))

    assert 0.8 < filled() <= 1.0
    wide = widget.width()
    keys.window.resize(keys.window.width() + 420, keys.window.height())
    keys.person.wait(lambda: widget.width() > wide + 200, "a wider roll")
    assert 0.8 < filled() <= 1.0
    assert view.viewport.zoom(4, widget.width() / 2)
    zoomed = view.viewport.px_per_s
    keys.window.resize(keys.window.width() - 300, keys.window.height())
    keys.person.wait(lambda: widget.width() < wide + 300, "a narrower roll")
    assert view.viewport.px_per_s == zoomed


def test_the_next_clip_is_shown_whole_in_the_view_that_is_seen(keys: Roll) -> None:
    """The views share their zoom; one that is hidden, and of another width, must not choose it."""
    editor, view = keys.window.dock.editor, keys.widget.view
    editor.view.resize(120, editor.view.height())
    other = add_part(keys.window.session, kind="drums")
    track, clip = edits.find_clip(keys.ws.project, other)
    keys.ws.select(track=track.id, clips=[other])
    keys.person.settle(60)
    assert not editor.view.isVisible()
    filled = (view.x_of(clip.length_s) - view.x_of(0.0)) / (keys.widget.width() - view.x_of(0.0))
    assert 0.8 < filled <= 1.0
    keys.window.dock.picture.changed.emit("wave")
    keys.person.settle(30)
    assert 0.8 < editor.view.viewport.x_of(clip.length_s) / editor.view.width() <= 1.0


def test_a_part_with_notes_shows_them_and_one_without_its_sound(beat: Roll) -> None:
    dock = beat.window.dock
    assert (dock.picture.value, dock.editor.mode) == ("notes", "notes")
    assert [row.name for row in beat.desk.rows][:4] == ["Kick haus", "Kick deep", "Kick", "Rim"]
    assert "32 notes, 0 chosen" in beat.widget.accessibleDescription()
    assert beat.widget.grab().toImage().pixelColor(beat.at(0)) != beat.widget.grab().toImage().pixelColor(2, 2)
    beat.ws.select(track=None)
    beat.person.settle(30)
    assert dock.editor.mode == "wave"
    dock.picture.changed.emit("notes")
    beat.widget.grab()
    assert "no notes" in beat.widget.accessibleDescription()


def test_notes_are_moved_on_the_grid_and_undone(beat: Roll) -> None:
    before = beat.score
    there = beat.place(0.78, row_of(beat.desk.rows, before.notes[0]))
    drag(beat.widget, beat.at(0), there - QPoint(0, 0) + (beat.at(0) - beat.place(0.0, 2)) * 0)
    after = beat.score
    assert beat.step == "Move notes"
    moved = next(n for n in after.notes if n.pitch == before.notes[0].pitch and n not in before.notes)
    assert moved.start_s % 0.125 == pytest.approx(0.0, abs=1e-6)
    assert len(after.notes) == len(before.notes)
    assert len(beat.desk.chosen) == 1
    QTest.keyClick(beat.widget, Qt.Key.Key_Z, CTRL)
    beat.person.settle(30)
    assert beat.score == before
    assert beat.desk.chosen == frozenset()


def test_drums_are_dragged_from_piece_to_piece(beat: Roll) -> None:
    first = beat.score.notes[0]
    snare = next(i for i, row in enumerate(beat.desk.rows) if row.name == "Snare")
    drag(beat.widget, beat.at(0), QPoint(beat.at(0).x(), beat.place(0.0, snare).y()))
    changed = beat.score.notes[0]
    assert (changed.start_s, changed.pitch) == (first.start_s, 38.0)


def test_a_rubber_band_chooses_and_keys_change_what_is_chosen(keys: Roll) -> None:
    before = keys.score
    view = keys.widget.view
    whole = view.body.toRect()
    drag(keys.widget, whole.topLeft() + QPoint(2, 2), QPoint(round(view.x_of(1.9)), whole.bottom() - 2))
    chosen = set(keys.desk.chosen)
    assert chosen
    assert all(before.notes[i].start_s < 1.9 for i in chosen)
    keys.key(Qt.Key.Key_Up)
    keys.key(Qt.Key.Key_Up)
    keys.key(Qt.Key.Key_Up, SHIFT)
    assert sum(n.pitch for n in keys.score.notes) == sum(n.pitch for n in before.notes) + 14 * len(chosen)
    assert keys.step == "Transpose notes"
    steps = keys.window.session.history.index
    keys.key(Qt.Key.Key_Right)
    keys.key(Qt.Key.Key_Left, SHIFT)
    assert keys.score.notes != before.notes
    # What keys do in quick succession is one step.
    assert keys.window.session.history.index == steps + 1
    keys.key(Qt.Key.Key_Delete)
    assert len(keys.score.notes) == len(before.notes) - len(chosen)
    for _ in range(3):
        keys.window.undo()
    keys.person.settle(30)
    assert keys.score == before


def test_notes_are_drawn_lengthened_and_deleted_by_mouse(keys: Roll) -> None:
    before = keys.score
    row = next(i for i, r in enumerate(keys.desk.rows) if r.pitch == 75)
    keys.widget.view.reveal(row)
    empty = keys.place(1.02, row)
    QTest.mouseDClick(keys.widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, empty)
    QTest.mouseRelease(keys.widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, empty)
    drawn = next(n for n in keys.score.notes if n.pitch == 75.0)
    assert (drawn.start_s, drawn.duration_s) == (pytest.approx(1.0), pytest.approx(0.125))
    index = keys.score.notes.index(drawn)
    edge = keys.at(index, right=True)
    drag(keys.widget, edge, edge + QPoint(round(0.26 * keys.widget.view.viewport.px_per_s), 0))
    longer = next(n for n in keys.score.notes if n.pitch == 75.0)
    assert longer.duration_s > 0.3
    assert keys.step == "Length of notes"
    QTest.mouseDClick(keys.widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, keys.at(index))
    assert list(keys.score.notes) == list(before.notes)
    # With the pencil a press draws, and holding it sets the length.
    QTest.mouseClick(keys.window.dock.editor.notes_side.draw, Qt.MouseButton.LeftButton)
    drag(keys.widget, empty, empty + QPoint(round(0.5 * keys.widget.view.viewport.px_per_s), 0))
    pencilled = next(n for n in keys.score.notes if n.pitch == 75.0)
    assert pencilled.duration_s == pytest.approx(0.625)
    drag(keys.widget, empty, empty + QPoint(40, 0), release=False)
    keys.key(Qt.Key.Key_Escape)
    assert len(keys.score.notes) == len(before.notes) + 1


def test_velocities_are_dragged(beat: Roll) -> None:
    view = beat.widget.view
    x, area = round(view.x_of(0.5)), view.velocities.toRect()
    drag(beat.widget, QPoint(x, area.bottom() - 4), QPoint(x, area.top() + 3))
    struck = next(n for n in beat.score.notes if n.start_s == 0.5)
    assert struck.velocity > 0.9
    assert beat.step == "Velocity"
    beat.desk.choose([0, 1])
    beat.window.dock.editor.notes_side.velocity.submitted.emit("30 %")
    assert [round(n.velocity, 2) for n in beat.score.notes[:2]] == [0.3, 0.3]


def test_copies_go_to_the_playhead_and_to_another_part(beat: Roll) -> None:
    before = beat.score
    beat.click(beat.at(0))
    beat.click(beat.at(2), CTRL)
    assert beat.desk.chosen == {0, 2}
    beat.key(Qt.Key.Key_C, CTRL)
    beat.ws.position_s = 6.13
    beat.key(Qt.Key.Key_V, CTRL)
    new = [n for n in beat.score.notes if n not in before.notes]
    assert [n.start_s for n in new] == [pytest.approx(6.125), pytest.approx(6.625)]
    beat.key(Qt.Key.Key_D, CTRL)
    assert len(beat.score.notes) == len(before.notes) + 4
    beat.key(Qt.Key.Key_A, CTRL)
    assert len(beat.desk.chosen) == len(before.notes) + 4
    beat.key(Qt.Key.Key_X, CTRL)
    assert beat.score.notes == ()
    beat.key(Qt.Key.Key_Return)
    assert len(beat.score.notes) == 1


def test_quantise_and_humanise_mean_all_where_none_is_chosen(keys: Roll) -> None:
    side = keys.window.dock.editor.notes_side
    QTest.mouseClick(side.humanise, Qt.MouseButton.LeftButton)
    loose = keys.score
    assert any(n.start_s % 0.125 > 1e-4 for n in loose.notes)
    side.grid.textActivated.emit("1/8")
    QTest.mouseClick(side.quantise, Qt.MouseButton.LeftButton)
    assert all(min(n.start_s % 0.25, 0.25 - n.start_s % 0.25) < 1e-6 for n in keys.score.notes)
    assert keys.desk.chosen == frozenset()


def test_the_view_zooms_and_scrolls_with_the_other_views(keys: Roll) -> None:
    editor, view = keys.window.dock.editor, keys.widget.view
    assert view.viewport is editor.view.viewport
    centre = QPointF(view.body.center())

    def wheel(turn: int, modifiers) -> None:
        event = QWheelEvent(
            centre, keys.widget.mapToGlobal(centre), QPoint(), QPoint(0, turn), Qt.MouseButton.NoButton, modifiers,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(keys.widget, event)

    level, scroll, height = view.viewport.level, view.scroll_y, view.row_px
    wheel(240, CTRL)
    assert view.viewport.level == level + 2
    wheel(-120, SHIFT)
    assert view.viewport.origin_px > 0
    wheel(-120, Qt.KeyboardModifier.NoModifier)
    assert view.scroll_y > scroll
    wheel(120, Qt.KeyboardModifier.AltModifier)
    assert view.row_px == height + 1
    keys.window.dock.picture.changed.emit("wave")
    assert editor.view.isVisible()
    assert editor.view.viewport.level == level + 2


def test_every_note_action_does_something_by_its_key(keys: Roll, window, monkeypatch) -> None:
    """The window's own keys, pressed on the arrangement."""
    asked: list[str] = []
    monkeypatch.setattr(window.files, "ask_notes", lambda: asked.append("notes.import"))
    monkeypatch.setattr(window.files, "ask_midi", lambda: asked.append("notes.export"))
    window.activateWindow()
    keys.person.wait(window.isActiveWindow, "the window in front")
    canvas = window.arrangement.canvas
    canvas.setFocus()
    keys.desk.choose([3])
    assert keys.desk.copy()
    quiet = {"notes.copy", "notes.all", "notes.next", "notes.last", "notes.draw", "notes.import", "notes.export"}
    for row in ACTIONS:
        if row.group != "Notes":
            continue
        keys.desk.choose([min(5, len(keys.desk.score.notes) - 1)])
        window.actions_set.refresh()
        before, chosen, drawing = keys.desk.score.notes, keys.desk.chosen, keys.desk.drawing
        combination = QKeySequence(row.keys[0])[0]
        QTest.keyClick(canvas, combination.key(), combination.keyboardModifiers())
        if row.id in quiet - {"notes.copy"}:
            assert (keys.desk.chosen, keys.desk.drawing) != (chosen, drawing) or row.id in asked, row.id
        elif row.id not in quiet and row.id != "notes.quantise":
            assert keys.desk.score.notes != before, row.id
    assert asked == ["notes.import", "notes.export"]


def test_two_thousand_notes_are_painted_from_what_is_in_sight(window, monkeypatch) -> None:
    clip = add_part(window.session, kind="piano", seconds=120.0, count=2000)
    track, _ = edits.find_clip(window.ws.project, clip)
    window.ws.select(track=track.id, clips=[clip])
    window.actions_set.trigger("clip.edit")
    person = Person(window)
    person.wait(lambda: window.dock.editor.roll.isVisible(), "the piano roll")
    person.settle(60)
    roll = window.dock.editor.roll
    drawn: list[int] = []
    rects = roll.view.rects
    monkeypatch.setattr(roll.view, "rects", lambda shape, which: drawn.extend(which) or rects(shape, which))
    roll.view.viewport.zoom(12, 300)
    roll.grab()
    whole = len(drawn)
    assert 0 < whole < 400
    drawn.clear()
    # The play-head moves over a picture that is there already.
    window.ws.position_s = 3.0
    roll.grab()
    assert drawn == []


def test_a_note_that_is_moved_while_it_plays_is_heard_from_the_next_plan_on(beat: Roll) -> None:
    session = beat.window.session
    assert session._follower.settle(60.0)
    plan = session._follower._last
    beat.desk.choose([0])
    beat.window.actions_set.trigger("notes.right")
    beat.desk.flush()
    assert session._follower.settle(60.0)
    assert session._follower._last is not plan
    beat.person.no_errors()
