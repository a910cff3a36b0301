"""What the fix button of a denial does: the nearest project or export that the licences allow."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import msgspec

from studio.base.errors import RightsError
from studio.flows.export import ExportOptions, Format
from studio.project import edits
from studio.project.model import Clip, Project, Track
from studio.project.usage import assets_of, lineage
from studio.rights.grants import Destination
from studio.rights.verdict import Fix

_ClipChange = Callable[[Project, Clip], Project]
_TrackChange = Callable[[Project, Track], Project]


def fix_project(project: Project, fix: Fix) -> Project:
    """The project after a fix that concerns it; the very same for one that does not.

    Raises:
        RightsError: for a fix that no edit can bring about, such as a missing licence.
    """
    if fix.kind == "set_semitones" and fix.value is not None:
        return _each_clip(
            project, fix, lambda p, clip: edits.set_clip(p, clip.id, semitones=_nearest(clip.semitones, fix))
        )
    if fix.kind == "set_tempo_ratio" and fix.value is not None:
        return _each_clip(
            project, fix, lambda p, clip: edits.set_clip(p, clip.id, tempo_ratio=_nearest(clip.tempo_ratio, fix))
        )
    if fix.kind in ("remove_source", "remove_own_material"):
        return _each_clip(project, fix, lambda p, clip: edits.set_clip(p, clip.id, muted=True))
    if fix.kind == "remove_stem":
        return _each_track(
            project, fix, lambda p, track: edits.set_strip(p, track.id, mute=True) if track.role == fix.stem else p
        )
    if fix.kind in ("remove_operation", "remove_voice_model"):
        return _each_track(project, fix, lambda p, track: _without_operation(p, track, fix))
    return project


def fix_options(options: ExportOptions, fix: Fix) -> ExportOptions:
    """The export options after a fix that concerns them; the very same for one that does not."""
    if fix.kind == "change_format" and fix.choice is not None:
        return msgspec.structs.replace(options, format=cast("Format", fix.choice))
    if fix.kind == "change_destination" and fix.choice is not None:
        return msgspec.structs.replace(options, destination=cast("Destination", fix.choice))
    if fix.kind == "change_rate" and fix.value is not None:
        return msgspec.structs.replace(options, rate=44100 if fix.value < 48000 else 48000)
    if fix.kind == "change_bits" and fix.value is not None:
        return msgspec.structs.replace(options, bits=16 if fix.value < 24 else 24)
    return options


def concerns_options(fix: Fix) -> bool:
    """Whether a fix changes the export and not the project."""
    return fix.kind in ("change_format", "change_rate", "change_bits", "change_destination")


def unfixable(fix: Fix) -> RightsError:
    """The error of a fix that has to be done elsewhere."""
    return RightsError(
        "This cannot be mended by an edit.",
        remedy=f"{fix.label}: in the catalogue, or in the settings.",
        details={"kind": fix.kind},
    )


def _nearest(value: float, fix: Fix) -> float:
    low = fix.minimum if fix.minimum is not None else fix.value
    high = fix.maximum if fix.maximum is not None else fix.value
    assert low is not None
    assert high is not None
    return min(max(value, low), high)


def _concerned(project: Project, clip: Clip, fix: Fix) -> bool:
    source = project.sources[clip.source]
    if fix.kind == "remove_own_material":
        return any(each.origin == "own" and not each.parents for each in lineage(project, source))
    return fix.asset_sha256 is None or fix.asset_sha256 in assets_of(project, source)


def _each_clip(project: Project, fix: Fix, change: _ClipChange) -> Project:
    for track in project.tracks:
        for clip in track.clips:
            if _concerned(project, clip, fix) and any(
                clip.id == each.id for each in edits.find_track(project, track.id).clips
            ):
                project = change(project, clip)
    return project


def _each_track(project: Project, fix: Fix, change: _TrackChange) -> Project:
    for track in project.tracks:
        if any(_concerned(project, clip, fix) for clip in track.clips):
            project = change(project, edits.find_track(project, track.id))
    return project


def _without_operation(project: Project, track: Track, fix: Fix) -> Project:
    """Leave a take that the operation made; the original comes back, for the whole group so that it stays in step."""
    shown = next((take for take in track.takes if take.number == track.take), None)
    done = set(shown.operations) if shown is not None else set[str]()
    for clip in track.clips:
        done |= {step.operation for each in lineage(project, project.sources[clip.source]) for step in each.steps}
    if fix.operation not in done or (fix.stem not in (None, "mix") and track.role != fix.stem):
        return project
    return edits.choose_take(project, track.parent or track.id, None)
