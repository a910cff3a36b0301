"""From the kind of an effect to its kernel, for Python and for compiled code."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit, types
from numba.np.numpy_support import carray

from engine.dsp import limiter
from engine.dsp.effects import EFFECTS, chorus, delay, reverb, saturation, simple
from engine.dsp.effects.base import PARAMETERS, SETTINGS
from engine.dsp.memory import FLOAT32, FLOAT64, pointer_of
from engine.dsp.native import c_function
from engine.types import Audio

NUMBERS: dict[str, int] = {kind: number for number, kind in enumerate(EFFECTS)}
"""Kinds as compiled code knows them."""

DELAY, REVERB, SATURATION, LIMITER, WIDTH, LOW_PASS, CHORUS = range(7)

LIMITER_GAIN, LIMITER_CEILING, LIMITER_RELEASE = range(3)
LIMITER_WINDOW = 12

MOST_STATE = 1 << 16

_SIZES: dict[str, Callable[[int], tuple[int, int]]] = {
    "delay": delay.sizes,
    "reverb": reverb.sizes,
    "saturation": saturation.sizes,
    "limiter": limiter.sizes,
    "width": simple.sizes,
    "lowpass": simple.sizes,
    "chorus": chorus.sizes,
}


def sizes(kind: str, *, rate: int) -> tuple[int, int]:
    """Words of state (float64) and samples of line (float32) that an effect needs; both begin as zeros."""
    return _SIZES[kind](rate)


def latency(kind: str, *, rate: int) -> int:
    """Frames by which an effect is late."""
    return limiter.latency_frames(limiter.window_frames(rate)) if kind == "limiter" else 0


def parameters_of(kind: str, parameters: Mapping[str, float]) -> npt.NDArray[np.float64]:
    """Resolved parameters in the order of their registry, ``(PARAMETERS,)``."""
    raw = np.zeros(PARAMETERS)
    for k, parameter in enumerate(EFFECTS[kind].parameters):
        raw[k] = parameters[parameter.id]
    return raw


def settings(kind: str, parameters: Mapping[str, float], *, rate: int) -> npt.NDArray[np.float64]:
    """What the kernel takes, ``(SETTINGS,)``, from resolved parameters."""
    out = np.zeros(SETTINGS)
    derive(NUMBERS[kind], parameters_of(kind, parameters), float(rate), out)
    return out


@njit(nogil=True, error_model="numpy")
def _derive_limiter(raw: Any, rate: float, out: Any) -> None:
    out[LIMITER_GAIN] = 10.0 ** (raw[0] / 20.0)
    out[LIMITER_CEILING] = 10.0 ** ((raw[1] - limiter.MARGIN_DB) / 20.0)
    out[LIMITER_RELEASE] = math.exp(-1.0 / (max(raw[2], 1e-4) * rate))
    out[LIMITER_WINDOW] = max(round(limiter.LOOK_AHEAD_S * rate), 8)


@njit(nogil=True, error_model="numpy")
def _run_limiter(x: Any, start: int, end: int, p: Any, s: Any, lines: Any) -> None:
    gain = np.float32(p[LIMITER_GAIN])
    if gain != 1.0:
        for c in range(2):
            for i in range(start, end):
                x[c, i] *= gain
    limiter.run(x, start, end, int(p[LIMITER_WINDOW]), p[LIMITER_CEILING], p[LIMITER_RELEASE], s, lines)


@njit(nogil=True, cache=True, error_model="numpy")
def derive(kind: int, raw: Any, rate: float, out: Any) -> None:
    """Settings `out` ``(SETTINGS,) float64`` of an effect from its parameters `raw` ``(PARAMETERS,) float64``."""
    if kind == DELAY:
        delay.derive(raw, rate, out)
    elif kind == REVERB:
        reverb.derive(raw, rate, out)
    elif kind == SATURATION:
        saturation.derive(raw, rate, out)
    elif kind == LIMITER:
        _derive_limiter(raw, rate, out)
    elif kind == WIDTH:
        simple.derive_width(raw, rate, out)
    elif kind == LOW_PASS:
        simple.derive_low_pass(raw, rate, out)
    elif kind == CHORUS:
        chorus.derive(raw, rate, out)


@c_function(types.int64(*[types.int64] * 9), cache=True, error_model="numpy")
def EFFECT(
    kind: int, sound: int, pitch: int, start: int, end: int, settings: int, state: int, lines: int, lines_count: int
) -> int:
    """Run an effect over frames ``[start, end)`` of two runs of float32, `pitch` samples apart, in place.

    All but the counts are addresses; `EFFECT.address` is for compiled code, `run` for Python.
    """
    x = carray(pointer_of(sound), (2, pitch), FLOAT32)
    p = carray(pointer_of(settings), (SETTINGS,), FLOAT64)
    # No kernel looks beyond what `sizes` says.
    s = carray(pointer_of(state), (MOST_STATE,), FLOAT64)
    f = carray(pointer_of(lines), (lines_count,), FLOAT32)
    if kind == DELAY:
        delay.run(x, start, end, p, s, f)
    elif kind == REVERB:
        reverb.run(x, start, end, p, s, f)
    elif kind == SATURATION:
        saturation.run(x, start, end, p, s, f)
    elif kind == LIMITER:
        _run_limiter(x, start, end, p, s, f)
    elif kind == WIDTH:
        simple.run_width(x, start, end, p, s, f)
    elif kind == LOW_PASS:
        simple.run_low_pass(x, start, end, p, s, f)
    elif kind == CHORUS:
        chorus.run(x, start, end, p, s, f)
    return 0


def run(
    kind: int,
    x: Audio,
    settings: npt.NDArray[np.float64],
    state: npt.NDArray[np.float64],
    lines: npt.NDArray[np.float32],
) -> None:
    """Run an effect over ``x (2, frames) float32``, C order, in place, without the interpreter's lock.

    Raises:
        ValueError: `x` is not of that form.
    """
    if x.dtype != np.float32 or x.ndim != 2 or x.shape[0] != 2 or not x.flags.c_contiguous:
        raise ValueError("an effect takes (2, frames) float32 in C order")
    at = [int(a.__array_interface__["data"][0]) for a in (x, settings, state, lines)]
    EFFECT.ctypes(kind, at[0], x.shape[1], 0, x.shape[1], at[1], at[2], at[3], lines.size)
