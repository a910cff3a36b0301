"""Freezing a track: rendered through its effects, so that it plays without them."""

from __future__ import annotations

from studio.base.errors import ProjectError
from studio.base.ids import uuid7
from studio.flows.landing import Landing
from studio.flows.media import TaskContext, share_of, span, stop_of
from studio.flows.mixplan import freeze_plan
from studio.flows.services import Services
from studio.project import edits
from studio.project.model import Project, Source
from studio.project.usage import assets_of

TAIL_S = 12.0
"""How long the echoes of effects are waited for."""


def freeze(services: Services, project: Project, track_id: str, context: TaskContext) -> Landing[str]:
    """Render a track up to its fader; the result is the id of the frozen sound, which lands as the track's freeze.

    The clips stay what the licences and the shares see; an edit of what was rendered brings them back.

    Raises:
        ProjectError: edit-invalid for a bus or a track without clips.
        RightsError, LibraryError, EngineError: as sounds and effects have them.
    """
    track = edits.find_track(project, track_id)
    if track.kind == "bus" or not any(not clip.muted for clip in track.clips):
        raise ProjectError(
            f"There is nothing to freeze on “{track.name}”.",
            remedy="Choose a track with clips.",
            code="edit-invalid",
        )
    digest = edits.freeze_digest(project, track)
    sources = [project.sources[key] for key in dict.fromkeys(clip.source for clip in track.clips if not clip.muted)]
    assets = tuple(sorted({asset for source in sources for asset in assets_of(project, source)}))
    plan = freeze_plan(project, track_id, services.media, share_of(context, 0.0, 0.3))
    out_path = services.paths.scratch / f"freeze-{uuid7()}.f32"
    try:
        pcm = services.io.run(
            "studio.flows.mix_tasks:render_dry",
            {"plan": plan, "out_path": str(out_path), "tail_s": TAIL_S},
            progress=span(context, 0.3, 0.95),
            cancelled=stop_of(context),
        )
        blob = services.library.blobs.put_pcm(pcm, assets=assets)
    finally:
        out_path.unlink(missing_ok=True)
    frozen = Source(
        id=uuid7(),
        title=f"{track.name}, frozen",
        origin=sources[0].origin,
        role=track.role,
        blob=blob,
        duration_s=pcm.frames / pcm.rate,
        rate=pcm.rate,
        channels=pcm.channels,
        asset_sha256=assets[0] if len(assets) == 1 else None,
        parents=tuple(source.id for source in sources),
    )
    context.progress(1.0, "Done")
    return Landing(
        label=f"Freeze {track.name}",
        apply=lambda now: edits.freeze(now, track_id, frozen, digest=digest),
        result=frozen.id,
    )
