"""Heavy effects: the stream that runs ahead, off line and beside a running session."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np
import pytest

from engine.errors import EngineError
from engine.plan import AutomationPlan, InsertPlan, MixPlan, StripPlan, TrackPlan
from engine.plan.flat.compile import compile_plan
from engine.plan.heavy import HeavyProcessor
from engine.plan.offline import OfflineRenderer
from engine.types import Audio, PcmRef

from .conftest import RATE, Live, clip_of, mix_of


class Late:
    """A gain that is 300 frames late: enough of a processor to hear whether it is in place."""

    latency_frames = 300
    badge = ""

    def __init__(self, insert: InsertPlan):
        self.gain = insert.parameters.get("gain", 0.5)
        self.closed = False
        self.calls = 0
        self._line = np.zeros((2, self.latency_frames), dtype=np.float32)

    def process(self, block: Audio) -> None:
        both = np.concatenate([self._line, block], axis=1)
        self._line = both[:, block.shape[1] :].copy()
        block[:] = both[:, : block.shape[1]] * np.float32(self.gain)
        self.calls += 1

    def set_parameters(self, values: Mapping[str, float]) -> None:
        self.gain = values.get("gain", self.gain)

    def reset(self) -> None:
        self._line[:] = 0.0

    def notices(self) -> list[str]:
        return []

    def close(self) -> None:
        self.closed = True


class Factory:
    def __init__(self) -> None:
        self.made: list[Late] = []

    def __call__(self, insert: InsertPlan, rate: int) -> HeavyProcessor:
        assert rate == RATE
        self.made.append(Late(insert))
        return self.made[-1]


def refuse(insert: InsertPlan, rate: int) -> HeavyProcessor:
    raise EngineError(f"{insert.id} is not there at {rate}.", remedy="Install it.", code="plugin-missing")


def heavy(noise: PcmRef, **values: object) -> MixPlan:
    strip = StripPlan(inserts=(InsertPlan(id="p", kind="vst3", parameters={"gain": 0.5}),))
    return mix_of(TrackPlan(id="t", clips=(clip_of(noise),), strip=strip, **values))  # type: ignore[arg-type]


@pytest.mark.parametrize(("start", "block"), [(0, 64), (0, 4_096), (777, 1_000), (10_000, 100_000)])
def test_a_render_waits_for_the_stream(noise: PcmRef, start: int, block: int) -> None:
    renderer = OfflineRenderer(heavy(noise), heavy=Factory())
    renderer.seek(start)
    parts: list[Audio] = []
    for at in range(0, 20_000, block):
        parts.append(np.empty((2, min(block, 20_000 - at)), np.float32))
        renderer.process(parts[-1])
    y = np.concatenate(parts, axis=1)
    assert np.array_equal(y, noise.open()[:, start : start + 20_000] * np.float32(0.5))
    renderer.close()


def test_without_a_factory_or_with_one_that_refuses_the_track_is_dry(noise: PcmRef) -> None:
    for factory in (None, refuse):
        renderer = OfflineRenderer(heavy(noise), heavy=factory)
        y = np.empty((2, 10_000), np.float32)
        renderer.process(y)
        assert np.array_equal(y, noise.open()[:, :10_000])
        if renderer.flat.feeder is not None:
            assert renderer.flat.feeder.badges() == {"p": "Not loaded"}
            assert renderer.flat.feeder.notices() == ["p is not there at 48000. Install it."]
            assert renderer.flat.feeder.notices() == []


def publish(live: Live, plan: MixPlan, factory: Factory) -> None:
    flat = compile_plan(plan, pool=live.pool, previous=live.session.newest, heavy=factory)
    assert live.session.publish(flat)


def drive(live: Live, frames: int) -> Audio:
    """A device, with the look-ahead thread's work in between."""
    parts: list[Audio] = []
    for _ in range(0, frames, 500):
        flat = live.session.current
        if flat is not None and flat.feeder is not None:
            flat.feeder.fill(live.session, 9_600)
        parts.append(live.run(500))
    return np.concatenate(parts, axis=1)


