"""Training examples: mixtures torn from the pool, changed, and turned into what the loss wants.

Two in five mixtures keep a song together; the others pair stems of strangers. One in five lacks a voice, some are one
stem alone: a separator that has always heard a voice finds one in every trumpet. Each stem gets its own pitch and
speed, saturation, equaliser, gain, side and polarity. All of it is a function of the pool and of `(seed, index)`, so a
run can be repeated and resumed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import torch
from scipy import fft
from torch.utils.data import IterableDataset, get_worker_info

from onnx_models.training.separation import augment, pool
from onnx_models.training.separation.bands import BINS
from onnx_models.training.separation.production import PRODUCED_SHARE

Samples = npt.NDArray[np.float32]
Example = tuple[Samples, Samples, Samples, Samples]


@dataclass(frozen=True)
class Grid:
    """Transform of a network at the training rate, which is half of what it runs at: half the window and hop."""

    n_fft: int
    hop: int
    bins: int
    frames: int
    by_track: bool = True
    """Whether the host brings a whole track to one level; a live one cannot know it, and any level may come."""

    @property
    def segment(self) -> int:
        """Samples of one example."""
        return self.n_fft + (self.frames - 1) * self.hop


DEFAULT = Grid(2048, 512, BINS, 128)
LIVE = Grid(1024, 256, BINS // 2, 256, by_track=False)
TYPICAL_RMS = 0.1
"""Level of a live input about which the levels of training lie (`Grid.by_track`)."""
SPREAD_DB = 6.0
"""Deviation of the level of an example."""
ALBUM_SHARE = 0.13
"""How often a mixture starts from the real album: it is twelve passages against hundreds of songs."""

LAYERED = {0: 0.12, 3: 0.35}
"""How often a second voice, or a second accompaniment, joins the first."""

LEAD_SHARE = 0.35
"""How often the accompaniment that joins is a single lead line (`leads`), which is what is taken for a voice."""

ALONE_SHARE = 0.62
"""How often a voice is one that stands alone in the pool (`singing.voice`): as recorded, held, or a vocalise."""

SUNG_SHARE = 0.3
"""How often such a voice sings a line with words (`sung`)."""

FALLS = {0: 0.12, 3: 0.03}
"""How often the pitch of a voice, or of an accompaniment, falls or rises as a sampler's does."""
GATED = {0: 0.07, 3: 0.05}
"""How often it is cut by a gate."""
SAMPLED = {0: 0.3, 1: 0.03, 2: 0.03, 3: 0.2}
"""How often slices of a stem are played as a sampler plays them: voices, but the chords of an accompaniment too."""
BED_SHARE = 0.3
"""How often something goes on beneath such slices (`augment.bed`)."""
DOUBLED = {0: 0.25, 3: 0.06}
"""How often doubles of a stem stand at its sides (`augment.doubled`)."""
SPEEDS = {0: (0.55, 2.5)}
"""How often a stranger's stem gets another speed, and by how many semitones (deviation); others: `USUAL_SPEED`."""
USUAL_SPEED = (0.35, 1.5)

LOWERED = {1: 0.1, 2: 0.2}
"""How often a stranger's drums or bass sound a third to an octave lower."""
SUB = {1: 0.4, 2: 0.4}
"""How often their lowest octaves are lifted (`augment.sub`)."""

LEVELS_DB = (1.5, 0.0, -1.5, 0.0)
"""Mean gains of vocals, drums, bass and other, dB: a voice stands in front."""

LINE_UPS = {"all": 0.63, "instrumental": 0.21, "solo": 0.08, "duo": 0.08}
"""Which stems may sound in an example: all, all but the voice, one alone, or the voice and one other."""


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


def targets(stems: Samples, curves: Samples, grid: Grid) -> Example:
    """What the loss wants of four stems in time, ``(4, 2, segment)``, and their equalisers, ``(4, bins)``.

    Returns:
        Mixture ``(4, bins, frames)``, its size ``(2, ...)``, and `along` and `rest` ``(4, 2, bins, frames)`` (`loss`).
    """
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(grid.n_fft) / grid.n_fft)) / np.sqrt(grid.n_fft)
    views = np.lib.stride_tricks.sliding_window_view(stems, grid.n_fft, axis=-1)[:, :, :: grid.hop]
    spectra = fft.rfft(views * window.astype(np.float32), axis=-1)[..., : grid.bins].astype(np.complex64)
    mix = np.empty((4, grid.bins, grid.frames), np.float32)
    size = np.empty((2, grid.bins, grid.frames), np.float32)
    along = np.empty((4, 2, grid.bins, grid.frames), np.float32)
    rest = np.empty((4, 2, grid.bins, grid.frames), np.float32)
    _targets(spectra, curves, mix, size, along, rest)
    return mix, size, along, rest


