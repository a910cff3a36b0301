"""Edits of how a clip follows time: warp markers, the grid, the tempo, and slipping the sound under the clip."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterable

from msgspec.structs import replace

from studio.project.edits.lanes import Lane, fitted, place, settle
from studio.project.edits.mirroring import edit_clip
from studio.project.edits.rules import Ids, find_clip, find_source, invalid, number
from studio.project.model import Clip, Project, WarpMarker
from studio.project.tempo import TempoMap
from studio.project.warp import WarpMap, moved, settled


def set_warp(
    project: Project, clip_id: str, markers: Iterable[WarpMarker | tuple[float, float]], *, ids: Iterable[str] = ()
) -> Project:
    """Pin places of the sound to places of the clip: markers or ``(source seconds, clip seconds)``.

    The clip stays where it is and as long as it is, as far as its sound reaches. Markers are sorted and held so that
    no part plays slower than 0.25 or faster than 4 times; clip times of a reversed clip are those of the sound before
    it is turned.

    Raises:
        ProjectError: edit-invalid for an unknown clip, fewer than two markers at different places, or nothing left to
        play.
    """
    made = tuple(
        each if isinstance(each, WarpMarker) else WarpMarker(source_s=each[0], clip_s=each[1]) for each in markers
    )
    fresh = Ids(ids)

    def warped(lane: Lane, each: Clip) -> Lane:
        new = fitted(replace(each, warp=made), find_source(project, each.source))
        if len(new.warp) < 2:
            raise invalid("A warp needs two markers at different places.", "Set a second marker.")
        return lane if new == each else place(lane, new, fresh)

    return edit_clip(project, clip_id, warped)


def clear_warp(project: Project, clip_id: str) -> Project:
    """Take the markers away: the clip plays evenly from where it begins, at the mean tempo that they came to.

    Raises:
        ProjectError: edit-invalid for an unknown clip.
    """

    def even(lane: Lane, each: Clip) -> Lane:
        if not each.warp:
            return lane
        new = fitted(replace(each, warp=()), find_source(project, each.source))
        return settle(new if other.id == each.id else other for other in lane)

    return edit_clip(project, clip_id, even)


def set_follow_tempo(project: Project, clip_id: str, follow: bool) -> Project:
    """Keep a clip on its bars when the tempo of the project changes, or let it stay in seconds.

    Raises:
        ProjectError: edit-invalid for an unknown clip.
    """

    def following(lane: Lane, each: Clip) -> Lane:
        if each.follow_tempo == follow:
            return lane
        return tuple(replace(other, follow_tempo=follow) if other.id == each.id else other for other in lane)

    return edit_clip(project, clip_id, following)


def warp_to_grid(project: Project, clip_id: str, beats: Iterable[float], *, ids: Iterable[str] = ()) -> Project:
    """Put the beats of a clip on the beats of the project, and keep it there (`set_follow_tempo`).

    `beats` are places of beats in the source in seconds, as an analysis finds them. The first beat that the clip plays
    goes to the beat of the project that is nearest to it; where the song was heard at half or double the tempo of the
    project, each of its beats takes two beats or half a one.

    Raises:
        ProjectError: edit-invalid for an unknown clip, fewer than two beats, or beats that would have to play slower
        than 0.25 or faster than 4 times.
    """
    _, clip = find_clip(project, clip_id)
    places = sorted({number(each, what="beat") for each in beats})
    if len(places) < 2:
        raise invalid("There are no beats to put on the grid.", "Let the song be analysed first, or tap its beats.")
    if clip.reverse:
        raise invalid("A reversed clip has no grid.", "Play it forwards, warp it, then reverse it again.")
    grid = TempoMap.of(project)
    track = WarpMap.of(clip)
    heard = [each for each in places if 0.0 <= track.clip_at(each) < clip.length_s]
    anchor_s = heard[0] if heard else places[0]
    period_s = statistics.median(after - before for before, after in itertools.pairwise(places))
    project_s = 60.0 / grid.bpm_at(max(clip.start_s + track.clip_at(anchor_s), 0.0))
    stride = 2.0 ** round(math.log2(max(period_s / clip.tempo_ratio / project_s, 1e-6)))
    first = places.index(anchor_s)
    at_beat = round(grid.beats(clip.start_s + track.clip_at(anchor_s)))
    markers = tuple(
        WarpMarker(source_s=each, clip_s=grid.seconds(at_beat + (index - first) * stride) - clip.start_s)
        for index, each in enumerate(places)
    )
    ratio = period_s / (stride * project_s)
    if not 0.25 <= ratio <= 4.0:
        raise invalid(
            f"The song would have to play at {ratio:.2f} times its tempo.",
            "Set the tempo of the project nearer to the song's first.",
        )
    project = set_warp(project, clip_id, markers, ids=ids)
    return set_follow_tempo(project, clip_id, True)


def slip_clip(project: Project, clip_id: str, by_s: float) -> Project:
    """Move the sound under the clip `by_s` seconds later (negative: earlier), as far as the source reaches; the clip
    itself stays.

    Raises:
        ProjectError: edit-invalid for an unknown clip or a value that is not a number.
    """
    by_s = number(by_s, what="distance")

    def slipped(lane: Lane, each: Clip) -> Lane:
        source = find_source(project, each.source)
        forward_s = -by_s if each.reverse else by_s
        track = WarpMap.of(each)
        # How far the sound can go before an end of it would show in the clip.
        latest_s = max(-track.clip_at(0.0), 0.0)
        earliest_s = min(each.length_s - track.clip_at(source.duration_s), 0.0)
        forward_s = min(max(forward_s, earliest_s), latest_s)
        if each.warp:
            new = settled(replace(each, warp=moved(each.warp, forward_s)))
        else:
            new = replace(each, source_start_s=max(each.source_start_s - forward_s * each.tempo_ratio, 0.0))
        return lane if new == each else tuple(new if other.id == each.id else other for other in lane)

    return edit_clip(project, clip_id, slipped)
