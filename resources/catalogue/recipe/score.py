"""Time, patterns and lines: from what a player would read to notes in seconds."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np

from engine.instruments import Note
from resources.catalogue.recipe.harmony import pitch

_STEP_VELOCITY = {"X": 0.92, "x": 0.72, "o": 0.38, ".": 0.22}


@dataclasses.dataclass(frozen=True)
class Event:
    """A note in beats: what is written, before anybody plays it."""

    beat: float
    beats: float
    pitch: float
    velocity: float
    legato: bool = False
    bend: tuple[tuple[float, float], ...] = ()


@dataclasses.dataclass(frozen=True)
class Section:
    name: str
    bars: int


@dataclasses.dataclass(frozen=True)
class Grid:
    """Tempo, metre, swing and form of a song."""

    tempo_bpm: float
    beats_per_bar: int
    sections: tuple[Section, ...]
    swing: float = 0.5
    """Where the second sixteenth of a pair falls, as a share of the pair."""
    lead_in_s: float = 0.0

    @property
    def bars(self) -> int:
        return sum(section.bars for section in self.sections)

    def seconds(self, beat: float) -> float:
        """Time of a beat, sixteenths swung."""
        pair = np.floor(beat * 2) / 2
        within = (beat - pair) * 2
        swung = within * self.swing * 2 if within <= 0.5 else self.swing + (within - 0.5) * 2 * (1 - self.swing)
        return float(self.lead_in_s + (pair + swung / 2) * 60.0 / self.tempo_bpm)

    def start_bar(self, index: int) -> int:
        return sum(section.bars for section in self.sections[:index])

    def spans(self) -> list[tuple[str, int, int]]:
        """(name, first bar, end bar) of each section."""
        spans: list[tuple[str, int, int]] = []
        at = 0
        for section in self.sections:
            spans.append((section.name, at, at + section.bars))
            at += section.bars
        return spans


@dataclasses.dataclass(frozen=True)
class Hand:
    """How a player plays: spread of timing and velocity, and how far behind (positive) the beat."""

    timing_s: float = 0.004
    velocity: float = 0.04
    behind_s: float = 0.0
    level: float = 1.0


def play(grid: Grid, events: Iterable[Event], hand: Hand, *, seed: int) -> list[Note]:
    """Turn written events into notes as `hand` plays them; events on one beat move together as a hand does."""
    rng = np.random.default_rng(seed)
    shifts: dict[float, float] = {}
    notes: list[Note] = []
    for event in sorted(events, key=lambda e: (e.beat, e.pitch)):
        key = round(event.beat, 3)
        if key not in shifts:
            shifts[key] = float(np.clip(rng.normal(hand.behind_s, hand.timing_s), -0.03, 0.05))
        own = float(rng.normal(0.0, hand.timing_s * 0.25))
        start = max(0.0, grid.seconds(event.beat) + shifts[key] + own)
        end = grid.seconds(event.beat + event.beats)
        velocity = float(np.clip((event.velocity + rng.normal(0.0, hand.velocity)) * hand.level, 0.05, 1.0))
        notes.append(Note(start, max(0.03, end - start), event.pitch, velocity, event.bend, event.legato))
    return notes


def steps(pattern: str, bar: float, *, beats_per_bar: float = 4, scale: float = 1.0) -> list[tuple[float, float]]:
    """(beat, velocity) of each hit of a one-bar pattern: X accent, x plain, o soft, . ghost, - rest."""
    size = beats_per_bar / len(pattern)
    return [
        (bar * beats_per_bar + i * size, _STEP_VELOCITY[symbol] * scale)
        for i, symbol in enumerate(pattern)
        if symbol != "-"
    ]


def hits(pattern: str, bar: float, note: int, *, scale: float = 1.0, beats_per_bar: float = 4) -> list[Event]:
    """A drum pattern of one bar on one piece."""
    return [
        Event(beat, 0.2, note, min(1.0, velocity))
        for beat, velocity in steps(pattern, bar, beats_per_bar=beats_per_bar, scale=scale)
    ]


def line(text: str, beat: float, *, velocity: float = 0.75, shift: int = 0, gap: float = 0.0) -> list[Event]:
    """A melody written as `A4 1, C5 .5, r 1`: note or rest, and beats.

    Before a note `~` slurs to it, `>` accents it, `<` softens it.
    """
    events: list[Event] = []
    for token in text.replace("|", ",").split(","):
        token = token.strip()
        if not token:
            continue
        name, length = token.split()
        beats = float(length)
        if name != "r":
            loud = velocity + 0.12 * name.count(">") - 0.14 * name.count("<")
            legato = "~" in name
            written = pitch(name.lstrip("~><")) + shift
            events.append(Event(beat, max(0.1, beats - gap), written, float(np.clip(loud, 0.05, 1.0)), legato))
        beat += beats
    return events


def chord_events(
    rhythm: Sequence[tuple[float, float, float]], notes: Sequence[int], *, strum_beats: float = 0.0, down: bool = True
) -> list[Event]:
    """`notes` at each (beat, beats, velocity) of a rhythm; strummed strings follow each other by `strum_beats`."""
    order = list(notes) if down else list(reversed(notes))
    return [
        Event(beat + k * strum_beats, max(0.05, beats - k * strum_beats), note, velocity * (1.0 - 0.04 * k))
        for beat, beats, velocity in rhythm
        for k, note in enumerate(order)
    ]
