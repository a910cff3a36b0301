"""Laws that hold for any input."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.dsp import eq
from engine.dsp.limiter import limit_true_peak
from engine.dsp.loudness import integrated_lufs, true_peak_dbtp

RATE = 48_000
seeds = st.integers(0, 2**32 - 1)
levels = st.floats(-40.0, 30.0)


def sound(seed: int, level_db: float, frames: int = 12_000) -> np.ndarray:
    rng = np.random.default_rng(seed)
    envelope = np.repeat(rng.uniform(0, 1, frames // 100 + 1) ** 3, 100)[:frames]
    return (rng.standard_normal((2, frames)) * envelope * 10 ** (level_db / 20)).astype(np.float32)


@settings(max_examples=40, deadline=None)
@given(seed=seeds, level_db=levels, ceiling_db=st.floats(-12.0, 0.0))
def test_the_limiter_never_lets_a_peak_through_and_never_adds(seed: int, level_db: float, ceiling_db: float) -> None:
    x = sound(seed, level_db)
    y = limit_true_peak(x, rate=RATE, ceiling_dbtp=ceiling_db)
    assert true_peak_dbtp(y, rate=RATE) <= ceiling_db + 0.02
    assert np.all(np.abs(y) <= np.abs(x))
    assert np.all(np.sign(y) * np.sign(x) >= 0)


@settings(max_examples=25, deadline=None)
@given(seed=seeds, gain_db=st.floats(-20.0, 20.0))
def test_loudness_moves_with_the_gain(seed: int, gain_db: float) -> None:
    x = sound(seed, -10.0, 48_000)
    before = integrated_lufs(x, rate=RATE)
    after = integrated_lufs((x * np.float32(10 ** (gain_db / 20))).astype(np.float32), rate=RATE)
    assert abs(after - before - gain_db) < 0.01


@settings(max_examples=60, deadline=None)
@given(
    freq_hz=st.floats(10.0, 40_000.0),
    gain_db=st.floats(-24.0, 24.0),
    q=st.floats(0.1, 20.0),
    rate=st.sampled_from([32_000, 44_100, 48_000, 96_000, 192_000]),
)
def test_every_band_is_stable(freq_hz: float, gain_db: float, q: float, rate: int) -> None:
    for row in (
        eq.peak(freq_hz, gain_db, q, rate=rate),
        eq.low_shelf(freq_hz, gain_db, q, rate=rate),
        eq.high_shelf(freq_hz, gain_db, q, rate=rate),
        eq.high_pass(freq_hz, q, rate=rate),
        eq.low_pass(freq_hz, q, rate=rate),
    ):
        assert np.all(np.isfinite(row))
        assert np.all(np.abs(np.roots([1.0, row[4], row[5]])) < 1.0)