def test_a_session_plays_the_stream_after_starts_jumps_and_edits(noise: PcmRef) -> None:
    x, factory = noise.open(), Factory()
    live = Live(mix_of())
    live.run(1_000)
    publish(live, heavy(noise), factory)
    drive(live, 10_000)
    live.session.play(0)
    y = drive(live, 20_000)
    assert np.all(np.isfinite(y))
    position = live.session.position
    assert np.array_equal(drive(live, 1_000), x[:, position : position + 1_000] * np.float32(0.5))
    live.session.seek(5_000)
    drive(live, 4_000)
    position = live.session.position
    assert position < 10_000
    assert np.array_equal(drive(live, 1_000), x[:, position : position + 1_000] * np.float32(0.5))
    # The chain goes on through an edit of something else, and follows its parameters.
    plan = heavy(noise)
    strip = msgspec.structs.replace(
        plan.tracks[0].strip, pan=0.0, inserts=(InsertPlan(id="p", kind="vst3", parameters={"gain": 0.25}),)
    )
    publish(live, mix_of(msgspec.structs.replace(plan.tracks[0], strip=strip)), factory)
    drive(live, 20_000)
    position = live.session.position
    assert np.array_equal(drive(live, 1_000), x[:, position : position + 1_000] * np.float32(0.25))
    assert len(factory.made) == 1
    # The track fades out first, through its effects; the plan after that lets go of them.
    publish(live, mix_of(), factory)
    drive(live, 4_000)
    assert not factory.made[0].closed
    publish(live, mix_of(), factory)
    drive(live, 4_000)
    assert factory.made[0].closed


def test_a_stream_that_is_late_plays_dry_and_is_counted(noise: PcmRef) -> None:
    factory = Factory()
    live = Live(mix_of())
    live.run(1_000)
    publish(live, heavy(noise), factory)
    live.session.play(0)
    live.run(5_000)
    position = live.session.position
    assert np.array_equal(live.run(1_000), noise.open()[:, position : position + 1_000])
    flat = live.session.current
    assert flat is not None
    assert flat.feeder is not None
    assert int(flat.feeder.tracks["t"].words[3]) > 10


def test_a_chain_that_has_nothing_to_do_rests(noise: PcmRef) -> None:
    factory = Factory()
    live = Live(mix_of())
    live.run(1_000)
    publish(live, heavy(noise), factory)
    drive(live, 3 * RATE)
    calls = factory.made[0].calls
    drive(live, RATE)
    assert factory.made[0].calls == calls


def test_automation_reaches_the_effect(noise: PcmRef) -> None:
    lane = AutomationPlan(target="insert.p.gain", frames=(0, 10_000, 10_001), values=(0.5, 0.5, 0.125))
    renderer = OfflineRenderer(heavy(noise, automation=(lane,)), heavy=Factory())
    y = np.empty((2, 20_000), np.float32)
    renderer.process(y)
    x = noise.open()
    assert np.array_equal(y[:, :9_000], x[:, :9_000] * np.float32(0.5))
    assert np.array_equal(y[:, 11_000:], x[:, 11_000:20_000] * np.float32(0.125))


@pytest.mark.parametrize("bus", [False, True], ids=["track", "bus"])
def test_effects_that_come_go_and_are_exchanged_fade(sine: PcmRef, bus: bool) -> None:
    def plan(*names: str) -> MixPlan:
        strip = StripPlan(inserts=tuple(InsertPlan(id=n, kind="vst3", parameters={"gain": 0.4}) for n in names))
        if not bus:
            return mix_of(TrackPlan(id="t", clips=(clip_of(sine),), strip=strip), length_frames=4 * RATE)
        tracks = (TrackPlan(id="t", clips=(clip_of(sine),), output="b"), TrackPlan(id="b", kind="bus", strip=strip))
        return mix_of(*tracks, length_frames=4 * RATE)

    factory = Factory()
    live = Live(plan("p"))
    live.session.play(0)
    heard = [live.run(4_100)]
    for names in (("p",), ("p", "q"), ("q",), (), ("r",), (), ()):
        publish(live, plan(*names), factory)
        heard.append(drive(live, 9_077))
    y = np.concatenate(heard, axis=1)[:, 2_000:]
    assert np.abs(y).max() == pytest.approx(0.25, abs=1e-3)
    # As steep as the tone and a fade over 5 ms at most.
    assert np.abs(np.diff(y)).max() < 0.25 * (2 * np.pi * 200 / RATE + 1 / (0.005 * RATE)) * 1.01
