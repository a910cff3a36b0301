"""How well the analysis hears songs whose truth is known: played by the shipped styles on imagined songs, steady and
drifting, in several metres. ``python -m tests.bench.analysis_truth``
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine.analysis import Analysis, Chord, Section, analyse
from engine.inference.arrangement import compose, play
from engine.inference.arrangement_chords import Voice
from engine.inference.styles import load_style
from tests.bench.style_measure import f_measure

RATE = 44100
LEVELS_DB = {"drums": -20.0, "bass": -21.0, "other": -23.0}
PROGRESSIONS = (
    ((9, "m"), (5, ""), (0, ""), (7, "")),
    ((2, "m"), (7, ""), (0, ""), (9, "m")),
    ((0, ""), (4, "m"), (5, ""), (7, "")),
)
FORM = (("intro", 4, 0.1), ("verse", 8, 0.5), ("chorus", 8, 1.0), ("verse", 8, 0.5), ("outro", 4, 0.2))
CASES: tuple[tuple[str, float, int, float, int], ...] = (
    ("house", 124.0, 4, 0.0, 3),
    ("rock", 118.0, 4, 0.02, 0),
    ("funk", 104.0, 4, 0.03, 7),
    ("bossa", 72.0, 4, 0.015, 5),
    ("folk", 96.0, 3, 0.02, 2),
    ("rock", 120.0, 5, 0.0, 9),
    ("lofi", 82.0, 4, 0.0, 10),
    ("dnb", 172.0, 4, 0.0, 1),
    ("synthwave", 100.0, 7, 0.0, 4),
    ("swing", 140.0, 4, 0.02, 8),
)
"""Style, tempo, beats per bar, drift (share of the tempo) and semitones up."""


def imagined(bpm: float, per_bar: int, drift: float, up: int, number: int) -> Analysis:
    """A song as it is meant: beats, chords, key and form."""
    bars = sum(length for _, length, _ in FORM)
    count = bars * per_bar
    intervals = 60.0 / bpm * (1.0 + drift * np.sin(np.arange(count) / 11.0 + number))
    beats = 0.35 + np.concatenate([[0.0], np.cumsum(intervals)])
    downbeats = beats[:-1:per_bar]
    edges = [*downbeats, float(beats[-1])]
    kinds = PROGRESSIONS[number % len(PROGRESSIONS)]
    chords = tuple(
        Chord(start_s=a, end_s=b, label="", root=(kinds[i % 4][0] + up) % 12, quality=kinds[i % 4][1], confidence=1.0)
        for i, (a, b) in enumerate(itertools.pairwise(edges))
    )
    sections: list[Section] = []
    at = 0
    for name, length, energy in FORM:
        sections.append(
            Section(
                start_s=edges[at], end_s=edges[at + length], name=name, letter=name[0], energy=energy, confidence=1.0
            )
        )
        at += length
    names = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
    return Analysis(
        duration_s=float(beats[-1]) + 1.0,
        tempo_bpm=bpm,
        tempo_confidence=1.0,
        tempo_constant=drift == 0.0,
        tempo_runner_up_bpm=bpm,
        first_beat_s=float(beats[0]),
        beats_s=tuple(float(b) for b in beats[:-1]),
        downbeats_s=tuple(float(b) for b in downbeats),
        beats_per_bar=per_bar,
        metre_confidence=1.0,
        key=f"{names[up % 12]} major",
        key_confidence=1.0,
        key_runner_up="",
        chords=chords,
        sections=tuple(sections),
    )


def rendered(style_id: str, truth: Analysis, seed: int) -> np.ndarray:
    """The song played in a style, ``(2, frames) float32``."""
    style = load_style(style_id)
    nobody = Voice(step_s=0.25, sings=(), centre=None)
    score = compose(style, truth, roles=("drums", "bass", "other"), singer=nobody, seed=seed)
    frames = int(truth.duration_s * RATE)
    out = np.zeros((2, frames), np.float32)
    for layer in score.layers:
        if layer.noise_db is not None:
            continue
        sound = play(layer, score, rate=RATE, length_frames=frames, seed=seed)
        level = float(np.sqrt(np.mean(np.square(sound)))) + 1e-9
        out += sound * np.float32(10.0 ** ((LEVELS_DB[layer.role] + layer.level_db * 0.5) / 20.0) / level)
    return out


def figures(truth: Analysis, found: Analysis) -> dict[str, Any]:
    """Beats and bar lines (F-measure at 70 ms), tempo, key, chords (share of the time with the right root and third),
    borders of sections (F-measure at one bar)."""
    right = total = 0.0
    for chord in truth.chords:
        for other in found.chords:
            overlap = min(chord.end_s, other.end_s) - max(chord.start_s, other.start_s)
            if overlap > 0.0:
                total += overlap
                minor = other.quality in ("m", "m7", "dim")
                right += overlap if other.root == chord.root and minor == (chord.quality == "m") else 0.0
    bar = truth.beats_per_bar * 60.0 / truth.tempo_bpm
    relative = {"major": 9, "minor": 3}
    tonic, mode = found.key.split(" ") if found.key else ("", "major")
    names = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
    near = found.key == truth.key or (
        tonic in names and f"{names[(names.index(tonic) + relative[mode]) % 12]} major" == truth.key
    )
    return {
        "beat_f": f_measure(np.array(found.beats_s), np.array(truth.beats_s), 0.07),
        "downbeat_f": f_measure(np.array(found.downbeats_s), np.array(truth.downbeats_s), 0.07),
        "beat_error_ms": 1000.0
        * float(np.median([np.min(np.abs(np.array(found.beats_s or (0.0,)) - b)) for b in truth.beats_s])),
        "tempo_bpm": found.tempo_bpm,
        "metre": found.beats_per_bar == truth.beats_per_bar,
        "key": found.key == truth.key,
        "key_or_relative": near,
        "chords": right / max(total, 1e-9),
        "sections_f": f_measure(
            np.array([s.start_s for s in found.sections[1:]]), np.array([s.start_s for s in truth.sections[1:]]), bar
        ),
    }


def run(say: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """All cases, and their means."""
    rows: list[dict[str, Any]] = []
    for number, (style, bpm, per_bar, drift, up) in enumerate(CASES):
        truth = imagined(bpm, per_bar, drift, up, number)
        found = analyse(rendered(style, truth, number), rate=RATE)
        rows.append({"style": style, "bpm": bpm, "beats_per_bar": per_bar, "drift": drift, **figures(truth, found)})
        say(" ".join(f"{k}={round(v, 3) if isinstance(v, float) else v}" for k, v in rows[-1].items()))
    means = {
        name: round(float(np.mean([row[name] for row in rows])), 3)
        for name in ("beat_f", "downbeat_f", "beat_error_ms", "metre", "key", "key_or_relative", "chords", "sections_f")
    }
    return {"mean": means, "rows": rows}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.analysis_truth", description=__doc__)
    parser.parse_args(argv)
    print(json.dumps(run(lambda text: print(text, file=sys.stderr, flush=True))["mean"], indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
