"""The pool of rendered songs: one int16 file a song, made by several processes, song by song from its own seed."""

from __future__ import annotations

import argparse
import os
import re
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from onnx_models.training.separation import leads as leads_of
from onnx_models.training.separation import library as kit
from onnx_models.training.separation import production, singing, songs

ALBUM = ("eif_francium", "eif_potassium", "eif_rubidium")


@lru_cache(maxsize=1)
def _library(cache: Path) -> kit.Library:
    return kit.Library(cache)


def render_song(cache: Path, seed: int) -> Path:
    """Render song `seed` into the pool unless it is there."""
    path = cache / "pool" / f"song-{seed:05d}.i16"
    if not path.exists():
        _store(path, songs.render(seed, _library(cache)))
    return path


def album_songs(cache: Path) -> list[Path]:
    """The sample-aligned phrases of the three album tracks that may be used, as stems, one pool file a passage."""
    library = _library(cache)
    passages: dict[tuple[str, str], dict[int, list[kit.Entry]]] = {}
    for entry in library.entries:
        match = re.match(r"(bar\d+)_", entry.path.rsplit("/", 1)[-1])
        if entry.folder in ALBUM and match:
            stem = {"voice": 0, "drums": 1, "bass": 2}.get(entry.kind, 3)
            passages.setdefault((entry.folder, match[1]), {}).setdefault(stem, []).append(entry)
    made = []
    for (folder, bar), stems in sorted(passages.items()):
        path = cache / "pool" / f"album-{folder}-{bar}.i16"
        made.append(path)
        if path.exists():
            continue
        frames = max(entry.frames for entries in stems.values() for entry in entries)
        out = np.zeros((4, 2, frames), np.float32)
        for stem, entries in stems.items():
            for entry in entries:
                out[stem, :, : entry.frames] += library.samples(entry)
        _store(path, out / max(1.0, float(np.abs(out).max())))
    return made


def _store(path: Path, song: npt.NDArray[np.float32]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".part{os.getpid()}")
    np.clip(np.round(song * 32767.0), -32768, 32767).astype("<i2").tofile(part)
    part.replace(path)


def produce_voice(cache: Path, seed: int) -> Path:
    """The produced version of the vocals of song `seed`, beside the song unless it is there."""
    path = cache / "pool" / f"voice-{seed:05d}.i16"
    if not path.exists():
        plain = load(render_song(cache, seed))[0].astype(np.float32) / 32768.0
        _store(path, songs.level(production.produce(plain, seed)))
    return path


def render_lead(cache: Path, seed: int) -> Path:
    """Render lead line `seed` into the pool unless it is there."""
    path = cache / "pool" / f"lead-{seed:05d}.i16"
    if not path.exists():
        _store(path, songs.level(leads_of.lead(seed, _library(cache))))
    return path


def render_voice(cache: Path, seed: int) -> Path:
    """Render recorded voice `seed` into the pool unless it is there."""
    path = cache / "pool" / f"recorded-{seed:05d}.i16"
    if not path.exists():
        _store(path, songs.level(singing.voice(seed, _library(cache))))
    return path


def render_sung(cache: Path, seed: int) -> Path:
    """Render sung line `seed` into the pool unless it is there."""
    path = cache / "pool" / f"sung-{seed:05d}.i16"
    if not path.exists():
        _store(path, songs.level(singing.sung_voice(seed, _library(cache))))
    return path


def load_part(path: Path) -> npt.NDArray[np.int16]:
    """Memory-map a produced voice or a lead line, ``(2, frames) int16``."""
    return np.memmap(path, dtype="<i2", mode="r").reshape(2, -1)


def load(path: Path) -> npt.NDArray[np.int16]:
    """Memory-map a pool file, ``(4, 2, frames) int16``."""
    flat = np.memmap(path, dtype="<i2", mode="r")
    return flat.reshape(4, 2, -1)


def listing(cache: Path) -> list[Path]:
    """The finished songs, in name order."""
    return sorted([*(cache / "pool").glob("album-*.i16"), *(cache / "pool").glob("song-*.i16")])


def voices(cache: Path) -> list[Path]:
    """The finished recorded voices, in name order."""
    return sorted((cache / "pool").glob("recorded-*.i16"))


def sung(cache: Path) -> list[Path]:
    """The finished sung lines, in name order."""
    return sorted((cache / "pool").glob("sung-*.i16"))


def leads(cache: Path) -> list[Path]:
    """The finished lead lines, in name order."""
    return sorted((cache / "pool").glob("lead-*.i16"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=Path, required=True, help="the sample kit (folder with samples.csv)")
    parser.add_argument("--cache", type=Path, default=Path(".cache/separation"))
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--songs", type=int, default=300)
    parser.add_argument("--leads", type=int, default=240, help="lead lines beside the songs")
    parser.add_argument("--voices", type=int, default=240, help="recorded voices beside them")
    parser.add_argument("--sung", type=int, default=120, help="sung lines with words")
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    kit.build(options.samples, options.cache)
    album_songs(options.cache)
    seeds = range(options.first, options.first + options.songs)
    with ProcessPoolExecutor(options.processes) as pool:
        for number, _ in enumerate(pool.map(produce_voice, [options.cache] * len(seeds), seeds)):
            if number % 10 == 9:
                print(f"{number + 1} of {len(seeds)} songs", flush=True)
        list(pool.map(render_lead, [options.cache] * options.leads, range(options.leads)))
        list(pool.map(render_voice, [options.cache] * options.voices, range(options.voices)))
        list(pool.map(render_sung, [options.cache] * options.sung, range(options.sung)))


if __name__ == "__main__":
    main()
