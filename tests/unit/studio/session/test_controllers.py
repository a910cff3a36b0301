"""Controllers at the session's desk: a move is one step, keys run the transport, settings reach the player once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.midi import MidiMessage
from studio.base.errors import ProjectError, StudioError
from studio.midi import Binding
from studio.project import edits
from studio.project.model import Insert, PluginRef, Track
from studio.session import controllers


def until(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def control(raw: int, number: int = 7) -> MidiMessage:
    return MidiMessage(port="Knobs", kind="control", channel=0, number=number, value=raw / 127, raw=raw)


@pytest.fixture
def knobs(desk, monkeypatch: pytest.MonkeyPatch) -> Iterator:
    monkeypatch.setattr(controllers, "available", lambda: False)
    desk.session.commit("Track", edits.add_track(desk.session.project, Track(id="t", name="Track")))
    desk.session.start_controllers()
    yield desk
    desk.session.stop_controllers()
    desk.session._control = None
    (desk.session.paths.config / "midi.json").unlink(missing_ok=True)


def test_a_knob_is_learnt_and_moves_as_one_step(knobs) -> None:
    session = knobs.session
    learnt: list[Binding] = []
    session.events.midi_learnt.subscribe(learnt.append)
    session.settings.set("midi.pick_up", False)
    with pytest.raises(ProjectError):
        session.midi_learn("wishes", "t")
    session.midi_learn("gain_db", "t")
    assert session.midi_learning == "gain_db"
    for raw in (50, 51, 52, 53):
        session.midi_heard(control(raw))
    assert until(lambda: bool(learnt))
    steps = len(session.history.entries)
    for raw in (0, 30, 60, 127):
        session.midi_heard(control(raw))
    assert until(lambda: session.project.track("t").strip.gain_db == 12.0)
    assert until(lambda: not session.history.in_gesture)
    assert len(session.history.entries) == steps + 1
    session.undo()
    assert session.project.track("t").strip.gain_db == 0.0
    session.begin_gesture("Drag")
    session.midi_heard(control(127))
    assert until(lambda: session.project.track("t").strip.gain_db == 12.0)
    time.sleep(0.7)
    assert session.history.in_gesture, "the drag of the mouse goes on"
    session.end_gesture()
    session.midi_unbind(session.midi_bindings[0])
    assert session.midi_bindings == ()


def test_keys_run_the_transport(knobs) -> None:
    session, player = knobs.session, knobs.player
    player.recorded_s = 0.0
    session.focus = lambda: "t"
    session.midi_learn("transport.record")
    session.midi_heard(control(127, 20))
    assert until(lambda: bool(session.midi_bindings))
    session.midi_heard(MidiMessage(port="Knobs", kind="start"))
    assert until(lambda: ("play", None, 0, True) in player.said)
    session.midi_heard(MidiMessage(port="Knobs", kind="stop"))
    assert until(lambda: ("stop",) in player.said)
    session.midi_heard(control(127, 20))
    assert until(lambda: session.recording is not None)
    assert session.recording.track_id == "t"
    session.midi_heard(control(0, 20))
    session.midi_heard(control(127, 20))
    assert until(lambda: session.recording is None)


def test_without_controllers_it_says_so(desk) -> None:
    with pytest.raises(StudioError) as off:
        desk.session.midi_learn("gain_db")
    assert off.value.code == "midi-off"
    assert (desk.session.midi_ports, desk.session.midi_bindings, desk.session.midi_learning) == ((), (), None)


def test_settings_reach_the_player_when_they_differ(desk) -> None:
    session, player = desk.session, desk.player
    session._audio_said = session._clicks_said = None
    session.start_sound()
    player.said.clear()
    session.settings.set("transport.metronome", True)
    session.settings.set("audio.channels", "first")
    session.settings.set("audio.block_frames", 128)
    session.settings.set("audio.device", "none")
    assert player.said == [
        ("metronome", True, -12.0),
        ("audio", {"device": None, "block_frames": 128, "rate": None}),
        ("audio", {"device": "none", "block_frames": 128, "rate": None}),
    ]
    session.stop_sound()
    session.settings.set("audio.block_frames", 256)
    assert len(player.said) == 3


def test_what_was_turned_in_a_plug_in_is_kept(desk, tmp_path: Path) -> None:
    session, player = desk.session, desk.player
    plug = Insert(id="v", kind="vst3", parameters={"tone": 0.5}, plugin=PluginRef(path="/x/Tone.vst3"))
    project = edits.add_insert(edits.add_track(session.project, Track(id="t", name="Track")), "t", plug)
    session.commit("Plug-in", project)
    found = SimpleNamespace(state=b"new", values={"tone": 0.75, "other": 0.1})
    player.plugin_states = lambda: {"v": found, "gone": found}
    session.save_project(tmp_path / "Plug")
    insert = session.project.track("t").strip.inserts[0]
    assert insert.plugin is not None
    assert (insert.plugin.state, insert.parameters) == (b"new", {"tone": 0.75})
    steps = len(session.history.entries)
    session.take_plugin_states()
    assert len(session.history.entries) == steps, "nothing was turned since"

    def hangs() -> None:
        raise TimeoutError

    player.plugin_states = hangs
    session.save_project()


def test_sounds_that_went_away_are_named(desk, song: Callable[..., Path]) -> None:
    session, player = desk.session, desk.player
    made = session.import_file(song()).value(60.0)
    session._follower.settle(60.0)
    path = player.plan.tracks[0].clips[0].pcm.path
    player.state.lost_sources = (path, "/nowhere")
    source = session.project.track(made.track_id).clips[0].source
    assert [each.id for each in session.lost_sounds()] == [source]
