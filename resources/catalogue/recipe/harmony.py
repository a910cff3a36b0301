"""Chords as symbols, and voicings that move as little as they can."""

from __future__ import annotations

import itertools
import re

_NAMES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_QUALITIES: dict[str, tuple[int, ...]] = {
    "": (0, 4, 7),
    "add9": (0, 4, 7, 14),
    "sus4": (0, 5, 7),
    "sus2": (0, 2, 7),
    "6": (0, 4, 7, 9),
    "69": (0, 4, 9, 14),
    "maj7": (0, 4, 7, 11),
    "maj9": (0, 4, 11, 14),
    "m": (0, 3, 7),
    "madd9": (0, 3, 7, 14),
    "m7": (0, 3, 7, 10),
    "m9": (0, 3, 10, 14),
    "m11": (0, 3, 10, 17),
    "m6": (0, 3, 7, 9),
    "7": (0, 4, 7, 10),
    "9": (0, 4, 10, 14),
    "13": (0, 4, 10, 21),
    "7sus4": (0, 5, 7, 10),
    "9sus4": (0, 5, 10, 14),
    "7b9": (0, 4, 10, 13),
    "m7b5": (0, 3, 6, 10),
    "dim7": (0, 3, 6, 9),
}


def pitch_class(name: str) -> int:
    """0..11 of a note name such as `F#` or `Bb`."""
    return (_NAMES[name[0]] + name.count("#") - name[1:].count("b")) % 12


def pitch(name: str) -> int:
    """MIDI number of a note with its octave, `A4` = 69."""
    match = re.fullmatch(r"([A-G][#b]*)(-?\d)", name)
    if not match:
        raise ValueError(f"{name!r} is no note")
    return pitch_class(match[1]) + 12 * (int(match[2]) + 1)


class Chord:
    """A chord symbol such as `F#m9` or `A/C#`: root, pitch classes, and the bass note's pitch class."""

    def __init__(self, symbol: str):
        match = re.fullmatch(r"([A-G][#b]?)([^/]*)(?:/([A-G][#b]?))?", symbol)
        if not match or match[2] not in _QUALITIES:
            raise ValueError(f"{symbol!r} is no chord that this recipe knows")
        self.symbol = symbol
        self.root = pitch_class(match[1])
        self.intervals = _QUALITIES[match[2]]
        self.classes = tuple((self.root + i) % 12 for i in self.intervals)
        self.bass = pitch_class(match[3]) if match[3] else self.root

    def bass_pitch(self, low: int) -> int:
        """The bass note in the octave that starts at `low`."""
        return low + (self.bass - low) % 12

    def tone(self, index: int, low: int) -> int:
        """A chord tone by index, in the octave that starts at `low`."""
        return low + (self.classes[index % len(self.classes)] - low) % 12


def voicings(chords: list[Chord], *, low: int, high: int, count: int, top: int | None = None) -> list[tuple[int, ...]]:
    """One voicing of `count` notes for each chord, between `low` and `high`, each voice moving to the nearest tone.

    The cheapest path through all candidates: sum of movements, with a price for wide gaps, seconds at the bottom,
    doubled tones, and distance of the top voice from `top`.
    """
    target = top if top is not None else high - 4
    layers = [_candidates(chord, low, high, count, target) for chord in chords]
    costs = [cost for _, cost in layers[0]]
    paths: list[list[int]] = [[i] for i in range(len(layers[0]))]
    for before, layer in itertools.pairwise(layers):
        new_costs: list[float] = []
        new_paths: list[list[int]] = []
        for i, (notes, own) in enumerate(layer):
            options = [
                costs[j] + sum(abs(a - b) for a, b in zip(notes, prior, strict=True))
                for j, (prior, _) in enumerate(before)
            ]
            best = min(range(len(options)), key=options.__getitem__)
            new_costs.append(options[best] + own)
            new_paths.append([*paths[best], i])
        costs, paths = new_costs, new_paths
    path = paths[min(range(len(costs)), key=costs.__getitem__)]
    return [layers[k][i][0] for k, i in enumerate(path)]


def _candidates(chord: Chord, low: int, high: int, count: int, target: int) -> list[tuple[tuple[int, ...], float]]:
    tones = [p for p in range(low, high + 1) if p % 12 in chord.classes]
    found: list[tuple[tuple[int, ...], float]] = []
    needed = set(chord.classes[1:]) if count < len(chord.classes) else set(chord.classes)
    for notes in itertools.combinations(tones, count):
        gaps = [b - a for a, b in itertools.pairwise(notes)]
        if max(gaps) > 10 or notes[-1] - notes[0] > 19:
            continue
        missing = len(needed - {n % 12 for n in notes})
        cost = 6.0 * missing + 0.35 * abs(notes[-1] - target)
        cost += 2.5 * (count - len({n % 12 for n in notes}))
        cost += 4.0 * (gaps[0] < 3) + (3.0 if notes[0] < 52 and gaps[0] < 5 else 0.0)
        found.append((notes, cost))
    if not found:
        raise ValueError(f"no voicing of {chord.symbol} fits between {low} and {high}")
    return sorted(found, key=lambda item: item[1])[:40]
