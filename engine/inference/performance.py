"""A score as sound: the sampler plays its notes, the side-chain and the room for the voice shape it.

The same score gives the same sound, when a restyle lands as when a person changed a note; a note that stays sounds as
it did before another one changed, but where one cuts the other off.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import numpy as np

from engine.analysis import Analysis
from engine.analysis.harmony import QUALITIES
from engine.errors import Cancelled
from engine.inference.arrangement_grid import scale_of
from engine.inference.restyle_room import step_back
from engine.instruments import Instrument, Note, Tones, load, render_notes
from engine.io.pcm import write_pcm
from engine.midi.score import Ducking, Room, Score, ScoreChord, ScoreNote, ScoreVoice, SongGrid, decode_score, ordered
from engine.types import Audio, PcmRef, Progress

LOUDEST = 0.9
_DUCK_RELEASE_S = 0.22
_STRETCH_S = 30.0
_TAIL_S = 12.0


def voice_of(name: str) -> ScoreVoice:
    """An instrument as a score names it.

    Raises:
        PackError: instrument-unknown, pack-invalid.
    """
    instrument = load(name)
    low, high = instrument.key_range
    return ScoreVoice(
        instrument=name,
        name=instrument.info.name,
        sha256=_digest(instrument),
        pieces=dict(instrument.pieces),
        low=low,
        high=high,
        credits=tuple(f"{each.source} ({each.licence})" for each in instrument.info.attributions),
    )


def scored(
    instruments: Mapping[str, tuple[Note, ...]],
    *,
    title: str,
    role: str,
    rate: int,
    frames: int,
    seed: int,
    pan: float = 0.0,
    sidechain_db: float = 0.0,
    kicks_s: tuple[float, ...] = (),
    analysis: Analysis | None = None,
) -> Score:
    """Notes by instrument as a score, with what `analysis` knows of the song.

    Args:
        instruments: name of the instrument -> its notes, at least one.
        title: of the part.
        role: of the stem that it replaces.
        rate: frames per second.
        frames: length of the sound.
        seed: chooses among recordings that fit alike.
        pan: -1 to 1.
        sidechain_db: by how much it goes down at each of `kicks_s`; 0 for not at all.
        kicks_s: seconds, ascending.
        analysis: of the song; None leaves its grid out.
    """
    names = sorted(instruments)
    notes = [
        ScoreNote(
            float(n.start_s),
            float(n.duration_s),
            float(n.pitch),
            float(n.velocity),
            voice,
            tuple((float(at), float(by)) for at, by in n.bend),
            n.legato,
        )
        for voice, name in enumerate(names)
        for n in instruments[name]
    ]
    return Score(
        title=title,
        role=role,
        voices=tuple(voice_of(name) for name in names),
        notes=ordered(notes),
        rate=rate,
        frames=frames,
        seed=seed,
        pan=pan,
        ducking=Ducking(depth_db=sidechain_db, kicks_s=tuple(float(k) for k in kicks_s))
        if sidechain_db > 0.0 and kicks_s
        else None,
        song=SongGrid() if analysis is None else grid_of(analysis),
    )


def grid_of(analysis: Analysis) -> SongGrid:
    """What a score keeps of a song."""
    return SongGrid(
        beats_s=tuple(round(float(each), 5) for each in analysis.beats_s),
        downbeats_s=tuple(round(float(each), 5) for each in analysis.downbeats_s),
        beats_per_bar=analysis.beats_per_bar,
        key=analysis.key,
        scale=scale_of(analysis.key) if analysis.key else (),
        chords=tuple(
            ScoreChord(
                round(float(c.start_s), 4),
                round(float(c.end_s), 4),
                c.label,
                int(c.root),
                tuple((int(c.root) + step) % 12 for step in QUALITIES.get(c.quality, ())) if c.root >= 0 else (),
            )
            for c in analysis.chords
        ),
    )


def perform(
    score: Score, *, scale: float | None = None, cancelled: Callable[[], bool] | None = None
) -> tuple[Audio, float]:
    """Play a score, ``(2, frames) float32``, and say what it was multiplied by.

    Args:
        score: its own scale is not looked at.
        scale: what to multiply by; None turns it down as far as needed to peak at `LOUDEST` at most.
        cancelled: asked twice a minute of sound.

    Raises:
        Cancelled: when the caller wants to stop.
        PackError, AudioFileError: an instrument or a sound of it is missing.
    """
    rate, frames = score.rate, score.frames
    out = np.zeros((2, frames), dtype=np.float32)
    for number, voice in enumerate(score.voices):
        notes = [n for n in score.notes if n.voice == number]
        if not notes:
            continue
        instrument = load(voice.instrument)
        tones: Tones = {}
        # In stretches, so that a cancel is heard within a moment; tails ring into the next one.
        for start_s, stop_s, some in _stretches(notes, frames / rate):
            if cancelled is not None and cancelled():
                raise Cancelled
            first = round(start_s * rate)
            length = min(frames, round((stop_s + _TAIL_S) * rate)) - first
            if length <= 0:
                continue
            piece = render_notes(
                instrument,
                [
                    Note(n.start_s - first / rate, n.duration_s, n.pitch, n.velocity, bend=n.bend, legato=n.legato)
                    for n in some
                ],
                rate=rate,
                length_frames=length,
                seed=zlib.crc32(f"{score.seed}/{voice.instrument}/{first}".encode()),
                tones=tones,
            )
            out[:, first : first + length] += piece
    ducking = score.ducking
    if ducking is not None:
        out *= duck(ducking.kicks_s, depth_db=ducking.depth_db, rate=rate, length_frames=frames)
    if score.pan != 0.0:
        out[0] *= np.float32(min(1.0, 1.0 - score.pan))
        out[1] *= np.float32(min(1.0, 1.0 + score.pan))
    if scale is None:
        peak = float(np.max(np.abs(out), initial=0.0))
        scale = LOUDEST / peak if peak > LOUDEST else 1.0
    if scale != 1.0:
        out *= np.float32(scale)
    if score.room is not None:
        out = step_back(out, np.array(score.room.gain), rate=rate, step_s=score.room.step_s)
    return out, scale


def render_task(*, score: bytes, out_path: str, progress: Progress, cancelled: Callable[[], bool]) -> PcmRef:
    """Worker task: the sound of a score (its bytes) in a file at `out_path`.

    Raises:
        ScoreError: score-invalid. PackError, AudioFileError: as `perform`. Cancelled.
    """
    read = decode_score(score)
    progress(0.1, f"Playing: {read.title}")
    sound, _ = perform(read, scale=read.scale, cancelled=cancelled)
    return write_pcm(sound, Path(out_path), rate=read.rate)


def with_room(score: Score, gain: np.ndarray, *, step_s: float) -> Score:
    """The score of a part that steps back for the voice; the gain as it must be applied is in the result."""
    values = tuple(float(each) for each in np.round(gain, 4))
    return msgspec.structs.replace(score, room=Room(step_s=float(step_s), gain=values))


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


def _stretches(notes: list[ScoreNote], duration_s: float) -> list[tuple[float, float, list[ScoreNote]]]:
    """Notes in pieces of about 30 s; where a piece begins does not depend on its notes."""
    found: list[tuple[float, float, list[ScoreNote]]] = []
    for k in range(max(1, int(np.ceil(duration_s / _STRETCH_S)))):
        start_s, stop_s = k * _STRETCH_S, (k + 1) * _STRETCH_S
        some = [n for n in notes if start_s <= n.start_s < stop_s]
        if some:
            found.append((max(0.0, start_s - 0.25), max(stop_s, max(n.end_s for n in some)), some))
    return found


def _digest(instrument: Instrument) -> str:
    return hashlib.sha256((instrument.folder / "instrument.json").read_bytes()).hexdigest()
