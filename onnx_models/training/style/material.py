"""Stems to learn from: short pieces put together from single recordings, so that two sections of one stem share their
sound, not their notes.

Recordings whose other cuts judge the shipped models are never used (`EXCLUDED`).
"""

from __future__ import annotations

import csv
import zlib
from pathlib import Path
from typing import TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
import soundfile

Samples: TypeAlias = npt.NDArray[np.float32]

RATE = 44100
SECONDS = 5.0
"""Length of the sections to learn from."""
EXCLUDED = ("eif_caesium", "eif_lithium")
ROLES = ("vocals", "drums", "bass", "other")
_CLASSES = {
    "drums": ("drums",),
    "bass": ("bass",),
    "other": ("guitar", "keys", "strings", "winds"),
    "vocals": ("voice",),
}


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """The recordings of one instrument, kit or voice."""

    name: str
    role: str
    files: tuple[str, ...]
    pitches: tuple[float, ...]
    mean_s: float

    @property
    def held_out(self) -> bool:
        """One folder in five is never trained on; which ones depends on the name alone."""
        return zlib.crc32(f"20/{self.name}".encode()) % 5 == 0


class Library:
    """The recordings of a sample kit by role, decoded when first asked for."""

    def __init__(self, root: Path):
        self.root = root
        rows: dict[str, list[tuple[str, float, float]]] = {}
        with (root / "samples.csv").open(newline="", encoding="utf-8") as handle:
            for row in csv.DictReader(handle):
                folder = row["path"].rsplit("/", 1)[0]
                if folder.endswith(EXCLUDED) or "noises" in folder:
                    continue
                rows.setdefault(folder, []).append((row["path"], float(row["midi_note"] or -1), float(row["seconds"])))
        self.folders: list[Folder] = []
        for name, files in sorted(rows.items()):
            role = next((r for r, classes in _CLASSES.items() if name.split("/")[0] in classes), None)
            if role is None:
                continue
            self.folders.append(
                Folder(
                    name=name,
                    role=role,
                    files=tuple(f for f, _, _ in files),
                    pitches=tuple(p for _, p, _ in files),
                    mean_s=sum(s for _, _, s in files) / len(files),
                )
            )
        self._cache: dict[str, Samples] = {}

    def choose(self, role: str, rng: np.random.Generator, *, held_out: bool) -> Folder:
        """A folder of a role; large ones more often, but not in proportion (speech has hundreds of tiny ones)."""
        fitting = [f for f in self.folders if f.role == role and f.held_out == held_out]
        weights = np.array(
            [len(f.files) ** 0.5 * (0.35 if f.name.startswith("voice/librispeech") else 1.0) for f in fitting]
        )
        return fitting[int(rng.choice(len(fitting), p=weights / weights.sum()))]

    def sound(self, path: str) -> Samples:
        """One recording ``(channels, frames)``; the last few hundred stay in memory."""
        if path not in self._cache:
            if len(self._cache) > 600:
                del self._cache[next(iter(self._cache))]
            audio, _ = soundfile.read(self.root / path, dtype="float32", always_2d=True)
            self._cache[path] = np.ascontiguousarray(audio.T[:2])
        return self._cache[path]


