"""The order of tracks: stems stand below their song, and all that lies in a folder below it."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from studio.project.edits.rules import children_of, find_track
from studio.project.model import Project, Track

Block = list[Track]
"""A track with its stems."""


class Order:
    """The tracks of a project as blocks that can be moved about; `joined` puts them into the project again."""

    def __init__(self, project: Project):
        self._project = project
        self._beside: dict[str | None, list[Block]] = {}
        by_id: dict[str, Block] = {}
        for track in project.tracks:
            if track.parent is None:
                by_id[track.id] = [track]
                self.beside(track.folder).append(by_id[track.id])
        for track in project.tracks:
            if track.parent is not None:
                by_id[track.parent].append(track)

    def beside(self, folder: str | None) -> list[Block]:
        """The blocks of one folder, or of none, in their order; what is changed there is changed in the order."""
        return self._beside.setdefault(folder, [])

    def blocks(self) -> Iterator[Block]:
        """All blocks from top to bottom."""
        return self._below(None)

    def block(self, track_id: str) -> Block | None:
        """The block that begins with this track."""
        return next((block for block in self.blocks() if block[0].id == track_id), None)

    def joined(self) -> Project:
        """The project in this order; the same project where nothing changed."""
        project, tracks = self._project, tuple(track for block in self.blocks() for track in block)
        same = len(tracks) == len(project.tracks) and all(a is b for a, b in zip(tracks, project.tracks, strict=True))
        return project if same else replace(project, tracks=tracks)

    def _below(self, folder: str | None) -> Iterator[Block]:
        for block in self._beside.get(folder, ()):
            yield block
            yield from self._below(block[0].id)


def members_of(project: Project, folder_id: str) -> tuple[Track, ...]:
    """What lies in a folder itself, in its order; empty for a track that is none."""
    return tuple(track for track in project.tracks if track.folder == folder_id)


def whole_of(project: Project, track_id: str) -> tuple[Track, ...]:
    """A track with its stems, a folder with all that lies in it, in their order.

    Raises:
        ProjectError: edit-invalid for an unknown track.
    """
    track = find_track(project, track_id)
    found = [track, *children_of(project, track_id)]
    for member in members_of(project, track_id):
        found.extend(whole_of(project, member.id))
    return tuple(found)
