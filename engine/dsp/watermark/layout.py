"""The grid of cells that embedder and detector share, and what each cell carries under a key."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engine.dsp.watermark.code import CODED_BITS

RATE = 22_050
"""Hz at which the mark is made and sought, whatever the rate of the sound."""

WINDOW = 1024
HOP = 512
CELL_HOPS = 3
CELL_BINS = 4
FIRST_BIN = 20
"""430 Hz."""

BANDS = 80
"""Up to 7.3 kHz."""

ROWS = 157
"""Cells in time until the pattern repeats: 10.9 s."""

SYNC_SHARE = 0.35


class Layout(NamedTuple):
    """What the cells ``(ROWS, BANDS)`` carry: `signs` are +-1; `bits` is the coded bit's index, -1 for
    synchronisation.
    """

    signs: npt.NDArray[np.int8]
    bits: npt.NDArray[np.int16]


def layout(key: bytes) -> Layout:
    """The layout under `key`; without the key the mark is noise."""
    seed = int.from_bytes(hashlib.sha256(b"contrafact watermark 1\0" + key).digest(), "big")
    rng = np.random.Generator(np.random.PCG64(seed))
    cells = ROWS * BANDS
    signs = (1 - 2 * rng.integers(0, 2, cells)).astype(np.int8)
    bits = np.full(cells, -1, dtype=np.int16)
    order = rng.permutation(cells)
    data = order[round(SYNC_SHARE * cells) :]
    bits[data] = np.arange(data.size) % CODED_BITS
    return Layout(signs.reshape(ROWS, BANDS), bits.reshape(ROWS, BANDS))


def pattern(key: bytes, coded: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """The sign of every cell ``(ROWS, BANDS)`` for coded bits of +-1."""
    signs, bits = layout(key)
    return np.where(bits < 0, signs, signs * coded[np.maximum(bits, 0)]).astype(np.int8)