class Stem:
    """One imagined stem: which recordings it uses and how they lie in the stereo picture. `section(k)` plays other
    notes each time."""

    def __init__(self, library: Library, role: str, rng: np.random.Generator, *, held_out: bool):
        self._library = library
        self.role = role
        self._folders = [library.choose(role, rng, held_out=held_out)]
        if role in ("drums", "other") and rng.random() < 0.5:
            self._folders.append(library.choose(role, rng, held_out=held_out))
        self._step_s = float(rng.uniform(0.10, 0.17)) if role == "drums" else float(rng.uniform(0.12, 0.5))
        self._pans = rng.normal(0.0, 0.35 if role in ("drums", "other") else 0.08, size=16)
        self._spread = (
            float(rng.uniform(0.0, 0.5)) if rng.random() < (0.6 if role in ("other", "vocals") else 0.2) else 0.0
        )
        self._level_db = float(rng.normal(-20.0, 5.0))
        self._chosen = [
            rng.permutation(len(f.files))[: (int(rng.integers(4, 9)) if role == "drums" else len(f.files))]
            for f in self._folders
        ]
        self._chord = bool(role == "other" and rng.random() < 0.5)
        self._density = float(rng.uniform(0.25, 0.7))
        self._centres = [float(rng.choice([p for p in f.pitches if p > 0] or [0.0])) for f in self._folders]

    def section(self, rng: np.random.Generator, *, seconds: float) -> Samples:
        """``(2, frames) float32`` of so many seconds."""
        frames = int(seconds * RATE)
        out = np.zeros((2, frames + RATE), dtype=np.float32)
        for folder, chosen, centre in zip(self._folders, self._chosen, self._centres, strict=True):
            if self.role == "drums" and folder.mean_s < 5.0:
                self._beat(out, folder, chosen, rng, seconds)
            elif (
                folder.mean_s >= 3.0
                and self.role != "bass"
                and len(folder.files) < 60
                and folder.name.split("/")[0] in ("voice", "drums")
            ):
                self._phrases(out, folder, rng, seconds)
            else:
                self._notes(out, folder, centre, rng, seconds)
        out = out[:, :frames]
        if self._spread > 0.0:
            delay = int(0.011 * RATE)
            shifted = np.pad(out, ((0, 0), (delay, 0)))[:, :frames]
            out = out + self._spread * np.stack([shifted[1], -shifted[0]])
        rms = float(np.sqrt(np.mean(np.square(out)))) + 1e-9
        out *= 10.0 ** (self._level_db / 20.0) / rms
        return np.clip(out, -4.0, 4.0)

    def _lay(self, out: Samples, path: str, start: int, gain: float, pan: float, length: int | None = None) -> None:
        sound = self._library.sound(path)
        if length is not None and length < sound.shape[1]:
            sound = sound[:, :length].copy()
            fade = min(400, length)
            sound[:, -fade:] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
        stop = min(out.shape[1], start + sound.shape[1])
        if stop <= start:
            return
        sides = (gain * min(1.0, 1.0 - pan), gain * min(1.0, 1.0 + pan))
        for channel in range(2):
            out[channel, start:stop] += sides[channel] * sound[min(channel, sound.shape[0] - 1), : stop - start]

    def _beat(
        self,
        out: Samples,
        folder: Folder,
        chosen: npt.NDArray[np.int64],
        rng: np.random.Generator,
        seconds: float,
    ) -> None:
        for voice, index in enumerate(chosen):
            pattern = rng.random(16) < self._density * rng.uniform(0.2, 1.0)
            pattern[int(rng.integers(0, 4)) * 4] = True
            pan = float(np.clip(self._pans[voice % 16], -0.8, 0.8))
            for step in range(int(seconds / self._step_s)):
                if pattern[step % 16] and rng.random() < 0.9:
                    start = int((step * self._step_s + abs(rng.normal(0, 0.003))) * RATE)
                    self._lay(out, folder.files[int(index)], start, float(rng.uniform(0.4, 1.0)), pan)

    def _phrases(self, out: Samples, folder: Folder, rng: np.random.Generator, seconds: float) -> None:
        position = -int(rng.uniform(0.0, 1.0) * RATE) if folder.mean_s > 6.0 else 0
        while position < seconds * RATE:
            path = folder.files[int(rng.integers(len(folder.files)))]
            sound = self._library.sound(path)
            skip = int(rng.uniform(0.0, 0.6) * sound.shape[1]) if folder.mean_s > 8.0 else 0
            piece = sound[:, skip:]
            start = max(position, 0)
            stop = min(out.shape[1], start + piece.shape[1])
            for channel in range(2):
                out[channel, start:stop] += piece[min(channel, piece.shape[0] - 1), : stop - start]
            position = stop + int(rng.uniform(0.05, 0.6) * RATE)

    def _notes(self, out: Samples, folder: Folder, centre: float, rng: np.random.Generator, seconds: float) -> None:
        pitches = np.array(folder.pitches)
        known = np.flatnonzero(pitches > 0)
        near = known[np.abs(pitches[known] - centre) < 8] if known.size else np.arange(len(folder.files))
        step = 0
        while step * self._step_s < seconds:
            hold = int(rng.choice([1, 1, 2, 3, 4]))
            if rng.random() < 0.85:
                count = int(rng.integers(2, 4)) if self._chord else 1
                velocity = float(rng.uniform(0.45, 1.0))
                for k in range(count):
                    index = int(rng.choice(near))
                    self._lay(
                        out,
                        folder.files[index],
                        int(step * self._step_s * RATE),
                        velocity,
                        float(np.clip(self._pans[k], -0.8, 0.8)),
                        int((hold * self._step_s + 0.08) * RATE),
                    )
            step += hold
