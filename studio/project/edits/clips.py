"""Edits of clips. Those of a split track's own clips reach the stems below it wherever these still mirror it, in all
their takes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from studio.project.edits.lanes import Lane, fitted, place, reach, recut, settle, touches, with_fades
from studio.project.edits.mirroring import edit_clip
from studio.project.edits.rules import (
    Ids,
    chosen,
    clamp,
    find_clip,
    find_source,
    find_track,
    invalid,
    number,
    put_track,
    put_tracks,
    require_new,
)
from studio.project.limits import (
    CLIP_GAIN_DB,
    EPSILON_S,
    MAX_TIME_S,
    MIN_CLIP_S,
    NAME_CHARACTERS,
    SEMITONES,
    TEMPO_RATIO,
)
from studio.project.model import Clip, FadeCurve, Project, Track, WarpMarker
from studio.project.warp import moved, settled


def add_clip(project: Project, track_id: str, clip: Clip, *, ids: Iterable[str] = ()) -> Project:
    """Put `clip` on a track: it is cut to its source, and what lies under it makes room.

    Raises:
        ProjectError: edit-invalid for an unknown track or source, a taken id, or a clip outside its source.
    """
    track = _lane_for(project, track_id)
    require_new(project, [clip.id])
    clip = fitted(clip, find_source(project, clip.source))
    return put_track(project, replace(track, clips=place(track.clips, clip, Ids(ids))))


def move_clip(
    project: Project, clip_id: str, start_s: float, *, track_id: str | None = None, ids: Iterable[str] = ()
) -> Project:
    """Move a clip to `start_s` (at least 0), also to another track; it wins, clips under it are trimmed, split or
    removed.

    Raises:
        ProjectError: edit-invalid for an unknown clip or track.
    """
    track, clip = find_clip(project, clip_id)
    start_s = clamp(start_s, (0.0, MAX_TIME_S - clip.length_s), what="start")
    fresh = Ids(ids)
    if track_id is None or track_id == track.id:
        if start_s == clip.start_s:
            return project
        return edit_clip(project, clip_id, lambda lane, each: place(lane, replace(each, start_s=start_s), fresh))
    target = _lane_for(project, track_id)
    there = replace(clip, start_s=start_s)
    return put_tracks(
        project,
        [_without(track, {clip_id}), replace(target, clips=place(target.clips, there, fresh))],
    )


def move_clips(project: Project, clip_ids: Iterable[str], by_s: float, *, ids: Iterable[str] = ()) -> Project:
    """Move several clips together by `by_s` seconds, no further left than the first of them reaches the start.

    Raises:
        ProjectError: edit-invalid for an unknown clip.
    """
    found = [find_clip(project, each) for each in dict.fromkeys(clip_ids)]
    if not found:
        return project
    first_s, last_s = min(clip.start_s for _, clip in found), max(clip.end_s for _, clip in found)
    by_s = clamp(by_s, (-first_s, max(MAX_TIME_S - last_s, 0.0)), what="distance")
    if by_s == 0.0:
        return project
    fresh = Ids(ids)
    # In the order of the movement, so that none of them lands on another that is still to go.
    for _, clip in sorted(found, key=lambda pair: pair[1].start_s, reverse=by_s > 0):
        now = next((each for track in project.tracks for each in track.clips if each.id == clip.id), None)
        # One that is gone was covered by another; one that moved already mirrors its recording.
        if now is not None and now.start_s == clip.start_s:
            project = move_clip(project, clip.id, clip.start_s + by_s, ids=[fresh.next()])
    return project


def trim_clip(project: Project, clip_id: str, *, start_s: float | None = None, end_s: float | None = None) -> Project:
    """Pull the edges of a clip to `start_s` and `end_s` on the timeline, as far as its source reaches; neighbours make
    room.

    Raises:
        ProjectError: edit-invalid for an unknown clip.
    """
    _, clip = find_clip(project, clip_id)
    earliest_s, latest_s = reach(clip, find_source(project, clip.source))
    new_end_s = clip.end_s if end_s is None else clamp(end_s, (clip.start_s + MIN_CLIP_S, latest_s), what="end")
    new_start_s = (
        clip.start_s if start_s is None else clamp(start_s, (earliest_s, new_end_s - MIN_CLIP_S), what="start")
    )
    if new_start_s == clip.start_s and new_end_s == clip.end_s:
        return project
    fresh = Ids()

    def trimmed(lane: Lane, each: Clip) -> Lane:
        low_s, high_s = reach(each, find_source(project, each.source))
        from_s, to_s = max(new_start_s, low_s), min(new_end_s, high_s)
        # A stem that is a few frames shorter may have nothing left where its recording has.
        if to_s - from_s < MIN_CLIP_S - EPSILON_S:
            return tuple(other for other in lane if other.id != each.id)
        return place(lane, recut(each, from_s, to_s), fresh)

    return edit_clip(project, clip_id, trimmed)


def split_clip(project: Project, clip_id: str, at_s: float, *, ids: Iterable[str] = ()) -> Project:
    """Cut a clip in two at `at_s`; the left part keeps the id, the right one takes the first of `ids`.

    Raises:
        ProjectError: edit-invalid for an unknown clip, or when `at_s` is not inside it.
    """
    _, clip = find_clip(project, clip_id)
    at_s = number(at_s, what="place")
    if not clip.start_s + MIN_CLIP_S <= at_s <= clip.end_s - MIN_CLIP_S:
        raise invalid("There is nothing to split there.", "Put the play-head inside the clip, then split.")
    fresh = Ids(ids)

    def parted(lane: Lane, each: Clip) -> Lane:
        if not each.start_s + MIN_CLIP_S <= at_s <= each.end_s - MIN_CLIP_S:
            return lane
        left = recut(each, each.start_s, at_s, keep_fades=False)
        right = replace(recut(each, at_s, each.end_s, keep_fades=False), id=fresh.next())
        return settle([*(other for other in lane if other.id != each.id), left, right])

    return edit_clip(project, clip_id, parted)


def duplicate_clip(project: Project, clip_id: str, *, at_s: float | None = None, ids: Iterable[str] = ()) -> Project:
    """Put a copy of a clip at `at_s`, or right behind it; the copy takes the first of `ids`, and what is there makes
    room.

    Raises:
        ProjectError: edit-invalid for an unknown clip.
    """
    _, clip = find_clip(project, clip_id)
    start_s = clamp(clip.end_s if at_s is None else at_s, (0.0, MAX_TIME_S - clip.length_s), what="start")
    fresh = Ids(ids)

    def doubled(lane: Lane, each: Clip) -> Lane:
        return place(lane, replace(each, id=fresh.next(), start_s=start_s), fresh)

    return edit_clip(project, clip_id, doubled)


def join_clips(project: Project, clip_ids: Iterable[str]) -> Project:
    """Make one clip of neighbours that play on in the same source; the first keeps its id, gain and name.

    Raises:
        ProjectError: edit-invalid for fewer than two clips, or clips that do not follow one another.
    """
    found = sorted((find_clip(project, each) for each in dict.fromkeys(clip_ids)), key=lambda pair: pair[1].start_s)
    if len(found) < 2:
        raise invalid("There is nothing to join.", "Select two clips that touch, then join them.")
    first = found[0][1]
    for (track_a, a), (track_b, b) in itertools.pairwise(found):
        if track_a.id != track_b.id or not _plays_on(a, b):
            raise invalid(
                "These clips do not play on from one another, so they cannot become one.",
                "Select clips of one track that touch, of the same sound at the same tempo and pitch.",
            )
    pieces = [clip for _, clip in found]
    for piece in pieces[1:]:
        project = edit_clip(project, first.id, lambda lane, each, piece=piece: _grown(lane, each, piece))
    return project


def delete_clips(project: Project, clip_ids: Iterable[str]) -> Project:
    """Remove clips.

    Raises:
        ProjectError: edit-invalid for an unknown clip.
    """
    wanted = list(dict.fromkeys(clip_ids))
    for clip_id in wanted:
        find_clip(project, clip_id)
    for clip_id in wanted:
        # A stem's clip goes with that of its recording.
        if any(clip.id == clip_id for track in project.tracks for clip in track.clips):
            project = edit_clip(
                project, clip_id, lambda lane, each: tuple(other for other in lane if other.id != each.id)
            )
    return project


def set_clip(
    project: Project,
    clip_id: str,
    *,
    gain_db: float | None = None,
    fade_in_s: float | None = None,
    fade_out_s: float | None = None,
    fade_in_curve: FadeCurve | None = None,
    fade_out_curve: FadeCurve | None = None,
    semitones: float | None = None,
    tempo_ratio: float | None = None,
    reverse: bool | None = None,
    muted: bool | None = None,
    name: str | None = None,
    ids: Iterable[str] = (),
) -> Project:
    """Change what is given: `gain_db` [-96, 24], fades within the clip and their curves, `semitones` [-24, 24],
    `tempo_ratio` [0.25, 4].

    A new tempo keeps the piece of the source and changes the length; warp markers move along, and what is in the way
    makes room.

    Raises:
        ProjectError: edit-invalid for an unknown clip or a value that is not a number.
    """
    fresh = Ids(ids)

    def changed(lane: Lane, each: Clip) -> Lane:
        ratio = each.tempo_ratio if tempo_ratio is None else clamp(tempo_ratio, TEMPO_RATIO, what="tempo")
        length_s = each.length_s
        if ratio != each.tempo_ratio:
            length_s = max(min(each.length_s * each.tempo_ratio / ratio, MAX_TIME_S - each.start_s), MIN_CLIP_S)
        new = replace(
            each,
            gain_db=each.gain_db if gain_db is None else clamp(gain_db, CLIP_GAIN_DB, what="gain"),
            semitones=each.semitones if semitones is None else clamp(semitones, SEMITONES, what="pitch"),
            tempo_ratio=ratio,
            length_s=length_s,
            reverse=chosen(reverse, each.reverse),
            muted=chosen(muted, each.muted),
            fade_in_curve=chosen(fade_in_curve, each.fade_in_curve),
            fade_out_curve=chosen(fade_out_curve, each.fade_out_curve),
            name=each.name if name is None else name.strip()[:NAME_CHARACTERS],
        )
        if new.warp and ratio != each.tempo_ratio:
            scale = length_s / each.length_s
            markers = (replace(marker, clip_s=marker.clip_s * scale) for marker in new.warp)
            new = fitted(replace(new, warp=tuple(markers)), find_source(project, new.source))
            length_s = new.length_s
        new = with_fades(new, fade_in_s=fade_in_s, fade_out_s=fade_out_s)
        if new == each:
            return lane
        if length_s != each.length_s:
            return place(lane, new, fresh)
        return settle(new if other.id == each.id else other for other in lane)

    return edit_clip(project, clip_id, changed)


def crossfade(project: Project, left_id: str, right_id: str, *, length_s: float = 0.02) -> Project:
    """Fade from a clip into the next one that it touches, `length_s` seconds about where they meet.

    Each clip is pulled over the other by half of it, as far as its source has sound; where it has none, the other one
    gives more.

    Raises:
        ProjectError: edit-invalid when the clips do not touch on one track, or neither source goes on.
    """
    track, left = find_clip(project, left_id)
    other_track, right = find_clip(project, right_id)
    overlap_s = left.end_s - right.start_s
    if track.id != other_track.id or not (touches(left, right) or 0.0 < overlap_s <= left.length_s):
        raise invalid(
            "A cross-fade needs two clips that touch.", "Move one clip to the end of the other, then cross-fade them."
        )

    def faded(lane: Lane, each: Clip) -> Lane:
        after = _partner(lane, each, right)
        return lane if after is None else _crossfaded(project, lane, each, after, length_s)

    result = edit_clip(project, left_id, faded)
    if result is project:
        raise invalid(
            "Neither clip has sound beyond where they meet.", "Trim one of the clips a little, then cross-fade them."
        )
    return result


def _crossfaded(project: Project, lane: Lane, left: Clip, right: Clip, length_s: float) -> Lane:
    meet_s = (left.end_s + right.start_s) / 2.0
    wanted_s = clamp(length_s, (0.0, min(left.length_s, right.length_s) / 2.0), what="cross-fade")
    _, latest_s = reach(left, find_source(project, left.source))
    earliest_s, _ = reach(right, find_source(project, right.source))
    before_s, after_s = max(meet_s - earliest_s, 0.0), max(latest_s - meet_s, 0.0)
    after = min(max(wanted_s / 2.0, wanted_s - before_s), after_s)
    before = min(wanted_s - after, before_s)
    if before + after < MIN_CLIP_S:
        return lane
    left = with_fades(recut(left, left.start_s, meet_s + after), fade_out_s=before + after)
    right = with_fades(recut(right, meet_s - before, right.end_s), fade_in_s=before + after)
    new = {left.id: left, right.id: right}
    return settle(new.get(each.id, each) for each in lane)


def _partner(lane: Lane, left: Clip, right: Clip) -> Clip | None:
    for each in lane:
        if each.id != left.id and abs(each.start_s - right.start_s) < EPSILON_S:
            return each
    return None


def _plays_on(a: Clip, b: Clip) -> bool:
    earlier, later = (b, a) if a.reverse else (a, b)
    same = (a.source, a.semitones, a.reverse) == (b.source, b.semitones, b.reverse)
    if a.warp or b.warp:
        same = same and _same_warp(earlier.warp, moved(later.warp, earlier.length_s))
    else:
        same = same and a.tempo_ratio == b.tempo_ratio
    ends_at_s = earlier.source_start_s + earlier.length_s * earlier.tempo_ratio
    return same and touches(a, b) and abs(ends_at_s - later.source_start_s) < 1e-6


def _same_warp(a: Sequence[WarpMarker], b: Sequence[WarpMarker]) -> bool:
    return len(a) == len(b) and all(
        abs(x.source_s - y.source_s) < 1e-6 and abs(x.clip_s - y.clip_s) < 1e-6 for x, y in zip(a, b, strict=True)
    )


def _grown(lane: Lane, first: Clip, piece: Clip) -> Lane:
    partner = _partner(lane, first, piece)
    if partner is None or not _plays_on(first, partner):
        return lane
    grown = replace(first, length_s=partner.end_s - first.start_s, fade_out_s=partner.fade_out_s)
    if first.reverse:
        grown = replace(grown, source_start_s=partner.source_start_s, warp=partner.warp)
    grown = settled(grown)
    return settle(with_fades(grown) if each.id == first.id else each for each in lane if each.id != partner.id)


def _lane_for(project: Project, track_id: str) -> Track:
    track = find_track(project, track_id)
    if track.kind == "bus":
        raise invalid(f"“{track.name}” is a bus and holds no clips.", "Put the clip on a track, and send that there.")
    return track


def _without(track: Track, clip_ids: set[str]) -> Track:
    return replace(track, clips=tuple(clip for clip in track.clips if clip.id not in clip_ids))
