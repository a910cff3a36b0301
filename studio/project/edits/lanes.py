"""Clips on one lane: they are sorted by their start and overlap only where they cross-fade."""

from __future__ import annotations

import math
from collections.abc import Iterable

from msgspec.structs import replace

from studio.base.errors import ProjectError
from studio.project.edits.rules import Ids, clamp, invalid, number
from studio.project.limits import (
    CLIP_GAIN_DB,
    EPSILON_S,
    MAX_TIME_S,
    MAX_WARP_MARKERS,
    MIN_CLIP_S,
    SEMITONES,
    TEMPO_RATIO,
)
from studio.project.model import Clip, Source
from studio.project.warp import WarpMap, moved, settled, sorted_markers

Lane = tuple[Clip, ...]


def crossfaded(left: Clip, right: Clip) -> bool:
    """Whether the overlap of two neighbours is all cross-fade: not longer than the fade of either."""
    overlap_s = left.end_s - right.start_s
    return overlap_s <= min(left.fade_out_s, right.fade_in_s) + EPSILON_S and left.start_s < right.start_s < right.end_s


def touches(left: Clip, right: Clip) -> bool:
    """Whether `right` starts where `left` ends."""
    return math.isclose(left.end_s, right.start_s, rel_tol=0.0, abs_tol=1e-6)


def with_fades(clip: Clip, *, fade_in_s: float | None = None, fade_out_s: float | None = None) -> Clip:
    """The clip with fades that fit: each in [0, length], and both together not longer than the clip (the given one
    wins)."""
    length_s = clip.length_s
    if fade_in_s is not None and fade_out_s is None:
        into = clamp(fade_in_s, (0.0, length_s), what="fade")
        out = min(clip.fade_out_s, length_s - into)
    else:
        out = clamp(clip.fade_out_s if fade_out_s is None else fade_out_s, (0.0, length_s), what="fade")
        into = min(
            clamp(clip.fade_in_s if fade_in_s is None else fade_in_s, (0.0, length_s), what="fade"), length_s - out
        )
    if into == clip.fade_in_s and out == clip.fade_out_s:
        return clip
    return replace(clip, fade_in_s=into, fade_out_s=max(out, 0.0))


def recut(clip: Clip, start_s: float, end_s: float, *, keep_fades: bool = True) -> Clip:
    """The same sound at the same places, from `start_s` to `end_s` of the timeline.

    With ``keep_fades=False`` an edge that was cut loses its fade: what made room should start as it was.
    """
    head_s, tail_s = start_s - clip.start_s, clip.end_s - end_s
    skipped_s = tail_s if clip.reverse else head_s
    changed = replace(
        clip,
        start_s=start_s,
        length_s=end_s - start_s,
        source_start_s=max(clip.source_start_s + skipped_s * clip.tempo_ratio, 0.0),
        fade_in_s=clip.fade_in_s if keep_fades or head_s <= EPSILON_S else 0.0,
        fade_out_s=clip.fade_out_s if keep_fades or tail_s <= EPSILON_S else 0.0,
        # All of them stay, also those outside: what is pulled out again is warped as before.
        warp=moved(clip.warp, -skipped_s),
    )
    return with_fades(settled(changed))


def reach(clip: Clip, source: Source) -> tuple[float, float]:
    """How far a clip can be pulled out, ``(earliest start, latest end)`` in seconds: where its source begins and
    ends."""
    if clip.warp:
        track = WarpMap(clip.warp)
        before_s = max(-track.clip_at(0.0), 0.0)
        after_s = max(track.clip_at(source.duration_s) - clip.length_s, 0.0)
    else:
        before_s = clip.source_start_s / clip.tempo_ratio
        left_s = source.duration_s - clip.source_start_s - clip.length_s * clip.tempo_ratio
        after_s = max(left_s, 0.0) / clip.tempo_ratio
    if clip.reverse:
        before_s, after_s = after_s, before_s
    return max(clip.start_s - before_s, 0.0), clip.end_s + after_s


