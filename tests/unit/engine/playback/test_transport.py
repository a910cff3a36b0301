"""The transport against a device that the test pulls by hand: every sample is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from engine.plan import InsertPlan, LoopPlan, MixPlan
from engine.playback.ring import Ring, pull
from engine.playback.telemetry import SIZE, Telemetry
from engine.playback.transport import Transport
from engine.render import render

RATE = 48_000
RAMP = 240
MakePlan = Callable[..., MixPlan]


class Bench:
    """A transport whose device is `take`."""

    def __init__(self, *, rate: int = RATE, channels: int = 2):
        self.ring = Ring(rate=rate, channels=channels)
        self.telemetry = Telemetry(bytearray(SIZE))
        self.transport = Transport(self.ring, self.telemetry, rate=rate)
        self.channels = channels

    def fill(self) -> None:
        while self.transport.advance():
            pass

    def take(self, frames: int, *, block: int = 128, render: bool = True) -> np.ndarray:
        parts: list[np.ndarray] = []
        for start in range(0, frames, block):
            if render:
                self.fill()
            count = min(block, frames - start)
            out = np.full(count * self.channels, np.nan, dtype=np.float32)
            pull(self.ring.memory, out, count, 0)
            parts.append(out.reshape(count, self.channels).T)
        self.fill() if render else self.transport.advance()
        return np.concatenate(parts, axis=1)

    @property
    def state(self) -> tuple[bool, int, int]:
        seen = self.telemetry.read()
        return bool(seen["playing"]), int(seen["frame"]), int(seen["xruns"])


@pytest.fixture
def bench() -> Bench:
    return Bench()


def roughness(x: np.ndarray) -> float:
    """The largest second difference: a click in smooth sound stands far above it."""
    return float(np.abs(np.diff(x, n=2, axis=1)).max())


SMOOTH = 3.5e-3
"""Second differences of the sines (7e-4) and of the corners of their 5 ms ramps (2e-3) stay below this."""


def test_the_roughness_measure_finds_a_forced_click(make_plan: MakePlan) -> None:
    tone = render(make_plan(), frames=RATE)
    assert roughness(tone) < SMOOTH
    clicked = tone.copy()
    clicked[:, 20_000:] *= 0.95
    assert roughness(clicked) > SMOOTH


def test_what_plays_is_what_renders(bench: Bench, make_plan: MakePlan) -> None:
    inserts = (InsertPlan(id="r", kind="reverb"), InsertPlan(id="l", kind="limiter", parameters={"gain_db": 9.0}))
    plan = make_plan(high_pass_hz=80.0, inserts=inserts)
    bench.transport.set_plan(plan, 1)
    bench.transport.play()
    heard = bench.take(RATE, block=97)
    wanted = render(plan, frames=RATE, block=1000)
    assert np.array_equal(heard[:, RAMP:], wanted[:, RAMP:])
    assert np.abs(heard[:, :RAMP]).max() <= np.abs(wanted[:, :RAMP]).max()
    assert bench.state == (True, RATE, 0)


def test_the_start_ramps(bench: Bench, make_plan: MakePlan) -> None:
    plan = make_plan()
    bench.transport.set_plan(plan, 1)
    bench.transport.play(12_345)
    heard = bench.take(4_000)
    wanted = render(plan, start_frame=12_345, frames=4_000)
    assert np.allclose(heard[:, :RAMP], wanted[:, :RAMP] * np.arange(1, RAMP + 1) / RAMP, atol=1e-6)
    assert np.array_equal(heard[:, RAMP:], wanted[:, RAMP:])


def test_pause_ramps_down_and_goes_on_where_it_was(bench: Bench, make_plan: MakePlan) -> None:
    bench.transport.set_plan(make_plan(), 1)
    bench.transport.play()
    bench.take(10_000)
    bench.transport.pause()
    tail = bench.take(2_000)
    assert np.abs(tail[:, RAMP:]).max() == 0.0
    assert roughness(tail) < SMOOTH
    playing, frame, xruns = bench.state
    assert (playing, xruns) == (False, 0)
    assert 10_000 <= frame <= 10_000 + RAMP
    bench.transport.play()
    heard = bench.take(3_000)
    assert np.array_equal(heard[:, RAMP:], render(make_plan(), start_frame=frame, frames=3_000)[:, RAMP:])


def test_stop_goes_back_to_the_start_and_then_to_the_beginning(bench: Bench, make_plan: MakePlan) -> None:
    bench.transport.set_plan(make_plan(), 1)
    bench.transport.play(24_000)
    bench.take(10_000)
    bench.transport.stop()
    bench.take(1_000)
    assert bench.state == (False, 24_000, 0)
    bench.transport.stop()
    bench.take(1_000)
    assert bench.state == (False, 0, 0)


def test_a_seek_while_playing_ramps_and_lands_exactly(bench: Bench, make_plan: MakePlan) -> None:
    plan = make_plan()
    bench.transport.set_plan(plan, 1)
    bench.transport.play()
    before = bench.take(9_999)
    bench.transport.seek(100_001)
    after = bench.take(6_000)
    assert roughness(np.concatenate([before, after], axis=1)) < SMOOTH
    wanted = render(plan, start_frame=100_001, frames=3_000)[:, RAMP:2_000]
    # The reader ramps down, waits for the new place, and ramps up: find where it landed.
    start = next(s for s in range(RAMP, 1_000) if np.array_equal(after[:, s : s + wanted.shape[1]], wanted))
    assert start <= RAMP + 128 + RAMP
    assert bench.state[2] == 0


def test_many_seeks_in_a_row_end_at_the_last(bench: Bench, make_plan: MakePlan) -> None:
    plan = make_plan()
    bench.transport.set_plan(plan, 1)
    bench.transport.play()
    bench.take(5_000)
    for frame in range(10_000, 60_000, 1_000):
        bench.transport.seek(frame)
    bench.take(4_000)
    heard = bench.take(2_000)
    position = bench.state[1]
    assert np.array_equal(
        heard, render(plan, start_frame=59_000, frames=9_000)[:, position - 61_000 : position - 59_000]
    )


@pytest.mark.parametrize("block", [64, 128, 1000])
def test_a_loop_wraps_on_its_frame(bench: Bench, make_plan: MakePlan, block: int) -> None:
    loop = LoopPlan(start_frame=10_007, end_frame=20_011)
    plan = make_plan(loop=loop)
    bench.transport.set_plan(plan, 1)
    bench.transport.play(15_000)
    heard = bench.take(30_000, block=block)
    straight = render(plan, frames=21_000)
    first = 20_011 - 15_000
    length = 20_011 - 10_007
    body = straight[:, 10_007 : 20_011 - RAMP]
    for start in (first, first + length):
        assert np.array_equal(heard[:, start : start + body.shape[1]], body)
    assert roughness(heard) < SMOOTH
    playing, frame, xruns = bench.state
    assert (playing, xruns) == (True, 0)
    assert frame == 10_007 + (30_000 - first) % length


def test_a_loop_that_is_set_while_playing_takes_effect(bench: Bench, make_plan: MakePlan) -> None:
    bench.transport.set_plan(make_plan(), 1)
    bench.transport.play()
    bench.take(5_000)
    bench.transport.set_loop(LoopPlan(start_frame=30_000, end_frame=40_000))
    heard = bench.take(60_000)
    assert 30_000 <= bench.state[1] < 40_000
    bench.transport.set_loop(None)
    bench.take(30_000)
    assert bench.state[1] > 40_000
    assert roughness(heard) < SMOOTH


def test_a_new_plan_takes_over_without_a_click(bench: Bench, make_plan: MakePlan) -> None:
    bench.transport.set_plan(make_plan(gain=1.0), 1)
    bench.transport.play()
    parts = [bench.take(20_000)]
    changes: list[dict[str, object]] = [
        {"gain": 0.5},
        {"gain": 0.5, "high_pass_hz": 400.0},
        {"gain": 0.9, "pan": -0.7},
        {"gain": 0.9, "inserts": (InsertPlan(id="l", kind="limiter", parameters={"gain_db": 6.0}),)},
        {"gain": 0.9, "inserts": ()},
    ]
    for serial, change in enumerate(changes, start=2):
        bench.transport.set_plan(make_plan(**change), serial)
        parts.append(bench.take(20_000))
    assert roughness(np.concatenate(parts, axis=1)) < SMOOTH
    # Once it has settled it is exactly the new plan at the same place.
    assert np.allclose(parts[1][:, -2_000:], render(make_plan(gain=0.5), start_frame=38_000, frames=2_000), atol=1e-5)
    assert np.allclose(parts[5][:, -2_000:], render(make_plan(gain=0.9), start_frame=118_000, frames=2_000), atol=1e-5)
    assert bench.state == (True, 120_000, 0)


def test_muting_glides(bench: Bench, make_plan: MakePlan) -> None:
    plan = make_plan()
    muted = MixPlan(
        rate=plan.rate,
        length_frames=plan.length_frames,
        tracks=tuple(type(t)(id=t.id, clips=t.clips, strip=t.strip, audible=False) for t in plan.tracks),
    )
    bench.transport.set_plan(plan, 1)
    bench.transport.play()
    parts = [bench.take(10_000)]
    bench.transport.set_plan(muted, 2)
    parts.append(bench.take(40_000))
    assert np.abs(parts[1][:, -2_000:]).max() == 0.0
    bench.transport.set_plan(plan, 3)
    parts.append(bench.take(20_000))
    assert np.array_equal(parts[2][:, -1_000:], render(plan, start_frame=69_000, frames=1_000))
    assert roughness(np.concatenate(parts, axis=1)) < SMOOTH


def test_a_gap_is_faded_counted_once_and_survived(bench: Bench, make_plan: MakePlan) -> None:
    bench.transport.set_plan(make_plan(), 1)
    bench.transport.play()
    bench.take(5_000)
    dry = bench.take(20_000, render=False)
    ahead = int(np.flatnonzero(np.abs(dry).sum(axis=0) > 0)[-1])
    assert 0.1 * RATE < ahead < 0.2 * RATE
    assert np.abs(dry[:, -1_000:]).max() == 0.0
    assert float(np.abs(np.diff(dry, axis=1)).max()) < 0.04
    assert bench.state[2] == 1
    again = bench.take(10_000)
    assert np.sqrt(np.mean(again[:, 2_000:] ** 2)) > 0.2
    assert bench.state[2] == 1


def test_the_end_of_the_plan_is_the_end_and_no_gap(bench: Bench, make_plan: MakePlan) -> None:
    plan = make_plan(frames=20_000)
    bench.transport.set_plan(plan, 1)
    bench.transport.play()
    heard = bench.take(30_000)
    assert np.array_equal(heard[:, RAMP:20_000], render(plan)[:, RAMP:])
    assert np.abs(heard[:, 21_000:]).max() == 0.0
    assert bench.state == (False, 20_000, 0)
    bench.transport.play()
    assert np.abs(bench.take(5_000)).max() > 0.3
    assert bench.state[1] == 5_000


def test_a_plan_of_another_rate_is_converted(bench: Bench, make_plan: MakePlan) -> None:
    plan = make_plan(rate=44_100, frames=4 * 44_100)
    bench.transport.set_plan(plan, 1)
    bench.transport.play()
    heard = bench.take(2 * RATE)[0]
    spectrum = np.abs(np.fft.rfft(heard[RATE:] * np.hanning(RATE)))
    assert abs(int(np.argmax(spectrum)) - 220) <= 1
    assert bench.state[1] == pytest.approx(2 * 44_100, abs=2_000)
    assert bench.state[2] == 0


@pytest.mark.parametrize("channels", [1, 4])
def test_other_devices_get_their_channels(make_plan: MakePlan, channels: int) -> None:
    bench = Bench(channels=channels)
    bench.transport.set_plan(make_plan(), 1)
    bench.transport.play()
    heard = bench.take(4_000)[:, RAMP:]
    wanted = render(make_plan(), frames=4_000)[:, RAMP:]
    if channels == 1:
        assert np.allclose(heard[0], wanted.mean(axis=0), atol=1e-6)
    else:
        assert np.array_equal(heard[:2], wanted)
        assert not heard[2:].any()


def test_meters_show_what_is_heard(bench: Bench, make_plan: MakePlan) -> None:
    bench.transport.set_plan(make_plan(gain=0.5), 7)
    bench.transport.play()
    bench.take(4 * RATE)
    seen = bench.telemetry.read()
    assert int(seen["serial"]) == 7
    peak_l, peak_r, rms_l, rms_r = seen["tracks"][0].tolist()
    assert peak_l == pytest.approx(0.25, abs=0.005)
    assert peak_r == pytest.approx(0.20, abs=0.005)
    assert rms_l == pytest.approx(0.25 / 2**0.5, rel=0.02)
    assert rms_r == pytest.approx(0.20 / 2**0.5, rel=0.02)
    assert seen["master"].tolist() == pytest.approx([0.25, 0.20], abs=0.005)
    assert float(seen["lufs_m"]) == pytest.approx(float(seen["lufs_s"]), abs=0.1)
    assert float(seen["true_peak_dbtp"]) == pytest.approx(20 * np.log10(0.25), abs=0.05)
    assert 0.0 < float(seen["dsp_load"]) < 1.0


def test_a_plan_whose_sound_is_gone_leaves_the_old_one_playing(bench: Bench, make_plan: MakePlan) -> None:
    plan = make_plan()
    bench.transport.set_plan(plan, 1)
    bench.transport.play()
    bench.take(5_000)
    broken = make_plan(frames=1_000)
    from pathlib import Path

    Path(broken.tracks[0].clips[0].pcm.path).unlink()
    bench.transport.set_plan(broken, 2)
    assert "missing" in bench.transport.notice
    assert np.array_equal(bench.take(1_000), render(plan, start_frame=5_000, frames=1_000))
    bench.transport.set_plan(plan, 3)
    assert bench.transport.notice == ""
