"""Who is paid: ``audible-share/1`` (RIGHTS.md 2), in integers, recomputable by anyone from what the manifest carries.

The rules, in their order:

1. *Levels.* Each rights source is rendered post-fader, before the master bus, all its clips and stems summed as audio;
its K-weighted power per
   400 ms block becomes a loudness (BS.1770: -0.691 + 10 log10 power), rounded to 0.01 LU. From here on everything is
   exact integers, so that every machine that has these levels finds the same shares.
2. *Gates.* A block of a source counts if it is above -70 LUFS and not more than 20 LU under the mix of that block.
3. *Weights.* power ** 0.3, divided by the sum over the sources of that block, summed over the blocks in which any
source counts. Silence
   therefore changes nothing.
4. *Recording's side.* In proportion to the weights; then each licensed source that is heard at all (any block above -70
LUFS, also one far
   under the mix) is raised to its `master_floor_ppm`. A new recording of a work (a cover) has no recording's side: its
   part is the maker's.
5. *Song's side.* The weight of each licensed source, times how much of the composition its used stems carry: the
greatest
   `pub_weight_by_stem` among them (a stem that is not named, and the whole recording, carry all of it), divided equally
   among its works. The greatest, not the mean: using more of a song must never pay its writers less. Own material and
   training pools carry all of theirs. If nothing carries any composition, the weights alone decide. Within a work its
   writers and publishers share by their `share_ppm`.
6. *Rounding.* Largest remainder, then id. Each side sums to 1,000,000.
7. *Silence.* A mix in which nothing is heard is all the maker's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache
from typing import Any, Literal

import msgspec

from studio.rights.allocation import allocate, invalid, with_floors
from studio.rights.grants import MILLION
from studio.rights.share_sources import OWN, Payee, ShareSource, ShareWork, own_source, source_of
from studio.rights.usage import UsedStem

__all__ = [
    "METHOD",
    "OWN",
    "Evidence",
    "Payee",
    "Share",
    "ShareRow",
    "ShareSource",
    "ShareWork",
    "Shares",
    "audible_share",
    "own_source",
    "parse_evidence",
    "recompute",
    "source_of",
]

METHOD = "audible-share/1"

BLOCK_S = 0.4
ABSOLUTE_GATE = -7000
RELATIVE_GATE = 2000
"""In hundredths of a LU."""
EXPONENT = Decimal("0.3")

_UNIT = 10**9


class Share(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of a side. `source` or, on the song's side, `work` says what it is paid for."""

    id: str
    name: str
    ppm: int
    kind: Literal["licensed", "own", "pool", "unclaimed"] = "licensed"
    work: str | None = None


class ShareRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one source came to its shares: blocks in which it counts, its weight in ppm of all, and both sides."""

    id: str
    name: str
    kind: Literal["licensed", "own", "pool"]
    stems: tuple[UsedStem, ...]
    blocks: int
    weight_ppm: int
    floor_ppm: int
    master_ppm: int
    publishing_ppm: int


class Evidence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that the shares follow from: levels per block in 0.01 LUFS (None below -70 LUFS), and the sources."""

    method: Literal["audible-share/1"] = METHOD
    block_s: float = BLOCK_S
    mix: tuple[int | None, ...]
    levels: dict[str, tuple[int | None, ...]]
    sources: dict[str, ShareSource]


class Shares(msgspec.Struct, frozen=True, kw_only=True):
    """Both sides, each summing to 1,000,000 ppm, the rows that explain them, and the evidence that they follow from."""

    method: str
    master: tuple[Share, ...]
    publishing: tuple[Share, ...]
    rows: tuple[ShareRow, ...]
    evidence: Evidence


def audible_share(
    powers: Mapping[str, Sequence[float]], mix: Sequence[float], sources: Mapping[str, ShareSource]
) -> Shares:
    """The shares of the sources of a mix, by the rules of this module.

    `powers` are K-weighted mean squares per 400 ms block, summed over the channels, by source id (asset_sha256, `OWN`,
    or a pool's id), each as long as `mix`. `sources` describes each id of `powers`; further ones are not heard.

    Raises:
        RightsError: `shares-invalid` for lengths that differ, an unknown id, NaN, infinite or negative powers;
        `floors-exceed`.
    """
    for name, blocks in powers.items():
        if name not in sources:
            raise invalid(f"nothing is known of the source {name}")
        if len(blocks) != len(mix):
            raise invalid("the sources and the mix differ in length")
    evidence = Evidence(
        mix=_levels(mix),
        levels={name: _levels(powers[name]) for name in sorted(powers)},
        sources={name: sources[name] for name in sorted(powers)},
    )
    return recompute(evidence)


