"""Chords of the song in time, as the ruler shows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from studio.project.model import Project, Source, Track

_MIN_S = 0.05


@dataclass(frozen=True, kw_only=True)
class ChordSpan:
    """A chord on the timeline, in seconds."""

    start_s: float
    end_s: float
    label: str


def lead_track(project: Project) -> Track | None:
    """The track whose harmony the ruler shows: the first licensed song, else the first with clips."""
    tops = [track for track in project.tracks if track.parent is None and track.clips]
    return next((track for track in tops if track.role == "mix"), tops[0] if tops else None)


def chord_name(label: str) -> str:
    """``F#m7`` as ``F♯m7``, ``Bb`` as ``B♭``; nothing for no harmony."""
    if label in ("", "N"):
        return ""
    return label[:1] + label[1:].replace("#", "♯").replace("b", "♭")


def chords_of(project: Project, analysis_of: Callable[[Source], Any | None]) -> tuple[ChordSpan, ...]:
    """The chords under the clips of the lead track, as far as they are known; transposed clips give transposed ones."""
    track = lead_track(project)
    if track is None:
        return ()
    spans: list[ChordSpan] = []
    for clip in track.clips:
        source = project.sources.get(clip.source)
        found = analysis_of(source) if source is not None else None
        if found is None or clip.reverse or clip.warp:
            continue
        for chord in found.chords:
            label = transposed(chord.label, chord.root, round(clip.semitones))
            start_s = clip.start_s + (chord.start_s - clip.source_start_s) / clip.tempo_ratio
            end_s = clip.start_s + (chord.end_s - clip.source_start_s) / clip.tempo_ratio
            start_s, end_s = max(start_s, clip.start_s), min(end_s, clip.end_s)
            if end_s - start_s < _MIN_S or not chord_name(label):
                continue
            last = spans[-1] if spans else None
            if last is not None and last.label == chord_name(label) and abs(last.end_s - start_s) < _MIN_S:
                spans[-1] = ChordSpan(start_s=last.start_s, end_s=end_s, label=last.label)
            else:
                spans.append(ChordSpan(start_s=start_s, end_s=end_s, label=chord_name(label)))
    return tuple(spans)


_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


def transposed(label: str, root: int, semitones: int) -> str:
    """A chord's label moved by semitones; `root` is its pitch class, -1 for none."""
    if semitones == 0 or root < 0:
        return label
    kind = label[2:] if label[1:2] in ("#", "b") else label[1:]
    return _NAMES[(root + semitones) % 12] + kind
