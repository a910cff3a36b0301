"""Pictures of waveforms: the lowest and highest sample of ever longer stretches, in int16."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.errors import AudioFileError
from engine.io.atomic import replacing
from engine.types import Audio, PcmRef

BASE_FRAMES = 64
"""Frames in a cell of the finest level; each further level halves the number of cells."""

FACTOR = 2
FULL_SCALE = 32767.0
MAGIC = b"CFPYR1\0\0"
CHUNK_CELLS = 1 << 12

Cells = npt.NDArray[np.int16]
"""``(2, channels, cells)``: minima, then maxima."""

Columns = npt.NDArray[np.float32]


class Pyramid:
    """Minima and maxima of a sound at many scales; get columns for a screen with `columns`."""

    def __init__(self, levels: list[Cells], *, frames: int, rate: int):
        self.levels = levels
        self.frames = frames
        self.rate = rate

    @property
    def channels(self) -> int:
        """Channels of the sound."""
        return self.levels[0].shape[1]

    def columns(self, start_frame: float, end_frame: float, count: int) -> tuple[Columns, Columns]:
        """Lowest and highest sample of `count` equal stretches between two frames, each ``(channels, count) float32``.

        Frames before 0 and after the end count as silence. No peak is lost: a column covers every cell that it
        touches, at the coarsest level whose cells are not longer than a column.
        """
        low = np.zeros((self.channels, max(count, 0)), dtype=np.float32)
        high = np.zeros_like(low)
        if count <= 0 or end_frame <= start_frame:
            return low, high
        span = (end_frame - start_frame) / count
        level = min(max(int(np.log2(max(span / BASE_FRAMES, 1.0))), 0), len(self.levels) - 1)
        cells = self.levels[level]
        size = BASE_FRAMES * FACTOR**level
        edges = start_frame + span * np.arange(count + 1)
        first = np.floor(edges[:-1] / size).astype(np.int64)
        last = np.maximum(np.ceil(edges[1:] / size).astype(np.int64), first + 1)
        inside = (last > 0) & (first < cells.shape[2])
        if not inside.any():
            return low, high
        first = np.clip(first[inside], 0, cells.shape[2] - 1)
        last = np.clip(last[inside], first + 1, cells.shape[2])
        low[:, inside] = _reduce(np.minimum, cells[0], first, last) / FULL_SCALE
        high[:, inside] = _reduce(np.maximum, cells[1], first, last) / FULL_SCALE
        return low, high

    def save(self, path: str | Path) -> None:
        """Write the pyramid, atomically; the coarser levels are not stored.

        Raises:
            EncodeError: codes ``disk-full`` and ``path-not-writable``.
        """
        base = self.levels[0]
        with replacing(Path(path)) as part:
            head = MAGIC + struct.pack("<IIQQ", self.rate, self.channels, self.frames, base.shape[2])
            part.write_bytes(head + np.ascontiguousarray(base, dtype="<i2").tobytes())

    @classmethod
    def load(cls, path: str | Path) -> Pyramid:
        """Read a pyramid that `save` wrote.

        Raises:
            AudioFileError: code ``pyramid-invalid``; make it again with `build`.
        """
        try:
            data = Path(path).read_bytes()
            rate, channels, frames, cells = struct.unpack("<IIQQ", data[len(MAGIC) : len(MAGIC) + 24])
            whole = len(data) == len(MAGIC) + 24 + 4 * channels * cells
            if data[: len(MAGIC)] != MAGIC or not whole or channels * cells == 0:
                raise ValueError("not a waveform picture")
        except (OSError, ValueError, struct.error) as error:
            raise AudioFileError(
                "A stored picture of a waveform is damaged.",
                remedy="It is drawn again from the sound.",
                code="pyramid-invalid",
                details={"path": str(path)},
            ) from error
        base = np.frombuffer(data, dtype="<i2", offset=len(MAGIC) + 24).reshape(2, channels, cells).astype(np.int16)
        return cls(_levels(base), frames=frames, rate=rate)


def _reduce(
    operation: np.ufunc, cells: npt.NDArray[np.int16], first: npt.NDArray[np.int64], last: npt.NDArray[np.int64]
) -> Columns:
    # reduceat takes pairs (first, last) as consecutive starts; every second result is the stretch wanted. One cell more
    # at the end keeps the last index legal without adding a value to any stretch.
    padded = np.concatenate((cells, cells[:, -1:]), axis=1)
    pairs = np.stack((first, last), axis=1).reshape(-1)
    return operation.reduceat(padded, pairs, axis=1)[:, ::2].astype(np.float32)


def _levels(base: Cells) -> list[Cells]:
    levels = [base]
    while levels[-1].shape[2] > 1:
        below = levels[-1]
        if below.shape[2] & 1:
            below = np.concatenate((below, below[:, :, -1:]), axis=2)
        pairs = below.reshape(2, below.shape[1], -1, FACTOR)
        levels.append(np.stack((pairs[0].min(axis=-1), pairs[1].max(axis=-1))))
    return levels


def build(source: Audio | PcmRef, *, rate: int = 48_000) -> Pyramid:
    """The pyramid of ``(channels, frames) float32`` or of a PCM file (its own rate counts).

    Samples beyond full scale are drawn at full scale; rounding is outwards, so that no sample lies outside of its cell.
    """
    if isinstance(source, PcmRef):
        samples, rate = source.open(), source.rate
    else:
        samples = source
    channels, frames = samples.shape
    count = max(-(-frames // BASE_FRAMES), 1)
    base = np.zeros((2, channels, count), dtype=np.int16)
    for cell in range(0, frames // BASE_FRAMES, CHUNK_CELLS):
        end = min(cell + CHUNK_CELLS, frames // BASE_FRAMES)
        part = np.asarray(samples[:, cell * BASE_FRAMES : end * BASE_FRAMES]).reshape(channels, end - cell, BASE_FRAMES)
        base[:, :, cell:end] = _cells(part)
    if frames % BASE_FRAMES:
        tail = np.asarray(samples[:, frames - frames % BASE_FRAMES :])
        base[:, :, -1:] = _cells(tail[:, None, :])
    return Pyramid(_levels(base), frames=frames, rate=rate)


def _cells(part: npt.NDArray[np.float32]) -> Cells:
    low = np.floor(np.clip(part.min(axis=-1), -1.0, 1.0) * FULL_SCALE)
    high = np.ceil(np.clip(part.max(axis=-1), -1.0, 1.0) * FULL_SCALE)
    return np.stack((low, high)).astype(np.int16)


class Growing:
    """The pyramid of a sound of known length that is being made: silent where it is not there yet."""

    def __init__(self, *, frames: int, channels: int, rate: int):
        self._frames, self._rate = frames, rate
        self._base = np.zeros((2, channels, max(-(-frames // BASE_FRAMES), 1)), dtype=np.int16)

    def add(self, samples: Audio, start_frame: int, end_frame: int) -> None:
        """Take in ``samples[:, start_frame:end_frame]`` of ``(channels, frames) float32``."""
        for first in range(start_frame // BASE_FRAMES, -(-end_frame // BASE_FRAMES), CHUNK_CELLS):
            last = min(first + CHUNK_CELLS, -(-end_frame // BASE_FRAMES))
            part = np.asarray(samples[:, first * BASE_FRAMES : min(last * BASE_FRAMES, self._frames)])
            missing = (last - first) * BASE_FRAMES - part.shape[1]
            if missing:
                part = np.pad(part, ((0, 0), (0, missing)))
            self._base[:, :, first:last] = _cells(part.reshape(part.shape[0], last - first, BASE_FRAMES))

    def pyramid(self) -> Pyramid:
        """What is there by now; it does not change afterwards."""
        return Pyramid(_levels(self._base.copy()), frames=self._frames, rate=self._rate)
