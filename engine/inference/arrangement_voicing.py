"""Chords as a player voices them: colours from the key, smallest steps between chords, no thirds in the mud."""

from __future__ import annotations

from itertools import pairwise, product

from engine.analysis import Chord
from engine.analysis.harmony import QUALITIES

LOWEST_THIRD = 48
"""No interval below a fourth between voices under this pitch (C3)."""


_COLOURS = (2, 5, 9, 10, 11)
"""Semitones above the root that colour a chord without changing what it is."""
_SOUNDS = 0.45
"""Share of the strongest pitch class from which a colour of the song is one of the chord."""
_GENDER = 0.3
"""What the third counts beside how loud it is: it says whether the chord is major."""


def colours(chord: Chord, *, colour: str, scale: tuple[int, ...], heard: tuple[float, ...] = ()) -> list[int]:
    """Pitch classes of a chord in the order of their importance.

    Args:
        chord: what was heard.
        colour: ``triad``, ``seventh``, ``ninth``, ``power`` or ``open`` (root, fifth and ninth).
        scale: pitch classes of the key; sevenths and ninths are taken from it.
        heard: how much of each pitch class the song holds there, the strongest 1; what sounds in the song goes first,
            and of the colours the one that the song has is taken.
    """
    root = chord.root
    notes = QUALITIES.get(chord.quality, (0, 4, 7))
    if colour == "power":
        return [root, (root + 7) % 12]
    if chord.quality == "5":
        # The third that the key gives.
        notes = (0, 3 if (root + 3) % 12 in scale and (root + 4) % 12 not in scale else 4, 7)
    third = notes[1] if len(notes) > 1 else 4
    out = [(root + n) % 12 for n in notes]
    if colour == "open":
        out = [root, (root + 7) % 12]
    added: list[int] = []
    if colour in ("seventh", "ninth") and len(out) < 4 and chord.quality not in ("dim", "sus4", "sus2"):
        seventh = 10 if third == 3 or (root + 10) % 12 in scale else 11
        # A major seventh only where the key has it; else the sixth keeps the chord at rest.
        if third == 4 and (root + seventh) % 12 not in scale:
            seventh = 9
        added.append((root + seventh) % 12)
    if colour in ("ninth", "open") and (root + 2) % 12 in scale and chord.quality != "dim":
        ninth = (root + 2) % 12
        if ninth not in out:
            added.append(ninth)
    if not heard:
        return out + added
    # The song's own colours of the chord, the loudest first.
    own = sorted(
        ((root + n) % 12 for n in _COLOURS if (root + n) % 12 not in out and heard[(root + n) % 12] >= _SOUNDS),
        key=lambda c: -heard[c],
    )
    room = max(len(added), 1 if colour in ("triad", "open") else 0)
    added = [*own, *[c for c in added if c not in own]][:room]
    gender = (root + third) % 12
    return sorted([*out, *added], key=lambda c: -(heard[c] + (1.0 if c == root else _GENDER if c == gender else 0.0)))


def voice(
    classes: list[int], *, low: int, high: int, voices: int, before: tuple[int, ...], rootless: bool
) -> tuple[int, ...]:
    """Place pitch classes between `low` and `high` so that the voices move least from `before`.

    Args:
        classes: pitch classes, most important first.
        voices: how many notes at most.
        before: pitches of the chord before, ascending; empty at the start.
        rootless: leave the root to the bass when there are more than three notes.

    Returns:
        Pitches, ascending; none where the range holds none of the classes.
    """
    wanted = classes[1:] if rootless and len(classes) > 3 else classes
    wanted = wanted[:voices]
    places = [[p for p in range(low, high + 1) if p % 12 == c] for c in wanted]
    places = [p for p in places if p]
    if not places:
        return ()
    best: tuple[float, tuple[int, ...]] = (1e9, ())
    centre = 0.5 * (low + high)
    # At most four octaves for six voices would be thousands of voicings; near the voices before are enough.
    if before:
        middle = sum(before) / len(before)
        places = [sorted(p, key=lambda x: abs(x - middle))[:3] for p in places]
    else:
        places = [sorted(p, key=lambda x: abs(x - centre))[:3] for p in places]
    for combination in product(*places):
        notes = tuple(sorted(set(combination)))
        if len(notes) < len(places):
            continue
        cost = _movement(notes, before) + 0.08 * abs(sum(notes) / len(notes) - centre) + _crowding(notes)
        if cost < best[0]:
            best = (cost, notes)
    return best[1]


def _movement(notes: tuple[int, ...], before: tuple[int, ...]) -> float:
    if not before:
        return 0.0
    steps = [min(abs(n - b) for b in before) for n in notes]
    top = abs(notes[-1] - before[-1])
    # A top line that stands still for long is dull, one that leaps is worse.
    return sum(steps) / len(steps) + (0.3 * max(0, top - 4)) + (0.25 if top == 0 else 0.0)


def _crowding(notes: tuple[int, ...]) -> float:
    cost = 0.0
    for lower, upper in pairwise(notes):
        gap = upper - lower
        if lower < LOWEST_THIRD and gap < 5:
            cost += 8.0
        if gap == 1:
            cost += 2.5
        if gap > 12:
            cost += 0.5 * (gap - 12)
    return cost + 0.06 * max(0, notes[-1] - notes[0] - 16)
