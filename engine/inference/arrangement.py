"""The arranger: from what an analysis found and a style asks, parts that shipped instruments play along the whole
song.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from engine.analysis import Analysis
from engine.analysis.theme import ThemeNote
from engine.inference.arrangement_bass import bass_part
from engine.inference.arrangement_chords import Voice, chord_part, free_pad
from engine.inference.arrangement_drums import Hit, drum_part, kick_times
from engine.inference.arrangement_grid import Changes, Grid
from engine.inference.arrangement_lead import lead_part
from engine.inference.performance import perform, scored
from engine.inference.styles import Arrangement, Style
from engine.instruments import Note, load
from engine.midi import score as midi
from engine.types import Audio


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """Notes for the instruments of one part."""

    role: str
    title: str
    instruments: dict[str, tuple[Note, ...]]
    """Name of the instrument -> its notes."""
    ducked: bool = False
    level_db: float = 0.0
    pan: float = 0.0
    noise_db: float | None = None
    """Level in dBFS of surface noise, for a layer without notes."""


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """All parts of an arrangement."""

    layers: tuple[Layer, ...]
    kicks_s: tuple[float, ...]
    felt_bpm: float
    metric_level: float


def compose(
    style: Style,
    analysis: Analysis,
    *,
    roles: tuple[str, ...],
    singer: Voice,
    seed: int,
    ornament: float = 1.0,
    theme: Sequence[ThemeNote] = (),
) -> Score:
    """Write the parts of a style for a song.

    Args:
        style: a recipe with an arrangement.
        analysis: of the song.
        roles: which of ``drums``, ``bass``, ``other`` to write.
        singer: where the voice is on.
        seed: the same seed writes the same notes.
        ornament: 0..1.
        theme: what the leads play (`engine.analysis.theme.theme_of`).
    """
    plan = style.arrangement
    assert plan is not None
    changes = Changes(analysis)
    if len(analysis.beats_s) < 2:
        return _free(style, plan, analysis, changes, roles, singer, seed, theme)
    grid = Grid(analysis, tempo_bpm=style.tempo_bpm, swing=style.swing, swing_steps_per_beat=style.swing_steps_per_beat)
    layers: list[Layer] = []
    kicks: list[float] = []
    if plan.drums is not None:
        # Written even where they are not wanted: the bass and the side-chain follow the same kick for every intensity.
        hits = drum_part(plan.drums, grid, rng=_rng(style, seed, "drums"), ornament=ornament)
        if "drums" in roles and hits:
            kicks = kick_times(hits)
            layers.append(Layer(role="drums", title=f"{style.name} drums", instruments=_strokes(hits)))
    if plan.bass is not None and "bass" in roles:
        notes = bass_part(plan.bass, grid, changes, kicks=kicks, rng=_rng(style, seed, "bass"))
        if notes:
            title = f"{style.name} bass"
            layers.append(
                Layer(role="bass", title=title, instruments={plan.bass.instrument: tuple(notes)}, ducked=bool(kicks))
            )
    if "other" in roles:
        for number, part in enumerate(plan.harmony):
            rng = _rng(style, seed, f"harmony {number}")
            if part.kind == "lead":
                notes = lead_part(part, theme, grid, singer, duration_s=analysis.duration_s, rng=rng)
            else:
                notes = chord_part(part, grid, changes, singer, rng=rng)
            if notes:
                layers.append(_harmony(part.title, part.instrument, notes, part.level_db, part.pan, bool(kicks)))
        if plan.noise_db is not None and layers:
            layers.append(Layer(role="other", title="Surface noise", instruments={}, noise_db=plan.noise_db))
    return Score(layers=tuple(layers), kicks_s=tuple(kicks), felt_bpm=grid.felt_bpm, metric_level=grid.metric_level)


def _free(
    style: Style,
    plan: Arrangement,
    analysis: Analysis,
    changes: Changes,
    roles: tuple[str, ...],
    singer: Voice,
    seed: int,
    theme: Sequence[ThemeNote],
) -> Score:
    """Without a beat: pads, and leads at the times of the theme itself."""
    layers: list[Layer] = []
    heard = any(c.root >= 0 for c in analysis.chords)
    if "other" in roles:
        for number, part in enumerate(plan.harmony):
            rng = _rng(style, seed, f"harmony {number}")
            notes: list[Note] = []
            if part.kind == "pad" and heard:
                notes = free_pad(part, changes, singer, duration_s=analysis.duration_s, rng=rng)
            elif part.kind == "lead":
                notes = lead_part(part, theme, None, singer, duration_s=analysis.duration_s, rng=rng)
            if notes:
                layers.append(_harmony(part.title, part.instrument, notes, part.level_db, part.pan, False))
    return Score(layers=tuple(layers), kicks_s=(), felt_bpm=0.0, metric_level=1.0)


def _harmony(title: str, instrument: str, notes: list[Note], level_db: float, pan: float, ducked: bool) -> Layer:
    return Layer(
        role="other", title=title, instruments={instrument: tuple(notes)}, ducked=ducked, level_db=level_db, pan=pan
    )


def _rng(style: Style, seed: int, name: str) -> np.random.Generator:
    """A generator of its own for each part, so that leaving one out changes no other."""
    return np.random.default_rng([seed & 0xFFFFFFFF, zlib.crc32(f"{style.id}/{style.version}/{name}".encode())])


def _strokes(hits: list[Hit]) -> dict[str, tuple[Note, ...]]:
    """Strokes as notes of the kits that play them."""
    notes: dict[str, list[Note]] = {}
    for hit in hits:
        kit = load(hit.instrument)
        notes.setdefault(hit.instrument, []).append(
            Note(hit.start_s, 0.25, float(kit.pitch_of(hit.piece)), hit.velocity)
        )
    return {name: tuple(found) for name, found in notes.items()}


def play(
    layer: Layer,
    score: Score,
    *,
    rate: int,
    length_frames: int,
    seed: int,
    sidechain_db: float = 0.0,
    cancelled: Callable[[], bool] | None = None,
) -> Audio:
    """Let the instruments play one part, ``(2, length_frames) float32``, dry, peak at most 0.9.

    Raises:
        Cancelled: when the caller wants to stop.
    """
    if layer.noise_db is not None:
        return surface_noise(layer.noise_db, rate=rate, length_frames=length_frames, seed=seed)
    written = written_part(
        layer, score, rate=rate, length_frames=length_frames, seed=seed, sidechain_db=sidechain_db, analysis=None
    )
    return perform(written, cancelled=cancelled)[0]


def written_part(
    layer: Layer,
    score: Score,
    *,
    rate: int,
    length_frames: int,
    seed: int,
    sidechain_db: float,
    analysis: Analysis | None,
) -> midi.Score:
    """The notes of one part with all that is needed to play them again."""
    return scored(
        layer.instruments,
        title=layer.title,
        role=layer.role,
        rate=rate,
        frames=length_frames,
        seed=seed,
        pan=layer.pan,
        sidechain_db=sidechain_db if layer.ducked else 0.0,
        kicks_s=score.kicks_s,
        analysis=analysis,
    )


def surface_noise(level_db: float, *, rate: int, length_frames: int, seed: int) -> Audio:
    """The surface of an old record, ``(2, length_frames) float32``: soft hiss and a few crackles a second.

    Args:
        level_db: RMS in dBFS.
    """
    rng = np.random.default_rng([seed & 0xFFFFFFFF, 77])
    out = rng.standard_normal((2, length_frames), dtype=np.float32)
    # A running mean of two takes the edge off the hiss.
    out[:, 1:] = 0.5 * (out[:, 1:] + out[:, :-1])
    count = int(4.0 * length_frames / rate)
    places = rng.integers(0, max(length_frames - 64, 1), size=count)
    decay = np.exp(-np.arange(64) / 6.0).astype(np.float32)
    for place, size in zip(places, rng.exponential(9.0, size=count), strict=True):
        stop = min(place + 64, length_frames)
        out[:, place:stop] += np.float32(min(size, 40.0)) * decay[: stop - place] * np.float32(rng.choice([-1.0, 1.0]))
    level = float(np.sqrt(np.mean(np.square(out)))) + 1e-12
    return out * np.float32(10.0 ** (level_db / 20.0) / level)
