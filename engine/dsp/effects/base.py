"""What every effect is: a kernel over plain arrays, so that the mixer runs it from memory that it was given.

A kernel processes frames ``[start, end)`` of ``x (2, n) float32`` in place, by `settings` ``(SETTINGS,) float64`` that
were derived from its parameters, with `state` float64 and `lines` float32, all of which begin as zeros. The first
`SMOOTH` settings are numbers that may glide; the rest are lengths and the like, which the kernel follows by itself.
Blocks of any size give the same samples. A kernel never allocates.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from engine.types import Audio

SETTINGS = 16
SMOOTH = 12
PARAMETERS = 8

TINY = 1e-20
"""Numbers below this become 0: denormal ones are a hundred times slower."""


class Effect:
    """An effect with state, for use from Python; blocks of any size give the same samples.

    Args:
        kind: of `engine.dsp.effects.EFFECTS`.
        parameters: every parameter of its kind, within its range (`engine.dsp.effects.resolve`).
        rate: Hz.
    """

    def __init__(self, kind: str, parameters: Mapping[str, float], *, rate: int):
        from engine.dsp.effects import dispatch

        self._dispatch = dispatch
        self.kind = kind
        self.parameters = dict(parameters)
        self.rate = rate
        self._number = dispatch.NUMBERS[kind]
        self._settings = dispatch.settings(kind, parameters, rate=rate)
        state, lines = dispatch.sizes(kind, rate=rate)
        self._state: npt.NDArray[np.float64] = np.zeros(state)
        self._lines: npt.NDArray[np.float32] = np.zeros(lines, dtype=np.float32)
        self.latency_frames = dispatch.latency(kind, rate=rate)
        """Frames by which the output is late; the renderer reads that far ahead."""

    def process(self, x: Audio) -> Audio:
        """Process ``(2, frames) float32``, C order, in place, and return it."""
        self._dispatch.run(self._number, x, self._settings, self._state, self._lines)
        return x

    def reset(self) -> None:
        """Back to silence."""
        self._state.fill(0.0)
        self._lines.fill(0.0)

    def adopt(self, other: Effect) -> None:
        """Carry on from the state of `other`, where it is of the same kind and rate; else stay as it is."""
        if other.kind == self.kind and other.rate == self.rate:
            self._state[:] = other._state
            self._lines[:] = other._lines
