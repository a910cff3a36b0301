"""Where a clip plays what of its sound: the map that warp markers make.

Clip times count from the clip's start and are those of the sound before it is turned: on a reversed clip a marker at
`clip_s` stands ``length_s - clip_s`` after its start on the timeline.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from studio.project.limits import TEMPO_RATIO
from studio.project.model import Clip, WarpMarker

MIN_STEP_S = 0.005
"""Markers closer than this, in either time, are one."""


class WarpMap:
    """Clip seconds to source seconds and back, in straight lines between markers; beyond them the slope goes on."""

    def __init__(self, markers: Sequence[WarpMarker]) -> None:
        """`markers`: at least two, ascending in both times."""
        self._clip = [each.clip_s for each in markers]
        self._source = [each.source_s for each in markers]

    @classmethod
    def of(cls, clip: Clip) -> WarpMap:
        """The map of any clip; one without markers plays straight on at its `tempo_ratio`."""
        if clip.warp:
            return cls(clip.warp)
        end = WarpMarker(source_s=clip.source_start_s + clip.tempo_ratio, clip_s=1.0)
        return cls((WarpMarker(source_s=clip.source_start_s, clip_s=0.0), end))

    def source_at(self, clip_s: float) -> float:
        """The place in the source that plays at `clip_s`."""
        return _along(self._clip, self._source, clip_s)

    def clip_at(self, source_s: float) -> float:
        """When the place `source_s` of the source plays."""
        return _along(self._source, self._clip, source_s)

    def ratios(self, from_s: float, to_s: float) -> Iterator[float]:
        """The tempo ratios (source seconds a clip second) that occur between two clip times."""
        for index in range(1, len(self._clip)):
            first, last = index == 1, index == len(self._clip) - 1
            begins = -math.inf if first else self._clip[index - 1]
            ends = math.inf if last else self._clip[index]
            if begins < to_s and ends > from_s:
                yield (self._source[index] - self._source[index - 1]) / (self._clip[index] - self._clip[index - 1])


def tempo_range(clip: Clip) -> tuple[float, float]:
    """The slowest and the fastest tempo ratio that a clip plays at."""
    if not clip.warp:
        return clip.tempo_ratio, clip.tempo_ratio
    found = list(WarpMap.of(clip).ratios(0.0, clip.length_s))
    return min(found), max(found)


def sorted_markers(markers: Iterable[WarpMarker]) -> tuple[WarpMarker, ...]:
    """The markers by their place in the source, with clip times moved as little as it takes to keep the tempo ratio
    between any two within 0.25 to 4; of markers that are one, the first stays."""
    slowest, fastest = TEMPO_RATIO
    kept: list[WarpMarker] = []
    for each in sorted(markers, key=lambda marker: (marker.source_s, marker.clip_s)):
        if not kept:
            kept.append(each)
            continue
        step_s = each.source_s - kept[-1].source_s
        if step_s < MIN_STEP_S:
            continue
        # A hair inside the limits, so that rounding does not lead out of them.
        low_s, high_s = step_s / fastest * (1 + 1e-9), step_s / slowest * (1 - 1e-9)
        clip_s = kept[-1].clip_s + min(max(each.clip_s - kept[-1].clip_s, low_s), high_s)
        kept.append(replace(each, clip_s=clip_s))
    return tuple(kept)


def moved(markers: Iterable[WarpMarker], by_s: float) -> tuple[WarpMarker, ...]:
    """The markers `by_s` seconds later in the clip."""
    return tuple(replace(each, clip_s=each.clip_s + by_s) for each in markers)


def settled(clip: Clip) -> Clip:
    """The clip with `source_start_s` and `tempo_ratio` as its markers have them; one without markers as it is."""
    if not clip.warp:
        return clip
    track = WarpMap(clip.warp)
    start_s, end_s = track.source_at(0.0), track.source_at(clip.length_s)
    ratio = min(max((end_s - start_s) / clip.length_s, TEMPO_RATIO[0]), TEMPO_RATIO[1])
    return replace(clip, source_start_s=max(start_s, 0.0), tempo_ratio=ratio)


def _along(xs: Sequence[float], ys: Sequence[float], x: float) -> float:
    index = min(max(bisect.bisect_right(xs, x), 1), len(xs) - 1)
    x0, x1, y0, y1 = xs[index - 1], xs[index], ys[index - 1], ys[index]
    return y0 + (x - x0) * (y1 - y0) / (x1 - x0)