def recompute(evidence: Evidence) -> Shares:
    """The shares that follow from evidence, as a manifest carries it: integers only, so that everybody finds the same.

    Raises:
        RightsError: `shares-invalid` for evidence that contradicts itself; `floors-exceed`.
    """
    _check(evidence)
    sources = evidence.sources
    weights, counts = _weights(evidence)
    heard = {name for name, levels in evidence.levels.items() if any(level is not None for level in levels)}
    floors = {
        name: sources[name].master_floor_ppm
        for name in heard
        if sources[name].kind == "licensed" and sources[name].master and sources[name].master_floor_ppm
    }
    master = _master(weights, floors, sources)
    publishing = _publishing(weights, sources)
    total = sum(weights.values())
    names = sorted(heard)
    rows = tuple(
        ShareRow(
            id=name,
            name=sources[name].name,
            kind=sources[name].kind,
            stems=sources[name].stems,
            blocks=counts[name],
            weight_ppm=weights[name] * MILLION // total if total else 0,
            floor_ppm=floors.get(name, 0),
            master_ppm=sum(share.ppm for share in master if share.id == name),
            publishing_ppm=sum(ppm for source, _, ppm in publishing if source == name),
        )
        for name in names
    )
    return Shares(
        method=METHOD,
        master=_ordered(master),
        publishing=_ordered(_merged(share for _, share, _ in publishing)),
        rows=rows,
        evidence=evidence,
    )


def parse_evidence(fields: Any) -> Evidence:
    """Evidence from parsed JSON or CBOR, as a manifest carries it.

    Raises:
        RightsError: `shares-invalid`.
    """
    try:
        return msgspec.convert(fields, Evidence)
    except msgspec.ValidationError as problem:
        raise invalid(str(problem)) from problem


def _levels(powers: Sequence[float]) -> tuple[int | None, ...]:
    return tuple(_level(float(power)) for power in powers)


def _level(power: float) -> int | None:
    if not (math.isfinite(power) and power >= 0.0):
        raise invalid("a power is negative or not a number")
    if power == 0.0:
        return None
    level = round(100 * (-0.691 + 10 * math.log10(power)))
    return level if level > ABSOLUTE_GATE else None


@cache
def _weight(level: int) -> int:
    # power ** 0.3 in decimal arithmetic, which unlike libm gives the same digits everywhere.
    with localcontext() as context:
        context.prec = 28
        return int((Decimal(10) ** (Decimal(level) / 1000 * EXPONENT) * _UNIT).to_integral_value())


def _weights(evidence: Evidence) -> tuple[dict[str, int], dict[str, int]]:
    weights = dict.fromkeys(evidence.levels, 0)
    counts = dict.fromkeys(evidence.levels, 0)
    for block, mix in enumerate(evidence.mix):
        here: dict[str, int] = {}
        for name, levels in evidence.levels.items():
            level = levels[block]
            if level is not None and (mix is None or level >= mix - RELATIVE_GATE):
                here[name] = _weight(level)
        total = sum(here.values())
        for name, weight in here.items():
            weights[name] += weight * _UNIT // total
            counts[name] += 1
    return weights, counts


def _master(weights: Mapping[str, int], floors: Mapping[str, int], sources: Mapping[str, ShareSource]) -> list[Share]:
    owed: dict[str, int] = {}
    for name, weight in weights.items():
        # A new recording of a work is the maker's recording.
        holder = name if sources[name].master else OWN
        owed[holder] = owed.get(holder, 0) + weight
    if not any(owed.values()) and not floors:
        return [_yours(MILLION, sources)]
    parts = with_floors({name: weight for name, weight in owed.items() if weight}, floors)
    return [
        Share(id=name, name=sources[name].name, ppm=ppm, kind=sources[name].kind)
        if name in sources
        else _yours(ppm, sources)
        for name, ppm in parts.items()
    ]


