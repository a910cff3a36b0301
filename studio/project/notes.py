"""Edits of the notes of a part, as pure functions ``(notes, which of them, ...) -> (notes, which of them now)``.

Notes are kept in the order of a score; which of them are meant is said by their places in it, and so is what became of
them. What would fall outside the sound or the keyboard stays at its edge, all notes together.
"""

from __future__ import annotations

import bisect
import itertools
import random
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from engine.midi.score import SHORTEST_S, Score, ScoreNote, SongGrid
from studio.base.errors import ProjectError

Notes: TypeAlias = tuple[ScoreNote, ...]
Edited: TypeAlias = tuple[Notes, frozenset[int]]
"""The notes, and the places of those that were meant."""

STEPS: dict[str, float] = {
    "1/4": 1.0,
    "1/8": 2.0,
    "1/8T": 3.0,
    "1/16": 4.0,
    "1/16T": 6.0,
    "1/32": 8.0,
}
"""Grids by name: steps in a beat."""
PIANO = (21, 108)
NAMES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the piano roll: a key of an instrument, or a piece of a kit."""

    voice: int
    pitch: int
    name: str


def rows_of(score: Score) -> tuple[Row, ...]:
    """The lines that a score is written on, from low to high."""
    if score.is_kit:
        return tuple(
            Row(voice=number, pitch=pitch, name=piece_name(piece))
            for number, voice in enumerate(score.voices)
            for piece, pitch in sorted(voice.pieces.items(), key=lambda each: each[1])
        )
    pitches = [round(note.pitch) for note in score.notes]
    low, high = min([PIANO[0], *pitches]), max([PIANO[1], *pitches])
    return tuple(Row(voice=0, pitch=pitch, name=pitch_name(pitch)) for pitch in range(low, high + 1))


def pitch_name(pitch: float) -> str:
    """``C4`` for 60."""
    key = round(pitch)
    return f"{NAMES[key % 12]}{key // 12 - 1}"


def piece_name(piece: str) -> str:
    """``Hat closed`` of ``hat_closed``."""
    text = piece.replace("_", " ")
    return text[:1].upper() + text[1:]


def row_of(rows: Sequence[Row], note: ScoreNote) -> int:
    """The line that a note stands on: its own, or the nearest of its instrument."""
    key = round(note.pitch)
    by_voice = [index for index, row in enumerate(rows) if row.voice == note.voice] or list(range(len(rows)))
    return min(by_voice, key=lambda index: abs(rows[index].pitch - key))


def note_name(score: Score, note: ScoreNote) -> str:
    """How a person calls a note: the piece of a kit, or the key."""
    voice = score.voices[note.voice]
    piece = next((name for name, pitch in voice.pieces.items() if pitch == round(note.pitch)), None)
    return piece_name(piece) if piece is not None else pitch_name(note.pitch)


def pitch_of(score: Score, text: str) -> tuple[int, int]:
    """What a person means by ``C4``, ``F#3``, ``60`` or ``snare``: (voice, pitch).

    Raises:
        ProjectError: edit-invalid, naming what there is.
    """
    word = text.strip().lower().replace("♯", "#").replace("♭", "b")
    for number, voice in enumerate(score.voices):
        for piece, pitch in voice.pieces.items():
            if word in (piece, piece.replace("_", " ")):
                return number, pitch
    if word.isdigit() and int(word) <= 127:
        number = next((n for n, v in enumerate(score.voices) if int(word) in v.pieces.values()), 0)
        return number, int(word)
    steps = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
    letter, rest = word[:1], word[1:]
    shift = {"#": 1, "b": -1}.get(rest[:1], 0)
    octave = rest[1:] if shift else rest
    if not score.is_kit and letter in steps and octave.lstrip("-").isdigit():
        pitch = steps[letter] + shift + 12 * (int(octave) + 1)
        if 0 <= pitch <= 127:
            return 0, pitch
    pieces = ", ".join(piece for voice in score.voices for piece in voice.pieces)
    raise ProjectError(
        f"“{text}” is no note of this part.",
        remedy=f"Its pieces are: {pieces}." if pieces else "Write notes as C4, F#3 or a number from 0 to 127.",
        code="edit-invalid",
    )


# what is changed


def added(score: Score, new: Iterable[ScoreNote]) -> Edited:
    """The notes with new ones, cut to the length of the sound."""
    fresh = [
        replace(
            note,
            start_s=_clamp(note.start_s, 0.0, max(score.duration_s - SHORTEST_S, 0.0)),
            duration_s=max(note.duration_s, SHORTEST_S),
            pitch=_clamp(note.pitch, 0.0, 127.0),
            velocity=_clamp(note.velocity, 0.0, 1.0),
        )
        for note in new
    ]
    return _settled([*((note, False) for note in score.notes), *((note, True) for note in fresh)])


def removed(notes: Notes, which: Collection[int]) -> Edited:
    """The notes without some of them."""
    return tuple(note for index, note in enumerate(notes) if index not in which), frozenset()


def moved(score: Score, which: Collection[int], *, by_s: float = 0.0, by_rows: int = 0) -> Edited:
    """Notes at another time and on other lines."""
    rows = rows_of(score)
    chosen = [score.notes[index] for index in sorted(which)]
    if not chosen:
        return score.notes, frozenset(which)
    last_s = score.duration_s - SHORTEST_S
    by_s = _clamp(by_s, -min(n.start_s for n in chosen), max(last_s - max(n.start_s for n in chosen), 0.0))
    places = [row_of(rows, note) for note in chosen]
    by_rows = int(_clamp(by_rows, -min(places), len(rows) - 1 - max(places)))

    def change(note: ScoreNote) -> ScoreNote:
        note = replace(note, start_s=note.start_s + by_s)
        if not by_rows:
            return note
        at = row_of(rows, note)
        old, new = rows[at], rows[at + by_rows]
        # A pitch between two keys stays between two keys.
        return replace(note, pitch=_clamp(note.pitch - old.pitch + new.pitch, 0.0, 127.0), voice=new.voice)

    return _each(score.notes, which, change)


def resized(score: Score, which: Collection[int], *, by_s: float) -> Edited:
    """Notes that are held longer or shorter."""
    return _each(score.notes, which, lambda note: replace(note, duration_s=max(note.duration_s + by_s, SHORTEST_S)))


def with_velocity(notes: Notes, which: Collection[int], *, to: float | None = None, by: float = 0.0) -> Edited:
    """Notes struck harder or softer: all at `to`, or each by `by` (velocities are 0 to 1)."""
    return _each(
        notes, which, lambda note: replace(note, velocity=_clamp(note.velocity + by if to is None else to, 0.01, 1.0))
    )


def quantised(score: Score, which: Collection[int], *, step: str = "1/16", strength: float = 1.0) -> Edited:
    """Starts drawn to the song's grid: `strength` 1 puts them on it, 0.5 halves the distance.

    Raises:
        ProjectError: edit-invalid for an unknown grid, or a song without beats.
    """
    if step not in STEPS:
        raise ProjectError(
            f"There is no grid “{step}”.", remedy=f"Choose one of: {', '.join(STEPS)}.", code="edit-invalid"
        )
    lines = grid_lines(score.song, score.duration_s, STEPS[step])
    if not lines:
        raise ProjectError(
            "No steady beat was found in this song, so its notes have no grid.",
            remedy="Move the notes by hand, or correct the beats of the song in the clip editor and restyle it again.",
            code="edit-invalid",
        )
    share = _clamp(strength, 0.0, 1.0)
    last_s = max(score.duration_s - SHORTEST_S, 0.0)

    def change(note: ScoreNote) -> ScoreNote:
        aim = nearest(lines, note.start_s)
        return replace(note, start_s=_clamp(note.start_s + share * (aim - note.start_s), 0.0, last_s))

    return _each(score.notes, which, change)


def humanised(
    score: Score, which: Collection[int], *, timing_s: float = 0.008, velocity: float = 0.06, seed: int = 1
) -> Edited:
    """Notes as hands play them: starts and velocities spread by chance, the same for the same seed."""
    rng = random.Random(seed)
    last_s = max(score.duration_s - SHORTEST_S, 0.0)

    def change(note: ScoreNote) -> ScoreNote:
        late_s = _clamp(rng.gauss(0.0, timing_s), -2.5 * timing_s, 2.5 * timing_s)
        harder = _clamp(rng.gauss(0.0, velocity), -2.5 * velocity, 2.5 * velocity)
        return replace(
            note,
            start_s=_clamp(note.start_s + late_s, 0.0, last_s),
            velocity=_clamp(note.velocity + harder, 0.01, 1.0),
        )

    return _each(score.notes, which, change)


def duplicated(score: Score, which: Collection[int]) -> Edited:
    """The notes once more behind themselves, by whole beats of the song; the copies are meant from then on."""
    chosen = [score.notes[index] for index in sorted(which)]
    if not chosen:
        return score.notes, frozenset()
    start_s, end_s = min(n.start_s for n in chosen), max(n.end_s for n in chosen)
    by_s = whole_beats_s(score.song, start_s, end_s)
    copies = [replace(n, start_s=n.start_s + by_s) for n in chosen]
    return added(score, [n for n in copies if n.start_s < score.duration_s - SHORTEST_S])


# the grid


def grid_lines(song: SongGrid, duration_s: float, steps_per_beat: float) -> tuple[float, ...]:
    """Lines of the song's grid from its start to its end, `steps_per_beat` in each beat; () without beats."""
    beats = _beats(song, duration_s)
    count = round(steps_per_beat)
    return tuple(
        a + (b - a) * step / count
        for a, b in itertools.pairwise(beats)
        for step in range(count)
        if 0.0 <= a + (b - a) * step / count <= duration_s
    )


