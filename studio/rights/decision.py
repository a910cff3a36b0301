"""What a person may do: one pure function over signed grants, asked while editing and again by the export (RIGHTS.md
1).

Default-deny: what no grant permits is forbidden, what a grant denies is forbidden even if it permits it, and a word
that this version does not know is forbidden. All grants of the audible sources must allow: the strictest wins. Adding a
grant can only allow more, because a decision about one source looks at that source's grant alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol, get_args

from studio.base.clock import from_iso
from studio.rights import wording, wording_export
from studio.rights.grants import STEMS, WIDEST_PITCH, WIDEST_TEMPO, Grant, Operation, Restriction, SignedGrant
from studio.rights.usage import ExportUse, OperationUse, SourceUse, Usage
from studio.rights.verdict import Context, Denial, Verdict

_OPERATIONS: frozenset[str] = frozenset(get_args(Operation))
_STYLES = frozenset({"style:timbre", "style:production", "style:arrangement"})
_EPSILON = 1e-9
"""Floats that went through a slider and back; far below what can be heard."""


def decide(grants: Mapping[str, SignedGrant | Grant], usage: Usage, context: Context) -> Verdict:
    """Whether the grants, keyed by asset_sha256, allow this usage: pure, total and monotone.

    The user's own material needs no grant. Denials come in the order of the sources, and within a source from the grant
    itself to the export.
    """
    denials: list[Denial] = []
    if usage.export is not None and usage.sources and not context.clock_ok:
        denials.append(wording.clock_turned_back(usage.sources[0]))
    for source in usage.sources:
        held = grants.get(source.asset_sha256)
        if held is None:
            denials.append(wording.no_grant(source))
            continue
        grant = held.grant if isinstance(held, SignedGrant) else held
        denials.extend(_decide_source(grant, source, usage, context))
    return Verdict(not denials, tuple(denials))


def _decide_source(grant: Grant, source: SourceUse, usage: Usage, context: Context) -> Iterator[Denial]:
    if grant.resource.asset_sha256 != source.asset_sha256:
        yield wording.other_asset(grant, source)
        return
    yield from _holder(grant, context)
    yield from _time(grant, usage, context)
    yield from _stems(grant, source)
    yield from _ranges(grant, source)
    yield from _operations(grant, source)
    yield from _company(grant, usage)
    if usage.export is not None:
        yield from _export(grant, usage.export, context)


class Words(Protocol):
    """What permits and denies: a grant, or the terms that it is made from."""

    @property
    def permit(self) -> tuple[Operation, ...]: ...

    @property
    def deny(self) -> tuple[Restriction, ...]: ...


def permits(grant: Words, operation: str) -> bool:
    """Whether a grant permits a word of the vocabulary: it is known, permitted and not denied."""
    return operation in _OPERATIONS and operation in grant.permit and operation not in grant.deny


def clause_of(grant: Grant, operation: str) -> str:
    """The clause that decides about a word: that of its denial, or that of its missing permission."""
    if operation not in _OPERATIONS:
        return f"operation:{operation}"
    return f"{'deny' if operation in grant.deny else 'permit'}.{operation}"


def lease_end(grant: Grant) -> float:
    """When the offline lease ends, in seconds since 1970."""
    return from_iso(grant.issued_at) + grant.offline.lease_s


def exports_left(grant: Grant, context: Context) -> int:
    """How many exports the lease still allows."""
    return max(0, grant.offline.max_exports - context.exports_used.get(grant.grant_id, 0))


def _holder(grant: Grant, context: Context) -> Iterator[Denial]:
    if grant.subject != context.user:
        yield wording.other_user(grant)
    if grant.device_keys and context.device not in grant.device_keys:
        yield wording.other_device(grant)
    territory = grant.constraints.territory
    if territory is not None and context.territory not in territory:
        yield wording.territory(grant, territory, context.territory)


def _time(grant: Grant, usage: Usage, context: Context) -> Iterator[Denial]:
    # Comparisons are written so that NaN never allows.
    limits = grant.constraints
    if context.revisions.get(grant.grant_id, grant.rev) > grant.rev:
        yield wording.old_revision(grant)
    if limits.not_before is not None and not context.now >= from_iso(limits.not_before):
        yield wording.not_yet(grant, limits.not_before)
    if limits.not_after is not None and not context.now <= from_iso(limits.not_after):
        yield wording.ended(grant, limits.not_after)
    elif not context.now <= lease_end(grant):
        yield wording.lease_ended(grant, lease_end(grant))
    # A revocation stops new exports; what a person has made stays open to them.
    if usage.export is not None and grant.grant_id in context.revoked:
        yield wording.revoked(grant)


def _stems(grant: Grant, source: SourceUse) -> Iterator[Denial]:
    if not permits(grant, "play"):
        yield wording.no_play(grant, clause_of(grant, "play"))
    for stem in STEMS:
        if stem in source.stems and not permits(grant, f"stem:{stem}"):
            yield wording.stem(grant, clause_of(grant, f"stem:{stem}"), stem)


def _ranges(grant: Grant, source: SourceUse) -> Iterator[Denial]:
    low, high = source.semitones
    if not (abs(low) <= _EPSILON and abs(high) <= _EPSILON):
        limits = grant.constraints.pitch_semitones or WIDEST_PITCH
        if not permits(grant, "pitch_shift"):
            yield wording.pitch_forbidden(grant, clause_of(grant, "pitch_shift"))
        elif not _inside(source.semitones, limits):
            yield wording.pitch(grant, limits, _offender(source.semitones, limits))
    low, high = source.tempo_ratio
    if not (abs(low - 1.0) <= _EPSILON and abs(high - 1.0) <= _EPSILON):
        limits = grant.constraints.tempo_ratio or WIDEST_TEMPO
        if not permits(grant, "time_stretch"):
            yield wording.tempo_forbidden(grant, clause_of(grant, "time_stretch"))
        elif not _inside(source.tempo_ratio, limits):
            yield wording.tempo(grant, limits, _offender(source.tempo_ratio, limits))


def _inside(used: tuple[float, float], limits: tuple[float, float]) -> bool:
    return all(limits[0] - _EPSILON <= value <= limits[1] + _EPSILON for value in used)


def _offender(used: tuple[float, float], limits: tuple[float, float]) -> float:
    return used[1] if not used[1] <= limits[1] + _EPSILON else used[0]


def _operations(grant: Grant, source: SourceUse) -> Iterator[Denial]:
    for use in sorted(source.operations, key=lambda each: (each.operation, each.stem or "")):
        if use.operation in _STYLES:
            yield from _style(grant, use)
        elif use.operation == "voice_clone":
            yield wording.voice_clone(grant)
        elif not permits(grant, use.operation):
            yield wording.operation(grant, clause_of(grant, use.operation), use)
    for model in sorted(source.voice_models):
        if model not in grant.voice.model_ids or "voice_clone" in grant.deny:
            yield wording.voice_model(grant, model)


def _style(grant: Grant, use: OperationUse) -> Iterator[Denial]:
    if not permits(grant, use.operation):
        yield wording.operation(grant, clause_of(grant, use.operation), use)
        return
    # A restyle of the whole recording touches every stem in it.
    touched = (use.stem,) if use.stem in STEMS else STEMS
    for stem in touched:
        if f"restyle:{stem}" in grant.deny:
            yield wording.restyle(grant, use, stem)


def _company(grant: Grant, usage: Usage) -> Iterator[Denial]:
    if len({source.asset_sha256 for source in usage.sources}) > 1 and not permits(grant, "mix_with_licensed"):
        yield wording.company(grant, clause_of(grant, "mix_with_licensed"), own=False)
    if usage.own_material and not permits(grant, "mix_with_own"):
        yield wording.company(grant, clause_of(grant, "mix_with_own"), own=True)


def _export(grant: Grant, export: ExportUse, context: Context) -> Iterator[Denial]:
    if not permits(grant, "export"):
        yield wording_export.no_export(grant, clause_of(grant, "export"))
        return
    terms = grant.export
    if export.format not in terms.formats:
        yield wording_export.format_(grant, export.format)
    if export.rate > terms.max_sr:
        yield wording_export.rate(grant, export.rate)
    if export.bits is not None and export.bits > terms.max_bits:
        yield wording_export.bits(grant, export.bits)
    if export.destination not in terms.destinations:
        yield wording_export.destination(grant, export.destination)
    if export.stems and not permits(grant, "stem_export"):
        yield wording_export.stem_export(grant, clause_of(grant, "stem_export"))
    if exports_left(grant, context) == 0:
        yield wording_export.no_exports_left(grant)
