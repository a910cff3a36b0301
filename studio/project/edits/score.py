"""A clip that plays the same part with other notes."""

from __future__ import annotations

from msgspec.structs import replace

from studio.project.edits.lanes import fitted
from studio.project.edits.project import add_sources
from studio.project.edits.rules import find_clip, find_source, invalid, lanes_of, put_track
from studio.project.model import Project, Source


def set_score(project: Project, clip_id: str, source: Source) -> Project:
    """Let a clip play `source`, which has the same part with other notes, where it plays the part now. What the notes
    were before is dropped where nothing else uses it.

    Raises:
        ProjectError: edit-invalid for an unknown clip, one without notes, or a source that is no score.
    """
    track, clip = find_clip(project, clip_id)
    before = find_source(project, clip.source)
    if before.score is None or source.score is None:
        raise invalid(
            f"“{clip.name or before.title}” has no notes.",
            "Choose a clip that a restyle has made: its drums, bass or chords.",
        )
    if source.id == before.id:
        return project
    project = add_sources(project, [source])
    clips = tuple(
        fitted(replace(each, source=source.id), source) if each.id == clip_id else each for each in track.clips
    )
    return _without_unused(put_track(project, replace(track, clips=clips)), before)


def _without_unused(project: Project, source: Source) -> Project:
    used = {clip.source for track in project.tracks for lane in lanes_of(track) for clip in lane.clips}
    used |= {track.frozen.source for track in project.tracks if track.frozen is not None}
    used |= {parent for each in project.sources.values() for parent in each.parents}
    if source.id in used:
        return project
    return replace(project, sources={key: each for key, each in project.sources.items() if key != source.id})
