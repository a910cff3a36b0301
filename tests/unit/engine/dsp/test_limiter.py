"""The limiter: nothing gets past the ceiling, nothing under it is touched."""

from __future__ import annotations

import numpy as np
import pytest

from engine.dsp.limiter import TruePeakLimiter, limit_true_peak
from engine.dsp.loudness import true_peak_dbtp


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("ceiling", [-0.1, -1.0, -6.0])
def test_true_peaks_stay_under_the_ceiling(rng: np.random.Generator, rate: int, ceiling: float) -> None:
    noise = rng.standard_normal((2, rate)).astype(np.float32)
    drums = np.zeros((2, rate), np.float32)
    for hit in rng.integers(0, rate - 3_000, 12):
        drums[:, hit : hit + 3_000] += 2.0 * rng.standard_normal((2, 3_000)) * np.exp(-np.arange(3_000) / 400)
    quarter = np.sin(2 * np.pi * np.arange(rate) / 4 + np.pi / 4)[None].repeat(2, axis=0).astype(np.float32) * 3
    for x in (noise, drums, quarter):
        y = limit_true_peak(x, rate=rate, ceiling_dbtp=ceiling)
        assert y.shape == x.shape
        assert true_peak_dbtp(y, rate=rate) <= ceiling + 0.01


def test_what_is_under_the_ceiling_passes_bit_for_bit(rng: np.random.Generator) -> None:
    x = (rng.standard_normal((2, 48_000)) * 0.1).astype(np.float32)
    assert np.array_equal(limit_true_peak(x, rate=48_000), x)


def test_it_lets_go_after_a_peak() -> None:
    x = np.full((2, 96_000), 0.25, np.float32)
    x[:, 10_000:10_010] = 3.0
    y = limit_true_peak(x, rate=48_000, release_s=0.05)
    assert np.array_equal(y[:, :9_000], x[:, :9_000])
    assert y[0, 11_000] < 0.15
    assert y[0, 40_000] == pytest.approx(0.25, abs=1e-4)
    assert np.all(np.diff(y[0, 10_700:40_000]) >= -1e-7)


def test_both_sides_are_turned_down_together(rng: np.random.Generator) -> None:
    x = (rng.standard_normal((2, 48_000)) * 0.1).astype(np.float32)
    x[0, 20_000:30_000] *= 20.0
    y = limit_true_peak(x, rate=48_000)
    inside = np.abs(x) > 1e-3
    gains = np.where(inside, y / np.where(inside, x, 1.0), np.nan)
    both = inside.all(axis=0)
    assert np.allclose(gains[0, both], gains[1, both], rtol=1e-4)


def test_blocks_of_any_size_and_after_a_reset_give_the_same(rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, 30_000)).astype(np.float32)
    limiter = TruePeakLimiter(2, rate=48_000)
    whole = limiter.process(x.copy())
    limiter.reset()
    parts: list[np.ndarray] = []
    at = 0
    while at < x.shape[1]:
        step = int(rng.integers(1, 900))
        parts.append(limiter.process(np.ascontiguousarray(x[:, at : at + step])))
        at += step
    assert np.array_equal(np.concatenate(parts, axis=1), whole)


def test_a_limiter_that_adopts_another_goes_on_where_it_was(rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, 20_000)).astype(np.float32)
    whole = TruePeakLimiter(2, rate=48_000).process(x.copy())
    first, second = TruePeakLimiter(2, rate=48_000), TruePeakLimiter(2, rate=48_000)
    first.process(x[:, :7_000].copy())
    second.adopt(first)
    assert np.array_equal(second.process(x[:, 7_000:].copy()), whole[:, 7_000:])
