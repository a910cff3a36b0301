"""A chorus of two voices, each side with its own phase."""

from __future__ import annotations

import math
from typing import Any

from numba import njit

CENTRE_S = 0.012
LONGEST_S = 0.025

STEP, CENTRE, DEPTH, MIX = range(4)
WRITE, PHASE = range(2)
STATE = 2


def sizes(rate: int) -> tuple[int, int]:
    """Words of state and samples of line at `rate` Hz."""
    return STATE, 2 * (round(LONGEST_S * rate) + 8)


@njit(nogil=True, error_model="numpy")
def derive(raw: Any, rate: float, out: Any) -> None:
    """Settings from the parameters rate_hz, depth_s, mix."""
    out[STEP] = raw[0] / rate
    out[CENTRE] = CENTRE_S * rate
    out[DEPTH] = raw[1] * rate
    out[MIX] = raw[2]


@njit(nogil=True, error_model="numpy")
def run(x: Any, start: int, end: int, p: Any, s: Any, lines: Any) -> None:
    """The kernel, as `engine.dsp.effects.base` says."""
    size = lines.shape[0] // 2
    step, centre, depth, mix = p[STEP], p[CENTRE], p[DEPTH], p[MIX]
    w, phase = int(s[WRITE]), s[PHASE]
    for i in range(start, end):
        sine = depth * math.sin(2.0 * math.pi * phase)
        cosine = depth * math.cos(2.0 * math.pi * phase)
        for c in range(2):
            base = size * c
            lines[base + w] = x[c, i]
            swing = sine if c == 0 else cosine
            wet = 0.0
            for voice in range(2):
                late = centre * (1.0 + 0.37 * voice) + (swing if voice == 0 else -swing)
                whole = int(late)
                t = late - whole
                r = w - whole
                p0 = lines[base + (r + 1 if r + 1 >= 0 else r + 1 + size)]
                p1 = lines[base + (r if r >= 0 else r + size)]
                p2 = lines[base + (r - 1 if r >= 1 else r - 1 + size)]
                p3 = lines[base + (r - 2 if r >= 2 else r - 2 + size)]
                a = 0.5 * (p2 - p0)
                b = p0 - 2.5 * p1 + 2.0 * p2 - 0.5 * p3
                d = 0.5 * (p3 - p0) + 1.5 * (p1 - p2)
                wet += ((d * t + b) * t + a) * t + p1
            x[c, i] = x[c, i] + mix * (0.7071067811865476 * wet - x[c, i])
        w += 1
        if w == size:
            w = 0
        phase += step
        if phase >= 1.0:
            phase -= 1.0
    s[WRITE], s[PHASE] = w, phase
