"""Plays notes on an instrument: chooses the recorded sound, tunes it, shapes it and lays it on the timeline."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import soxr  # pyright: ignore[reportMissingTypeStubs]

from engine.errors import EngineError
from engine.instruments.model import Instrument, Note, Region
from engine.types import Audio

_CHOKE_S = 0.025
_EDGE_S = 0.001
_LEGATO_FADE_S = 0.03
_LAYER_BLUR = 0.03
"""Velocities this close to a border fall to either layer by chance, so that a crescendo does not show where it is."""
_ALONE_CENTS = 3
"""A sound without a twin is detuned by at most this many whole cents from one note to the next; whole ones, so that
tones come back and are computed once."""

Tones: TypeAlias = dict[tuple[str, int, float], Audio]
"""Tones that were tuned already, by recording, place in it and transposition in semitones."""


def render_notes(
    instrument: Instrument,
    notes: Iterable[Note],
    *,
    rate: int,
    length_frames: int,
    seed: int = 0,
    tones: Tones | None = None,
) -> Audio:
    """Play `notes` and return `(2, length_frames) float32`; what rings past the end is cut with a short fade.

    The same arguments give the same samples. Notes outside the keyboard take the nearest region. A note whose layer has
    more than one recording never plays the same one twice in a row.

    Args:
        instrument: what plays.
        notes: in any order.
        rate: frames per second.
        length_frames: length of the result.
        seed: chooses among recordings that fit alike.
        tones: what earlier calls with this instrument and rate have tuned; grows. It saves time and changes no sample.

    Raises:
        EngineError: (note-invalid) a note has a length, velocity or start that cannot be played.
        AudioFileError: a sound of the instrument is missing.
    """
    out = np.zeros((2, length_frames), np.float64)
    chooser = _Chooser(instrument, seed)
    planned: list[_Planned] = []
    for note in sorted(notes, key=lambda n: (n.start_s, n.pitch)):
        _check(note)
        region, cents = chooser.choose(note)
        planned.append(_Planned(note, region, cents))
    _apply_chokes(planned)
    tuned: Tones = {} if tones is None else tones
    for item in planned:
        lead_s = 0.0 if item.note.legato else item.region.lead_s
        start = round((item.note.start_s - lead_s) * rate)
        if start < length_frames:
            _lay(out, _voice(instrument, item, rate, tuned), start)
    edge = min(length_frames, round(0.005 * rate))
    if edge and np.any(np.abs(out[:, -1]) > 1e-5):
        out[:, -edge:] *= np.linspace(1.0, 0.0, edge)
    return out.astype(np.float32)


class _Planned:
    """A note, the region it plays, and where another note cuts it off."""

    def __init__(self, note: Note, region: Region, cents: float):
        self.note = note
        self.region = region
        self.cents = cents
        self.choked_s: float | None = None


class _Chooser:
    """Picks regions, and remembers the last one of each group so that none is repeated."""

    def __init__(self, instrument: Instrument, seed: int):
        self._regions = instrument.info.regions
        self._seed = seed
        self._last: dict[tuple[int, int, float], tuple[str, int]] = {}

    def choose(self, note: Note) -> tuple[Region, float]:
        """The region for a note, and a detuning in cents."""
        key = round(note.pitch)
        blur, draw = _chances(self._seed, note)
        zone = [r for r in self._regions if r.key_low <= key <= r.key_high] or self._nearest(key)
        velocity = min(max(note.velocity + (2.0 * blur - 1.0) * _LAYER_BLUR, 0.0), 1.0)
        layer = [r for r in zone if r.velocity_low <= velocity < r.velocity_high]
        if not layer:
            top = max(r.velocity_high for r in zone)
            layer = [r for r in zone if r.velocity_high == top]
        group = (layer[0].key_low, layer[0].key_high, layer[0].velocity_low)
        fresh = [r for r in layer if r.key != self._last.get(group)] or layer
        region = fresh[int(draw * len(fresh))]
        self._last[group] = region.key
        cents = float(round((2 * draw - 1) * _ALONE_CENTS)) if len(layer) == 1 else 0.0
        return region, cents

    def _nearest(self, key: int) -> list[Region]:
        def distance(r: Region) -> int:
            return max(r.key_low - key, key - r.key_high)

        closest = min(distance(r) for r in self._regions)
        return [r for r in self._regions if distance(r) == closest]


def _chances(seed: int, note: Note) -> tuple[float, float]:
    """Two numbers of 0 to 1 that are the note's own: other notes that come or go do not change how it sounds."""
    text = f"{seed} {round(note.start_s * 1e6)} {round(note.pitch * 100)}".encode()
    drawn = hashlib.blake2b(text, digest_size=8).digest()
    return int.from_bytes(drawn[:4], "big") / 2**32, int.from_bytes(drawn[4:], "big") / 2**32


