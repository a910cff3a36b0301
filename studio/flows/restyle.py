"""Restyle a track: stems, the operators that the licence allows, and new parts that land as a take."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from engine.inference.styles import StyleInfo
from engine.types import STEMS, PcmRef
from studio.base.clock import now_iso
from studio.base.errors import RightsError
from studio.base.ids import uuid7
from studio.flows import rights, scores, separate, styles
from studio.flows.landing import Landing
from studio.flows.media import TaskContext, share_of, span, stop_of
from studio.flows.services import Services
from studio.project import edits
from studio.project.model import Project, Role, Source, Step, Strip, Track

STYLE_PACK = styles.STYLE_PACK


class RestyleResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a restyle did: the take's number, what was found in the song, and which model ran where."""

    track_id: str
    take: int
    style: str
    intensity: float
    seed: int
    parts: tuple[str, ...]
    model: str
    provider: str
    tempo_bpm: float
    key: str | None
    chords: list[Any]
    timings_s: dict[str, float]
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ground:
    """A split track, ready to be restyled: its original stems, and the split where it had to be made first."""

    group: Track
    stems: dict[Role, Source]
    source: Source
    refs: dict[str, PcmRef]
    landing: Landing[Any] | None
    project: Project
    """With the split."""

    @property
    def notices(self) -> tuple[str, ...]:
        return tuple(self.landing.result.notices) if self.landing is not None else ()


def prepared(
    services: Services,
    project: Project,
    track_id: str,
    context: TaskContext,
    *,
    provider: str | None,
    prefer: Literal["label", "model"],
) -> Ground:
    """Split a track if needed and lay out its stems.

    Raises:
        EngineError, RightsError: from the split.
    """
    group = edits.group_of(project, track_id)[0]
    landing: Landing[Any] | None = None
    if not edits.children_of(project, group.id):
        landing = separate.split(
            services, project, group.id, share_of(context, 0.0, 0.9), prefer=prefer, provider=provider
        )
        project = landing.apply(project)
    stems = stems_of(project, group.id)
    # The last thing done to the group is on screen; a restyle always starts from the originals.
    refs = separate.refs(services, project, stems, share_of(context, 0.9, 1.0))
    return Ground(group, stems, separate.recording_of(project, group.id), refs, landing, project)


@dataclass(frozen=True)
class Made:
    """A restyle with its parts in the library, ready to land."""

    style: StyleInfo
    parts: list[edits.RestyledPart]
    strips: dict[Role, Strip]
    maker: Step
    made: Any

    def land(self, now: Project, group_id: str) -> Project:
        """The project with this restyle as the next take."""
        return edits.apply_restyle(
            now,
            group_id,
            self.parts,
            style=self.style.id,
            strips=self.strips,
            muted=self.made.muted,
            name=self.style.name,
            seed=self.made.seed,
            intensity=self.made.intensity,
            model=self.maker,
        )


def kept_in_library(services: Services, ground: Ground, made: Any, info: StyleInfo, *, produced: bool) -> Made:
    """Take the parts of a finished restyle over into the library."""
    facts = {"style": info.id, "style_name": info.name, "intensity": made.intensity, "seed": made.seed}
    maker = Step(
        operation="style:production",
        at=now_iso(),
        model_id=made.model_id,
        model_version=made.model_version,
        model_digest=made.model_digest,
        provider=made.provider,
        parameters=facts,
    )
    parts = [_part(services, ground.source, ground.stems, part, maker, produced=produced) for part in made.parts]
    # Settings that a person made stay with the take; ids make a second use of the same landing impossible to confuse.
    strips: dict[Role, Strip] = {
        role: edits.strip_from(settings) for role, settings in made.strips.items() if role in ground.stems
    }
    return Made(info, parts, strips, maker, made)


def restyle(
    services: Services,
    project: Project,
    track_id: str,
    context: TaskContext,
    *,
    style: str,
    intensity: float = 1.0,
    seed: int = 0,
    keep: Sequence[str] = ("vocals",),
    provider: str | None = None,
    prefer: Literal["label", "model"] = "label",
) -> Landing[RestyleResult]:
    """Restyle the recording of a track, splitting it first if needed.

    What the licence forbids is left out, with the reason in `notices`; only where nothing is left is it an error.

    Raises:
        StyleError: unknown style, or one that does not suit this music.
        RightsError: the licence allows no operation of this style.
        EngineError: a model failed or was cancelled.
    """
    info = styles.find_style(services, style).info
    ground = prepared(services, project, track_id, share_of(context, 0.0, 0.45), provider=provider, prefer=prefer)
    group = ground.group
    operators, kept, denied = permitted(services, ground, info.operators, tuple(keep))
    notices = (*ground.notices, *denied)
    if not operators:
        raise forbidden(ground.source, notices, style)
    own = styles.folder_of(services, style)
    folder = services.paths.scratch / f"restyle-{uuid7()}"
    try:
        made = services.inference.run(
            "engine.inference.restyle:restyle_task",
            {
                "stems": ground.refs,
                "out_dir": str(folder),
                "style": style,
                "styles_dir": None if own is None else str(own),
                "intensity": intensity,
                "seed": seed,
                "keep": list(kept),
                "operators": list(operators),
                "stated": stated_of(ground.source),
                "pack_dir": str(services.pack(STYLE_PACK).folder),
                "provider": provider or services.settings.get("inference.provider"),
            },
            progress=span(context, 0.45, 0.95),
            cancelled=stop_of(context),
        )
        taken = kept_in_library(services, ground, made, info, produced="style:production" in operators)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    number = edits.next_take_number(ground.project, group.id)

    def apply(now: Project) -> Project:
        if ground.landing is not None and not edits.children_of(now, group.id):
            now = ground.landing.apply(now)
        return taken.land(now, group.id)

    context.progress(1.0, "Done")
    return Landing(
        label=f"Restyle as {info.name}",
        apply=apply,
        result=result_of(ground, made, number, notices),
    )


