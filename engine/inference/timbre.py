"""Play what is sung: the line of a stem as notes with its bends and its loudness, on an instrument of the sampler.

This is transcription and sampling by rules, not a model: `onnx_models` holds none that does it better.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from engine.analysis.melody import Line, SungNote, notes_of, track
from engine.analysis.spectra import Floats
from engine.dsp.loudness import integrated_lufs
from engine.errors import Cancelled, StyleError
from engine.inference.timbres import Timbre, find_timbre
from engine.instruments import Note, load, render_notes
from engine.io.pcm import write_pcm
from engine.types import Audio, PcmRef, Progress

_FEWEST_NOTES = 2
_SLUR_S = 0.05
_LEVEL_RANGE_DB = 12.0
_STRETCH_S = 30.0
_TAIL_S = 2.0


class TimbreResult(msgspec.Struct, frozen=True, kw_only=True):
    """The line on its new instrument, as long as the stem and as loud."""

    timbre: str
    pcm: PcmRef
    notes: int
    octaves: int
    """By how many octaves it was moved to where the instrument sounds well."""
    pitched_share: float
    """Share of the sounding time that had a pitch to follow."""
    notices: list[str]


def timbre_task(
    *, stem: PcmRef, out_path: str, timbre: str, progress: Progress, cancelled: Callable[[], bool]
) -> TimbreResult:
    """Worker task: play the line of a stem on another instrument.

    Args:
        stem: a voice or another instrument that plays one note at a time.
        out_path: where the samples go, ``(2, frames) float32`` at the stem's rate.
        timbre: id of a timbre.

    Raises:
        StyleError: ``style-unknown``; ``style-unsuitable`` where there is no line to follow. Cancelled: when the caller
            wants to stop.
    """
    chosen = find_timbre(timbre)
    audio = np.asarray(stem.open())
    progress(0.05, "Following the line")
    line = track(audio, rate=stem.rate, cancelled=cancelled)
    notes = notes_of(line)
    if len(notes) < _FEWEST_NOTES:
        raise StyleError(
            "There is no line to follow in this stem.",
            remedy="Choose a stem that sings or plays one note at a time.",
            code="style-unsuitable",
        )
    up = _octaves(notes, chosen)
    progress(0.4, f"Playing: {chosen.name}")
    played = _played(notes, line, up)
    instrument = load(chosen.instrument)
    frames = stem.frames
    out = np.zeros((2, frames), np.float32)
    for start in np.arange(0.0, frames / stem.rate, _STRETCH_S):
        if cancelled():
            raise Cancelled
        some = [n for n in played if start <= n.start_s < start + _STRETCH_S]
        if not some:
            continue
        first = max(0, round((start - 0.25) * stem.rate))
        ends = max(n.start_s + n.duration_s for n in some) + _TAIL_S
        length = min(frames, round(ends * stem.rate)) - first
        shifted = [msgspec.structs.replace(n, start_s=n.start_s - first / stem.rate) for n in some]
        out[:, first : first + length] += render_notes(instrument, shifted, rate=stem.rate, length_frames=length)
        progress(0.4 + 0.4 * min(start * stem.rate / frames, 1.0), f"Playing: {chosen.name}")
    out = _as_loud(out, line, audio, rate=stem.rate)
    sounding = line.level_db > float(np.percentile(line.level_db, 97)) - 30.0
    share = float((~np.isnan(line.pitch))[sounding].mean()) if sounding.any() else 0.0
    notices: list[str] = []
    if share < 0.5:
        notices.append(
            f"Only {100 * share:.0f} % of the stem had a pitch to follow: speech, breath and chords are left out."
        )
    progress(1.0, "Done")
    return TimbreResult(
        timbre=chosen.id,
        pcm=write_pcm(out, Path(out_path), rate=stem.rate),
        notes=len(notes),
        octaves=up,
        pitched_share=round(share, 3),
        notices=notices,
    )


def _octaves(notes: list[SungNote], timbre: Timbre) -> int:
    """The octave that brings most of the line into the range, the nearest where several do."""
    pitches = np.array([n.pitch for n in notes for _ in range(max(1, n.last - n.first))])

    def outside(up: int) -> float:
        moved = pitches + 12 * up
        return float(np.mean((moved < timbre.low) | (moved > timbre.high))) + 0.02 * abs(up)

    return min(range(-3, 4), key=outside)


def _played(notes: list[SungNote], line: Line, octaves: int) -> list[Note]:
    """Sampler notes with the bends of the voice; notes that follow at once are slurred."""
    loudest = float(np.percentile(line.level_db[~np.isnan(line.pitch)], 95))
    out: list[Note] = []
    for k, note in enumerate(notes):
        curve = line.pitch[note.first : note.last] - note.pitch
        known = np.flatnonzero(~np.isnan(curve))
        points = known[:: max(1, known.size // 24)]
        bend = tuple((float(p) * line.step_s, float(np.clip(curve[p], -2.0, 2.0))) for p in points)
        level = float(np.mean(line.level_db[note.first : note.last])) - loudest
        velocity = float(np.clip(0.85 + level / 40.0, 0.25, 1.0))
        slurred = k > 0 and note.start_s - notes[k - 1].end_s < _SLUR_S
        pitch = float(note.pitch + 12 * octaves)
        out.append(Note(note.start_s, note.end_s - note.start_s, pitch, velocity, bend=bend, legato=slurred))
    return out


def _as_loud(sound: Audio, line: Line, source: Audio, *, rate: int) -> Audio:
    """The sound with the dynamics of the voice, at its loudness."""
    step = max(1, round(line.step_s * rate))
    count = min(line.level_db.size, sound.shape[1] // step)
    power = np.square(sound[:, : count * step]).reshape(2, count, step).mean(axis=(0, 2))
    kernel: Floats = np.hanning(15)[1:-1]
    kernel /= kernel.sum()
    wanted: Floats = np.convolve(line.level_db[:count], kernel, mode="same")
    given: Floats = 10.0 * np.log10(np.convolve(power.astype(np.float64), kernel, mode="same") + 1e-9)
    there = given > -60.0
    if not there.any():
        return sound
    change = np.where(there, wanted - given, 0.0)
    change -= float(np.median(change[there]))
    change = np.convolve(np.clip(change, -_LEVEL_RANGE_DB, _LEVEL_RANGE_DB), kernel, mode="same")
    frames: Floats = np.arange(sound.shape[1], dtype=np.float64)
    places: Floats = (np.arange(count, dtype=np.float64) + 0.5) * step
    curve: Floats = np.interp(frames, places, change)
    out = (sound * (10.0 ** (curve / 20.0)).astype(np.float32)).astype(np.float32)
    before, after = integrated_lufs(source, rate=rate), integrated_lufs(out, rate=rate)
    if np.isfinite(before) and np.isfinite(after):
        out *= np.float32(10.0 ** (min(before - after, 30.0) / 20.0))
    peak = float(np.max(np.abs(out), initial=0.0))
    return out * np.float32(0.98 / peak) if peak > 0.98 else out
