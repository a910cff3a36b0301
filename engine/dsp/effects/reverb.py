"""A feedback delay network of eight lines.

After Jot and Chaigne, "Digital delay networks for designing artificial reverberators" (AES 90, 1991): each line's gain
gives the decay time, a one-pole filter in each line its damping, and a Householder matrix mixes them. Four all-pass
sections thicken the onset.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import njit

from engine.dsp.effects.base import Effect
from engine.types import Audio

LINES_S = (0.0297, 0.0371, 0.0411, 0.0437, 0.0533, 0.0617, 0.0683, 0.0797)
"""Mutually inharmonic lengths; in frames each becomes odd, so that few share a factor."""

DIFFUSERS_S = (0.0047, 0.0036, 0.0127, 0.0093)
LONGEST_PREDELAY_S = 0.2


@njit(cache=True, nogil=True)
def _reverb(
    x: Any,
    pre: Any,
    diffusers: Any,
    diffuser_lengths: Any,
    lines: Any,
    lengths: Any,
    gains: Any,
    damp: Any,
    cut: Any,
    positions: Any,
    predelay: int,
    damping: float,
    low_cut: float,
    width: float,
    mix: float,
) -> None:
    """`positions`: pre-delay, then 2 x 4 diffusers, then 8 lines."""
    count = lines.shape[0]
    taken = np.empty(count)
    side = np.empty(2)
    for i in range(x.shape[1]):
        dry_l, dry_r = x[0, i], x[1, i]
        w = positions[0]
        pre[0, w], pre[1, w] = dry_l, dry_r
        r = w - predelay
        if r < 0:
            r += pre.shape[1]
        positions[0] = w + 1 if w + 1 < pre.shape[1] else 0
        for c in range(2):
            v = float(pre[c, r])
            for d in range(4):
                at = positions[1 + 4 * c + d]
                old = diffusers[c, d, at]
                inner = v - 0.6 * old
                if abs(inner) < 1e-20:
                    inner = 0.0
                v = old + 0.6 * inner
                diffusers[c, d, at] = inner
                at += 1
                positions[1 + 4 * c + d] = 0 if at >= diffuser_lengths[c, d] else at
            side[c] = v
        total = 0.0
        for k in range(count):
            v = lines[k, positions[9 + k]]
            damp[k] += damping * (v - damp[k])
            if abs(damp[k]) < 1e-20:
                damp[k] = 0.0
            taken[k] = damp[k] * gains[k]
            total += taken[k]
        total *= 2.0 / count
        wet_l, wet_r = 0.0, 0.0
        for k in range(count):
            at = positions[9 + k]
            v = taken[k] - total + 0.5 * side[k & 1]
            if abs(v) < 1e-20:
                v = 0.0
            lines[k, at] = v
            at += 1
            positions[9 + k] = 0 if at >= lengths[k] else at
            sign = 1.0 if (k >> 1) & 1 == 0 else -1.0
            if k & 1 == 0:
                wet_l += sign * taken[k]
            else:
                wet_r += sign * taken[k]
        cut[0] += low_cut * (wet_l - cut[0])
        cut[1] += low_cut * (wet_r - cut[1])
        wet_l -= cut[0]
        wet_r -= cut[1]
        middle = 0.5 * (wet_l + wet_r)
        wet_l = middle + width * (wet_l - middle)
        wet_r = middle + width * (wet_r - middle)
        x[0, i] = dry_l + mix * (wet_l - dry_l)
        x[1, i] = dry_r + mix * (wet_r - dry_r)
    for c in range(2):
        if abs(cut[c]) < 1e-20:
            cut[c] = 0.0


class Reverb(Effect):
    """Kind ``reverb``."""

    def __init__(self, parameters: Mapping[str, float], *, rate: int):
        super().__init__(parameters, rate=rate)
        self._lengths = np.array([round(s * rate) | 1 for s in LINES_S], dtype=np.int64)
        # The right side's diffusers are a little longer: the two sides must not run in step.
        self._diffuser_lengths = np.array(
            [[round(s * rate) | 1 for s in DIFFUSERS_S], [round(s * 1.09 * rate) | 1 for s in DIFFUSERS_S]],
            dtype=np.int64,
        )
        self._pre = np.zeros((2, round(LONGEST_PREDELAY_S * rate) + 1), dtype=np.float32)
        self._diffusers = np.zeros((2, 4, int(self._diffuser_lengths.max())))
        self._lines = np.zeros((8, int(self._lengths.max())))
        self._damp = np.zeros(8)
        self._cut = np.zeros(2)
        self._positions = np.zeros(17, dtype=np.int64)
        for array in (self._pre, self._diffusers, self._lines, self._damp, self._cut, self._positions):
            self._keep(array)
        self._gains = 10.0 ** (-3.0 * self._lengths / (parameters["decay_s"] * rate))
        self._predelay = round(parameters["predelay_s"] * rate)
        self._damping = 1.0 - math.exp(-2.0 * math.pi * min(parameters["damping_hz"] / rate, 0.45))
        self._low_cut = 1.0 - math.exp(-2.0 * math.pi * parameters["low_cut_hz"] / rate)

    def process(self, x: Audio) -> Audio:
        _reverb(
            x,
            self._pre,
            self._diffusers,
            self._diffuser_lengths,
            self._lines,
            self._lengths,
            self._gains,
            self._damp,
            self._cut,
            self._positions,
            self._predelay,
            self._damping,
            self._low_cut,
            self.parameters["width"],
            self.parameters["mix"],
        )
        return x
