"""Second-order equaliser sections after the RBJ Audio EQ Cookbook.

Each design function returns one row ``(6,) float64`` of a second-order-section matrix: ``b0 b1 b2 1 a1 a2``.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from engine.types import Audio

Sos = npt.NDArray[np.float64]
"""``(sections, 6)`` or one row ``(6,)``."""


def _angle(freq_hz: float, q: float, rate: int) -> tuple[float, float]:
    # Corners at or above Nyquist would fold; hold them just below it.
    w = 2.0 * math.pi * min(max(freq_hz, 1.0), 0.49 * rate) / rate
    return math.cos(w), math.sin(w) / (2.0 * max(q, 0.05))


def _row(b0: float, b1: float, b2: float, a0: float, a1: float, a2: float) -> Sos:
    return np.array([b0 / a0, b1 / a0, b2 / a0, 1.0, a1 / a0, a2 / a0], dtype=np.float64)


def high_pass(freq_hz: float, q: float = 0.7071, *, rate: int) -> Sos:
    """High-pass, 12 dB an octave, -3 dB at `freq_hz` for q 0.7071."""
    c, alpha = _angle(freq_hz, q, rate)
    return _row((1 + c) / 2, -(1 + c), (1 + c) / 2, 1 + alpha, -2 * c, 1 - alpha)


def low_pass(freq_hz: float, q: float = 0.7071, *, rate: int) -> Sos:
    """Low-pass, 12 dB an octave, -3 dB at `freq_hz` for q 0.7071."""
    c, alpha = _angle(freq_hz, q, rate)
    return _row((1 - c) / 2, 1 - c, (1 - c) / 2, 1 + alpha, -2 * c, 1 - alpha)


def peak(freq_hz: float, gain_db: float, q: float = 0.7071, *, rate: int) -> Sos:
    """Bell with `gain_db` at `freq_hz`."""
    c, alpha = _angle(freq_hz, q, rate)
    a = 10.0 ** (gain_db / 40.0)
    return _row(1 + alpha * a, -2 * c, 1 - alpha * a, 1 + alpha / a, -2 * c, 1 - alpha / a)


def low_shelf(freq_hz: float, gain_db: float, q: float = 0.7071, *, rate: int) -> Sos:
    """Shelf with `gain_db` far below `freq_hz`, half of it at `freq_hz`."""
    c, alpha = _angle(freq_hz, q, rate)
    a = 10.0 ** (gain_db / 40.0)
    s = 2.0 * math.sqrt(a) * alpha
    return _row(
        a * ((a + 1) - (a - 1) * c + s),
        2 * a * ((a - 1) - (a + 1) * c),
        a * ((a + 1) - (a - 1) * c - s),
        (a + 1) + (a - 1) * c + s,
        -2 * ((a - 1) + (a + 1) * c),
        (a + 1) + (a - 1) * c - s,
    )


def high_shelf(freq_hz: float, gain_db: float, q: float = 0.7071, *, rate: int) -> Sos:
    """Shelf with `gain_db` far above `freq_hz`, half of it at `freq_hz`."""
    c, alpha = _angle(freq_hz, q, rate)
    a = 10.0 ** (gain_db / 40.0)
    s = 2.0 * math.sqrt(a) * alpha
    return _row(
        a * ((a + 1) + (a - 1) * c + s),
        -2 * a * ((a - 1) + (a + 1) * c),
        a * ((a + 1) + (a - 1) * c - s),
        (a + 1) - (a - 1) * c + s,
        2 * ((a - 1) - (a + 1) * c),
        (a + 1) - (a - 1) * c - s,
    )


def response_db(sos: Sos, freqs_hz: npt.NDArray[np.float64], *, rate: int) -> npt.NDArray[np.float64]:
    """Magnitude in dB of a cascade at `freqs_hz`, same shape: what a curve on the screen shows."""
    z = np.exp(-2j * np.pi * np.asarray(freqs_hz) / rate)
    rows = np.atleast_2d(sos)
    h = np.ones_like(z)
    for b0, b1, b2, _, a1, a2 in rows:
        h = h * (b0 + b1 * z + b2 * z * z) / (1.0 + a1 * z + a2 * z * z)
    return 20.0 * np.log10(np.maximum(np.abs(h), 1e-12))


def apply_sos(
    x: Audio, sos: Sos, *, zi: npt.NDArray[np.float64] | None = None
) -> tuple[Audio, npt.NDArray[np.float64]]:
    """Run a cascade over `x`, state in float64.

    Args:
        x: ``(channels, frames) float32``.
        sos: ``(sections, 6)`` or ``(6,)``.
        zi: state ``(sections, channels, 2)`` of the block before; None starts from silence. It is not changed.

    Returns:
        The filtered audio, same shape, and the state after it. Blocks of any size give the same samples.
    """
    from engine.dsp import biquad

    rows = np.ascontiguousarray(np.atleast_2d(sos), dtype=np.float64)
    state = np.zeros((rows.shape[0], x.shape[0], 2)) if zi is None else np.array(zi, dtype=np.float64)
    y = np.array(x, dtype=np.float32, order="C")
    biquad.cascade(y, rows, state)
    return y, state
