"""Training examples: mixtures torn from the pool, changed, and turned into what the loss wants.

Two in five mixtures keep a song together; the others pair stems of strangers. Each stem gets its own pitch and speed,
saturation, equaliser, gain, side and polarity. All of it is a function of the pool and of `(seed, index)`, so a run can
be repeated and resumed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import torch
from scipy import fft
from torch.utils.data import IterableDataset, get_worker_info

from onnx_models.training.separation import pool
from onnx_models.training.separation.library import RATE
from onnx_models.training.separation.network import BINS
from onnx_models.training.separation.production import PRODUCED_SHARE

Samples = npt.NDArray[np.float32]
N_FFT, HOP = 2048, 512
FRAMES = 128
SEGMENT = N_FFT + (FRAMES - 1) * HOP
ALBUM_SHARE = 0.08
"""How often a mixture starts from the real album: it is twelve passages against hundreds of songs."""

LAYERED = {0: 0.12, 3: 0.3}
"""How often a second voice, or a second accompaniment, joins the first."""


def _window() -> Samples:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)).astype(np.float32)


def _curve(rng: np.random.Generator) -> Samples:
    """A smooth equaliser of a few dB over the modelled bins, linear gain."""
    points = np.geomspace(40, 9000, 7)
    gains = rng.normal(0, 3.0, 7) + np.linspace(-1, 1, 7) * rng.normal(0, 3)
    if rng.random() < 0.06:
        gains[int(rng.integers(3, 7)) :] -= 30
    frequencies = np.arange(BINS) * RATE / N_FFT
    return (10 ** (np.interp(np.log(frequencies + 1), np.log(points), gains) / 20)).astype(np.float32)


def _cut(source: npt.NDArray[np.int16], start: int, ratio: float) -> Samples:
    """`SEGMENT` frames of one stem at `ratio` times its speed, wrapped where the passage is short."""
    need = int(SEGMENT * ratio) + 4
    available = source.shape[1]
    piece = np.asarray(source[:, start : start + need])
    while piece.shape[1] < need:
        piece = np.concatenate([piece, np.asarray(source[:, : min(need - piece.shape[1], available)])], 1)
    audio = piece.astype(np.float32) * np.float32(1 / 32768)
    if ratio == 1.0:
        return audio[:, :SEGMENT]
    position = np.arange(SEGMENT) * ratio
    base = position.astype(np.int64)
    part = (position - base).astype(np.float32)
    return audio[:, base] * (1 - part) + audio[:, base + 1] * part


@numba.njit(fastmath=True, cache=True)
def _targets(stems, curves, mix, size, along, rest):  # type: ignore[no-untyped-def]
    """Apply the equalisers, sum to the mixture, and split each stem along the mixture's phase."""
    count, sides, frames, bins = stems.shape
    for side in range(sides):
        for frame in range(frames):
            for b in range(bins):
                re, im = np.float32(0), np.float32(0)
                for s in range(count):
                    value = stems[s, side, frame, b] * curves[s, b]
                    stems[s, side, frame, b] = value
                    re += value.real
                    im += value.imag
                mix[2 * side, b, frame] = re
                mix[2 * side + 1, b, frame] = im
                magnitude = np.sqrt(re * re + im * im)
                size[side, b, frame] = magnitude
                inverse = np.float32(1) / max(magnitude, np.float32(1e-9))
                for s in range(count):
                    value = stems[s, side, frame, b]
                    inner = (value.real * re + value.imag * im) * inverse
                    along[s, side, b, frame] = inner
                    rest[s, side, b, frame] = max(value.real**2 + value.imag**2 - inner * inner, np.float32(0))


