"""The equaliser put right by measurement: what the model's settings left of the difference in tone goes back into them.

The model sees input and reference once and says settings; what they make of the sound can be measured. The difference
of the bands that is left is shared out over the filters by least squares (Levenberg 1944, Marquardt 1963), each
setting held near where the model put it, so that what only differs because other notes are played moves little.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from engine.dsp import eq
from engine.inference.production_chain import IDS, Vector, decode
from engine.inference.production_features import BANDS, CENTRES_HZ

Floats = npt.NDArray[np.float64]

FILTERS: tuple[int, ...] = tuple(i for i, name in enumerate(IDS) if name.startswith(("low_", "high_")))
"""Places of the equaliser's settings."""
LOYALTY = 0.5
"""Cost of moving a coded setting over its whole range, in squared dB."""
OTHER_MUSIC_DB = 5.0
"""A mean difference beyond this is not one of settings."""
STAYS = 0.8
"""At least a fifth of the difference must go."""
LARGEST_DB = 12.0
_CENTRES = np.asarray(CENTRES_HZ)
_STEPS = 6
_NUDGE = 0.02
_OPEN_HZ = 18_500.0
_CLOSED_HZ = 21.0


def refined(coded: Vector, *, heard: Vector, target: Vector, rate: int) -> Vector:
    """Coded settings whose equaliser takes away what is left of the difference in tone, where it can.

    Where the difference is large, or not of a kind that an equaliser makes, other notes or other instruments are the
    cause: then the settings stay as they are.

    Args:
        coded: settings as the model says them, ``(len(SETTINGS),)`` on 0..1.
        heard: features of the sound behind those settings (`engine.inference.production_features.features`).
        target: features of the reference.
        rate: frames per second.

    Returns:
        ``(len(SETTINGS),) float32``; all but the equaliser as in `coded`.
    """
    tone, wanted = (np.asarray(v[:BANDS], dtype=np.float64) for v in (heard, target))
    audible = np.clip((np.maximum(tone, wanted) + 60.0) / 40.0, 0.02, 1.0)
    audible /= audible.sum()
    left = wanted - tone
    before = _response_db(coded, rate)
    places = list(FILTERS)
    home = np.asarray(coded, dtype=np.float64)[places]

    def with_filters(settings: Floats) -> Vector:
        full = np.array(coded, dtype=np.float32)
        full[places] = settings
        return full

    def away(settings: Floats) -> Floats:
        difference = _response_db(with_filters(settings), rate) - before - np.clip(left, -LARGEST_DB, LARGEST_DB)
        # Loudness is matched afterwards: a constant is no error.
        return np.clip(difference - float(difference @ audible), -LARGEST_DB, LARGEST_DB)

    def errors(settings: Floats) -> Floats:
        return np.concatenate([np.sqrt(audible) * away(settings), np.sqrt(LOYALTY) * (settings - home)])

    if float(audible @ np.abs(left)) > OTHER_MUSIC_DB:
        return with_filters(home)
    found = _least_squares(errors, home)
    explained = float(audible @ np.abs(away(found))) < STAYS * float(audible @ np.abs(left))
    return with_filters(found if explained else home)


def _least_squares(errors: Callable[[Floats], Floats], start: Floats) -> Floats:
    """Where the squared errors are small, by damped steps inside 0..1."""
    at, value = start, errors(start)
    damping = 1.0
    for _ in range(_STEPS):
        slopes = np.empty((value.size, at.size))
        for k in range(at.size):
            by = _NUDGE if at[k] < 0.9 else -_NUDGE
            moved = at.copy()
            moved[k] += by
            slopes[:, k] = (errors(moved) - value) / by
        for _ in range(4):
            step = np.linalg.solve(slopes.T @ slopes + damping * np.eye(at.size), -slopes.T @ value)
            trial = np.clip(at + step, 0.0, 1.0)
            outcome = errors(trial)
            if float(outcome @ outcome) < float(value @ value):
                at, value, damping = trial, outcome, 0.4 * damping
                break
            damping *= 4.0
    return at


def _response_db(coded: Vector, rate: int) -> Floats:
    """What the equaliser does to the bands, ``(BANDS,)`` dB, not below -40."""
    v = decode(coded)
    rows = [
        eq.low_shelf(v["low_shelf_hz"], v["low_shelf_db"], 0.707, rate=rate),
        eq.peak(v["low_mid_hz"], v["low_mid_db"], v["low_mid_q"], rate=rate),
        eq.peak(v["high_mid_hz"], v["high_mid_db"], v["high_mid_q"], rate=rate),
        eq.high_shelf(v["high_shelf_hz"], v["high_shelf_db"], 0.707, rate=rate),
    ]
    if v["high_pass_hz"] > _CLOSED_HZ:
        rows.append(eq.high_pass(v["high_pass_hz"], rate=rate))
    if v["low_pass_hz"] < _OPEN_HZ:
        rows.append(eq.low_pass(v["low_pass_hz"], rate=rate))
    return np.maximum(eq.response_db(np.stack(rows), _CENTRES, rate=rate), -40.0)
