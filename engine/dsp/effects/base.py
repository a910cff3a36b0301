"""What every effect is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from engine.types import Audio


class Effect(ABC):
    """A stereo effect with state; blocks of any size give the same samples.

    Args:
        parameters: every parameter of its kind, within its range (`engine.dsp.effects.resolve`).
        rate: Hz.
    """

    latency_frames: int = 0
    """Frames by which the output is late; the renderer reads that far ahead."""

    def __init__(self, parameters: Mapping[str, float], *, rate: int):
        self.parameters = dict(parameters)
        self.rate = rate
        self._arrays: list[npt.NDArray[np.generic]] = []

    def _keep(self, array: npt.NDArray[np.generic]) -> None:
        """Register an array that holds state: it is zeroed by `reset` and carried by `adopt`."""
        self._arrays.append(array)

    @abstractmethod
    def process(self, x: Audio) -> Audio:
        """Process ``(2, frames) float32``, C order, in place, and return it."""

    def reset(self) -> None:
        """Back to silence."""
        for array in self._arrays:
            array.fill(0)

    def adopt(self, other: Effect) -> None:
        """Carry on from the state of `other`, where it is of the same kind and rate; else stay as it is."""
        if type(other) is not type(self) or other.rate != self.rate:
            return
        for mine, theirs in zip(self._arrays, other._arrays, strict=True):
            if mine.shape == theirs.shape:
                mine[...] = theirs
