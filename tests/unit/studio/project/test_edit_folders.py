"""Folders: buses in which tracks lie."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from studio.base.errors import ProjectError
from studio.project import edits
from studio.project.audibility import audible_track_ids
from studio.project.check import problems
from studio.project.model import Project, Send, Source, Track


@pytest.fixture
def split(project: Project, make_stem: Callable[..., Source]) -> Project:
    """Song `t` with stems `drums` and `bass`, own track `u`, own track `v` that plays into the bus `room`."""
    made = edits.attach_stems(
        project, "t", {"drums": make_stem("drums"), "bass": make_stem("bass")}, ids=["drums", "d1", "bass", "b1"]
    )
    made = edits.add_track(edits.add_bus(made, "Room", ids=["room"]), Track(id="v", name="V"))
    return edits.set_output(made, "v", "room")


def order(project: Project) -> list[str]:
    return [track.id for track in project.tracks]


def outputs(project: Project) -> dict[str, str]:
    return {track.id: track.strip.output for track in project.tracks if track.strip.output}


def refused(edit: Callable[[], object]) -> str:
    with pytest.raises(ProjectError) as said:
        edit()
    assert (said.value.code, bool(said.value.remedy)) == ("edit-invalid", True)
    return said.value.message


def test_a_folder_stands_where_the_first_of_its_tracks_stood_and_they_play_into_it(split: Project) -> None:
    made = edits.group_tracks(split, ["v", "drums"], "Songs", ids=["f"])
    assert order(made) == ["f", "t", "drums", "bass", "v", "u", "room"]
    assert {track.id: track.folder for track in made.tracks if track.folder} == {"t": "f", "v": "f"}
    assert outputs(made) == {"t": "f", "drums": "f", "bass": "f", "v": "room"}, "what plays elsewhere goes on so"
    assert (made.track("f").name, made.track("f").kind, made.track("f").strip.output) == ("Songs", "bus", "")
    assert edits.folder_of(made, "drums") == "f"
    assert list(problems(made)) == []
    assert audible_track_ids(made) == audible_track_ids(split) | {"f"}


def test_mute_and_solo_of_a_folder_are_those_of_all_that_play_into_it(split: Project) -> None:
    made = edits.group_tracks(split, ["t"], ids=["f"])
    muted = edits.set_strip(made, "f", mute=True)
    assert audible_track_ids(muted) == {"u", "v", "room"}
    soloed = edits.set_strip(made, "f", solo=True)
    assert audible_track_ids(soloed) == {"f", "drums", "bass"}


def test_folders_lie_in_folders_and_take_what_lies_in_them_along(split: Project) -> None:
    inner = edits.group_tracks(split, ["t"], ids=["inner"])
    outer = edits.group_tracks(inner, ["inner", "t", "u"], ids=["outer"])
    assert order(outer) == ["outer", "inner", "t", "drums", "bass", "u", "room", "v"]
    assert (outer.track("inner").folder, outer.track("t").folder) == ("outer", "inner")
    assert (outputs(outer)["inner"], outputs(outer)["t"]) == ("outer", "inner")
    within = edits.group_tracks(outer, ["u"], ids=["solo"])
    assert (within.track("solo").folder, within.track("solo").strip.output) == ("outer", "outer")
    moved = edits.move_track(within, "inner", 5)
    assert order(moved) == ["outer", "solo", "u", "inner", "t", "drums", "bass", "room", "v"]
    assert order(edits.remove_track(moved, "outer")) == ["room", "v"]
    assert list(problems(moved)) == []


def test_tracks_go_in_and_out_and_what_is_left_is_a_bus(split: Project) -> None:
    made = edits.group_tracks(split, ["t"], ids=["f"])
    inside = edits.put_in_folder(made, ["u"], "f", index=0)
    assert (order(inside), outputs(inside)["u"]) == (["f", "u", "t", "drums", "bass", "room", "v"], "f")
    out = edits.put_in_folder(inside, ["bass"], None, index=99)
    assert order(out) == ["f", "u", "room", "v", "t", "drums", "bass"]
    assert outputs(out) == {"u": "f", "v": "room"}
    empty = edits.put_in_folder(out, ["u"], None, index=0)
    assert order(empty) == ["u", "f", "room", "v", "t", "drums", "bass"]
    assert edits.members_of(empty, "f") == ()
    assert "no folder" in refused(lambda: edits.ungroup(empty, "f"))
    room = edits.put_in_folder(empty, ["v"], "room")
    assert (room.track("v").folder, outputs(room)) == ("room", {"v": "room"}), (
        "any bus is a folder once tracks lie in it"
    )
    assert edits.put_in_folder(room, ["v"], "room", index=1) is room


def test_tracks_are_put_before_what_stands_there_now(project: Project) -> None:
    for each in "klmn":
        project = edits.add_track(project, Track(id=each, name=each))
    assert order(edits.put_in_folder(project, ["t", "l"], None, index=5)) == ["u", "k", "m", "t", "l", "n"]
    assert order(edits.put_in_folder(project, ["n", "u"], None, index=0)) == ["u", "n", "t", "k", "l", "m"]


def test_ungrouping_leaves_the_tracks_in_its_place_playing_where_it_did(split: Project) -> None:
    made = edits.set_output(edits.group_tracks(split, ["t", "u"], ids=["f"]), "f", "room")
    made = edits.set_send(made, "v", "f")
    undone = edits.ungroup(made, "f")
    assert order(undone) == order(split)
    assert outputs(undone) == {"t": "room", "drums": "room", "bass": "room", "u": "room", "v": "room"}
    assert undone.track("v").strip.sends == ()
    plain = edits.ungroup(edits.group_tracks(split, ["t", "u"], ids=["f"]), "f")
    assert plain == split


def test_a_copy_of_a_folder_is_a_folder_of_copies(split: Project) -> None:
    made = edits.group_tracks(edits.set_send(split, "u", "room"), ["t", "u", "room"], ids=["f"])
    made = edits.set_automation(made, "u", "send.room.gain_db", [(0, -6)])
    copied = edits.duplicate_track(made, "f", ids=["g"])
    assert order(copied)[:6] == ["f", "t", "drums", "bass", "u", "room"]
    song, drums, bass, own, room = copied.tracks[7:12]
    assert [track.folder for track in (song, own, room)] == ["g"] * 3
    assert [drums.parent, bass.parent] == [song.id] * 2
    assert [track.strip.output for track in (song, drums, bass, own, room)] == ["g"] * 5
    assert own.strip.sends == (Send(bus=room.id, gain_db=0.0),)
    assert own.automation[0].target == f"send.{room.id}.gain_db"
    assert copied.track("g").name == "Group copy"
    assert (song.name, list(problems(copied))) == (made.track("t").name, [])


def test_what_cannot_be_is_refused(split: Project) -> None:
    made = edits.group_tracks(split, ["t"], ids=["f"])
    made = edits.group_tracks(made, ["f"], ids=["outer"])
    assert "itself" in refused(lambda: edits.put_in_folder(made, ["outer"], "f"))
    assert "itself" in refused(lambda: edits.put_in_folder(made, ["f"], "f"))
    assert "no folder" in refused(lambda: edits.put_in_folder(made, ["v"], "u"))
    assert "nothing" in refused(lambda: edits.group_tracks(made, []))
    assert "no longer" in refused(lambda: edits.group_tracks(made, ["gone"]))
    looped = edits.set_output(made, "outer", "room")
    assert "circle" in refused(lambda: edits.put_in_folder(looped, ["room"], "outer"))
    assert refused(lambda: edits.add_track(made, Track(id="x", name="X", folder="u")))


def test_a_colour_is_set_and_taken_back(project: Project) -> None:
    made = edits.set_colour(project, "u", "vocals")
    assert made.track("u").colour == "vocals"
    assert edits.set_colour(made, "u", "vocals") is made
    assert edits.set_colour(made, "u", None) == project


def test_a_file_with_impossible_folders_is_not_let_in(split: Project) -> None:
    made = edits.group_tracks(edits.group_tracks(split, ["t"], ids=["f"]), ["f"], ids=["outer"])

    def with_folder(track_id: str, folder: str) -> Project:
        tracks = tuple(msgspec.structs.replace(t, folder=folder) if t.id == track_id else t for t in made.tracks)
        return msgspec.structs.replace(made, tracks=tracks)

    assert "itself" in next(problems(with_folder("outer", "f")))
    assert "itself" in next(problems(with_folder("outer", "outer")))
    assert "none" in next(problems(with_folder("u", "v")))
    assert "none" in next(problems(with_folder("u", "gone")))
    assert "none" in next(problems(with_folder("drums", "f")))
