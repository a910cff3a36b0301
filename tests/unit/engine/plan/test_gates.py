"""The gates of the engine that a test can show: the same samples whatever the block, the core, the path."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from engine.dsp import effects
from engine.errors import EngineError
from engine.plan import (
    AutomationPlan,
    ClipPlan,
    CompressorPlan,
    EqPlan,
    InsertPlan,
    LoopPlan,
    MixPlan,
    SendPlan,
    StripPlan,
    TrackPlan,
)
from engine.plan.offline import OfflineRenderer
from engine.render import render
from engine.types import Audio, PcmRef

from .conftest import RATE, Live, Write, clip_of, mix_of

EQ = (EqPlan(kind="low_shelf", freq_hz=100, gain_db=3), EqPlan(freq_hz=2_000, gain_db=-4, q=2.0))
FULL = StripPlan(gain=0.7, high_pass_hz=60.0, eq=EQ, compressor=CompressorPlan(threshold_db=-24, ratio=3))


def everything(write: Write, rng: np.random.Generator, *, rate: int) -> MixPlan:
    """Every effect, sends before and after the fader, a bus into a bus, and automation of everything."""
    frames = 2 * rate
    ramp = (0, rate // 3, rate, 3 * rate // 2)
    tracks: list[TrackPlan] = []
    for index, kind in enumerate(effects.EFFECTS):
        pcm = write(rng.standard_normal((2, frames)) * 0.1, name=kind, rate=rate)
        parameter = effects.EFFECTS[kind].parameters[0]
        lanes = (
            AutomationPlan(target="gain_db", frames=ramp, values=(-6.0, 0.0, -20.0, 3.0)),
            AutomationPlan(target="pan", frames=ramp, values=(-1.0, 1.0, 0.0, 0.5), hold=index % 2 == 0),
            AutomationPlan(target="eq.1.freq_hz", frames=ramp, values=(200.0, 5_000.0, 400.0, 800.0)),
            AutomationPlan(target="eq.1.gain_db", frames=ramp, values=(0.0, 9.0, -9.0, 3.0)),
            AutomationPlan(target="compressor.threshold_db", frames=ramp, values=(-10.0, -40.0, -20.0, -30.0)),
            AutomationPlan(target="send.hall.gain_db", frames=ramp, values=(-30.0, -6.0, -12.0, 0.0)),
            AutomationPlan(
                target=f"insert.i.{parameter.id}",
                frames=ramp,
                values=(parameter.minimum, parameter.maximum, parameter.default, parameter.minimum),
            ),
        )
        tracks.append(
            TrackPlan(
                id=kind,
                clips=(clip_of(pcm, start_frame=777 * index, fade_in_frames=700, reverse=index % 2 == 1),),
                strip=msgspec.structs.replace(FULL, inserts=(InsertPlan(id="i", kind=kind),)),
                sends=(SendPlan(bus="hall", gain=0.3, pre=index % 2 == 0),),
                output="group" if index % 3 == 0 else "",
                automation=lanes if index % 2 == 0 else lanes[:1],
            )
        )
    hall = StripPlan(inserts=(InsertPlan(id="r", kind="reverb"), InsertPlan(id="l", kind="limiter")))
    tracks.append(TrackPlan(id="group", kind="bus", strip=FULL, sends=(SendPlan(bus="hall", gain=0.2),)))
    tracks.append(TrackPlan(id="hall", kind="bus", strip=hall))
    return MixPlan(rate=rate, length_frames=frames, tracks=tuple(tracks), master=StripPlan(eq=EQ))


def in_blocks(plan: MixPlan, sizes: object, frames: int) -> Audio:
    renderer = OfflineRenderer(plan)
    parts: list[Audio] = []
    left = frames
    while left:
        part = np.empty((2, min(int(next(sizes)), left)), np.float32)  # type: ignore[call-overload]
        renderer.process(part)
        parts.append(part)
        left -= part.shape[1]
    return np.concatenate(parts, axis=1)


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_blocks_of_any_size_give_the_same_samples(write: Write, rng: np.random.Generator, rate: int) -> None:
    plan = everything(write, rng, rate=rate)
    frames = rate
    reference = in_blocks(plan, iter(lambda: 4_096, 0), frames)
    assert np.sqrt(np.mean(reference**2)) > 0.02
    for block in (64, 256, 512, 1_024):
        assert np.abs(in_blocks(plan, iter(lambda size=block: size, 0), frames) - reference).max() < 1e-6
    random = in_blocks(plan, iter(lambda: int(rng.integers(1, 2_000)), 0), frames)
    assert np.abs(random - reference).max() < 1e-6


@pytest.mark.parametrize("threads", [2, 3])
def test_the_parallel_render_is_the_serial_one_bit_for_bit(noise: PcmRef, threads: int) -> None:
    tracks = [
        TrackPlan(
            id=f"t{k}",
            clips=(clip_of(noise, start_frame=100 * k),),
            strip=FULL,
            output="bus" if k % 5 == 0 else "",
            sends=(SendPlan(bus="bus", gain=0.1),) if k % 3 == 0 else (),
        )
        for k in range(40)
    ]
    plan = mix_of(
        *tracks, TrackPlan(id="bus", kind="bus", strip=StripPlan(inserts=(InsertPlan(id="r", kind="reverb"),)))
    )
    serial = render(plan, threads=1)
    assert np.abs(serial).max() > 0.1
    assert np.array_equal(render(plan, threads=threads), serial)


def test_an_impulse_through_two_latent_effects_stays_at_its_sample(write: Write) -> None:
    x = np.zeros((2, 20_000))
    x[:, 5_000] = 0.05
    clips = (clip_of(write(x, name="click")),)
    late = StripPlan(inserts=tuple(InsertPlan(id=str(k), kind="limiter") for k in range(2)))
    plan = mix_of(
        TrackPlan(id="plain", clips=clips),
        TrackPlan(id="late", clips=clips, strip=late),
        # One signal, two ways: straight, and through a bus that is late.
        TrackPlan(id="both", clips=clips, sends=(SendPlan(bus="bus"), SendPlan(bus="bus", pre=True))),
        TrackPlan(id="routed", clips=clips, strip=late, output="bus"),
        TrackPlan(id="bus", kind="bus", strip=late, output="outer"),
        TrackPlan(id="outer", kind="bus", strip=late),
        master=StripPlan(inserts=(InsertPlan(id="m", kind="limiter"),)),
    )
    y = render(plan, frames=20_000)
    assert list(np.flatnonzero(y[0])) == [5_000]
    assert y[0, 5_000] == pytest.approx(0.3, rel=1e-5)
    # Also when play-back starts just before it.
    assert list(np.flatnonzero(render(plan, start_frame=4_990, frames=100)[0])) == [10]


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_a_sample_that_is_no_sound_is_muted_and_its_track_named(
    write: Write, rng: np.random.Generator, value: float
) -> None:
    x = rng.standard_normal((2, RATE)) * 0.1
    good = write(x, name="good")
    x[0, 10_000:10_003] = value
    strip = msgspec.structs.replace(FULL, inserts=(InsertPlan(id="r", kind="reverb"),))
    live = Live(
        mix_of(
            TrackPlan(id="good", clips=(clip_of(good),), strip=strip),
            TrackPlan(id="broken", clips=(clip_of(write(x, name="bad")),), strip=strip),
        )
    )
    live.session.play(0)
    y = live.run(RATE)
    assert np.all(np.isfinite(y))
    assert np.abs(y).max() <= 1.0
    assert live.session.bad() == {"broken": 3}
    assert np.sqrt(np.mean(y[:, 20_000:] ** 2)) > 0.03


def test_clips_of_no_length_and_of_a_day_do_no_harm(noise: PcmRef) -> None:
    day = 24 * 3600 * RATE
    plan = mix_of(
        TrackPlan(
            id="t",
            clips=(
                clip_of(noise, length_frames=0),
                ClipPlan(pcm=noise, start_frame=0, length_frames=day, source_frame=-day + 2 * RATE),
            ),
        ),
        length_frames=day,
    )
    y = render(plan, start_frame=day - 2 * RATE, frames=2 * RATE)
    assert np.array_equal(y[:, :RATE], noise.open())
    assert not y[:, RATE:].any()


def test_a_thousand_tracks_play(write: Write) -> None:
    one = write(np.full((1, 2_000), 1e-4), name="one")
    plan = mix_of(*(TrackPlan(id=f"t{k}", clips=(clip_of(one),)) for k in range(1_000)))
    y = render(plan, frames=2_000)
    assert np.allclose(y, 0.1, rtol=1e-4)


def test_hundreds_of_overlapping_clips_add_up(write: Write) -> None:
    one = write(np.full((2, 1_000), 0.001), name="one")
    clips = tuple(clip_of(one, start_frame=k) for k in range(300))
    y = render(mix_of(TrackPlan(id="t", clips=clips)), frames=1_400)
    wanted = np.convolve(np.ones(300), np.full(1_000, 0.001))
    assert np.abs(y[0, : wanted.size] - wanted).max() < 1e-5


@pytest.mark.parametrize("length", [1, 2, 100])
def test_a_tiny_loop_repeats_its_samples(noise: PcmRef, length: int) -> None:
    start = 3_000
    live = Live(mix_of(TrackPlan(id="t", clips=(clip_of(noise),))))
    live.session.set_loop(LoopPlan(start_frame=start, end_frame=start + length))
    live.session.play(start)
    y = live.run(6_000)
    assert np.all(np.isfinite(y))
    assert start <= live.session.position < start + length
    tail = y[0, 3_000:]
    assert np.array_equal(tail[: -length or None], tail[length:])
    assert np.abs(tail).max() < 0.5


@pytest.mark.parametrize(
    ("tracks", "code"),
    [
        (
            (TrackPlan(id="a", kind="bus", output="b"), TrackPlan(id="b", kind="bus", sends=(SendPlan(bus="a"),))),
            "route-circle",
        ),
        ((TrackPlan(id="a", kind="bus", output="a"),), "route-circle"),
        ((TrackPlan(id="t", sends=(SendPlan(bus="not-there"),)),), "route-unknown"),
        ((TrackPlan(id="t", output="u"), TrackPlan(id="u")), "route-unknown"),
    ],
)
def test_routes_that_make_no_sense_are_named(tracks: tuple[TrackPlan, ...], code: str) -> None:
    with pytest.raises(EngineError) as error:
        OfflineRenderer(mix_of(*tracks))
    assert error.value.code == code


@pytest.mark.parametrize("huge", [1e12, -1e12, np.nan])
def test_absurd_settings_are_held(noise: PcmRef, huge: float) -> None:
    strip = StripPlan(
        gain=huge,
        pan=huge,
        high_pass_hz=huge,
        eq=(EqPlan(freq_hz=huge, gain_db=huge, q=huge), EqPlan(kind="low_shelf", freq_hz=huge, gain_db=12.0, q=huge)),
        compressor=CompressorPlan(threshold_db=huge, ratio=huge, attack_s=huge, release_s=huge, makeup_db=huge),
    )
    lane = AutomationPlan(target="eq.1.gain_db", frames=(0, 10_000), values=(huge, -huge))
    y = render(mix_of(TrackPlan(id="t", clips=(clip_of(noise),), strip=strip, automation=(lane,))), frames=20_000)
    assert np.all(np.isfinite(y))
    assert np.abs(y).max() <= 1.0


def test_a_bounce_is_the_whole_render_of_what_a_device_plays(write: Write, rng: np.random.Generator) -> None:
    plan = everything(write, rng, rate=RATE)
    # The chorus turns also before the start, so that its phase is another one.
    plan = msgspec.structs.replace(plan, tracks=tuple(track for track in plan.tracks if track.id != "chorus"))
    live = Live(plan)
    first = live.session.tick
    before = live.run(RATE // 5)
    assert not before.any()
    live.session.play(0)
    captured = np.concatenate([before, live.run(RATE + 2_000)], axis=1)
    late = live.session.tick - first - live.session.position
    captured = captured[:, late : late + RATE]
    bounced = render(plan, frames=RATE)
    assert np.abs(captured - bounced).max() < 10 ** (-120 / 20) * np.abs(bounced).max()


def test_sources_that_do_not_fit_are_named(noise: PcmRef, tmp_path: Path) -> None:
    gone = msgspec.structs.replace(noise, path=str(tmp_path / "gone"))
    short = msgspec.structs.replace(noise, frames=noise.frames * 2)
    foreign = msgspec.structs.replace(noise, rate=44_100)
    for pcm, code in ((gone, "source-missing"), (short, "source-missing"), (foreign, "source-rate")):
        with pytest.raises(EngineError) as error:
            OfflineRenderer(mix_of(TrackPlan(id="t", clips=(ClipPlan(pcm=pcm, start_frame=0, length_frames=10),))))
        assert error.value.code == code
