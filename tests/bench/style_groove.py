"""How much of the written groove can be heard: ``python -m tests.bench.style_groove``

The groove of the styles is written by rules (patterns, swing, lateness of lanes, hands that are not machines); there is
no groove model, because no recording with known human timing lies beside the repository to train or judge one. What
can be measured is whether the played drums carry what was written: strokes are found again in the sound and compared
with the score, beside a baseline that puts every stroke on the straight grid.

- ``f1``: F-measure of strokes found against strokes written, 20 ms apart at most.
- ``offset_rmse_ms``: how far the strokes found lie from those written, root mean square over the pairs within 40 ms.
- ``baseline_f1``, ``baseline_offset_rmse_ms``: the same for the written strokes moved to the nearest straight step.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.analysis import spectra
from engine.inference.arrangement import compose, play
from engine.inference.arrangement_chords import Voice
from engine.inference.style_preview import home_tempo, imagined_song
from engine.inference.styles import ARRANGEMENT, list_styles, load_style
from tests.bench.style_measure import f_measure, mono_at_analysis_rate

Floats = npt.NDArray[np.float64]
RATE = 44_100
SECONDS = 12.0
NEAR_S = 0.02
PAIR_S = 0.04
_SETTLED_S = 0.03


def run(say: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Figures of all styles with drums, and their means."""
    rows: list[dict[str, Any]] = []
    for info in list_styles():
        if ARRANGEMENT not in info.operators:
            continue
        row = style_row(info.id)
        if row is not None:
            rows.append(row)
            say(" ".join(f"{k}={v}" for k, v in row.items()))
    names = ("f1", "offset_rmse_ms", "baseline_f1", "baseline_offset_rmse_ms")
    return {**{name: round(float(np.mean([row[name] for row in rows])), 3) for name in names}, "styles": rows}


def style_row(style_id: str) -> dict[str, Any] | None:
    """One style played alone at its home tempo; None where it has no drums."""
    style = load_style(style_id)
    bpm = home_tempo(style)
    song = imagined_song(bpm, seconds=SECONDS)
    nobody = Voice(step_s=0.25, sings=(), centre=None)
    score = compose(style, song, roles=("drums",), singer=nobody, seed=1)
    if not score.layers:
        return None
    sound = play(score.layers[0], score, rate=RATE, length_frames=round(SECONDS * RATE), seed=1)
    strokes = np.sort([n.start_s for notes in score.layers[0].instruments.values() for n in notes])
    written = _apart(strokes[strokes < SECONDS - 0.3])
    step = 60.0 / bpm / 4.0
    straight = _apart(np.unique(step * np.round(written / step)))
    found = onsets(sound)
    return {
        "id": style_id,
        "strokes": int(written.size),
        "f1": round(f_measure(found, written, NEAR_S), 3),
        "offset_rmse_ms": round(1000.0 * rmse(found, written), 2),
        "baseline_f1": round(f_measure(found, straight, NEAR_S), 3),
        "baseline_offset_rmse_ms": round(1000.0 * rmse(found, straight), 2),
    }


def onsets(sound: npt.NDArray[np.float32]) -> Floats:
    """Times at which strokes set in."""
    attacks = spectra.attack_function(mono_at_analysis_rate(sound, RATE))[: round(SECONDS * spectra.RATE) // 64]
    step = spectra.FINE_HOP / spectra.RATE
    reach = round(_SETTLED_S / step)
    padded = np.pad(attacks, reach)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    floor = 0.12 * float(np.percentile(attacks, 99.5))
    tops = np.flatnonzero((attacks >= around.max(axis=1)) & (attacks > floor))
    # The attack function stamps the end of a window whose middle the ear hears.
    return _apart(tops * step - 0.002)


def rmse(found: Floats, truth: Floats) -> float:
    """Root mean square of the distances of pairs within `PAIR_S`; that itself where there is no pair."""
    if not found.size or not truth.size:
        return PAIR_S
    away = truth[:, None] - found[None, :]
    nearest = np.abs(away).min(axis=1)
    near = nearest[nearest < PAIR_S]
    return float(np.sqrt(np.mean(np.square(near)))) if near.size else PAIR_S


def _apart(times: Floats) -> Floats:
    """Strokes at the same moment count once."""
    kept: list[float] = []
    for time in times:
        if not kept or time - kept[-1] > _SETTLED_S:
            kept.append(float(time))
    return np.array(kept)


def main() -> int:
    argparse.ArgumentParser(prog="python -m tests.bench.style_groove", description=__doc__).parse_args()
    print(json.dumps(run(lambda text: print(text, file=sys.stderr, flush=True)), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