def _apply_chokes(planned: Sequence[_Planned]) -> None:
    """A closed hat ends an open one that still rings."""
    for index, item in enumerate(planned):
        if not item.region.choke:
            continue
        for later in planned[index + 1 :]:
            if item.region.choke in later.region.chokes and later.note.start_s > item.note.start_s + 1e-4:
                item.choked_s = later.note.start_s - item.note.start_s
                break


def _voice(instrument: Instrument, item: _Planned, rate: int, tuned: Tones) -> Audio:
    """One sounding note `(2, frames)`."""
    note, region, info = item.note, item.region, instrument.info
    release_s = info.release_s if region.release_s is None else region.release_s
    held_s = note.duration_s + (0.0 if note.legato else region.lead_s)
    if region.one_shot:
        held_s, release_s = np.inf, _CHOKE_S
    if item.choked_s is not None and item.choked_s < held_s:
        held_s, release_s = item.choked_s, _CHOKE_S
    transposition = (note.pitch - region.root if not instrument.is_kit else 0.0) + item.cents / 100.0
    wanted_s = held_s + release_s
    if note.bend:
        # The sound begins before its note, by the time it takes to speak; bends count from the note.
        lead_s = 0.0 if note.legato else region.lead_s
        sound = _bent(instrument, region, transposition, note.bend, rate, wanted_s, lead_s)
    else:
        sound = _straight(instrument, region, transposition, rate, wanted_s, tuned)
    if note.legato and sound.shape[1] > round((info.legato_offset_s + 0.1) * rate):
        sound = sound[:, round(info.legato_offset_s * rate) :]
    frames = sound.shape[1] if not np.isfinite(wanted_s) else min(sound.shape[1], round(wanted_s * rate))
    sound = sound[:, :frames] * _envelope(frames, held_s, release_s, rate, legato=note.legato)
    level_db = info.gain_db + region.gain_db
    gain = 10.0 ** (level_db / 20.0) * note.velocity**info.velocity_exponent
    return _to_stereo(sound, region.pan) * np.float32(gain)


def _envelope(frames: int, held_s: float, release_s: float, rate: int, *, legato: bool) -> npt.NDArray[np.float32]:
    """Edges that do not click and a release that falls like a damped string."""
    envelope = np.ones(frames, np.float32)
    fade_in = min(frames, round((_LEGATO_FADE_S if legato else _EDGE_S * 0.5) * rate))
    if fade_in > 1:
        envelope[:fade_in] = np.sin(np.linspace(0.0, np.pi / 2, fade_in, dtype=np.float32)) ** 2
    held = frames if not np.isfinite(held_s) else min(frames, round(held_s * rate))
    tail = frames - held
    if tail > 0:
        t = np.arange(tail, dtype=np.float32) / max(1.0, release_s * rate)
        envelope[held:] *= np.exp(-4.0 * t) * (1.0 - t.clip(0, 1))
    fade_out = min(frames, round(_EDGE_S * 3 * rate))
    if fade_out > 1:
        envelope[-fade_out:] *= np.linspace(1.0, 0.0, fade_out, dtype=np.float32)
    return envelope


def _source(instrument: Instrument, region: Region, seconds: float) -> tuple[Audio, int]:
    """The region's recording, made at least `seconds` long (of its own time) by its loop where it has one."""
    sound, source_rate = instrument.sound(region)
    needed = int(min(seconds, 600.0) * source_rate) + 64
    if not region.loop_end or needed <= sound.shape[1] or not np.isfinite(seconds):
        return sound[:, :needed] if np.isfinite(seconds) else sound, source_rate
    cycle = sound[:, region.loop_start : region.loop_end]
    repeats = int(np.ceil((needed - region.loop_end) / cycle.shape[1])) + 1
    return np.concatenate([sound[:, : region.loop_end], *([cycle] * repeats)], axis=1)[:, :needed], source_rate


