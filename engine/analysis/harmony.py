"""Key and chords from pitch-class energy.

Key: Temperley's revision of the Krumhansl profiles. Chords: templates against the chroma of each beat, smoothed by
the Viterbi algorithm with a preference for changes on bar lines.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.analysis.model import PITCH_NAMES, Chord
from engine.analysis.spectra import Floats

QUALITIES: dict[str, tuple[int, ...]] = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "sus4": (0, 5, 7),
    "sus2": (0, 2, 7),
    "dim": (0, 3, 6),
    "5": (0, 7),
}
"""Suffix of the label -> semitones above the root."""

_PRIOR = {
    "": 0.05,
    "m": 0.05,
    "7": -0.03,
    "maj7": -0.03,
    "m7": -0.02,
    "sus4": -0.07,
    "sus2": -0.07,
    "dim": -0.06,
    "5": -0.03,
}
_MAJOR = np.array([0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400])
_MINOR = np.array([0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330])
_SHARPNESS = 9.0
_CHORDS_IN_KEY = 0.8


def find_key(chroma: Floats, bass: Floats, chords: tuple[Chord, ...] = ()) -> tuple[str, float, str]:
    """Key, confidence 0..1 and runner-up.

    Args:
        chroma: ``(12, n)`` pitch-class energy of the middle register.
        bass: ``(12, n)`` that of the bass.
        chords: where they are known, keys that hold their notes are preferred: it is one note that tells neighbours
        apart.
    """
    profile = chroma.sum(axis=1) + 0.4 * bass.sum(axis=1)
    if profile.sum() <= 1e-9 or profile.std() <= 1e-9:
        return "", 0.0, ""
    profile = np.sqrt(profile / profile.max())
    names: list[str] = []
    scores: list[float] = []
    for tonic in range(12):
        for template, mode in ((_MAJOR, "major"), (_MINOR, "minor")):
            names.append(f"{PITCH_NAMES[tonic]} {mode}")
            likeness = float(np.corrcoef(profile, np.roll(template, tonic))[0, 1])
            scores.append(likeness + _CHORDS_IN_KEY * _share_inside(chords, tonic, mode))
    first, runner_up = (int(i) for i in np.argsort(np.array(scores))[::-1][:2])
    best, second = scores[first], scores[runner_up]
    confidence = float(
        np.clip(best / (1.0 + (_CHORDS_IN_KEY if chords else 0.0)), 0.0, 1.0)
        * np.clip(0.35 + (best - second) * 6.0, 0.0, 1.0)
    )
    return names[first], confidence, names[runner_up]


def _share_inside(chords: tuple[Chord, ...], tonic: int, mode: str) -> float:
    """Share of the time whose chords lie inside a key."""
    steps = (0, 2, 4, 5, 7, 9, 11) if mode == "major" else (0, 2, 3, 5, 7, 8, 10, 11)
    scale = {(tonic + s) % 12 for s in steps}
    inside, total = 0.0, 0.0
    for chord in chords:
        if chord.root < 0:
            continue
        length = (chord.end_s - chord.start_s) * chord.confidence
        total += length
        if all((chord.root + note) % 12 in scale for note in QUALITIES[chord.quality]):
            inside += length * (1.15 if chord.root == tonic else 1.0)
    return inside / total if total > 0.0 else 0.0


def _states() -> tuple[list[tuple[int, str]], Floats, Floats, Floats]:
    """All chords with their templates for the middle register, for the bass and their priors."""
    labels: list[tuple[int, str]] = []
    middle: list[Floats] = []
    low: list[Floats] = []
    prior: list[float] = []
    for root in range(12):
        for quality, notes in QUALITIES.items():
            template = np.zeros(12)
            for position, note in enumerate(notes):
                # The seventh is quieter than the triad, and a root has a strong fifth among its partials.
                template[(root + note) % 12] += 1.0 if position < 3 else 0.75
            bass = np.zeros(12)
            bass[root] = 1.0
            for note in notes[1:]:
                bass[(root + note) % 12] += 0.35
            labels.append((root, quality))
            middle.append(template / np.linalg.norm(template))
            low.append(bass / np.linalg.norm(bass))
            prior.append(_PRIOR[quality])
    return labels, np.array(middle), np.array(low), np.array(prior)


def find_chords(
    chroma: Floats,
    bass: Floats,
    level: Floats,
    *,
    times_s: Floats,
    downbeats_s: Floats,
    key: str,
    patient: bool = False,
) -> tuple[Chord, ...]:
    """Chords over the intervals of `times_s`.

    Args:
        chroma: ``(12, n)`` pitch-class energy per interval.
        bass: ``(12, n)`` that of the bass.
        level: ``(n,)`` tuned energy per interval; intervals far below the rest are ``N``.
        times_s: ``(n + 1,)`` borders of the intervals.
        downbeats_s: bar lines; changes there cost less.
        key: as `find_key` gives it; chords inside the key are preferred slightly.
        patient: hear two bars at once and take what fits best: what a lone melody implies.
    """
    n = chroma.shape[1]
    if n == 0:
        return ()
    labels, middle, low, prior = _states()
    loud = float(np.percentile(level, 90)) if n else 0.0
    if patient:
        kernel = np.hanning(11)[1:-1]
        chroma = np.array([np.convolve(row, kernel, mode="same") for row in chroma])
    unit = chroma / np.maximum(np.linalg.norm(chroma, axis=0), 1e-12)
    unit_bass = bass / np.maximum(np.linalg.norm(bass, axis=0), 1e-12)
    bass_share = np.clip(
        np.linalg.norm(bass, axis=0) / np.maximum(np.percentile(np.linalg.norm(bass, axis=0), 70), 1e-12), 0.0, 1.0
    )
    scores = middle @ unit + 0.40 * bass_share * (low @ unit_bass) + prior[:, None] + _in_key(labels, key)[:, None]
    # N: flat or absent pitch-class energy.
    flat = (0.40 if patient else 0.62) + 0.40 * bass_share * 0.45
    silent = level < 0.03 * loud
    none = np.where(silent | (loud <= 1e-9), 3.0, flat)
    scores = np.concatenate([scores, none[None, :]])
    path = _viterbi(scores * _SHARPNESS, _change_costs(times_s, downbeats_s))
    posterior = np.exp(_SHARPNESS * (scores - scores.max(axis=0)))
    posterior /= posterior.sum(axis=0)
    return _segments(path, scores, posterior, labels, times_s)


def _in_key(labels: list[tuple[int, str]], key: str) -> Floats:
    """A small bonus for chords whose notes all belong to the key."""
    bonus = np.zeros(len(labels))
    if not key:
        return bonus
    tonic, mode = key.split(" ")
    steps = (0, 2, 4, 5, 7, 9, 11) if mode == "major" else (0, 2, 3, 5, 7, 8, 10, 11)
    scale = {(PITCH_NAMES.index(tonic) + s) % 12 for s in steps}
    for i, (root, quality) in enumerate(labels):
        if all((root + note) % 12 in scale for note in QUALITIES[quality]):
            bonus[i] = 0.04
    return bonus


def _change_costs(times_s: Floats, downbeats_s: Floats) -> Floats:
    """Cost of changing the chord at each border, cheapest on bar lines."""
    starts = times_s[:-1]
    cost = np.full(starts.size, 2.6)
    if downbeats_s.size:
        nearest = np.abs(starts[:, None] - downbeats_s[None, :]).min(axis=1)
        cost[nearest < 0.05] = 1.1
        if downbeats_s.size > 1:
            half = 0.5 * (downbeats_s[:-1] + downbeats_s[1:])
            cost[np.abs(starts[:, None] - half[None, :]).min(axis=1) < 0.05] = 1.7
    return cost


def _viterbi(scores: Floats, cost: Floats) -> list[int]:
    """Best path through ``(states, n)`` scores where any change at interval i costs ``cost[i]``."""
    states, n = scores.shape
    back = np.zeros((states, n), dtype=np.int32)
    value = scores[:, 0].copy()
    own: npt.NDArray[np.int64] = np.arange(states, dtype=np.int64)
    for i in range(1, n):
        best = int(np.argmax(value))
        change = value[best] - cost[i]
        stay = value >= change
        back[:, i] = np.where(stay, own, best)
        value = np.where(stay, value, change) + scores[:, i]
    path = [int(np.argmax(value))]
    for i in range(n - 1, 0, -1):
        path.append(int(back[path[-1], i]))
    return path[::-1]


def _segments(
    path: list[int], scores: Floats, posterior: Floats, labels: list[tuple[int, str]], times_s: Floats
) -> tuple[Chord, ...]:
    chords: list[Chord] = []
    start = 0
    for i in range(1, len(path) + 1):
        if i < len(path) and path[i] == path[start]:
            continue
        state = path[start]
        mean = scores[:, start:i].mean(axis=1)
        confidence = float(posterior[state, start:i].mean())
        mean[state] = -np.inf
        other = int(np.argmax(mean))
        root, quality = labels[state] if state < len(labels) else (-1, "N")
        chords.append(
            Chord(
                start_s=float(times_s[start]),
                end_s=float(times_s[i]),
                label=_label(state, labels),
                root=root,
                quality=quality,
                confidence=min(1.0, 2.0 * confidence),
                runner_up=_label(other, labels),
            )
        )
        start = i
    return tuple(chords)


def _label(state: int, labels: list[tuple[int, str]]) -> str:
    if state >= len(labels):
        return "N"
    root, quality = labels[state]
    return PITCH_NAMES[root] + quality
