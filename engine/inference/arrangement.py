"""The arranger: from what an analysis found and a style asks, parts that shipped instruments play along the whole
song.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import msgspec
import numpy as np

from engine.analysis import Analysis
from engine.errors import Cancelled
from engine.inference.arrangement_bass import bass_part
from engine.inference.arrangement_chords import Voice, chord_part, free_pad
from engine.inference.arrangement_drums import Hit, drum_part, kick_times
from engine.inference.arrangement_grid import Changes, Grid
from engine.inference.styles import Arrangement, Style
from engine.instruments import Note, load, render_notes
from engine.types import Audio

_DUCK_RELEASE_S = 0.22


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
    style: Style, analysis: Analysis, *, roles: tuple[str, ...], singer: Voice, seed: int, ornament: float = 1.0
) -> Score:
    """Write the parts of a style for a song.

    Args:
        style: a recipe with an arrangement.
        analysis: of the song.
        roles: which of ``drums``, ``bass``, ``other`` to write.
        singer: where the voice is on.
        seed: the same seed writes the same notes.
        ornament: 0..1.
    """
    plan = style.arrangement
    assert plan is not None
    changes = Changes(analysis)
    if len(analysis.beats_s) < 2:
        return _free(style, plan, analysis, changes, roles, singer, seed)
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
            notes = chord_part(part, grid, changes, singer, rng=_rng(style, seed, f"harmony {number}"))
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
) -> Score:
    """Without a beat: pads only."""
    layers: list[Layer] = []
    heard = any(c.root >= 0 for c in analysis.chords)
    if "other" in roles and heard:
        for number, part in enumerate(plan.harmony):
            if part.kind != "pad":
                continue
            rng = _rng(style, seed, f"harmony {number}")
            notes = free_pad(part, changes, singer, duration_s=analysis.duration_s, rng=rng)
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
    out = np.zeros((2, length_frames), dtype=np.float32)
    if layer.noise_db is not None:
        return surface_noise(layer.noise_db, rate=rate, length_frames=length_frames, seed=seed)
    for name, notes in sorted(layer.instruments.items()):
        instrument = load(name)
        # In stretches, so that a cancel is heard within a moment; tails ring into the next one.
        for start, stop, some in _stretches(notes, length_frames / rate):
            if cancelled is not None and cancelled():
                raise Cancelled
            first = round(start * rate)
            frames = min(length_frames, round((stop + 12.0) * rate)) - first
            shifted = [
                Note(n.start_s - first / rate, n.duration_s, n.pitch, n.velocity, bend=n.bend, legato=n.legato)
                for n in some
            ]
            piece = render_notes(
                instrument, shifted, rate=rate, length_frames=frames, seed=zlib.crc32(f"{seed}/{name}/{first}".encode())
            )
            out[:, first : first + frames] += piece
    if layer.ducked and sidechain_db > 0.0 and score.kicks_s:
        out *= duck(score.kicks_s, depth_db=sidechain_db, rate=rate, length_frames=length_frames)
    if layer.pan != 0.0:
        out[0] *= np.float32(min(1.0, 1.0 - layer.pan))
        out[1] *= np.float32(min(1.0, 1.0 + layer.pan))
    peak = float(np.max(np.abs(out), initial=0.0))
    if peak > 0.9:
        out *= np.float32(0.9 / peak)
    return out


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


def _stretches(notes: tuple[Note, ...], duration_s: float) -> list[tuple[float, float, list[Note]]]:
    """Notes in pieces of about 30 s."""
    length = 30.0
    found: list[tuple[float, float, list[Note]]] = []
    count = max(1, int(np.ceil(duration_s / length)))
    for k in range(count):
        start, stop = k * length, (k + 1) * length
        some = [n for n in notes if start <= n.start_s < stop]
        if some:
            begin = max(0.0, start - 0.25)
            found.append((begin, max(stop, max(n.start_s + n.duration_s for n in some)), some))
    return found


def duck(kicks_s: tuple[float, ...], *, depth_db: float, rate: int, length_frames: int) -> Audio:
    """Gain of a side-chain, ``(1, length_frames)``: down at each kick, back within a quarter of a second."""
    gain = np.ones(length_frames, dtype=np.float32)
    frames = round(_DUCK_RELEASE_S * rate)
    ramp = np.linspace(0.0, 1.0, frames, dtype=np.float32)
    fall = round(0.004 * rate)
    shape = 10.0 ** (-depth_db / 20.0 * (1.0 - ramp**1.5))
    shape[:fall] = np.linspace(1.0, shape[fall], fall)
    for kick in kicks_s:
        start = round(kick * rate) - fall
        first = max(start, 0)
        stop = min(start + frames, length_frames)
        if stop > first:
            gain[first:stop] = np.minimum(gain[first:stop], shape[first - start : stop - start])
    return gain[None, :]
