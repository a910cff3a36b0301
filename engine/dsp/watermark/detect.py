"""Find a mark in sound, without the original."""

from __future__ import annotations

from functools import lru_cache

import msgspec
import numpy as np
import numpy.typing as npt

from engine.dsp.resample import resample
from engine.dsp.watermark import layout as grid
from engine.dsp.watermark.code import CODED_BITS, decode
from engine.types import Audio

FINE = 256
"""Frames of the grid's rate between the positions that are tried; a cell has 1,536."""

PHASES = grid.CELL_HOPS * grid.HOP // FINE
CANDIDATES = 12
LEAST_SCORE = 4.5
"""In standard deviations. For one of the 942 positions to pass in clean sound has a chance of 0.32 %, for the CRC to
agree as well 5e-8.
"""

REACH_HOPS = 3
CLIP = 2.5
CHUNK_S = 20.0

Floats = npt.NDArray[np.float64]


class Detection(msgspec.Struct, frozen=True, kw_only=True):
    """A mark that was found: its id, how far its synchronisation stands above chance (standard deviations), and where
    a period begins.
    """

    payload: int
    score: float
    offset_s: float


def _energies(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Energy of each band, ``(positions, BANDS)``, one position every `FINE` frames of ``(frames,)``."""
    window = np.hanning(grid.WINDOW + 1)[:-1].astype(np.float32)
    padded = np.pad(x, (grid.WINDOW // 2, grid.WINDOW))
    frames = np.lib.stride_tricks.sliding_window_view(padded, grid.WINDOW)[::FINE]
    out: list[npt.NDArray[np.float32]] = []
    step = round(CHUNK_S * grid.RATE / FINE)
    last = grid.FIRST_BIN + grid.BANDS * grid.CELL_BINS
    for start in range(0, frames.shape[0], step):
        spectrum = np.fft.rfft(frames[start : start + step] * window, axis=1)[:, grid.FIRST_BIN : last]
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
        out.append(power.reshape(power.shape[0], grid.BANDS, grid.CELL_BINS).sum(axis=2))
    return np.concatenate(out)


def _features(energies: npt.NDArray[np.float32], phase: int) -> Floats:
    """How each cell stands out from what its neighbourhood foretells, ``(rows, BANDS)``, for one alignment of the
    cells.

    The forecast is a linear one from the hops before and after the cell and from the bands beside it, fitted to the
    sound at hand; what it cannot foretell is noise and the mark.
    """
    hop = grid.HOP // FINE
    reach = REACH_HOPS * hop
    rows = (energies.shape[0] - phase - (grid.CELL_HOPS - 1) * hop - 1) // PHASES + 1
    if rows < 3:
        return np.zeros((0, grid.BANDS))
    first = np.arange(phase, phase + PHASES * rows, PHASES, dtype=np.int64)
    cells = sum(energies[first + k * hop] for k in range(grid.CELL_HOPS))
    floor = 1e-9 * float(np.max(cells)) + 1e-20
    level = np.log(np.maximum(np.asarray(cells, dtype=np.float64), floor))
    single = np.log(np.maximum(np.pad(energies, ((reach, reach), (0, 0)), mode="edge").astype(np.float64), floor))
    clues: list[Floats] = [single[first + reach - k * hop] for k in range(1, REACH_HOPS + 1)]
    clues += [single[first + reach + (grid.CELL_HOPS - 1 + k) * hop] for k in range(1, REACH_HOPS + 1)]
    for shift in (1, 2):
        for side in (shift, -shift):
            clues.append(np.roll(level, side, axis=1))
    for around in (-1, 1):
        before, after = np.roll(level, around, axis=0), np.roll(np.roll(level, around, axis=0), 1, axis=1)
        clues += [before, after, np.roll(before, -1, axis=1)]
    design = np.stack([clue.reshape(-1) for clue in clues] + [np.ones(level.size)], axis=1)
    target = level.reshape(-1)
    gram = design.T @ design
    ridge = 1e-6 * float(np.trace(gram)) / len(gram) * np.eye(len(gram))
    weights = np.asarray(np.linalg.solve(gram + ridge, design.T @ target), dtype=np.float64)
    rough = np.asarray(target - design @ weights, dtype=np.float64).reshape(level.shape)
    # Attacks and stops say nothing about the mark: what stands out far is cut, and noisy bands count less.
    spread = np.median(np.abs(rough), axis=0) * 1.4826 + 1e-3
    return np.clip(rough / spread, -CLIP, CLIP) / spread * (cells > 2.0 * floor)


@lru_cache(maxsize=4)
def shifted_sync(key: bytes) -> Floats:
    """Synchronisation signs for each offset, ``(ROWS, ROWS * BANDS)``."""
    signs, bits = grid.layout(key)
    sync = np.where(bits < 0, signs, 0).astype(np.float64)
    return np.stack([np.roll(sync, -offset, axis=0).reshape(-1) for offset in range(grid.ROWS)])


def correlations(x: Audio, *, rate: int) -> Floats:
    """The features of ``(channels, frames) float32``, folded over the pattern's period, ``(PHASES, ROWS, BANDS)``."""
    mono = np.ascontiguousarray(x.mean(axis=0, dtype=np.float32)[None])
    energies = _energies(resample(mono, from_rate=rate, to_rate=grid.RATE)[0])
    folded = np.zeros((PHASES, grid.ROWS, grid.BANDS))
    for phase in range(PHASES):
        features = _features(energies, phase)
        np.add.at(folded[phase], np.arange(len(features)) % grid.ROWS, features)
    return folded


def detect(x: Audio, *, rate: int, key: bytes) -> Detection | None:
    """Look for a mark under `key` in ``(channels, frames) float32``.

    All of the sound is heard at once: the longer, the surer; 15 s of a finished mix suffice as a rule. A copy that
    plays faster or slower than the original is not found.

    Returns:
        None when there is no mark, or none that can be read.
    """
    folded = correlations(x, rate=rate)
    sync = shifted_sync(key)
    flat = folded.reshape(PHASES, -1)
    deviation = np.sqrt((sync[0] ** 2).mean() * (flat**2).sum(axis=1, keepdims=True))
    scores = (flat @ sync.T) / np.maximum(deviation, 1e-12)
    signs, bits = grid.layout(key)
    for index in np.argsort(scores, axis=None)[::-1][:CANDIDATES]:
        phase, offset = divmod(int(index), grid.ROWS)
        score = float(scores[phase, offset])
        if score < LEAST_SCORE:
            return None
        cells = np.roll(folded[phase], offset, axis=0) * signs
        soft = np.zeros(CODED_BITS)
        np.add.at(soft, bits[bits >= 0], cells[bits >= 0])
        payload = decode(soft)
        if payload is not None:
            begin = (phase * FINE - offset * PHASES * FINE) % (grid.ROWS * PHASES * FINE)
            return Detection(payload=payload, score=score, offset_s=begin / grid.RATE)
    return None
