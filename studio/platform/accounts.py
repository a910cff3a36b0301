"""Accounts of the service: making them, and checking a password with a limit on guesses."""

from __future__ import annotations

import secrets
import unicodedata
from typing import Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from studio.platform import database as db
from studio.platform.messages import Account, Credentials
from studio.platform.passwords import check_password, hash_password, nobody
from studio.platform.refusal import Refusal, invalid
from studio.platform.state import PlatformState

FAILURES = 8
"""Wrong passwords in `WINDOW_S` before an account pauses."""

WINDOW_S = 300.0


def create_account(
    state: PlatformState,
    email: str,
    password: str,
    *,
    name: str,
    role: Literal["remixer", "rightsholder"] = "remixer",
    territory: str = "SE",
) -> Account:
    """Make an account.

    Raises:
        Refusal: account-exists, password-too-short, request-invalid.
    """
    wanted = {"email": normal_email(email), "password": password, "name": name, "role": role, "territory": territory}
    try:
        credentials = msgspec.convert(wanted, Credentials)
    except msgspec.ValidationError as error:
        raise invalid(f"That account cannot be made: {error}.", remedy="Correct it and try again.") from error
    account_id = f"ac_{secrets.token_hex(8)}"
    values = {
        "id": account_id,
        "email": credentials.email,
        "name": credentials.name,
        "role": credentials.role,
        "territory": credentials.territory,
        "password": hash_password(password),
        "created_at": state.now_iso(),
    }
    try:
        with state.db.write() as connection:
            connection.execute(sa.insert(db.accounts).values(**values))
    except IntegrityError as error:
        raise Refusal(
            409, "account-exists", "There is an account with this address already.", remedy="Sign in instead."
        ) from error
    return account(state, account_id)


def account(state: PlatformState, account_id: str) -> Account:
    """The account with this id.

    Raises:
        Refusal: signed-out, when the account is gone.
    """
    with state.db.read() as connection:
        row = connection.execute(sa.select(db.accounts).where(db.accounts.c.id == account_id)).one_or_none()
    if row is None:
        raise signed_out()
    return _account(row)


def find_account(state: PlatformState, email: str) -> Account | None:
    """The account with this address, or None."""
    with state.db.read() as connection:
        row = connection.execute(sa.select(db.accounts).where(db.accounts.c.email == normal_email(email))).one_or_none()
    return None if row is None else _account(row)


def ensure_account(
    state: PlatformState,
    email: str,
    password: str,
    *,
    name: str,
    role: Literal["remixer", "rightsholder"] = "remixer",
) -> Account:
    """The account with this address; made if it is missing, also when another process makes it at the same moment.

    Raises:
        Refusal: password-too-short, request-invalid.
    """
    found = find_account(state, email)
    if found is not None:
        return found
    try:
        return create_account(state, email, password, name=name, role=role)
    except Refusal as error:
        found = find_account(state, email)
        if error.code != "account-exists" or found is None:
            raise
        return found


def set_password(state: PlatformState, account_id: str, password: str) -> None:
    """Give an account another password; everybody signed in with the old one is signed out.

    Raises:
        Refusal: password-too-short.
    """
    stored = hash_password(password)
    with state.db.write() as connection:
        connection.execute(sa.update(db.accounts).where(db.accounts.c.id == account_id).values(password=stored))
        connection.execute(sa.delete(db.tokens).where(db.tokens.c.account_id == account_id))


def authenticate(state: PlatformState, email: str, password: str) -> Account:
    """The account, if the password is right.

    Raises:
        Refusal: wrong-password, or too-many-attempts (with Retry-After).
    """
    address = normal_email(email)
    now_s = state.now_s()
    with state.db.write() as connection:
        _check_guesses(connection, address, now_s)
        row = connection.execute(sa.select(db.accounts).where(db.accounts.c.email == address)).one_or_none()
    # Without an account the same work is done, so that the time of an answer does not tell.
    right = check_password(password, nobody() if row is None else row.password)
    with state.db.write() as connection:
        if row is not None and right:
            connection.execute(sa.delete(db.login_failures).where(db.login_failures.c.email == address))
            return _account(row)
        connection.execute(sa.insert(db.login_failures).values(email=address, at_s=now_s))
    raise Refusal(
        401,
        "wrong-password",
        "The address or the password is not right.",
        remedy="Check both and sign in again.",
    )


def _check_guesses(connection: Connection, email: str, now_s: float) -> None:
    failures = db.login_failures
    connection.execute(sa.delete(failures).where(failures.c.at_s < now_s - WINDOW_S))
    recent = connection.execute(
        sa.select(sa.func.count(), sa.func.min(failures.c.at_s)).where(failures.c.email == email)
    ).one()
    if recent[0] >= FAILURES:
        wait_s = max(1, int(recent[1] + WINDOW_S - now_s) + 1)
        raise Refusal(
            429,
            "too-many-attempts",
            "Too many wrong passwords for this address.",
            remedy=f"Wait {wait_s} seconds, then sign in again.",
            headers={"Retry-After": str(wait_s)},
        )


def signed_out() -> Refusal:
    """The refusal of a request without a valid token."""
    return Refusal(
        401,
        "signed-out",
        "You are not signed in.",
        remedy="Sign in again.",
        headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
    )


def normal_email(email: str) -> str:
    """One spelling for one address."""
    return unicodedata.normalize("NFKC", email).strip().casefold()


def _account(row: sa.Row[tuple[object, ...]]) -> Account:
    values = row._mapping  # pyright: ignore[reportPrivateUsage] # SQLAlchemy's public name for it
    return Account(
        id=values["id"],
        subject=f"user:{values['id']}",
        email=values["email"],
        name=values["name"],
        role=values["role"],
        territory=values["territory"],
    )
