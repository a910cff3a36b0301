"""The arrangement by mouse and keys, on a real session: what a person drags, draws, copies and drops."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from studio.project import edits
from studio.session import Session
from tests.ui.driver import Person, drag, renew, send
from ui.panels.arrangement.ruler import LOOP_Y
from ui.viewmodels import automation
from ui.viewmodels.workspace import PointChoice
from ui.widgets.button import Button

CTRL, ALT, SHIFT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


@pytest.fixture
def session(opened: Session) -> Session:
    """The shared session with an empty project."""
    return renew(opened)


def _track(window):
    return window.ws.project.tracks[0]


def _point(window, clip_id: str, share: float, *, y: float = 40.0) -> QPoint:
    canvas = window.arrangement.canvas
    for lane in canvas.lanes():
        for clip in lane.track.clips:
            if clip.id == clip_id:
                rect = canvas.clip_rect(lane, clip)
                return QPoint(round(rect.left() + rect.width() * share), round(rect.top() + y))
    raise KeyError(clip_id)


def _two(window) -> tuple[str, str]:
    """The clip cut in two, its halves four seconds apart."""
    first = _track(window).clips[0].id
    window.ws.commit("Cut", lambda p: edits.split_clip(p, first, 2.0, ids=["second"]))
    window.ws.commit("Move", lambda p: edits.move_clip(p, "second", 6.0))
    window.arrangement.zoom_to_fit()
    return first, "second"


def _clip(window, clip_id: str):
    return next(c for t in window.ws.project.tracks for c in t.clips if c.id == clip_id)


def test_ctrl_drag_copies_alt_drag_slips_and_shift_adds_to_the_selection(person, window) -> None:
    window.ws.set_snap("off")
    first, second = _two(window)
    canvas = window.arrangement.canvas
    start = _point(window, first, 0.5)
    drag(canvas, start, start + QPoint(round(2.5 * window.ws.viewport.px_per_s), 0), modifiers=CTRL)
    assert len(_track(window).clips) == 3
    assert _clip(window, first).start_s == 0.0
    copy = next(iter(window.ws.selected_clips))
    assert copy not in (first, second)
    assert window.session.history.entries[-1].label == "Copy clip"

    source_s = _clip(window, second).source_start_s
    middle = _point(window, second, 0.5)
    drag(canvas, middle, middle + QPoint(round(0.5 * window.ws.viewport.px_per_s), 0), modifiers=ALT)
    assert _clip(window, second).start_s == 6.0
    assert _clip(window, second).source_start_s == pytest.approx(source_s - 0.5, abs=0.1)

    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, SHIFT, _point(window, first, 0.5))
    assert window.ws.selected_clips == {first, second}
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, SHIFT, _point(window, first, 0.5))
    assert window.ws.selected_clips == {second}


def test_a_clip_dragged_a_little_over_another_cross_fades_unless_that_is_off(person, window) -> None:
    window.ws.set_snap("off")
    first, second = _two(window)
    canvas = window.arrangement.canvas
    by = QPoint(-round(4.4 * window.ws.viewport.px_per_s), 0)
    start = _point(window, second, 0.5)
    drag(canvas, start, start + by)
    overlap_s = _clip(window, first).end_s - _clip(window, second).start_s
    assert overlap_s == pytest.approx(0.4, abs=0.15)
    assert _clip(window, first).fade_out_s == pytest.approx(overlap_s)
    window.actions_set.trigger("edit.undo")
    window.ws.set_crossfades(False)
    drag(canvas, start, start + by)
    assert _clip(window, first).end_s == pytest.approx(_clip(window, second).start_s)
    window.ws.set_crossfades(True)


def test_a_drag_is_drawn_to_the_edge_of_another_clip(person, window) -> None:
    window.ws.commit("Tempo", lambda p: edits.set_tempo(p, 77.0))
    first, second = _two(window)
    window.ws.set_snap("bar")
    canvas, start = window.arrangement.canvas, _point(window, second, 0.5)
    drag(canvas, start, start - QPoint(round(3.97 * window.ws.viewport.px_per_s), 0), release=False)
    assert canvas.pointer.guide_s == pytest.approx(2.0)
    send(canvas, QEvent.Type.MouseButtonRelease, start)
    assert _clip(window, second).start_s == pytest.approx(_clip(window, first).end_s)
    window.ws.set_snap("beat")


def test_the_cursor_tells_what_a_drag_would_do(person, window) -> None:
    first = _track(window).clips[0].id
    canvas = window.arrangement.canvas
    shapes = {}
    for name, at, modifiers in (
        ("edge", _point(window, first, 0.0), Qt.KeyboardModifier.NoModifier),
        ("body", _point(window, first, 0.5), Qt.KeyboardModifier.NoModifier),
        ("copy", _point(window, first, 0.5), CTRL),
        ("slip", _point(window, first, 0.5), ALT),
    ):
        canvas.pointer.hover(QPointF(at), modifiers)
        shapes[name] = canvas.cursor().shape()
    assert shapes == {
        "edge": Qt.CursorShape.SizeHorCursor,
        "body": Qt.CursorShape.OpenHandCursor,
        "copy": Qt.CursorShape.DragCopyCursor,
        "slip": Qt.CursorShape.SplitHCursor,
    }


def test_keys_nudge_transpose_and_change_the_gain_of_all_that_is_selected(person, window) -> None:
    first, second = _two(window)
    window.commands.select_all()
    window.ws.set_snap("beat")
    beat_s = window.ws.grid.seconds(1.0)
    for action in ("clip.nudge_right", "clip.higher", "clip.louder", "clip.mute", "clip.reverse"):
        assert window.actions_set.trigger(action), action
    for each, start_s in ((first, 0.0), (second, 6.0)):
        clip = _clip(window, each)
        assert clip.start_s == pytest.approx(start_s + beat_s)
        assert (clip.semitones, clip.gain_db, clip.muted, clip.reverse) == (1.0, 1.0, True, True)
    window.actions_set.trigger("clip.nudge_left_fine")
    assert _clip(window, first).start_s == pytest.approx(beat_s - 0.01)


def test_a_gap_is_closed_by_a_ripple_delete(person, window) -> None:
    first, second = _two(window)
    window.ws.select(track=_track(window).id, clips=[first])
    assert window.actions_set.trigger("clip.ripple_delete")
    assert [(c.id, c.start_s) for c in _track(window).clips] == [(second, pytest.approx(4.0))]


def test_clips_are_cut_and_pasted_into_another_project(person, window) -> None:
    first, _ = _two(window)
    window.ws.select(track=_track(window).id, clips=[first])
    assert window.actions_set.trigger("edit.cut")
    assert [c.id for c in _track(window).clips] == ["second"]
    window.files.new_project()
    person.wait(lambda: not window.ws.project.tracks, "the empty project")
    window.ws.seek(3.0)
    assert window.actions_set.trigger("edit.paste")
    pasted = [c for t in window.ws.project.tracks for c in t.clips]
    assert [(c.start_s, c.length_s) for c in pasted] == [(pytest.approx(3.0), pytest.approx(2.0))]
    assert pasted[0].source in window.ws.project.sources
    assert window.ws.selected_clips == {pasted[0].id}


def test_zoom_to_the_selection_and_back(person, window) -> None:
    _, second = _two(window)
    view = window.ws.viewport
    before = (view.level, view.origin_px)
    window.ws.select(track=_track(window).id, clips=[second])
    window.actions_set.trigger("view.zoom_selection")
    assert view.start_s == pytest.approx(6.0, abs=0.3)
    assert view.level > before[0]
    window.actions_set.trigger("view.zoom_back")
    assert (view.level, view.origin_px) == before


def test_alt_and_the_wheel_make_tracks_taller(person, window) -> None:
    panel = window.arrangement
    at = QPointF(window.theme.size("track_header") + 200, 200)
    height = window.ws.lane_px
    event = QWheelEvent(
        at,
        panel.mapToGlobal(at),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        ALT,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(panel, event)
    assert window.ws.lane_px == height + 8
    assert panel.headers[_track(window).id].height() == height + 8
    window.ws.set_lane_px(40)
    assert not panel.headers[_track(window).id].volume.isVisible()


# automation


def _row_point(window, at_s: float, position: float) -> QPoint:
    canvas = window.arrangement.canvas
    row = canvas.lanes()[0].automation[0]
    body = canvas.automation._body(row)
    return QPoint(round(window.ws.viewport.x_of(at_s)), round(body.bottom() - position * body.height()))


def _points(window):
    return automation.points_of(window.ws.project, _track(window).id, "gain_db")


def test_automation_is_drawn_moved_typed_and_deleted(person: Person, window) -> None:
    window.ws.set_snap("off")
    track = _track(window).id
    window.ws.select(track=track)
    assert window.actions_set.trigger("track.automation")
    person.wait(lambda: (track, "gain_db") in window.arrangement.automation_headers, "the lane")
    canvas = window.arrangement.canvas
    for at_s, position in ((0.5, 0.75), (3.0, 0.4)):
        QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=_row_point(window, at_s, position))
    assert [round(p.at_s, 1) for p in _points(window)] == [0.5, 3.0]
    assert _points(window)[0].value == pytest.approx(0.0, abs=1.0)
    steps = len(window.session.history.entries)
    drag(canvas, _row_point(window, 3.0, 0.4), _row_point(window, 2.0, 0.75))
    assert _points(window)[1].at_s == pytest.approx(2.0, abs=0.1)
    assert _points(window)[1].value == pytest.approx(0.0, abs=1.0)
    assert len(window.session.history.entries) == steps + 1

    point = _points(window)[1]
    lane = canvas.lanes()[0]
    where = canvas.automation._point(
        lane.automation[0], automation.targets_of(window.ws.project, track)[0], point.at_s, 0
    )
    QTest.mouseDClick(canvas, Qt.MouseButton.LeftButton, pos=where.toPoint())
    editor = next(e for e in canvas.findChildren(QLineEdit) if e.isVisible())
    editor.setText("-12")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert _points(window)[1].value == pytest.approx(-12.0)

    window.ws.choose_points(None)
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=_row_point(window, 0.5, 0.75))
    assert window.actions_set.trigger("clip.delete")
    assert [p.value for p in _points(window)] == [pytest.approx(-12.0)]
    assert _track(window).clips


def test_alt_draws_freehand_by_few_points_and_escape_takes_it_back(person: Person, window) -> None:
    window.ws.set_snap("off")
    track = _track(window).id
    window.ws.show_automation(track, ["gain_db"])
    canvas = window.arrangement.canvas
    way = tuple(_row_point(window, 0.5 + index * 0.05, 0.2 + index * 0.012) for index in range(50))
    drag(canvas, way[0], way[-1], modifiers=ALT, through=way)
    few = _points(window)
    assert 2 <= len(few) < 25
    assert few[0].at_s == pytest.approx(0.5, abs=0.1)
    assert few[-1].value > few[0].value
    steps = len(window.session.history.entries)
    drag(canvas, way[0], way[-1], modifiers=ALT, release=False)
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    send(canvas, QEvent.Type.MouseButtonRelease, way[-1])
    assert _points(window) == few
    assert len(window.session.history.entries) == steps


def test_points_are_worked_by_keys(person: Person, window) -> None:
    track = _track(window).id
    window.ws.commit("x", lambda p: edits.set_automation(p, track, "gain_db", [(0.5, -6.0), (2.0, 0.0)]))
    window.ws.show_automation(track, ["gain_db"])
    window.ws.choose_points(PointChoice(track_id=track, target="gain_db", indices=frozenset([0])))
    canvas = window.arrangement.canvas
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_Down)
    assert _points(window)[0].value < -6.0
    QTest.keyClick(canvas, Qt.Key.Key_Right)
    assert window.ws.chosen_points.indices == {1}
    assert canvas.accessibleDescription().startswith("Volume, 0.0 dB, ")
    window.actions_set.trigger("clip.nudge_right_fine")
    assert _points(window)[1].at_s == pytest.approx(2.01)
    window.escape()
    assert window.ws.chosen_points is None


def test_a_lane_is_chosen_switched_off_and_closed(person: Person, window) -> None:
    track = _track(window).id
    window.ws.commit("x", lambda p: edits.set_automation(p, track, "pan", [(0.0, -1.0), (2.0, 1.0)]))
    window.ws.toggle_automation(track)
    person.wait(lambda: (track, "pan") in window.arrangement.automation_headers, "the lane")
    head = window.arrangement.automation_headers[track, "pan"]
    QTest.mouseClick(head.power, Qt.MouseButton.LeftButton)
    assert not _track(window).automation[0].enabled
    head._switch("gain_db")
    assert window.ws.automation[track] == ("gain_db",)
    QTest.mouseClick(window.arrangement.automation_headers[track, "gain_db"].close_lane, Qt.MouseButton.LeftButton)
    assert track not in window.ws.automation


def test_the_master_has_automation_lanes_of_its_own(person: Person, window) -> None:
    window.ws.set_snap("off")
    assert window.actions_set.trigger("track.master_automation")
    person.wait(lambda: (edits.MASTER, "gain_db") in window.arrangement.automation_headers, "the lane")
    canvas = window.arrangement.canvas
    lane = canvas.lanes()[-1]
    assert (lane.track.id, lane.track.name) == (edits.MASTER, "Master")
    body = canvas.automation._body(lane.automation[0])
    at = QPoint(round(window.ws.viewport.x_of(1.0)), round(body.center().y()))
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=at)
    points = automation.points_of(window.ws.project, edits.MASTER, "gain_db")
    assert [round(point.at_s, 1) for point in points] == [1.0]
    assert window.session.history.entries[-1].label.startswith("Automate")
    QTest.mouseClick(window.arrangement.headers[edits.MASTER], Qt.MouseButton.LeftButton)
    assert window.ws.strip_id == edits.MASTER
    # Files that are dropped on it begin a track: the master holds no clips.
    assert not canvas._takes(canvas.hit(QPointF(5, lane.y - window.ws.viewport.scroll_y + 5)))
    window.grab()
    assert window.actions_set.trigger("track.automation")
    person.wait(lambda: edits.MASTER not in window.arrangement.headers, "no lane")
    assert canvas.lanes()[-1].track.id != edits.MASTER


def test_the_dock_lists_what_is_automated(person: Person, window) -> None:
    track = _track(window).id
    assert window.actions_set.trigger("view.automation")
    panel = window.dock.automation
    assert panel.rows == {}
    assert panel._empty.isVisible()
    window.ws.commit("x", lambda p: edits.set_automation(p, track, "gain_db", [(0.5, -6.0), (2.0, 0.0)]))
    person.wait(lambda: panel.rows, "the row")
    show, power, away = panel.rows[track, "gain_db"].findChildren(Button)
    QTest.mouseClick(power, Qt.MouseButton.LeftButton)
    assert not _track(window).automation[0].enabled
    QTest.mouseClick(show, Qt.MouseButton.LeftButton)
    assert window.ws.automation[track] == ("gain_db",)
    window.grab()
    away = panel.rows[track, "gain_db"].findChildren(Button)[-1]
    QTest.mouseClick(away, Qt.MouseButton.LeftButton)
    person.wait(lambda: not panel.rows, "an empty list")
    assert not _points(window)


# the ruler


def test_markers_and_tempo_are_set_on_the_ruler(person: Person, window) -> None:
    ruler = window.arrangement.ruler
    window.ws.seek(1.0)
    assert window.actions_set.trigger("marker.add")
    assert [m.name for m in window.ws.project.markers] == ["Marker 1"]
    window.ws.set_snap("off")
    x = round(window.ws.viewport.x_of(1.0))
    drag(ruler, QPoint(x + 4, 10), QPoint(x + 84, 10))
    assert window.ws.project.markers[0].start_s == pytest.approx(1.0 + 80 / window.ws.viewport.px_per_s, abs=0.1)
    ruler.type_tempo(2.0)
    editor = next(e for e in ruler.findChildren(QLineEdit) if e.isVisible())
    editor.setText("90")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert [p.bpm for p in window.ws.project.tempo] == [120.0, 90.0]
    window.grab()


def test_the_loop_is_drawn_moved_and_resized(person: Person, window) -> None:
    window.ws.set_snap("off")
    ruler, view = window.arrangement.ruler, window.ws.viewport

    def at(seconds: float) -> QPoint:
        return QPoint(round(view.x_of(seconds)), LOOP_Y + 1)

    drag(ruler, at(1.0), at(2.0))
    loop = window.ws.project.loop
    assert (loop.start_s, loop.end_s, loop.enabled) == (
        pytest.approx(1.0, abs=0.02),
        pytest.approx(2.0, abs=0.02),
        True,
    )
    drag(ruler, at(2.0), at(3.0))
    assert window.ws.project.loop.end_s == pytest.approx(3.0, abs=0.03)
    drag(ruler, at(2.0), at(2.5))
    assert window.ws.project.loop.start_s == pytest.approx(1.5, abs=0.04)


# files


def _drop(window, paths: list[Path], at: QPointF) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    event = QDropEvent(at, Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    window.arrangement.canvas.dropEvent(event)


def test_a_folder_of_many_files_lands_one_after_another_on_one_track(person: Person, window, sound, tmp_path) -> None:
    folder = tmp_path / "takes"
    (folder / "more").mkdir(parents=True)
    for index in range(9):
        (folder / "more" / f"take {index}.wav").write_bytes(sound.read_bytes())
    (folder / "notes.txt").write_text("no sound")
    (folder / "broken.wav").write_text("no sound either")
    for each in folder.rglob("*"):
        os.utime(each, (1e9, 1e9))
    _drop(window, [folder], QPointF(10, 2000))
    person.wait(lambda: window.toasts, "what could not be read")
    assert len(window.ws.project.tracks) == 2
    clips = window.ws.project.tracks[1].clips
    assert len(clips) == 9
    assert all(abs(a.end_s - b.start_s) < 1e-6 for a, b in pairwise(clips))
    assert "broken.wav" in window.toasts[-1].text


def test_a_file_that_is_still_written_waits_until_it_is_complete(person: Person, window, sound, tmp_path) -> None:
    growing = tmp_path / "growing.wav"
    data = sound.read_bytes()
    growing.write_bytes(data[: len(data) // 2])
    tracks = len(window.ws.project.tracks)
    look_again = window.intake._timer
    _drop(window, [growing], QPointF(10, 2000))
    assert look_again.isActive()
    # However slow the machine is, the rest comes before the second look.
    look_again.stop()
    assert len(window.ws.project.tracks) == tracks
    growing.write_bytes(data)
    look_again.start()
    person.wait(lambda: len(window.ws.project.tracks) == tracks + 1, "the import")
    assert window.ws.project.tracks[-1].clips[0].length_s == pytest.approx(4.0, abs=0.01)
