"""A transparent look-ahead limiter that holds true peaks under a ceiling.

The gain that each sample needs is taken from its true peak, held a little over the look-ahead by a sliding minimum,
released exponentially, and smoothed by a moving average as long as the look-ahead, so that it is in place when the
peak arrives. The average is summed in integers: while nothing needs limiting the gain is exactly 1 and the samples
pass untouched.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from engine.dsp import true_peak
from engine.dsp.dynamics import coefficient
from engine.types import Audio

LOOK_AHEAD_S = 0.004

MARGIN_DB = 0.05
"""Held below the ceiling, since a changing gain bends the curve between the samples a little."""

UNIT = float(1 << 40)
"""Parts in which lost gain is counted: sums of whole numbers below 2**53 are exact in float64."""

CHUNK = 64

SEEN, HEAD, TAIL, LOST, RELEASED = range(5)
"""Words of state: samples seen, head and tail of the minimum queue, sum of lost gain, gain that the release has not
given back."""
FIRST = 8


def window_frames(rate: int) -> int:
    """Frames of look-ahead at `rate` Hz."""
    return max(round(LOOK_AHEAD_S * rate), 8)


def latency_frames(window: int) -> int:
    """Frames by which a limiter is late."""
    # A peak at frame n is known at n + DELAY and lies between n and n + 1; the average is complete `window - 1`
    # frames later.
    return window + true_peak.DELAY - 1


def sizes(rate: int, channels: int = 2) -> tuple[int, int]:
    """Words of state and samples of line of a limiter; both begin as zeros."""
    window = window_frames(rate)
    state = FIRST + 2 * (window + 3) + window + CHUNK
    lines = channels * (true_peak.TAPS - 1 + latency_frames(window)) + 2 * CHUNK + true_peak.TAPS - 1
    return state, lines


@njit(nogil=True, error_model="numpy")
def run(x: Any, start: int, end: int, window: int, ceiling: float, release: float, s: Any, lines: Any) -> None:
    """Limit frames ``[start, end)`` of `x` ``(channels, n) float32`` in place, `latency_frames` late.

    Args:
        ceiling: linear, margin included.
        release: one-pole coefficient.
        s, lines: as `sizes` says, zeros at first.
    """
    channels = x.shape[0]
    length = window + true_peak.DELAY - 1
    size = window + 3
    queue_at, queue_gain, average = FIRST, FIRST + size, FIRST + 2 * size
    peak = s[average + window : average + window + CHUNK]
    taps = true_peak.TAPS - 1
    history = lines[: channels * taps].reshape((channels, taps))
    delay = channels * taps
    scratch = lines[delay + channels * length :]
    n, head, tail, lost, kept = int(s[SEEN]), int(s[HEAD]), int(s[TAIL]), s[LOST], s[RELEASED]
    for first in range(start, end, CHUNK):
        count = min(CHUNK, end - first)
        true_peak.peaks_into(x, first, count, history, ceiling / true_peak.BOUND, peak, scratch)
        for i in range(count):
            need = 1.0 if peak[i] <= ceiling else ceiling / peak[i]
            while tail > head and s[queue_gain + (tail - 1) % size] >= need:
                tail -= 1
            s[queue_at + tail % size] = n
            s[queue_gain + tail % size] = need
            tail += 1
            while s[queue_at + head % size] < n - window:
                head += 1
            held = s[queue_gain + head % size]
            gain = 1.0 - kept
            gain = held + release * (gain - held) if held > gain else held
            if gain > 0.999999:
                gain = min(1.0, held)
            kept = 1.0 - gain
            slot = average + n % window
            lost -= s[slot]
            s[slot] = math.floor(kept * UNIT)
            lost += s[slot]
            factor = 1.0 - lost / (window * UNIT)
            at = delay + n % length
            for c in range(channels):
                late = lines[at + c * length]
                lines[at + c * length] = x[c, first + i]
                x[c, first + i] = late if lost == 0.0 else late * factor
            n += 1
    s[SEEN], s[HEAD], s[TAIL], s[LOST], s[RELEASED] = n, head, tail, lost, kept


@njit(nogil=True, cache=True, error_model="numpy")
def _limit(x: Any, window: int, ceiling: float, release: float, s: Any, lines: Any) -> None:
    run(x, 0, x.shape[1], window, ceiling, release, s, lines)


class TruePeakLimiter:
    """Limits block after block; the output is `latency_frames` late. Blocks of any size give the same samples.

    Args:
        channels: of every block.
        rate: Hz.
        ceiling_dbtp: the highest true peak that leaves, dBTP.
        release_s: time constant of the way back.
    """

    def __init__(self, channels: int, *, rate: int, ceiling_dbtp: float = -1.0, release_s: float = 0.1):
        self._window = window_frames(rate)
        self.latency_frames = latency_frames(self._window)
        self._ceiling = 10.0 ** ((ceiling_dbtp - MARGIN_DB) / 20.0)
        self._release = coefficient(release_s, rate=rate)
        state, lines = sizes(rate, channels)
        self._state = np.zeros(state)
        self._lines = np.zeros(lines, dtype=np.float32)

    def reset(self) -> None:
        """Back to silence and no gain reduction."""
        self._state.fill(0.0)
        self._lines.fill(0.0)

    def adopt(self, other: TruePeakLimiter) -> None:
        """Take over the state of another limiter of the same rate and channels."""
        if other._lines.shape == self._lines.shape:
            self._state[:] = other._state
            self._lines[:] = other._lines

    def process(self, x: Audio) -> Audio:
        """Limit `x` ``(channels, frames) float32`` in place and return it."""
        _limit(x, self._window, self._ceiling, self._release, self._state, self._lines)
        return x


def limit_true_peak(x: Audio, *, rate: int, ceiling_dbtp: float = -1.0, release_s: float = 0.1) -> Audio:
    """`x` ``(channels, frames) float32`` with its true peaks held at `ceiling_dbtp`, same length, aligned with the
    input.

    Sound that stays under the ceiling comes back bit for bit.
    """
    limiter = TruePeakLimiter(x.shape[0], rate=rate, ceiling_dbtp=ceiling_dbtp, release_s=release_s)
    late = limiter.latency_frames
    y = np.zeros((x.shape[0], x.shape[1] + late), dtype=np.float32)
    y[:, : x.shape[1]] = x
    return np.ascontiguousarray(limiter.process(y)[:, late:])
