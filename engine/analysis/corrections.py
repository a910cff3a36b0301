"""What a person says against what was heard: tempo, first beat, metre, key, chords, sections. Each function gives a new
analysis; what a person said has confidence 1.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from engine.analysis.harmony import QUALITIES
from engine.analysis.model import PITCH_NAMES, Analysis, Chord
from engine.analysis.spectra import Floats
from engine.errors import EngineError

SAME_TEMPO = 0.01
"""Tempos this near to each other (as a ratio) mean the same beats: what was heard of their drift stays."""
SAME_PLACE_S = 0.012


def conformed(
    analysis: Analysis, *, tempo_bpm: float | None = None, first_beat_s: float | None = None, key: str | None = None
) -> Analysis:
    """The analysis as a person or a label states it; None leaves what was heard.

    A stated tempo near the heard one keeps the heard beats, half and double of it keep every second or put one between;
    any other lays a constant grid. The first beat moves all beats by less than one.

    Raises:
        EngineError: ``analysis-invalid`` for a tempo outside 20 to 400 beats a minute.
    """
    if tempo_bpm is not None:
        analysis = _with_tempo(analysis, tempo_bpm, first_beat_s)
    if first_beat_s is not None and analysis.beats_s:
        analysis = shifted(analysis, _offset(analysis, first_beat_s))
    if key:
        analysis = with_key(analysis, key)
    return analysis


def half_tempo(analysis: Analysis) -> Analysis:
    """Every second beat, beginning with the first downbeat."""
    phase = 0
    if analysis.downbeats_s and analysis.beats_s:
        phase = int(np.argmin(np.abs(np.asarray(analysis.beats_s) - analysis.downbeats_s[0]))) % 2
    beats = analysis.beats_s[phase::2]
    return _with_beats(analysis, np.asarray(beats), 0.5 * analysis.tempo_bpm)


def double_tempo(analysis: Analysis) -> Analysis:
    """A beat between each two."""
    beats = np.asarray(analysis.beats_s)
    between = 0.5 * (beats[:-1] + beats[1:])
    return _with_beats(analysis, np.sort(np.concatenate([beats, between])), 2.0 * analysis.tempo_bpm)


def shifted(analysis: Analysis, by_s: float) -> Analysis:
    """All beats moved by some seconds; what leaves the track is dropped, what is missing at the ends is added."""
    if not analysis.beats_s or abs(by_s) < 1e-6:
        return analysis
    beats = np.asarray(analysis.beats_s) + by_s
    period = 60.0 / analysis.tempo_bpm
    while beats[0] - period >= 0.0:
        beats = np.concatenate([[beats[0] - period], beats])
    while beats[-1] + period < analysis.duration_s - 0.02:
        beats = np.append(beats, beats[-1] + period)
    beats = beats[(beats >= 0.0) & (beats < analysis.duration_s)]
    downbeats = np.asarray(analysis.downbeats_s) + by_s
    return _with_beats(
        analysis, beats, analysis.tempo_bpm, first_downbeat_s=float(downbeats[0]) if downbeats.size else None
    )


def with_downbeat(analysis: Analysis, time_s: float, beats_per_bar: int | None = None) -> Analysis:
    """Bars begin at the beat nearest to `time_s`, with another number of beats where that is given (2 to 12)."""
    if not analysis.beats_s:
        return analysis
    per_bar = analysis.beats_per_bar if beats_per_bar is None else int(np.clip(beats_per_bar, 2, 12))
    beats = np.asarray(analysis.beats_s)
    phase = int(np.argmin(np.abs(beats - time_s))) % per_bar
    return replace(
        analysis,
        beats_per_bar=per_bar,
        metre_confidence=1.0,
        downbeats_s=tuple(float(b) for b in beats[phase::per_bar]),
    )


def with_key(analysis: Analysis, key: str) -> Analysis:
    """Another key, such as ``F# minor``; a name that is none leaves the analysis as it is."""
    tonic, _, mode = key.strip().partition(" ")
    flats = {"Db": "C#", "D#": "Eb", "Gb": "F#", "G#": "Ab", "A#": "Bb"}
    tonic = flats.get(tonic, tonic)
    if tonic not in PITCH_NAMES or mode not in ("major", "minor"):
        return analysis
    return replace(analysis, key=f"{tonic} {mode}", key_confidence=1.0)


