"""Plans: values, clips as they are read, the timeline under loops, and the renderer's state."""

from __future__ import annotations

import pickle
from pathlib import Path

import msgspec
import numpy as np
import pytest

from engine.errors import EngineError
from engine.io.pcm import write_pcm
from engine.plan import ClipPlan, CompressorPlan, EqPlan, InsertPlan, LoopPlan, MixPlan, StripPlan, TrackPlan
from engine.plan.renderer import PlanRenderer
from engine.plan.timeline import Timeline
from engine.render import render
from engine.types import PcmRef

RATE = 48_000


@pytest.fixture
def noise(tmp_path: Path, rng: np.random.Generator) -> PcmRef:
    return write_pcm((rng.standard_normal((2, RATE)) * 0.1).astype(np.float32), tmp_path / "noise.pcm", rate=RATE)


def plan_of(*clips: ClipPlan, frames: int = RATE, **strip: object) -> MixPlan:
    track = TrackPlan(id="t", clips=clips, strip=StripPlan(**strip))  # type: ignore[arg-type]
    return MixPlan(rate=RATE, length_frames=frames, tracks=(track,))


def test_a_plan_survives_pickling_and_json(noise: PcmRef) -> None:
    plan = plan_of(
        ClipPlan(pcm=noise, start_frame=5, length_frames=100),
        eq=(EqPlan(gain_db=3.0),),
        compressor=CompressorPlan(ratio=2.0),
        inserts=(InsertPlan(id="i", kind="delay", parameters={"mix": 0.5}),),
    )
    assert pickle.loads(pickle.dumps(plan)) == plan
    assert msgspec.json.decode(msgspec.json.encode(plan), type=MixPlan) == plan


def test_a_clip_plays_its_slice_at_its_place(noise: PcmRef) -> None:
    x = noise.open()
    y = render(plan_of(ClipPlan(pcm=noise, start_frame=1_000, source_frame=7_000, length_frames=5_000, gain=0.5)))
    assert np.array_equal(y[:, 1_000:6_000], x[:, 7_000:12_000] * np.float32(0.5))
    assert not y[:, :1_000].any()
    assert not y[:, 6_000:].any()


def test_reverse_plays_the_same_slice_backwards(noise: PcmRef) -> None:
    y = render(
        plan_of(ClipPlan(pcm=noise, start_frame=100, source_frame=7_000, length_frames=5_000, reverse=True)), block=97
    )
    assert np.array_equal(y[:, 100:5_100], noise.open()[:, 7_000:12_000][:, ::-1])


@pytest.mark.parametrize("reverse", [False, True])
def test_frames_that_the_source_does_not_have_are_silent(noise: PcmRef, reverse: bool) -> None:
    x = noise.open()
    clip = ClipPlan(pcm=noise, start_frame=0, source_frame=-500, length_frames=RATE + 1_500, reverse=reverse)
    y = render(plan_of(clip, frames=RATE + 1_500), block=331)
    wanted = np.pad(x, ((0, 0), (500, 1_000)))
    assert np.array_equal(y, wanted[:, ::-1] if reverse else wanted)


def test_fades_are_equal_power_and_reach_their_ends(tmp_path: Path) -> None:
    ones = write_pcm(np.full((2, 10_000), 0.5, np.float32), tmp_path / "ones.pcm", rate=RATE)
    clip = ClipPlan(pcm=ones, start_frame=0, length_frames=10_000, fade_in_frames=2_000, fade_out_frames=2_000)
    y = render(plan_of(clip, frames=10_000), block=123)[0]
    assert y[0] < 0.001
    assert y[-1] < 0.001
    assert np.allclose(y[2_000:8_000], 0.5)
    assert y[1_000] == pytest.approx(0.5 * np.sin(np.pi / 4), abs=0.001)
    assert np.allclose(y[:2_000] ** 2 + y[8_000:] ** 2, 0.25, atol=1e-4)


def test_mono_sources_sound_on_both_sides(tmp_path: Path, rng: np.random.Generator) -> None:
    x = (rng.standard_normal((1, 1_000)) * 0.1).astype(np.float32)
    mono = write_pcm(x, tmp_path / "mono.pcm", rate=RATE)
    y = render(plan_of(ClipPlan(pcm=mono, start_frame=0, length_frames=1_000), frames=1_000))
    assert np.array_equal(y, np.repeat(x, 2, axis=0))


def test_overlapping_clips_add_up(noise: PcmRef) -> None:
    x = noise.open()
    y = render(
        plan_of(
            ClipPlan(pcm=noise, start_frame=0, length_frames=1_000),
            ClipPlan(pcm=noise, start_frame=500, length_frames=1_000),
        )
    )
    assert np.allclose(y[:, 500:1_000], x[:, 500:1_000] + x[:, :500], atol=1e-7)


@pytest.mark.parametrize(("pan", "left", "right"), [(0.0, 1.0, 1.0), (-1.0, 1.0, 0.0), (0.5, 0.5, 1.0)])
def test_pan_is_a_balance(noise: PcmRef, pan: float, left: float, right: float) -> None:
    y = render(plan_of(ClipPlan(pcm=noise, start_frame=0, length_frames=RATE), pan=pan))
    x = noise.open()
    assert np.allclose(y[0], x[0] * left, atol=1e-7)
    assert np.allclose(y[1], x[1] * right, atol=1e-7)


