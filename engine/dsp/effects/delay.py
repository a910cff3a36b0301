"""Echoes with a tone control in the feedback path, straight or from side to side."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import njit

from engine.dsp.effects.base import Effect
from engine.types import Audio

LONGEST_S = 2.0


@njit(cache=True, nogil=True)
def _delay(
    x: Any,
    line: Any,
    filters: Any,
    position: Any,
    length: int,
    feedback: float,
    tone: float,
    cut: float,
    cross: bool,
    mix: float,
) -> None:
    """`line` ``(2, size)``; `filters` ``(2, 2)``: low-pass and low-cut state of each side."""
    size = line.shape[1]
    w = position[0]
    for i in range(x.shape[1]):
        r = w - length
        if r < 0:
            r += size
        wet_l, wet_r = line[0, r], line[1, r]
        for c in range(2):
            wet = wet_l if c == 0 else wet_r
            filters[c, 0] += tone * (wet - filters[c, 0])
            filters[c, 1] += cut * (filters[c, 0] - filters[c, 1])
        back_l = filters[0, 0] - filters[0, 1]
        back_r = filters[1, 0] - filters[1, 1]
        dry_l, dry_r = x[0, i], x[1, i]
        if cross:
            # In at the left, across to the right at full level, back at the feedback's.
            line[0, w] = 0.5 * (dry_l + dry_r) + feedback * back_r
            line[1, w] = back_l
        else:
            line[0, w] = dry_l + feedback * back_l
            line[1, w] = dry_r + feedback * back_r
        if abs(line[0, w]) < 1e-20:
            line[0, w] = 0.0
        if abs(line[1, w]) < 1e-20:
            line[1, w] = 0.0
        x[0, i] = dry_l + mix * (wet_l - dry_l)
        x[1, i] = dry_r + mix * (wet_r - dry_r)
        w += 1
        if w == size:
            w = 0
    for c in range(2):
        for k in range(2):
            if abs(filters[c, k]) < 1e-20:
                filters[c, k] = 0.0
    position[0] = w


class Delay(Effect):
    """Kind ``delay``."""

    def __init__(self, parameters: Mapping[str, float], *, rate: int):
        super().__init__(parameters, rate=rate)
        self._line = np.zeros((2, round(LONGEST_S * rate) + 1), dtype=np.float32)
        self._filters = np.zeros((2, 2), dtype=np.float64)
        self._position = np.zeros(1, dtype=np.int64)
        for array in (self._line, self._filters, self._position):
            self._keep(array)
        self._length = max(round(parameters["time_s"] * rate), 1)
        self._tone = 1.0 - math.exp(-2.0 * math.pi * min(parameters["tone_hz"] / rate, 0.45))
        self._cut = 1.0 - math.exp(-2.0 * math.pi * parameters["low_cut_hz"] / rate)

    def process(self, x: Audio) -> Audio:
        p = self.parameters
        _delay(
            x,
            self._line,
            self._filters,
            self._position,
            self._length,
            p["feedback"],
            self._tone,
            self._cut,
            p["ping_pong"] >= 0.5,
            p["mix"],
        )
        return x
