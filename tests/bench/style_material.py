"""What the styles are judged on: the real recordings beside the repository, and the songs that come with the program.

Songs that have no stems are split once by the shipped model; the stems are kept under ``build/bench/style``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import soundfile

from engine.inference.separation import separate_pcm
from engine.io.pcm import write_pcm
from engine.types import STEMS, PcmRef

REPOSITORY = Path(__file__).resolve().parents[2]
CACHE = REPOSITORY / "build" / "bench" / "style"
SKIPPED_S = 16.0
"""A long song is heard from here on: past its first bars."""

Samples = npt.NDArray[np.float32]


class Song(msgspec.Struct, frozen=True, kw_only=True):
    """A song to restyle: its stems on disk, all of one length."""

    id: str
    stems: dict[str, PcmRef]
    rate: int
    frames: int
    split_by_model: bool
    stated: dict[str, Any] = {}
    """What its label states, for `engine.analysis.corrections.conformed`, as the program uses it."""

    @property
    def seconds(self) -> float:
        return self.frames / self.rate

    def audio(self) -> dict[str, Samples]:
        """All stems, ``(2, frames) float32``."""
        return {role: np.asarray(ref.open()) for role, ref in self.stems.items()}


def songs(seconds: float, only: tuple[str, ...] = ()) -> list[Song]:
    """Excerpts of at most `seconds` of every song there is.

    Args:
        seconds: 0 takes them whole.
        only: ids to take; empty takes all.
    """
    found: list[Song] = []
    for name, parts in _inputs().items():
        if only and name not in only:
            continue
        found.append(_song(name, parts, seconds))
    return found


def _stated(name: str, start_s: float) -> dict[str, Any]:
    """Tempo, first beat and key of a song of the catalogue, for an excerpt from `start_s` on."""
    path = REPOSITORY / "resources" / "catalogue" / name / "meta.json"
    if not path.is_file():
        return {}
    meta = json.loads(path.read_text(encoding="utf-8"))
    period = 60.0 / meta["tempo_bpm"]
    return {
        "tempo_bpm": meta["tempo_bpm"],
        "first_beat_s": (meta["first_beat_s"] - start_s) % period,
        "key": meta["key"],
    }


def _inputs() -> dict[str, dict[str, Path]]:
    """Id -> role -> file."""
    inputs: dict[str, dict[str, Path]] = {}
    audio = REPOSITORY.parent / "shared" / "audio"
    if audio.is_dir():
        for folder in sorted(p for p in audio.iterdir() if p.is_dir()):
            inputs[folder.name.removesuffix("_stems")] = {p.stem: p for p in sorted(folder.glob("*.ogg"))}
        for path in sorted(audio.glob("*.ogg")):
            inputs[path.stem] = {"mix": path}
    for folder in sorted((REPOSITORY / "resources" / "catalogue").glob("*/meta.json")):
        stems = {p.stem: p for p in folder.parent.glob("*.ogg") if p.stem in STEMS}
        inputs[folder.parent.name] = dict(sorted(stems.items()))
    return inputs


def _song(name: str, parts: dict[str, Path], seconds: float) -> Song:
    sounds: dict[str, Samples] = {}
    rate, start_s = 44100, 0.0
    for role, path in parts.items():
        info = soundfile.info(path)
        length = info.frames if seconds <= 0.0 else min(info.frames, round(seconds * info.samplerate))
        start = min(round(SKIPPED_S * info.samplerate), info.frames - length)
        start_s = start / info.samplerate
        samples, rate = soundfile.read(path, start=start, frames=length, dtype="float32", always_2d=True)
        sounds[role] = np.ascontiguousarray((samples if samples.shape[1] == 2 else np.repeat(samples, 2, axis=1)).T)
    frames = min(sound.shape[1] for sound in sounds.values())
    folder = CACHE / f"{name}-{frames}"
    folder.mkdir(parents=True, exist_ok=True)
    stems: dict[str, PcmRef] = {}
    if "mix" not in sounds:
        for role, sound in sounds.items():
            stems[role] = write_pcm(np.ascontiguousarray(sound[:, :frames]), folder / f"{role}.f32", rate=rate)
    elif all((folder / f"{role}.f32").is_file() for role in STEMS):
        stems = {role: PcmRef(path=str(folder / f"{role}.f32"), rate=rate, channels=2, frames=frames) for role in STEMS}
    else:
        stems = _split(write_pcm(sounds["mix"], folder / "mix.f32", rate=rate), folder)
    return Song(
        id=name,
        stems=stems,
        rate=rate,
        frames=frames,
        split_by_model="mix" in sounds,
        stated=_stated(name, start_s),
    )


def _split(mix: PcmRef, folder: Path) -> dict[str, PcmRef]:
    made = separate_pcm(
        pcm=mix,
        out_dir=str(folder / "split"),
        pack_dir=str(REPOSITORY / "onnx_models" / "separation-default"),
        provider="cpu",
        progress=lambda _, __: None,
        cancelled=lambda: False,
    )
    return {
        role: write_pcm(np.asarray(ref.open()), folder / f"{role}.f32", rate=ref.rate)
        for role, ref in made.stems.items()
    }
