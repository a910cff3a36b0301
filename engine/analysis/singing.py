"""A recorded voice beside a song: where it would stand on the song's beats, how far it is from its key, and which
harmonies go with it. Nothing is rendered here: what is found lands as places, markers and transpositions of clips.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from engine.analysis.melody import Line, SungNote, notes_of, track
from engine.analysis.model import PITCH_NAMES
from engine.analysis.spectra import Floats
from engine.errors import StyleError
from engine.types import PcmRef, Progress

MAJOR = (0, 2, 4, 5, 7, 9, 11)
MINOR = (0, 2, 3, 5, 7, 8, 10)
FARTHEST_SEMITONES = 6
NOT_WORTH = 0.12
"""A transposition must bring this share of the time more into the key."""
BREATH_S = 0.3
"""A silence of this length parts phrases."""
REACH_S = 0.12
"""A phrase moves at most so far on its own."""
_FEWEST_NOTES = 3
_EARLY_S = 0.02
"""The window of the pitch tracker reaches a note so much before it begins."""


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A phrase: where it is sung in the recording, and by how much it is to move beside the move of the whole."""

    start_s: float
    end_s: float
    by_s: float


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the recording whose harmony lies the same number of semitones from it."""

    start_s: float
    end_s: float
    semitones: int


class Singing(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in a recorded voice."""

    move_s: float
    """How far the whole recording is to move."""
    phrases: tuple[Moved, ...]
    tuning_semitones: float
    """What brings the singer's tuning to the song's, -0.5 to 0.5."""
    key_semitones: int
    """Transposition into the song's key; 0 where it is in it."""
    in_key: float
    """Share of the sung time that lies in the key then."""
    off_grid_before_s: float
    off_grid_after_s: float
    """Mean distance of the starts of phrases from the nearest sixteenth, before and after."""
    harmony: tuple[Interval, ...]
    notes: int


def singing_task(
    *,
    voice: PcmRef,
    from_s: float,
    to_s: float,
    at_s: float,
    speed: float = 1.0,
    beats_s: Sequence[float],
    key: str,
    steps: int = 2,
    transpose: bool = True,
    transposed: float = 0.0,
    progress: Progress,
    cancelled: Callable[[], bool],
) -> Singing:
    """Worker task: compare a voice with a song.

    Args:
        voice: the recording.
        from_s: first second of it that plays.
        to_s: last second of it that plays.
        at_s: where `from_s` plays, in the seconds of `beats_s`.
        speed: how fast it plays.
        beats_s: beats of the song, ascending; fewer than four leave the timing alone.
        key: such as ``F# minor``; empty leaves the pitch alone.
        steps: steps of the scale from the voice to its harmony: 2 is a third above, -5 a sixth below, 0 unison.
        transpose: whether the voice may be brought into the key.
        transposed: by how many semitones it is already, where it may not.

    Raises:
        StyleError: ``style-unsuitable`` where nothing is sung. Cancelled: when the caller wants to stop.
    """
    progress(0.05, "Following the voice")
    rate = voice.rate
    audio = np.asarray(voice.open())[:, round(from_s * rate) : round(to_s * rate)]
    line = track(audio, rate=rate, cancelled=cancelled)
    notes = notes_of(line)
    if len(notes) < _FEWEST_NOTES:
        raise StyleError(
            "There is no melody to follow in this recording.",
            remedy="Choose a recording of one voice that sings.",
            code="style-unsuitable",
        )
    progress(0.9, "Comparing with the song")
    scale = scale_of(key)
    tuning = tuning_of(notes, line)
    shift, share = shift_to_key(notes, scale) if scale else (0, 0.0)
    if not transpose:
        shift = round(transposed)
        share = share_in_key(notes, scale, shift) if scale else 0.0
    starts = np.array([at_s + (note.start_s + _EARLY_S) / speed for note in notes])
    grid = sixteenths(beats_s)
    spans = [(begin + _EARLY_S, end) for begin, end in phrases_of(notes)]
    firsts = np.array([at_s + begin / speed for begin, _ in spans])
    move = best_move(starts, grid) if grid.size else 0.0
    moved = tuple(
        Moved(start_s=from_s + begin, end_s=from_s + end, by_s=pull(float(first) + move, grid))
        for (begin, end), first in zip(spans, firsts, strict=True)
    )
    after = firsts + move + np.array([each.by_s for each in moved])
    progress(1.0, "Done")
    return Singing(
        move_s=move,
        phrases=moved,
        tuning_semitones=tuning,
        key_semitones=shift,
        in_key=share,
        off_grid_before_s=off_grid(firsts, grid),
        off_grid_after_s=off_grid(after, grid),
        harmony=tuple(
            Interval(start_s=from_s + each.start_s, end_s=from_s + each.end_s, semitones=each.semitones)
            for each in harmony_of(notes, scale, steps=steps, shift=shift)
        ),
        notes=len(notes),
    )


def scale_of(key: str) -> frozenset[int]:
    """Pitch classes of a key's seven tones; none for a name that is none."""
    tonic, _, mode = key.strip().partition(" ")
    if tonic not in PITCH_NAMES or mode not in ("major", "minor"):
        return frozenset()
    root = PITCH_NAMES.index(tonic)
    return frozenset((root + step) % 12 for step in (MAJOR if mode == "major" else MINOR))


