"""Controllers: learning, modes, soft take-over, and moves as single steps."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.midi import MidiMessage
from studio.midi import Binding, Bindings, Control
from studio.midi.bindings import learnt
from studio.midi.control import REST_S
from studio.project import edits
from studio.project.history import History
from studio.project.model import Project, Track
from studio.project.parameters import parameter_of

PORT = "Knobs"


def control(raw: int, number: int = 7) -> MidiMessage:
    return MidiMessage(port=PORT, kind="control", channel=0, number=number, value=raw / 127, raw=raw)


def note(velocity: int, number: int = 36) -> MidiMessage:
    return MidiMessage(port=PORT, kind="note", channel=9, number=number, value=velocity / 127, raw=velocity)


class Hands:
    """A project with one track, moved by hand."""

    def __init__(self) -> None:
        self.history = History(edits.add_track(Project(id="p"), Track(id="t", name="Track")))
        self.actions: list[str] = []
        self.rested = threading.Event()

    def project_now(self) -> Project:
        return self.history.project

    def track_in_focus(self) -> str | None:
        return "t"

    def move(self, label: str, change: Callable[[Project], Project]) -> None:
        self.rested.clear()
        if not self.history.in_gesture:
            self.history.begin(label)
        self.history.update(change(self.history.project))

    def rest(self) -> None:
        self.history.end()
        self.rested.set()

    def act(self, action: str) -> None:
        self.actions.append(action)

    @property
    def pan(self) -> float:
        return self.history.project.track("t").strip.pan


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def bound(tmp_path: Path, hands: Hands) -> Iterator[Callable[..., Control]]:
    made: list[Control] = []

    def make(*bindings: Binding, pick_up: bool = False, told: Callable[[Binding], None] | None = None) -> Control:
        store = Bindings(tmp_path / "midi.json")
        for each in bindings:
            store.add(each)
        made.append(Control(store, hands, pick_up=lambda: pick_up, learnt=told))
        return made[-1]

    yield make
    for each in made:
        each.close()


def binding(**fields: object) -> Binding:
    base = {"port": PORT, "kind": "control", "channel": 0, "number": 7, "target": "pan", "track": "t"}
    return Binding(**{**base, **fields})  # type: ignore[arg-type]


def until(condition: Callable[[], bool]) -> bool:
    """Wait for what another thread does."""
    end = time.monotonic() + 20
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def test_a_knob_moves_its_parameter_and_its_move_is_one_step(bound, hands: Hands) -> None:
    knobs = bound(binding())
    for raw in (0, 64, 127):
        knobs.heard(control(raw))
    assert until(lambda: hands.pan == 1.0)
    assert hands.rested.wait(20 * REST_S)
    assert [entry.label for entry in hands.history.entries] == ["Open", "Pan"]
    knobs.heard(control(0))
    assert until(lambda: hands.pan == -1.0)
    assert hands.rested.wait(20 * REST_S)
    assert len(hands.history.entries) == 3


def test_a_fader_takes_hold_when_it_comes_past_the_value(bound, hands: Hands) -> None:
    fader = bound(binding(), pick_up=True)
    hands.history.commit("Pan", edits.set_strip(hands.history.project, "t", pan=0.5))
    fader.heard(control(10))
    fader.heard(control(60))
    fader.heard(control(90))
    # 0.5 lies at 95.25 of 127: the next message comes past it.
    fader.heard(control(110))
    assert until(lambda: hands.pan == pytest.approx(2 * 110 / 127 - 1))
    assert all(entry.project.track("t").strip.pan != pytest.approx(2 * 90 / 127 - 1) for entry in hands.history.entries)
    fader.heard(control(20))
    assert until(lambda: hands.pan == pytest.approx(2 * 20 / 127 - 1)), "once it has hold it goes on"
    assert hands.rested.wait(20 * REST_S)
    hands.history.commit("Pan", edits.set_strip(hands.history.project, "t", pan=0.9))
    fader.heard(control(30))
    fader.heard(control(31))
    fader.close()
    assert hands.pan == 0.9, "moved on the screen, it has to be picked up again"


@pytest.mark.parametrize(("encoding", "up", "down"), [("twos", 1, 127), ("offset", 65, 63), ("sign", 1, 65)])
def test_endless_encoders_move_from_where_it_stands(bound, hands: Hands, encoding: str, up: int, down: int) -> None:
    encoder = bound(binding(mode="relative", encoding=encoding), pick_up=True)
    for raw in (up, up, up, down):
        encoder.heard(control(raw))
    assert until(lambda: hands.pan == pytest.approx(2 * 2 / 127))


def test_keys_switch_and_trigger(bound, hands: Hands) -> None:
    key = {"kind": "note", "channel": 9}
    keys = bound(
        binding(**key, number=36, target="mute", mode="toggle"),
        binding(**key, number=37, target="transport.play", track="", mode="trigger"),
    )
    for velocity in (100, 0, 90, 0, 80, 0):
        keys.heard(note(velocity))
    keys.heard(note(100, 37))
    keys.heard(note(0, 37))
    keys.heard(MidiMessage(port=PORT, kind="stop"))
    keys.heard(MidiMessage(port=PORT, kind="clock"))
    keys.heard(note(100, 99))
    assert until(lambda: len(hands.actions) == 2)
    assert hands.history.project.track("t").strip.mute, "three presses"
    assert hands.actions == ["transport.play", "transport.stop"]


def test_a_binding_of_a_track_that_is_not_there_rests(bound, hands: Hands) -> None:
    knobs = bound(binding(track="gone"), binding(number=8, track="selected"))
    knobs.heard(control(127))
    knobs.heard(control(127, 8))
    assert until(lambda: hands.pan == 1.0)


def test_learning_binds_the_next_control_and_is_kept(bound, hands: Hands, tmp_path: Path) -> None:
    told: list[Binding] = []
    knobs = bound(told=told.append)
    knobs.learn("pan", "t")
    assert knobs.learning == "pan"
    knobs.heard(note(0))
    for raw in (40, 41, 43, 44):
        knobs.heard(control(raw, 21))
    assert until(lambda: bool(told))
    assert (told[0].number, told[0].mode, told[0].target) == (21, "absolute", "pan")
    assert hands.history.project.track("t").strip.pan == 0.0, "what is learnt from moves nothing"
    knobs.learn("mute", "t")
    knobs.heard(note(99))
    assert until(lambda: len(told) == 2)
    assert (told[1].kind, told[1].mode) == ("note", "toggle")
    knobs.learn("gain_db", "t")
    knobs.heard(control(127, 21))
    knobs.heard(control(1, 21))
    assert until(lambda: len(told) == 3), "two are enough when no more come"
    assert told[2].mode == "relative"
    assert Bindings(tmp_path / "midi.json").all == (told[1], told[2]), "a control moves one thing"
    knobs.bindings.remove(told[1])
    assert knobs.bindings.all == (told[2],)


def test_what_messages_speak_for() -> None:
    assert learnt([], target="pan", track="t", switch=False) is None
    offset = learnt([control(65), control(63)], target="pan", track="t", switch=False)
    assert offset is not None
    assert (offset.mode, offset.encoding) == ("relative", "offset")
    key = learnt([control(127)], target="mute", track="t", switch=True)
    assert key is not None
    assert key.mode == "toggle"
    trigger = learnt([note(1)], target="transport.stop", track="", switch=False)
    assert trigger is not None
    assert trigger.mode == "trigger"


@pytest.mark.parametrize("raw", [b"", b"{}", b"\xff", b'[{"port": 1}]'])
def test_a_broken_file_is_put_aside(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "midi.json"
    path.write_bytes(raw)
    broken = Bindings(path)
    assert broken.all == ()
    assert broken.notice
    broken.add(binding())
    assert Bindings(path).all == (binding(),)


def test_the_ends_of_a_knob_are_the_ends_of_its_range(hands: Hands) -> None:
    parameter = parameter_of(hands.project_now(), "t", "compressor.ratio")
    assert (parameter.at(0.0), parameter.at(1.0)) == (1.0, 20.0)
