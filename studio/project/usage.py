"""How the audible project uses its sources: what the rights question and the shares are asked about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast, get_args

import msgspec

from studio.project.audibility import audible_clips
from studio.project.model import Clip, Project, Source, Track
from studio.project.warp import tempo_range
from studio.rights.share_sources import OWN
from studio.rights.usage import OperationUse, SourceUse, Usage, UsedStem

_STEMS: tuple[str, ...] = get_args(UsedStem)


def usage_of(project: Project) -> Usage:
    """What the audible clips use, traced back to the recordings; licensed sources in the order of their assets.

    Muted tracks and clips, faders at -96 dB and takes that do not show are not part of it.
    """
    uses: dict[str, SourceUse] = {}
    own_material = False
    for track, clip in audible_clips(project):
        source = project.sources[clip.source]
        own_material = own_material or any(each.origin == "own" for each in roots_of(project, source))
        for asset in assets_of(project, source):
            uses[asset] = _with_clip(project, uses.get(asset), asset, track, clip)
    return Usage(sources=tuple(uses[asset] for asset in sorted(uses)), own_material=own_material)


def sources_in_use(project: Project) -> frozenset[str]:
    """Ids of the sources that are heard, with all that they were made from."""
    return frozenset(
        each.id for _, clip in audible_clips(project) for each in lineage(project, project.sources[clip.source])
    )


def rights_groups(project: Project) -> dict[str, list[tuple[str, str]]]:
    """The audible clips as ``(track_id, clip_id)`` by who is paid for them: the asset of the recording that they come
    from, `OWN` for own material, ``pool:<model id>`` for what a model made from nothing.

    What a model made from a recording belongs to that recording.
    """
    groups: dict[str, list[tuple[str, str]]] = {}
    for track, clip in audible_clips(project):
        groups.setdefault(group_of(project, project.sources[clip.source]), []).append((track.id, clip.id))
    return groups


def group_of(project: Project, source: Source) -> str:
    """The rights group of one source, as `rights_groups` names it."""
    if source.asset_sha256 is not None:
        return source.asset_sha256
    assets = assets_of(project, source)
    if assets:
        return assets[0]
    roots = roots_of(project, source)
    if any(root.origin == "own" for root in roots):
        return OWN
    models = sorted({step.model_id for root in roots for step in root.steps if step.model_id})
    return f"pool:{models[0]}" if models else OWN


def assets_of(project: Project, source: Source) -> tuple[str, ...]:
    """Assets of all licensed recordings that a source is or was made from, sorted."""
    return tuple(sorted({each.asset_sha256 for each in lineage(project, source) if each.asset_sha256 is not None}))


def roots_of(project: Project, source: Source) -> tuple[Source, ...]:
    """The sources at the beginning of a source's history: recordings, own material, or what a model made from
    nothing."""
    return tuple(each for each in lineage(project, source) if not each.parents)


def lineage(project: Project, source: Source) -> Iterator[Source]:
    """A source and all that it was made from, each once, the nearest first."""
    seen = {source.id}
    waiting = [source]
    while waiting:
        each = waiting.pop(0)
        yield each
        for parent in each.parents:
            if parent not in seen:
                seen.add(parent)
                waiting.append(project.sources[parent])


def _with_clip(project: Project, before: SourceUse | None, asset: str, track: Track, clip: Clip) -> SourceUse:
    source = project.sources[clip.source]
    stem = _stem(source)
    slowest, fastest = tempo_range(clip)
    use = before or SourceUse(
        asset_sha256=asset,
        title=_title(project, asset),
        semitones=(clip.semitones, clip.semitones),
        tempo_ratio=(slowest, fastest),
    )
    operations = set(use.operations)
    voices = set(use.voice_models)
    for each in lineage(project, source):
        if each.asset_sha256 is not None and each.asset_sha256 != asset:
            # Another recording that went into the same sound answers for its own steps.
            continue
        for step in each.steps:
            done_to = _stem(each)
            # Hearing a stem says already that it was separated.
            if step.operation == f"stem:{stem}":
                continue
            operations.add(OperationUse(step.operation, done_to))
            if step.model_id and step.operation == "style:timbre" and done_to == "vocals":
                voices.add(step.model_id)
    operations.update(OperationUse(word, stem) for word in _take_operations(track))
    return msgspec.structs.replace(
        use,
        stems=use.stems | {stem},
        operations=frozenset(operations),
        voice_models=frozenset(voices),
        semitones=(min(use.semitones[0], clip.semitones), max(use.semitones[1], clip.semitones)),
        tempo_ratio=(min(use.tempo_ratio[0], slowest), max(use.tempo_ratio[1], fastest)),
    )


def _take_operations(track: Track) -> tuple[str, ...]:
    return next((take.operations for take in track.takes if take.number == track.take), ())


def _stem(source: Source) -> UsedStem:
    return cast("UsedStem", source.role) if source.role in _STEMS else "mix"


def _title(project: Project, asset: str) -> str:
    known = [source for source in project.sources.values() if source.asset_sha256 == asset]
    recording = next((source for source in known if not source.parents), known[0])
    return recording.title
