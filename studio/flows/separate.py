"""Split a track: stems as the label delivered them where there are any, else by the model; from the cache the second
time."""

from __future__ import annotations

import shutil
from typing import Any, Literal, cast

import msgspec

from engine.types import STEMS, PcmRef
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
    notices: tuple[str, ...] = ()


def split(
    services: Services,
    project: Project,
    track_id: str,
    context: TaskContext,
    *,
    prefer: Literal["label", "model"] = "label",
    provider: str | None = None,
) -> Landing[SplitResult]:
    """Make the stems of the track's recording, to land as nested tracks.

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
        stems, facts = model_stems(services, project, source, context, provider=provider)
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
    services: Services, project: Project, source: Source, context: TaskContext, *, provider: str | None = None
) -> tuple[dict[Role, Source], dict[str, Any]]:
    """Stems made by the default model, and its facts; from the cache where this recording was split by this model
    before."""
    pack = services.pack(DEFAULT_PACK)
    key = services.derived.key(task="separate", blob=source.blob, rate=project.rate, model=pack.digest)
    record = services.derived.get(key)
    if record is not None and all(services.library.blobs.has(blob) for blob in record["stems"].values()):
        facts: dict[str, Any] = {**record["facts"], "cached": True}
    else:
        pcm = services.media.pcm(source, project.rate, context)
        folder = services.paths.scratch / f"split-{uuid7()}"
        try:
            made = services.inference.run(
                "engine.inference.separation:separate_pcm",
                {
                    "pcm": pcm,
                    "out_dir": str(folder),
                    "pack_dir": str(pack.folder),
                    "provider": provider or services.settings.get("inference.provider"),
                },
                progress=span(context, 0.05, 0.95),
                cancelled=stop_of(context),
            )
            assets = () if source.asset_sha256 is None else (source.asset_sha256,)
            blobs = {role: services.library.blobs.put_pcm(ref, assets=assets) for role, ref in made.stems.items()}
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        facts = {name: value for name, value in msgspec.to_builtins(made).items() if name != "stems"}
        services.derived.put(key, {"stems": blobs, "facts": facts})
        record = {"stems": blobs}
    stems: dict[Role, Source] = {}
    for role in cast("tuple[Role, ...]", STEMS):
        if role not in record["stems"]:
            continue
        step = Step(
            operation=f"stem:{role}",
            at=now_iso(),
            model_id=facts["model_id"],
            model_version=facts["model_version"],
            model_digest=facts["model_digest"],
            provider=facts["provider"],
        )
        stems[role] = _stem_source(source, role, record["stems"][role], step, delivered=False, rate=project.rate)
    return stems, facts


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
