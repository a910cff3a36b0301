"""A short song with stems, made of numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.io.pcm import write_pcm
from engine.types import PcmRef

RATE = 44100
SECONDS = 12.0
BPM = 120.0
ROOTS = (45, 43, 41, 36)
TRIADS = ((57, 60, 64), (55, 59, 62), (57, 60, 65), (55, 60, 64))


def song(seconds: float = SECONDS) -> dict[str, np.ndarray]:
    """Stems ``(2, frames) float32``: kick, snare and hats, a bass, chords and a voice-like lead at 120 beats a minute
    in A minor."""
    rng = np.random.default_rng(8)
    frames = int(seconds * RATE)
    out = {name: np.zeros((2, frames)) for name in ("vocals", "drums", "bass", "other")}
    beat = 60.0 / BPM

    def add(name: str, sound: np.ndarray, at_s: float, left: float = 1.0, right: float = 1.0) -> None:
        start = round(at_s * RATE)
        piece = sound[: max(0, frames - start)]
        out[name][0, start : start + piece.size] += left * piece
        out[name][1, start : start + piece.size] += right * piece

    t = np.arange(int(0.25 * RATE)) / RATE
    kick = 0.5 * np.sin(2 * np.pi * (48 * t + 3 * (1 - np.exp(-40 * t)))) * np.exp(-14 * t)
    for k in range(int(seconds / beat)):
        add("drums", kick if k % 2 == 0 else 0.3 * rng.normal(size=t.size) * np.exp(-25 * t), k * beat)
        for half in (0.0, 0.5):
            add("drums", 0.06 * rng.normal(size=t.size) * np.exp(-70 * t), (k + half) * beat, 0.7, 1.0)
        bar = k // 4 % 4
        add("bass", _tone(ROOTS[bar] - 12, beat * 0.9, 0.25), k * beat)
        if k % 4 == 0:
            for number, pitch in enumerate(TRIADS[bar]):
                add("other", _tone(pitch, beat * 4, 0.07), k * beat, 1.0 - 0.3 * number, 0.4 + 0.3 * number)
        if (k // 4) % 2 == 0:
            add("vocals", _tone(TRIADS[bar][k % 3] + 12, beat * 0.8, 0.2), k * beat)
    return {name: audio.astype(np.float32) for name, audio in out.items()}


def _tone(pitch: float, seconds: float, level: float) -> np.ndarray:
    t = np.arange(int(seconds * RATE)) / RATE
    frequency = 440.0 * 2 ** ((pitch - 69) / 12)
    partials = sum(np.sin(2 * np.pi * k * frequency * t) / k for k in (1, 2, 3, 4, 5))
    return level * partials * np.minimum(1.0, 150 * t) * np.minimum(1.0, 60 * (seconds - t))


def write(stems: dict[str, np.ndarray], folder: Path) -> dict[str, PcmRef]:
    folder.mkdir(parents=True, exist_ok=True)
    return {name: write_pcm(audio, folder / f"{name}.f32", rate=RATE) for name, audio in stems.items()}
