"""A chorus of two voices, each side with its own phase."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import njit

from engine.dsp.effects.base import Effect
from engine.types import Audio

CENTRE_S = 0.012
LONGEST_S = 0.025


@njit(cache=True, nogil=True)
def _chorus(x: Any, line: Any, position: Any, step: float, centre: float, depth: float, mix: float) -> None:
    """`position`: write index and frames since the start; the phase is computed from the latter, so that it never
    drifts.
    """
    size = line.shape[1]
    w, seen = position[0], position[1]
    for i in range(x.shape[1]):
        phase = seen * step
        phase -= math.floor(phase)
        sine = depth * math.sin(2.0 * math.pi * phase)
        cosine = depth * math.cos(2.0 * math.pi * phase)
        for c in range(2):
            line[c, w] = x[c, i]
            swing = sine if c == 0 else cosine
            wet = 0.0
            for voice in range(2):
                late = centre * (1.0 + 0.37 * voice) + (swing if voice == 0 else -swing)
                whole = int(late)
                t = late - whole
                r = w - whole
                p0 = line[c, r + 1 if r + 1 >= 0 else r + 1 + size]
                p1 = line[c, r if r >= 0 else r + size]
                p2 = line[c, r - 1 if r >= 1 else r - 1 + size]
                p3 = line[c, r - 2 if r >= 2 else r - 2 + size]
                a = 0.5 * (p2 - p0)
                b = p0 - 2.5 * p1 + 2.0 * p2 - 0.5 * p3
                d = 0.5 * (p3 - p0) + 1.5 * (p1 - p2)
                wet += ((d * t + b) * t + a) * t + p1
            x[c, i] = x[c, i] + mix * (0.7071067811865476 * wet - x[c, i])
        w += 1
        if w == size:
            w = 0
        seen += 1
    position[0], position[1] = w, seen


class Chorus(Effect):
    """Kind ``chorus``."""

    def __init__(self, parameters: Mapping[str, float], *, rate: int):
        super().__init__(parameters, rate=rate)
        self._line = np.zeros((2, round(LONGEST_S * rate) + 8), dtype=np.float32)
        self._position = np.zeros(2, dtype=np.int64)
        self._keep(self._line)
        self._keep(self._position)

    def process(self, x: Audio) -> Audio:
        p = self.parameters
        _chorus(
            x,
            self._line,
            self._position,
            p["rate_hz"] / self.rate,
            CENTRE_S * self.rate,
            p["depth_s"] * self.rate,
            p["mix"],
        )
        return x
