"""Soft saturation with little aliasing.

``tanh`` with first-order antiderivative anti-aliasing after Parker, Zavalishin and Le Bivic, "Reducing the aliasing
of nonlinear waveshaping using continuous-time convolution" (DAFx-16).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import njit

from engine.dsp.effects.base import Effect
from engine.types import Audio


@njit(cache=True, nogil=True)
def _log_cosh(v: float) -> float:
    a = abs(v)
    return a + math.log1p(math.exp(-2.0 * a)) - 0.6931471805599453


@njit(cache=True, nogil=True)
def _saturate(x: Any, last: Any, drive: float, output: float, mix: float) -> None:
    """`last` ``(channels, 2)``: driven input of the sample before, and its antiderivative."""
    for c in range(x.shape[0]):
        before, area = last[c, 0], last[c, 1]
        for i in range(x.shape[1]):
            dry = float(x[c, i])
            v = drive * dry
            here = _log_cosh(v)
            step = v - before
            if abs(step) > 1e-4:
                shaped = (here - area) / step
            else:
                shaped = math.tanh(0.5 * (v + before))
            before, area = v, here
            x[c, i] = dry + mix * (output * shaped - dry)
        last[c, 0], last[c, 1] = before, area


class Saturation(Effect):
    """Kind ``saturation``: the level is made up by half of the drive, which keeps programme material about as loud."""

    def __init__(self, parameters: Mapping[str, float], *, rate: int):
        super().__init__(parameters, rate=rate)
        self._last = np.zeros((2, 2), dtype=np.float64)
        self._keep(self._last)

    def process(self, x: Audio) -> Audio:
        p = self.parameters
        drive = 10.0 ** (p["drive_db"] / 20.0)
        _saturate(x, self._last, drive, 10.0 ** (p["output_db"] / 20.0) / math.sqrt(drive), p["mix"])
        return x
