"""Memory for flat plans: arrays that do not move, and their addresses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.int64]


def address(array: npt.NDArray[Any]) -> int:
    """Where the array's first element lies."""
    return int(array.__array_interface__["data"][0])


def aligned(samples: int) -> npt.NDArray[np.float32]:
    """Zeroed float32 that begin at a multiple of 64 bytes."""
    # Written to now: memory that a callback touches first would cost it a page fault.
    raw = np.empty(samples + 16, dtype=np.float32)
    raw.fill(0.0)
    skip = (-address(raw) % 64) // 4
    return raw[skip : skip + samples]


def zeroed(count: int) -> Words:
    """Zeroed words that are written to now, as those of `aligned` are."""
    words = np.empty(count, dtype=np.int64)
    words.fill(0)
    return words


class Keeper:
    """Holds arrays for as long as addresses into them are in use."""

    def __init__(self) -> None:
        self._arrays: list[npt.NDArray[Any]] = []

    def hold(self, array: npt.NDArray[Any]) -> int:
        """Keep an array; returns its address, 0 for an empty one."""
        if array.size == 0:
            return 0
        self._arrays.append(array)
        return address(array)

    def words(self, count: int) -> Words:
        """New zeroed words."""
        array = zeroed(count)
        self._arrays.append(array)
        return array

    def floats(self, values: Iterable[float]) -> int:
        """New float64 words; returns their address."""
        return self.hold(np.array(list(values), dtype=np.float64))

    def buffer(self, frames: int) -> int:
        """A new stereo buffer ``(2, frames)``; returns its address."""
        return self.hold(aligned(2 * frames))


def as_floats(words: Words) -> npt.NDArray[np.float64]:
    """The same memory as float64."""
    return words.view(np.float64)
