"""Edits of the project as a whole: its name, tempo, key, sources, markers, loop and grants."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from studio.project.edits.retime import retimed
from studio.project.edits.rules import clamp, clean_name, invalid, number
from studio.project.limits import BEAT_UNITS, BEATS_PER_BAR, BPM, MAX_TIME_S
from studio.project.model import Loop, Marker, Project, Source, TempoPoint


def rename_project(project: Project, title: str) -> Project:
    """Give the project a title of 1 to 200 characters.

    Raises:
        ProjectError: edit-invalid for an empty title.
    """
    title = clean_name(title, what="project")
    return project if title == project.title else replace(project, title=title)


def set_tempo(project: Project, bpm: float, *, at_beats: float = 0.0, move: bool = True) -> Project:
    """Set the tempo from `at_beats` on, `bpm` in [20, 400].

    Clips that follow the tempo keep their bars, and so do markers, loop and automation that stand on bar lines
    (`studio.project.edits.retime`); other clips stay where they are in seconds. Without `move` all stays in seconds:
    for a tempo that was only found to be another one.

    Raises:
        ProjectError: edit-invalid for a value that is not a number.
    """
    at_beats = max(number(at_beats, what="place"), 0.0)
    point = TempoPoint(at_beats=at_beats, bpm=clamp(bpm, BPM, what="tempo"))
    points = [each for each in project.tempo if each.at_beats != at_beats] + [point]
    tempo = tuple(sorted(points, key=lambda each: each.at_beats))
    if tempo == project.tempo:
        return project
    return retimed(project, tempo) if move else replace(project, tempo=tempo)


def remove_tempo(project: Project, at_beats: float) -> Project:
    """Remove the tempo change at `at_beats`; the first tempo stays. What follows the tempo moves as with `set_tempo`.

    Raises:
        ProjectError: edit-invalid when there is none, or it is the first.
    """
    kept = tuple(each for each in project.tempo if each.at_beats != at_beats)
    if len(kept) == len(project.tempo) or at_beats == 0.0:
        raise invalid("There is no tempo change there.", "Choose a tempo change after the start.")
    return retimed(project, kept)


def set_time_signature(project: Project, beats_per_bar: int, beat_unit: int) -> Project:
    """Set the metre: `beats_per_bar` in [1, 32], `beat_unit` one of 1, 2, 4, 8, 16, 32 (the nearest is taken).

    Raises:
        ProjectError: edit-invalid for a value that is not a number.
    """
    beats = int(clamp(beats_per_bar, BEATS_PER_BAR, what="time signature"))
    wanted = number(beat_unit, what="time signature")
    unit = min(BEAT_UNITS, key=lambda each: abs(each - wanted))
    if (beats, unit) == (project.beats_per_bar, project.beat_unit):
        return project
    return replace(project, beats_per_bar=beats, beat_unit=unit)


def set_key(project: Project, key: str | None) -> Project:
    """Set the key as it is written ("F#m"), or None for unknown."""
    key = (key or "").strip()[:16] or None
    return project if key == project.key else replace(project, key=key)


def add_source(project: Project, source: Source) -> Project:
    """Make a sound known to the project; adding the same one again changes nothing.

    Raises:
        ProjectError: edit-invalid for another sound with the same id, no length, or an unknown parent.
    """
    known = project.sources.get(source.id)
    if known == source:
        return project
    if known is not None:
        raise invalid(
            "Another sound with this identity is in the project.",
            "Add the recording again from the catalogue or from disk.",
        )
    if not 0.0 < number(source.duration_s, what="length") <= MAX_TIME_S:
        raise invalid("That sound has no length.", "Choose a recording with sound in it, of at most a day.")
    missing = [parent for parent in source.parents if parent not in project.sources]
    if missing:
        raise invalid(
            "That sound was made from one that is not in the project.", "Add the recording that it was made from first."
        )
    return replace(project, sources={**project.sources, source.id: source})


def add_sources(project: Project, sources: Iterable[Source]) -> Project:
    """`add_source` for each, in this order.

    Raises:
        ProjectError: as `add_source`.
    """
    for source in sources:
        project = add_source(project, source)
    return project


def add_grant(project: Project, asset_sha256: str, grant_id: str) -> Project:
    """Note under which grant a licensed recording is used; a newer one takes the place of the older.

    Raises:
        ProjectError: edit-invalid for an empty id.
    """
    if not asset_sha256 or not grant_id:
        raise invalid("A licence needs a recording and a number.", "License the recording again from the catalogue.")
    if project.grants.get(asset_sha256) == grant_id:
        return project
    return replace(project, grants={**project.grants, asset_sha256: grant_id})


def add_marker(project: Project, start_s: float, name: str, *, length_s: float = 0.0) -> Project:
    """Name a place, or a section when `length_s` is not 0; one at the same place is replaced.

    Raises:
        ProjectError: edit-invalid for an empty name or a value that is not a number.
    """
    start_s = clamp(start_s, (0.0, MAX_TIME_S), what="place")
    length_s = clamp(length_s, (0.0, MAX_TIME_S - start_s), what="length")
    marker = Marker(start_s=start_s, name=clean_name(name, what="marker"), length_s=length_s)
    others = [
        each for each in project.markers if each.start_s != start_s or (each.length_s == 0.0) != (length_s == 0.0)
    ]
    return set_markers(project, [*others, marker])


def remove_marker(project: Project, marker: Marker) -> Project:
    """Remove a marker; nothing happens when it is not there."""
    return set_markers(project, [each for each in project.markers if each != marker])


def set_markers(project: Project, markers: Iterable[Marker]) -> Project:
    """Replace all markers and sections, as an analysis finds them; they are kept by their place."""
    ordered = tuple(sorted(markers, key=lambda each: (each.start_s, -each.length_s)))
    return project if ordered == project.markers else replace(project, markers=ordered)


def set_loop(
    project: Project,
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    enabled: bool | None = None,
) -> Project:
    """Set the loop range and switch it; start and end given the wrong way round are exchanged.

    Raises:
        ProjectError: edit-invalid for a value that is not a number.
    """
    start = project.loop.start_s if start_s is None else clamp(start_s, (0.0, MAX_TIME_S), what="loop")
    end = project.loop.end_s if end_s is None else clamp(end_s, (0.0, MAX_TIME_S), what="loop")
    start, end = min(start, end), max(start, end)
    on = project.loop.enabled if enabled is None else enabled
    loop = Loop(start_s=start, end_s=end, enabled=on and end > start)
    return project if loop == project.loop else replace(project, loop=loop)
