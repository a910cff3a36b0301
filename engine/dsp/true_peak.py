"""Inter-sample peaks by four-fold oversampling (ITU-R BS.1770-4, annex 2), one sample at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.dsp import fresh

FRESH = fresh.digest
"""Imported for its effect: see there."""

TAPS = 24
"""Taps of each of the three fractional phases; the fourth phase is the sample itself."""

CHUNK = 1024

DELAY = TAPS // 2
"""Frames by which the peak of a sample is known late."""


def _phases() -> npt.NDArray[np.float64]:
    """Windowed-sinc interpolators at 1/4, 2/4 and 3/4 of a sample, ``(3, TAPS)``, unity gain at 0 Hz."""
    n = np.arange(TAPS) - (TAPS // 2 - 1)
    rows: list[npt.NDArray[np.float64]] = []
    for quarter in (1, 2, 3):
        t = n - quarter / 4.0
        window = np.i0(9.0 * np.sqrt(np.maximum(0.0, 1.0 - (t / (TAPS / 2.0)) ** 2))) / np.i0(9.0)
        row = np.sinc(t) * window
        rows.append(row / row.sum())
    return np.array(rows)


PHASES: npt.NDArray[np.float64] = _phases()


BOUND: float = float(np.abs(PHASES).sum(axis=1).max())
"""No interpolated value exceeds its neighbourhood's largest sample by more than this factor."""


@njit(nogil=True, error_model="numpy")
def peaks_into(x: Any, start: int, count: int, history: Any, floor: float, out: Any, scratch: Any) -> None:
    """Linked true peaks of frames ``[start, start + count)``, `DELAY` frames late; nothing is allocated.

    Args:
        x: ``(channels, frames) float32``.
        history: ``(channels, TAPS - 1) float32``, the samples before; updated.
        floor: when all samples stay below this nothing is interpolated.
        out: ``(count,) float64``; ``out[i]`` is the peak between the samples ``i - DELAY`` and ``i - DELAY + 1``.
        scratch: float32, at least ``2 * count + TAPS - 1``.
    """
    channels = x.shape[0]
    taps = TAPS
    line, acc = scratch[: count + taps - 1], scratch[count + taps - 1 : 2 * count + taps - 1]
    for i in range(count):
        out[i] = 0.0
    for c in range(channels):
        for i in range(taps - 1):
            line[i] = history[c, i]
        for i in range(count):
            line[taps - 1 + i] = x[c, start + i]
        largest = np.float32(0.0)
        for i in range(count + taps - 1):
            largest = max(largest, abs(line[i]))
        for i in range(count):
            out[i] = max(out[i], abs(line[i + taps // 2 - 1]))
        if largest >= floor:
            for p in range(3):
                for i in range(count):
                    acc[i] = 0.0
                for k in range(taps):
                    weight = np.float32(PHASES[p, k])
                    for i in range(count):
                        acc[i] += weight * line[i + k]
                for i in range(count):
                    out[i] = max(out[i], abs(acc[i]))
        for i in range(taps - 1):
            history[c, i] = line[count + i]


@njit(cache=True, nogil=True)
def peaks(x: Any, history: Any, floor: float, out: Any) -> None:
    """`peaks_into` for a whole block of any length, ``out (frames,) float64``."""
    scratch = np.empty(2 * CHUNK + TAPS - 1, dtype=np.float32)
    for start in range(0, x.shape[1], CHUNK):
        count = min(CHUNK, x.shape[1] - start)
        peaks_into(x, start, count, history, floor, out[start : start + count], scratch)
