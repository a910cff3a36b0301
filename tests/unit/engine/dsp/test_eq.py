"""Equaliser shapes, and the kernel against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import sosfilt

from engine.dsp import eq


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_shapes_have_their_gains(rate: int) -> None:
    at = lambda sos, *freqs: eq.response_db(sos, np.array(freqs), rate=rate)  # noqa: E731
    assert at(eq.peak(1000, 6.0, 1.0, rate=rate), 1000, 10, 20_000) == pytest.approx([6.0, 0.0, 0.0], abs=0.1)
    assert at(eq.low_shelf(200, -4.0, rate=rate), 5, 200, 15_000) == pytest.approx([-4.0, -2.0, 0.0], abs=0.05)
    assert at(eq.high_shelf(4000, 5.0, rate=rate), 20, 4000, 21_000) == pytest.approx([0.0, 2.5, 5.0], abs=0.2)
    high = at(eq.high_pass(100, rate=rate), 100, 25, 5_000)
    assert high == pytest.approx([-3.01, -24.1, 0.0], abs=0.1)
    assert at(eq.low_pass(1000, rate=rate), 1000, 10)[0] == pytest.approx(-3.01, abs=0.01)


def test_a_gain_of_nothing_is_nothing(rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, 1000)).astype(np.float32)
    y, _ = eq.apply_sos(x, eq.peak(1000, 0.0, rate=48_000))
    assert np.allclose(x, y, atol=1e-7)


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_the_kernel_agrees_with_scipy(rng: np.random.Generator, channels: int) -> None:
    x = rng.standard_normal((channels, 5_000)).astype(np.float32)
    sos = np.stack(
        [eq.high_pass(80, rate=48_000), eq.peak(700, 5, 2, rate=48_000), eq.high_shelf(5000, -3, rate=48_000)]
    )
    y, zi = eq.apply_sos(x, sos)
    wanted, zf = sosfilt(sos, x.astype(np.float64), axis=-1, zi=np.zeros((3, channels, 2)))
    # Between sections the kernel keeps float32 samples.
    assert np.allclose(y, wanted, atol=2e-6)
    assert np.allclose(zi, zf, atol=2e-6)


def test_state_carries_over_blocks_and_is_not_changed(rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, 5_000)).astype(np.float32)
    sos = eq.low_pass(500, rate=48_000)
    whole, _ = eq.apply_sos(x, sos)
    first, zi = eq.apply_sos(x[:, :1_234], sos)
    kept = zi.copy()
    second, _ = eq.apply_sos(x[:, 1_234:], sos, zi=zi)
    assert np.array_equal(zi, kept)
    assert np.array_equal(np.concatenate([first, second], axis=1), whole)


def test_a_tail_ends_in_true_silence() -> None:
    x = np.zeros((2, 48_000 * 4), np.float32)
    x[:, 0] = 1.0
    y, zi = eq.apply_sos(x, eq.low_pass(300, rate=48_000))
    assert not zi.any()
    assert not y[:, -1000:].any()


def test_corners_above_nyquist_are_held_below_it() -> None:
    sos = eq.high_shelf(30_000, 6.0, rate=44_100)
    assert np.all(np.isfinite(sos))
    assert np.all(np.abs(np.roots([1.0, sos[4], sos[5]])) < 1.0)
