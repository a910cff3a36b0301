"""A feed-forward compressor with a soft knee, linked over its channels.

Design after Giannoulis, Massberg and Reiss, "Digital Dynamic Range Compressor Design" (JAES 60, 2012): peak level in
dB, static curve, then attack and release on the gain reduction.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.types import Audio

KNEE_DB = 6.0


@njit(cache=True, nogil=True)
def compress_in_place(
    x: Any, state: Any, threshold_db: float, slope: float, attack: float, release: float, makeup_db: float
) -> None:
    """Compress `x` ``(channels, frames) float32`` in place.

    `slope` is ``1 - 1 / ratio``, `attack` and `release` are one-pole coefficients, `state` ``(1,) float64`` is the
    reduction in dB.
    """
    channels, frames = x.shape
    reduction = state[0]
    knee_low = threshold_db - 0.5 * KNEE_DB
    quiet = 10.0 ** (knee_low / 20.0)
    makeup = 10.0 ** (makeup_db / 20.0)
    for i in range(frames):
        level = 0.0
        for c in range(channels):
            level = max(level, abs(float(x[c, i])))
        wanted = 0.0
        if level > quiet:
            over = 20.0 * math.log10(level) - threshold_db
            if over < 0.5 * KNEE_DB:
                wanted = slope * (over + 0.5 * KNEE_DB) ** 2 / (2.0 * KNEE_DB)
            else:
                wanted = slope * over
        a = attack if wanted > reduction else release
        reduction = wanted + a * (reduction - wanted)
        if reduction < 1e-7:
            reduction = 0.0
            gain = makeup
        else:
            gain = makeup * math.exp(-0.11512925464970229 * reduction)
        for c in range(channels):
            x[c, i] = x[c, i] * gain
    state[0] = reduction


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
        state: ``(1,) float64`` of the block before; None starts without gain reduction. It is not changed.

    Returns:
        The audio, same shape, and the state after it. Blocks of any size give the same samples.
    """
    after = np.zeros(1) if state is None else np.array(state, dtype=np.float64)
    y = np.array(x, dtype=np.float32, order="C")
    slope = 1.0 - 1.0 / max(ratio, 1.0)
    compress_in_place(
        y, after, threshold_db, slope, coefficient(attack_s, rate=rate), coefficient(release_s, rate=rate), makeup_db
    )
    return y, after
