"""Soft saturation with little aliasing.

``tanh`` with first-order antiderivative anti-aliasing after Parker, Zavalishin and Le Bivic, "Reducing the aliasing
of nonlinear waveshaping using continuous-time convolution" (DAFx-16). The level is made up by half of the drive, which
keeps programme material about as loud.
"""

from __future__ import annotations

import math
from typing import Any

from numba import njit

DRIVE, OUTPUT, MIX = range(3)
STATE = 4
"""Driven input of the sample before, and its antiderivative, for each side."""


def sizes(rate: int) -> tuple[int, int]:
    """Words of state and samples of line at `rate` Hz."""
    del rate
    return STATE, 0


@njit(nogil=True, error_model="numpy")
def derive(raw: Any, rate: float, out: Any) -> None:
    """Settings from the parameters drive_db, output_db, mix."""
    drive = 10.0 ** (raw[0] / 20.0)
    out[DRIVE] = drive
    out[OUTPUT] = 10.0 ** (raw[1] / 20.0) / math.sqrt(drive)
    out[MIX] = raw[2]


@njit(nogil=True, error_model="numpy")
def _log_cosh(v: float) -> float:
    a = abs(v)
    return a + math.log1p(math.exp(-2.0 * a)) - 0.6931471805599453


@njit(nogil=True, error_model="numpy")
def run(x: Any, start: int, end: int, p: Any, s: Any, lines: Any) -> None:
    """The kernel, as `engine.dsp.effects.base` says."""
    drive, output, mix = p[DRIVE], p[OUTPUT], p[MIX]
    for c in range(2):
        before, area = s[2 * c], s[2 * c + 1]
        for i in range(start, end):
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
        s[2 * c], s[2 * c + 1] = before, area
