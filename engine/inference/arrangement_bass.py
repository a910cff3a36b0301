"""Bass parts: steps of the style on the song's chords, near the note before, together with the kick."""

from __future__ import annotations

import numpy as np

from engine.analysis import Chord
from engine.analysis.harmony import QUALITIES
from engine.inference.arrangement_grid import Changes, Grid, within
from engine.inference.styles import BassLine
from engine.instruments import Note

_JITTER_S = 0.006
_ALIGN_S = 0.045
"""A bass note this near to a kick falls together with it."""


def bass_part(
    line: BassLine, grid: Grid, changes: Changes, *, kicks: list[float], rng: np.random.Generator
) -> list[Note]:
    """All notes of the bass."""
    notes: list[Note] = []
    struck = np.asarray(kicks)
    last = 0.5 * (line.low + line.high) - 2.0
    chosen = 0
    for bar in grid.bars:
        if bar.density < line.since:
            continue
        if bar.opens_section or bar.index % 4 == 0:
            chosen = bar.section % len(line.patterns)
        # The second half of each four bars may answer with the next pattern.
        pattern = line.patterns[(chosen + (1 if bar.index % 4 == 3 else 0)) % len(line.patterns)]
        text = grid.steps(pattern, steps_per_beat=line.steps_per_beat, bar=bar)
        per_beat = len(text) / grid.beats_per_bar
        for i, mark in enumerate(text):
            if mark in "-=":
                continue
            end = i + 1
            while end < len(text) and text[end] == "=":
                end += 1
            start = grid.step_s(bar, i / per_beat)
            stop = grid.step_s(bar, end / per_beat)
            chord = changes.at(start)
            following = changes.at(grid.step_s(bar, (i + 1) / per_beat))
            if following.root != chord.root and (mark in "Aa"):
                chord = following
            pitch = _pitch(mark.upper(), chord, changes, changes.at(stop), line, last, i == 0)
            last = float(pitch)
            start = _with_kick(start, struck) + float(np.clip(rng.normal(0.0, 0.4 * _JITTER_S), -_JITTER_S, _JITTER_S))
            loud = 0.85 if mark.isupper() else 0.55
            velocity = float(np.clip(loud + (0.05 if i == 0 else 0.0) + rng.normal(0.0, 0.03), 0.1, 1.0))
            length = max(0.06, (stop - start) * line.gate)
            notes += within(Note(start, length, float(pitch), velocity), grid.duration_s)
    return _split_at_changes(notes, changes)


def _pitch(mark: str, chord: Chord, changes: Changes, after: Chord, line: BassLine, last: float, downbeat: bool) -> int:
    quality = QUALITIES.get(chord.quality, (0, 4, 7))
    third = next((n for n in quality if n in (3, 4)), 7)
    seventh = next((n for n in quality if n in (9, 10, 11)), 7)
    fifth = next((n for n in quality if n in (6, 7, 8)), 7)
    root = _nearest(changes.bass_of(chord), last if not downbeat else 0.5 * (last + line.low + 6), line)
    if mark == "R":
        return root
    if mark == "O":
        return root + 12 if root + 12 <= line.high + 5 else root - 12 if root - 12 >= line.low else root
    if mark == "A":
        target = _nearest(changes.bass_of(after), last, line)
        step = -1 if last <= target - 1 or target + 1 > line.high else 1
        return target + step
    interval = {"F": fifth, "T": third, "S": seventh}[mark]
    if not changes.holds(chord, chord.root + interval):
        # A note that the song does not have there would be another chord.
        return root
    interval += (chord.root - root) % 12 if root % 12 != chord.root else 0
    above, below = root + interval, root + interval - 12
    if below >= line.low and abs(below - last) < abs(above - last):
        return below
    return above if above <= line.high + 2 else max(below, line.low)


def _nearest(pitch_class: int, last: float, line: BassLine) -> int:
    options = [p for p in range(line.low, line.high + 1) if p % 12 == pitch_class]
    return min(options, key=lambda p: abs(p - last)) if options else line.low


def _with_kick(start: float, kicks: np.ndarray) -> float:
    if kicks.size == 0:
        return start
    nearest = float(kicks[int(np.argmin(np.abs(kicks - start)))])
    return nearest if abs(nearest - start) < _ALIGN_S else start


def _split_at_changes(notes: list[Note], changes: Changes) -> list[Note]:
    """A held note does not ring into a chord that it does not belong to."""
    out: list[Note] = []
    for note in notes:
        end = note.start_s + note.duration_s
        for chord in changes.between(note.start_s + 0.05, end):
            allowed = {(chord.root + n) % 12 for n in (*QUALITIES.get(chord.quality, (0, 4, 7)), 7)}
            if chord.start_s > note.start_s + 0.1 and round(note.pitch) % 12 not in allowed:
                end = chord.start_s
                break
        out.append(Note(note.start_s, max(0.06, end - note.start_s), note.pitch, note.velocity))
    return out
