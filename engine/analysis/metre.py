"""How many beats a bar has, and where bars begin."""

from __future__ import annotations

import numpy as np

from engine.analysis.spectra import Floats

_ODD_MARGIN = 0.35
_ODD_LEAST = 0.45
_CHANGES_LEAST, _CHANGES_MARGIN, _PLAYED_LEAST = 0.5, 0.35, 0.2


def _standard(values: Floats) -> Floats:
    spread = float(values.std())
    return (values - values.mean()) / spread if spread > 1e-9 else np.zeros_like(values)


def find_metre(
    *, low: Floats, snare: Floats, loud: Floats, harmonic_change: Floats, texture_change: Floats
) -> tuple[int, int, float]:
    """Choose the metre and the index of the first downbeat.

    Args:
        low: ``(beats,)`` thump of the bass drum on each beat.
        snare: ``(beats,)`` onset strength of the snare's band on each beat.
        loud: ``(beats,)`` onset strength of all bands on each beat.
        harmonic_change: ``(beats,)`` how much pitch classes change at each beat.
        texture_change: ``(beats,)`` how much the sound over several bars changes at each beat.

    Returns:
        Beats per bar (3, 4, 5 or 7), index of the first downbeat, confidence 0..1.
    """
    count = low.size
    if count < 8:
        return 4, 0, 0.0
    borders = _peaks(texture_change)
    accent = 1.1 * _standard(low) + 0.5 * _standard(loud) + 1.0 * _standard(harmonic_change) + 1.6 * _standard(borders)
    back = _standard(snare) - _standard(low)
    cycles: dict[int, Floats] = {}
    for metre in (3, 4):
        cycles[metre] = np.array(
            [accent[p::metre].mean() - accent[np.arange(count) % metre != p].mean() for p in range(metre)]
        )
    # The back-beat of four: beats 2 and 4 stand out in the snare's band.
    for phase in range(4):
        on = back[np.arange(count) % 2 == (phase + 1) % 2].mean()
        cycles[4][phase] += 0.45 * on
    # Music that sets in with a strong beat nearly always does so on a bar line.
    start = int(np.argmax(loud > 0.3 * np.percentile(loud, 90)))
    if start < 4:
        for metre in (3, 4):
            cycles[metre][start % metre] += 0.9
    periodic = {m: _periodicity(low + loud, m) + _periodicity(harmonic_change, m) for m in (3, 4)}
    # Two equal halves speak for four as much as four quarters do.
    periodic[4] = max(periodic[4], 0.7 * (_periodicity(low + loud, 2) + _periodicity(harmonic_change, 2)))
    margin = (periodic[3] - periodic[4]) + 0.15 * (cycles[3].max() - cycles[4].max())
    metre = 3 if margin > 0.25 and periodic[3] > 0.3 else 4
    scores = cycles[metre]
    phase = int(np.argmax(scores))
    ordered = np.sort(scores)[::-1]
    confidence = float(np.clip((ordered[0] - ordered[1]) / 1.2, 0.0, 1.0))
    odd = _odd_metre(low + loud, harmonic_change, periodic)
    if odd:
        cycle = np.array([accent[p::odd].mean() for p in range(odd)])
        phase = int(np.argmax(cycle + (np.arange(odd) == start % odd) * 0.9))
        ordered = np.sort(cycle)[::-1]
        return odd, phase, float(np.clip((ordered[0] - ordered[1]) / 1.2, 0.0, 1.0))
    return metre, phase, confidence


def _odd_metre(strokes: Floats, harmonic_change: Floats, periodic: dict[int, float]) -> int:
    """5 or 7 where the strokes come back after so many beats far more clearly than after 3 or 4, or where the chords
    change every so many beats and at no other distance; else 0."""
    best, metre = max(periodic.values()) + _ODD_MARGIN, 0
    even = max(_periodicity(harmonic_change, lag) for lag in (2, 3, 4, 6, 8))
    for candidate in (5, 7):
        if strokes.size < 4 * candidate:
            continue
        played, changed = _periodicity(strokes, candidate), _periodicity(harmonic_change, candidate)
        value = played + 0.5 * changed
        if changed > max(_CHANGES_LEAST, even + _CHANGES_MARGIN) and played > _PLAYED_LEAST:
            value = max(value, best) + changed
        elif played <= _ODD_LEAST:
            continue
        if value > best:
            best, metre = value, candidate
    return metre


def _peaks(values: Floats) -> Floats:
    """Only the local maxima of the values, squared: the places where a part of the form may begin."""
    out = np.zeros_like(values)
    for i in range(values.size):
        near = values[max(0, i - 6) : i + 7]
        if values[i] >= near.max() and values[i] > values.mean():
            out[i] = values[i] ** 2
    return out


def _periodicity(values: Floats, lag: int) -> float:
    """Correlation of the values with themselves `lag` beats and twice that later."""
    x = _standard(values)
    if x.size < 3 * lag:
        return 0.0
    return float(0.5 * np.mean(x[lag:] * x[:-lag]) + 0.5 * np.mean(x[2 * lag :] * x[: -2 * lag]))
