"""One recording in, files of its stems out: as the model gives them, in two, without the voice, or balanced anew."""

from __future__ import annotations

import contextlib
import glob
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec

from engine.inference.separation import ORDER
from engine.types import PcmRef
from studio.base.atomic import storage_error
from studio.base.errors import ProjectError, RightsError
from studio.base.ids import uuid7
from studio.flows import audition, rights, separate
from studio.flows.media import TaskContext, share_of, span, stop_of
from studio.flows.services import Services
from studio.project.model import Source

Tool = Literal["stems", "two", "karaoke", "balance"]
SHARE_OF_VOICE = ("vocals", "lead", "backing")
"""Stems that are somebody singing or speaking."""
ABANDONED_S = 3600.0
"""After this long without a change nobody writes there any more."""


class SeparateResult(msgspec.Struct, frozen=True, kw_only=True):
    """Files of the stems by name, and how they were made; `sum_error_db` is the sum of stems minus the input,
    relative to full scale, and None where the files are not meant to sum to it."""

    stems: dict[str, str]
    model: str
    provider: str
    rtf: float | None
    sum_error_db: float | None
    first_stem_s: float | None
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wish:
    """What is done with the stems before they are written."""

    tool: Tool = "stems"
    """``stems``: all; ``two``: voice and rest; ``karaoke``: the rest alone; ``balance``: one mix with `gains_db`."""
    gains_db: Mapping[str, float] = field(default_factory=dict[str, float])
    clean_db: float | None = None
    """Take out of each stem what is this far below the others."""
    mono_below_hz: float | None = None
    """Make the bass mono below this."""


def separate_to_folder(
    services: Services,
    text: str,
    out_dir: Path,
    context: TaskContext,
    *,
    prefer: Literal["label", "model"] = "label",
    provider: str | None = None,
    model: str | None = None,
    wish: Wish = Wish(),
) -> SeparateResult:
    """Split a file or recording into 32-bit float WAV files in `out_dir`, at the input's own rate.

    Raises:
        RightsError: the licence does not let stems leave the studio.
        ProjectError: a gain for a stem that there is not.
        StudioError, EngineError: with remedy; `out_dir` holds all stems or is untouched.
    """
    project, track_id, notices = audition.load_project(services, text, share_of(context, 0.0, 0.2))
    source = separate.recording_of(project, track_id)
    if source.asset_sha256 is not None and not rights.allowed_operation(services, source, "stem_export", None):
        raise RightsError(
            f"The licence of “{source.title}” does not let its stems leave the studio.",
            remedy="Split it inside a project and export the remix, or ask the rightsholder.",
            details={"clause": "deny.stem_export"},
        )
    delivered = separate.delivered_stems(services, source) if prefer == "label" and model is None else {}
    facts: dict[str, Any] = {}
    held: list[str] = []
    scratch = services.paths.scratch / f"tools-{uuid7()}"
    try:
        if delivered:
            refs = separate.refs(services, project, delivered, context)
        else:
            blobs, facts = separate.model_blobs(
                services, source, project.rate, share_of(context, 0.2, 0.8), provider=provider, model=model
            )
            refs = {}
            for name in sorted(blobs, key=ORDER.index):
                refs[name] = services.library.blobs.open_pcm(blobs[name])
                held.append(blobs[name])
        mixture = services.media.pcm(source, project.rate, context)
        wanted = _shaped(services, refs, wish, scratch, context)
        files = _write(services, wanted, out_dir, context)
    finally:
        for blob in held:
            services.library.blobs.release(blob)
        shutil.rmtree(scratch, ignore_errors=True)
    error = None
    if wish.tool in ("stems", "two"):
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
        notices=(*notices, *([facts["notice"]] if facts.get("notice") else []), *_warnings(source, mixture)),
    )


def _warnings(source: Source, mixture: PcmRef) -> tuple[str, ...]:
    if mixture.frames < mixture.rate // 2:
        return (f"“{source.title}” is shorter than half a second: a model hears little in that.",)
    return ()


