"""The values that an analysis gives."""

from __future__ import annotations

import msgspec
import numpy as np

PITCH_NAMES: tuple[str, ...] = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


class Chord(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of one harmony, its borders on beats."""

    start_s: float
    end_s: float
    label: str
    """Such as ``Am7``; ``N`` where there is no harmony."""
    root: int
    """Pitch class 0 (C) to 11 (B); -1 for ``N``."""
    quality: str
    """Key of `engine.analysis.harmony.QUALITIES`, or ``N``."""
    confidence: float
    runner_up: str = "N"


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the form, its borders on bar lines."""

    start_s: float
    end_s: float
    name: str
    """intro, verse, chorus, bridge, break, outro."""
    letter: str
    """Sections of one letter sound alike."""
    energy: float
    """0 (the softest section of the track) to 1 (the loudest)."""
    confidence: float
    runner_up: str = ""
    """The next best name."""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """Pitch classes of a song by time."""

    borders_s: tuple[float, ...]
    """One more than there are steps."""
    classes: tuple[tuple[float, ...], ...]
    """Energy of C to B in each step, the bass counting half."""

    def between(self, start_s: float, end_s: float) -> tuple[float, ...]:
        """How much of each pitch class sounds in a stretch of time, the strongest 1; none where nothing sounds."""
        edges = np.clip(np.asarray(self.borders_s), start_s, max(end_s, start_s + 0.01))
        total = np.diff(edges) @ np.asarray(self.classes, dtype=np.float64)
        top = float(total.max(initial=0.0))
        return tuple(float(each) / top for each in total) if top > 1e-9 else ()


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """What `analyse` found. Confidences run from 0 to 1; without a beat `beats_s` is empty."""

    duration_s: float
    tempo_bpm: float
    tempo_confidence: float
    tempo_constant: bool
    """True when one tempo fits the whole track and the beats lie on it exactly."""
    tempo_runner_up_bpm: float
    first_beat_s: float
    beats_s: tuple[float, ...]
    downbeats_s: tuple[float, ...]
    beats_per_bar: int
    metre_confidence: float
    key: str
    """Such as ``A minor``; empty when there is no harmony."""
    key_confidence: float
    key_runner_up: str
    chords: tuple[Chord, ...]
    sections: tuple[Section, ...]
    heard: Heard | None = None
    """None where it was not kept."""
