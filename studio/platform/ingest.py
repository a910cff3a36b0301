"""Taking in exports: the signed manifest is verified, the licences and shares are judged again, and a signed receipt
is entered in the log.

The service believes the manifest, not the sender, and its own copies of the licences, not the manifest's.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from studio.base.canonical import canonical_json
from studio.base.signatures import sign_document
from studio.platform import database as db
from studio.platform import judging
from studio.platform.ledger import append_entry, extend_chain
from studio.platform.messages import Account, ExportRequest, Resolution
from studio.platform.receipts import ReceiptBody
from studio.platform.refusal import Refusal, not_found
from studio.platform.state import PlatformState
from studio.platform.verdicts import ExportFacts
from studio.rights.grants import Grant


def check_quota(state: PlatformState, account: Account, more_bytes: int) -> None:
    """Whether an account may upload this much more.

    Raises:
        Refusal: quota-exceeded.
    """
    table = db.uploads
    with state.db.read() as connection:
        total = connection.execute(
            sa.select(sa.func.coalesce(sa.func.sum(table.c.size), 0)).where(table.c.account_id == account.id)
        ).scalar_one()
    if total + more_bytes > state.config.max_account_bytes:
        raise Refusal(
            413,
            "quota-exceeded",
            "This account has used all its room on the platform.",
            remedy="Ask the platform for more room.",
            details={"used_bytes": int(total), "limit_bytes": state.config.max_account_bytes},
        )


def receive_upload(state: PlatformState, account: Account, sha256: str, size: int) -> bytes:
    """Note that a file arrived whole, and give a receipt for it; the same file again gets the same receipt."""
    table = db.uploads
    with state.db.write() as connection:
        standing = connection.execute(
            sa.select(table.c.receipt).where(table.c.account_id == account.id, table.c.sha256 == sha256)
        ).scalar_one_or_none()
        if standing is not None:
            return standing
        receipt = _sign(
            state,
            ReceiptBody(
                kind="upload",
                receipt_id=f"up_{secrets.token_hex(12)}",
                subject=account.subject,
                sha256=sha256,
                size=size,
                at=state.now_iso(),
            ),
        )
        connection.execute(
            sa.insert(table).values(
                account_id=account.id, sha256=sha256, size=size, at=state.now_iso(), receipt=receipt
            )
        )
    return receipt


def body_hash(body: Mapping[str, Any]) -> str:
    """The SHA-256 of a request's canonical form: what an idempotency key is bound to."""
    return hashlib.sha256(canonical_json(body)).hexdigest()


def receive_export(state: PlatformState, account: Account, key: str, request: ExportRequest) -> bytes:
    """Verify an export and answer with its receipt. The same key and body get the same receipt, at any time.

    Raises:
        Refusal: idempotency-conflict, upload-missing, verification-unavailable, not-trusted, device-unknown,
            licence-unknown, policy-denied, shares-wrong, chain-fork.
    """
    digest = body_hash(msgspec.to_builtins(request))
    with state.db.read() as connection:
        answer = _answered(connection, account, key, digest)
        standing = connection.execute(
            sa.select(db.exports.c.receipt).where(
                db.exports.c.account_id == account.id, db.exports.c.export_sha256 == request.export_sha256
            )
        ).scalar_one_or_none()
    if answer is not None:
        return answer
    if standing is not None:
        # The same file under another key, as after a lost outbox: it was received once and is received once.
        with state.db.write() as connection:
            return _answered(connection, account, key, digest) or _remember(
                state, connection, account, key, digest, standing
            )
    size = _uploaded(state, account, request.export_sha256)
    facts = _verified(state, request)
    judging.check_device(state, account, facts)
    grants = judging.licences(state, account, facts)
    judging.judge_policy(state, account, facts, grants)
    master, publishing = judging.judge_shares(facts, grants)
    body = ReceiptBody(
        kind="export",
        receipt_id=f"rc_{secrets.token_hex(12)}",
        subject=account.subject,
        sha256=request.export_sha256,
        size=size,
        at=state.now_iso(),
        idempotency_key=key,
        manifest_digest=facts.manifest_digest,
        master_ppm=master,
        publishing_ppm=publishing,
    )
    # One at a time from here on: the licence counts exports, and each entry of the log follows the one before.
    with state.log_lock:
        return _enter(state, account, request, digest, facts, grants, body)