def nearest(lines: Sequence[float], at_s: float) -> float:
    """The line that is nearest to a time."""
    at = bisect.bisect_left(lines, at_s)
    near = lines[max(at - 1, 0) : at + 1] or lines[-1:]
    return min(near, key=lambda line: abs(line - at_s))


def step_s(song: SongGrid, duration_s: float, at_s: float, steps_per_beat: float) -> float:
    """How long a step of the grid is at a time, in seconds; an eighth of a second where there are no beats."""
    beats = _beats(song, duration_s)
    if not beats:
        return 0.125
    at = min(max(bisect.bisect_right(beats, at_s) - 1, 0), len(beats) - 2)
    return (beats[at + 1] - beats[at]) / steps_per_beat


def whole_beats_s(song: SongGrid, start_s: float, end_s: float) -> float:
    """The length of the whole beats that a stretch of time fills; the stretch itself without beats."""
    beat_s = step_s(song, max(end_s, 1.0), start_s, 1.0) if len(song.beats_s) > 1 else 0.0
    if not beat_s:
        return max(end_s - start_s, SHORTEST_S)
    return max(1, -int(-(end_s - start_s - 0.1 * beat_s) // beat_s)) * beat_s


def _beats(song: SongGrid, duration_s: float) -> list[float]:
    """The song's beats, carried on evenly to its start and its end."""
    beats = list(song.beats_s)
    if len(beats) < 2:
        return []
    first_s, last_s = beats[1] - beats[0], beats[-1] - beats[-2]
    if min(first_s, last_s) <= 0.05:
        return beats
    before: list[float] = []
    while (before[-1] if before else beats[0]) > 1e-6:
        before.append((before[-1] if before else beats[0]) - first_s)
    while beats[-1] < duration_s:
        beats.append(beats[-1] + last_s)
    return [*reversed(before), *beats]


def _each(notes: Notes, which: Collection[int], change: Callable[[ScoreNote], ScoreNote]) -> Edited:
    meant = set(which)
    changed = [(change(note), True) if index in meant else (note, False) for index, note in enumerate(notes)]
    if all(new is old or new == old for (new, _), old in zip(changed, notes, strict=True)):
        return notes, frozenset(meant)
    return _settled(changed)


def _settled(marked: list[tuple[ScoreNote, bool]]) -> Edited:
    order = sorted(marked, key=lambda each: (each[0].start_s, each[0].voice, each[0].pitch, each[0].duration_s))
    return tuple(note for note, _ in order), frozenset(index for index, (_, meant) in enumerate(order) if meant)


def _clamp(value: float, low: float, high: float) -> float:
    return min(max(value, low), max(high, low))
