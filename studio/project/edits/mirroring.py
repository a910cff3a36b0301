"""An edit of a split track's clip reaches the clips of its stems wherever these still mirror it, in all their takes."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from studio.project.edits.lanes import Lane
from studio.project.edits.rules import children_of, find_clip, put_tracks
from studio.project.limits import EPSILON_S
from studio.project.model import Clip, Project, Track

ClipEdit = Callable[[Lane, Clip], Lane]
"""The lane with one of its clips changed."""


def edit_clip(project: Project, clip_id: str, edit: ClipEdit) -> Project:
    """Apply `edit` to a clip, and to the clips of the stems below that still mirror it."""
    track, clip = find_clip(project, clip_id)
    lane = edit(track.clips, clip)
    changed = [] if lane == track.clips else [replace(track, clips=lane)]
    changed += [new for child in children_of(project, track.id) if (new := _mirrored(child, clip, edit)) is not child]
    return put_tracks(project, changed)


def _mirrored(track: Track, clip: Clip, edit: ClipEdit) -> Track:
    clips = _mirrored_lane(track.clips, clip, edit)
    if clips is not track.clips:
        track = replace(track, clips=clips)
    if (
        track.original is not None
        and (clips := _mirrored_lane(track.original.clips, clip, edit)) is not track.original.clips
    ):
        track = replace(track, original=replace(track.original, clips=clips))
    for index, take in enumerate(track.takes):
        if take.number != track.take and (clips := _mirrored_lane(take.clips, clip, edit)) is not take.clips:
            takes = (*track.takes[:index], replace(take, clips=clips), *track.takes[index + 1 :])
            track = replace(track, takes=takes)
    return track


def _mirrored_lane(lane: Lane, clip: Clip, edit: ClipEdit) -> Lane:
    for each in lane:
        if _mirrors(each, clip):
            return edit(lane, each)
    return lane


def _mirrors(a: Clip, b: Clip) -> bool:
    return (
        abs(a.start_s - b.start_s) < EPSILON_S
        # A stem may be a few frames shorter than its recording.
        and abs(a.length_s - b.length_s) < 0.01
        and abs(a.source_start_s - b.source_start_s) < EPSILON_S
        and (a.warp == b.warp if a.warp else a.tempo_ratio == b.tempo_ratio)
        and a.reverse == b.reverse
    )