def result_of(ground: Ground, made: Any, number: int, notices: tuple[str, ...]) -> RestyleResult:
    """What a person is told about a restyle."""
    return RestyleResult(
        track_id=ground.group.id,
        take=number,
        style=made.style,
        intensity=made.intensity,
        seed=made.seed,
        parts=tuple(part.title for part in made.parts),
        model=f"{made.model_id} {made.model_version}",
        provider=made.provider,
        tempo_bpm=made.tempo_bpm,
        key=made.key,
        chords=msgspec.to_builtins(made.chords),
        timings_s=dict(made.timings_s),
        notices=(*notices, *made.notices),
    )


def forbidden(source: Source, notices: tuple[str, ...], style: str) -> RightsError:
    """The error of a licence that allows nothing of a style."""
    return RightsError(
        f"The licence of “{source.title}” does not allow this style: {notices[-1] if notices else ''}",
        remedy="Choose a style that it allows, or ask the rightsholder.",
        details={"style": style},
    )


def warm(services: Services) -> None:
    """Let the worker load what a restyle needs, beside what it does next."""
    services.inference.run("engine.inference.restyle:warm_task", {})


def stated_of(source: Source) -> dict[str, Any]:
    """What the label or the person says of a recording: it stands above what is heard in it."""
    stated: dict[str, Any] = {}
    if source.tempo_bpm is not None:
        stated["tempo_bpm"] = source.tempo_bpm
        if source.first_beat_s is not None:
            stated["first_beat_s"] = source.first_beat_s
    if source.key:
        stated["key"] = source.key
    return stated


def stems_of(project: Project, group_id: str) -> dict[Role, Source]:
    """The original stems of a split track by role."""
    found: dict[Role, Source] = {}
    for track in edits.children_of(project, group_id):
        clips = track.clips if track.original is None else track.original.clips
        if track.role in STEMS and clips and track.role not in found:
            found[track.role] = project.sources[clips[0].source]
    return found


def permitted(
    services: Services, ground: Ground, operators: tuple[str, ...], keep: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The operators that the licence allows on some stem, the stems that stay as they are, and why."""
    source, roles = ground.source, tuple(ground.stems)
    notices: list[str] = []
    kept = [role for role in roles if role in keep]
    free = [role for role in roles if role not in kept]
    for role in list(free):
        why = next((text for op in operators if (text := rights.denial_of(services, source, op, role))), "")
        if why and not any(rights.allowed_operation(services, source, op, role) for op in operators):
            free.remove(role)
            kept.append(role)
            notices.append(why)
    allowed = tuple(
        op for op in operators if any(rights.allowed_operation(services, source, op, role) for role in free)
    )
    for operator in operators:
        if operator not in allowed and free:
            why = rights.denial_of(services, source, operator, free[0])
            if why:
                notices.append(why)
    return allowed, tuple(kept), tuple(dict.fromkeys(notices))


def _part(
    services: Services,
    source: Source,
    stems: dict[Role, Source],
    part: Any,
    maker: Step,
    *,
    produced: bool,
) -> edits.RestyledPart:
    """A new sound as the edit takes it. Its notes were written by rules and played by the sampler; the model only
    set its strip, where
    the licence lets it."""
    assets = () if source.asset_sha256 is None else (source.asset_sha256,)
    pcm: PcmRef = part.pcm
    named = tuple(stems[role].id for role in part.conditioned_on if role in stems)
    strip = edits.strip_from(part.strip) if part.strip else Strip()
    played = {} if part.score is None else scores.credits_of(part.score)
    written = Step(operation=part.operation, at=maker.at, parameters={**maker.parameters, **played})
    return edits.RestyledPart(
        replaces=part.replaces,
        title=part.title,
        strip=strip if produced else Strip(gain_db=strip.gain_db),
        source=Source(
            id=uuid7(),
            title=part.title,
            origin="generated",
            role=part.role,
            blob=services.library.blobs.put_pcm(pcm, assets=assets),
            duration_s=pcm.frames / pcm.rate,
            rate=pcm.rate,
            channels=pcm.channels,
            asset_sha256=source.asset_sha256,
            parents=named or tuple(stem.id for stem in stems.values()),
            steps=(written, maker) if produced and part.strip else (written,),
            tempo_bpm=source.tempo_bpm,
            key=source.key,
            artist=source.artist,
            score=None if part.score is None else scores.keep_score(services, part.score, assets),
        ),
    )
