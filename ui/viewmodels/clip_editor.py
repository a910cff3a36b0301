"""The clip editor's logic: beats of a sound, warp markers on a clip, and tapping a tempo."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import linear_regression, median
from typing import Any

from studio.project import edits
from studio.project.model import Clip, Project, Source, WarpMarker
from studio.project.warp import WarpMap
from ui.viewmodels.timeline import Viewport

SAME_TEMPO = 0.002
"""Tempi within this ratio are one."""
NEAR_S = 0.012
"""Beats closer than this are one."""
MOST_BEATS = 20_000


@dataclass
class ClipViewport(Viewport):
    """The stretch of a clip in sight, one for all views of the clip editor. A clip is shown whole, whatever the width
    of the view that shows it, until a person zooms or scrolls; then what is in sight stays, in the other views too."""

    _clip: str = ""
    _whole: tuple[int, float] | None = None

    def look_at(self, clip: Clip, width: int) -> bool:
        """Show a clip in a view of `width` pixels; only the view that a person sees may ask. True when another clip has
        come."""
        self.width = max(width, 1)
        other = clip.id != self._clip
        if other or self._whole == (self.level, self.origin_px):
            self.fit(0.0, clip.length_s, margin=0.0)
            self._whole = (self.level, self.origin_px)
        self._clip = clip.id
        return other


def beat_source(project: Project, source: Source) -> Source:
    """The sound whose tempo counts: a stem has that of the recording it was made from."""
    seen = {source.id}
    while source.tempo_bpm is None and source.parents and source.parents[0] not in seen:
        parent = project.sources.get(source.parents[0])
        if parent is None:
            break
        seen.add(parent.id)
        source = parent
    return source


def tempo_of(source: Source, heard: Any | None) -> float | None:
    """The tempo of a sound: what a person or the label said, else what was heard; None where there is no beat."""
    if source.tempo_bpm is not None:
        return source.tempo_bpm
    return float(heard.tempo_bpm) if heard is not None and heard.beats_s else None


def first_beat_of(source: Source, heard: Any | None) -> float:
    """Where the first bar of a sound begins, in seconds."""
    if source.first_beat_s is not None and source.tempo_bpm is not None:
        return source.first_beat_s
    if heard is None:
        return source.first_beat_s or 0.0
    return float(heard.downbeats_s[0]) if heard.downbeats_s else float(heard.first_beat_s)


def beats_of(source: Source, heard: Any | None) -> tuple[float, ...]:
    """The beats of a sound in seconds, from that on which its first bar begins: those that were heard while its tempo
    is that one, its half or its double, else evenly."""
    tempo = tempo_of(source, heard)
    if tempo is None:
        return ()
    first_s, step_s = first_beat_of(source, heard), 60.0 / tempo
    if heard is not None and heard.beats_s and _agrees(heard, first_s, step_s):
        found = [beat_s for beat_s in heard.beats_s if beat_s > first_s - NEAR_S]
        ratio = tempo / heard.tempo_bpm
        if abs(ratio - 1) < SAME_TEMPO:
            return tuple(found)
        if abs(ratio - 2) < SAME_TEMPO * 2:
            return tuple(sorted([*found, *((a + b) / 2 for a, b in pairwise(found))]))
        if abs(ratio - 0.5) < SAME_TEMPO:
            return tuple(found[::2])
    count = min(max(math.ceil((source.duration_s - first_s) / step_s), 0), MOST_BEATS)
    return tuple(first_s + index * step_s for index in range(count))


def _agrees(heard: Any, first_s: float, step_s: float) -> bool:
    """Whether a person has not shifted the grid away from what was heard."""
    beat_s = min(step_s, 60.0 / heard.tempo_bpm)
    away_s = (first_s - heard.beats_s[0]) % beat_s
    return min(away_s, beat_s - away_s) < NEAR_S


def clip_time(clip: Clip, source_s: float) -> float:
    """Seconds after the clip's start at which a place of its source plays."""
    at_s = WarpMap.of(clip).clip_at(source_s)
    return clip.length_s - at_s if clip.reverse else at_s


def source_time(clip: Clip, clip_s: float) -> float:
    """The place of the source that plays `clip_s` seconds after the clip's start."""
    return WarpMap.of(clip).source_at(clip.length_s - clip_s if clip.reverse else clip_s)


def with_marker(clip: Clip, clip_s: float) -> tuple[WarpMarker, ...]:
    """The clip's markers with one more where it plays now; the first one pins both ends too, so that only what lies
    between them gives way."""
    here = WarpMap.of(clip)
    places = [each.clip_s for each in clip.warp] or [0.0, clip.length_s]
    places.append(clip_s)
    return tuple(WarpMarker(source_s=here.source_at(at_s), clip_s=at_s) for at_s in sorted(set(places)))


def moved_marker(clip: Clip, index: int, clip_s: float) -> tuple[WarpMarker, ...]:
    """The clip's markers with one of them at another time, between its neighbours."""
    markers = clip.warp
    low = markers[index - 1].clip_s + 0.01 if index > 0 else -math.inf
    high = markers[index + 1].clip_s - 0.01 if index + 1 < len(markers) else math.inf
    at_s = min(max(clip_s, low), high)
    return tuple(
        WarpMarker(source_s=each.source_s, clip_s=at_s) if place == index else each
        for place, each in enumerate(markers)
    )


def without_marker(project: Project, clip: Clip, index: int) -> Project:
    """The project with one marker less; with fewer than two left the clip plays evenly again."""
    kept = tuple(each for place, each in enumerate(clip.warp) if place != index)
    if len(kept) < 2 or (len(kept) == 2 and len(clip.warp) == 3 and _pins_ends(kept, clip)):
        return edits.clear_warp(project, clip.id)
    return edits.set_warp(project, clip.id, kept)


def _pins_ends(markers: Sequence[WarpMarker], clip: Clip) -> bool:
    return abs(markers[0].clip_s) < 1e-6 and abs(markers[-1].clip_s - clip.length_s) < 1e-6


class Taps:
    """Tempo and first beat from taps at places of the sound, in seconds."""

    PAUSE_S = 2.0
    LEAST = 4

    def __init__(self) -> None:
        self._at: list[float] = []

    def tap(self, at_s: float) -> tuple[float, float] | None:
        """One more tap; ``(tempo in BPM, first beat in seconds)`` once there are four, else None. A pause of two
        seconds, or a jump back, begins anew."""
        if self._at and not 0.0 < at_s - self._at[-1] < self.PAUSE_S:
            self._at = []
        self._at.append(at_s)
        if len(self._at) < self.LEAST:
            return None
        rough_s = median(b - a for a, b in pairwise(self._at))
        if not 60.0 / 400.0 <= rough_s <= 3.0:
            return None
        # A straight line through all taps is steadier than the distance of any two; a beat left out does no harm.
        beats = [round((each - self._at[0]) / rough_s) for each in self._at]
        step_s, start_s = linear_regression(beats, self._at)
        return 60.0 / step_s, start_s % step_s

    @property
    def count(self) -> int:
        """Taps so far."""
        return len(self._at)
