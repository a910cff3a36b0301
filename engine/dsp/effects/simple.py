"""Effects that are one building block each: limiter, stereo width, low-pass."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.dsp import biquad, eq
from engine.dsp.effects.base import Effect
from engine.dsp.limiter import TruePeakLimiter
from engine.types import Audio


class Limiter(Effect):
    """Kind ``limiter``: gain into a true-peak ceiling."""

    def __init__(self, parameters: Mapping[str, float], *, rate: int):
        super().__init__(parameters, rate=rate)
        self._limiter = TruePeakLimiter(
            2, rate=rate, ceiling_dbtp=parameters["ceiling_dbtp"], release_s=parameters["release_s"]
        )
        self.latency_frames = self._limiter.latency_frames
        self._gain = np.float32(10.0 ** (parameters["gain_db"] / 20.0))

    def process(self, x: Audio) -> Audio:
        x *= self._gain
        return self._limiter.process(x)

    def reset(self) -> None:
        self._limiter.reset()

    def adopt(self, other: Effect) -> None:
        if isinstance(other, Limiter) and other.rate == self.rate:
            self._limiter.adopt(other._limiter)


class Width(Effect):
    """Kind ``width``: scales the side signal, and takes the lows out of it."""

    def __init__(self, parameters: Mapping[str, float], *, rate: int):
        super().__init__(parameters, rate=rate)
        self._side = np.float32(parameters["width"])
        self._sos = eq.high_pass(max(parameters["bass_mono_hz"], 1.0), rate=rate)[None, :]
        self._mono = parameters["bass_mono_hz"] >= 1.0
        self._state = np.zeros((1, 1, 2))
        self._keep(self._state)

    def process(self, x: Audio) -> Audio:
        middle = np.float32(0.5) * (x[0] + x[1])
        side = (np.float32(0.5) * (x[0] - x[1]) * self._side)[None, :]
        if self._mono:
            biquad.cascade(side, self._sos, self._state)
        np.add(middle, side[0], out=x[0])
        np.subtract(middle, side[0], out=x[1])
        return x


class LowPass(Effect):
    """Kind ``lowpass``: 12 dB an octave with resonance."""

    def __init__(self, parameters: Mapping[str, float], *, rate: int):
        super().__init__(parameters, rate=rate)
        self._sos = eq.low_pass(parameters["freq_hz"], parameters["q"], rate=rate)[None, :]
        self._state = np.zeros((1, 2, 2))
        self._keep(self._state)

    def process(self, x: Audio) -> Audio:
        biquad.cascade(x, self._sos, self._state)
        return x
