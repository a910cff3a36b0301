"""Echoes with a tone control in the feedback path, straight or from side to side."""

from __future__ import annotations

import math
from typing import Any

from numba import njit

from engine.dsp.effects.base import TINY

LONGEST_S = 2.0
CHANGE_S = 0.02
"""A new time fades in for this long."""

MIX, FEEDBACK, TONE, CUT, CROSS = range(5)
LENGTH, RATE = 12, 13

WRITE, NOW, BEFORE, FADED = range(4)
FILTERS = 4
STATE = 8


def sizes(rate: int) -> tuple[int, int]:
    """Words of state and samples of line at `rate` Hz."""
    return STATE, 2 * (round(LONGEST_S * rate) + 1)


@njit(nogil=True, error_model="numpy")
def derive(raw: Any, rate: float, out: Any) -> None:
    """Settings from the parameters time_s, feedback, tone_hz, low_cut_hz, ping_pong, mix."""
    out[MIX] = raw[5]
    out[FEEDBACK] = raw[1]
    out[TONE] = 1.0 - math.exp(-2.0 * math.pi * min(raw[2] / rate, 0.45))
    out[CUT] = 1.0 - math.exp(-2.0 * math.pi * raw[3] / rate)
    out[CROSS] = 1.0 if raw[4] >= 0.5 else 0.0
    out[LENGTH] = max(round(raw[0] * rate), 1)
    out[RATE] = rate


@njit(nogil=True, error_model="numpy")
def run(x: Any, start: int, end: int, p: Any, s: Any, lines: Any) -> None:
    """The kernel, as `engine.dsp.effects.base` says."""
    size = lines.shape[0] // 2
    mix, feedback, tone, cut, cross = p[MIX], p[FEEDBACK], p[TONE], p[CUT], p[CROSS]
    wanted = int(min(p[LENGTH], size - 1))
    step = 1.0 / max(CHANGE_S * p[RATE], 1.0)
    if s[NOW] == 0.0:
        s[NOW] = wanted
        s[FADED] = 1.0
    w, now, before, faded = int(s[WRITE]), int(s[NOW]), int(s[BEFORE]), s[FADED]
    low_l, low_r, cut_l, cut_r = s[FILTERS], s[FILTERS + 1], s[FILTERS + 2], s[FILTERS + 3]
    for i in range(start, end):
        if faded >= 1.0 and now != wanted:
            before, now, faded = now, wanted, 0.0
        r = w - now
        if r < 0:
            r += size
        wet_l, wet_r = float(lines[r]), float(lines[size + r])
        if faded < 1.0:
            faded += step
            r = w - before
            if r < 0:
                r += size
            keep = max(1.0 - faded, 0.0)
            wet_l += keep * (lines[r] - wet_l)
            wet_r += keep * (lines[size + r] - wet_r)
        low_l += tone * (wet_l - low_l)
        low_r += tone * (wet_r - low_r)
        cut_l += cut * (low_l - cut_l)
        cut_r += cut * (low_r - cut_r)
        back_l, back_r = low_l - cut_l, low_r - cut_r
        dry_l, dry_r = float(x[0, i]), float(x[1, i])
        # Crossed: in at the left, across to the right at full level, back at the feedback's.
        straight_l, straight_r = dry_l + feedback * back_l, dry_r + feedback * back_r
        in_l = straight_l + cross * (0.5 * (dry_l + dry_r) + feedback * back_r - straight_l)
        in_r = straight_r + cross * (back_l - straight_r)
        lines[w] = in_l if abs(in_l) > TINY else 0.0
        lines[size + w] = in_r if abs(in_r) > TINY else 0.0
        x[0, i] = dry_l + mix * (wet_l - dry_l)
        x[1, i] = dry_r + mix * (wet_r - dry_r)
        w += 1
        if w == size:
            w = 0
    s[WRITE], s[NOW], s[BEFORE], s[FADED] = w, now, before, faded
    s[FILTERS] = low_l if abs(low_l) > TINY else 0.0
    s[FILTERS + 1] = low_r if abs(low_r) > TINY else 0.0
    s[FILTERS + 2] = cut_l if abs(cut_l) > TINY else 0.0
    s[FILTERS + 3] = cut_r if abs(cut_r) > TINY else 0.0
