"""Edits of takes: numbered alternatives of a track, and of a split track as a whole. None stands for the original."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from studio.project.edits.lanes import fitted, settle
from studio.project.edits.rules import (
    children_of,
    clean_name,
    find_source,
    find_track,
    group_of,
    invalid,
    lanes_of,
    put_track,
    put_tracks,
    require_new,
)
from studio.project.edits.strips import fitted_strip, plays_original, show_original, with_routing
from studio.project.model import Clip, Project, Strip, Take, Track


def next_take_number(project: Project, track_id: str) -> int:
    """The number that the next take of a track, or of the split track that it belongs to, gets: from 1 on.

    Raises:
        ProjectError: edit-invalid for an unknown track.
    """
    track = find_track(project, track_id)
    return 1 + max(
        (take.number for each in group_of(project, track.parent or track.id) for take in each.takes), default=0
    )


def add_take(
    project: Project,
    track_id: str,
    clips: Iterable[Clip],
    *,
    strip: Strip | None = None,
    name: str = "",
    style: str | None = None,
    seed: int | None = None,
    intensity: float | None = None,
    show: bool = True,
) -> Project:
    """Add an alternative to a track, numbered from 1, and show it. Without `strip` it takes that of the track.

    Raises:
        ProjectError: edit-invalid for an unknown track or source, a taken id, or a clip outside its source.
    """
    track = find_track(project, track_id)
    if track.kind == "bus":
        raise invalid(f"“{track.name}” is a bus and has no takes.", "Choose a track with clips.")
    clips = tuple(clips)
    taken_inserts = [] if strip is None else [insert.id for insert in strip.inserts]
    require_new(project, [*(clip.id for clip in clips), *taken_inserts])
    number = next_take_number(project, track_id)
    take = Take(
        number=number,
        name=clean_name(name or f"Take {number}", what="take"),
        clips=settle(fitted(clip, find_source(project, clip.source)) for clip in clips),
        # Effects keep their ids here: only one lane of a track shows at a time, and a tail may ring on.
        strip=fitted_strip(strip) if strip is not None else replace(track.strip, inserts=()),
        style=style,
        seed=seed,
        intensity=intensity,
    )
    project = put_track(project, replace(track, takes=(*track.takes, take)))
    return choose_take(project, track_id, number) if show else project


def choose_take(project: Project, track_id: str, number: int | None) -> Project:
    """Show a take, or the original with None; on a split track all its stems switch, those without that take to their
    original.

    Mute, solo and where the signal goes belong to the track and stay as they are.

    Raises:
        ProjectError: edit-invalid for an unknown track or take.
    """
    group = group_of(project, track_id)
    if number is not None and not any(_has(track, number) for track in group):
        raise invalid(
            f"There is no take {number}.", "Choose one of the takes that are there, or restyle to make a new one."
        )
    project = put_tracks(
        project, [shown(track, number if number is not None and _has(track, number) else None) for track in group]
    )
    if number is not None and len(group) > 1 and not _has(group[0], number) and plays_original(project, track_id):
        project = show_original(project, track_id, False)
    return project


def take_numbers(project: Project, track_id: str) -> list[int]:
    """The numbers of the takes that `choose_take` knows for this track, ascending."""
    return sorted({take.number for track in group_of(project, track_id) for take in track.takes})


def shown_take(project: Project, track_id: str) -> int | None:
    """The number of the take that shows; for a split track the highest that any of its stems shows, None for the
    original."""
    return max((track.take for track in group_of(project, track_id) if track.take is not None), default=None)


def star_take(project: Project, track_id: str, number: int, starred: bool = True) -> Project:
    """Mark a take as a favourite, or not.

    Raises:
        ProjectError: edit-invalid for an unknown track or take.
    """
    return _each_take(project, track_id, number, lambda take: replace(take, starred=starred))


def rename_take(project: Project, track_id: str, number: int, name: str) -> Project:
    """Give a take a name of 1 to 200 characters.

    Raises:
        ProjectError: edit-invalid for an unknown track or take, or an empty name.
    """
    name = clean_name(name, what="take")
    return _each_take(project, track_id, number, lambda take: replace(take, name=name))


def remove_take(project: Project, track_id: str, number: int) -> Project:
    """Remove a take; when it shows, the original takes its place. Tracks that a restyle added and that hold nothing
    else go with it.

    Raises:
        ProjectError: edit-invalid for an unknown track or take.
    """
    group = group_of(project, track_id)
    if not any(_has(track, number) for track in group):
        raise invalid(f"There is no take {number}.", "It may have been removed already.")
    without: list[Track] = []
    for track in group:
        rest = shown(track, None) if track.take == number else track
        without.append(replace(rest, takes=tuple(take for take in rest.takes if take.number != number)))
    project = put_tracks(project, without)
    empty = {
        track.id
        for before, track in zip(group, without, strict=True)
        if track.parent is not None
        and _has(before, number)
        and not track.takes
        and not any(e.clips for e in lanes_of(track))
    }
    if not empty or len(empty) == len(children_of(project, track_id)):
        return project
    return replace(project, tracks=tuple(track for track in project.tracks if track.id not in empty))


def shown(track: Track, number: int | None) -> Track:
    """The track showing that take of its own (None: the original), with what it showed before put away; `number` must
    be there."""
    if track.take == number:
        return track
    clips, strip = track.clips, track.strip
    if track.take is None:
        track = replace(track, original=Take(number=0, name="Original", clips=clips, strip=strip))
    else:
        kept = tuple(replace(e, clips=clips, strip=strip) if e.number == track.take else e for e in track.takes)
        track = replace(track, takes=kept)
    chosen = track.original if number is None else next(take for take in track.takes if take.number == number)
    if chosen is None:
        raise AssertionError("a track that shows a take keeps its original")
    return replace(
        track,
        clips=chosen.clips,
        strip=with_routing(replace(chosen.strip, mute=strip.mute, solo=strip.solo), strip),
        take=number,
        original=None if number is None else track.original,
    )


def _has(track: Track, number: int) -> bool:
    return any(take.number == number for take in track.takes)


def _each_take(project: Project, track_id: str, number: int, change: Callable[[Take], Take]) -> Project:
    group = [track for track in group_of(project, track_id) if _has(track, number)]
    if not group:
        raise invalid(f"There is no take {number}.", "Choose one of the takes that are there.")
    return put_tracks(
        project,
        [replace(track, takes=tuple(change(e) if e.number == number else e for e in track.takes)) for track in group],
    )
