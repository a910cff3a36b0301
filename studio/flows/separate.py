"""Split a track: stems as the label delivered them where there are any, else by the model; from the cache the second
time."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, cast

import msgspec

from engine.errors import InferenceError, PackError
from engine.inference.stem_files import Partial, partial
from engine.types import STEMS, PcmRef, Progress
from studio.base.clock import now_iso
from studio.base.errors import ProjectError, RightsError
from studio.base.ids import uuid7
from studio.flows import rights
from studio.flows.landing import Landing
from studio.flows.media import TaskContext, span, stop_of
from studio.flows.names import STEM_TITLES
from studio.flows.services import Services
from studio.project import edits
from studio.project.model import Project, Role, Source, Step

DEFAULT_PACK = "separation-default"

ROLES: dict[str, Role] = {
    **{name: cast("Role", name) for name in STEMS},
    "lead": "vocals",
    "backing": "vocals",
    "dry": "vocals",
    "instrumental": "other",
    "guitar": "other",
    "piano": "other",
    "crowd": "other",
    "reverb": "other",
    "noise": "other",
}
"""The part of a project that a model's stem is: stems of one part are added up."""


class SplitPartial(msgspec.Struct, frozen=True, kw_only=True):
    """Stems in the making: sounds that can be mapped and played at once, silent where they are not made yet, and the
    stretches (in seconds, in order) that are final."""

    stems: dict[Role, PcmRef]
    ready: tuple[tuple[float, float], ...]
    duration_s: float


OnPartial = Callable[[SplitPartial], None]


class SplitResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a split did. `delivered` is True for the label's own stems; the model's facts are None then."""

    track_id: str
    roles: tuple[str, ...]
    delivered: bool
    cached: bool = False
    model: str | None = None
    provider: str | None = None
    rtf: float | None = None
    sum_error_db: float | None = None
    first_stem_s: float | None = None
    notices: tuple[str, ...] = ()


def split(
    services: Services,
    project: Project,
    track_id: str,
    context: TaskContext,
    *,
    prefer: Literal["label", "model"] = "label",
    provider: str | None = None,
    model: str | None = None,
    start_s: float = 0.0,
    on_partial: OnPartial | None = None,
) -> Landing[SplitResult]:
    """Make the stems of the track's recording, to land as nested tracks.

    Args:
        services: the parts below.
        project: with the track.
        track_id: a track with one recording.
        context: of the job.
        prefer: stems as the label delivered them where there are any, or the model's in any case.
        provider: where the model runs; the setting where None.
        model: id of a pack; the one of the settings where None.
        start_s: where in the recording to begin: at the play-head, so that its stems are heard first.
        on_partial: is told, in the thread of this call, what is there so far.

    Raises:
        ProjectError: the track holds no recording that can be split.
        RightsError: the licence forbids a stem.
        EngineError: the model failed or was cancelled.
    """
    source = recording_of(project, track_id)
    stems: dict[Role, Source] = {}
    facts: dict[str, Any] = {}
    if prefer == "label" and source.asset_sha256 is not None:
        stems = delivered_stems(services, source)
    delivered = bool(stems)
    if not stems:
        stems, facts = model_stems(
            services,
            project,
            source,
            context,
            provider=provider,
            model=model,
            start_s=start_s,
            on_partial=on_partial,
        )
    allowed = rights.allowed_stems(services, source, tuple(stems))
    forbidden = [role for role in stems if role not in allowed]
    if not allowed:
        raise RightsError(
            "This licence allows no stem of this recording.",
            remedy="Use the recording as a whole, or ask the rightsholder.",
            details={"asset_sha256": source.asset_sha256},
        )
    kept: dict[Role, Source] = {role: stem for role, stem in stems.items() if role in allowed}
    notices = [f"{STEM_TITLES[role]} left out: the licence does not allow this stem." for role in forbidden]
    if facts.get("notice"):
        notices.append(facts["notice"])
    context.progress(1.0, "Done")
    return Landing(
        label="Split into stems",
        apply=lambda now: edits.attach_stems(now, track_id, kept),
        result=SplitResult(
            track_id=track_id,
            roles=tuple(kept),
            delivered=delivered,
            cached=bool(facts.get("cached")),
            model=facts.get("model_id"),
            provider=facts.get("provider"),
            rtf=facts.get("rtf"),
            sum_error_db=facts.get("sum_error_db"),
            first_stem_s=facts.get("first_stem_s"),
            notices=tuple(notices),
        ),
    )


def recording_of(project: Project, track_id: str) -> Source:
    """The one recording that a track plays.

    Raises:
        ProjectError: edit-invalid if there is none, or more than one.
    """
    track = edits.find_track(project, track_id)
    used = {clip.source for clip in track.clips}
    if len(used) != 1:
        raise ProjectError(
            "That track holds no single recording to split." if used else "That track is empty.",
            remedy="Choose a track with clips of one recording.",
            code="edit-invalid",
        )
    return project.sources[used.pop()]


def delivered_stems(services: Services, source: Source) -> dict[Role, Source]:
    """The stems that the label delivered with this recording, as they rest in the library; none for own material."""
    if source.asset_sha256 is None or source.parents:
        return {}
    asset = services.library.asset(source.asset_sha256)
    if not asset.stems:
        return {}
    stems: dict[Role, Source] = {}
    for role in cast("tuple[Role, ...]", asset.stems):
        step = Step(operation=f"stem:{role}", at=now_iso(), parameters={"delivered": True})
        stems[role] = _stem_source(source, role, asset.files[role], step, delivered=True)
    return stems


def model_stems(
    services: Services,
    project: Project,
    source: Source,
    context: TaskContext,
    *,
    provider: str | None = None,
    model: str | None = None,
    start_s: float = 0.0,
    on_partial: OnPartial | None = None,
) -> tuple[dict[Role, Source], dict[str, Any]]:
    """Stems made by a model, and its facts; from the cache where this recording was split by this model before.

    Raises:
        PackError: model-unknown, model-unsuitable.
        EngineError: the model failed or was cancelled.
    """
    blobs, facts = model_blobs(
        services,
        source,
        project.rate,
        context,
        provider=provider,
        model=model,
        start_s=start_s,
        on_partial=on_partial,
    )
    by_role = _folded(services, source, blobs, project.rate, context)
    if len(by_role) < 2:
        raise PackError(
            f"The model {facts['model_id']} does not split a song into parts that a project knows.",
            remedy="Use it with `contrafact separate --model`, or choose another model.",
            code="model-unsuitable",
        )
    stems: dict[Role, Source] = {}
    for role in cast("tuple[Role, ...]", STEMS):
        if role not in by_role:
            continue
        step = Step(
            operation=f"stem:{role}",
            at=now_iso(),
            model_id=facts["model_id"],
            model_version=facts["model_version"],
            model_digest=facts["model_digest"],
            provider=facts["provider"],
        )
        stems[role] = _stem_source(source, role, by_role[role], step, delivered=False, rate=project.rate)
    return stems, facts


def model_blobs(
    services: Services,
    source: Source,
    rate: int,
    context: TaskContext,
    *,
    provider: str | None = None,
    model: str | None = None,
    start_s: float = 0.0,
    on_partial: OnPartial | None = None,
) -> tuple[dict[str, str], dict[str, Any]]:
    """The model's stems by its own names, as blobs of the library, and its facts.

    Raises:
        PackError: model-unknown, model-unsuitable.
        EngineError: the model failed or was cancelled.
    """
    chosen = model or services.settings.get("separation.model") or DEFAULT_PACK
    pack = services.pack(str(chosen))
    key = services.derived.key(task="separate", blob=source.blob, rate=rate, model=pack.digest)
    record = services.derived.get(key)
    if record is not None and all(services.library.blobs.has(blob) for blob in record["stems"].values()):
        return record["stems"], {**record["facts"], "cached": True}
    pcm = services.media.pcm(source, rate, context)
    # What a killed worker left is taken up again. Licensed sound rests only where it goes when the program ends.
    root = services.paths.cache if source.asset_sha256 is None else services.paths.scratch
    folder = root / "splits" / key[:32]
    arguments = {
        "pcm": pcm,
        "out_dir": str(folder / "stems"),
        "pack_dir": str(pack.folder),
        "provider": provider or services.settings.get("inference.provider"),
        "start_s": start_s,
        "memory_dir": str(services.paths.cache / "models"),
    }
    keep = False
    try:
        made = services.inference.run(
            "engine.inference.separation:separate_pcm",
            arguments,
            progress=_watched(span(context, 0.05, 0.95), folder / "stems", rate, on_partial),
            cancelled=stop_of(context),
        )
        assets = () if source.asset_sha256 is None else (source.asset_sha256,)
        blobs = {name: services.library.blobs.put_pcm(ref, assets=assets) for name, ref in made.stems.items()}
    except InferenceError as error:
        keep = error.code == "worker-died"
        raise
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
            with contextlib.suppress(OSError):
                folder.parent.rmdir()
    facts = {name: value for name, value in msgspec.to_builtins(made).items() if name != "stems"}
    services.derived.put(key, {"stems": blobs, "facts": facts})
    return blobs, facts


def warm(services: Services) -> str:
    """Start the worker, load the model and prove it in the background, so that the first split is heard at once. To be
    called off the window's thread, when there is something to split.

    Returns:
        the provider that it will run on.

    Raises:
        PackError, EngineError: as `model_stems`; the split will say the same.
    """
    pack = services.pack(str(services.settings.get("separation.model") or DEFAULT_PACK))
    return services.inference.run(
        "engine.inference.separation:warm_task",
        {
            "pack_dir": str(pack.folder),
            "provider": services.settings.get("inference.provider"),
            "memory_dir": str(services.paths.cache / "models"),
        },
    )


def _watched(progress: Progress, out_dir: Path, rate: int, on_partial: OnPartial | None) -> Progress:
    """Progress that also looks at what has grown."""
    if on_partial is None:
        return progress
    told: list[tuple[tuple[int, int], ...]] = [()]

    def report(fraction: float, note: str) -> None:
        found = partial(out_dir)
        if found is not None and found.ready and found.ready != told[0]:
            told[0] = found.ready
            on_partial(_in_seconds(found, rate))
        progress(fraction, note)

    return report


def _in_seconds(found: Partial, rate: int) -> SplitPartial:
    stems: dict[Role, PcmRef] = {}
    for name, ref in found.stems.items():
        stems.setdefault(ROLES.get(name, "other"), ref)
    return SplitPartial(
        stems=stems,
        ready=tuple((start / rate, stop / rate) for start, stop in found.ready),
        duration_s=found.frames / rate,
    )


def _folded(
    services: Services, source: Source, blobs: dict[str, str], rate: int, context: TaskContext
) -> dict[Role, str]:
    """One blob for each part of a project; stems of the same part are added up, once."""
    parts: dict[Role, list[str]] = {}
    for name, blob in blobs.items():
        parts.setdefault(ROLES.get(name, "other"), []).append(blob)
    made: dict[Role, str] = {}
    for role, members in parts.items():
        if len(members) == 1:
            made[role] = members[0]
            continue
        key = services.derived.key(task="sum", blobs=sorted(members))
        record = services.derived.get(key)
        if record is None or not services.library.blobs.has(record["blob"]):
            record = {"blob": summed(services, source, members, rate, context)}
            services.derived.put(key, record)
        made[role] = record["blob"]
    return made


def summed(services: Services, source: Source, blobs: list[str], rate: int, context: TaskContext) -> str:
    """Stems of one recording added up at `rate`, as a blob of the library.

    Raises:
        EngineError: cancelled, disk-full.
    """
    path = services.paths.scratch / f"sum-{uuid7()}.f32"
    assets = () if source.asset_sha256 is None else (source.asset_sha256,)
    refs = [services.media.pcm(msgspec.structs.replace(source, blob=blob), rate, context) for blob in blobs]
    try:
        made = services.io.run(
            "engine.inference.stem_tools:mix_task",
            {"stems": refs, "gains_db": [0.0] * len(refs), "out_path": str(path)},
            cancelled=stop_of(context),
        )
        return services.library.blobs.put_pcm(made, assets=assets)
    finally:
        path.unlink(missing_ok=True)


def _stem_source(
    source: Source, role: str, blob: str, step: Step, *, delivered: bool, rate: int | None = None
) -> Source:
    return msgspec.structs.replace(
        source,
        id=uuid7(),
        title=f"{source.title} · {STEM_TITLES[role]}",
        role=role,
        blob=blob,
        rate=rate or source.rate,
        channels=2,
        parents=(source.id,),
        steps=(step,),
        delivered=delivered,
    )


def refs(services: Services, project: Project, stems: dict[Role, Source], context: TaskContext) -> dict[str, PcmRef]:
    """The samples of stems at the project's rate."""
    return {role: services.media.pcm(stem, project.rate, context) for role, stem in stems.items()}
