"""A grant in plain words: the badge on a song and the lines of "What I may do"."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import msgspec

from studio.base.clock import from_iso
from studio.rights import clauses, decision
from studio.rights.grants import (
    STEMS,
    WIDEST_PITCH,
    WIDEST_TEMPO,
    Constraints,
    Export,
    Grant,
    Operation,
    Restriction,
    SignedGrant,
)
from studio.rights.usage import SourceUse, Usage
from studio.rights.verdict import Context
from studio.rights.words import day, listed, ratio, semitones, stem_word

Badge = Literal["open", "conditions", "listen", "blocked"]
LineState = Literal["allowed", "limited", "exceeded", "forbidden", "time"]

OPEN_PITCH = (-6.0, 6.0)
OPEN_TEMPO = (0.75, 1.3)
"""A licence whose ranges hold these still counts as open: few remixes go further."""

STYLES = {"style:timbre": "timbre", "style:production": "production", "style:arrangement": "arrangement"}

LABELS: dict[Badge, str] = {"open": "Open", "conditions": "Conditions", "listen": "Listen", "blocked": "Blocked"}


class _Terms(msgspec.Struct, frozen=True, kw_only=True):
    """The part of terms that a badge depends on."""

    permit: tuple[Operation, ...] = ()
    deny: tuple[Restriction, ...] = ()
    constraints: Constraints = Constraints()
    export: Export


class Line(msgspec.Struct, frozen=True):
    """One line: what, in which state, and a note at its right ("now +2", "clause 4.2", "7 of 10 exports")."""

    state: LineState
    text: str
    note: str = ""


class Summary(msgspec.Struct, frozen=True):
    """The badge, its label, and the lines."""

    badge: Badge
    label: str
    lines: tuple[Line, ...]


def badge(grant: SignedGrant | Grant, context: Context | None = None) -> Badge:
    """Open: everything in usual ranges; conditions: an export with limits; listen: no export; blocked: not now, or not
    by this person."""
    inner = grant.grant if isinstance(grant, SignedGrant) else grant
    if context is not None:
        asset = inner.resource.asset_sha256
        usage = Usage(sources=(SourceUse(asset_sha256=asset),))
        if not decision.decide({asset: inner}, usage, context).allowed or inner.grant_id in context.revoked:
            return "blocked"
    return _badge(inner)


def badge_of_terms(terms: Mapping[str, Any]) -> Badge:
    """The badge of a recording that is not licensed yet, from the rightsholder's terms; terms that cannot be read are
    blocked.

    Terms are a grant without the person: the same words and limits.
    """
    try:
        found = msgspec.convert(
            {name: terms[name] for name in ("permit", "deny", "constraints", "export") if name in terms}, _Terms
        )
    except msgspec.ValidationError:
        return "blocked"
    return _badge(found)


def summary(grant: SignedGrant | Grant, usage: SourceUse | None = None, context: Context | None = None) -> Summary:
    """What a person may do with a recording; with `usage`, where they are now, and with `context`, until when.

    The lines come in the order of the panel: stems, restyling, pitch, tempo, company, export, time.
    """
    inner = grant.grant if isinstance(grant, SignedGrant) else grant
    chosen = badge(inner, context)
    lines = (
        *_stem_lines(inner),
        *_style_lines(inner),
        _pitch_line(inner, usage),
        _tempo_line(inner, usage),
        *_company_lines(inner),
        *_export_lines(inner),
        *_time_lines(inner, context),
    )
    return Summary(chosen, LABELS[chosen], lines)


def _badge(grant: Grant | _Terms) -> Badge:
    if not decision.permits(grant, "play"):
        return "blocked"
    if not decision.permits(grant, "export") or not grant.export.formats or not grant.export.destinations:
        return "listen"
    return "open" if _open(grant) else "conditions"


def _open(grant: Grant | _Terms) -> bool:
    words = [f"stem:{stem}" for stem in STEMS] + list(STYLES)
    words += ["time_stretch", "pitch_shift", "mix_with_licensed", "mix_with_own"]
    if not all(decision.permits(grant, word) for word in words):
        return False
    if any(word.startswith("restyle:") for word in grant.deny):
        return False
    pitch = grant.constraints.pitch_semitones or WIDEST_PITCH
    tempo = grant.constraints.tempo_ratio or WIDEST_TEMPO
    return (
        pitch[0] <= OPEN_PITCH[0]
        and pitch[1] >= OPEN_PITCH[1]
        and tempo[0] <= OPEN_TEMPO[0]
        and tempo[1] >= OPEN_TEMPO[1]
    )


def _stem_lines(grant: Grant) -> Iterator[Line]:
    free = [stem for stem in STEMS if decision.permits(grant, f"stem:{stem}")]
    if free:
        yield Line("allowed", f"Use {', '.join(free)}")
    for stem in STEMS:
        if stem not in free:
            note = clauses.number(decision.clause_of(grant, f"stem:{stem}"))
            yield Line("forbidden", f"Use {stem_word(stem)} alone", f"clause {note}")


def _style_lines(grant: Grant) -> Iterator[Line]:
    styles = [word for operation, word in STYLES.items() if decision.permits(grant, operation)]
    denied = [stem for stem in STEMS if f"restyle:{stem}" in grant.deny]
    if not styles:
        yield Line("forbidden", "Restyle", f"clause {clauses.number('permit.style')}")
        return
    free = [stem for stem in STEMS if stem not in denied]
    if free:
        what = "everything" if len(free) == len(STEMS) else ", ".join(free)
        yield Line("allowed", f"Restyle {what}", "" if len(styles) == len(STYLES) else ", ".join(styles))
    for stem in denied:
        yield Line("forbidden", f"Restyle {stem_word(stem)}", f"clause {clauses.number(f'deny.restyle:{stem}')}")


def _pitch_line(grant: Grant, usage: SourceUse | None) -> Line:
    if not decision.permits(grant, "pitch_shift"):
        return Line("forbidden", "Change the pitch", f"clause {clauses.number('permit.pitch_shift')}")
    limits = grant.constraints.pitch_semitones
    text = "Pitch, any" if limits is None else f"Pitch {semitones(limits[0])} to {semitones(limits[1])}"
    now = None if usage is None else usage.semitones
    return _range_line(text, limits or WIDEST_PITCH, now, semitones)


def _tempo_line(grant: Grant, usage: SourceUse | None) -> Line:
    if not decision.permits(grant, "time_stretch"):
        return Line("forbidden", "Change the tempo", f"clause {clauses.number('permit.time_stretch')}")
    limits = grant.constraints.tempo_ratio
    text = "Tempo, any" if limits is None else f"Tempo {ratio(limits[0])} to {ratio(limits[1])}"
    now = None if usage is None else usage.tempo_ratio
    return _range_line(text, limits or WIDEST_TEMPO, now, ratio)


def _range_line(
    text: str, limits: tuple[float, float], now: tuple[float, float] | None, word: Callable[[float], str]
) -> Line:
    if now is None:
        return Line("allowed", text)
    note = word(now[0]) if word(now[0]) == word(now[1]) else f"{word(now[0])} to {word(now[1])}"
    inside = limits[0] - 1e-9 <= now[0] and now[1] <= limits[1] + 1e-9
    return Line("allowed" if inside else "exceeded", text, f"now {note}")


def _company_lines(grant: Grant) -> Iterator[Line]:
    for operation, what in (("mix_with_licensed", "other licensed songs"), ("mix_with_own", "material of your own")):
        if not decision.permits(grant, operation):
            number = clauses.number(decision.clause_of(grant, operation))
            yield Line("forbidden", f"Mix with {what}", f"clause {number}")


def _export_lines(grant: Grant) -> Iterator[Line]:
    terms = grant.export
    if not decision.permits(grant, "export") or not terms.formats or not terms.destinations:
        yield Line("forbidden", "Export", f"clause {clauses.number('permit.export')}")
        return
    formats = listed([each.upper() for each in terms.formats])
    limited = len(terms.formats) < 3 or "platform" not in terms.destinations
    note = f"to {terms.max_sr / 1000:g} kHz, {terms.max_bits} bit"
    if "platform" not in terms.destinations:
        note = "preview only"
    yield Line("limited" if limited else "allowed", f"Export {formats}", note)


def _time_lines(grant: Grant, context: Context | None) -> Iterator[Line]:
    limits = grant.constraints
    if limits.territory is not None:
        here = context is not None and context.territory in limits.territory
        yield Line("allowed" if here else "limited", f"In {', '.join(limits.territory)}")
    if limits.not_before is not None and context is not None and context.now < from_iso(limits.not_before):
        yield Line("time", f"From {day(from_iso(limits.not_before))}")
    if limits.not_after is not None:
        yield Line("time", f"Until {day(from_iso(limits.not_after))}")
    left = grant.offline.max_exports if context is None else decision.exports_left(grant, context)
    note = f"{left} of {grant.offline.max_exports} exports"
    yield Line("time", f"Offline until {day(decision.lease_end(grant))}", note)
