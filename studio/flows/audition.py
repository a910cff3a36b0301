"""One file in, files out: separate and restyle without a project of one's own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Literal

import msgspec

from engine.types import STEMS, PcmRef
from studio.base.atomic import storage_error
from studio.base.errors import RightsError
from studio.base.ids import uuid7
from studio.flows import acquire, export, import_own, restyle, rights, separate, styles
from studio.flows.media import TaskContext, share_of, stop_of
from studio.flows.services import Services
from studio.project import edits
from studio.project.model import Project, Role, Source


class SeparateResult(msgspec.Struct, frozen=True, kw_only=True):
    """Files of the stems by name, and how they were made; `sum_error_db` is the sum of stems minus the input,
    relative to full scale."""

    stems: dict[str, str]
    model: str
    provider: str
    rtf: float | None
    sum_error_db: float
    first_stem_s: float | None
    notices: tuple[str, ...] = ()


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


def separate_to_folder(
    services: Services,
    text: str,
    out_dir: Path,
    context: TaskContext,
    *,
    prefer: Literal["label", "model"] = "label",
    provider: str = "auto",
) -> SeparateResult:
    """Split a file or recording into 32-bit float WAV files in `out_dir`, at the input's own rate.

    Raises:
        RightsError: the licence does not let stems leave the studio.
        StudioError, EngineError: with remedy; `out_dir` holds all stems or is untouched.
    """
    project, track_id, notices = load_project(services, text, share_of(context, 0.0, 0.2))
    source = separate.recording_of(project, track_id)
    if source.asset_sha256 is not None and not rights.allowed_operation(services, source, "stem_export", None):
        raise RightsError(
            f"The licence of “{source.title}” does not let its stems leave the studio.",
            remedy="Split it inside a project and export the remix, or ask the rightsholder.",
            details={"clause": "deny.stem_export"},
        )
    stems: dict[Role, Source] = separate.delivered_stems(services, source) if prefer == "label" else {}
    facts: dict[str, Any] = {}
    if not stems:
        stems, facts = separate.model_stems(services, project, source, share_of(context, 0.2, 0.9), provider=provider)
    refs = separate.refs(services, project, stems, context)
    files = write_stems(services, refs, out_dir, context)
    mixture = services.media.pcm(source, project.rate, context)
    error = services.io.run(
        "studio.flows.tasks:sum_error_db", {"mixture": mixture, "files": files}, cancelled=stop_of(context)
    )
    made_by = f"{facts['model_id']} {facts['model_version']}" if facts else "the label"
    return SeparateResult(
        stems=files,
        model=made_by,
        provider=facts.get("provider", "none"),
        rtf=facts.get("rtf"),
        sum_error_db=error,
        first_stem_s=facts.get("first_stem_s"),
        notices=(*notices, *([facts["notice"]] if facts.get("notice") else [])),
    )


def write_stems(services: Services, refs: dict[str, PcmRef], out_dir: Path, context: TaskContext) -> dict[str, str]:
    """Write stems as float WAV files, all or none, and return their paths by name in the order of `STEMS`."""
    out_dir = out_dir.absolute()
    part = out_dir.parent / f".{out_dir.name}.{uuid7()[-6:]}.part"
    try:
        try:
            part.mkdir(parents=True)
        except OSError as problem:
            raise storage_error(problem, out_dir) from problem
        names = [name for name in STEMS if name in refs]
        for index, name in enumerate(names):
            context.progress(0.9 + 0.1 * index / len(names), f"Writing {name}")
            services.io.run(
                "studio.flows.tasks:write_float_wav",
                {"pcm": refs[name], "out_path": str(part / f"{name}.wav")},
                cancelled=stop_of(context),
            )
        try:
            out_dir.mkdir(exist_ok=True)
            for name in names:
                (part / f"{name}.wav").replace(out_dir / f"{name}.wav")
        except OSError as problem:
            raise storage_error(problem, out_dir) from problem
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return {name: str(out_dir / f"{name}.wav") for name in names}


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
