"""What all edits share: finding things, putting them back, clamping, and saying no with a way out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TypeVar

import msgspec

from studio.base.errors import ProjectError
from studio.base.ids import uuid7
from studio.project.limits import NAME_CHARACTERS
from studio.project.model import Clip, Project, Source, Take, Track

T = TypeVar("T")
Bound = TypeVar("Bound", int, float)


def invalid(message: str, remedy: str) -> ProjectError:
    """The error for an edit that is impossible, not merely out of bounds."""
    return ProjectError(message, remedy=remedy, code="edit-invalid")


class Ids:
    """Ids for what an edit makes: those that the caller gave, in order, then fresh ones."""

    def __init__(self, given: Iterable[str] = ()) -> None:
        self._given: Iterator[str] = iter(given)

    def next(self) -> str:
        """The next id."""
        return next(self._given, None) or uuid7()


def clamp(value: float, bounds: tuple[Bound, Bound], *, what: str = "value") -> float:
    """`value` within `bounds`.

    Raises:
        ProjectError: edit-invalid when it is not a finite number.
    """
    return min(max(number(value, what=what), bounds[0]), bounds[1])


def number(value: float, *, what: str = "value") -> float:
    """`value` as a finite float.

    Raises:
        ProjectError: edit-invalid when it is not one.
    """
    if not math.isfinite(value):
        raise invalid(f"The {what} must be a number.", "Type a number, or double-click to reset it.")
    return float(value)


def clean_name(name: str, *, what: str) -> str:
    """A name without surrounding space, at most 200 characters.

    Raises:
        ProjectError: edit-invalid when nothing is left.
    """
    text = " ".join(name.split())[:NAME_CHARACTERS].strip()
    if not text:
        raise invalid(f"The {what} needs a name.", "Type at least one character.")
    return text


def chosen(value: T | None, current: T) -> T:
    """`value`, or what is there now where none was given."""
    return current if value is None else value


def find_track(project: Project, track_id: str) -> Track:
    """The track with this id.

    Raises:
        ProjectError: edit-invalid when there is none.
    """
    for track in project.tracks:
        if track.id == track_id:
            return track
    raise invalid("That track is no longer in the project.", "Choose a track that is there, or undo until it is back.")


def find_clip(project: Project, clip_id: str) -> tuple[Track, Clip]:
    """The clip with this id among those that show, and its track.

    Raises:
        ProjectError: edit-invalid when there is none.
    """
    for track in project.tracks:
        for clip in track.clips:
            if clip.id == clip_id:
                return track, clip
    raise invalid("That clip is no longer in the project.", "Choose a clip that is there, or undo until it is back.")


def find_source(project: Project, source_id: str) -> Source:
    """The source with this id.

    Raises:
        ProjectError: edit-invalid when there is none.
    """
    try:
        return project.sources[source_id]
    except KeyError:
        raise invalid("That sound is not in the project.", "Add the recording to the project first.") from None


def children_of(project: Project, track_id: str) -> tuple[Track, ...]:
    """The stems of a split track, in their order; empty when it is not split."""
    return tuple(track for track in project.tracks if track.parent == track_id)


def group_of(project: Project, track_id: str) -> tuple[Track, ...]:
    """A track and its stems."""
    return (find_track(project, track_id), *children_of(project, track_id))


def put_track(project: Project, track: Track) -> Project:
    """The project with `track` in the place of the one with the same id; the same project when nothing changed."""
    return put_tracks(project, [track])


def put_tracks(project: Project, tracks: Iterable[Track]) -> Project:
    """The project with each of `tracks` in the place of the one with the same id; the same project when nothing
    changed."""
    new = {track.id: track for track in tracks}
    merged = tuple(new.get(track.id, track) for track in project.tracks)
    if all(a is b for a, b in zip(merged, project.tracks, strict=True)):
        return project
    return msgspec.structs.replace(project, tracks=merged)


def lanes_of(track: Track) -> list[Take]:
    """Everything that a track could show, the shown one first: the shown lane, the original when it does not show, and
    the takes that do not.

    The shown lane has the number of its take, 0 for the original, as the original has.
    """
    lanes = [Take(number=track.take or 0, name=track.name, clips=track.clips, strip=track.strip)]
    if track.original is not None:
        lanes.append(track.original)
    lanes.extend(take for take in track.takes if take.number != track.take)
    return lanes


def all_ids(project: Project) -> set[str]:
    """Every id of tracks, clips and inserts that is taken, also in lanes that do not show."""
    taken: set[str] = {track.id for track in project.tracks}
    for track in project.tracks:
        for lane in lanes_of(track):
            taken.update(clip.id for clip in lane.clips)
            taken.update(insert.id for insert in lane.strip.inserts)
    taken.update(insert.id for insert in project.master.strip.inserts)
    return taken


def require_new(project: Project, ids: Iterable[str]) -> None:
    """Refuse ids that are taken or appear twice.

    Raises:
        ProjectError: edit-invalid.
    """
    taken = all_ids(project)
    for each in ids:
        if not each or each in taken:
            raise invalid(
                "That is already in the project.", "Duplicate it instead: the copy gets an identity of its own."
            )
        taken.add(each)
