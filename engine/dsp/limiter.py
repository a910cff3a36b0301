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
from engine.dsp.memory import address_of_array, get_float, get_sample, set_float, set_sample
from engine.types import Audio

LOOK_AHEAD_S = 0.004

MARGIN_DB = 0.05
"""Held below the ceiling, since a changing gain bends the curve between the samples a little."""

UNIT = float(1 << 40)
"""Parts in which lost gain is counted: sums of whole numbers below 2**53 are exact in float64."""

CHUNK = 64

SEEN, HEAD, QUEUED, LOST, RELEASED = range(5)
"""Words of state: samples seen, place of the first in the minimum queue and how many it holds, sum of lost gain, gain
that the release has not given back."""
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
def _through(x: int, line: int, at: int, length: int, count: int, sums: int, whole: float) -> None:
    """`count` samples at `x` change places with those of a delay line, which come out with what gain they have left.

    `sums` is the address of the lost gain of each frame, of `whole` parts; 0 where none is lost.
    """
    done = 0
    while done < count:
        run = min(count - done, length - at)
        to, place = x + 4 * done, line + 4 * at
        for i in range(run):
            late = get_sample(place, i)
            set_sample(place, i, get_sample(to, i))
            set_sample(to, i, late * (1.0 - get_float(sums, done + i) / whole) if sums != 0 else late)
        done += run
        at = 0


@njit(nogil=True, error_model="numpy")
def run(x: Any, start: int, end: int, window: int, ceiling: float, release: float, s: Any, lines: Any) -> None:
    """Limit frames ``[start, end)`` of `x` ``(channels, n) float32``, C order, in place, `latency_frames` late.

    Args:
        ceiling: linear, margin included.
        release: one-pole coefficient.
        s, lines: as `sizes` says, zeros at first.
    """
    channels, pitch = x.shape
    length = window + true_peak.DELAY - 1
    size = window + 3
    state = address_of_array(s)
    queue_at = state + 8 * FIRST
    queue_gain = queue_at + 8 * size
    average = queue_gain + 8 * size
    sums = average + 8 * window
    taps = true_peak.TAPS - 1
    history = address_of_array(lines)
    delay = history + 4 * channels * taps
    peak = delay + 4 * channels * length
    scratch = peak + 4 * CHUNK
    sound = address_of_array(x)
    n, head, queued = int(get_float(state, SEEN)), int(get_float(state, HEAD)), int(get_float(state, QUEUED))
    lost, kept = get_float(state, LOST), get_float(state, RELEASED)
    slot, at = n % window, n % length
    for first in range(start, end, CHUNK):
        count = min(CHUNK, end - first)
        loudest = 0.0
        for c in range(channels):
            source = sound + 4 * (pitch * c + first)
            floor = ceiling / true_peak.BOUND
            loudest = true_peak.peaks_into(source, count, history + 4 * taps * c, floor, scratch, peak, c == 0)
        idle = lost == 0.0 and kept == 0.0 and (queued == 0 or (queued == 1 and get_float(queue_gain, head) == 1.0))
        untouched = idle and loudest <= ceiling
        if untouched:
            # The gain is 1 and stays there.
            head, queued = 0, 1
            set_float(queue_at, 0, n + count - 1)
            set_float(queue_gain, 0, 1.0)
            slot = (slot + count) % window
        else:
            last = head + queued - 1
            last = last - size if last >= size else last
            for i in range(count):
                need = 1.0
                if get_sample(peak, i) > ceiling:
                    need = ceiling / get_sample(peak, i)
                while queued > 0 and get_float(queue_gain, last) >= need:
                    queued -= 1
                    last = last - 1 if last > 0 else size - 1
                last = last + 1 if last + 1 < size else 0
                head = last if queued == 0 else head
                queued += 1
                set_float(queue_at, last, n + i)
                set_float(queue_gain, last, need)
                while get_float(queue_at, head) < n + i - window:
                    head = head + 1 if head + 1 < size else 0
                    queued -= 1
                held = get_float(queue_gain, head)
                gain = 1.0 - kept
                gain = held + release * (gain - held) if held > gain else held
                if gain > 0.999999:
                    gain = min(1.0, held)
                kept = 1.0 - gain
                lost -= get_float(average, slot)
                share = math.floor(kept * UNIT)
                set_float(average, slot, share)
                lost += share
                set_float(sums, i, lost)
                slot = slot + 1 if slot + 1 < window else 0
        for c in range(channels):
            to = sound + 4 * (pitch * c + first)
            _through(to, delay + 4 * length * c, at, length, count, 0 if untouched else sums, window * UNIT)
        n += count
        at = (at + count) % length
    set_float(state, SEEN, n)
    set_float(state, HEAD, head)
    set_float(state, QUEUED, queued)
    set_float(state, LOST, lost)
    set_float(state, RELEASED, kept)


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
        """Limit `x` ``(channels, frames) float32``, C order, in place and return it.

        Raises:
            ValueError: `x` is not of that form.
        """
        if x.dtype != np.float32 or not x.flags.c_contiguous:
            raise ValueError("a limiter takes (channels, frames) float32 in C order")
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
