"""Inter-sample peaks by four-fold oversampling (ITU-R BS.1770-4, annex 2)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.dsp import fresh
from engine.dsp.memory import address_of_array, get_sample, set_sample
from engine.dsp.simd import above, anywhere, fill16, larger, load16, magnitude, store16

FRESH = fresh.digest
"""Imported for its effect: see there."""

TAPS = 24
"""Taps of each of the three fractional phases; the fourth phase is the sample itself."""

CHUNK = 1024

SCRATCH = 2 * CHUNK + TAPS - 1
"""Samples that `loudest` needs beside its sound."""

WIDTH = 16
"""Frames that are interpolated at once."""

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


WEIGHTS: npt.NDArray[np.float32] = PHASES.astype(np.float32)


@njit(nogil=True, error_model="numpy")
def rounded(count: int) -> int:
    """`count` rounded up to whole vectors: so many samples of a result are written."""
    return (count + WIDTH - 1) // WIDTH * WIDTH


@njit(nogil=True, error_model="numpy")
def peaks_into(source: int, count: int, history: int, floor: float, line: int, out: int, fresh_out: bool) -> Any:
    """True peaks of `count` frames of one channel, `DELAY` frames late; all but the counts are addresses of float32.

    Args:
        source: the samples.
        history: the `TAPS` - 1 samples before; updated.
        floor: when all samples stay below this nothing is interpolated.
        line: scratch, ``rounded(count) + TAPS - 1``.
        out: ``rounded(count)``; the i-th is the peak between the samples ``i - DELAY`` and ``i - DELAY + 1``.
        fresh_out: False keeps what is higher in `out`, to link channels.

    Returns:
        The highest of `out`.
    """
    taps = TAPS - 1
    for i in range(taps):
        set_sample(line, i, get_sample(history, i))
    for i in range(count):
        set_sample(line, taps + i, get_sample(source, i))
    whole = rounded(count)
    for i in range(count, whole):
        set_sample(line, taps + i, 0.0)
    for i in range(taps):
        set_sample(history, i, get_sample(line, count + i))
    nothing = fill16(0.0)
    top = nothing
    for i in range(0, whole, WIDTH):
        top = larger(magnitude(load16(line, i)), top)
        top = larger(magnitude(load16(line, i + taps)), top)
    interpolates = anywhere(above(top, fill16(floor))) or not floor > 0.0
    top = nothing
    for i in range(0, whole, WIDTH):
        peak = magnitude(load16(line, i + TAPS // 2 - 1))
        if interpolates:
            a, b, c = nothing, nothing, nothing
            for k in range(TAPS):
                v = load16(line, i + k)
                a = a + fill16(WEIGHTS[0, k]) * v
                b = b + fill16(WEIGHTS[1, k]) * v
                c = c + fill16(WEIGHTS[2, k]) * v
            peak = larger(larger(magnitude(a), magnitude(b)), larger(magnitude(c), peak))
        if not fresh_out:
            peak = larger(load16(out, i), peak)
        store16(out, i, peak)
    # What lies beyond `count` is no frame.
    loudest = np.float32(0.0)
    for i in range(count):
        loudest = max(loudest, get_sample(out, i))
    return loudest


@njit(cache=True, nogil=True, error_model="numpy")
def loudest(x: Any, history: Any, scratch: Any) -> Any:
    """The highest true peak of ``(channels, frames) float32``, C order; `history` ``(channels, TAPS - 1) float32`` is
    updated, `scratch` ``(SCRATCH,) float32`` is written over.

    All arrays are the caller's: one that is made in here is freed after its last mention, while its address is still in
    use.
    """
    line = address_of_array(scratch)
    out = line + 4 * (CHUNK + TAPS - 1)
    highest = 0.0
    frames = x.shape[1]
    for c in range(x.shape[0]):
        row = address_of_array(x) + 4 * frames * c
        before = address_of_array(history) + 4 * (TAPS - 1) * c
        for start in range(0, frames, CHUNK):
            count = min(CHUNK, frames - start)
            highest = max(highest, peaks_into(row + 4 * start, count, before, 0.0, line, out, True))
    return highest
