"""The chain of a device's operations: every entry carries the hash of the one before, and the head is sealed with a
key of this computer."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from msgspec import Struct

from studio.base.canonical import canonical_json
from studio.base.errors import StudioError

GENESIS = "0" * 64


class SyncError(StudioError):
    """The outbox cannot go on. Codes: ledger-changed, outbox-damaged, delivery-unknown."""

    code = "ledger-changed"


class Link(Struct, frozen=True, kw_only=True):
    """One entry of the chain."""

    sequence: int
    """From 1, without gaps."""
    key: str
    kind: str
    subject: str
    needs: str | None
    body: bytes
    previous_hash: str
    entry_hash: str = ""


def entry_hash(link: Link) -> str:
    """The hash of an entry: the SHA-256 of its canonical form."""
    fields = {
        "sequence": link.sequence,
        "key": link.key,
        "kind": link.kind,
        "subject": link.subject,
        "needs": link.needs,
        "body_hash": hashlib.sha256(link.body).hexdigest(),
        "previous_hash": link.previous_hash,
    }
    return hashlib.sha256(canonical_json(fields)).hexdigest()


def seal(mac_key: bytes, *, chain: str, sequence: int, head: str) -> str:
    """What proves that the chain ended here when it was last written: a tail cannot be cut off without the key."""
    return hmac.new(mac_key, f"{chain}|{sequence}|{head}".encode(), hashlib.sha256).hexdigest()


def check(links: Iterable[Link], *, mac_key: bytes, chain: str, sealed: str) -> None:
    """Recompute the chain.

    Raises:
        SyncError: ledger-changed, naming the first entry that does not fit.
    """
    previous = GENESIS
    count = 0
    for link in links:
        count += 1
        if link.sequence != count or link.previous_hash != previous or link.entry_hash != entry_hash(link):
            raise changed(count)
        previous = link.entry_hash
    if not hmac.compare_digest(seal(mac_key, chain=chain, sequence=count, head=previous), sealed):
        raise changed(count + 1)


def changed(sequence: int) -> SyncError:
    """The error of a record that was edited or cut."""
    return SyncError(
        "This computer's record of exports was changed from outside.",
        remedy="Nothing is sent until you look at it. Restore the outbox from a backup, or move it away.",
        details={"sequence": sequence},
    )