class Mixer:
    """Draws examples from a pool folder, which is looked at again now and then: the pool may grow meanwhile."""

    def __init__(self, cache: Path, *, seed: int):
        self.cache, self.seed = cache, seed
        self._window = _window()
        self._looked = 0.0
        self._songs: list[Path] = []
        self._albums: list[Path] = []

    def _look(self) -> None:
        if time.monotonic() - self._looked > 60.0:
            found = pool.listing(self.cache)
            self._albums = [path for path in found if path.name.startswith("album")]
            self._songs = [path for path in found if path.name.startswith("song")]
            self._looked = time.monotonic()

    def _song(self, rng: np.random.Generator) -> Path:
        source = self._albums if self._albums and rng.random() < ALBUM_SHARE else self._songs
        return source[int(rng.integers(len(source)))]

    def _stem(self, song: Path, stem: int, rng: np.random.Generator) -> npt.NDArray[np.int16]:
        """One stem of a song, ``(2, frames)``; of voices sometimes the produced version."""
        if stem == 0:
            produced = song.with_name(song.name.replace("song-", "voice-"))
            if produced != song and produced.exists() and rng.random() < PRODUCED_SHARE:
                return pool.load_voice(produced)[0]
        return pool.load(song)[stem]

    @staticmethod
    def _start(source: npt.NDArray[np.int16], rng: np.random.Generator) -> int:
        return int(rng.integers(max(source.shape[1] - int(SEGMENT * 1.3), 1)))

    def stems(self, rng: np.random.Generator) -> Samples:
        """The four stems of one example in time, ``(4, 2, SEGMENT)``, before their equalisers."""
        out = np.zeros((4, 2, SEGMENT), np.float32)
        together = rng.random() < 0.4
        song = self._song(rng)
        start = self._start(pool.load(song)[0], rng)
        common = 2 ** (rng.normal(0, 2.0) / 12) if rng.random() < 0.3 else 1.0
        for stem in range(4):
            ratio = common
            source, begin = self._stem(song, stem, rng), start
            if not together:
                for _ in range(4):
                    source = self._stem(self._song(rng), stem, rng)
                    begin = self._start(source, rng)
                    # Silence teaches little; look again before taking it.
                    if np.abs(source[0, begin : begin + SEGMENT : 97]).max() > 300:
                        break
                ratio = 2 ** (rng.normal(0, 1.5) / 12) if rng.random() < 0.35 else 1.0
            audio = _cut(source, begin, ratio)
            if stem in LAYERED and rng.random() < LAYERED[stem]:
                extra = self._stem(self._song(rng), stem, rng)
                audio = audio + _cut(extra, self._start(extra, rng), 1.0) * np.float32(rng.uniform(0.2, 1))
            if rng.random() < 0.12:
                peak = float(np.abs(audio).max()) + 1e-6
                amount = float(np.exp(rng.uniform(0, 1.8)))
                audio = np.tanh(audio / peak * amount) * (peak / np.tanh(amount))
            if rng.random() < 0.5:
                audio = audio[::-1]
            if rng.random() < 0.25:
                middle = audio.mean(0, keepdims=True)
                audio = middle + (audio - middle) * np.float32(rng.uniform(0, 1.6))
            gain_db = rng.normal(0, 5.0) - (1.5 if stem == 2 else 0.0)
            dropped = rng.random() < (0.08 if together else 0.12)
            gain = 0.0 if dropped else 10 ** (gain_db / 20) * (-1 if rng.random() < 0.5 else 1)
            out[stem] = audio * np.float32(gain)
        return out

    def example(self, index: int) -> tuple[Samples, Samples, Samples, Samples]:
        """Mixture ``(4, BINS, FRAMES)``, its size ``(2, ...)``, and `along` and `rest` ``(4, 2, BINS, FRAMES)``."""
        self._look()
        rng = np.random.default_rng([self.seed, index])
        stems = self.stems(rng)
        power = float((stems.sum(0) ** 2).mean())
        while power < 1e-7:
            stems = self.stems(rng)
            power = float((stems.sum(0) ** 2).mean())
        # The runner brings a track to one level; a passage of it is louder or softer.
        level = 10 ** (rng.normal(0, 3.0) / 20) / np.sqrt(power)
        views = np.lib.stride_tricks.sliding_window_view(stems, N_FFT, axis=-1)[:, :, ::HOP]
        spectra = fft.rfft(views * self._window * np.float32(level / np.sqrt(N_FFT)), axis=-1)[..., :BINS].astype(
            np.complex64
        )
        curves = np.stack([_curve(rng) if rng.random() < 0.7 else np.ones(BINS, np.float32) for _ in range(4)])
        mix = np.empty((4, BINS, FRAMES), np.float32)
        size = np.empty((2, BINS, FRAMES), np.float32)
        along = np.empty((4, 2, BINS, FRAMES), np.float32)
        rest = np.empty((4, 2, BINS, FRAMES), np.float32)
        _targets(spectra, curves, mix, size, along, rest)
        return mix, size, along, rest


class Mixtures(IterableDataset[Any]):
    """Batches of examples for a data loader with any number of workers; worker w makes batches w, w + n, ..."""

    def __init__(self, cache: Path, *, seed: int, batch: int, first: int):
        self.cache, self.seed, self.batch, self.first = cache, seed, batch, first

    def __iter__(self) -> Iterator[tuple[torch.Tensor, ...]]:
        torch.set_num_threads(1)
        info = get_worker_info()
        worker, workers = (info.id, info.num_workers) if info is not None else (0, 1)
        mixer = Mixer(self.cache, seed=self.seed)
        number = self.first + worker
        while True:
            examples = [mixer.example(number * self.batch + item) for item in range(self.batch)]
            yield tuple(torch.from_numpy(np.stack(parts)) for parts in zip(*examples, strict=True))
            number += workers