def with_chord(analysis: Analysis, start_s: float, end_s: float, label: str) -> Analysis:
    """Another chord for a stretch of time.

    Args:
        analysis: to correct.
        start_s: where it begins.
        end_s: where it ends, after `start_s`.
        label: such as ``Am7``; ``N`` is none.

    Raises:
        EngineError: ``analysis-invalid`` for a chord that is not known or a stretch without length.
    """
    root, quality = parse_chord(label)
    if not 0.0 <= start_s < end_s <= analysis.duration_s + 0.01:
        raise EngineError(
            "That chord has no length inside the song.",
            remedy="Choose a stretch within the song, its end after its start.",
            code="analysis-invalid",
        )
    stated = Chord(start_s=start_s, end_s=end_s, label=label, root=root, quality=quality, confidence=1.0)
    kept: list[Chord] = [stated]
    for chord in analysis.chords:
        if chord.start_s < start_s - 1e-6:
            kept.append(replace(chord, end_s=min(chord.end_s, start_s)))
        if chord.end_s > end_s + 1e-6:
            kept.append(replace(chord, start_s=max(chord.start_s, end_s)))
    return replace(analysis, chords=tuple(sorted(kept, key=lambda c: c.start_s)))


def with_section(analysis: Analysis, index: int, name: str) -> Analysis:
    """Another name for a section: intro, verse, chorus, bridge, break or outro."""
    sections = list(analysis.sections)
    if 0 <= index < len(sections):
        sections[index] = replace(sections[index], name=name, confidence=1.0)
    return replace(analysis, sections=tuple(sections))


def parse_chord(label: str) -> tuple[int, str]:
    """Root (0 is C, -1 none) and quality of a chord's name.

    Raises:
        EngineError: ``analysis-invalid``.
    """
    if label == "N":
        return -1, "N"
    for length in (2, 1):
        if label[:length] in PITCH_NAMES and label[length:] in QUALITIES:
            return PITCH_NAMES.index(label[:length]), label[length:]
    raise EngineError(
        f"“{label}” is not a chord that the studio knows.",
        remedy=f"Write a root ({', '.join(PITCH_NAMES)}) and one of: {', '.join(q or 'nothing' for q in QUALITIES)}.",
        code="analysis-invalid",
    )


def _with_tempo(analysis: Analysis, tempo_bpm: float, first_beat_s: float | None) -> Analysis:
    if not 20.0 <= tempo_bpm <= 400.0:
        raise EngineError(
            f"A tempo of {tempo_bpm:g} beats a minute makes no sense.",
            remedy="Choose 20 to 400 beats a minute.",
            code="analysis-invalid",
        )
    if analysis.beats_s:
        for level, change in ((1.0, None), (0.5, half_tempo), (2.0, double_tempo)):
            if abs(tempo_bpm / (analysis.tempo_bpm * level) - 1.0) < SAME_TEMPO:
                near = analysis if change is None else change(analysis)
                drifts = abs(tempo_bpm - near.tempo_bpm) * analysis.duration_s / 60.0 < 0.05
                if drifts or not analysis.tempo_constant:
                    return replace(near, tempo_confidence=1.0)
    period = 60.0 / tempo_bpm
    first = (first_beat_s if first_beat_s is not None else analysis.first_beat_s) % period
    beats = np.arange(first, max(analysis.duration_s - 0.02, first + 0.001), period)
    return replace(_with_beats(analysis, beats, tempo_bpm), tempo_constant=True, tempo_confidence=1.0)


def _offset(analysis: Analysis, first_beat_s: float) -> float:
    """How far the beats are to move so that one lies at `first_beat_s`; 0 where one is there already."""
    beats = np.asarray(analysis.beats_s)
    away = first_beat_s - beats
    nearest = float(away[int(np.argmin(np.abs(away)))])
    if abs(nearest) <= SAME_PLACE_S:
        return 0.0
    period = 60.0 / analysis.tempo_bpm
    return nearest - round(nearest / period) * period


def _with_beats(
    analysis: Analysis, beats: Floats, tempo_bpm: float, *, first_downbeat_s: float | None = None
) -> Analysis:
    """Other beats; bars begin at the beat nearest to where they began."""
    old = first_downbeat_s
    if old is None and analysis.downbeats_s:
        old = analysis.downbeats_s[0]
    phase = int(np.argmin(np.abs(beats - old))) % analysis.beats_per_bar if old is not None and beats.size else 0
    return replace(
        analysis,
        tempo_bpm=tempo_bpm,
        first_beat_s=float(beats[0]) if beats.size else 0.0,
        beats_s=tuple(float(b) for b in beats),
        downbeats_s=tuple(float(b) for b in beats[phase :: analysis.beats_per_bar]),
    )
