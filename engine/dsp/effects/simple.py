"""Effects that are one building block each: stereo width and low-pass, both on Simper's state-variable filter."""

from __future__ import annotations

import math
from typing import Any

from numba import njit

from engine.dsp.effects.base import TINY

SIDE, NARROW, G, K = range(4)
STATE = 4


def sizes(rate: int) -> tuple[int, int]:
    """Words of state and samples of line at `rate` Hz, of either effect."""
    del rate
    return STATE, 0


@njit(nogil=True, error_model="numpy")
def _warp(freq_hz: float, rate: float) -> float:
    return math.tan(math.pi * min(max(freq_hz, 1.0), 0.49 * rate) / rate)


@njit(nogil=True, error_model="numpy")
def derive_width(raw: Any, rate: float, out: Any) -> None:
    """Settings from the parameters width, bass_mono_hz."""
    out[SIDE] = raw[0]
    out[NARROW] = 1.0 if raw[1] >= 1.0 else 0.0
    out[G] = _warp(raw[1] if raw[1] >= 1.0 else 100.0, rate)
    out[K] = math.sqrt(2.0)


@njit(nogil=True, error_model="numpy")
def derive_low_pass(raw: Any, rate: float, out: Any) -> None:
    """Settings from the parameters freq_hz, q."""
    out[G] = _warp(raw[0], rate)
    out[K] = 1.0 / max(raw[1], 0.05)


@njit(nogil=True, error_model="numpy")
def run_width(x: Any, start: int, end: int, p: Any, s: Any, lines: Any) -> None:
    """Scales the side signal, and takes the lows out of it."""
    side, narrow, g, k = p[SIDE], p[NARROW], p[G], p[K]
    a1 = 1.0 / (1.0 + g * (g + k))
    s1, s2 = s[0], s[1]
    for i in range(start, end):
        left, right = float(x[0, i]), float(x[1, i])
        middle, v0 = 0.5 * (left + right), 0.5 * (left - right) * side
        v3 = v0 - s2
        v1 = a1 * (s1 + g * v3)
        v2 = s2 + g * v1
        s1, s2 = 2.0 * v1 - s1, 2.0 * v2 - s2
        out = v0 - narrow * (k * v1 + v2)
        x[0, i], x[1, i] = middle + out, middle - out
    s[0] = s1 if abs(s1) > TINY else 0.0
    s[1] = s2 if abs(s2) > TINY else 0.0


@njit(nogil=True, error_model="numpy")
def run_low_pass(x: Any, start: int, end: int, p: Any, s: Any, lines: Any) -> None:
    """12 dB an octave, with resonance."""
    g, k = p[G], p[K]
    a1 = 1.0 / (1.0 + g * (g + k))
    for c in range(2):
        s1, s2 = s[2 * c], s[2 * c + 1]
        for i in range(start, end):
            v3 = x[c, i] - s2
            v1 = a1 * (s1 + g * v3)
            v2 = s2 + g * v1
            s1, s2 = 2.0 * v1 - s1, 2.0 * v2 - s2
            x[c, i] = v2
        s[2 * c] = s1 if abs(s1) > TINY else 0.0
        s[2 * c + 1] = s2 if abs(s2) > TINY else 0.0