def _straight(
    instrument: Instrument,
    region: Region,
    transposition: float,
    rate: int,
    wanted_s: float,
    tuned: Tones,
) -> Audio:
    """A tone of steady pitch, by band-limited resampling; equal tones are computed once."""
    key = (*region.key, round(transposition, 4))
    known = tuned.get(key)
    if known is not None and (known.shape[1] >= wanted_s * rate or not region.loop_end):
        return known
    ratio = 2.0 ** (transposition / 12.0)
    # The whole file unless it loops: later notes of the same pitch share the result whatever their length.
    seconds = wanted_s * ratio + 0.1 if region.loop_end else np.inf
    sound, source_rate = _source(instrument, region, seconds)
    if abs(ratio * source_rate - rate) > 1e-6:
        converted = soxr.resample(sound.T, source_rate * ratio, float(rate), quality="HQ")
        sound = np.ascontiguousarray(np.asarray(converted, dtype=np.float32).T)
    tuned[key] = sound
    return sound


def _bent(
    instrument: Instrument,
    region: Region,
    transposition: float,
    bend: tuple[tuple[float, float], ...],
    rate: int,
    wanted_s: float,
    lead_s: float,
) -> Audio:
    """A tone whose pitch moves: read at a moving speed, from a copy at twice the rate, so that it stays clean."""
    sound, source_rate = instrument.sound(region)
    limit_s = sound.shape[1] / source_rate * 4 if not region.loop_end else wanted_s
    frames = round(min(wanted_s, limit_s, 600.0) * rate)
    t = np.arange(frames) / rate
    times, semitones = zip(*bend, strict=True)
    speed = 2.0 ** ((transposition + np.interp(t - lead_s, times, semitones)) / 12.0)
    position_s = np.concatenate([[0.0], np.cumsum(speed[:-1]) / rate]) if frames else np.zeros(0)
    sound, source_rate = _source(instrument, region, float(position_s[-1]) + 0.1 if frames else 0.1)
    dense = np.asarray(soxr.resample(sound.T, float(source_rate), 2.0 * source_rate, quality="HQ"), np.float32).T
    position = position_s * 2.0 * source_rate
    position = position[position < dense.shape[1] - 3]
    return _hermite(dense, position)


def _hermite(x: Audio, position: npt.NDArray[np.float64]) -> Audio:
    """Read `x` at fractional frames with third-order Hermite interpolation."""
    i = np.maximum(position.astype(np.int64), 1)
    f = (position - i).astype(np.float32)
    a, b, c, d = x[:, i - 1], x[:, i], x[:, i + 1], x[:, i + 2]
    slope_b, slope_c = (c - a) * 0.5, (d - b) * 0.5
    k1 = 3 * (c - b) - 2 * slope_b - slope_c
    k2 = 2 * (b - c) + slope_b + slope_c
    return (b + f * (slope_b + f * (k1 + f * k2))).astype(np.float32)


def _to_stereo(sound: Audio, pan: float) -> Audio:
    """Two channels with `pan` -1..1 (0 leaves both at full level)."""
    stereo: Audio = np.repeat(sound, 2, axis=0) if sound.shape[0] == 1 else sound[:2]
    if pan == 0.0:
        return stereo
    angle = (pan + 1.0) * np.pi / 4
    gains = np.array([[np.cos(angle)], [np.sin(angle)]], np.float32) * np.float32(np.sqrt(2.0))
    return (stereo * gains).astype(np.float32)


def _lay(out: npt.NDArray[np.float64], sound: Audio, start: int) -> None:
    """Add `sound` to `out` at `start`, as far as it fits."""
    skip = max(0, -start)
    begin = max(0, start)
    frames = min(sound.shape[1] - skip, out.shape[1] - begin)
    if frames > 0:
        out[:, begin : begin + frames] += sound[:, skip : skip + frames]


def _check(note: Note) -> None:
    numbers = (note.start_s, note.duration_s, note.pitch, note.velocity)
    if not all(np.isfinite(v) for v in numbers) or note.duration_s < 0 or not 0.0 <= note.velocity <= 1.0:
        raise EngineError(
            f"A note cannot be played: start {note.start_s}, length {note.duration_s}, velocity {note.velocity}.",
            remedy="Give each note a finite start and pitch, a length of at least 0 and a velocity between 0 and 1.",
            code="note-invalid",
        )
