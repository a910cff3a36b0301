"""The user's own files: decoded apart, kept in the library, marked as the user's own word."""

from __future__ import annotations

from pathlib import Path

import msgspec

from studio.base.ids import uuid7
from studio.flows.landing import Landing
from studio.flows.media import Silent, TaskContext, span, stop_of
from studio.flows.services import Services
from studio.project import edits
from studio.project.model import Clip, Project, Source


class ImportResult(msgspec.Struct, frozen=True, kw_only=True):
    """The track that the file landed on, and what was converted on the way."""

    track_id: str
    notices: tuple[str, ...] = ()


def load(
    services: Services,
    path: Path,
    *,
    rate: int | None,
    channel: int | None = None,
    context: TaskContext | None = None,
) -> tuple[Source, tuple[str, ...]]:
    """Decode a file in the worker and keep its samples; `rate` None keeps its own, `channel` takes one of two alone.

    Raises:
        AudioFileError: with what is wrong with the file and what to do.
    """
    context = context or Silent()
    out_path = services.paths.scratch / f"import-{uuid7()}.f32"
    try:
        imported = services.io.run(
            "studio.flows.tasks:import_file",
            {"path": str(path), "out_path": str(out_path), "rate": rate, "channel": channel},
            progress=span(context, 0.0, 0.9),
            cancelled=stop_of(context),
        )
        blob = services.library.blobs.put_pcm(imported.pcm)
    finally:
        out_path.unlink(missing_ok=True)
    source = Source(
        id=uuid7(),
        title=path.stem,
        origin="own",
        role="own",
        blob=blob,
        duration_s=imported.pcm.frames / imported.pcm.rate,
        rate=imported.pcm.rate,
        channels=imported.pcm.channels,
    )
    return source, tuple(imported.notices)


def import_file(
    services: Services,
    project: Project,
    path: Path,
    context: TaskContext,
    *,
    at_s: float = 0.0,
    track_id: str | None = None,
) -> Landing[ImportResult]:
    """Put a file of the user's own on a new track, or on `track_id`."""
    source, notices = load(services, path, rate=project.rate, context=context)
    new_track, clip_id = uuid7(), uuid7()

    def apply(now: Project) -> Project:
        if track_id is None:
            return edits.add_track_for(now, source, at_s=at_s, ids=[new_track, clip_id])
        now = edits.add_source(now, source)
        clip = Clip(id=clip_id, source=source.id, start_s=max(at_s, 0.0), length_s=source.duration_s, name=source.title)
        return edits.add_clip(now, track_id, clip)

    return Landing(
        label=f"Import {path.name}", apply=apply, result=ImportResult(track_id=track_id or new_track, notices=notices)
    )