def device_targets(stems: torch.Tensor, curves: torch.Tensor, grid: Grid) -> tuple[torch.Tensor, ...]:
    """`targets` of a batch where the tensors live: ``(batch, 4, 2, segment)`` and ``(batch, 4, bins)``."""
    batch = stems.shape[0]
    window = torch.hann_window(grid.n_fft, device=stems.device) / grid.n_fft**0.5
    spectra = torch.stft(
        stems.reshape(batch * 8, -1).float(), grid.n_fft, grid.hop, window=window, center=False, return_complex=True
    )[:, : grid.bins].reshape(batch, 4, 2, grid.bins, grid.frames)
    spectra = spectra * curves.float()[:, :, None, :, None]
    total = spectra.sum(1)
    size = total.abs()
    unit = total / size.clamp_min(1e-9)
    along = (spectra * unit.conj()[:, None]).real
    rest = (spectra.real**2 + spectra.imag**2 - along**2).clamp_min(0.0)
    mix = torch.stack([total.real, total.imag], 2).reshape(batch, 4, grid.bins, grid.frames)
    return mix, size, along, rest


class Mixer:
    """Draws examples from a pool folder, which is looked at again now and then: the pool may grow meanwhile."""

    def __init__(self, cache: Path, *, seed: int, grid: Grid = DEFAULT):
        self.cache, self.seed, self.grid = cache, seed, grid
        self._looked = 0.0
        self._songs: list[Path] = []
        self._albums: list[Path] = []
        self._leads: list[Path] = []
        self._voices: list[Path] = []
        self._sung: list[Path] = []

    def _look(self) -> None:
        if time.monotonic() - self._looked > 60.0:
            found = pool.listing(self.cache)
            self._albums = [path for path in found if path.name.startswith("album")]
            self._songs = [path for path in found if path.name.startswith("song")]
            self._leads = pool.leads(self.cache)
            self._voices = pool.voices(self.cache)
            self._sung = pool.sung(self.cache)
            self._looked = time.monotonic()

    def _song(self, rng: np.random.Generator) -> Path:
        source = self._albums if self._albums and rng.random() < ALBUM_SHARE else self._songs
        return source[int(rng.integers(len(source)))]

    def _stem(self, song: Path, stem: int, rng: np.random.Generator) -> npt.NDArray[np.int16]:
        """One stem of a song, ``(2, frames)``; of voices often one that stands alone, or the produced version."""
        if stem == 0:
            if self._voices and rng.random() < ALONE_SHARE:
                alone = self._sung if self._sung and rng.random() < SUNG_SHARE else self._voices
                return pool.load_part(alone[int(rng.integers(len(alone)))])
            produced = song.with_name(song.name.replace("song-", "voice-"))
            if produced != song and produced.exists() and rng.random() < PRODUCED_SHARE:
                return pool.load_part(produced)
        return pool.load(song)[stem]

    def _lead(self, rng: np.random.Generator) -> npt.NDArray[np.int16]:
        """A single lead line, ``(2, frames)``; an accompaniment where the pool has none."""
        if self._leads:
            return pool.load_part(self._leads[int(rng.integers(len(self._leads)))])
        return self._stem(self._song(rng), 3, rng)

    @staticmethod
    def _line_up(rng: np.random.Generator) -> tuple[int, ...]:
        """The stems that may sound."""
        name = str(rng.choice(list(LINE_UPS), p=list(LINE_UPS.values())))
        if name == "all":
            return (0, 1, 2, 3)
        if name == "instrumental":
            return (1, 2, 3)
        if name == "solo":
            return (int(rng.choice(4, p=[0.2, 0.1, 0.1, 0.6])),)
        return (0, int(rng.choice([1, 2, 3, 3])))

    def _start(self, source: npt.NDArray[np.int16], rng: np.random.Generator) -> int:
        return int(rng.integers(max(source.shape[1] - int(self.grid.segment * 1.3), 1)))

    def stems(self, rng: np.random.Generator) -> Samples:
        """The four stems of one example in time, ``(4, 2, segment)``, before their equalisers."""
        segment = self.grid.segment
        out = np.zeros((4, 2, segment), np.float32)
        sounding = self._line_up(rng)
        together = rng.random() < 0.4
        song = self._song(rng)
        start = self._start(pool.load(song)[0], rng)
        common = float(2 ** (rng.normal(0, 2.0) / 12)) if rng.random() < 0.3 else 1.0
        for stem in sounding:
            ratio = common
            source, begin = self._stem(song, stem, rng), start
            alone = len(sounding) == 1 and stem == 3 and rng.random() < 0.6
            if alone:
                source = self._lead(rng)
                begin = self._start(source, rng)
            elif not together:
                for _ in range(4):
                    source = self._stem(self._song(rng), stem, rng)
                    begin = self._start(source, rng)
                    # Silence teaches little; look again before taking it.
                    if np.abs(source[0, begin : begin + segment : 97]).max() > 300:
                        break
                often, semitones = SPEEDS.get(stem, USUAL_SPEED)
                ratio = float(2 ** (rng.normal(0, semitones) / 12)) if rng.random() < often else 1.0
                if rng.random() < LOWERED.get(stem, 0.0):
                    ratio = float(2 ** (-rng.uniform(4, 12) / 12))
            falling = rng.random() < FALLS.get(stem, 0.0)
            audio = augment.cut(source, begin, ratio * augment.falls(rng, segment) if falling else ratio, segment)
            if stem in LAYERED and not alone and rng.random() < LAYERED[stem]:
                lead = stem == 3 and rng.random() < LEAD_SHARE
                extra = self._lead(rng) if lead else self._stem(self._song(rng), stem, rng)
                audio = audio + augment.cut(extra, self._start(extra, rng), 1.0, segment) * np.float32(
                    rng.uniform(0.2, 1)
                )
            if rng.random() < DOUBLED.get(stem, 0.0):
                audio = augment.doubled(audio, rng)
            if rng.random() < SAMPLED[stem]:
                hits = augment.sampled(audio, rng)
                beneath = rng.random() < BED_SHARE
                audio = hits + augment.bed(audio, rng) * np.float32(rng.uniform(0.15, 0.8)) if beneath else hits
            if rng.random() < GATED.get(stem, 0.0):
                audio = augment.gate(audio, rng)
            if rng.random() < 0.12:
                audio = augment.saturate(audio, rng)
            if rng.random() < 0.5:
                audio = audio[::-1]
            if rng.random() < 0.25:
                audio = augment.widen(audio, rng)
            gain_db = rng.normal(LEVELS_DB[stem], 5.0)
            dropped = len(sounding) > 1 and rng.random() < (0.08 if together else 0.12)
            gain = 0.0 if dropped else 10 ** (gain_db / 20) * (-1 if rng.random() < 0.5 else 1)
            out[stem] = audio * np.float32(gain)
        return out

    def waves(self, index: int) -> tuple[Samples, Samples]:
        """Stems ``(4, 2, segment)`` at the level of the network's input, and their equalisers ``(4, bins)``."""
        self._look()
        rng = np.random.default_rng([self.seed, index])
        stems = self.stems(rng)
        power = float((stems.sum(0) ** 2).mean())
        while power < 1e-7:
            stems = self.stems(rng)
            power = float((stems.sum(0) ** 2).mean())
        # Even where the runner brings a track to one level, a passage of it is louder or softer.
        stems *= np.float32(10 ** (np.clip(rng.normal(0, SPREAD_DB), -24, 12) / 20) / np.sqrt(power))
        curves = [
            augment.curve(rng, bins=self.grid.bins, n_fft=self.grid.n_fft)
            if rng.random() < 0.7
            else np.ones(self.grid.bins, np.float32)
            for _ in range(4)
        ]
        for stem, often in SUB.items():
            if rng.random() < often:
                curves[stem] = curves[stem] * augment.sub(rng, bins=self.grid.bins, n_fft=self.grid.n_fft)
        return stems, np.stack(curves)

    def example(self, index: int) -> Example:
        """Example `index` as `targets`."""
        return targets(*self.waves(index), self.grid)


