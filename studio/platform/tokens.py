"""Bearer tokens: short-lived access, rotating refresh. Only their digests are stored."""

from __future__ import annotations

import hashlib
import secrets

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from studio.platform import accounts
from studio.platform import database as db
from studio.platform.messages import Account, TokenSet
from studio.platform.state import PlatformState

ACCESS_S = 3600
REFRESH_S = 30 * 86400

GRACE_S = 60.0
"""A refresh token answers this long after its first use: an answer lost on the way must not sign a person out."""


class InvalidGrant(Exception):
    """The code or token is unknown, used or over (RFC 6749 5.2: invalid_grant)."""


def digest(secret: str) -> str:
    """How a secret is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


def issue(state: PlatformState, connection: Connection, account_id: str, *, family: str | None = None) -> TokenSet:
    """New tokens for an account. All that come from one sign-in are one family."""
    access, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    now_s = state.now_s()
    family = family or secrets.token_hex(16)
    for kind, secret, life_s in (("access", access, ACCESS_S), ("refresh", refresh, REFRESH_S)):
        connection.execute(
            sa.insert(db.tokens).values(
                digest=digest(secret), kind=kind, account_id=account_id, family=family, expires_s=now_s + life_s
            )
        )
    connection.execute(sa.delete(db.tokens).where(db.tokens.c.expires_s < now_s - 86400))
    return TokenSet(access_token=access, refresh_token=refresh, expires_in=ACCESS_S)


def refresh(state: PlatformState, refresh_token: str) -> TokenSet:
    """New tokens for a refresh token. One that was used before ends the whole family: somebody has a copy (RFC 9700
    4.14).

    Raises:
        InvalidGrant: if it is unknown, over or was used.
    """
    now_s = state.now_s()
    with state.db.write() as connection:
        row = connection.execute(
            sa.select(db.tokens).where(db.tokens.c.digest == digest(refresh_token), db.tokens.c.kind == "refresh")
        ).one_or_none()
        if row is None or row.expires_s <= now_s:
            raise InvalidGrant
        reused = row.used_s is not None and now_s - row.used_s > GRACE_S
        if reused:
            connection.execute(sa.delete(db.tokens).where(db.tokens.c.family == row.family))
        else:
            if row.used_s is None:
                connection.execute(sa.update(db.tokens).where(db.tokens.c.digest == row.digest).values(used_s=now_s))
            return issue(state, connection, row.account_id, family=row.family)
    raise InvalidGrant


def revoke(state: PlatformState, token: str) -> None:
    """End the family of a token (RFC 7009); an unknown token is no error."""
    with state.db.write() as connection:
        family = connection.execute(
            sa.select(db.tokens.c.family).where(db.tokens.c.digest == digest(token))
        ).scalar_one_or_none()
        if family is not None:
            connection.execute(sa.delete(db.tokens).where(db.tokens.c.family == family))


def bearer(state: PlatformState, header: str | None) -> Account:
    """The account that an Authorization header stands for.

    Raises:
        Refusal: signed-out.
    """
    scheme, _, token = (header or "").partition(" ")
    if scheme.casefold() != "bearer" or not token:
        raise accounts.signed_out()
    with state.db.read() as connection:
        row = connection.execute(
            sa.select(db.tokens.c.account_id, db.tokens.c.expires_s).where(
                db.tokens.c.digest == digest(token.strip()), db.tokens.c.kind == "access"
            )
        ).one_or_none()
    if row is None or row.expires_s <= state.now_s():
        raise accounts.signed_out()
    return accounts.account(state, row.account_id)
