"""Plans: values, and clips as they are read."""

from __future__ import annotations

import pickle
from pathlib import Path

import msgspec
import numpy as np
import pytest

from engine.io.pcm import write_pcm
from engine.plan import ClipPlan, CompressorPlan, EqPlan, InsertPlan, MixPlan, StripPlan, TrackPlan
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


@pytest.mark.parametrize(
    ("curve", "middle"), [("linear", 0.5), ("equal_power", np.sin(np.pi / 4)), ("s_curve", np.sin(np.pi / 4) ** 2)]
)
def test_fades_have_their_curves(tmp_path: Path, curve: str, middle: float) -> None:
    ones = write_pcm(np.full((2, 10_000), 0.5, np.float32), tmp_path / "ones.pcm", rate=RATE)
    fades = {"fade_in_frames": 2_000, "fade_in_curve": curve, "fade_out_frames": 2_000, "fade_out_curve": curve}
    clip = ClipPlan(pcm=ones, start_frame=0, length_frames=10_000, **fades)  # type: ignore[arg-type]
    y = render(plan_of(clip, frames=10_000))[0]
    assert y[1_000] == pytest.approx(0.5 * middle, abs=0.001)
    assert np.allclose(y[:2_000], y[8_000:][::-1], atol=1e-6)