class Mixtures(IterableDataset[Any]):
    """Batches of examples for a data loader with any number of workers; worker w makes batches w, w + n, ...

    Of a team of several, `part` (rank, size) makes only its own.

    With `raw` a batch is what `device_targets` takes (the stems in half precision: a card computes the rest quicker
    than it could be sent there), else what `targets` gives.
    """

    def __init__(
        self,
        cache: Path,
        *,
        seed: int,
        batch: int,
        first: int,
        grid: Grid = DEFAULT,
        raw: bool = False,
        part: tuple[int, int] = (0, 1),
    ):
        self.cache, self.seed, self.batch, self.first = cache, seed, batch, first
        self.grid, self.raw, self.part = grid, raw, part

    def __iter__(self) -> Iterator[tuple[torch.Tensor, ...]]:
        info = get_worker_info()
        worker, workers = (info.id, info.num_workers) if info is not None else (0, 1)
        if info is not None:
            torch.set_num_threads(1)
        rank, size = self.part
        worker, workers = rank * workers + worker, size * workers
        mixer = Mixer(self.cache, seed=self.seed, grid=self.grid)
        number = self.first + worker
        while True:
            numbers = range(number * self.batch, (number + 1) * self.batch)
            if self.raw:
                waves = [mixer.waves(index) for index in numbers]
                yield (
                    torch.from_numpy(np.stack([stems.astype(np.float16) for stems, _ in waves])),
                    torch.from_numpy(np.stack([curves for _, curves in waves])),
                )
            else:
                examples = [mixer.example(index) for index in numbers]
                yield tuple(torch.from_numpy(np.stack(parts)) for parts in zip(*examples, strict=True))
            number += workers
