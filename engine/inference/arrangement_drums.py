"""Drum parts: patterns by density, ghosts and drop-outs against sameness, fills at the ends of phrases, hands that
are not machines.
"""

from __future__ import annotations

import msgspec
import numpy as np

from engine.inference.arrangement_grid import Bar, Grid, rebar
from engine.inference.styles import DrumLane, Drums

VELOCITY = {"X": 0.92, "x": 0.68, "o": 0.34}
_JITTER_S = {"hat": 0.003, "shaker": 0.003, "ride": 0.003}
_JITTER_OTHER_S = 0.005
_NEVER_DROPPED = ("kick", "snare", "clap", "rim")


class Hit(msgspec.Struct, frozen=True):
    """One stroke: instrument and piece, when, and how hard (0..1)."""

    instrument: str
    piece: str
    start_s: float
    velocity: float


def drum_part(drums: Drums, grid: Grid, *, rng: np.random.Generator, ornament: float) -> list[Hit]:
    """All strokes of the song.

    Args:
        drums: the style's lanes and fills.
        grid: bars of the song.
        rng: where chance comes from.
        ornament: 0..1, how much is varied beside the pattern.
    """
    hits: list[Hit] = []
    for bar in grid.bars:
        if bar.density <= 0:
            continue
        fill = _fill_of(drums, bar, rng) if bar.closes_phrase and bar.index >= 3 and bar.density >= 2 else None
        if fill is not None:
            fill = {n: rebar(t, steps_per_beat=len(t) // 4, beats=grid.beats_per_bar) for n, t in fill.items()}
        for lane, text in _bar_texts(drums, grid, bar, rng, varied=fill is None, ornament=ornament):
            hits += _steps(drums, lane, grid, bar, text if fill is None else _give_way(lane, text, fill), rng)
        if fill is not None:
            for name, text in fill.items():
                instrument, _, piece = name.rpartition("/")
                hits += _steps(drums, DrumLane(piece=piece, steps=text, instrument=instrument), grid, bar, text, rng)
        if bar.opens_section and drums.section_start and bar.density >= 2 and bar.index >= 0:
            hits.append(Hit(drums.instrument, drums.section_start, grid.step_s(bar, 0.0), 0.7))
    return [h for h in hits if -0.002 <= h.start_s < grid.duration_s - 0.03]


def _fill_of(drums: Drums, bar: Bar, rng: np.random.Generator) -> dict[str, str] | None:
    """A fill, an empty last half (drop-out), or None to play on."""
    if not drums.fills or rng.random() > drums.fill_chance:
        return None
    return drums.fills[int(rng.integers(len(drums.fills)))]


def _dropped_lane(drums: Drums, bar: Bar, rng: np.random.Generator) -> DrumLane | None:
    """A lane that rests in this bar: never the ones that carry the beat."""
    spare = [
        lane
        for lane in drums.lanes
        if lane.since <= bar.density <= lane.until and not lane.piece.startswith(_NEVER_DROPPED)
    ]
    return spare[int(rng.integers(len(spare)))] if len(spare) > 2 and rng.random() < 0.5 else None


def _bar_texts(
    drums: Drums, grid: Grid, bar: Bar, rng: np.random.Generator, *, varied: bool, ornament: float
) -> list[tuple[DrumLane, str]]:
    """The lanes that play in a bar with their steps; every fourth bar differs from the three before it."""
    playing = [
        (lane, grid.steps(lane.steps, steps_per_beat=drums.steps_per_beat, bar=bar))
        for lane in drums.lanes
        if lane.since <= bar.density <= lane.until
    ]
    if not playing or not varied or bar.index % 4 != 3:
        return playing
    dropped = _dropped_lane(drums, bar, rng)
    changed = [
        (lane, _vary(text, lane, rng, ornament)) for lane, text in playing if dropped is None or lane is not dropped
    ]
    if changed == playing:
        # Chance left everything as it was: the busiest lane leaves its last stroke out.
        busiest = max(range(len(playing)), key=lambda i: sum(c != "-" for c in playing[i][1]))
        lane, text = playing[busiest]
        last = max((i for i, c in enumerate(text) if c != "-"), default=0)
        changed[busiest] = (lane, text[:last] + "-" + text[last + 1 :])
    return changed


def _give_way(lane: DrumLane, text: str, fill: dict[str, str]) -> str:
    """The kick keeps time through a fill; everything else stops where the fill begins."""
    if lane.piece.startswith("kick"):
        return text
    begins = min((len(t) - len(t.lstrip("-")) for t in fill.values() if t.strip("-")), default=len(text))
    scaled = round(begins * len(text) / max(max(len(t) for t in fill.values()), 1))
    return text[:scaled] + "-" * (len(text) - scaled)


def _vary(text: str, lane: DrumLane, rng: np.random.Generator, ornament: float) -> str:
    """Add a ghost before a stroke, or leave out a plain stroke that is no accent."""
    out = list(text)
    if lane.piece.startswith(("snare", "hat", "shaker", "rim", "conga", "tom")):
        places = [i for i in range(1, len(out) - 1) if out[i] == "-" and out[i + 1] in "Xx"]
        if places and rng.random() < 0.6 * ornament:
            out[places[int(rng.integers(len(places)))]] = "o"
    places = [i for i in range(2, len(out)) if out[i] in "xo"]
    if len(places) > 3 and rng.random() < 0.5:
        out[places[int(rng.integers(len(places)))]] = "-"
    if lane.piece.startswith("kick") and rng.random() < 0.6 * ornament:
        late = [i for i in range(len(out) * 5 // 8, len(out)) if out[i] == "-" and i % 2 == 0]
        if late:
            out[late[int(rng.integers(len(late)))]] = "x"
    return "".join(out)


def _steps(drums: Drums, lane: DrumLane, grid: Grid, bar: Bar, text: str, rng: np.random.Generator) -> list[Hit]:
    # A fill may be written on another grid than the lanes: its length says so.
    per_beat = len(text) / grid.beats_per_bar
    spread = next((s for name, s in _JITTER_S.items() if lane.piece.startswith(name)), _JITTER_OTHER_S)
    hits: list[Hit] = []
    for i, mark in enumerate(text):
        if mark not in VELOCITY:
            continue
        jitter = float(np.clip(rng.normal(0.0, 0.5 * spread), -spread, spread))
        velocity = VELOCITY[mark] * lane.level + float(rng.normal(0.0, 0.025))
        start = grid.step_s(bar, i / per_beat) + jitter + lane.late_s
        # Of a pick-up only what falls into the song is played; a hand that is a blink early is not lost.
        if start >= -0.012:
            piece = (lane.instrument or drums.instrument, lane.piece)
            hits.append(Hit(*piece, max(start, 0.0), float(np.clip(velocity, 0.05, 1.0))))
    return hits


def kick_times(hits: list[Hit]) -> list[float]:
    """When bass drums strike, for the side-chain and the bass."""
    return sorted(h.start_s for h in hits if h.piece.startswith("kick"))
