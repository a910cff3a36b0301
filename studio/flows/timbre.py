"""Sing it as a saxophone: a stem's line on another instrument, as the next take."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from engine.inference.timbres import OPERATION, find_timbre
from studio.base.clock import now_iso
from studio.base.errors import ProjectError, RightsError
from studio.base.ids import uuid7
from studio.flows import restyle, rights
from studio.flows.landing import Landing
from studio.flows.media import TaskContext, share_of, span, stop_of
from studio.flows.services import Services
from studio.project import edits
from studio.project.model import Project, Role, Source, Step


class TimbreResult(msgspec.Struct, frozen=True, kw_only=True):
    """The take's number and what was followed."""

    track_id: str
    take: int
    timbre: str
    stem: str
    notes: int
    octaves: int
    pitched_share: float
    notices: tuple[str, ...] = ()


def change_timbre(
    services: Services,
    project: Project,
    track_id: str,
    context: TaskContext,
    *,
    timbre: str,
    stem: Role = "vocals",
    provider: str | None = None,
    prefer: Literal["label", "model"] = "label",
) -> Landing[TimbreResult]:
    """Let an instrument play the line of a stem, splitting the track first if needed; the other stems stay.

    Raises:
        StyleError: style-unknown; style-unsuitable where there is no line to follow.
        RightsError: the licence does not allow it. ProjectError: the track has no such stem.
        EngineError: from the split, or a cancel.
    """
    chosen = find_timbre(timbre)
    ground = restyle.prepared(
        services, project, track_id, share_of(context, 0.0, 0.5), provider=provider, prefer=prefer
    )
    if stem not in ground.refs:
        raise ProjectError(
            f"“{ground.group.name}” has no stem called {stem}.",
            remedy=f"Its stems are: {', '.join(ground.stems)}.",
            code="edit-invalid",
        )
    denied = rights.denial_of(services, ground.source, OPERATION, stem)
    if denied:
        raise RightsError(denied, remedy="Choose another stem, or ask the rightsholder.", details={"stem": stem})
    path = services.paths.scratch / f"timbre-{uuid7()}.f32"
    try:
        made: Any = services.inference.run(
            "engine.inference.timbre:timbre_task",
            {"stem": ground.refs[stem], "out_path": str(path), "timbre": timbre},
            progress=span(context, 0.5, 0.97),
            cancelled=stop_of(context),
        )
        source = ground.source
        facts = {"timbre": chosen.id, "name": chosen.name, "octaves": made.octaves}
        part = edits.RestyledPart(
            replaces=stem,
            title=chosen.name,
            source=Source(
                id=uuid7(),
                title=f"{chosen.name} ({stem})",
                origin="generated",
                role=stem,
                blob=services.library.blobs.put_pcm(
                    made.pcm, assets=() if source.asset_sha256 is None else (source.asset_sha256,)
                ),
                duration_s=made.pcm.frames / made.pcm.rate,
                rate=made.pcm.rate,
                channels=made.pcm.channels,
                asset_sha256=source.asset_sha256,
                parents=(ground.stems[stem].id,),
                # Rules and a sampler made it, no model.
                steps=(Step(operation=OPERATION, at=now_iso(), parameters=facts),),
                tempo_bpm=source.tempo_bpm,
                key=source.key,
                artist=source.artist,
            ),
        )
    finally:
        path.unlink(missing_ok=True)
    number = edits.next_take_number(ground.project, ground.group.id)

    def apply(now: Project) -> Project:
        if ground.landing is not None and not edits.children_of(now, ground.group.id):
            now = ground.landing.apply(now)
        return edits.apply_restyle(now, ground.group.id, [part], style=f"timbre-{chosen.id}", name=chosen.name)

    context.progress(1.0, "Done")
    return Landing(
        label=f"Play {stem} on {chosen.name}",
        apply=apply,
        result=TimbreResult(
            track_id=ground.group.id,
            take=number,
            timbre=chosen.id,
            stem=stem,
            notes=made.notes,
            octaves=made.octaves,
            pitched_share=made.pitched_share,
            notices=(*ground.notices, *made.notices),
        ),
    )
