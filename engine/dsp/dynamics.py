"""A feed-forward compressor with a soft knee, linked over its channels: what a channel strip does, for one sound.

Design after Giannoulis, Massberg and Reiss, "Digital Dynamic Range Compressor Design" (JAES 60, 2012): peak level in
dB, static curve, then attack and release on the gain reduction. The detector takes the peak of every `CELL` frames,
and the gain ramps over the next ones, as in `engine.plan.kernel.strips`, which does the same for eight tracks at once.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.types import Audio

KNEE_DB = 6.0
CELL = 8
"""Frames between two looks of the detector."""

REDUCTION, GAIN, STEP, PEAK, PHASE = range(5)
"""Words of state: reduction in dB, linear gain now, its step a frame, highest sample of the cell, frames into it."""
STATE_WORDS = 5


@njit(cache=True, nogil=True)
def compress_in_place(
    x: Any, state: Any, threshold_db: float, slope: float, attack: float, release: float, makeup_db: float
) -> None:
    """Compress `x` ``(channels, frames) float32`` in place.

    `slope` is ``1 - 1 / ratio``, `attack` and `release` are one-pole coefficients of a cell, `state` is
    ``(STATE_WORDS,) float64``.
    """
    channels, frames = x.shape
    reduction, gain, step, peak = state[REDUCTION], state[GAIN], state[STEP], state[PEAK]
    phase = int(state[PHASE])
    for i in range(frames):
        if phase == CELL:
            over = 20.0 * math.log10(max(peak, 1e-6)) - threshold_db
            bent = over + 0.5 * KNEE_DB
            wanted = 0.0
            if over > 0.5 * KNEE_DB:
                wanted = slope * over
            elif bent > 0.0:
                wanted = slope * bent * bent / (2.0 * KNEE_DB)
            a = attack if wanted > reduction else release
            reduction = wanted + a * (reduction - wanted)
            if reduction < 1e-6:
                reduction = 0.0
            # The gain starts where the last ramp ended.
            step = (10.0 ** ((makeup_db - reduction) / 20.0) - gain) / CELL
            phase, peak = 0, 0.0
        gain += step
        phase += 1
        for c in range(channels):
            peak = max(peak, abs(float(x[c, i])))
            x[c, i] = x[c, i] * gain
    state[REDUCTION], state[GAIN], state[STEP], state[PEAK], state[PHASE] = reduction, gain, step, peak, phase


def coefficient(time_s: float, *, rate: int) -> float:
    """One-pole coefficient that covers 63 % of a step in `time_s`; 0 is at once."""
    return math.exp(-1.0 / (time_s * rate)) if time_s > 0.0 else 0.0


def compress(
    x: Audio,
    *,
    rate: int,
    threshold_db: float,
    ratio: float,
    attack_s: float = 0.010,
    release_s: float = 0.120,
    makeup_db: float = 0.0,
    state: npt.NDArray[np.float64] | None = None,
) -> tuple[Audio, npt.NDArray[np.float64]]:
    """Compress `x`, all channels by the same gain.

    Args:
        x: ``(channels, frames) float32``.
        threshold_db: dBFS of the sample peak, the middle of a 6 dB knee.
        ratio: at least 1; 1 is off.
        state: of the block before, ``(STATE_WORDS,) float64``; None starts without gain reduction. It is not changed.

    Returns:
        The audio, same shape, and the state after it. Blocks of any size give the same samples.
    """
    after = np.zeros(STATE_WORDS) if state is None else np.array(state, dtype=np.float64)
    if state is None:
        after[GAIN] = 10.0 ** (makeup_db / 20.0)
    y = np.array(x, dtype=np.float32, order="C")
    slope = 1.0 - 1.0 / max(ratio, 1.0)
    a, b = coefficient(attack_s / CELL, rate=rate), coefficient(release_s / CELL, rate=rate)
    compress_in_place(y, after, threshold_db, slope, a, b, makeup_db)
    return y, after
