"""The form: borders by novelty on the self-similarity of bars (Foote 2000), likeness by clustering, names by energy
and repetition.
"""

from __future__ import annotations

import itertools

import numpy as np

from engine.analysis.model import Section
from engine.analysis.spectra import Floats

_ALIKE = 0.35
_RUNNER_UP = {
    "intro": "verse",
    "verse": "chorus",
    "chorus": "verse",
    "bridge": "verse",
    "break": "bridge",
    "outro": "verse",
}
LONGEST_BREAK_BARS = 8
"""What stays soft for longer is no break but a verse."""


def find_sections(features: Floats, energy_db: Floats, *, bars_s: Floats) -> tuple[Section, ...]:
    """Sections over the bars.

    Args:
        features: ``(rows, bars)`` timbre and harmony of each bar, rows of comparable spread.
        energy_db: ``(bars,)`` loudness of each bar.
        bars_s: ``(bars + 1,)`` borders of the bars.
    """
    count = features.shape[1]
    if count < 1:
        return ()
    borders = _borders(features, energy_db)
    spans = list(itertools.pairwise(borders))
    letters = _letters(features, spans)
    floor = max(float(np.max(energy_db)) - 30.0, -60.0)
    means = np.array([float(np.mean(np.maximum(energy_db[a:b], floor))) for a, b in spans])
    spread = float(means.max() - means.min())
    energy = (means - means.min()) / spread if spread > 0.5 else np.full(means.size, 0.7)
    names = _names(spans, letters, energy, spread)
    clear = float(np.clip(spread / 12.0, 0.1, 1.0))
    return tuple(
        Section(
            start_s=float(bars_s[a]),
            end_s=float(bars_s[b]),
            name=name,
            letter=letter,
            energy=float(e),
            confidence=_confidence(name, float(e), clear),
            runner_up=_RUNNER_UP[name],
        )
        for (a, b), name, letter, e in zip(spans, names, letters, energy, strict=True)
    )


def _confidence(name: str, energy: float, clear: float) -> float:
    """How far a section's energy is from where its name would change, by how much the energies differ at all."""
    middle = {"chorus": 0.6, "verse": 0.5, "intro": 0.5, "outro": 0.6, "break": 0.35, "bridge": 0.5}[name]
    margin = min(abs(energy - middle) / 0.4, 1.0) if name != "verse" else 1.0 - min(abs(energy - middle) / 0.5, 1.0)
    return round(0.25 + clear * (0.3 + 0.4 * margin), 3)


def _borders(features: Floats, energy_db: Floats) -> list[int]:
    """Bars at which a new section begins, with 0 and the end."""
    count = features.shape[1]
    if count < 8:
        return [0, count]
    stacked = np.concatenate([features, 0.25 * (energy_db - energy_db.mean())[None, :]])
    distance = np.linalg.norm(stacked[:, :, None] - stacked[:, None, :], axis=0)
    similarity = np.exp(-distance / max(float(np.median(distance)), 1e-9))
    novelty = np.zeros(count)
    for half in (2, 4, 8):
        if count < 2 * half:
            continue
        ramp = np.concatenate([-np.ones(half), np.ones(half)])
        taper = np.exp(-0.5 * ((np.arange(2 * half) - half + 0.5) / (0.6 * half)) ** 2)
        kernel = np.outer(ramp * taper, ramp * taper)
        # Reflection, so that the first and last bars are not borders by themselves.
        padded = np.pad(similarity, half, mode="reflect")
        values = np.array([(padded[i : i + 2 * half, i : i + 2 * half] * kernel).sum() for i in range(count)])
        values /= max(float(np.abs(values).max()), 1e-9)
        novelty += values
    # Forms are built of four and eight bars: count borders from the start of the music.
    grid = np.array([1.25 if i % 8 == 0 else 1.12 if i % 4 == 0 else 0.85 if i % 2 else 1.0 for i in range(count)])
    novelty = np.maximum(novelty, 0.0) * grid
    threshold = float(np.mean(novelty) + 0.6 * np.std(novelty))
    chosen: list[int] = []
    for i in np.argsort(novelty)[::-1]:
        if novelty[i] < threshold:
            break
        if 3 < i < count - 3 and all(abs(int(i) - c) >= 4 for c in chosen):
            chosen.append(int(i))
    return [0, *sorted(chosen), count]


def _letters(features: Floats, spans: list[tuple[int, int]]) -> list[str]:
    """A letter for each span; spans of one letter sound alike."""
    means = np.array([features[:, a:b].mean(axis=1) for a, b in spans])
    scale = float(np.median(np.linalg.norm(features - features.mean(axis=1, keepdims=True), axis=0)))
    known: list[tuple[str, Floats]] = []
    letters: list[str] = []
    for mean in means:
        distances = [float(np.linalg.norm(mean - centre)) for _, centre in known]
        if distances and min(distances) < _ALIKE * 2.0 * max(scale, 1e-9):
            letters.append(known[int(np.argmin(distances))][0])
        else:
            letter = chr(ord("A") + min(len(known), 25))
            known.append((letter, mean))
            letters.append(letter)
    return letters


def _names(spans: list[tuple[int, int]], letters: list[str], energy: Floats, spread_db: float) -> list[str]:
    count = len(spans)
    if count == 1:
        return ["verse"]
    names = ["verse"] * count
    order = {
        letter: float(np.mean([e for e, other in zip(energy, letters, strict=True) if other == letter]))
        for letter in letters
    }
    repeats = {letter: letters.count(letter) for letter in letters}
    # The chorus is the loudest kind that comes back, or the loudest kind.
    chorus = max(order, key=lambda letter: order[letter] + (0.25 if repeats[letter] > 1 else 0.0))
    for i, letter in enumerate(letters):
        inner = 0 < i < count - 1
        if letter == chorus and (spread_db > 1.0 or repeats[letter] > 1):
            names[i] = "chorus"
        elif energy[i] < 0.35 and inner and spans[i][1] - spans[i][0] <= LONGEST_BREAK_BARS:
            names[i] = "break"
        elif repeats[letter] == 1 and inner and i > count // 2:
            names[i] = "bridge"
    if names[0] != "chorus" and (energy[0] < 0.5 or letters[0] not in letters[1:]):
        names[0] = "intro"
    if names[-1] != "chorus" and energy[-1] < 0.6 and count > 2:
        names[-1] = "outro"
    return names
