"""A transparent look-ahead limiter that holds true peaks under a ceiling.

The gain that each sample needs is taken from its true peak, held a little over the look-ahead by a sliding minimum,
released exponentially, and smoothed by a moving average as long as the look-ahead, so that it is in place when the
peak arrives. The average is summed in integers: while nothing needs limiting the gain is exactly 1 and the samples
pass untouched.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from engine.dsp import true_peak
from engine.dsp.dynamics import coefficient
from engine.types import Audio

LOOK_AHEAD_S = 0.004

MARGIN_DB = 0.05
"""Held below the ceiling, since a changing gain bends the curve between the samples a little."""

UNIT = 1 << 40


@njit(cache=True, nogil=True)
def _limit(
    x: Any,
    peak: Any,
    delay: Any,
    queue_at: Any,
    queue_gain: Any,
    average: Any,
    counters: Any,
    floats: Any,
    ceiling: float,
    release: float,
) -> None:
    """Limit `x` in place, `delay.shape[1]` frames late.

    `counters`: samples seen, head and tail of the minimum queue, integer sum of the average. `floats`: released gain.
    """
    channels, frames = x.shape
    window = average.shape[0]
    length = delay.shape[1]
    size = queue_at.shape[0]
    n, head, tail, total = counters[0], counters[1], counters[2], counters[3]
    gain = floats[0]
    for i in range(frames):
        need = 1.0 if peak[i] <= ceiling else ceiling / peak[i]
        while tail > head and queue_gain[(tail - 1) % size] >= need:
            tail -= 1
        queue_at[tail % size] = n
        queue_gain[tail % size] = need
        tail += 1
        while queue_at[head % size] < n - window:
            head += 1
        held = queue_gain[head % size]
        gain = held + release * (gain - held) if held > gain else held
        if gain > 0.999999:
            gain = min(1.0, held)
        slot = n % window
        total -= average[slot]
        average[slot] = int(gain * UNIT)
        total += average[slot]
        factor = total / (window * UNIT)
        at = n % length
        for c in range(channels):
            late = delay[c, at]
            delay[c, at] = x[c, i]
            x[c, i] = late if factor == 1.0 else late * factor
        n += 1
    counters[0], counters[1], counters[2], counters[3] = n, head, tail, total
    floats[0] = gain


class TruePeakLimiter:
    """Limits block after block; the output is `latency_frames` late. Blocks of any size give the same samples.

    Args:
        channels: of every block.
        rate: Hz.
        ceiling_dbtp: the highest true peak that leaves, dBTP.
        release_s: time constant of the way back.
    """

    def __init__(self, channels: int, *, rate: int, ceiling_dbtp: float = -1.0, release_s: float = 0.1):
        self._window = max(round(LOOK_AHEAD_S * rate), 8)
        # A peak at frame n is known at n + DELAY and lies between n and n + 1; the average is complete `window - 1`
        # frames later.
        self.latency_frames = self._window + true_peak.DELAY - 1
        self._ceiling = 10.0 ** ((ceiling_dbtp - MARGIN_DB) / 20.0)
        self._release = coefficient(release_s, rate=rate)
        self._history = np.zeros((channels, true_peak.TAPS - 1), dtype=np.float32)
        self._delay = np.zeros((channels, self.latency_frames), dtype=np.float32)
        self._queue_at = np.zeros(self._window + 3, dtype=np.int64)
        self._queue_gain = np.ones(self._window + 3, dtype=np.float64)
        self._average = np.zeros(self._window, dtype=np.int64)
        self._counters = np.zeros(4, dtype=np.int64)
        self._floats = np.zeros(1, dtype=np.float64)
        self.reset()

    def reset(self) -> None:
        """Back to silence and no gain reduction."""
        self._history[:] = 0.0
        self._delay[:] = 0.0
        self._average[:] = UNIT
        self._counters[:] = (0, 0, 0, self._window * UNIT)
        self._floats[0] = 1.0

    def adopt(self, other: TruePeakLimiter) -> None:
        """Take over the state of another limiter of the same rate and channels."""
        if other._delay.shape == self._delay.shape:
            for mine, theirs in zip(self._arrays(), other._arrays(), strict=True):
                mine[:] = theirs

    def _arrays(self) -> tuple[Any, ...]:
        return (
            self._history,
            self._delay,
            self._queue_at,
            self._queue_gain,
            self._average,
            self._counters,
            self._floats,
        )

    def process(self, x: Audio) -> Audio:
        """Limit `x` ``(channels, frames) float32`` in place and return it."""
        peak = np.empty(x.shape[1], dtype=np.float64)
        true_peak.peaks(x, self._history, true_peak.PHASES, self._ceiling / true_peak.BOUND, peak)
        _limit(
            x,
            peak,
            self._delay,
            self._queue_at,
            self._queue_gain,
            self._average,
            self._counters,
            self._floats,
            self._ceiling,
            self._release,
        )
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
