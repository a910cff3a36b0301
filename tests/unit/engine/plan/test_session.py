"""What a session tells of what is heard, and sources that go."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from engine.plan import (
    CompressorPlan,
    StripPlan,
    TrackPlan,
)
from engine.plan.sources import SourcePool
from engine.types import PcmRef

from .conftest import RATE, Live, Write, clip_of, mix_of, started


def test_meters_and_taps_tell_what_is_heard(write: Write) -> None:
    wave = 0.5 * np.sin(2 * np.pi * 1_000 * np.arange(RATE) / RATE)
    tone = write(np.stack([wave, 0.5 * wave]), name="tone")
    strip = StripPlan(compressor=CompressorPlan(threshold_db=-26.0, ratio=2.0))
    pair = TrackPlan(id="a", clips=(clip_of(tone),)), TrackPlan(id="b", clips=(clip_of(tone),), strip=strip)
    live, _ = started(mix_of(*pair))
    live.session.set_tap("a")
    _, since = live.session.read_tap("node")
    y = live.run(40_000)
    meters = live.session.meters()
    assert meters["a"].peak_left == pytest.approx(0.5, rel=1e-3)
    assert meters["a"].mean_right == pytest.approx(0.25**2 / 2, rel=0.1)
    assert meters["b"].reduction_db == pytest.approx(10.0, abs=0.7)
    assert set(meters) == {"a", "b", ""}
    tapped, _ = live.session.read_tap("node", since)
    assert tapped.shape == (2, 40_000)
    assert np.abs(tapped[0]).max() == pytest.approx(0.5, rel=1e-3)
    master, _ = live.session.read_tap("master", 0)
    assert np.array_equal(master[:, -40_000:], y)


def test_a_source_that_is_lost_falls_silent_and_comes_back(noise: PcmRef, write: Write) -> None:
    x = noise.open().copy()
    pool = SourcePool(tolerant=True)
    other = write(np.full((2, RATE), 0.1), name="other")
    plan = mix_of(TrackPlan(id="t", clips=(clip_of(noise),)), TrackPlan(id="u", clips=(clip_of(other),)))
    live, _ = started(plan, pool=pool)
    assert np.abs(live.run(2_000)).max() > 0.2
    assert pool.check() == ()
    Path(noise.path).unlink()
    assert [(notice.path, notice.state) for notice in pool.check()] == [(noise.path, "lost")]
    live.run(1_000)
    assert np.allclose(live.run(1_000), 0.1, atol=1e-6)
    # An edit meanwhile does no harm.
    assert live.publish(msgspec.structs.replace(plan, length_frames=2 * RATE))
    live.run(1_000)
    Path(noise.path).write_bytes(np.ascontiguousarray(x).tobytes())
    assert [notice.state for notice in pool.check()] == ["back"]
    live.run(1_000)
    assert np.abs(live.run(1_000)).max() > 0.2
    with Path(noise.path).open("r+b") as file:
        file.truncate(1_000)
    assert [notice.state for notice in pool.check()] == ["lost"]
    live.run(2_000)
    Path(other.path).replace(noise.path)
    assert [notice.path for notice in pool.check()] == [noise.path, other.path]


def test_a_plan_can_be_fetched_from_the_disk_ahead(noise: PcmRef) -> None:
    clips = (clip_of(noise, start_frame=10, reverse=True), clip_of(noise, start_frame=-5_000, source_frame=-300))
    live = Live(mix_of(TrackPlan(id="t", clips=clips)))
    assert live.session.newest is not None
    live.session.newest.prefetch(0, seconds=5.0)
    live.session.newest.prefetch(10**9, seconds=5.0)
