"""Conversion of the sample rate inside the device callback, for a device that refuses the project's rate: a polyphase
windowed sinc (Smith, Gossett, 1984) with a Kaiser window, stop band below -110 dB, no memory taken and no lock.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

ZERO_CROSSINGS = 32
"""On each side of the centre, at the lower of the two rates."""
KAISER_BETA = 11.5
PASS_BAND = 0.93
"""Corner as a part of the lower Nyquist frequency."""


def ratio(plan_rate: int, device_rate: int) -> tuple[int, int]:
    """``(up, down)`` in lowest terms: ``device_rate / plan_rate = up / down``."""
    common = math.gcd(plan_rate, device_rate)
    return device_rate // common, plan_rate // common


def phases(plan_rate: int, device_rate: int) -> npt.NDArray[np.float32]:
    """The filter's rows by phase, ``(up, taps) float32``, each of unity gain at 0 Hz."""
    up, _ = ratio(plan_rate, device_rate)
    scale = min(1.0, device_rate / plan_rate)
    taps = 2 * math.ceil(ZERO_CROSSINGS / scale)
    at = (np.arange(taps) - (taps // 2 - 1))[None, :] - (np.arange(up) / up)[:, None]
    window = np.i0(KAISER_BETA * np.sqrt(np.maximum(0.0, 1.0 - (at / (taps / 2.0)) ** 2))) / np.i0(KAISER_BETA)
    rows = np.sinc(at * scale * PASS_BAND) * window
    return np.ascontiguousarray(rows / rows.sum(axis=1, keepdims=True), dtype=np.float32)


def delay_frames(rows: npt.NDArray[np.float32]) -> int:
    """Frames of the plan by which the converter's output is late."""
    return rows.shape[1] // 2 + 1


@njit(cache=True, nogil=True, error_model="numpy")
def wanted(phase: int, up: int, down: int, frames: int) -> int:
    """How many frames of the plan the next `frames` of the device take."""
    return (phase + frames * down) // up


@njit(cache=True, nogil=True, error_model="numpy")
def convert(line: Any, rows: Any, phase: int, up: int, down: int, out: Any, first: int, frames: int) -> int:
    """Make `frames` frames into ``out[:, first:]`` ``(2, ...) float32``.

    Args:
        line: ``(2, taps + wanted(...)) float32`` or longer: the last `taps` frames, then the new ones; on return the
            last `taps` stand in front again.
        phase: as the last call returned it, 0 at first.

    Returns:
        The next phase.
    """
    taps = rows.shape[1]
    for k in range(frames):
        step = phase + k * down
        at = step // up
        row = rows[step % up]
        left = np.float32(0.0)
        right = np.float32(0.0)
        for i in range(taps):
            left += row[i] * line[0, at + i]
            right += row[i] * line[1, at + i]
        out[0, first + k] = left
        out[1, first + k] = right
    step = phase + frames * down
    used = step // up
    for c in range(2):
        for i in range(taps):
            line[c, i] = line[c, used + i]
    return step % up
