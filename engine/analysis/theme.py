"""The theme of a stem that may hold chords as well: the line on top that a listener would hum.

Salience: the weighted sum of partials (Klapuri, 2006), one value a semitone and a step of the song; the line is the
path through it that is salient and leaps least (dynamic programming, as in Salamon and Gomez, 2012).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from engine.analysis.spectra import Floats
from engine.analysis.tones import FIRST, per_step, steps_of, tones_of
from engine.types import Audio

LOWEST, HIGHEST = 50, 91
"""MIDI numbers between which a theme lies."""
_INAUDIBLE_DB = -30.0
_PARTIALS = ((0, 1.0), (12, 0.5), (19, 0.33), (24, 0.25), (28, 0.2))
"""Semitones above a note, and how much the partial there says."""
_REST = 0.22
"""Salience below which silence is likelier; 1 is a loud note of this stem."""
_CHANGE = 0.06
_LEAP = 0.014
"""Cost of each semitone of a leap."""
_HEIGHT = 0.012
"""Of two notes that are as salient, the higher one is the tune: by so much a semitone."""
_AGAIN = 1.45
"""A note that grows by this factor from step to step is struck again."""


class ThemeNote(msgspec.Struct, frozen=True):
    """A note of the theme."""

    start_s: float
    end_s: float
    pitch: int
    """MIDI number."""
    strength: float
    """0 to 1, against the loud notes of the stem."""


def theme_of(
    audio: Mapping[str, Audio],
    *,
    rate: int,
    beats_s: Sequence[float] = (),
    cancelled: Callable[[], bool] | None = None,
) -> tuple[ThemeNote, ...]:
    """The theme in the stem ``other``; none where that stem is hardly there.

    Args:
        audio: role -> ``(channels, frames) float32``.
        rate: frames per second.
        beats_s: of the song, ascending.
        cancelled: polled every few seconds of sound.

    Raises:
        Cancelled: when the caller wants to stop.
    """
    other = audio.get("other")
    if other is None or other.shape[-1] < rate // 2:
        return ()
    power = {role: float(np.mean(np.square(stem))) for role, stem in audio.items()}
    # What is left of other stems is no theme.
    if power["other"] <= sum(power.values()) * 10.0 ** (_INAUDIBLE_DB / 10.0):
        return ()
    steps = steps_of(beats_s, other.shape[-1] / rate)
    return find_theme(tones_of(other, rate, cancelled), steps)


def find_theme(tones: Floats, steps: Floats) -> tuple[ThemeNote, ...]:
    """The line on top, its notes on the steps of the song.

    Args:
        tones: of the stem (`engine.analysis.tones.tones_of`).
        steps: borders of the steps (`engine.analysis.tones.steps_of`).

    Returns:
        Notes that do not overlap, in the order of time; none where nothing has a pitch.
    """
    if steps.size < 3:
        return ()
    salience = _salience(per_step(tones, steps))
    loud = float(np.percentile(salience.max(axis=0), 85))
    if loud <= 1e-6:
        return ()
    return _notes(_path(salience / loud), salience / loud, steps)


def _salience(tones: Floats) -> Floats:
    """How much speaks for each note from `LOWEST` to `HIGHEST`; ``(notes, steps)``."""
    out = np.zeros((HIGHEST - LOWEST + 1, tones.shape[1]))
    for up, weight in _PARTIALS:
        first = LOWEST - FIRST + up
        rows = tones[first : first + out.shape[0]]
        out[: rows.shape[0]] += weight * rows
    # A partial is no note of its own: an octave above something stronger needs more than that one gives it.
    below = np.zeros_like(out)
    below[12:] = tones[LOWEST - FIRST : LOWEST - FIRST + out.shape[0] - 12]
    return np.maximum(out - 0.3 * below, 0.0)


def _path(salience: Floats) -> npt.NDArray[np.int64]:
    """The note of each step, counted from `LOWEST`; -1 for a rest."""
    notes, count = salience.shape
    places: Floats = np.arange(notes, dtype=np.float64)
    height: Floats = 1.0 + _HEIGHT * (places - notes / 2.0)
    value = np.concatenate([np.minimum(salience, 1.5) * height[:, None], np.full((1, count), _REST)])
    leap = _LEAP * np.abs(places[:, None] - places[None, :])
    cost = np.full((notes + 1, notes + 1), _CHANGE)
    cost[:notes, :notes] += np.minimum(leap, 12 * _LEAP)
    np.fill_diagonal(cost, 0.0)
    total = value[:, 0].copy()
    back = np.zeros((count, notes + 1), dtype=np.int64)
    for k in range(1, count):
        reached = total[None, :] - cost
        back[k] = np.argmax(reached, axis=1)
        total = reached[np.arange(notes + 1), back[k]] + value[:, k]
    path = np.zeros(count, dtype=np.int64)
    path[-1] = int(np.argmax(total))
    for k in range(count - 1, 0, -1):
        path[k - 1] = back[k, path[k]]
    return np.where(path == notes, -1, path)


def _notes(path: npt.NDArray[np.int64], salience: Floats, steps: Floats) -> tuple[ThemeNote, ...]:
    """Steps of one pitch are one note, but where it is struck again."""
    notes: list[ThemeNote] = []
    start = 0
    for k in range(1, path.size + 1):
        ends = k == path.size or path[k] != path[start]
        if not ends and path[k] >= 0:
            ends = salience[path[k], k] > _AGAIN * salience[path[k], k - 1]
        if not ends:
            continue
        if path[start] >= 0:
            strength = float(np.clip(salience[path[start], start:k].max(), 0.0, 1.0))
            notes.append(ThemeNote(float(steps[start]), float(steps[k]), LOWEST + int(path[start]), strength))
        start = k
    return tuple(notes)