def _enter(
    state: PlatformState,
    account: Account,
    request: ExportRequest,
    digest: str,
    facts: ExportFacts,
    grants: Mapping[str, Grant],
    body: ReceiptBody,
) -> bytes:
    key = body.idempotency_key
    with state.db.write() as connection:
        answer = _answered(connection, account, key, digest)
        if answer is not None:
            return answer
        # Asked again where no other export can come between the count and the entry.
        judging.judge_policy(state, account, facts, grants)
        extend_chain(connection, account, request)
        body = append_entry(connection, body)
        receipt = _sign(state, body)
        connection.execute(
            sa.insert(db.exports).values(
                receipt_id=body.receipt_id,
                account_id=account.id,
                export_sha256=body.sha256,
                manifest_digest=facts.manifest_digest,
                mark=facts.mark,
                title=facts.title[:300],
                at=body.at,
                receipt=receipt,
            )
        )
        for grant_id in sorted({grant.grant_id for grant in grants.values()}):
            connection.execute(sa.insert(db.export_grants).values(receipt_id=body.receipt_id, grant_id=grant_id))
        return _remember(state, connection, account, key, digest, receipt)


def _answered(connection: Connection, account: Account, key: str, digest: str) -> bytes | None:
    table = db.answers
    row = connection.execute(
        sa.select(table.c.body_hash, table.c.response).where(table.c.account_id == account.id, table.c.key == key)
    ).one_or_none()
    if row is None:
        return None
    if row.body_hash != digest:
        raise Refusal(
            409,
            "idempotency-conflict",
            "This delivery was made before with other contents.",
            remedy="Export again: the studio then makes a new delivery.",
            details={"key": key},
        )
    return row.response


def _remember(
    state: PlatformState, connection: Connection, account: Account, key: str, digest: str, response: bytes
) -> bytes:
    connection.execute(
        sa.insert(db.answers).values(
            account_id=account.id, key=key, body_hash=digest, response=response, at=state.now_iso()
        )
    )
    return response


def _uploaded(state: PlatformState, account: Account, sha256: str) -> int:
    with state.db.read() as connection:
        size = connection.execute(
            sa.select(db.uploads.c.size).where(db.uploads.c.account_id == account.id, db.uploads.c.sha256 == sha256)
        ).scalar_one_or_none()
    if size is None or not state.objects.has(sha256):
        raise Refusal(
            422,
            "upload-missing",
            "The exported file has not arrived.",
            remedy="Upload it first.",
            details={"sha256": [sha256]},
        )
    return size


def _verified(state: PlatformState, request: ExportRequest) -> ExportFacts:
    verify = state.config.verify_export
    if verify is None:
        raise Refusal(
            503,
            "verification-unavailable",
            "This platform cannot check exports at the moment.",
            remedy="Nothing is lost: the export waits in the outbox.",
            headers={"Retry-After": "3600"},
        )
    facts = verify(
        state.objects.path(request.export_sha256),
        filename=request.filename,
        anchors=state.authority.certificate_pem.decode(),
    )
    if facts.state != "Trusted":
        raise Refusal(
            422,
            "not-trusted",
            "The export's content credentials do not hold.",
            remedy="Export again with this computer's certificate, and do not change the file afterwards.",
            details={"state": facts.state, "problems": list(facts.problems)},
        )
    return facts


def _sign(state: PlatformState, body: ReceiptBody) -> bytes:
    return sign_document(msgspec.to_builtins(body), state.signing_key)


def resolve(state: PlatformState, sha256: str) -> Resolution:
    """The export with this digest.

    Raises:
        Refusal: not-found.
    """
    return _first(state, db.exports.c.export_sha256 == sha256)


def resolve_mark(state: PlatformState, mark: str) -> Resolution:
    """The export whose sound carries this id: for copies that lost their credentials.

    Raises:
        Refusal: not-found.
    """
    return _first(state, db.exports.c.mark == mark)


def _first(state: PlatformState, wanted: sa.ColumnElement[bool]) -> Resolution:
    with state.db.read() as connection:
        row = connection.execute(sa.select(db.exports).where(wanted).order_by(db.exports.c.at).limit(1)).one_or_none()
    if row is None:
        raise not_found("export")
    return Resolution(export_sha256=row.export_sha256, title=row.title, receipt=msgspec.json.decode(row.receipt))