def _shaped(
    services: Services, refs: dict[str, PcmRef], wish: Wish, scratch: Path, context: TaskContext
) -> dict[str, PcmRef]:
    """The sounds to write, by name."""
    for name in wish.gains_db:
        if name not in refs:
            raise ProjectError(
                f"There is no stem “{name}” here.",
                remedy=f"This recording was split into {', '.join(refs)}.",
                code="edit-invalid",
            )
    scratch.mkdir(parents=True, exist_ok=True)
    stop = stop_of(context)
    if wish.clean_db is not None and len(refs) > 1:
        cleaned = services.io.run(
            "engine.inference.stem_tools:clean_task",
            {"stems": refs, "out_dir": str(scratch / "clean"), "threshold_db": wish.clean_db},
            progress=span(context, 0.8, 0.88),
            cancelled=stop,
        )
        refs = cleaned.stems
    if wish.mono_below_hz is not None and "bass" in refs:
        bass = services.io.run(
            "engine.inference.stem_tools:mono_task",
            {"stem": refs["bass"], "out_path": str(scratch / "bass-mono.f32"), "hz": wish.mono_below_hz},
            cancelled=stop,
        )
        refs = refs | {"bass": bass}

    def mixed(gains: dict[str, float], name: str) -> PcmRef:
        return services.io.run(
            "engine.inference.stem_tools:mix_task",
            {
                "stems": [refs[stem] for stem in gains],
                "gains_db": list(gains.values()),
                "out_path": str(scratch / f"{name}.f32"),
            },
            progress=span(context, 0.88, 0.9),
            cancelled=stop,
        )

    if wish.tool == "stems":
        return refs
    if wish.tool == "balance":
        return {"mix": mixed({name: wish.gains_db.get(name, 0.0) for name in refs}, "mix")}
    voices = [name for name in refs if name in SHARE_OF_VOICE]
    rest = [name for name in refs if name not in SHARE_OF_VOICE]
    if not voices or not rest:
        raise ProjectError(
            "This model does not tell a voice from the rest.",
            remedy="Choose a model that gives vocals.",
            code="edit-invalid",
        )
    instrumental = mixed(dict.fromkeys(rest, 0.0), "instrumental")
    if wish.tool == "karaoke":
        return {"instrumental": instrumental}
    return {"vocals": mixed(dict.fromkeys(voices, 0.0), "vocals"), "instrumental": instrumental}


def _write(services: Services, refs: dict[str, PcmRef], out_dir: Path, context: TaskContext) -> dict[str, str]:
    """Write sounds as float WAV files, all or none, and return their paths by name."""
    out_dir = out_dir.absolute()
    _clear_abandoned(out_dir)
    part = out_dir.parent / f".{out_dir.name}.{uuid7()[-6:]}.part"
    try:
        try:
            part.mkdir(parents=True)
        except OSError as problem:
            raise storage_error(problem, out_dir) from problem
        for index, (name, ref) in enumerate(refs.items()):
            context.progress(0.9 + 0.1 * index / len(refs), f"Writing {name}")
            services.io.run(
                "studio.flows.tasks:write_float_wav",
                {"pcm": ref, "out_path": str(part / f"{name}.wav")},
                cancelled=stop_of(context),
            )
        try:
            out_dir.mkdir(exist_ok=True)
            for name in refs:
                (part / f"{name}.wav").replace(out_dir / f"{name}.wav")
        except OSError as problem:
            raise storage_error(problem, out_dir) from problem
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return {name: str(out_dir / f"{name}.wav") for name in refs}


def _clear_abandoned(out_dir: Path) -> None:
    """Remove what a studio that was killed had begun to write for the same folder: gigabytes that nobody sees.

    One that is still being written has changed just now.
    """
    for folder in out_dir.parent.glob(f".{glob.escape(out_dir.name)}.*.part"):
        with contextlib.suppress(OSError):
            newest = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
            if time.time() - newest > ABANDONED_S:
                shutil.rmtree(folder, ignore_errors=True)
