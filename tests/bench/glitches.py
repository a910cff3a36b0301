"""A glitch detector for sums of low sines.

Smooth sound has small second differences: a sine of amplitude ``a`` and frequency ``f`` has at most
``a (2 pi f / rate)^2``, and a fade of ``n`` frames bends by at most ``2 a / n``. A click, a lost or a repeated block
stands far above both. `self_check` forces such faults and finds them, so that "0 glitches" says something.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from engine.types import Audio

LIMIT = 6e-3
"""Second difference that no fade of 5 ms of sound below 0.5 reaches."""
APART = 960
"""Frames within which disturbances are one glitch."""
CHUNK = 1 << 20


def find(blocks: Iterable[Audio], *, limit: float = LIMIT) -> list[int]:
    """Frames at which a stream of ``(2, frames) float32`` is disturbed."""
    found: list[int] = []
    line = np.zeros((2, 0), dtype=np.float32)
    at = 0
    for block in blocks:
        joined = np.concatenate([line, block], axis=1)
        rough = np.abs(np.diff(joined.astype(np.float64), n=2, axis=1)).max(axis=0, initial=0.0)
        for frame in np.flatnonzero(~(rough < limit)):
            here = at - line.shape[1] + int(frame) + 2
            if not found or here - found[-1] > APART:
                found.append(here)
            else:
                found[-1] = here
        line = joined[:, -2:]
        at += block.shape[1]
    return found


def wav_blocks(path: Path) -> Iterator[Audio]:
    """A float WAV file in pieces."""
    import soundfile

    with soundfile.SoundFile(path) as file:
        while (block := file.read(CHUNK, dtype="float32", always_2d=True)).shape[0]:
            yield np.ascontiguousarray(block.T)


def self_check(clean: Audio, *, limit: float = LIMIT) -> dict[str, bool]:
    """Whether forced faults in `clean` ``(2, frames)``, sound of at least -40 dBFS, are found, and nothing else is."""
    middle = clean.shape[1] // 2
    # Where the sound moves, so that a fault in it is one.
    window = clean[0, middle : middle + 2_000]
    middle += int(np.argmax(np.abs(window)))
    lost = np.concatenate([clean[:, :middle], clean[:, middle + 128 :]], axis=1)
    repeated = np.concatenate([clean[:, :middle], clean[:, middle - 128 :]], axis=1)
    holed = clean.copy()
    holed[:, middle : middle + 128] = 0.0
    stepped = clean.copy()
    stepped[:, middle:] *= 0.7
    nan = clean.copy()
    nan[0, middle] = np.nan
    return {
        "clean": not find([clean], limit=limit),
        "lost block": len(find([lost], limit=limit)) == 1,
        "repeated block": len(find([repeated], limit=limit)) == 1,
        "hole": len(find([holed], limit=limit)) == 1,
        "step": len(find([stepped], limit=limit)) == 1,
        "no number": len(find([nan], limit=limit)) == 1,
    }
