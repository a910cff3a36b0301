"""The analysis as one sentence: listen, find beats, bars, key, chords and sections."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.analysis import beats as beat_module
from engine.analysis import harmony, metre, sections, spectra
from engine.analysis.corrections import conformed
from engine.analysis.model import Analysis, Chord, Heard
from engine.analysis.spectra import CHROMA_HOP, HOP, RATE, Floats
from engine.dsp.resample import resample
from engine.errors import Cancelled
from engine.types import Audio, PcmRef, Progress

NO_BEAT = 0.22
"""Below this confidence the track is treated as one without a beat."""


def analyse_task(*, pcm: PcmRef, progress: Progress, cancelled: Callable[[], bool]) -> Analysis:
    """Worker task: `analyse` of a source on disk.

    Raises:
        Cancelled: when the caller wants to stop.
    """
    return analyse(pcm.open(), rate=pcm.rate, progress=progress, cancelled=cancelled)


def stated_task(
    *, pcm: PcmRef, stated: dict[str, Any] | None = None, progress: Progress, cancelled: Callable[[], bool]
) -> Analysis:
    """Worker task: `analyse` of a source on disk, with what a person or a label states of it (`conformed`).

    Raises:
        Cancelled: when the caller wants to stop.
    """
    heard = analyse(pcm.open(), rate=pcm.rate, progress=progress, cancelled=cancelled)
    return conformed(heard, **(stated or {}))


def analyse(
    audio: Audio,
    *,
    rate: int,
    harmonic: Audio | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Analysis:
    """Find tempo, beats, bars, key, chords and sections.

    Args:
        audio: ``(channels, frames) float32``.
        rate: frames per second.
        harmonic: the same without drums where it is known, for key and chords.
        progress: told how far it is.
        cancelled: polled between steps.

    Raises:
        Cancelled: when the caller wants to stop.
    """

    def step(fraction: float, note: str) -> None:
        if cancelled is not None and cancelled():
            raise Cancelled
        if progress is not None:
            progress(fraction, note)

    step(0.0, "Listening")
    duration_s = audio.shape[-1] / rate
    mono = mono_of(audio, rate)
    tuned = mono if harmonic is None else mono_of(harmonic, rate)
    if float(np.max(np.abs(mono), initial=0.0)) < 1e-5 or duration_s < 0.25:
        return _nothing(duration_s)
    step(0.1, "Finding the beat")
    onset, snare, thump = spectra.onset_envelopes(mono)
    attacks = spectra.attack_function(mono)
    step(0.3, "Finding the beat")
    grid = beat_module.find_beats(onset, attacks, snare=snare, thump=thump, duration_s=duration_s)
    if grid is not None and grid.confidence < NO_BEAT:
        grid = None
    step(0.45, "Finding key and chords")
    middle, bass, level = spectra.chroma(tuned)
    step(0.8, "Finding key and chords")
    times = _intervals(None if grid is None else grid.beats_s, duration_s)
    beat_chroma = spectra.between(middle, times, CHROMA_HOP)
    beat_bass = spectra.between(bass, times, CHROMA_HOP)
    beat_level = spectra.between(level[None, :], times, CHROMA_HOP)[0]
    timbre = timbre_of(mono)
    beat_timbre = spectra.between(timbre, times, HOP * 4)
    per_bar, phase, bar_confidence = 4, 0, 0.0
    downbeats: Floats = np.zeros(0)
    if grid is not None:
        offset = int(times.size - 1 - grid.beats_s.size)
        per_bar, phase, bar_confidence = metre.find_metre(
            low=_near(np.sqrt(thump), grid.beats_s),
            snare=_near(snare, grid.beats_s),
            loud=_near(onset, grid.beats_s),
            harmonic_change=_change(_unit(beat_chroma + beat_bass), 2)[offset:],
            texture_change=_change(beat_timbre, 12)[offset:],
        )
        downbeats = grid.beats_s[phase::per_bar]
    key, _, _ = harmony.find_key(middle, bass)
    chords = harmony.find_chords(beat_chroma, beat_bass, beat_level, times_s=times, downbeats_s=downbeats, key=key)
    if _share_without(chords) > 0.6:
        chords = harmony.find_chords(
            beat_chroma, beat_bass, beat_level, times_s=times, downbeats_s=downbeats, key=key, patient=True
        )
    key, key_confidence, key_runner_up = harmony.find_key(middle, bass, chords)
    step(0.9, "Finding the sections")
    bars = _intervals(downbeats if downbeats.size else times[:-1:4], duration_s)
    form = sections.find_sections(
        np.concatenate(
            [spectra.between(timbre, bars, HOP * 4), 4.0 * _unit(spectra.between(middle, bars, CHROMA_HOP))]
        ),
        _bar_energy(mono, bars),
        bars_s=bars,
    )
    step(1.0, "Analysed")
    return Analysis(
        duration_s=duration_s,
        tempo_bpm=grid.tempo_bpm if grid else 120.0,
        tempo_confidence=grid.confidence if grid else 0.0,
        tempo_constant=grid.constant if grid else False,
        tempo_runner_up_bpm=grid.runner_up_bpm if grid else 120.0,
        first_beat_s=float(grid.beats_s[0]) if grid else 0.0,
        beats_s=tuple(float(b) for b in grid.beats_s) if grid else (),
        downbeats_s=tuple(float(b) for b in downbeats),
        beats_per_bar=per_bar,
        metre_confidence=bar_confidence,
        key=key,
        key_confidence=key_confidence,
        key_runner_up=key_runner_up,
        chords=chords,
        sections=form,
        heard=_heard(middle, bass, times),
    )


def _heard(middle: Floats, bass: Floats, times_s: Floats) -> Heard:
    """Pitch classes in halves of the intervals."""
    halves: Floats = np.interp(np.arange(2 * times_s.size - 1) / 2.0, np.arange(times_s.size), times_s)
    classes = spectra.between(middle + 0.5 * bass, halves, CHROMA_HOP)
    classes /= max(float(classes.max(initial=0.0)), 1e-9)
    return Heard(
        borders_s=tuple(round(float(each), 4) for each in halves),
        classes=tuple(tuple(round(float(each), 3) for each in row) for row in classes.T),
    )


def mono_of(audio: Audio, rate: int) -> npt.NDArray[np.float32]:
    """``(frames,)`` at the analysis rate, at least 6 s long (padded with silence): the lowest filters are that long."""
    mono = np.asarray(audio, dtype=np.float32).mean(axis=0, keepdims=True)
    mono = np.nan_to_num(mono, nan=0.0, posinf=0.0, neginf=0.0)
    down = resample(np.ascontiguousarray(mono, dtype=np.float32), from_rate=rate, to_rate=RATE)[0]
    short = 6 * RATE - down.size
    return np.pad(down, (0, short)) if short > 0 else down


def _nothing(duration_s: float) -> Analysis:
    """The analysis of silence."""
    return Analysis(
        duration_s=duration_s,
        tempo_bpm=120.0,
        tempo_confidence=0.0,
        tempo_constant=False,
        tempo_runner_up_bpm=120.0,
        first_beat_s=0.0,
        beats_s=(),
        downbeats_s=(),
        beats_per_bar=4,
        metre_confidence=0.0,
        key="",
        key_confidence=0.0,
        key_runner_up="",
        chords=(),
        sections=(),
    )


def _share_without(chords: tuple[Chord, ...]) -> float:
    """Share of the time without a chord."""
    total = sum(c.end_s - c.start_s for c in chords)
    return sum(c.end_s - c.start_s for c in chords if c.root < 0) / total if total > 0.0 else 0.0


def _intervals(starts: Floats | None, duration_s: float) -> Floats:
    """Borders from 0 to the end: the beats where there are any, else half seconds."""
    if starts is None or starts.size == 0:
        starts = np.arange(0.0, max(duration_s - 0.25, 0.01), 0.5)
    # A first bar line a blink after the start is the start.
    starts = np.concatenate([[0.0], starts[starts > 0.02]])
    return np.append(starts, max(duration_s, float(starts[-1]) + 0.01))


def _near(envelope: Floats, times_s: Floats) -> Floats:
    """Largest value of an onset envelope within 35 ms of each time."""
    centre = np.round(times_s * RATE / HOP).astype(int)
    window = np.clip(centre[:, None] + np.arange(-3, 4), 0, envelope.size - 1)
    return envelope[window].max(axis=1)


def _change(rows: Floats, span: int) -> Floats:
    """Distance between the mean of the `span` intervals before and after each border; ``(intervals,)``."""
    count = rows.shape[1]
    out = np.zeros(count)
    for i in range(1, count):
        out[i] = np.linalg.norm(rows[:, i : i + span].mean(axis=1) - rows[:, max(0, i - span) : i].mean(axis=1))
    return out


def _unit(chroma: Floats) -> Floats:
    """Columns of unit length; where there is hardly any harmony they stay short, so that noise is no change of
    chord."""
    length = np.linalg.norm(chroma, axis=0, keepdims=True)
    return chroma / np.maximum(length, max(0.5 * float(np.percentile(length, 75)), 1e-9))


def timbre_of(mono: npt.NDArray[np.float32]) -> Floats:
    """``(14, steps)``: cepstra and level per ``HOP * 4``, each row with unit spread."""
    import librosa as _librosa  # untyped

    librosa: Any = _librosa

    mel = librosa.feature.melspectrogram(y=mono, sr=RATE, n_fft=2048, hop_length=HOP * 4, n_mels=64)
    db = librosa.power_to_db(mel, ref=1.0, amin=1e-7, top_db=None)
    cepstra = librosa.feature.mfcc(S=db, n_mfcc=13).astype(np.float64)
    rows = np.concatenate([cepstra, db.mean(axis=0, keepdims=True)])
    return (rows - rows.mean(axis=1, keepdims=True)) / np.maximum(rows.std(axis=1, keepdims=True), 1e-6)


def _bar_energy(mono: npt.NDArray[np.float32], bars_s: Floats) -> Floats:
    # The ear weighs the bass far less than power does: a first difference is near enough to it.
    heard: Floats = mono - 0.85 * np.concatenate([mono[:1], mono[:-1]])
    edges = np.clip(np.round(bars_s * RATE).astype(int), 0, heard.size)
    return np.array(
        [
            10.0 * np.log10(float(np.mean(heard[a:b] ** 2)) + 1e-9) if b > a else -90.0
            for a, b in itertools.pairwise(edges)
        ]
    )
