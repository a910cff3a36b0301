"""Pictures of spectra: loudness by time and pitch, in uint8, as an editor shows them."""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.errors import AudioFileError
from engine.io.atomic import replacing
from engine.types import Audio, PcmRef

WINDOW = 4096
COLUMNS_PER_S = 60.0
BANDS = 128
LOW_HZ = 32.7
"""The lowest band: C1."""
HIGH_HZ = 16_000.0
FLOOR_DB = -84.0
"""Values run from 0 (this far below full scale, or less) to 255 (full scale)."""
MAGIC = b"CFSPG1\0\0"
BATCH = 256

Levels = npt.NDArray[np.uint8]


class Spectrogram:
    """`levels` is ``(bands, columns) uint8``, the lowest band first; bands are equal steps of pitch from `LOW_HZ` to
    `HIGH_HZ`, columns stand `hop_s` seconds apart."""

    def __init__(self, levels: Levels, *, hop_s: float):
        self.levels = levels
        self.hop_s = hop_s

    def save(self, path: str | Path) -> None:
        """Write it, atomically.

        Raises:
            EncodeError: codes ``disk-full`` and ``path-not-writable``.
        """
        bands, columns = self.levels.shape
        with replacing(Path(path)) as part:
            part.write_bytes(MAGIC + struct.pack("<IQd", bands, columns, self.hop_s) + self.levels.tobytes())

    @classmethod
    def load(cls, path: str | Path) -> Spectrogram:
        """Read what `save` wrote.

        Raises:
            AudioFileError: code ``spectrogram-invalid``; make it again with `build`.
        """
        try:
            data = Path(path).read_bytes()
            bands, columns, hop_s = struct.unpack("<IQd", data[len(MAGIC) : len(MAGIC) + 20])
            body = data[len(MAGIC) + 20 :]
            if data[: len(MAGIC)] != MAGIC or len(body) != bands * columns or not 0.0 < hop_s < 10.0:
                raise ValueError("not a picture of a spectrum")
        except (OSError, ValueError, struct.error) as error:
            raise AudioFileError(
                "A stored picture of a spectrum is damaged.",
                remedy="It is drawn again from the sound.",
                code="spectrogram-invalid",
                details={"path": str(path)},
            ) from error
        return cls(np.frombuffer(body, dtype=np.uint8).reshape(bands, columns), hop_s=hop_s)


def band_edges_hz() -> npt.NDArray[np.float64]:
    """The borders of the bands, ``(BANDS + 1,)`` in Hz."""
    return LOW_HZ * (HIGH_HZ / LOW_HZ) ** (np.arange(BANDS + 1) / BANDS)


def build(source: Audio | PcmRef, *, rate: int = 48_000) -> Spectrogram:
    """The spectrogram of ``(channels, frames) float32`` or of a PCM file (its own rate counts); channels are averaged.

    A Hann window of 4,096 frames; a band shows its strongest bin, so that a single partial stands out, and bands
    narrower than a bin take the value between bins.
    """
    if isinstance(source, PcmRef):
        samples, rate = source.open(), source.rate
    else:
        samples = source
    frames = samples.shape[1]
    hop = max(round(rate / COLUMNS_PER_S), 1)
    columns = max(-(-frames // hop), 1)
    levels = np.zeros((BANDS, columns), dtype=np.uint8)
    window = np.hanning(WINDOW).astype(np.float32)
    scale = 2.0 / float(window.sum())
    bins = np.clip(band_edges_hz() * WINDOW / rate, 0.0, WINDOW // 2)
    middles = np.clip(np.sqrt(bins[:-1] * bins[1:]), 0, WINDOW // 2 - 1)
    below = np.floor(middles).astype(np.int64)
    share = (middles - below).astype(np.float32)[:, None]
    wide = [(index, int(np.ceil(a)), int(np.floor(b)) + 1) for index, (a, b) in enumerate(pairwise(bins))]
    for first in range(0, columns, BATCH):
        last = min(first + BATCH, columns)
        start = first * hop - WINDOW // 2
        stop = (last - 1) * hop + WINDOW // 2
        part = np.zeros(stop - start, dtype=np.float32)
        low, high = max(start, 0), min(stop, frames)
        if high > low:
            part[low - start : high - start] = np.asarray(samples[:, low:high], dtype=np.float32).mean(axis=0)
        framed = np.lib.stride_tricks.sliding_window_view(part, WINDOW)[::hop] * window
        power = np.abs(np.fft.rfft(framed, axis=1)).T * scale
        shown = power[below] * (1.0 - share) + power[below + 1] * share
        for index, a, b in wide:
            if b - a > 1:
                shown[index] = power[a:b].max(axis=0)
        with np.errstate(divide="ignore"):
            decibels = 20.0 * np.log10(np.maximum(shown, 1e-9))
        levels[:, first:last] = np.clip((decibels - FLOOR_DB) * (255.0 / -FLOOR_DB), 0.0, 255.0)
    return Spectrogram(levels, hop_s=hop / rate)