def test_an_impulse_stays_at_its_frame_through_latent_effects(tmp_path: Path) -> None:
    x = np.zeros((2, 20_000), np.float32)
    x[:, 5_000] = 0.25
    click = write_pcm(x, tmp_path / "click.pcm", rate=RATE)
    clip = (ClipPlan(pcm=click, start_frame=0, length_frames=20_000),)
    two = tuple(InsertPlan(id=str(k), kind="limiter") for k in range(2))
    plan = MixPlan(
        rate=RATE,
        length_frames=20_000,
        tracks=(TrackPlan(id="plain", clips=clip), TrackPlan(id="late", clips=clip, strip=StripPlan(inserts=two))),
        master=StripPlan(inserts=(InsertPlan(id="m", kind="limiter"),)),
    )
    y = render(plan)
    assert list(np.flatnonzero(y[0])) == [5_000]
    assert y[0, 5_000] == pytest.approx(0.5)
    # Also when play-back starts just before it.
    assert list(np.flatnonzero(render(plan, start_frame=4_990, frames=100)[0])) == [10]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_sample_that_is_not_finite_does_not_spread(tmp_path: Path, rng: np.random.Generator, value: float) -> None:
    x = (rng.standard_normal((2, RATE)) * 0.1).astype(np.float32)
    x[0, 10_000] = value
    broken = write_pcm(x, tmp_path / "broken.pcm", rate=RATE)
    y = render(
        plan_of(
            ClipPlan(pcm=broken, start_frame=0, length_frames=RATE),
            high_pass_hz=50.0,
            compressor=CompressorPlan(ratio=4.0),
            inserts=(InsertPlan(id="r", kind="reverb"), InsertPlan(id="d", kind="delay")),
        )
    )
    assert np.all(np.isfinite(y))
    assert np.sqrt(np.mean(y[:, 20_000:] ** 2)) > 0.03
    assert np.abs(y).max() <= 1.0


def test_missing_and_foreign_sources_are_named(noise: PcmRef) -> None:
    gone = msgspec.structs.replace(noise, path=noise.path + ".gone")
    short = msgspec.structs.replace(noise, frames=noise.frames * 2)
    foreign = msgspec.structs.replace(noise, rate=44_100)
    for pcm, code in ((gone, "source-missing"), (short, "source-missing"), (foreign, "source-rate")):
        with pytest.raises(EngineError) as error:
            PlanRenderer(plan_of(ClipPlan(pcm=pcm, start_frame=0, length_frames=10)))
        assert error.value.code == code


def test_a_renderer_that_adopts_an_equal_one_goes_on_bit_for_bit(noise: PcmRef) -> None:
    plan = plan_of(
        ClipPlan(pcm=noise, start_frame=0, length_frames=RATE),
        high_pass_hz=100.0,
        eq=(EqPlan(gain_db=4.0),),
        compressor=CompressorPlan(threshold_db=-30, ratio=3.0),
        inserts=(InsertPlan(id="r", kind="reverb"), InsertPlan(id="l", kind="limiter")),
    )
    whole = render(plan)
    first, second = PlanRenderer(plan), PlanRenderer(plan)
    a, b = np.empty((2, 10_000), np.float32), np.empty((2, 20_000), np.float32)
    first.process(0, a)
    assert second.adopt(first)
    assert second.position == 10_000
    second.process(10_000, b)
    assert np.abs(np.concatenate([a, b], axis=1) - whole[:, :30_000]).max() < 1e-7


def walk(timeline: Timeline, ticks: int, step: int) -> np.ndarray:
    frames = [np.arange(p.frame, p.frame + p.length) for t in range(0, ticks, step) for p in timeline.pieces(t, step)]
    return np.concatenate(frames)


@pytest.mark.parametrize("step", [1, 7, 100, 250])
def test_a_timeline_wraps_at_the_loops_end(step: int) -> None:
    timeline = Timeline(50, LoopPlan(start_frame=20, end_frame=120))
    wanted = np.concatenate([np.arange(50, 120), np.tile(np.arange(20, 120), 20)])
    ticks = 1_000 // step * step
    assert np.array_equal(walk(timeline, ticks, step), wanted[:ticks])
    assert timeline.frame_at(ticks) == wanted[ticks]


def test_a_timeline_beyond_the_loop_runs_on() -> None:
    timeline = Timeline(200, LoopPlan(start_frame=20, end_frame=120))
    assert np.array_equal(walk(timeline, 500, 100), np.arange(200, 700))


def test_a_changed_loop_spares_what_was_read() -> None:
    timeline = Timeline(0, None, guard_frames=10)
    timeline.pieces(0, 100)
    timeline.set_loop(LoopPlan(start_frame=0, end_frame=105))
    # The head is too near the loop's end to fade: it runs past it.
    assert timeline.frame_at(300) == 300
    timeline.set_loop(LoopPlan(start_frame=50, end_frame=400))
    assert timeline.frame_at(399) == 399
    assert timeline.frame_at(400) == 50
    twin = timeline.copy()
    timeline.set_loop(None)
    assert timeline.frame_at(400) == 400
    assert twin.frame_at(400) == 50
