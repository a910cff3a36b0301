"""Recording lands, takes are compared at one loudness, freezing plays what it rendered, and nothing plays too early."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.playback.messages import Pass
from studio.base.errors import ProjectError, StudioError
from studio.flows import record
from studio.flows.media import Silent
from studio.project import edits
from studio.project.model import Clip, Insert, Track
from studio.project.usage import usage_of
from studio.session import Session

Song = Callable[..., Path]
LONG_S = 60.0


def test_a_recording_lands_as_a_sound_of_ones_own_and_is_undone(desk) -> None:
    session, player = desk.session, desk.player
    session.settings.set("audio.channels", "second")
    session.settings.set("audio.latency_ms", 12.5)
    player.late_s = 0.25
    session.record_start(from_s=2.0)
    assert session.recording is not None
    with pytest.raises(StudioError) as twice:
        session.record_start()
    assert twice.value.code == "recording-running"
    landed = session.record_stop().value(LONG_S)
    assert ("arm", "", (1,)) in player.said
    assert ("record", 2.0, None, None, 0.0125, 1) in player.said
    order = [said[0] for said in player.said]
    assert order.index("play") < order.index("record"), "the recording joins what plays, with its count-in"
    track = session.project.track(landed.track_id)
    clip = track.clips[0]
    source = session.project.sources[clip.source]
    assert (clip.id, clip.start_s, clip.length_s) == (landed.clip_id, 2.25, pytest.approx(1.0))
    assert (source.origin, source.steps[0].operation) == ("own", "record")
    assert usage_of(session.project).own_material
    assert session.unlanded_recordings() == []
    session.undo()
    assert session.project.tracks == ()
    with pytest.raises(StudioError) as none:
        session.record_stop()
    assert none.value.code == "recording-none"


def test_punch_in_records_onto_a_track(desk, song: Song) -> None:
    session, player = desk.session, desk.player
    made = session.import_file(song()).value(LONG_S)
    session.record_start(made.track_id, punch=(3.0, 1.5), from_s=0.5)
    player._target = (session.recording.path, 1.5)
    session.record_stop().value(LONG_S)
    assert ("record", 0.5, 1.5, 3.0, None, 1) in player.said
    clips = session.project.track(made.track_id).clips
    assert [(clip.start_s, clip.end_s) for clip in clips] == [
        (0, 1.5),
        (1.5, pytest.approx(2.5)),
        (pytest.approx(2.5), 4.0),
    ]
    bus = edits.add_bus(session.project, "Room", ids=["room"])
    session.commit("Bus", bus)
    with pytest.raises(StudioError):
        session.record_start("room")


def test_each_pass_of_a_loop_becomes_a_take_that_can_be_undone(desk, song: Song) -> None:
    session, player = desk.session, desk.player
    made = session.import_file(song()).value(LONG_S)
    session.commit("Loop", edits.set_loop(session.project, start_s=1.0, end_s=2.0, enabled=True))
    player.recorded_s = 2.01
    player.passes = (Pass(0.5, 0.0, 1.5), Pass(1.0, 1.5, 0.5), Pass(1.0, 2.0, 0.01))
    session.record_start(made.track_id, from_s=0.5)
    landed = session.record_stop().value(LONG_S)
    assert player.loops
    # What is too short to be a clip is none.
    assert landed.takes == (1, 2)
    track = session.project.track(made.track_id)
    assert track.take == 2
    takes = {None: track.original.clips, 1: track.takes[0].clips, 2: track.clips}
    assert [(clip.start_s, clip.end_s) for clip in takes[None]] == [(0.0, 4.0)]
    first = next(clip for clip in takes[1] if clip.source != takes[None][0].source)
    last = next(clip for clip in takes[2] if clip.id == landed.clip_id)
    assert (first.start_s, first.length_s, first.source_start_s) == (0.5, pytest.approx(1.5), 0.0)
    assert (last.start_s, last.length_s, last.source_start_s) == (1.0, pytest.approx(0.5), pytest.approx(1.5))
    # Around the pass the track plays what it played.
    assert [(clip.start_s, clip.end_s) for clip in takes[2]] == [
        (0.0, 1.0),
        (1.0, pytest.approx(1.5)),
        (pytest.approx(1.5), 4.0),
    ]
    session.undo()
    assert session.project.track(made.track_id).takes == ()
    player.passes = ()
    session.record_start(made.track_id, from_s=0.5, passes=False)
    session.record_stop().value(LONG_S)
    assert not player.loops


def test_passes_without_a_track_make_one(desk) -> None:
    session, player = desk.session, desk.player
    session.commit("Loop", edits.set_loop(session.project, start_s=0.0, end_s=0.5, enabled=True))
    player.passes = (Pass(0.0, 0.0, 0.5), Pass(0.0, 0.5, 0.5))
    session.record_start(from_s=0.0)
    landed = session.record_stop().value(LONG_S)
    track = session.project.track(landed.track_id)
    assert (landed.takes, track.take, len(track.clips)) == ((1, 2), 2, 1)
    assert track.original.clips == ()


def _level(session: Session, track_id: str) -> float:
    """Peak of the last clip of a track, of its left side; both sides are alike where it was recorded from one."""
    clip = session.project.track(track_id).clips[-1]
    pcm = session.services.media.pcm(session.project.sources[clip.source], session.project.rate, Silent())
    samples = np.asarray(pcm.open())
    return float(np.abs(samples[0]).max())


def _own_tracks(session: Session) -> None:
    made = edits.add_track(session.project, Track(id="voice", name="Voice"))
    session.commit("Tracks", edits.add_track(made, Track(id="guitar", name="Guitar")))


def test_several_tracks_are_recorded_in_one_pass_each_from_its_input(desk) -> None:
    session, player = desk.session, desk.player
    _own_tracks(session)
    player.right = 0.25
    session.record_start(from_s=1.0, inputs={"guitar": "second", "voice": "first"})
    assert ("arm", "", (0, 1)) in player.said
    landed = session.record_stop().value(LONG_S)
    assert (landed.track_id, landed.track_ids) == ("guitar", ("guitar", "voice"))
    voice, guitar = (session.project.track(each).clips[0] for each in ("voice", "guitar"))
    assert (voice.start_s, guitar.start_s) == (1.0, 1.0)
    assert voice.length_s == guitar.length_s
    assert (voice.name, guitar.name) == ("Voice 2", "Guitar 1")
    assert _level(session, "voice") == pytest.approx(0.2, abs=0.01)
    assert _level(session, "guitar") == pytest.approx(0.05, abs=0.01)
    assert not list((session.paths.data / record.FOLDER).iterdir())
    assert session.history.entries[-1].label == "Record 2 tracks"
    session.undo()
    assert [track.clips for track in session.project.tracks] == [(), ()], "one step"


def test_passes_become_takes_of_every_track_and_punch_holds_for_all(desk) -> None:
    session, player = desk.session, desk.player
    _own_tracks(session)
    session.commit("Loop", edits.set_loop(session.project, start_s=0.0, end_s=0.5, enabled=True))
    player.passes = (Pass(0.0, 0.0, 0.5), Pass(0.0, 0.5, 0.5))
    session.record_start(from_s=0.0, inputs={"voice": "both", "guitar": "second"})
    landed = session.record_stop().value(LONG_S)
    assert landed.takes == (1, 2)
    for each in ("voice", "guitar"):
        track = session.project.track(each)
        assert ([take.number for take in track.takes], track.take) == ([1, 2], 2)
    player.passes = ()
    session.record_start(from_s=0.0, punch=(0.25, 0.75), inputs={"voice": "first", "guitar": "first"})
    assert player.said[-1] == ("record", 0.0, 0.25, 0.75, None, 1)
    assert player.channels == (0,), "two tracks may have the same input"
    session.record_stop().value(LONG_S)
    session.commit("Bus", edits.add_bus(session.project, "Room", ids=["room"]))
    with pytest.raises(StudioError) as refused:
        session.record_start(inputs={"voice": "first", "room": "second"})
    assert refused.value.code == "edit-invalid"
    assert session.recording is None


def test_a_recording_onto_several_tracks_that_a_crash_left_lands_on_them(desk) -> None:
    session, player = desk.session, desk.player
    _own_tracks(session)
    session.record_start(from_s=1.0, inputs={"voice": "first", "guitar": "second"})
    player.stop_record()
    session._recording = None  # The program ended here.
    session.commit("Gone", edits.remove_track(session.project, "voice"))
    (left,) = session.unlanded_recordings()
    landed = session.land_recording(left).value(LONG_S)
    assert [track.id for track in session.project.tracks] == ["guitar", landed.track_ids[0]]
    assert all(track.clips for track in session.project.tracks)


def test_silence_and_crashes_lose_nothing(desk, song: Song) -> None:
    session, player = desk.session, desk.player
    player.recorded_s = 0.0
    session.record_start()
    with pytest.raises(StudioError) as empty:
        session.record_stop().value(LONG_S)
    assert empty.value.code == "recording-empty"
    assert session.unlanded_recordings() == []
    player.recorded_s = 1.0
    session.record_start(from_s=1.0)
    player.stop_record()
    session._recording = None  # The program ended here.
    (left,) = session.unlanded_recordings()
    assert (left.start_s, left.project_id) == (1.0, session.project.id)
    session.land_recording(left).value(LONG_S)
    assert session.project.tracks[0].clips[0].start_s == 1.0
    assert session.unlanded_recordings() == []
    assert not list((session.paths.data / record.FOLDER).iterdir())


def with_takes(session: Session, song: Song) -> str:
    """A track whose original is 12 dB louder than its take 1."""
    loud = session.import_file(song("loud", level=0.4)).value(LONG_S)
    quiet = session.import_file(song("quiet", level=0.1)).value(LONG_S)
    source = session.project.track(quiet.track_id).clips[0].source
    project = edits.remove_track(session.project, quiet.track_id)
    clip = Clip(id="quiet", source=source, start_s=0.0, length_s=4.0)
    session.commit("Take", edits.add_take(project, loud.track_id, [clip], show=False))
    return loud.track_id


def test_takes_are_compared_at_one_loudness(desk, song: Song) -> None:
    session, player = desk.session, desk.player
    track = with_takes(session, song)
    prepared = session.prepare_takes(track).value(LONG_S)
    assert prepared.gains_db[1] == 0.0
    assert prepared.gains_db[None] == pytest.approx(-12.04, abs=0.1)
    assert ("prepare", "take 0", -12.0) in player.said
    player.said.clear()
    assert session.audition(track, 1, at="bar").value(LONG_S).heard == 1
    assert player.said == [("switch", "take 1", "bar")], "what is prepared switches at once"
    assert session.project.track(track).take is None, "nothing is chosen yet"
    session.end_audition()
    assert session.project.track(track).take == 1
    assert [said[:2] for said in player.said[1:]] == [("switch", ""), ("drop", "take 0"), ("drop", "take 1")]
    session.settings.set("transport.match_loudness", False)
    assert set(session.prepare_takes(track).value(LONG_S).gains_db.values()) == {0.0}
    session.end_audition(keep=False)
    with pytest.raises(ProjectError):
        session.audition(track, 7)


def test_an_edit_makes_what_was_prepared_out_of_date(desk, song: Song) -> None:
    session, player = desk.session, desk.player
    track = with_takes(session, song)
    session.prepare_takes(track).value(LONG_S)
    session.commit("Pan", edits.set_strip(session.project, track, pan=0.5))
    player.said.clear()
    session.audition(track, 1).value(LONG_S)
    assert [said[:2] for said in player.said] == [
        ("prepare", "take 0"),
        ("prepare", "take 1"),
        ("switch", "take 1"),
    ]


def test_choosing_a_take_while_it_plays_waits_for_the_beat(desk, song: Song) -> None:
    session, player = desk.session, desk.player
    track = with_takes(session, song)
    session.choose_take(track, 1).value(LONG_S)
    assert session.project.track(track).take == 1
    assert player.said == [], "nothing plays, so that there is nothing to wait for"
    player.state.playing = True
    session.choose_take(track, None).value(LONG_S)
    assert session.project.track(track).take is None
    assert player.said == [
        ("prepare", "chosen", 0.0),
        ("switch", "chosen", "beat"),
        ("switch", "", "now"),
        ("drop", "chosen"),
    ]


def test_a_project_that_was_just_opened_plays_when_its_plan_is_there(desk, song: Song) -> None:
    session, player = desk.session, desk.player
    player.recorded_s = 0.0
    player.plan = None
    session.new_project("Another")
    session.stop()
    session.play(0.0)
    session._follower.settle(LONG_S)
    assert player.said[-1] == ("play", 0.0, 0, True), "not before its plan is there"
    session.new_project("A third")
    session.record_start()
    with pytest.raises(StudioError) as empty:
        session.record_stop().value(LONG_S)
    assert empty.value.code == "recording-empty"
    session.import_file(song()).value(LONG_S)
    player.said.clear()
    session.play()
    assert player.said == [("play", None, 0, True)], "a known project plays at once, with the plan that is there"


def test_frozen_tracks_sound_as_they_did(desk, song: Song) -> None:
    session, player = desk.session, desk.player
    made = session.import_file(song(seconds=1.0)).value(LONG_S)
    insert = Insert(id="fx", kind="delay", parameters={"mix": 0.5, "time_s": 0.4})
    session.commit("Delay", edits.add_insert(session.project, made.track_id, insert))
    session.commit("Fader", edits.set_strip(session.project, made.track_id, gain_db=-6.0, pan=0.3))
    session._follower.settle(LONG_S)
    live = player.plan
    frozen = session.freeze(made.track_id).value(LONG_S)
    session._follower.settle(LONG_S)
    source = session.project.sources[frozen]
    assert source.duration_s > 1.4, "with its echo"
    assert session.project.track(made.track_id).frozen is not None
    from engine.render import render

    a, b = render(live), render(player.plan)
    assert player.plan.tracks[0].strip.inserts == ()
    assert np.abs(a - b[:, : a.shape[1]]).max() < 2e-4
    assert np.abs(a).max() > 0.05
    session.unfreeze(made.track_id)
    assert session.project.track(made.track_id).frozen is None
    bus = edits.add_bus(session.project, "Room", ids=["room"])
    session.commit("Bus", bus)
    with pytest.raises(ProjectError):
        session.freeze("room").value(LONG_S)
