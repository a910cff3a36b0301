"""Inter-sample peaks by four-fold oversampling (ITU-R BS.1770-4, annex 2), one sample at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

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


@njit(cache=True, nogil=True)
def peaks(x: Any, history: Any, phases: Any, floor: float, out: Any) -> None:
    """Linked true peak of each sample, `DELAY` frames late.

    Args:
        x: ``(channels, frames) float32``.
        history: ``(channels, TAPS - 1) float32``, the samples before; updated.
        phases: `PHASES`.
        floor: stretches whose samples all stay below this are not interpolated.
        out: ``(frames,) float64``; ``out[i]`` is the peak between the samples ``i - DELAY`` and ``i - DELAY + 1``.
    """
    channels, frames = x.shape
    taps = phases.shape[1]
    line = np.empty(frames + taps - 1, dtype=np.float32)
    acc = np.empty(CHUNK, dtype=np.float32)
    out[:] = 0.0
    for c in range(channels):
        line[: taps - 1] = history[c]
        line[taps - 1 :] = x[c]
        for start in range(0, frames, CHUNK):
            count = min(CHUNK, frames - start)
            largest = np.float32(0.0)
            for i in range(start, start + count + taps - 1):
                largest = max(largest, abs(line[i]))
            for i in range(count):
                out[start + i] = max(out[start + i], abs(line[start + i + taps // 2 - 1]))
            if largest < floor:
                continue
            for p in range(phases.shape[0]):
                acc[:count] = 0.0
                for k in range(taps):
                    weight = np.float32(phases[p, k])
                    for i in range(count):
                        acc[i] += weight * line[start + i + k]
                for i in range(count):
                    out[start + i] = max(out[start + i], abs(acc[i]))
        history[c] = line[frames:]
