"""Lead parts: the theme of the song on an instrument of the style, wherever nobody sings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.analysis.theme import ThemeNote
from engine.inference.arrangement_chords import Voice
from engine.inference.arrangement_grid import Grid
from engine.inference.styles import HarmonyLayer
from engine.instruments import Note

_JITTER_S = 0.006
_GAP_S = 0.015
"""A note ends this much before the next one: a tongue, a bow or a finger moves."""


def lead_part(
    layer: HarmonyLayer,
    theme: Sequence[ThemeNote],
    grid: Grid | None,
    singer: Voice,
    *,
    duration_s: float,
    rng: np.random.Generator,
) -> list[Note]:
    """All notes of a lead.

    Args:
        layer: whose instrument and range it is.
        theme: of the song, on straight steps.
        grid: gives the theme the swing of the style; None leaves its times as they are.
        singer: who goes first.
        duration_s: of the song.
        rng: where chance comes from.
    """
    sung = [n for n in theme if not singer.at(n.start_s)]
    up = _octaves([(n.pitch, n.end_s - n.start_s) for n in sung], layer)
    notes: list[Note] = []
    for note in sung:
        start, end = (t if grid is None else grid.swung_s(t) for t in (note.start_s, note.end_s))
        jitter = float(np.clip(rng.normal(0.0, 0.4 * _JITTER_S), -_JITTER_S, _JITTER_S))
        start = max(0.0, start + layer.late_s + jitter)
        length = min(end, duration_s) - start - _GAP_S
        if length < 0.04:
            continue
        velocity = float(np.clip(0.5 + 0.35 * note.strength + rng.normal(0.0, 0.02), 0.1, 1.0))
        notes.append(Note(start, length, float(_folded(note.pitch + 12 * up, layer)), velocity))
    return notes


def _octaves(pitches: list[tuple[int, float]], layer: HarmonyLayer) -> int:
    """The octave that brings most of the line into the range, the nearest where several do."""

    def outside(up: int) -> float:
        return sum(s for p, s in pitches if not layer.low <= p + 12 * up <= layer.high) + 1e-3 * abs(up)

    return min(range(-3, 4), key=outside)


def _folded(pitch: int, layer: HarmonyLayer) -> int:
    while pitch < layer.low:
        pitch += 12
    while pitch > layer.high:
        pitch -= 12
    return pitch
