"""The append-only records of the service: the log of receipts, and each device's chain of operations."""

from __future__ import annotations

import hashlib

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from studio.base.canonical import canonical_json
from studio.platform import database as db
from studio.platform.messages import Account, ExportRequest
from studio.platform.receipts import ReceiptBody
from studio.platform.refusal import Refusal
from studio.platform.state import PlatformState

GENESIS = "0" * 64
"""The previous hash of the first entry."""


def extend_chain(connection: Connection, account: Account, request: ExportRequest) -> None:
    """Keep the device's chain of operations. A second entry with the number of a first is a fork: somebody has a
    copy of the ledger.

    Raises:
        Refusal: chain-fork.
    """
    if not request.chain or request.sequence <= 0:
        return
    table = db.device_chains
    mine = sa.and_(table.c.account_id == account.id, table.c.chain == request.chain)
    rows = connection.execute(sa.select(table.c.sequence, table.c.entry_hash).where(mine)).all()
    entries: dict[int, str] = {row.sequence: row.entry_hash for row in rows}
    before = entries.get(request.sequence - 1)
    if entries.get(request.sequence, request.entry_hash) != request.entry_hash or (
        before is not None and before != request.previous_hash
    ):
        raise Refusal(
            409,
            "chain-fork",
            "This computer's record of exports was changed or copied.",
            remedy="Sign in again on this computer, then export once more.",
            details={"sequence": request.sequence},
        )
    if request.sequence not in entries:
        connection.execute(
            sa.insert(table).values(
                account_id=account.id,
                chain=request.chain,
                sequence=request.sequence,
                entry_hash=request.entry_hash,
            )
        )


def append_entry(connection: Connection, body: ReceiptBody) -> ReceiptBody:
    """Append to the log of receipts: each entry's hash covers the one before."""
    table = db.receipt_log
    last = connection.execute(sa.select(table).order_by(table.c.log_index.desc()).limit(1)).one_or_none()
    numbered = msgspec.structs.replace(
        body,
        log_index=0 if last is None else last.log_index + 1,
        previous_hash=GENESIS if last is None else last.entry_hash,
    )
    entry = canonical_json(msgspec.to_builtins(numbered))
    entry_hash = hashlib.sha256(entry).hexdigest()
    connection.execute(
        sa.insert(table).values(
            log_index=numbered.log_index, previous_hash=numbered.previous_hash, entry_hash=entry_hash, entry=entry
        )
    )
    return msgspec.structs.replace(numbered, entry_hash=entry_hash)


def check_log(state: PlatformState) -> int:
    """Recompute the whole log; returns the number of entries.

    Raises:
        Refusal: log-broken, naming the first entry that does not fit.
    """
    previous = GENESIS
    count = 0
    with state.db.read() as connection:
        for row in connection.execute(sa.select(db.receipt_log).order_by(db.receipt_log.c.log_index)):
            if (
                row.log_index != count
                or row.previous_hash != previous
                or hashlib.sha256(row.entry).hexdigest() != row.entry_hash
                or msgspec.json.decode(row.entry)["previous_hash"] != previous
            ):
                raise Refusal(
                    500,
                    "log-broken",
                    f"The log of receipts was changed at entry {count}.",
                    remedy="Restore it from a backup.",
                    details={"log_index": count},
                )
            previous = row.entry_hash
            count += 1
    return count
