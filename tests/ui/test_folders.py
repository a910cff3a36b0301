"""Folders of tracks in the window: chosen heads, grouping, drags in and out, folding, colours, keys."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from studio.project import edits
from studio.project.model import Project, Track
from studio.session import Session
from tests.ui.driver import Person, drag, renew, send
from ui.viewmodels.lanes import lanes_of, track_token
from ui.viewmodels.track_drop import TrackDrop, drop_at

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def session(opened: Session) -> Session:
    """The shared session with an empty project."""
    return renew(opened)


@pytest.fixture
def four(person: Person, window) -> list[str]:
    """The imported track, tracks `b` and `c`, and a bus `room`."""

    def made(project: Project) -> Project:
        project = edits.add_track(edits.add_track(project, Track(id="b", name="B")), Track(id="c", name="C"))
        return edits.add_bus(project, "Room", ids=["room"])

    window.ws.commit("Tracks", made)
    window.ws.select()
    return [track.id for track in window.ws.project.tracks]


def _order(window) -> list[str]:
    return [track.id for track in window.ws.project.tracks]


def _shown() -> None:
    """Let the window hear of the edit."""
    QTest.qWait(0)
    QCoreApplication.processEvents()


def _press(window, track_id: str, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    _shown()
    header = window.arrangement.headers[track_id]
    at = QPoint(header.width() - 40, 12)
    QTest.mouseClick(header, Qt.MouseButton.LeftButton, modifiers, at)


def _drag(window, track_id: str, to: str, share: float, *, x: int = 60, release: bool = True) -> None:
    """The head of a track to a place on that of another one: 0 is its top."""
    _shown()
    heads = window.arrangement.headers
    target = heads[to].mapToGlobal(QPoint(x, round(heads[to].height() * share)))
    drag(heads[track_id], QPoint(60, 8), heads[track_id].mapFromGlobal(target), release=release)


def test_heads_are_chosen_one_by_one_and_in_a_row(window, four) -> None:
    song = four[0]
    _press(window, song)
    _press(window, "c", CTRL)
    assert (window.ws.selected_tracks, window.ws.selected_track) == ({song, "c"}, "c")
    _press(window, "c", CTRL)
    assert (window.ws.selected_tracks, window.ws.selected_track) == ({song}, song)
    _press(window, "room", SHIFT)
    assert (window.ws.selected_tracks, window.ws.selected_track) == (set(four), song)
    _press(window, "b")
    assert window.ws.selected_tracks == {"b"}
    assert [track.id for track in window.ws.chosen_tracks()] == ["b"]


def test_ctrl_g_makes_a_folder_of_the_chosen_tracks_and_ctrl_shift_g_takes_it_away(person, window, four) -> None:
    song = four[0]
    _press(window, song)
    _press(window, "c", CTRL)
    window.actions_set.refresh()
    person.key(window.arrangement.canvas, Qt.Key.Key_G, CTRL)
    folder = window.ws.track()
    assert (folder.name, window.session.history.entries[-1].label) == ("Group 1", "Group tracks")
    assert _order(window) == [folder.id, song, "c", "b", "room"]
    assert [t.id for t in edits.members_of(window.ws.project, folder.id)] == [song, "c"]
    _shown()
    header = window.arrangement.headers[folder.id]
    assert header.accessibleName() == "Folder Group 1"
    assert header.mute.isVisible()
    assert not header.arm.isVisible()
    person.click(header.mute)
    assert not {song, "c"} & {lane.track.id for lane in window.arrangement.canvas.lanes() if lane.audible}
    window.session.undo()
    person.key(window.arrangement.canvas, Qt.Key.Key_G, CTRL | SHIFT)
    assert _order(window) == [song, "c", "b", "room"]
    assert not any(track.folder or track.strip.output for track in window.ws.project.tracks)
    assert window.ws.selected_tracks == {song, "c"}
    window.session.undo()
    assert edits.members_of(window.ws.project, folder.id)


def test_tracks_of_selected_clips_are_grouped(window, four) -> None:
    song = four[0]
    window.ws.select(track=None, clips=[window.ws.project.track(song).clips[0].id])
    assert window.actions_set.trigger("track.group")
    assert window.ws.project.track(song).folder == window.ws.selected_track


def test_a_folder_folds_away_by_key_and_chevron(person, window, four) -> None:
    window.ws.select(track="b", tracks=["c"])
    window.commands.group_tracks()
    folder = window.ws.selected_track
    _shown()
    heads = window.arrangement.headers
    person.click(heads[folder]._chevron)
    assert set(heads) == {four[0], folder, "room"}
    assert heads[folder]._chevron.accessibleName() == "Unfold Group 1"
    person.click(heads[folder]._chevron)
    _press(window, "c")
    window.actions_set.trigger("track.fold")
    assert set(heads) == {four[0], folder, "room"}
    assert window.ws.selected_track == folder, "what is in focus stays in sight"
    window.arrangement.canvas.grab()


def test_tracks_are_dragged_into_a_folder_about_in_it_and_out(window, four) -> None:
    song = four[0]
    _drag(window, "b", "room", 0.5)
    assert (window.ws.project.track("b").folder, window.ws.project.track("b").strip.output) == ("room", "room")
    assert _order(window) == [song, "c", "room", "b"]
    _drag(window, song, "b", 0.1)
    assert _order(window) == ["c", "room", song, "b"]
    assert window.ws.project.track(song).strip.output == "room"
    _drag(window, song, "b", 0.9, x=40)
    assert _order(window) == ["c", "room", "b", song]
    assert window.ws.project.track(song).folder == "room"
    _drag(window, song, "c", 0.1)
    assert _order(window) == [song, "c", "room", "b"]
    assert (window.ws.project.track(song).folder, window.ws.project.track(song).strip.output) == (None, "")
    assert window.session.history.entries[-1].label == "Move track"
    window.session.undo()
    assert window.ws.project.track(song).folder == "room"


def test_several_heads_are_dragged_as_one_step_and_esc_gives_up(person, window, four) -> None:
    song = four[0]
    before = window.ws.project
    _press(window, song)
    _press(window, "b", CTRL)
    _drag(window, "b", "room", 0.5, release=False)
    drop = window.arrangement.header_drag.drop
    assert drop == TrackDrop(folder="room", index=None, top=drop.top, height=drop.height)
    window.arrangement.header_drag.grab()
    window.escape()
    header = window.arrangement.headers["b"]
    send(header, QEvent.Type.MouseMove, QPoint(60, 200))
    send(header, QEvent.Type.MouseButtonRelease, QPoint(60, 200))
    assert window.ws.project is before
    assert window.ws.selected_tracks == {song, "b"}
    _drag(window, "b", "room", 0.5)
    assert _order(window) == ["c", "room", song, "b"]
    assert window.session.history.entries[-1].label == "Move tracks"


def test_a_folder_goes_nowhere_within_itself(window, four) -> None:
    window.ws.select(track="b", tracks=["c"])
    window.commands.group_tracks()
    folder, before = window.ws.selected_track, window.ws.project
    _drag(window, folder, "c", 0.3)
    assert window.ws.project is before
    _drag(window, folder, "room", 0.5)
    assert window.ws.project.track(folder).folder == "room"


def test_keys_move_a_track_into_an_open_folder_and_out_of_it(window, four) -> None:
    song = four[0]
    window.ws.select(track="b")
    window.commands.group_tracks()
    folder = window.ws.selected_track
    window.ws.select(track="c")
    window.commands.move_track(-1)
    assert (_order(window), window.ws.project.track("c").folder) == ([song, folder, "b", "c", "room"], folder)
    window.commands.move_track(-1)
    assert _order(window) == [song, folder, "c", "b", "room"]
    window.commands.move_track(-1)
    assert (_order(window), window.ws.project.track("c").folder) == ([song, "c", folder, "b", "room"], None)
    window.ws.collapsed.add(folder)
    window.commands.move_track(1)
    assert _order(window) == [song, folder, "b", "c", "room"]
    assert window.ws.project.track("c").folder is None, "a folder that is shut is passed by"
    before = window.ws.project
    window.ws.select(track=song)
    window.commands.move_track(-1)
    assert window.ws.project is before


def test_colours_are_given_by_key_and_menu(window, four, monkeypatch) -> None:
    window.ws.select(track="b", tracks=["c"])
    window.actions_set.trigger("track.colour")
    assert [window.ws.project.track(each).colour for each in "bc"] == ["vocals", "vocals"]
    assert track_token(window.ws.project.track("b")) == "stem.vocals"
    monkeypatch.setattr(QMenu, "popup", lambda *_: None)
    window.menus.track(QPointF(100, 100))
    menu = next(each for each in window.findChildren(QMenu) if each.title() == "Colour")
    assert [action.text() for action in menu.actions() if action.isChecked()] == ["Amber"]
    next(action for action in menu.actions() if action.text() == "Green").trigger()
    assert window.ws.project.track("c").colour == "bass"
    menu.parent().deleteLater()
    for _ in range(3):
        window.commands.next_colour()
    assert window.ws.project.track("c").colour is None


def test_mute_solo_and_delete_are_of_all_chosen_tracks(window, four) -> None:
    window.ws.select(track="b", tracks=["c"])
    window.actions_set.trigger("track.mute")
    window.actions_set.trigger("track.solo")
    strips = [window.ws.project.track(each).strip for each in "bc"]
    assert [(strip.mute, strip.solo) for strip in strips] == [(True, True)] * 2
    window.actions_set.trigger("track.delete")
    assert _order(window) == [four[0], "room"]
    _shown()
    assert window.ws.selected_tracks == set()


@pytest.fixture
def nested() -> Project:
    """`f` with `a` and, within it, `g` with `b`; then `c`."""
    project = Project(id="p")
    for each in "abc":
        project = edits.add_track(project, Track(id=each, name=each))
    project = edits.group_tracks(project, ["b"], ids=["g"])
    return edits.group_tracks(project, ["a", "g"], ids=["f"])


@pytest.mark.parametrize(
    ("moved", "y", "depth", "folder", "index"),
    [
        ("c", 2, 0, None, 0),
        ("c", 30, 0, "f", None),
        ("c", 58, 0, "f", 0),
        ("c", 62, 9, "f", 0),
        ("c", 118, 9, "f", 1),
        ("c", 150, 9, "g", None),
        ("c", 238, 9, "g", 1),
        ("c", 238, 1, "f", 2),
        ("c", 238, 0, None, 1),
        ("b", 999, 0, None, 2),
        ("g", 210, 9, False, 0),
    ],
)
def test_where_a_drag_comes_to(nested, moved, y, depth, folder, index) -> None:
    lanes = lanes_of(nested, height=60)
    assert [lane.track.id for lane in lanes] == ["f", "a", "g", "b", "c"]
    found = drop_at(nested, lanes, [moved], y, depth)
    if folder is False:
        assert found is None
    else:
        assert found is not None
        assert (found.folder, found.index) == (folder, index)
