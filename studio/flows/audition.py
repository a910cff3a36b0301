"""One file in, files out: separate and restyle without a project of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from studio.base.ids import uuid7
from studio.flows import acquire, export, import_own, restyle, styles
from studio.flows.media import TaskContext, share_of
from studio.flows.services import Services
from studio.project import edits
from studio.project.model import Project


class RestyleFileResult(msgspec.Struct, frozen=True, kw_only=True):
    """The restyled, signed file and what was found in the song."""

    out: str
    style: str
    intensity: float
    seed: int
    provider: str
    model: str
    state: str
    timings_s: dict[str, float]
    tempo_bpm: float
    key: str | None
    chords: list[Any]
    lufs: float
    true_peak_dbtp: float
    notices: tuple[str, ...] = ()


def load_project(
    services: Services, text: str, context: TaskContext, *, rate: int | None = None
) -> tuple[Project, str, tuple[str, ...]]:
    """A project with one track: a file of the user's own (at its own rate, or `rate`), or a recording of the
    catalogue by its id.

    Returns:
        the project, the id of its track, and notices about conversions.
    """
    path = Path(text)
    project = Project(id=uuid7(), title=path.stem or text)
    if path.exists() or path.suffix:
        source, notices = import_own.load(services, path, rate=rate, context=context)
        project = msgspec.structs.replace(project, rate=source.rate)
        track_id = uuid7()
        return edits.add_track_for(project, source, ids=[track_id, uuid7()]), track_id, notices
    asset = acquire.fetch(services, text, context)
    landing = acquire.place(services, asset)
    project = landing.apply(project)
    return edits.rename_project(project, asset.title), landing.result, ()


def restyle_to_file(
    services: Services,
    text: str,
    out_file: Path,
    context: TaskContext,
    *,
    style: str,
    intensity: float = 1.0,
    seed: int = 0,
    keep: tuple[str, ...] = ("vocals",),
    provider: str = "auto",
) -> RestyleFileResult:
    """Restyle a file or recording and export the result, signed.

    Raises:
        StudioError, EngineError: with remedy; nothing is written then.
    """
    options = export.options_for(services, out_file)
    export.check_target(out_file.absolute())
    styles.find_style(services, style)
    project, track_id, notices = load_project(services, text, share_of(context, 0.0, 0.1), rate=options.rate)
    landing = restyle.restyle(
        services,
        project,
        track_id,
        share_of(context, 0.1, 0.7),
        style=style,
        intensity=intensity,
        seed=seed,
        keep=keep,
        provider=provider,
    )
    project = edits.rename_project(landing.apply(project), f"{project.title} ({style})")
    options = msgspec.structs.replace(options, title=project.title)
    exported = export.export(services, project, out_file, options, share_of(context, 0.7, 1.0))
    made = landing.result
    return RestyleFileResult(
        out=str(out_file),
        style=style,
        intensity=intensity,
        seed=seed,
        provider=made.provider,
        model=made.model,
        state=exported.state,
        timings_s=made.timings_s,
        tempo_bpm=made.tempo_bpm,
        key=made.key,
        chords=made.chords,
        lufs=exported.lufs,
        true_peak_dbtp=exported.true_peak_dbtp,
        notices=(*notices, *made.notices),
    )
