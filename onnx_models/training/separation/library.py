"""The sample kit, decoded once: every file at the training rate in one flat array, and the voices analysed by WORLD.

WORLD: Morise, Yokomori, Ozawa 2016, https://doi.org/10.1587/transinf.2015EDP7457.
"""

from __future__ import annotations

import csv
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

RATE = 22050
"""The modelled band ends at 8.3 kHz, so half the rate of a CD is enough and costs half."""
EXCLUDED = ("eif_caesium", "eif_lithium")
"""Other cuts of the recordings that judge the model: never trained on (the judge must not have been seen)."""
FRAME_MS = 10.0
CODED = 36

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Entry:
    """One file of the kit: where its samples lie in the flat array, ``(frames, channels)`` interleaved int16."""

    path: str
    kind: str
    folder: str
    note: int
    velocity: str
    start: int
    frames: int
    channels: int
    world: str


@dataclass(frozen=True)
class Voice:
    """WORLD parameters of one phrase: pitch track, coded envelope and coded aperiodicity, one row each `FRAME_MS`."""

    f0: Samples
    envelope: Samples
    aperiodicity: Samples


def _decode(job: tuple[str, str]) -> bytes | None:
    import soundfile
    import soxr

    samples, rate = soundfile.read(job[0], dtype="float32", always_2d=True)
    if rate != RATE:
        samples = soxr.resample(samples, rate, RATE)
    return np.clip(np.round(samples * 32767.0), -32768, 32767).astype("<i2").tobytes()


def analyse(mono: npt.NDArray[np.float64]) -> Voice:
    """WORLD's parameters of one phrase at the training rate."""
    import pyworld

    f0, times = pyworld.dio(mono, RATE, f0_floor=60.0, f0_ceil=900.0, frame_period=FRAME_MS)
    f0 = pyworld.stonemask(mono, f0, times, RATE)
    envelope = pyworld.cheaptrick(mono, f0, times, RATE)
    aperiodicity = pyworld.d4c(mono, f0, times, RATE)
    return Voice(
        f0.astype(np.float32),
        pyworld.code_spectral_envelope(envelope, RATE, CODED).astype(np.float32),
        pyworld.code_aperiodicity(aperiodicity, RATE).astype(np.float32),
    )


def world(mono: npt.NDArray[np.float64], target: Path) -> None:
    """Analyse one phrase at the training rate and store it as a `Voice`."""
    voice = analyse(mono)
    np.savez(target, f0=voice.f0, envelope=voice.envelope, aperiodicity=voice.aperiodicity)


def _analyse(job: tuple[str, str]) -> str:
    import soundfile
    import soxr

    source, target = job
    samples, rate = soundfile.read(source, dtype="float64", always_2d=True)
    mono = samples.mean(1)
    if rate != RATE:
        mono = soxr.resample(mono, rate, RATE)
    world(mono, Path(target))
    return target


def build(samples: Path, cache: Path, *, processes: int = 2) -> None:
    """Decode and analyse the kit at `samples` into `cache`; does nothing where that is done already."""
    if (cache / "library.json").exists():
        return
    cache.mkdir(parents=True, exist_ok=True)
    (cache / "world").mkdir(exist_ok=True)
    with (samples / "samples.csv").open(encoding="utf-8", newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["path"].split("/")[1] not in EXCLUDED]
    rows.sort(key=lambda row: row["path"])
    entries: list[dict[str, object]] = []
    worlds: list[tuple[str, str]] = []
    with ProcessPoolExecutor(processes) as pool, (cache / "library.part").open("wb") as out:
        start = 0
        jobs = [(str(samples / row["path"]), "") for row in rows]
        for index, (row, data) in enumerate(zip(rows, pool.map(_decode, jobs, chunksize=16), strict=True)):
            channels = int(row["channels"])
            frames = len(data or b"") // 2 // channels
            folder = row["path"].split("/")[1]
            speech = row["class"] == "voice" and row["velocity"] == "phrase" and not folder.startswith("eif")
            world = f"world/{index:05d}.npz" if speech else ""
            if world:
                worlds.append((str(samples / row["path"]), str(cache / world)))
            entries.append(
                {
                    "path": row["path"],
                    "kind": row["class"],
                    "folder": folder,
                    "note": int(float(row["midi_note"])) if row["midi_note"] else -1,
                    "velocity": row["velocity"],
                    "start": start,
                    "frames": frames,
                    "channels": channels,
                    "world": world,
                }
            )
            out.write(data or b"")
            start += frames * channels
        for _ in pool.map(_analyse, worlds, chunksize=4):
            pass
    (cache / "library.part").replace(cache / "library.i16")
    part = cache / "library.json.part"
    part.write_text(json.dumps(entries), encoding="utf-8")
    part.replace(cache / "library.json")


class Library:
    """Read access to a built cache."""

    def __init__(self, cache: Path):
        self.cache = cache
        self.entries = [Entry(**row) for row in json.loads((cache / "library.json").read_text(encoding="utf-8"))]

    @cached_property
    def _flat(self) -> npt.NDArray[np.int16]:
        return np.memmap(self.cache / "library.i16", dtype="<i2", mode="r")

    def samples(self, entry: Entry) -> Samples:
        """``(2, frames) float32``; a mono file fills both sides."""
        flat = self._flat[entry.start : entry.start + entry.frames * entry.channels]
        audio = flat.reshape(-1, entry.channels).T.astype(np.float32) / 32768.0
        return np.repeat(audio, 2, 0) if entry.channels == 1 else audio

    def voice(self, entry: Entry) -> Voice:
        with np.load(self.cache / entry.world) as stored:
            return Voice(stored["f0"], stored["envelope"], stored["aperiodicity"])

    def folders(self, kind: str) -> dict[str, list[Entry]]:
        """The entries of one class by folder, folders in name order."""
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            if entry.kind == kind:
                found.setdefault(entry.folder, []).append(entry)
        return found


if __name__ == "__main__":
    import argparse

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    options = parser.parse_args()
    build(options.samples, options.cache)
