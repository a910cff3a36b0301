"""Chord parts: stabs, strums, arpeggios and pads that leave the sung octave to the singer."""

from __future__ import annotations

import msgspec
import numpy as np

from engine.analysis import Chord
from engine.analysis.harmony import QUALITIES
from engine.inference.arrangement_drums import VELOCITY
from engine.inference.arrangement_grid import Bar, Changes, Grid, within
from engine.inference.arrangement_voicing import colours, voice
from engine.inference.styles import HarmonyLayer
from engine.instruments import Note

_JITTER_S = 0.008
_ADDED = 0.6
_ROOM = 5
"""Semitones that a part stays away from the middle of the sung line."""


class Voice(msgspec.Struct, frozen=True, kw_only=True):
    """Where the singer is: one flag per `step_s`, and the middle of the sung line (MIDI), None without a singer."""

    step_s: float
    sings: tuple[bool, ...]
    centre: float | None

    def at(self, time_s: float) -> bool:
        """True while the voice is on, or about to come in."""
        if self.centre is None:
            return False
        first = int(max(time_s - 0.05, 0.0) / self.step_s)
        return any(self.sings[first : first + 2])


class _Hand:
    """Voices chords one after the other and remembers the last voicing."""

    def __init__(self, layer: HarmonyLayer, changes: Changes, singer: Voice):
        self._layer, self._changes, self._singer = layer, changes, singer
        self._before: tuple[int, ...] = ()
        self._known: dict[tuple[object, ...], tuple[int, ...]] = {}

    def play(self, chord: Chord, time_s: float) -> tuple[tuple[int, ...], bool]:
        """Pitches for a chord at a time, and whether the singer is on."""
        layer = self._layer
        on = self._singer.at(time_s)
        low, high, count = layer.low, layer.high, layer.voices
        if on and self._singer.centre is not None:
            low, high = _beside(self._singer.centre, layer)
            count = min(count, 3)
        heard = self._changes.weights(chord)
        key = (chord.root, chord.quality, heard, low, high, count, self._before)
        if key not in self._known:
            classes = colours(chord, colour=layer.colour, scale=self._changes.scale, heard=heard)
            self._known[key] = voice(
                classes,
                low=low,
                high=high,
                voices=count,
                before=self._before,
                rootless=False,
            )
        notes = self._known[key]
        if notes:
            self._before = notes
        return notes, on


def _beside(centre: float, layer: HarmonyLayer) -> tuple[int, int]:
    """The part of a layer's range that keeps clear of the sung line, at least an octave wide."""
    below = (layer.low, int(min(layer.high, centre - _ROOM)))
    above = (int(max(layer.low, centre + _ROOM)), layer.high)
    wider = max((below, above), key=lambda r: r[1] - r[0])
    if wider[1] - wider[0] >= 11:
        return wider
    if below[1] - below[0] >= above[1] - above[0]:
        top = max(below[1], 52)
        return max(top - 12, 43), top
    bottom = min(above[0], 84)
    return bottom, bottom + 12


def chord_part(
    layer: HarmonyLayer, grid: Grid, changes: Changes, singer: Voice, *, rng: np.random.Generator
) -> list[Note]:
    """All notes of one layer on the bars of the song."""
    hand = _Hand(layer, changes, singer)
    notes: list[Note] = []
    for bar in grid.bars:
        if not layer.since <= bar.density <= layer.until:
            continue
        if layer.kind == "pad":
            notes += _pad(grid.step_s(bar, 0.0), grid.step_s(bar, float(grid.beats_per_bar)), changes, hand, rng)
            continue
        pattern = layer.patterns[_which(layer, bar)]
        text = grid.steps(pattern, steps_per_beat=layer.steps_per_beat, bar=bar)
        notes += _struck(text, layer, grid, bar, changes, hand, rng)
    kept = _joined(notes) if layer.kind == "pad" else notes
    return [cut for note in kept for cut in within(note, grid.duration_s)]


def free_pad(
    layer: HarmonyLayer, changes: Changes, singer: Voice, *, duration_s: float, rng: np.random.Generator
) -> list[Note]:
    """A pad for music without a beat: it follows the chords wherever they change."""
    hand = _Hand(layer, changes, singer)
    return _joined(_pad(0.0, duration_s, changes, hand, rng))


def _which(layer: HarmonyLayer, bar: Bar) -> int:
    count = len(layer.patterns)
    return (bar.section + (1 if bar.index % 4 == 3 else 0)) % count


def _struck(
    text: str, layer: HarmonyLayer, grid: Grid, bar: Bar, changes: Changes, hand: _Hand, rng: np.random.Generator
) -> list[Note]:
    per_beat = len(text) / grid.beats_per_bar
    notes: list[Note] = []
    for i, mark in enumerate(text):
        if mark not in VELOCITY:
            continue
        end = i + 1
        while end < len(text) and text[end] == "=":
            end += 1
        start = grid.step_s(bar, i / per_beat)
        stop = grid.step_s(bar, end / per_beat)
        chord = changes.at(start)
        pitches, sung = hand.play(chord, start)
        if not pitches or (sung and mark == "o"):
            continue
        velocity = VELOCITY[mark] * (0.78 if sung else 0.9)
        at = start + layer.late_s + float(np.clip(rng.normal(0.0, 0.4 * _JITTER_S), -_JITTER_S, _JITTER_S))
        if layer.kind == "arpeggio":
            up = (*pitches, *[p + 12 for p in pitches if p + 12 <= layer.high])
            order = up + up[-2:0:-1]
            step = round(bar.first_beat * grid.metric_level * per_beat) + i
            pitches = (order[step % len(order)],)
        for k, pitch in enumerate(pitches):
            strum = k * layer.strum_s * float(rng.uniform(0.8, 1.2))
            loud = velocity * (1.0 if k == len(pitches) - 1 else 0.88) * _colour(pitch, chord)
            loud += float(rng.normal(0.0, 0.02))
            notes.append(
                Note(at + strum, max(0.05, stop - start - 0.01), float(pitch), float(np.clip(loud, 0.05, 1.0)))
            )
    return notes


def _colour(pitch: int, chord: Chord) -> float:
    """Sevenths and ninths that the song does not have are touched, not struck: they colour the chord and do not
    replace it."""
    return 1.0 if (pitch - chord.root) % 12 in QUALITIES.get(chord.quality, (0, 4, 7)) else _ADDED


def _pad(start_s: float, end_s: float, changes: Changes, hand: _Hand, rng: np.random.Generator) -> list[Note]:
    notes: list[Note] = []
    for chord in changes.between(max(start_s, 0.0), end_s):
        pitches, _ = hand.play(chord, chord.start_s)
        for pitch in pitches:
            loud = float(np.clip((0.6 + rng.normal(0.0, 0.02)) * _colour(pitch, chord), 0.1, 1.0))
            notes.append(Note(chord.start_s, chord.end_s - chord.start_s, float(pitch), loud))
    return notes


def _joined(notes: list[Note]) -> list[Note]:
    """Voices that stay on their note are held over the change instead of struck again."""
    out: list[Note] = []
    ringing: dict[float, int] = {}
    for note in sorted(notes, key=lambda n: (n.start_s, n.pitch)):
        index = ringing.get(note.pitch)
        if index is not None:
            before = out[index]
            if abs(before.start_s + before.duration_s - note.start_s) < 0.03 and before.duration_s < 16.0:
                length = note.start_s + note.duration_s - before.start_s
                out[index] = Note(before.start_s, length, before.pitch, before.velocity)
                continue
        ringing[note.pitch] = len(out)
        out.append(note)
    return out
