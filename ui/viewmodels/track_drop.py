"""Where tracks that are dragged by their heads come to lie: before, after or within what is under the pointer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from studio.project import edits
from studio.project.model import Project, Track
from ui.viewmodels.lanes import Lane

INTO = (0.28, 0.72)
"""Which part of a bus's head takes tracks in; above and below they come to lie beside it."""


@dataclass(frozen=True, kw_only=True)
class TrackDrop:
    """A place among tracks: `index` counts those that stand there now, None is the end of the folder.

    `top` and `height` say where it shows among the lanes: a line (height 0) or the head of a folder.
    """

    folder: str | None
    index: int | None
    top: int
    height: int = 0
    depth: int = 0

    def carry_out(self, project: Project, track_ids: Sequence[str]) -> Project:
        """The project with the tracks there: stems among the stems of their song, anything else in the folder.

        Raises:
            ProjectError: edit-invalid, as `edits.put_in_folder`.
        """
        first = edits.find_track(project, track_ids[0])
        if first.parent is None:
            return edits.put_in_folder(project, track_ids, self.folder, index=self.index)
        beside = [stem.id for stem in edits.children_of(project, first.parent)]
        index = len(beside) if self.index is None else self.index
        return edits.move_track(project, first.id, index - (beside.index(first.id) < index))


def drop_at(
    project: Project, lanes: Sequence[Lane], track_ids: Sequence[str], y: float, depth: int
) -> TrackDrop | None:
    """Where the dragged tracks would come to lie with the pointer `y` pixels below the first lane and as far in as
    `depth` levels; None where they cannot."""
    dragged = [track for track in project.tracks if track.id in track_ids]
    if not dragged or not lanes:
        return None
    if dragged[0].parent is not None:
        return _among_stems(project, lanes, dragged[0], y)
    moved = {each.id for track in dragged for each in edits.whole_of(project, track.id)}
    blocks = _blocks(lanes)
    for lane, bottom in blocks:
        if y >= bottom:
            continue
        track = lane.track
        if track.kind == "bus" and track.id not in moved:
            share = (y - lane.y) / lane.height
            if INTO[0] <= share <= INTO[1]:
                return TrackDrop(folder=track.id, index=None, top=lane.y, height=lane.height, depth=lane.depth)
            if share > INTO[1] and not lane.collapsed and edits.members_of(project, track.id):
                return TrackDrop(folder=track.id, index=0, top=bottom, depth=lane.depth + 1)
        before = y < (lane.y + bottom) / 2
        return _beside(project, track, moved, before=before, top=lane.y if before else bottom, depth=depth)
    last, bottom = blocks[-1]
    return _beside(project, last.track, moved, before=False, top=bottom, depth=depth)


def _beside(
    project: Project, track: Track, moved: Collection[str], *, before: bool, top: int, depth: int
) -> TrackDrop | None:
    """Before or after a track; after the last one of a folder, a pointer further out leaves the folder."""
    levels = _levels(project, track)
    while not before and len(levels) > max(depth, 0) and track.folder is not None:
        if edits.members_of(project, track.folder)[-1].id != track.id:
            break
        track = edits.find_track(project, track.folder)
        levels = _levels(project, track)
    if any(each in moved for each in levels):
        return None
    beside = [each.id for each in project.tracks if each.parent is None and each.folder == track.folder]
    index = beside.index(track.id) + (not before)
    return TrackDrop(folder=track.folder, index=index, top=top, depth=len(levels))


def _levels(project: Project, track: Track) -> list[str]:
    """Ids of the folders around a track, the innermost first."""
    found: list[str] = []
    while track.folder is not None:
        found.append(track.folder)
        track = edits.find_track(project, track.folder)
    return found


def _blocks(lanes: Sequence[Lane]) -> list[tuple[Lane, int]]:
    """The lanes of tracks that are no stems, with where the next one begins; the master is none."""
    tops = [lane for lane in lanes if lane.track.parent is None and lane.track.id != edits.MASTER]
    ends = [lane.y for lane in tops[1:]]
    below = [lane.bottom for lane in lanes if lane.track.id != edits.MASTER]
    return list(zip(tops, [*ends, below[-1]], strict=True))


def _among_stems(project: Project, lanes: Sequence[Lane], stem: Track, y: float) -> TrackDrop | None:
    beside = [each.id for each in edits.children_of(project, stem.parent or "")]
    shown = [lane for lane in lanes if lane.track.id in beside]
    if not shown or not shown[0].y - shown[0].height <= y < shown[-1].bottom + shown[-1].height:
        return None
    for lane in shown:
        if y < (lane.y + lane.bottom) / 2:
            return TrackDrop(folder=None, index=beside.index(lane.track.id), top=lane.y, depth=lane.depth)
    return TrackDrop(folder=None, index=None, top=shown[-1].bottom, depth=shown[-1].depth)
