"""A feedback delay network of eight lines.

After Jot and Chaigne, "Digital delay networks for designing artificial reverberators" (AES 90, 1991): each line's gain
gives the decay time, a one-pole filter in each line its damping, and a Householder matrix mixes them. Four all-pass
sections thicken the onset.
"""

from __future__ import annotations

import math
from typing import Any

from numba import njit

from engine.dsp.effects.base import TINY

LINES_S = (0.0297, 0.0371, 0.0411, 0.0437, 0.0533, 0.0617, 0.0683, 0.0797)
"""Mutually inharmonic lengths; in frames each becomes odd, so that few share a factor."""

DIFFUSERS_S = (0.0047, 0.0036, 0.0127, 0.0093)
RIGHT = 1.09
"""The right side's diffusers are a little longer: the two sides must not run in step."""
LONGEST_PREDELAY_S = 0.2
CHANGE_S = 0.02
"""A new pre-delay fades in for this long."""
LINES, SECTIONS = 8, 4

DAMPING, LOW_CUT, WIDTH, MIX, GAINS = range(5)
PREDELAY, RATE = 12, 13

WRITE, NOW, BEFORE, FADED, CUT_L, CUT_R, STARTED = range(7)
AT_DIFFUSERS = 8
AT_LINES = AT_DIFFUSERS + 2 * SECTIONS
DAMP = AT_LINES + LINES
LENGTHS = DAMP + LINES
"""Of the diffusers, then of the lines; written at the first block."""
STATE = LENGTHS + 2 * SECTIONS + LINES


@njit(nogil=True, error_model="numpy")
def _odd(seconds: float, rate: float) -> int:
    return round(seconds * rate) | 1


def sizes(rate: int) -> tuple[int, int]:
    """Words of state and samples of line at `rate` Hz."""
    predelay = 2 * (round(LONGEST_PREDELAY_S * rate) + 1)
    diffusers = sum((round(s * rate) | 1) + (round(s * RIGHT * rate) | 1) for s in DIFFUSERS_S)
    return STATE, predelay + diffusers + sum(round(s * rate) | 1 for s in LINES_S)


@njit(nogil=True, error_model="numpy")
def derive(raw: Any, rate: float, out: Any) -> None:
    """Settings from the parameters decay_s, predelay_s, damping_hz, low_cut_hz, width, mix."""
    out[DAMPING] = 1.0 - math.exp(-2.0 * math.pi * min(raw[2] / rate, 0.45))
    out[LOW_CUT] = 1.0 - math.exp(-2.0 * math.pi * raw[3] / rate)
    out[WIDTH] = raw[4]
    out[MIX] = raw[5]
    for k in range(LINES):
        out[GAINS + k] = 10.0 ** (-3.0 * _odd(LINES_S[k], rate) / (max(raw[0], 0.01) * rate))
    out[PREDELAY] = round(raw[1] * rate)
    out[RATE] = rate


@njit(nogil=True, error_model="numpy")
def _begin(s: Any, rate: float, predelay: int) -> None:
    for c in range(2):
        for d in range(SECTIONS):
            s[LENGTHS + SECTIONS * c + d] = _odd(DIFFUSERS_S[d] * (RIGHT if c else 1.0), rate)
    for k in range(LINES):
        s[LENGTHS + 2 * SECTIONS + k] = _odd(LINES_S[k], rate)
    s[NOW] = predelay
    s[FADED] = 1.0
    s[STARTED] = 1.0


@njit(nogil=True, error_model="numpy")
def _predelayed(lines: Any, base: int, size: int, w: int, now: int, before: int, keep: float) -> float:
    r = w - now
    value = float(lines[base + (r if r >= 0 else r + size)])
    if keep > 0.0:
        r = w - before
        value += keep * (lines[base + (r if r >= 0 else r + size)] - value)
    return value


@njit(nogil=True, error_model="numpy")
def run(x: Any, start: int, end: int, p: Any, s: Any, lines: Any) -> None:
    """The kernel, as `engine.dsp.effects.base` says."""
    rate = p[RATE]
    size = round(LONGEST_PREDELAY_S * rate) + 1
    wanted = int(min(p[PREDELAY], size - 1))
    if s[STARTED] == 0.0:
        _begin(s, rate, wanted)
    step = 1.0 / max(CHANGE_S * rate, 1.0)
    w, now, before, faded = int(s[WRITE]), int(s[NOW]), int(s[BEFORE]), s[FADED]
    damping, low_cut, width, mix = p[DAMPING], p[LOW_CUT], p[WIDTH], p[MIX]
    cut_l, cut_r = s[CUT_L], s[CUT_R]
    for i in range(start, end):
        if faded >= 1.0 and now != wanted:
            before, now, faded = now, wanted, 0.0
        keep = 0.0
        if faded < 1.0:
            faded += step
            keep = max(1.0 - faded, 0.0)
        dry_l, dry_r = float(x[0, i]), float(x[1, i])
        lines[w], lines[size + w] = x[0, i], x[1, i]
        base = 2 * size
        side_l = side_r = 0.0
        for c in range(2):
            v = _predelayed(lines, size * c, size, w, now, before, keep)
            for d in range(SECTIONS):
                k = SECTIONS * c + d
                at = int(s[AT_DIFFUSERS + k])
                length = int(s[LENGTHS + k])
                old = float(lines[base + at])
                inner = v - 0.6 * old
                if abs(inner) < TINY:
                    inner = 0.0
                v = old + 0.6 * inner
                lines[base + at] = inner
                at += 1
                s[AT_DIFFUSERS + k] = 0.0 if at >= length else at
                base += length
            if c == 0:
                side_l = v
            else:
                side_r = v
        w = w + 1 if w + 1 < size else 0
        first = base
        total = 0.0
        for k in range(LINES):
            damp = s[DAMP + k]
            damp += damping * (lines[base + int(s[AT_LINES + k])] - damp)
            s[DAMP + k] = damp if abs(damp) > TINY else 0.0
            total += s[DAMP + k] * p[GAINS + k]
            base += int(s[LENGTHS + 2 * SECTIONS + k])
        total *= 2.0 / LINES
        base = first
        wet_l = wet_r = 0.0
        for k in range(LINES):
            taken = s[DAMP + k] * p[GAINS + k]
            v = taken - total + 0.5 * (side_l if k & 1 == 0 else side_r)
            at = int(s[AT_LINES + k])
            length = int(s[LENGTHS + 2 * SECTIONS + k])
            lines[base + at] = v if abs(v) > TINY else 0.0
            at += 1
            s[AT_LINES + k] = 0.0 if at >= length else at
            base += length
            signed = taken if (k >> 1) & 1 == 0 else -taken
            if k & 1 == 0:
                wet_l += signed
            else:
                wet_r += signed
        cut_l += low_cut * (wet_l - cut_l)
        cut_r += low_cut * (wet_r - cut_r)
        wet_l -= cut_l
        wet_r -= cut_r
        middle = 0.5 * (wet_l + wet_r)
        wet_l = middle + width * (wet_l - middle)
        wet_r = middle + width * (wet_r - middle)
        x[0, i] = dry_l + mix * (wet_l - dry_l)
        x[1, i] = dry_r + mix * (wet_r - dry_r)
    s[WRITE], s[NOW], s[BEFORE], s[FADED] = w, now, before, faded
    s[CUT_L] = cut_l if abs(cut_l) > TINY else 0.0
    s[CUT_R] = cut_r if abs(cut_r) > TINY else 0.0
