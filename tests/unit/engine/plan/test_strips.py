"""Strips while they play: filters, compressor, automation."""

from __future__ import annotations

import numpy as np
import pytest

from engine.dsp import eq
from engine.dsp.dynamics import compress
from engine.plan import (
    AutomationPlan,
    CompressorPlan,
    EqPlan,
    InsertPlan,
    SendPlan,
    StripPlan,
    TrackPlan,
)
from engine.render import render, render_tracks
from engine.types import PcmRef

from .conftest import RATE, Write, clip_of, mix_of, started


def test_filters_are_those_of_the_cookbook(noise: PcmRef) -> None:
    bands = (
        EqPlan(kind="low_shelf", freq_hz=60, gain_db=9),
        EqPlan(kind="peak", freq_hz=35, gain_db=-12, q=4.0),
        EqPlan(kind="peak", freq_hz=3_000, gain_db=6, q=0.7),
        EqPlan(kind="high_shelf", freq_hz=9_000, gain_db=-7),
    )
    strip = StripPlan(high_pass_hz=25.0, eq=bands)
    y = render(mix_of(TrackPlan(id="t", clips=(clip_of(noise),), strip=strip)), master=False)
    make = {"low_shelf": eq.low_shelf, "peak": eq.peak, "high_shelf": eq.high_shelf}
    rows = [eq.high_pass(25.0, rate=RATE), *(make[b.kind](b.freq_hz, b.gain_db, b.q, rate=RATE) for b in bands)]
    wanted, _ = eq.apply_sos(noise.open(), np.array(rows))
    assert np.abs(y - wanted).max() < 3e-6 * np.abs(wanted).max()


@pytest.mark.parametrize(("attack_s", "ratio"), [(0.01, 4.0), (0.0005, 2.0), (0.05, 20.0)])
def test_the_compressor_is_the_reference(write: Write, rng: np.random.Generator, attack_s: float, ratio: float) -> None:
    swells = np.abs(np.sin(2 * np.pi * 1.7 * np.arange(RATE) / RATE)) ** 3
    sound = write((rng.standard_normal((2, RATE)) * swells * 0.3).astype(np.float32), name="noise")
    compressor = CompressorPlan(threshold_db=-24.0, ratio=ratio, attack_s=attack_s, release_s=0.08, makeup_db=2.0)
    track = TrackPlan(id="t", clips=(clip_of(sound),), strip=StripPlan(compressor=compressor))
    y = render(mix_of(track), master=False)
    wanted, _ = compress(
        sound.open(), rate=RATE, threshold_db=-24.0, ratio=ratio, attack_s=attack_s, release_s=0.08, makeup_db=2.0
    )
    assert np.abs(y - wanted).max() < 2e-5 * np.abs(wanted).max()


def test_automated_gain_is_exact_to_the_sample(write: Write) -> None:
    one = write(np.full((2, RATE), 0.25), name="one")
    lane = AutomationPlan(target="gain_db", frames=(1_000, 5_000), values=(0.0, -20.0))
    send = AutomationPlan(target="send.bus.gain_db", frames=(0, 40_000), values=(-40.0, 0.0))
    # An insert that is late must not move the ramp.
    strip = StripPlan(inserts=(InsertPlan(id="l", kind="limiter"),))
    plan = mix_of(
        TrackPlan(id="t", clips=(clip_of(one),), strip=strip, automation=(lane,)),
        TrackPlan(id="s", clips=(clip_of(one),), sends=(SendPlan(bus="bus"),), automation=(send,)),
        TrackPlan(id="bus", kind="bus"),
    )
    tracks = render_tracks(plan)
    frame = np.arange(RATE)
    wanted = 0.25 * 10 ** (np.interp(frame, (1_000, 5_000), (0.0, -20.0)) / 20)
    assert np.abs(tracks["t"][0] - wanted).max() < 1e-6
    wanted = 0.25 * 10 ** (np.interp(frame, (0, 40_000), (-40.0, 0.0)) / 20)
    assert np.abs(tracks["bus"][0] - wanted).max() < 1e-6


def test_the_gain_of_a_tail_does_not_jump_while_the_transport_stands_for_a_moment(sine: PcmRef) -> None:
    """A stop and a start in a row leave a gap that is shorter than a chunk, in which only tails sound."""
    echo = InsertPlan(id="e", kind="delay", parameters={"mix": 0.5, "time_s": 0.05})
    lane = AutomationPlan(target="gain_db", frames=(0, 2 * RATE, 4 * RATE), values=(-40.0, 0.0, -40.0))
    track = TrackPlan(id="t", clips=(clip_of(sine),), strip=StripPlan(inserts=(echo,)), automation=(lane,))
    live, _ = started(mix_of(track, length_frames=4 * RATE), RATE)
    parts = [live.run(8_000)]
    for frame in (2 * RATE + 17, RATE + 33, 2 * RATE + 50):
        live.session.stop()
        parts.append(live.run(128))
        live.session.play(frame)
        parts.append(live.run(8_000))
    assert np.abs(np.diff(np.concatenate(parts, axis=1), n=2, axis=1)).max() < 0.004


def test_mute_automation_is_silence_without_a_click(write: Write) -> None:
    one = write(np.full((2, RATE), 0.25), name="one")
    lane = AutomationPlan(target="mute", frames=(0, 10_000, 20_000), values=(0.0, 1.0, 0.0), hold=True)
    y = render(mix_of(TrackPlan(id="t", clips=(clip_of(one),), automation=(lane,))), master=False)[0]
    assert np.allclose(y[:9_800], 0.25)
    assert not y[10_000:19_900].any()
    assert np.allclose(y[20_000:], 0.25)
    assert np.abs(np.diff(y)).max() < 0.01


def test_polarity_and_an_equal_track_cancel(noise: PcmRef) -> None:
    plan = mix_of(
        TrackPlan(id="a", clips=(clip_of(noise),)),
        TrackPlan(id="b", clips=(clip_of(noise),), strip=StripPlan(polarity=True)),
    )
    assert not render(plan, master=False).any()
