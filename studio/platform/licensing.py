"""Licences: the platform signs what the owner's terms allow, for one person and their computers; the owner can end
one."""

from __future__ import annotations

import hashlib
import secrets

import msgspec
import sqlalchemy as sa

from studio.base.clock import iso
from studio.platform import catalogue
from studio.platform import database as db
from studio.platform.messages import Account, Revocation, RevocationList
from studio.platform.refusal import Refusal, invalid, not_found
from studio.platform.state import PlatformState
from studio.platform.terms import build_grant, parse_terms, resource_of
from studio.rights import grants
from studio.rights.grants import Grant

ISSUER = "contrafact-platform"


def request_grant(state: PlatformState, account: Account, recording_id: str, device_id: str | None) -> bytes:
    """A licence under the terms of now: a first one, or the next revision (the lease starts again). Returns the
    exact signed bytes.

    Raises:
        Refusal: not-found, device-unknown, licence-ended.
    """
    recording = catalogue.detail(state, recording_id)
    terms = parse_terms(recording.terms)
    resource = resource_of(recording.meta, recording.summary.asset_sha256)
    with state.db.write() as connection:
        if device_id is not None:
            mine = connection.execute(
                sa.select(db.devices.c.device_id).where(
                    db.devices.c.device_id == device_id, db.devices.c.account_id == account.id
                )
            ).scalar_one_or_none()
            if mine is None:
                raise invalid(
                    "This computer has no certificate on your account.",
                    remedy="Sign in again on this computer: the studio then asks for one.",
                    code="device-unknown",
                )
        last = connection.execute(
            sa.select(db.grants)
            .where(db.grants.c.account_id == account.id, db.grants.c.recording_id == recording.summary.id)
            .order_by(db.grants.c.rev.desc())
            .limit(1)
        ).one_or_none()
        devices: tuple[str, ...] = () if device_id is None else (device_id,)
        if last is not None:
            ended = connection.execute(
                sa.select(db.revocations.c.reason).where(db.revocations.c.grant_id == last.grant_id)
            ).one_or_none()
            if ended is not None:
                raise Refusal(
                    403,
                    "licence-ended",
                    "The rightsholder ended your licence of this recording.",
                    remedy="Your projects stay. Ask the rightsholder, or replace the recording.",
                    details={"grant_id": last.grant_id, "reason": ended.reason},
                )
            if device_id is not None:
                # A second computer joins; the revision that the first one holds goes on until its lease ends.
                devices = tuple(dict.fromkeys((*msgspec.json.decode(last.raw)["device_keys"], device_id)))
        grant = build_grant(
            resource,
            terms,
            grant_id=f"gr_{secrets.token_hex(12)}" if last is None else last.grant_id,
            rev=1 if last is None else last.rev + 1,
            issuer=ISSUER,
            subject=account.subject,
            issued_at=state.now_iso(),
            device_keys=devices,
        )
        raw = grants.sign(grant, state.signing_key)
        connection.execute(
            sa.insert(db.grants).values(
                digest=hashlib.sha256(raw).hexdigest(),
                grant_id=grant.grant_id,
                rev=grant.rev,
                account_id=account.id,
                recording_id=recording.summary.id,
                asset_sha256=recording.summary.asset_sha256,
                terms_rev=recording.terms_rev,
                issued_at=grant.issued_at,
                raw=raw,
            )
        )
    return raw


def held_grants(state: PlatformState, account: Account) -> list[bytes]:
    """The newest revision of each licence of an account, as signed bytes."""
    table = db.grants
    newest = sa.select(table.c.grant_id, sa.func.max(table.c.rev).label("rev")).where(table.c.account_id == account.id)
    newest_of = newest.group_by(table.c.grant_id).subquery()
    query = (
        sa.select(table.c.raw)
        .join(newest_of, sa.and_(table.c.grant_id == newest_of.c.grant_id, table.c.rev == newest_of.c.rev))
        .order_by(table.c.grant_id)
    )
    with state.db.read() as connection:
        return list(connection.execute(query).scalars())


def issued_grant(state: PlatformState, account: Account, digest: str) -> Grant | None:
    """The grant that this platform signed for this account with these exact bytes, or None."""
    with state.db.read() as connection:
        raw = connection.execute(
            sa.select(db.grants.c.raw).where(db.grants.c.digest == digest, db.grants.c.account_id == account.id)
        ).scalar_one_or_none()
    return None if raw is None else grants.parse_signed(raw, trusted_keys=state.trusted_keys).grant


def live_grant(state: PlatformState, account: Account, recording_id: str) -> Grant:
    """The newest licence of an account for a recording, if it is not ended.

    Raises:
        Refusal: no-grant.
    """
    table = db.grants
    with state.db.read() as connection:
        row = connection.execute(
            sa.select(table)
            .where(table.c.account_id == account.id, table.c.recording_id == recording_id)
            .order_by(table.c.rev.desc())
            .limit(1)
        ).one_or_none()
        ended = (
            row is not None
            and connection.execute(
                sa.select(db.revocations.c.grant_id).where(db.revocations.c.grant_id == row.grant_id)
            ).one_or_none()
        )
    if row is None or ended:
        raise Refusal(
            403,
            "no-grant",
            "You have no licence for this recording.",
            remedy="License it in the catalogue first.",
            details={"recording_id": recording_id},
        )
    return grants.parse_signed(row.raw, trusted_keys=state.trusted_keys).grant


def revoke(state: PlatformState, owner: Account, grant_id: str, reason: str) -> Revocation:
    """The owner of the recording ends a licence. Ending it twice is one end.

    Raises:
        Refusal: not-found, not-the-owner.
    """
    with state.db.read() as connection:
        row = connection.execute(
            sa.select(db.grants.c.recording_id, db.grants.c.asset_sha256)
            .where(db.grants.c.grant_id == grant_id)
            .limit(1)
        ).one_or_none()
    if row is None:
        raise not_found("licence")
    catalogue.require_owner(state, owner, row.recording_id)
    with state.db.write() as connection:
        standing = connection.execute(
            sa.select(db.revocations).where(db.revocations.c.grant_id == grant_id)
        ).one_or_none()
        if standing is None:
            connection.execute(
                sa.insert(db.revocations).values(
                    grant_id=grant_id, asset_sha256=row.asset_sha256, reason=reason, at=state.now_iso()
                )
            )
            standing = connection.execute(sa.select(db.revocations).where(db.revocations.c.grant_id == grant_id)).one()
    return _revocation(standing)


def revocations(state: PlatformState, account: Account) -> RevocationList:
    """All revocations of licences of this account."""
    table = db.revocations
    mine = sa.select(db.grants.c.grant_id).where(db.grants.c.account_id == account.id)
    with state.db.read() as connection:
        rows = connection.execute(sa.select(table).where(table.c.grant_id.in_(mine)).order_by(table.c.sequence)).all()
    return RevocationList(revocations=[_revocation(row) for row in rows], subject=account.subject, at=state.now_iso())


def revoked_before(state: PlatformState, grant_ids: set[str], at_s: float) -> set[str]:
    """Those of `grant_ids` that had been ended at this time (seconds since 1970)."""
    table = db.revocations
    with state.db.read() as connection:
        return set(
            connection.execute(
                sa.select(table.c.grant_id).where(table.c.grant_id.in_(grant_ids), table.c.at <= iso(at_s))
            ).scalars()
        )


def _revocation(row: sa.Row[tuple[object, ...]]) -> Revocation:
    return Revocation(
        sequence=row.sequence, grant_id=row.grant_id, asset_sha256=row.asset_sha256, reason=row.reason, at=row.at
    )
