"""What is measured of the master: loudness, true peak, correlation, spectrum. It reads rings, outside the callback."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from engine.dsp.loudness import LoudnessMeter, TruePeakMeter
from engine.playback.messages import SPECTRUM_BANDS, SPECTRUM_RANGE_HZ
from engine.types import Audio

CORRELATION_S = 0.3
SPECTRUM_S = 0.17
"""Length of the window of the spectrum, rounded up to a power of two."""
SPECTRUM_FALL_DB_S = 36.0
INTEGRATED_EVERY_S = 0.5
FLOOR_DB = -140.0


def spectrum_bands_hz() -> npt.NDArray[np.float64]:
    """The centres of the bands of `Monitor.spectrum`, evenly spaced in octaves, in Hz."""
    low, high = SPECTRUM_RANGE_HZ
    return np.geomspace(low, high, SPECTRUM_BANDS)


class Monitor:
    """Meters of a stereo stream since it began.

    Args:
        rate: Hz.
    """

    def __init__(self, rate: int):
        self.rate = rate
        self._loudness = LoudnessMeter(2, rate=rate)
        self._true_peak = TruePeakMeter(2)
        self._recent = np.zeros((2, round(CORRELATION_S * rate)), dtype=np.float32)
        self._frames = 0
        self._integrated = -math.inf
        self._integrated_at = 0

    def process(self, block: Audio) -> None:
        """Add ``(2, frames) float32``."""
        count = block.shape[1]
        if count == 0:
            return
        self._loudness.process(block)
        self._true_peak.process(block)
        kept = self._recent.shape[1]
        self._recent = np.concatenate([self._recent[:, count:], block[:, -kept:]], axis=1)
        self._frames += count
        if self._frames - self._integrated_at >= INTEGRATED_EVERY_S * self.rate:
            self._integrated = self._loudness.integrated_lufs()
            self._integrated_at = self._frames

    @property
    def lufs_m(self) -> float:
        """Momentary loudness."""
        return self._loudness.window_lufs(0.4)

    @property
    def lufs_s(self) -> float:
        """Short-term loudness."""
        return self._loudness.window_lufs(3.0)

    @property
    def lufs_i(self) -> float:
        """Integrated loudness since the beginning, brought up to date twice a second."""
        return self._integrated

    @property
    def true_peak_dbtp(self) -> float:
        """Highest since the beginning."""
        return 20.0 * math.log10(self._true_peak.peak) if self._true_peak.peak > 0.0 else -math.inf

    @property
    def correlation(self) -> float:
        """Of left and right, [-1, 1]; 0 for silence."""
        left, right = self._recent.astype(np.float64)
        power = math.sqrt(float(left @ left) * float(right @ right))
        return float(np.clip(float(left @ right) / power, -1.0, 1.0)) if power > 1e-12 else 0.0


class Spectrum:
    """Levels in bands evenly spaced in octaves; a sine at full scale reads 0 dB.

    Args:
        rate: Hz.
    """

    def __init__(self, rate: int):
        self.rate = rate
        size = 1 << math.ceil(math.log2(SPECTRUM_S * rate))
        self._line = np.zeros(size, dtype=np.float32)
        self._window = np.hanning(size).astype(np.float32)
        self._scale = 2.0 / float(self._window.sum())
        centres = spectrum_bands_hz()
        half = (centres[1] / centres[0]) ** 0.5
        bins = size / rate
        last = size // 2
        self._first = np.clip(np.ceil(centres / half * bins).astype(int), 0, last)
        self._behind = np.clip(np.ceil(centres * half * bins).astype(int), 0, last + 1)
        self._at = np.minimum(centres * bins, last)
        self._bins = np.arange(last + 1)
        self._wide = self._behind > self._first
        self._edges = np.stack([self._first[self._wide], np.minimum(self._behind[self._wide], last)], axis=1).ravel()
        self._above_nyquist = centres > rate / 2
        self.levels_db: npt.NDArray[np.float32] = np.full(SPECTRUM_BANDS, FLOOR_DB, dtype=np.float32)
        """``(SPECTRUM_BANDS,)``."""

    def process(self, block: Audio) -> None:
        """Add ``(2, frames) float32`` and look again; levels rise at once and fall by `SPECTRUM_FALL_DB_S`."""
        count = min(block.shape[1], self._line.size)
        if count == 0:
            return
        self._line = np.concatenate([self._line[count:], block[:, -count:].mean(axis=0)])
        levels = np.abs(np.fft.rfft(self._line * self._window)) * self._scale
        bands = np.interp(self._at, self._bins, levels)
        if self._wide.any():
            # `reduceat` takes the highest of each band; what lies between two bands falls to the odd entries.
            highest = np.maximum.reduceat(levels, self._edges)[::2]
            bands[self._wide] = np.maximum(bands[self._wide], highest)
        bands[self._above_nyquist] = 0.0
        found = 20.0 * np.log10(np.maximum(bands, 1e-7)).astype(np.float32)
        fallen = self.levels_db - np.float32(SPECTRUM_FALL_DB_S * block.shape[1] / self.rate)
        self.levels_db = np.maximum(np.maximum(found, fallen), np.float32(FLOOR_DB))
