"""The path of beats through onsets that is strong and even: dynamic programming, Ellis, "Beat Tracking by Dynamic
Programming" (Journal of New Music Research 36, 2007).

It chooses the beats that ``librosa.beat.beat_track`` chooses (but for the first one, which may lie anywhere), and
spares the seconds for which that compiles in each process.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.analysis.spectra import Floats

Indices = npt.NDArray[np.int64]


def beat_path(onset: Floats, steps_per_beat: int, *, tightness: float = 200.0) -> Indices:
    """Steps of `onset` on which beats lie, ascending.

    Args:
        onset: ``(steps,)`` onset strength.
        steps_per_beat: distance of two beats, at least 2.
        tightness: how much uneven distances cost.
    """
    count, period = onset.size, max(2, int(steps_per_beat))
    spread = float(onset.std(ddof=1)) if count > 1 else 0.0
    if count <= period or spread <= 0.0:
        return np.zeros(0, dtype=np.int64)
    around = np.exp(-0.5 * (np.arange(-period, period + 1) * 32.0 / period) ** 2)
    local: Floats = np.convolve(onset / spread, around, mode="full")[period : period + count]
    total, back = _best_ways(local, period, tightness)
    places = [_last(total)]
    while back[places[-1]] >= 0:
        places.append(int(back[places[-1]]))
    found: Indices = np.array(places[::-1], dtype=np.int64)
    sounding = np.flatnonzero(local > 0.0)
    return found[(found >= sounding[0]) & (found <= sounding[-1])] if sounding.size else found[:0]


def _best_ways(local: Floats, period: int, tightness: float) -> tuple[Floats, Indices]:
    """For each step the score of the best way that ends there, and the beat before it (-1 for none)."""
    count = local.size
    lags: Indices = np.arange(round(period / 2), 2 * period + 1, dtype=np.int64)
    price: Floats = -tightness * np.log(lags / period) ** 2
    # Steps before the first stand in front, unreachable.
    lead = 2 * period
    total: Floats = np.full(lead + count, -np.inf)
    back: Indices = np.full(count, -1, dtype=np.int64)
    before = lead - lags
    floor, begun = 0.01 * float(local.max()), False
    for i in range(count):
        ways = total[before + i] + price
        best = int(np.argmax(ways))
        # Where no way is worth its price, a path may begin.
        there = ways[best] > 0.0
        total[lead + i] = local[i] + (ways[best] if there else 0.0)
        begun = begun or local[i] >= floor
        if there and begun:
            back[i] = i - lags[best]
    return total[lead:], back


def _last(total: Floats) -> int:
    """The last top that is at least half as good as the middle one of all tops."""
    before, after = np.concatenate([total[:1], total[:-1]]), np.concatenate([total[1:], total[-1:]])
    tops = np.flatnonzero((total > before) & (total >= after))
    if not tops.size:
        return int(total.size - 1)
    good = tops[total[tops] >= 0.5 * float(np.median(total[tops]))]
    return int(good[-1]) if good.size else int(total.size - 1)
