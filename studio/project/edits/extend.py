"""A longer version of a track: its recording, its stems and their takes cut alike and laid along a new form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from engine.analysis.extension import Segment
from studio.project.edits.lanes import fitted, settle, with_fades
from studio.project.edits.rules import Ids, children_of, find_track, invalid, put_tracks
from studio.project.limits import MIN_CLIP_S
from studio.project.model import Clip, Project, Track


def lay_segments(
    project: Project, track_id: str, segments: Sequence[Segment], *, source_s: float, ids: Iterable[str] = ()
) -> Project:
    """Replace the one clip of a track, and of each stem below it, by segments of the same sound that overlap where they
    cross-fade.

    Args:
        project: as it is.
        track_id: a track, or one of the stems of a split one.
        segments: of the recording, in seconds of its own time.
        source_s: length of the recording; tracks whose one clip plays a sound of this length from its start are
            extended, others stay.
        ids: of the new clips, track by track.

    Raises:
        ProjectError: edit-invalid where the track does not hold one whole recording.
    """
    named = find_track(project, track_id)
    group_id = named.parent or named.id
    fresh = Ids(ids)
    changed: list[Track] = []
    for track in (find_track(project, group_id), *children_of(project, group_id)):
        whole = [clip for clip in track.clips if _is_whole(project, clip, source_s)]
        if len(track.clips) == 1 and len(whole) == 1:
            changed.append(replace(track, clips=_laid(project, whole[0], segments, fresh)))
    if not changed:
        raise invalid(
            "That track does not hold one whole recording.",
            "Choose a track with one uncut clip at its own speed, or undo the cuts.",
        )
    return put_tracks(project, changed)


def _is_whole(project: Project, clip: Clip, source_s: float) -> bool:
    source = project.sources[clip.source]
    untouched = clip.tempo_ratio == 1.0 and not clip.reverse and not clip.warp and clip.source_start_s < 1e-6
    return untouched and abs(source.duration_s - source_s) < 0.05 and abs(clip.length_s - source.duration_s) < 0.05


def _laid(project: Project, clip: Clip, segments: Sequence[Segment], ids: Ids) -> tuple[Clip, ...]:
    source = project.sources[clip.source]
    made: list[Clip] = []
    for segment in segments:
        length_s = min(segment.length_s, source.duration_s - segment.source_s)
        if length_s < MIN_CLIP_S:
            continue
        piece = replace(
            clip,
            id=ids.next(),
            start_s=clip.start_s + segment.at_s,
            length_s=length_s,
            source_start_s=segment.source_s,
            fade_in_s=0.0,
            fade_out_s=0.0,
        )
        made.append(
            with_fades(with_fades(fitted(piece, source), fade_out_s=segment.fade_out_s), fade_in_s=segment.fade_in_s)
        )
    return settle(made)
