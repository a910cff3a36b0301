"""Tools on the stems of a project: bleed removed, voice against the rest, karaoke, balance."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from engine.types import STEMS
from studio.base.clock import now_iso
from studio.base.errors import ProjectError
from studio.base.ids import uuid7
from studio.flows import separate
from studio.flows.landing import Landing
from studio.flows.media import TaskContext, share_of, span, stop_of
from studio.flows.names import STEM_TITLES
from studio.flows.services import Services
from studio.project import edits
from studio.project.model import Project, Role, Source, Step, Track

CLEAN_DB = -24.0
"""How far below the others a stem must be, at a time and frequency, to count as bleed."""


class CleanResult(msgspec.Struct, frozen=True, kw_only=True):
    """What removing bleed did."""

    track_id: str
    roles: tuple[str, ...]
    sum_error_db: float


def remove_bleed(
    services: Services, project: Project, track_id: str, context: TaskContext, *, threshold_db: float = CLEAN_DB
) -> Landing[CleanResult]:
    """Clean the stems of a track of what leaked into them. What is taken from one goes to the loudest of the others
    there, so that together they still are the recording.

    Raises:
        ProjectError: edit-invalid for a track that is not split, or whose stems come from several recordings.
        EngineError: cancelled, disk-full.
    """
    tracks = stem_tracks(project, track_id)
    sources: dict[Role, Source] = {}
    for role, track in tracks.items():
        sources[role] = _only_source(project, track)
    refs = separate.refs(services, project, sources, share_of(context, 0.0, 0.3))
    folder = services.paths.scratch / f"clean-{uuid7()}"
    try:
        made = services.io.run(
            "engine.inference.stem_tools:clean_task",
            {"stems": refs, "out_dir": str(folder), "threshold_db": threshold_db},
            progress=span(context, 0.3, 0.9),
            cancelled=stop_of(context),
        )
        fresh: dict[Role, Source] = {}
        for role, source in sources.items():
            assets = () if source.asset_sha256 is None else (source.asset_sha256,)
            blob = services.library.blobs.put_pcm(made.stems[role], assets=assets)
            step = Step(operation=f"stem:{role}", at=now_iso(), parameters={"clean_db": threshold_db})
            fresh[role] = msgspec.structs.replace(
                source, id=uuid7(), blob=blob, rate=project.rate, channels=2, steps=(*source.steps, step)
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Landing(
        label="Remove bleed from the stems",
        apply=lambda now: _replaced(now, track_id, {sources[role].id: fresh[role] for role in fresh}),
        result=CleanResult(track_id=track_id, roles=tuple(fresh), sum_error_db=made.sum_error_db),
    )


def split_in_two(
    services: Services, project: Project, track_id: str, context: TaskContext, **options: Any
) -> Landing[separate.SplitResult]:
    """Voice and the rest in one step: like `separate.split` (and with its options), with one stem for all that is not
    sung.

    Raises:
        ProjectError, RightsError, EngineError: as `separate.split`.
    """
    whole = separate.split(services, project, track_id, share_of(context, 0.0, 0.9), **options)
    after = whole.apply(project)
    tracks = stem_tracks(after, track_id)
    if "vocals" not in tracks or len(tracks) < 2:
        raise ProjectError(
            "This recording was not split into a voice and the rest.",
            remedy="Choose another model, or ask the rightsholder for the stems.",
            code="edit-invalid",
        )
    voice = _only_source(after, tracks["vocals"])
    rest = [_only_source(after, track) for role, track in tracks.items() if role != "vocals"]
    source = separate.recording_of(project, track_id)
    joined = rest[0]
    if len(rest) > 1:
        blob = separate.summed(services, source, [each.blob for each in rest], project.rate, context)
        joined = msgspec.structs.replace(
            rest[0],
            id=uuid7(),
            title=f"{source.title} · Instrumental",
            role="other",
            blob=blob,
            rate=project.rate,
            channels=2,
            delivered=False,
            steps=tuple(step for each in rest for step in each.steps),
        )
    stems: dict[Role, Source] = {"vocals": voice, "other": joined}
    return Landing(
        label="Split into voice and instrumental",
        apply=lambda now: _named(edits.attach_stems(now, track_id, stems), track_id),
        result=msgspec.structs.replace(whole.result, roles=("vocals", "other")),
    )


def rebalance(project: Project, track_id: str, gains_db: Mapping[Role, float]) -> Project:
    """Set the faders of the stems below a track: "more drums". Gains clamp to the range of a fader.

    Raises:
        ProjectError: edit-invalid for a track that is not split, or a stem that it has not.
    """
    tracks = stem_tracks(project, track_id)
    for role, gain_db in gains_db.items():
        if role not in tracks:
            raise ProjectError(
                f"This track has no stem “{STEM_TITLES.get(role, role)}”.",
                remedy=f"It was split into {', '.join(STEM_TITLES[each] for each in tracks)}.",
                code="edit-invalid",
            )
        project = edits.set_strip(project, tracks[role].id, gain_db=gain_db)
    return project


def karaoke(project: Project, track_id: str, *, on: bool = True) -> Project:
    """Mute the voice of a split track, or let it be heard again.

    Raises:
        ProjectError: edit-invalid for a track that is not split into a voice and the rest.
    """
    tracks = stem_tracks(project, track_id)
    if "vocals" not in tracks:
        raise ProjectError(
            "This track has no stem of a voice.", remedy="Split it with a model that gives vocals.", code="edit-invalid"
        )
    return edits.set_strip(project, tracks["vocals"].id, mute=on)


def stem_tracks(project: Project, track_id: str) -> dict[Role, Track]:
    """The stems below a track by what they are, in the order of `STEMS`.

    Raises:
        ProjectError: edit-invalid for an unknown track or one that is not split.
    """
    edits.find_track(project, track_id)
    found: dict[Role, Track] = {track.role: track for track in edits.children_of(project, track_id)}
    stems: dict[Role, Track] = {}
    for role in cast("tuple[Role, ...]", STEMS):
        track = found.get(role)
        if track is not None:
            stems[role] = track
    if not stems:
        raise ProjectError("That track is not split into stems.", remedy="Split it first.", code="edit-invalid")
    return stems


def _only_source(project: Project, track: Track) -> Source:
    used = {clip.source for clip in track.clips}
    if len(used) != 1:
        raise ProjectError(
            f"The stem “{track.name}” holds clips of several sounds.",
            remedy="Move the others to a track of their own first.",
            code="edit-invalid",
        )
    return project.sources[used.pop()]


def _replaced(project: Project, track_id: str, fresh: Mapping[str, Source]) -> Project:
    """The stems below a track with other sources in the place of theirs; whatever else was done to them stays."""
    project = edits.add_sources(project, fresh.values())
    tracks: list[Track] = []
    for track in project.tracks:
        if track.parent != track_id:
            tracks.append(track)
            continue
        clips = tuple(
            msgspec.structs.replace(clip, source=fresh[clip.source].id) if clip.source in fresh else clip
            for clip in track.clips
        )
        tracks.append(msgspec.structs.replace(track, clips=clips))
    return msgspec.structs.replace(project, tracks=tuple(tracks))


def _named(project: Project, track_id: str) -> Project:
    """The rest under its own name."""
    other = stem_tracks(project, track_id).get("other")
    return project if other is None else edits.rename_track(project, other.id, "Instrumental")
