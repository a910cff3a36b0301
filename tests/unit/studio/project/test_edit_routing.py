"""Buses, sends and what is heard of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from studio.base.errors import ProjectError
from studio.project import edits
from studio.project.audibility import Way, audible_clips, audible_track_ids, ways
from studio.project.check import problems
from studio.project.model import Insert, Project, Send, Source
from studio.project.usage import rights_groups, usage_of


@pytest.fixture
def routed(project: Project) -> Project:
    """Song `t` plays into bus `group` and sends to `room`; shaker `u` sends to `room` alone, before its fader."""
    project = edits.add_bus(edits.add_bus(project, "Group", ids=["group"]), "Room", ids=["room"])
    project = edits.set_output(project, "t", "group")
    project = edits.set_send(project, "t", "room", gain_db=-6)
    return edits.set_send(project, "u", "room", gain_db=-12, pre=True)


def refused(edit: Callable[[], object]) -> str:
    with pytest.raises(ProjectError) as said:
        edit()
    assert said.value.code == "edit-invalid"
    assert said.value.remedy
    return said.value.message


def heard(project: Project) -> set[str]:
    return set(audible_track_ids(project))


def test_sends_are_made_changed_and_taken_away(routed: Project) -> None:
    assert routed.track("t").strip.sends == (Send(bus="room", gain_db=-6.0),)
    changed = edits.set_send(routed, "t", "room", gain_db=99, mute=True)
    assert changed.track("t").strip.sends == (Send(bus="room", gain_db=12.0, mute=True),)
    assert edits.set_send(routed, "t", "room") is routed
    lane = edits.set_automation(routed, "t", "send.room.gain_db", [(0, 0)])
    gone = edits.remove_send(lane, "t", "room")
    assert (gone.track("t").strip.sends, gone.track("t").automation) == ((), ())
    assert "send" in refused(lambda: edits.remove_send(gone, "t", "room"))


def test_circles_and_tracks_as_buses_are_refused(routed: Project) -> None:
    circled = edits.set_output(routed, "group", "room")
    assert "circle" in refused(lambda: edits.set_output(circled, "room", "group"))
    assert "circle" in refused(lambda: edits.set_send(circled, "room", "room"))
    assert "no bus" in refused(lambda: edits.set_output(routed, "t", "u"))
    assert "no bus" in refused(lambda: edits.set_send(routed, "t", "u"))


def test_a_bus_takes_no_clips_takes_or_freeze(routed: Project, make_stem: Callable[..., Source]) -> None:
    clip = routed.track("u").clips[0]
    assert "bus" in refused(lambda: edits.move_clip(routed, clip.id, 0, track_id="room"))
    assert "bus" in refused(lambda: edits.add_take(routed, "room", []))
    assert "bus" in refused(lambda: edits.freeze(routed, "room", make_stem("drums")))
    assert refused(lambda: edits.attach_stems(routed, "room", {"drums": make_stem("drums")}))


def test_a_plugin_stands_on_a_bus_and_the_master_too(routed: Project) -> None:
    project = edits.add_insert(routed, "room", Insert(id="x", kind="vst3"))
    project = edits.add_insert(project, "master", Insert(id="y", kind="vst3"))
    assert [insert.id for insert in project.track("room").strip.inserts][-1] == "x"
    assert [insert.id for insert in project.master.strip.inserts] == ["y"]
    assert list(problems(project)) == []


def test_when_a_bus_goes_its_users_play_to_the_master(routed: Project) -> None:
    lane = edits.set_automation(routed, "t", "send.room.gain_db", [(0, 0)])
    without = edits.remove_track(edits.remove_track(lane, "group"), "room")
    song = without.track("t")
    assert (song.strip.output, song.strip.sends, song.automation) == ("", (), ())
    assert list(problems(without)) == []


def test_copies_keep_their_routes_and_automate_their_own_effects(routed: Project) -> None:
    made = edits.add_insert(routed, "t", Insert(id="fx", kind="delay"))
    made = edits.set_automation(made, "t", "insert.fx.mix", [(0, 0.5)])
    made = edits.duplicate_track(made, "t", ids=["copy", "copy-a", "copy-fx"])
    copy = made.track("copy")
    assert (copy.strip.output, copy.strip.sends) == ("group", routed.track("t").strip.sends)
    assert copy.automation[0].target == "insert.copy-fx.mix"


def test_stems_take_the_routes_and_the_automation_of_their_track(
    routed: Project, make_stem: Callable[..., Source]
) -> None:
    lane = edits.set_automation(routed, "t", "gain_db", [(0, -6), (4, 0)])
    split = edits.attach_stems(lane, "t", {"drums": make_stem("drums")}, ids=["drums"])
    drums = split.track("drums")
    assert (drums.strip.output, drums.automation[0].points) == ("group", lane.track("t").automation[0].points)


def test_a_take_keeps_the_routes_of_its_track(routed: Project) -> None:
    with_take = edits.add_take(routed, "t", [], name="Silence")
    assert with_take.track("t").strip.output == "group"
    moved = edits.set_output(with_take, "t", "")
    assert edits.choose_take(moved, "t", None).track("t").strip.output == ""


def test_what_is_heard_goes_through_open_buses(routed: Project) -> None:
    assert heard(routed) == {"t", "u", "group", "room"}
    muted = edits.set_strip(routed, "group", mute=True)
    assert ways(muted)["t"] == Way(False, frozenset({"room"})), "the song is still heard in the room"
    silent = edits.set_strip(muted, "room", gain_db=-96)
    assert heard(silent) == {"u"}
    assert usage_of(silent).sources == ()
    assert rights_groups(silent) == {"you": [("u", "s")]}
    assert usage_of(muted).sources != ()


def test_sends_before_the_fader_sound_without_it(routed: Project) -> None:
    down = edits.set_strip(edits.set_strip(routed, "u", gain_db=-96), "t", gain_db=-96)
    assert heard(down) == {"u", "group", "room"}
    assert [clip.id for _, clip in audible_clips(down)] == ["s"]
    assert audible_clips(edits.set_send(down, "u", "room", mute=True)) == []
    assert audible_clips(edits.set_strip(down, "u", mute=True)) == []


def test_automation_opens_and_closes_faders(routed: Project) -> None:
    opened = edits.set_strip(routed, "t", gain_db=-96)
    opened = edits.set_automation(opened, "t", "gain_db", [(0, -96), (8, 0)])
    assert "t" in heard(opened)
    closed = edits.set_automation(routed, "u", "mute", [(0, 1.0)])
    assert "u" not in heard(closed)
    assert "u" in heard(edits.set_automation_enabled(closed, "u", "mute", False))
    quiet = edits.set_automation(routed, edits.MASTER, "gain_db", [(0, -96)])
    assert audible_clips(quiet) == []


def test_solo_in_place(routed: Project) -> None:
    song = ways(edits.set_strip(routed, "t", solo=True))
    assert song["t"] == Way(True, frozenset({"room"}))
    assert song["u"] == Way()
    assert song["room"].heard, "the room of what is soloed is heard"
    room = ways(edits.set_strip(routed, "room", solo=True))
    assert room["t"] == Way(False, frozenset({"room"})), "of the song only what it sends there"
    assert room["u"] == Way(False, frozenset({"room"}))
    group = ways(edits.set_strip(routed, "group", solo=True))
    assert group["t"] == Way(True, frozenset())
    assert group["u"] == Way()
    safe = edits.set_strip(edits.set_strip(routed, "t", solo=True), "u", solo_safe=True)
    assert heard(safe) == {"t", "u", "group", "room"}