def tuning_of(notes: Sequence[SungNote], line: Line) -> float:
    """What brings the singer's tuning to equal temperament at 440 Hz, in semitones: the circular mean of what notes lie
    beside it, longer ones counting more."""
    turns = 0j
    for note in notes:
        sung = line.pitch[note.first : note.last]
        middle = float(np.nanmedian(sung))
        turns += (note.last - note.first) * np.exp(2j * np.pi * middle)
    return -float(np.angle(turns) / (2.0 * np.pi))


def share_in_key(notes: Sequence[SungNote], scale: frozenset[int], shift: int) -> float:
    """Share of the sung time that lies in a scale after a transposition."""
    lengths = np.array([note.end_s - note.start_s for note in notes])
    inside = np.array([(note.pitch + shift) % 12 in scale for note in notes])
    return float((lengths * inside).sum() / max(float(lengths.sum()), 1e-9))


def shift_to_key(notes: Sequence[SungNote], scale: frozenset[int]) -> tuple[int, float]:
    """The smallest transposition that brings clearly more of a melody into a scale, and the share that lies in it
    then."""
    here = share_in_key(notes, scale, 0)
    best, share = 0, here
    for shift in sorted(range(-FARTHEST_SEMITONES, FARTHEST_SEMITONES + 1), key=abs):
        there = share_in_key(notes, scale, shift)
        if there > share + (NOT_WORTH if best == 0 else 0.02):
            best, share = shift, there
    return best, share


def sixteenths(beats_s: Sequence[float]) -> Floats:
    """Four places a beat; none for fewer than four beats."""
    beats = np.asarray(beats_s, dtype=np.float64)
    if beats.size < 4:
        return np.zeros(0)
    steps = np.arange(4.0 * (beats.size - 1) + 1.0) / 4.0
    found: Floats = np.interp(steps, np.arange(beats.size, dtype=np.float64), beats)
    return found


def phrases_of(notes: Sequence[SungNote]) -> list[tuple[float, float]]:
    """First start and last end of the notes between breaths."""
    spans = [(notes[0].start_s, notes[0].end_s)]
    for before, note in itertools.pairwise(notes):
        if note.start_s - before.end_s >= BREATH_S:
            spans.append((note.start_s, note.end_s))
        else:
            spans[-1] = (spans[-1][0], note.end_s)
    return spans


def best_move(starts_s: Floats, grid_s: Floats) -> float:
    """The move, of at most an eighth to either side, after which most starts lie on eighths, the rest on sixteenths."""
    step = float(np.median(np.diff(grid_s)))
    best, most = 0.0, -np.inf
    for move in np.arange(-2.0 * step, 2.0 * step + 1e-9, 0.005):
        place: Floats = np.interp(starts_s + move, grid_s, np.arange(grid_s.size, dtype=np.float64))
        value = float(np.mean(np.cos(np.pi * place) + 0.6 * np.cos(2.0 * np.pi * place)))
        value -= 0.05 * abs(float(move)) / step
        if value > most:
            best, most = float(move), value
    return best


def pull(at_s: float, grid_s: Floats) -> float:
    """How far a place is to move to the nearest sixteenth; 0 where that is too far."""
    if not grid_s.size:
        return 0.0
    by = float(grid_s[int(np.argmin(np.abs(grid_s - at_s)))] - at_s)
    return by if abs(by) <= REACH_S else 0.0


def off_grid(places_s: Floats, grid_s: Floats) -> float:
    """Mean distance of places from the nearest sixteenth, in seconds; 0 without a grid."""
    if not grid_s.size or not places_s.size:
        return 0.0
    nearest: Floats = np.abs(places_s[:, None] - grid_s[None, :]).min(axis=1)
    return float(nearest.mean())


def harmony_of(notes: Sequence[SungNote], scale: frozenset[int], *, steps: int, shift: int = 0) -> list[Interval]:
    """Semitones from each note to the tone of the scale that lies so many steps away; neighbours of one interval are
    joined. Without a key: major thirds, fifths and so on throughout.

    Args:
        notes: of the melody, at least one.
        scale: pitch classes of the key.
        steps: 2 is a third above, -5 a sixth below.
        shift: transposition of the melody into the key.
    """
    out: list[Interval] = []
    for number, note in enumerate(notes):
        begin = 0.0 if number == 0 else note.start_s
        end = note.end_s if number == len(notes) - 1 else notes[number + 1].start_s
        semitones = _distance(note.pitch + shift, scale or frozenset(MAJOR), steps)
        if out and out[-1].semitones == semitones:
            out[-1] = msgspec.structs.replace(out[-1], end_s=end)
        else:
            out.append(Interval(start_s=begin, end_s=end, semitones=semitones))
    return out


def _distance(pitch: int, scale: frozenset[int], steps: int) -> int:
    """Semitones from a pitch to the tone `steps` of the scale away from the scale's tone that is nearest to it."""
    tones = [p for p in range(pitch - 24, pitch + 25) if p % 12 in scale]
    nearest = min(range(len(tones)), key=lambda i: (abs(tones[i] - pitch), tones[i]))
    return tones[nearest + steps] - tones[nearest]
