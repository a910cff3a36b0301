"""Put a mark into sound."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engine.dsp.resample import resample
from engine.dsp.watermark import layout as grid
from engine.dsp.watermark.code import encode
from engine.types import Audio

DEPTH_DB = 1.0
"""A cell of middling strength is this much louder or softer."""

SPARING = 0.2
LEAST_DB, MOST_DB = 0.3, 1.5

SNR_DB = 28.2
"""The mark stays this far below the sound, in each stretch of `SNR_HOPS` on both sides."""

SNR_HOPS = 20

PIECE_S = 8.0
PAD_HOPS = SNR_HOPS + 8
"""Hops that are worked out on both sides of a piece and thrown away."""


def _depths(spectrum: npt.NDArray[np.complex64]) -> npt.NDArray[np.float32]:
    """Depth of each cell in dB, ``(frames, BANDS)``, from the spectrum ``(channels, frames, bins)`` of its bands.

    Strong partials are where a change is heard first and costs most; a detector that weighs levels loses nothing
    when they are spared.
    """
    power = (spectrum.real**2 + spectrum.imag**2).sum(axis=0)
    bands = power.reshape(power.shape[0], grid.BANDS, grid.CELL_BINS).sum(axis=2)
    smooth = bands.copy()
    smooth[1:-1] = np.maximum(np.maximum(bands[:-2], bands[2:]), bands[1:-1])
    middle = np.exp(np.log(smooth + 1e-12).mean(axis=1, keepdims=True))
    relative = (smooth + 1e-12) / middle
    return np.clip(DEPTH_DB * relative**-SPARING, LEAST_DB, MOST_DB).astype(np.float32)


def _difference(x: Audio, first_hop: int, signs: npt.NDArray[np.int8]) -> Audio:
    """What the mark adds to `x` ``(channels, frames)`` at the grid's rate, whose first frame is hop `first_hop` of
    the sound.
    """
    window = np.sqrt(np.hanning(grid.WINDOW + 1)[:-1]).astype(np.float32)
    padded = np.pad(x, ((0, 0), (grid.HOP, grid.WINDOW + grid.HOP)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, grid.WINDOW, axis=1)[:, :: grid.HOP]
    spectrum = np.fft.rfft(frames * window, axis=2).astype(np.complex64)
    # Frame k is centred on hop first_hop + k of the sound.
    rows = np.arange(first_hop, first_hop + frames.shape[1], dtype=np.int64) // grid.CELL_HOPS % grid.ROWS
    last = grid.FIRST_BIN + grid.BANDS * grid.CELL_BINS
    gain_db = np.repeat(_depths(spectrum[:, :, grid.FIRST_BIN : last]) * signs[rows], grid.CELL_BINS, axis=1)
    mask = np.zeros((frames.shape[1], grid.WINDOW // 2 + 1), dtype=np.float32)
    mask[:, grid.FIRST_BIN : last] = 10.0 ** (gain_db / 20.0) - 1.0
    power = (spectrum.real**2 + spectrum.imag**2).sum(axis=0)
    around = np.ones(2 * SNR_HOPS + 1)
    allowed = np.convolve(power.sum(axis=1), around, mode="same") * 10.0 ** (-SNR_DB / 10.0)
    added = np.convolve((power * mask**2).sum(axis=1), around, mode="same")
    mask *= np.sqrt(np.minimum(1.0, allowed / (added + 1e-20)))[:, None]
    pieces = np.fft.irfft(spectrum * mask, n=grid.WINDOW, axis=2).astype(np.float32) * window
    out = np.zeros((x.shape[0], (frames.shape[1] + 1) * grid.HOP), dtype=np.float32)
    halves = out.reshape(x.shape[0], -1, grid.HOP)
    halves[:, :-1] += pieces[:, :, : grid.HOP]
    halves[:, 1:] += pieces[:, :, grid.HOP :]
    return out[:, grid.HOP : grid.HOP + x.shape[1]]


class Piece(NamedTuple):
    """A stretch of a sound with what surrounds it."""

    sound: Audio
    """``(channels, frames) float32``."""
    inside: slice
    """The frames of `sound` that are the stretch itself."""
    first_hop: int
    """Hop of the grid at which `sound` begins."""


def pieces_of(read: Callable[[int, int], Audio], frames: int, *, rate: int) -> Iterator[Piece]:
    """A sound in stretches of a few seconds, each of which `mark_piece` marks by itself.

    Args:
        read: ``read(start, count)`` gives ``(channels, count) float32``, silence outside of the sound.
        frames: length of the sound.
        rate: Hz.
    """
    # A piece begins on a frame that is whole at both rates, and on a hop of the grid.
    unit = math.lcm(grid.HOP, grid.RATE // math.gcd(rate, grid.RATE))
    pad = math.ceil(PAD_HOPS * grid.HOP / unit) * unit
    step = math.ceil(PIECE_S * grid.RATE / unit) * unit
    total = math.ceil(frames * grid.RATE / rate)
    for start in range(0, total, step):
        outer = [(start - pad) * rate // grid.RATE, (start + step + pad) * rate // grid.RATE]
        first, last = start * rate // grid.RATE, min((start + step) * rate // grid.RATE, frames)
        inside = slice(first - outer[0], last - outer[0])
        yield Piece(read(outer[0], outer[1] - outer[0]), inside, (start - pad) // grid.HOP)


def mark_piece(piece: Piece, payload: int, *, rate: int, key: bytes) -> Audio:
    """The stretch with the mark that carries `payload` in it; whoever knows `key` can find it."""
    signs = grid.pattern(key, encode(payload))
    slow = resample(piece.sound, from_rate=rate, to_rate=grid.RATE)
    added = resample(_difference(slow, piece.first_hop, signs), from_rate=grid.RATE, to_rate=rate)
    return piece.sound[:, piece.inside] + added[:, piece.inside]


def embed(x: Audio, payload: int, *, rate: int, key: bytes) -> Audio:
    """`x` ``(channels, frames) float32`` with a mark that carries `payload`, same shape.

    Peaks may grow by up to 1 dB: limit afterwards.

    Args:
        payload: 0 to 2^64 - 1.
        rate: Hz, at least 22,050.
        key: whoever knows it can find the mark.
    """
    if not 0 <= payload < 1 << 64:
        raise OverflowError("the id of a watermark has 64 bits")

    def read(start: int, count: int) -> Audio:
        inside = x[:, max(start, 0) : max(start + count, 0)]
        before = min(max(-start, 0), count)
        return np.pad(inside, ((0, 0), (before, count - before - inside.shape[1])))

    pieces = [mark_piece(piece, payload, rate=rate, key=key) for piece in pieces_of(read, x.shape[1], rate=rate)]
    return np.concatenate(pieces, axis=1) if pieces else x.copy()
