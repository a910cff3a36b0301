"""What the manifest says of a project: the sources that are heard, what was done to them, and the models that did
it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from engine.errors import PackError
from studio.base.clock import now_iso
from studio.flows.models import statement_of
from studio.flows.scores import EDITED
from studio.flows.services import Services
from studio.project.audibility import audible_clips
from studio.project.model import Clip, Project, Source, Step, Track
from studio.project.usage import assets_of, lineage, usage_of
from studio.provenance.inputs import LicensedSource, ModelFacts, OwnSource, StepFacts, licensed_source

STEMS = ("vocals", "drums", "bass", "other")
_GATHERED = ("instruments", "samples", EDITED)
"""Parameters that differ from part to part of one restyle."""


def licensed_sources(services: Services, project: Project) -> tuple[LicensedSource, ...]:
    """The licensed recordings that are heard, each with the grant that it is used under.

    Raises:
        RightsError: no-grant, grant-expired ... for one whose licence does not hold now.
    """
    return tuple(
        licensed_source(services.library.grant_for(use.asset_sha256), stems=tuple(sorted(use.stems)))
        for use in usage_of(project).sources
    )


def own_sources(project: Project) -> tuple[OwnSource, ...]:
    """The user's own material that is heard, by the word of the user."""
    found: dict[str, OwnSource] = {}
    for source in _heard(project):
        if source.origin == "own" and not source.parents:
            recorded = any(step.operation == "record" for step in source.steps)
            found[source.id] = OwnSource(id=source.id, title=source.title, sha256=source.blob, recorded=recorded)
    return tuple(found.values())


def steps_of(project: Project) -> tuple[StepFacts, ...]:
    """Everything that was done to what is heard: separation, restyles, settings of takes, tempo and pitch; each
    once."""
    steps: dict[tuple[object, ...], StepFacts] = {}
    for track, clip in audible_clips(project):
        source = project.sources[clip.source]
        owner = _owner(project, source)
        for each in reversed(list(lineage(project, source))):
            for step in each.steps:
                _note(steps, _fact(step, owner, each))
        for fact in _clip_facts(project, track, clip, source, owner):
            _note(steps, fact)
    return tuple(steps.values())


def models_of(
    services: Services, steps: Iterable[StepFacts], digests: dict[str, tuple[str, str]]
) -> tuple[ModelFacts, ...]:
    """The models that the steps name, with their packs' titles and training statements where the packs are still here.

    `digests` maps a model's id to (version, digest) as the project recorded them.
    """
    found: dict[str, ModelFacts] = {}
    for step in steps:
        if step.model_id is None or step.model_id in found:
            continue
        version, digest = digests.get(step.model_id, ("", ""))
        try:
            pack = services.pack(step.model_id)
            title, statement = pack.title, statement_of(services, pack)
        except PackError:
            title, statement = step.model_id, "The model's pack is not on this computer any more."
        found[step.model_id] = ModelFacts(
            id=step.model_id, version=version, digest=digest, title=title, statement=statement
        )
    return tuple(found.values())


def model_digests(project: Project) -> dict[str, tuple[str, str]]:
    """Version and digest of every model that made or shaped something in the project."""
    found: dict[str, tuple[str, str]] = {}
    for source in project.sources.values():
        for step in source.steps:
            if step.model_id:
                found[step.model_id] = (step.model_version or "", step.model_digest or "")
    for track in project.tracks:
        for take in track.takes:
            if take.model is not None and take.model.model_id:
                found[take.model.model_id] = (take.model.model_version or "", take.model.model_digest or "")
    return found


def _heard(project: Project) -> Iterable[Source]:
    for _, clip in audible_clips(project):
        yield from lineage(project, project.sources[clip.source])


def _owner(project: Project, source: Source) -> str | None:
    assets = assets_of(project, source)
    if assets:
        return assets[0]
    return next((each.id for each in lineage(project, source) if not each.parents), None)


def _fact(step: Step, owner: str | None, source: Source) -> StepFacts:
    return StepFacts(
        operation=step.operation,
        at=step.at,
        source=owner,
        stem=source.role if source.role in STEMS else None,
        model_id=step.model_id,
        provider=step.provider,
        parameters=dict(step.parameters),
        generated=source.origin == "generated" and step.operation in ("style:arrangement", "style:timbre"),
    )


def _clip_facts(project: Project, track: Track, clip: Clip, source: Source, owner: str | None) -> Iterable[StepFacts]:
    stem = source.role if source.role in STEMS else None
    if clip.tempo_ratio != 1.0:
        yield StepFacts(
            operation="time_stretch", at=now_iso(), source=owner, parameters={"tempo_ratio": round(clip.tempo_ratio, 6)}
        )
    if clip.semitones:
        yield StepFacts(operation="pitch_shift", at=now_iso(), source=owner, parameters={"semitones": clip.semitones})
    shown = next((take for take in track.takes if take.number == track.take), None)
    if shown is None:
        return
    for operation in shown.operations:
        step = shown.model
        yield StepFacts(
            operation=operation,
            at=step.at if step else now_iso(),
            source=owner,
            stem=stem,
            model_id=step.model_id if step else None,
            provider=step.provider if step else None,
            parameters=dict(step.parameters)
            if step
            else {"style": shown.style or "", "intensity": shown.intensity or 0.0, "seed": shown.seed or 0},
        )


def _note(steps: dict[tuple[object, ...], StepFacts], fact: StepFacts) -> None:
    """Add a step; parts that were written in one go are one step that names all who play them."""
    same = {key: value for key, value in fact.parameters.items() if key not in _GATHERED}
    key = (fact.operation, fact.source, fact.stem, fact.model_id, repr(sorted(same.items(), key=str)))
    known = steps.setdefault(key, fact)
    if known is fact:
        return
    gathered: dict[str, Any] = {
        name: sorted({*known.parameters.get(name, ()), *fact.parameters.get(name, ())})
        for name in ("instruments", "samples")
        if name in known.parameters or name in fact.parameters
    }
    if known.parameters.get(EDITED) or fact.parameters.get(EDITED):
        gathered[EDITED] = True
    steps[key] = replace(known, parameters={**known.parameters, **gathered})
