"""A few bars of a style on an imagined song: so that a style can be heard before there is a song to restyle."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from engine.analysis import Analysis, Chord, Section
from engine.analysis.model import PITCH_NAMES
from engine.dsp.limiter import limit_true_peak
from engine.dsp.loudness import integrated_lufs
from engine.errors import Cancelled
from engine.inference.arrangement import compose
from engine.inference.arrangement_chords import Voice
from engine.inference.production import ProductionModel
from engine.inference.production_balance import balance
from engine.inference.production_chain import apply_strip
from engine.inference.restyle_mix import Mixer
from engine.inference.style_variation import varied
from engine.inference.styles import OPERATORS, Style, load_style
from engine.io.pcm import write_pcm
from engine.types import PcmRef, Progress

SECONDS = 16.0
LUFS = -16.0
RATE = 44_100
PROGRESSION: tuple[tuple[int, str], ...] = ((9, "m"), (5, ""), (0, ""), (7, ""))
_BORROWED = "rock"
"""Whose parts a style plays that has none of its own."""


def imagined_song(tempo_bpm: float, *, seconds: float = SECONDS, tonic: int = 0) -> Analysis:
    """A song of four chords, full throughout.

    Args:
        tempo_bpm: beats a minute.
        seconds: length.
        tonic: pitch class of the major key whose chords they are (vi, IV, I, V).
    """
    beat = 60.0 / tempo_bpm
    beats = tuple(float(b) for b in np.arange(0.0, seconds, beat))
    bars = beats[::4]
    chords = tuple(
        Chord(
            start_s=start,
            end_s=start + 4 * beat,
            label="",
            root=(PROGRESSION[i % 4][0] + tonic) % 12,
            quality=PROGRESSION[i % 4][1],
            confidence=1.0,
        )
        for i, start in enumerate(bars)
    )
    return Analysis(
        duration_s=seconds,
        tempo_bpm=tempo_bpm,
        tempo_confidence=1.0,
        tempo_constant=True,
        tempo_runner_up_bpm=tempo_bpm,
        first_beat_s=0.0,
        beats_s=beats,
        downbeats_s=bars,
        beats_per_bar=4,
        metre_confidence=1.0,
        key=f"{PITCH_NAMES[(9 + tonic) % 12]} minor",
        key_confidence=1.0,
        key_runner_up=f"{PITCH_NAMES[tonic % 12]} major",
        chords=chords,
        sections=(Section(start_s=0.0, end_s=seconds, name="chorus", letter="A", energy=1.0, confidence=1.0),),
    )


def home_tempo(style: Style) -> float:
    """The middle of a style's own range, as far as people play."""
    return float(np.clip(np.sqrt(style.tempo_bpm[0] * style.tempo_bpm[1]), 60.0, 180.0))


def preview_task(
    *,
    style: str,
    out_path: str,
    pack_dir: str,
    seconds: float = SECONDS,
    seed: int = 0,
    tonic: int = 0,
    tempo_bpm: float | None = None,
    provider: str = "auto",
    styles_dir: str | None = None,
    progress: Progress,
    cancelled: Callable[[], bool],
) -> PcmRef:
    """Worker task: play a style on its imagined song, at `LUFS`.

    Args:
        style: id of a style.
        out_path: where the samples go, ``(2, frames) float32`` at `RATE`.
        pack_dir: folder of the production model.
        seconds: length, with the last tones ringing.
        seed: 0 is the style as it is written.
        tonic: pitch class of the key.
        tempo_bpm: None takes the style's own.
        provider: auto, cpu or cuda.
        styles_dir: folder of style files; None is the shipped ones.

    Raises:
        StyleError: style-unknown, style-invalid. Cancelled: when the caller wants to stop.
    """
    recipe = load_style(style, None if styles_dir is None else Path(styles_dir))
    if recipe.arrangement is None:
        recipe = msgspec.structs.replace(recipe, arrangement=load_style(_BORROWED).arrangement, operators=OPERATORS)
    recipe = varied(recipe, seed)
    song = imagined_song(tempo_bpm or home_tempo(recipe), seconds=seconds, tonic=tonic)
    nobody = Voice(step_s=0.25, sings=(), centre=None)
    score = compose(recipe, song, roles=("drums", "bass", "other"), singer=nobody, seed=seed)

    def step(fraction: float, note: str) -> None:
        if cancelled():
            raise Cancelled
        progress(fraction, note)

    mixer = Mixer(
        style=recipe,
        model=ProductionModel(pack_dir, provider=provider),
        audio={},
        analysis=song,
        singer=nobody,
        rate=RATE,
        frames=round(seconds * RATE),
        mix_lufs=LUFS,
        intensity=1.0,
        keep=frozenset(),
        seed=seed,
        step=step,
        cancelled=cancelled,
    )
    folder = Path(tempfile.mkdtemp(prefix=".preview-", dir=Path(out_path).parent))
    try:
        parts = mixer.parts(score, folder)
        played: list[tuple[Any, dict[str, Any]]] = [
            (np.array(part.pcm.open()), part.strip) for part in parts if part.strip is not None
        ]
        # Against itself nothing changes but the low end.
        balance(
            {"mix": np.sum([apply_strip(*each, rate=RATE) for each in played], axis=0).astype(np.float32)},
            played,
            strips={},
            muted=["mix"],
            rate=RATE,
            low_ceiling=recipe.production.low_ceiling,
            tick=lambda: step(0.9, "Mixing"),
        )
        mix = np.sum([apply_strip(*each, rate=RATE) for each in played], axis=0).astype(np.float32)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    gain = 10.0 ** ((LUFS - integrated_lufs(mix, rate=RATE)) / 20.0)
    fade = round(0.6 * RATE)
    mix = (mix * np.float32(min(gain, 30.0))).astype(np.float32)
    mix[:, -fade:] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    progress(1.0, "Done")
    return write_pcm(limit_true_peak(mix, rate=RATE), out_path, rate=RATE)
