"""The transport: starts, stops, seeks and loops, and the metronome."""

from __future__ import annotations

import numpy as np
import pytest

from engine.plan import (
    LoopPlan,
    MixPlan,
    TempoPlan,
    TrackPlan,
)
from engine.types import PcmRef

from .conftest import RATE, Live, clip_of, mix_of, started


def test_play_begins_on_its_first_sample_and_a_seek_leaves_its_target_untouched(noise: PcmRef) -> None:
    x = noise.open()
    live, before = started(mix_of(TrackPlan(id="t", clips=(clip_of(noise),))))
    assert not before.any()
    assert np.array_equal(live.run(5_000), x[:, :5_000])
    live.session.seek(30_000)
    assert live.session.playing
    while live.session.position < 30_000:
        live.run(1)
    at = live.session.position
    assert at == 30_000 or np.abs(at - 30_000) < 2
    assert np.array_equal(live.run(5_000), x[:, at : at + 5_000])


def test_stop_fades_and_the_clock_stands(noise: PcmRef) -> None:
    live, _ = started(mix_of(TrackPlan(id="t", clips=(clip_of(noise),))))
    live.run(4_000)
    live.session.stop()
    live.run(2_000)
    position = live.session.position
    assert live.session.mode == "stopped"
    assert 4_000 < position < 5_000
    assert not live.run(2_000).any()
    assert live.session.position == position
    live.session.play()
    live.run(2_000)
    assert live.session.position > position


@pytest.mark.parametrize("block", [64, 333, 5_000])
def test_a_loop_wraps_with_a_fade_before_its_end(noise: PcmRef, block: int) -> None:
    x = noise.open()
    loop = LoopPlan(start_frame=10_000, end_frame=15_000)
    live = Live(mix_of(TrackPlan(id="t", clips=(clip_of(noise),))))
    live.session.set_loop(loop)
    live.session.play(12_000)
    while live.session.mode != "running":
        live.run(1)
    at = live.session.position
    y = live.run(13_000, block)
    fade = int(live.session.words[6])
    untouched = 15_000 - fade - at
    assert np.array_equal(y[:, :untouched], x[:, at : 15_000 - fade])
    weight = np.arange(fade, 0, -1) / fade
    blend = x[:, 15_000 - fade : 15_000] * weight + x[:, 10_000 - fade : 10_000] * (1.0 - weight)
    assert np.abs(y[:, untouched : untouched + fade] - blend).max() < 1e-6
    first = untouched + fade
    assert np.array_equal(y[:, first : first + 5_000 - fade], x[:, 10_000 : 15_000 - fade])
    assert live.session.position == 10_000 + (at + 13_000 - 10_000) % 5_000


@pytest.mark.parametrize("seed", range(4))
def test_jumps_out_of_into_and_within_short_loops_never_step(sine: PcmRef, seed: int) -> None:
    """A loop of 15 ms fades over for a third of its time: jumps and other loops meet it everywhere."""
    rng = np.random.default_rng(seed)
    live = Live(mix_of(TrackPlan(id="t", clips=(clip_of(sine, fade_in_frames=300),)), length_frames=4 * RATE))
    live.session.play(0)
    parts = [live.run(1_000)]
    for _ in range(250):
        deed = rng.uniform()
        if deed < 0.5:
            live.session.seek(int(rng.integers(0, 4_000)))
        elif deed < 0.6:
            live.session.stop()
        elif deed < 0.7 or not live.session.playing:
            live.session.play(int(rng.integers(0, 4_000)))
        else:
            start = int(rng.integers(0, 2_000))
            live.session.set_loop(LoopPlan(start_frame=start, end_frame=start + int(rng.integers(500, 1_500))))
        parts.append(live.run(int(rng.integers(1, 2_000))))
    y = np.concatenate(parts, axis=1).astype(np.float64)
    assert np.abs(y).max() > 0.2
    # No fade of 5 ms bends sound of 0.25 by more.
    assert np.abs(np.diff(y, n=2, axis=1)).max() < 0.01


@pytest.mark.parametrize(("start", "end"), [(1_000, 1_001), (1_000, 1_100), (5, 6)])
def test_a_loop_of_next_to_nothing_is_played_and_left(sine: PcmRef, start: int, end: int) -> None:
    live = Live(mix_of(TrackPlan(id="t", clips=(clip_of(sine),)), length_frames=4 * RATE))
    live.session.set_loop(LoopPlan(start_frame=start, end_frame=end))
    live.session.play(0)
    live.run(10_000)
    assert start <= live.session.position < end
    for frame in (start, end - 1):
        live.session.seek(frame)
        live.run(3_000)
        assert start <= live.session.position < end
    live.session.seek(20_000)
    assert np.isfinite(live.run(3_000)).all()
    assert 20_000 < live.session.position < 24_000
    live.session.seek(start)
    live.run(3_000)
    live.session.set_loop(None)
    live.run(3_000)
    assert live.session.position > end


def test_the_metronome_clicks_on_the_beats_and_counts_in() -> None:
    tempo = (TempoPlan(frames_per_beat=12_000.0), TempoPlan(start_frame=48_000.0, frames_per_beat=6_000.0, beat=4.0))
    live = Live(MixPlan(rate=RATE, length_frames=2 * RATE, tempo=tempo))
    live.session.set_metronome(True, 0.0)
    live.session.play(0, count_in_frames=24_000)
    while live.session.mode == "stopped":
        live.run(1)
    assert live.session.mode == "counting"
    begin = live.session.position
    assert begin == -24_000
    y = np.abs(live.run(24_000 + 60_000)[0])
    loud = np.flatnonzero(y > 0.05)
    starts = loud[np.flatnonzero(np.diff(loud, prepend=-10_000) > 2_000)] + begin
    wanted = [-24_000, -12_000, 0, 12_000, 24_000, 36_000, 48_000, 54_000]
    assert np.abs(starts - wanted).max() < 20
    live.session.set_metronome(False)
    live.run(2_000)
    assert not live.run(12_000).any()
