"""The rights sources of a mix as the shares see them: who they are, what they carry, who wrote and published it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from studio.rights.grants import MILLION, Grant, SignedGrant, Stem, Work
from studio.rights.usage import UsedStem

OWN = "you"
"""The id of the user's own material, and of the person who is paid for it."""


class Payee(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is paid for a work, and for how much of it."""

    id: str
    name: str
    ppm: int


class ShareWork(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A composition in a source; `id` is its ISWC where it has one. `weight_ppm` by stem; a stem not named carries
    all."""

    id: str
    title: str = ""
    payees: tuple[Payee, ...]
    weight_ppm: dict[Stem, int] = {}


class ShareSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the rules need to know of a rights source beside its sound.

    `kind`: a licensed recording, the user's own material, or the training pool of a model that made sound from nothing.
    `master` is False for a new recording of a licensed work.
    """

    kind: Literal["licensed", "own", "pool"]
    name: str
    stems: tuple[UsedStem, ...] = ("mix",)
    works: tuple[ShareWork, ...] = ()
    master_floor_ppm: int = 0
    master: bool = True


def source_of(grant: SignedGrant | Grant, stems: Iterable[UsedStem], *, master: bool = True) -> ShareSource:
    """The share source of a licensed recording, from its grant and the stems of it that are heard."""
    inner = grant.grant if isinstance(grant, SignedGrant) else grant
    resource = inner.resource
    works = tuple(_work(work, f"{resource.asset_sha256[:16]}.{index}") for index, work in enumerate(resource.works))
    return ShareSource(
        kind="licensed",
        name=", ".join(resource.artists),
        stems=tuple(sorted(set(stems))),
        works=works,
        master_floor_ppm=inner.splits.master_floor_ppm if master else 0,
        master=master,
    )


def own_source(name: str = "You") -> ShareSource:
    """The share source of all the user's own material; its id is `OWN`."""
    return ShareSource(kind="own", name=name)


def _work(work: Work, fallback: str) -> ShareWork:
    number = work.iswc or f"work:{fallback}"
    administrators = [each.name for each in work.publishers if not each.share_ppm]
    payees = [
        Payee(
            id=f"{number}/{each.ipi or each.name}",
            name=", ".join((each.name, *administrators)),
            ppm=each.share_ppm,
        )
        for each in work.writers
    ]
    payees += [
        Payee(id=f"{number}/{each.ipi or each.name}", name=each.name, ppm=each.share_ppm)
        for each in work.publishers
        if each.share_ppm
    ]
    weights: dict[Stem, int] = {}
    for stem, weight in sorted(work.pub_weight_by_stem.items()):
        weights[stem] = round(weight * MILLION)
    return ShareWork(id=number, title=work.title, payees=tuple(_summed(payees)), weight_ppm=weights)


def _summed(payees: Iterable[Payee]) -> list[Payee]:
    found: dict[str, Payee] = {}
    for payee in payees:
        before = found.get(payee.id)
        found[payee.id] = payee if before is None else msgspec.structs.replace(before, ppm=before.ppm + payee.ppm)
    return list(found.values())
