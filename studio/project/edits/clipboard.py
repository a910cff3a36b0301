"""Clips on their way from one place, or one project, to another: with their sounds, the lineage of these, and the
grants that they are used under."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from studio.project.edits.clips import add_clip
from studio.project.edits.project import add_grant, add_source
from studio.project.edits.rules import Ids, clamp, find_clip, find_track, invalid
from studio.project.edits.tracks import add_track
from studio.project.limits import MAX_TIME_S
from studio.project.model import SCHEMA, Clip, Project, Role, Source, Track
from studio.project.usage import lineage

MIME = "application/x-contrafact-clips+json"
MAX_BYTES = 64 << 20


class _Lane(msgspec.Struct, frozen=True, kw_only=True):
    """The clips that came from one track; times count from the first clip of all."""

    name: str
    role: Role
    clips: tuple[Clip, ...]


class _Board(msgspec.Struct, frozen=True, kw_only=True, tag="contrafact-clips"):
    schema: int = SCHEMA
    lanes: tuple[_Lane, ...]
    sources: tuple[Source, ...]
    """Parents first."""
    grants: dict[str, str] = {}


def copy_clips(project: Project, clip_ids: Iterable[str]) -> bytes:
    """The clips as bytes for a clipboard (`MIME`), with all that another project needs to know of them.

    Raises:
        ProjectError: edit-invalid for an unknown clip, or none.
    """
    wanted = dict.fromkeys(clip_ids)
    found = [find_clip(project, each) for each in wanted]
    if not found:
        raise invalid("There is nothing to copy.", "Select a clip first.")
    start_s = min(clip.start_s for _, clip in found)
    lanes = tuple(
        _Lane(
            name=track.name,
            role=track.role,
            clips=tuple(replace(clip, start_s=clip.start_s - start_s) for clip in track.clips if clip.id in wanted),
        )
        for track in project.tracks
        if any(clip.id in wanted for clip in track.clips)
    )
    sources: dict[str, Source] = {}
    for _, clip in found:
        for each in reversed(list(lineage(project, project.sources[clip.source]))):
            sources.setdefault(each.id, each)
    assets = {each.asset_sha256 for each in sources.values()}
    grants = {asset: grant for asset, grant in project.grants.items() if asset in assets}
    return msgspec.json.encode(_Board(lanes=lanes, sources=_parents_first(sources), grants=grants))


def paste_clips(
    project: Project, data: bytes, at_s: float, track_id: str | None = None, *, ids: Iterable[str] = ()
) -> Project:
    """Put copied clips where the first of them begins at `at_s`; what is there makes room.

    The clips of the first track go to `track_id`, those of the others to the tracks below it; where there is none, or
    without `track_id`, new tracks are added. Ids: for each lane the track where one is added, then its clips.

    Raises:
        ProjectError: edit-invalid for data that are no clips, an unknown track, or a bus.
    """
    board = _decoded(data)
    at_s = clamp(at_s, (0.0, MAX_TIME_S), what="place")
    fresh = Ids(ids)
    for source in board.sources:
        project = add_source(project, source)
    for asset, grant in board.grants.items():
        # A grant that this project has already is the one that it was made under.
        if asset not in project.grants:
            project = add_grant(project, asset, grant)
    targets = _targets(project, track_id)
    for index, lane in enumerate(board.lanes):
        if index < len(targets):
            target = targets[index].id
        else:
            target = fresh.next()
            project = add_track(project, Track(id=target, name=lane.name or "Track", role=lane.role))
        for clip in lane.clips:
            project = add_clip(project, target, replace(clip, id=fresh.next(), start_s=clip.start_s + at_s))
    return project


def _targets(project: Project, track_id: str | None) -> list[Track]:
    if track_id is None:
        return []
    first = find_track(project, track_id)
    if first.kind == "bus":
        raise invalid(f"“{first.name}” is a bus and holds no clips.", "Choose a track to paste to.")
    at = project.tracks.index(first)
    return [track for track in project.tracks[at:] if track.kind == "audio"]


def _decoded(data: bytes) -> _Board:
    if len(data) > MAX_BYTES:
        raise invalid("There is too much on the clipboard.", "Copy fewer clips at once.")
    try:
        board = msgspec.json.decode(data, type=_Board)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise invalid("There are no clips on the clipboard.", "Copy or cut some clips first.") from None
    if board.schema > SCHEMA or not any(lane.clips for lane in board.lanes):
        raise invalid("These clips come from a newer version of the studio.", "Update the studio, then paste them.")
    return board


def _parents_first(sources: dict[str, Source]) -> tuple[Source, ...]:
    ordered: dict[str, Source] = {}

    def place(source: Source) -> None:
        if source.id in ordered:
            return
        for parent in source.parents:
            place(sources[parent])
        ordered[source.id] = source

    for each in sources.values():
        place(each)
    return tuple(ordered.values())