def _publishing(weights: Mapping[str, int], sources: Mapping[str, ShareSource]) -> list[tuple[str, Share, int]]:
    lines: dict[str, tuple[str, ShareWork | None, Fraction]] = {}
    for carried in (True, False):
        for name, weight in weights.items():
            source = sources[name]
            works: Sequence[ShareWork | None] = source.works if source.kind == "licensed" and source.works else (None,)
            for work in works:
                ppm = _carried_ppm(work, source) if carried and work is not None else MILLION
                line = f"{name}\n{work.id if work is not None else ''}"
                lines[line] = (name, work, Fraction(weight * ppm, len(works)))
        if any(weight for _, _, weight in lines.values()):
            break
    else:
        return [(OWN, _yours(MILLION, sources), MILLION)]
    parts = allocate(MILLION, {line: weight for line, (_, _, weight) in lines.items() if weight})
    found: list[tuple[str, Share, int]] = []
    for line, ppm in parts.items():
        name, work, _ = lines[line]
        found.extend((name, share, share.ppm) for share in _paid(name, sources[name], work, ppm, sources))
    return found


def _carried_ppm(work: ShareWork, source: ShareSource) -> int:
    return max(
        (work.weight_ppm.get(stem, MILLION) if stem != "mix" else MILLION for stem in source.stems), default=MILLION
    )


def _paid(
    name: str, source: ShareSource, work: ShareWork | None, ppm: int, sources: Mapping[str, ShareSource]
) -> Iterable[Share]:
    if source.kind == "own":
        yield _yours(ppm, sources)
    elif source.kind == "pool":
        yield Share(id=name, name=source.name, ppm=ppm, kind="pool")
    elif work is None:
        # The money is kept for writers who are not known yet; it is nobody else's.
        yield Share(id=f"unclaimed:{name}", name=f"Writers of {source.name}, not yet named", ppm=ppm, kind="unclaimed")
    else:
        parts = allocate(ppm, {payee.id: payee.ppm for payee in work.payees})
        for payee in work.payees:
            yield Share(id=payee.id, name=payee.name, ppm=parts[payee.id], work=work.id)


def _yours(ppm: int, sources: Mapping[str, ShareSource]) -> Share:
    own = sources.get(OWN)
    return Share(id=OWN, name=own.name if own is not None else "You", ppm=ppm, kind="own")


def _merged(shares: Iterable[Share]) -> list[Share]:
    found: dict[str, Share] = {}
    for share in shares:
        before = found.get(share.id)
        found[share.id] = share if before is None else msgspec.structs.replace(before, ppm=before.ppm + share.ppm)
    return list(found.values())


_ORDER = {"licensed": 0, "unclaimed": 1, "pool": 2, "own": 3}


def _ordered(shares: Iterable[Share]) -> tuple[Share, ...]:
    kept = [share for share in shares if share.ppm]
    return tuple(sorted(kept, key=lambda share: (_ORDER[share.kind], -share.ppm, share.id)))


def _check(evidence: Evidence) -> None:
    if evidence.levels.keys() != evidence.sources.keys():
        raise invalid("the levels and the sources name different things")
    for levels in (evidence.mix, *evidence.levels.values()):
        if len(levels) != len(evidence.mix):
            raise invalid("the sources and the mix differ in length")
        if any(level is not None and not ABSOLUTE_GATE < level < 20_000 for level in levels):
            raise invalid("a level is out of range")
    for name, source in evidence.sources.items():
        if (name == OWN) != (source.kind == "own"):
            raise invalid("own material has one id only")
        if not 0 <= source.master_floor_ppm <= MILLION:
            raise invalid("a floor is outside 0 to 1,000,000")
        for work in source.works:
            if any(payee.ppm < 0 for payee in work.payees) or sum(payee.ppm for payee in work.payees) != MILLION:
                raise invalid("the shares of a work do not sum to 1,000,000")
            if any(not 0 <= weight <= MILLION for weight in work.weight_ppm.values()):
                raise invalid("a publishing weight is out of range")
