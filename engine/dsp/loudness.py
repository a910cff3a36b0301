"""Loudness and true peak after ITU-R BS.1770-4 and EBU R 128 / Tech 3341."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt

from engine.dsp import biquad, true_peak
from engine.types import Audio

Curve = npt.NDArray[np.float64]

OFFSET_LU = -0.691
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
STEP_S = 0.1
CHUNK = 1 << 16


def k_weighting(rate: int) -> npt.NDArray[np.float64]:
    """The two sections of the K-weighting at `rate` Hz, ``(2, 6)``: BS.1770's 48 kHz filters, re-derived from their
    analogue form.
    """
    k = math.tan(math.pi * min(1681.974450955533, 0.45 * rate) / rate)
    high = 10.0 ** (3.999843853973347 / 20.0)
    band = high**0.4996667741545416
    q = 0.7071752369554196
    a0 = 1.0 + k / q + k * k
    shelf = [
        (high + band * k / q + k * k) / a0,
        2.0 * (k * k - high) / a0,
        (high - band * k / q + k * k) / a0,
        1.0,
        2.0 * (k * k - 1.0) / a0,
        (1.0 - k / q + k * k) / a0,
    ]
    k = math.tan(math.pi * 38.13547087602444 / rate)
    q = 0.5003270373238773
    a0 = 1.0 + k / q + k * k
    return np.array([shelf, [1.0, -2.0, 1.0, 1.0, 2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0]])


def k_weight(x: Audio, *, rate: int) -> Audio:
    """`x` ``(channels, frames) float32`` through the K-weighting, same shape."""
    y = np.array(x, dtype=np.float32, order="C")
    biquad.cascade(y, k_weighting(rate), np.zeros((2, x.shape[0], 2)))
    return y


def to_lufs(power: float) -> float:
    """LUFS of a K-weighted mean square summed over channels; -inf for 0."""
    return OFFSET_LU + 10.0 * math.log10(power) if power > 0.0 else -math.inf


def _curve_lufs(powers: Curve) -> Curve:
    with np.errstate(divide="ignore"):
        return OFFSET_LU + 10.0 * np.log10(powers)


class BlockPowers:
    """K-weighted mean squares, summed over channels, of successive blocks of a stream.

    Blocks are counted from the first frame and do not overlap; `values()` ends with the part block, weighed as if
    filled with silence.
    """

    def __init__(self, channels: int, *, rate: int, block_s: float):
        self._sos = k_weighting(rate)
        self._state = np.zeros((2, channels, 2))
        self._block = block_s * rate
        self._sums: list[float] = [0.0]
        self._seen = 0
        self._edge: int = round(self._block)
        self._start = 0

    def process(self, x: Audio) -> None:
        """Add ``(channels, frames) float32``."""
        y = np.array(x, dtype=np.float32, order="C")
        biquad.cascade(y, self._sos, self._state)
        squares = np.einsum("cf,cf->f", y, y, dtype=np.float64)
        at = 0
        while at < squares.size:
            take = min(self._edge - self._seen, squares.size - at)
            self._sums[-1] += float(squares[at : at + take].sum())
            self._seen += take
            at += take
            if self._seen == self._edge:
                self._sums[-1] /= self._edge - self._start
                self._start = self._edge
                self._edge = round((len(self._sums) + 1) * self._block)
                self._sums.append(0.0)

    @property
    def complete(self) -> int:
        """Number of whole blocks so far."""
        return len(self._sums) - 1

    def last(self, count: int) -> Curve:
        """The last whole blocks, at most `count`."""
        return np.array(self._sums[max(self.complete - count, 0) : self.complete], dtype=np.float64)

    def values(self, *, part: bool = True) -> Curve:
        """``(blocks,) float64``, linear power; the last part block is left out with ``part=False``."""
        whole = np.array(self._sums[:-1], dtype=np.float64)
        if part and self._seen > self._start:
            return np.append(whole, self._sums[-1] / (self._edge - self._start))
        return whole


class LoudnessMeter:
    """Momentary, short-term and integrated loudness of a stream, in steps of 100 ms."""

    def __init__(self, channels: int, *, rate: int):
        self._powers = BlockPowers(channels, rate=rate, block_s=STEP_S)
        self._frames = 0
        self._rate = rate

    def process(self, x: Audio) -> None:
        """Add ``(channels, frames) float32``."""
        self._frames += x.shape[1]
        self._powers.process(x)

    def window_lufs(self, seconds: float) -> float:
        """Loudness of the last `seconds` (momentary 0.4, short-term 3), over the whole steps so far; -inf before the
        first.
        """
        steps = self._powers.last(round(seconds / STEP_S))
        return to_lufs(float(steps.sum()) * STEP_S / seconds) if steps.size else -math.inf

    def integrated_lufs(self) -> float:
        """Gated loudness so far; under 400 ms the ungated loudness. -inf for silence."""
        steps = self._powers.values(part=False)
        if steps.size < 4:
            part = self._powers.values()
            used = self._frames / (STEP_S * self._rate)
            return to_lufs(float(part.sum()) / used) if used else -math.inf
        return gated_lufs(np.convolve(steps, np.full(4, 0.25), mode="valid"))


def gated_lufs(powers: Curve) -> float:
    """Integrated loudness of the powers of 400 ms blocks with 75 % overlap (BS.1770-4, two gates)."""
    levels = _curve_lufs(powers)
    loud = powers[levels > ABSOLUTE_GATE_LUFS]
    if loud.size == 0:
        return -math.inf
    gate = to_lufs(float(loud.mean())) + RELATIVE_GATE_LU
    kept = powers[(levels > ABSOLUTE_GATE_LUFS) & (levels > gate)]
    return to_lufs(float(kept.mean())) if kept.size else -math.inf


def _steps(x: Audio, rate: int) -> Curve:
    powers = BlockPowers(x.shape[0], rate=rate, block_s=STEP_S)
    for start in range(0, x.shape[1], CHUNK):
        powers.process(x[:, start : start + CHUNK])
    return powers.values(part=False)


def integrated_lufs(x: Audio, *, rate: int) -> float:
    """Integrated loudness of ``(channels, frames) float32`` in LUFS; -inf for silence. All channels weigh 1."""
    meter = LoudnessMeter(x.shape[0], rate=rate)
    for start in range(0, x.shape[1], CHUNK):
        meter.process(x[:, start : start + CHUNK])
    return meter.integrated_lufs()


class Blend:
    """Integrated loudness of ``fixed + gain * moved`` for any gain, after one pass over both.

    The powers of a sum follow from the powers of its terms and their product, so nothing is filtered again.
    """

    def __init__(self, fixed: Audio, moved: Audio, *, rate: int):
        """Both ``(channels, frames) float32`` of one shape."""
        a, b = k_weight(fixed, rate=rate), k_weight(moved, rate=rate)
        steps = int(a.shape[1] / (STEP_S * rate))
        self._short = steps < 4
        edges = [0, a.shape[1]] if self._short else [round(k * STEP_S * rate) for k in range(steps + 1)]

        def products(x: Audio, y: Audio) -> Curve:
            return np.array(
                [np.vdot(x[:, i:j], y[:, i:j]) / max(j - i, 1) for i, j in itertools.pairwise(edges)], dtype=np.float64
            )

        self._powers = products(a, a), products(a, b), products(b, b)

    def lufs(self, gain: float) -> float:
        """Gated loudness with a linear gain of the moved sound; under 400 ms the ungated one. -inf for silence."""
        fixed, product, moved = self._powers
        steps = np.maximum(fixed + 2.0 * gain * product + gain * gain * moved, 0.0)
        if self._short:
            return to_lufs(float(steps[0]))
        return gated_lufs(np.convolve(steps, np.full(4, 0.25), mode="valid"))


def momentary(x: Audio, *, rate: int) -> Curve:
    """Loudness of each 400 ms window, every 100 ms, LUFS; empty when `x` is shorter."""
    return _windows(_steps(x, rate), 4)


def short_term(x: Audio, *, rate: int) -> Curve:
    """Loudness of each 3 s window, every 100 ms, LUFS; empty when `x` is shorter."""
    return _windows(_steps(x, rate), 30)


def _windows(steps: Curve, count: int) -> Curve:
    if steps.size < count:
        return np.zeros(0)
    return _curve_lufs(np.maximum(np.convolve(steps, np.full(count, 1.0 / count), mode="valid"), 0.0))


def block_powers(x: Audio, *, rate: int, block_s: float = 0.4) -> Curve:
    """K-weighted mean square of each `block_s`, summed over channels, ``(blocks,) float64``.

    Blocks do not overlap; the last one counts what is missing as silence.
    """
    powers = BlockPowers(x.shape[0], rate=rate, block_s=block_s)
    for start in range(0, x.shape[1], CHUNK):
        powers.process(x[:, start : start + CHUNK])
    return powers.values()


class TruePeakMeter:
    """Highest true peak of a stream."""

    def __init__(self, channels: int):
        self._history = np.zeros((channels, true_peak.TAPS - 1), dtype=np.float32)
        self._scratch = np.zeros(true_peak.SCRATCH, dtype=np.float32)
        self._channels = channels
        self.peak = 0.0
        """Linear, since the start or the last time that it was set to 0."""

    def process(self, x: Audio) -> None:
        """Add ``(channels, frames) float32``."""
        if x.shape[1] == 0:
            return
        found = true_peak.loudest(np.ascontiguousarray(x, dtype=np.float32), self._history, self._scratch)
        self.peak = max(self.peak, float(found))

    def finish(self) -> float:
        """The peak in dBTP with the samples that were still in the interpolator; -inf for silence."""
        self.process(np.zeros((self._channels, true_peak.TAPS), dtype=np.float32))
        return 20.0 * math.log10(self.peak) if self.peak > 0.0 else -math.inf


def true_peak_dbtp(x: Audio, *, rate: int) -> float:
    """Highest true peak of ``(channels, frames) float32`` in dBTP, four-fold oversampled at any `rate`; -inf for
    silence.
    """
    del rate
    meter = TruePeakMeter(x.shape[0])
    for start in range(0, x.shape[1], CHUNK):
        meter.process(x[:, start : start + CHUNK])
    return meter.finish()
