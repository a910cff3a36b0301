"""What a seed changes in a style, and how far two results are apart.

Seed 0 is the recipe as it is written. Any other plays it as another band would: other patterns first, other registers
and layers, a little more or less swing, a kit with other levels. What makes the style (its drum patterns, its
instruments, its harmony) stays.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Sequence
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from engine.inference.arrangement import Score
from engine.inference.styles import Arrangement, BassLine, DrumLane, Drums, HarmonyLayer, Style

Fingerprint: TypeAlias = npt.NDArray[np.float64]
T = TypeVar("T")

NEAR_DUPLICATE = 0.06
"""Variations nearer to each other than this would not be told apart."""
_STEPS = 16
_WINDOWS = 24
_CORE = ("kick", "snare", "clap", "rim", "ride", "brush")


def varied(style: Style, seed: int) -> Style:
    """The style as this seed plays it; seed 0 is the style itself."""
    if seed == 0 or style.arrangement is None:
        return style
    rng = np.random.default_rng([seed & 0xFFFFFFFF, zlib.crc32(f"variation/{style.id}".encode())])
    plan = style.arrangement
    changed = replace(
        plan,
        drums=_drums(plan.drums, rng) if plan.drums is not None else None,
        bass=_bass(plan.bass, rng) if plan.bass is not None else None,
        harmony=_harmony(plan, rng),
    )
    swing = style.swing
    if style.swing > 0.5:
        swing = float(np.clip(style.swing + rng.uniform(-0.02, 0.02), 0.505, 0.68))
    balance = {role: float(np.clip(db + rng.uniform(-1.0, 1.0), -12.0, 12.0)) for role, db in _balance(style).items()}
    production = replace(style.production, balance_db=balance)
    return replace(style, arrangement=changed, swing=swing, production=production)


def _balance(style: Style) -> dict[str, float]:
    return {**dict.fromkeys(("drums", "bass", "other"), 0.0), **style.production.balance_db}


def _rotated(values: tuple[T, ...], rng: np.random.Generator) -> tuple[T, ...]:
    by = int(rng.integers(len(values)))
    return values[by:] + values[:by]


def _drums(drums: Drums, rng: np.random.Generator) -> Drums:
    lanes = list(drums.lanes)
    spare = [i for i, lane in enumerate(lanes) if not lane.piece.startswith(_CORE)]
    out = {int(rng.choice(spare))} if len(spare) > 2 and rng.random() < 0.6 else set[int]()
    made: list[DrumLane] = []
    for i, lane in enumerate(lanes):
        if i in out:
            continue
        level = float(np.clip(lane.level * rng.uniform(0.85, 1.12), 0.0, 1.5))
        steps = lane.steps
        if i in spare and rng.random() < 0.35:
            steps = _thinned(steps, rng)
        made.append(replace(lane, level=level, steps=steps))
    chance = float(np.clip(drums.fill_chance + rng.uniform(-0.25, 0.25), 0.2, 1.0))
    return replace(
        drums, lanes=tuple(made), fills=_rotated(drums.fills, rng) if drums.fills else (), fill_chance=chance
    )


def _thinned(steps: str, rng: np.random.Generator) -> str:
    """A lane with one of its plain or ghost strokes left out in each half."""
    out = list(steps)
    half = len(out) // 2
    for first in (0, half):
        places = [i for i in range(first, first + half) if out[i] in "xo"]
        if len(places) > 2:
            out[int(rng.choice(places))] = "-"
    return "".join(out)


def _bass(bass: BassLine, rng: np.random.Generator) -> BassLine:
    gate = float(np.clip(bass.gate * rng.uniform(0.85, 1.1), 0.1, 1.0))
    return replace(bass, patterns=_rotated(bass.patterns, rng), gate=gate)


def _harmony(plan: Arrangement, rng: np.random.Generator) -> tuple[HarmonyLayer, ...]:
    layers = list(plan.harmony)
    spare = [i for i, layer in enumerate(layers) if layer.since >= 3 or layer.level_db <= -6.0]
    out = {int(rng.choice(spare))} if len(layers) > 2 and spare and rng.random() < 0.5 else set[int]()
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    made: list[HarmonyLayer] = []
    for i, layer in enumerate(layers):
        if i in out:
            continue
        up = int(rng.integers(-3, 4))
        low, high = layer.low + up, layer.high + up
        if low < 30 or high > 108 or (layer.kind == "chord" and layer.voices == 1):
            low, high = layer.low, layer.high
        made.append(
            replace(
                layer,
                low=low,
                high=high,
                patterns=_rotated(layer.patterns, rng),
                level_db=float(np.clip(layer.level_db + rng.uniform(-2.5, 2.5), -24.0, 24.0)),
                pan=layer.pan * mirror,
                since=max(1, layer.since - 1) if layer.since > 1 and rng.random() < 0.25 else layer.since,
            )
        )
    return tuple(made)


def fingerprint(style: Style, score: Score | None) -> Fingerprint:
    """What is played when, as numbers between 0 and 1: strokes on the bar, density over the song, registers and
    instruments of each role, and the tone that the production aims at.
    """
    layers = score.layers if score is not None else ()
    felt_bpm = score.felt_bpm if score is not None else 0.0
    end = max((n.start_s for layer in layers for ns in layer.instruments.values() for n in ns), default=1.0)
    beat = 60.0 / felt_bpm if felt_bpm > 0.0 else 0.5
    parts: list[Fingerprint] = []
    for role in ("drums", "bass", "other"):
        bar, density, pitches, sounds = np.zeros(_STEPS), np.zeros(_WINDOWS), np.zeros(12), np.zeros(32)
        for layer in layers:
            if layer.role != role:
                continue
            for name, notes in layer.instruments.items():
                sounds[zlib.crc32(name.encode()) % 32] += len(notes)
                for note in notes:
                    bar[round(note.start_s / beat * 4.0) % _STEPS] += note.velocity
                    density[min(int(note.start_s / (end + 1e-6) * _WINDOWS), _WINDOWS - 1)] += 1.0
                    pitches[min(int(note.pitch / 10.7), 11)] += 1.0
        parts += [_unit(bar), _unit(density), _unit(pitches), _unit(sounds)]
    tones = [np.asarray(style.production.targets.get(r, (0.0,) * 27)[:27]) / 60.0 for r in ("drums", "bass", "other")]
    levels = np.array([_balance(style)[r] / 12.0 for r in ("drums", "bass", "other")])
    return np.concatenate([*parts, 0.25 * np.concatenate(tones), 0.5 * levels])


def _unit(values: Fingerprint) -> Fingerprint:
    return values / max(float(np.linalg.norm(values)), 1e-9)


def distance(a: Fingerprint, b: Fingerprint) -> float:
    """0 for the same, about 1 for two styles that share nothing."""
    return float(np.linalg.norm(a - b) / np.sqrt(24.0))


def choose(candidates: Sequence[Fingerprint], count: int, *, near: float = NEAR_DUPLICATE) -> list[int]:
    """Indices of at most `count` candidates that lie far from each other, the first one always among them.

    Each next one is the farthest from those chosen; the choice ends where only near duplicates are left.
    """
    if not candidates or count < 1:
        return []
    chosen = [0]
    least = np.array([distance(candidates[0], other) for other in candidates])
    while len(chosen) < count:
        farthest = int(np.argmax(least))
        if least[farthest] < near:
            break
        chosen.append(farthest)
        least = np.minimum(least, [distance(candidates[farthest], other) for other in candidates])
    return chosen


def nearest_pair(prints: Sequence[Fingerprint]) -> float:
    """Distance of the two that are nearest to each other; 1 where there are fewer than two."""
    return min((distance(a, b) for a, b in itertools.combinations(prints, 2)), default=1.0)