def fitted(clip: Clip, source: Source) -> Clip:
    """The clip with every value within its range and its source.

    Raises:
        ProjectError: edit-invalid when nothing of the source is left to play, or a value is not a number.
    """
    clip = _with_markers(clip)
    if clip.warp:
        clip = _inside(clip, source)
    ratio = clamp(clip.tempo_ratio, TEMPO_RATIO, what="tempo")
    from_s = max(number(clip.source_start_s, what="start"), 0.0)
    left_s = (source.duration_s - from_s) / ratio
    start_s = clamp(clip.start_s, (0.0, MAX_TIME_S - MIN_CLIP_S), what="start")
    length_s = min(number(clip.length_s, what="length"), left_s, MAX_TIME_S - start_s)
    if length_s < MIN_CLIP_S:
        raise _nothing_left()
    changed = replace(
        clip,
        start_s=start_s,
        length_s=length_s,
        source_start_s=from_s,
        tempo_ratio=ratio,
        gain_db=clamp(clip.gain_db, CLIP_GAIN_DB, what="gain"),
        semitones=clamp(clip.semitones, SEMITONES, what="pitch"),
    )
    return with_fades(settled(changed))


def place(lane: Iterable[Clip], clip: Clip, ids: Ids) -> Lane:
    """The lane with `clip` on it, in the place of the one with its id: it wins, what lies under it is trimmed, split or
    removed."""
    kept = [piece for other in lane if other.id != clip.id for piece in _around(other, clip, ids)]
    return settle([*kept, clip])


def settle(clips: Iterable[Clip]) -> Lane:
    """Sort by start, and cut the end of a clip where it reaches into the next by more than a cross-fade."""
    ordered = sorted(clips, key=lambda clip: clip.start_s)
    settled: list[Clip] = []
    for clip in ordered:
        while settled and settled[-1].end_s > clip.start_s + EPSILON_S and not crossfaded(settled[-1], clip):
            earlier = settled.pop()
            if clip.start_s - earlier.start_s >= MIN_CLIP_S:
                settled.append(recut(earlier, earlier.start_s, clip.start_s, keep_fades=False))
                break
        settled.append(clip)
    return tuple(settled)


def _with_markers(clip: Clip) -> Clip:
    for each in clip.warp:
        number(each.source_s, what="warp marker")
        number(each.clip_s, what="warp marker")
    if len(clip.warp) > MAX_WARP_MARKERS:
        raise invalid(
            f"That are {len(clip.warp)} warp markers, more than the {MAX_WARP_MARKERS} that a clip holds.",
            "Set fewer: between two markers the sound is stretched evenly.",
        )
    markers = sorted_markers(clip.warp)
    if len(markers) < 2:
        return replace(clip, warp=())
    return replace(clip, warp=markers)


def _inside(clip: Clip, source: Source) -> Clip:
    """A warped clip cut to where its source has sound."""
    clamp(clip.start_s, (0.0, MAX_TIME_S), what="start")
    length_s = number(clip.length_s, what="length")
    track = WarpMap(clip.warp)
    from_s, to_s = max(track.clip_at(0.0), 0.0), min(track.clip_at(source.duration_s), length_s)
    if to_s - from_s < MIN_CLIP_S:
        raise _nothing_left()
    if from_s == 0.0 and to_s == length_s:
        return settled(clip)
    if clip.reverse:
        from_s, to_s = length_s - to_s, length_s - from_s
    return recut(clip, clip.start_s + from_s, clip.start_s + to_s)


def _nothing_left() -> ProjectError:
    return invalid(
        "Nothing of the sound is left in that clip.", "Choose a start and length that lie within the recording."
    )


def _around(other: Clip, clip: Clip, ids: Ids) -> list[Clip]:
    if other.end_s <= clip.start_s + EPSILON_S or other.start_s >= clip.end_s - EPSILON_S:
        return [other]
    if crossfaded(other, clip) or crossfaded(clip, other):
        return [other]
    pieces: list[Clip] = []
    if clip.start_s - other.start_s >= MIN_CLIP_S:
        pieces.append(recut(other, other.start_s, clip.start_s, keep_fades=False))
    if other.end_s - clip.end_s >= MIN_CLIP_S:
        right = recut(other, clip.end_s, other.end_s, keep_fades=False)
        pieces.append(replace(right, id=ids.next()) if pieces else right)
    return pieces
