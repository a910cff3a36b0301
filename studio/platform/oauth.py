"""Sign-in by OAuth 2.0: authorisation code with PKCE and loopback redirect (RFC 8252, RFC 7636), device flow (RFC
8628), refresh.

The password grant is there for the project's own headless client only, where neither a browser nor a second device
is at hand.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

import sqlalchemy as sa

from studio.platform import accounts, tokens
from studio.platform import database as db
from studio.platform.messages import DeviceCode, TokenSet
from studio.platform.oauth_words import CLIENT_ID, DEVICE_GRANT, REDIRECT_PATH, challenge_of
from studio.platform.refusal import Refusal
from studio.platform.state import PlatformState

CODE_S = 120.0
DEVICE_S = 900.0
INTERVAL_S = 5.0
SLACK_S = 0.5

# No vowels and nothing that looks like a digit: no words by accident, no misreading (RFC 8628 6.1).
_USER_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class OAuthError(Exception):
    """An error of the token endpoint: ``{"error": code, "error_description": ...}`` (RFC 6749 5.2)."""

    def __init__(self, code: str, description: str, *, status: int = 400, headers: dict[str, str] | None = None):
        super().__init__(description)
        self.code = code
        self.description = description
        self.status = status
        self.headers = headers or {}


def check_authorisation(query: Mapping[str, str]) -> dict[str, str]:
    """The parameters of an authorisation request that are kept through the form.

    Raises:
        Refusal: if anything is amiss. Nothing is ever sent to a redirect address that was not checked.
    """
    problem = ""
    if query.get("client_id") != CLIENT_ID:
        problem = "The app that asks is not known here."
    elif not allowed_redirect(query.get("redirect_uri", "")):
        problem = "The app asks to send the answer somewhere else than to this computer."
    elif query.get("response_type") != "code":
        problem = "The app asks for something else than a code."
    elif query.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(query.get("code_challenge", "")):
        problem = "The app does not protect its code (PKCE, S256)."
    elif not 8 <= len(query.get("state", "")) <= 512:
        problem = "The app does not protect its request (state)."
    if problem:
        raise Refusal(400, "sign-in-refused", problem, remedy="Start the sign-in again from the studio.")
    return {name: query[name] for name in KEPT}


KEPT = ("client_id", "redirect_uri", "response_type", "code_challenge", "code_challenge_method", "state")


def allowed_redirect(uri: str) -> bool:
    """True for ``http://127.0.0.1:<any port>/callback`` exactly (RFC 8252 7.3)."""
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return False
    return port is not None and port > 0 and uri == f"http://127.0.0.1:{port}{REDIRECT_PATH}"


def authorise(state: PlatformState, kept: Mapping[str, str], email: str, password: str, *, issuer: str) -> str:
    """Sign in and return the address to redirect to, with code, state and issuer (RFC 9207).

    Raises:
        Refusal: wrong-password, too-many-attempts.
    """
    account = accounts.authenticate(state, email, password)
    code = secrets.token_urlsafe(32)
    with state.db.write() as connection:
        connection.execute(
            sa.insert(db.authorisation_codes).values(
                code_digest=tokens.digest(code),
                account_id=account.id,
                redirect_uri=kept["redirect_uri"],
                challenge=kept["code_challenge"],
                expires_s=state.now_s() + CODE_S,
            )
        )
    return f"{kept['redirect_uri']}?{urlencode({'code': code, 'state': kept['state'], 'iss': issuer})}"


def start_device(state: PlatformState, *, base_url: str) -> DeviceCode:
    """Begin the device flow."""
    device_code = secrets.token_urlsafe(32)
    letters = "".join(secrets.choice(_USER_ALPHABET) for _ in range(8))
    user_code = f"{letters[:4]}-{letters[4:]}"
    now_s = state.now_s()
    with state.db.write() as connection:
        connection.execute(sa.delete(db.device_codes).where(db.device_codes.c.expires_s < now_s - DEVICE_S))
        connection.execute(
            sa.insert(db.device_codes).values(
                device_digest=tokens.digest(device_code),
                user_code=user_code,
                state="pending",
                interval_s=INTERVAL_S,
                expires_s=now_s + DEVICE_S,
            )
        )
    page = f"{base_url}/device"
    return DeviceCode(
        device_code=device_code,
        user_code=user_code,
        verification_uri=page,
        verification_uri_complete=f"{page}?user_code={user_code}",
        expires_in=int(DEVICE_S),
        interval=INTERVAL_S,
    )


def approve_device(state: PlatformState, user_code: str, email: str, password: str) -> None:
    """Sign in on the page and let the device in.

    Raises:
        Refusal: wrong-password, too-many-attempts, code-unknown.
    """
    account = accounts.authenticate(state, email, password)
    letters = "".join(letter for letter in user_code.upper() if letter in _USER_ALPHABET)
    codes = db.device_codes
    with state.db.write() as connection:
        found = connection.execute(
            sa.update(codes)
            .where(
                codes.c.user_code == f"{letters[:4]}-{letters[4:]}",
                codes.c.state == "pending",
                codes.c.expires_s > state.now_s(),
            )
            .values(state="approved", account_id=account.id)
        ).rowcount
    if not found:
        raise Refusal(
            400, "code-unknown", "This code is unknown or over.", remedy="Take the code that the studio shows now."
        )


def token(state: PlatformState, form: Mapping[str, str]) -> TokenSet:
    """The token endpoint.

    Raises:
        OAuthError: with the codes of RFC 6749 5.2 and RFC 8628 3.5.
    """
    if form.get("client_id") != CLIENT_ID:
        raise OAuthError("invalid_client", "The app is not known here.", status=401)
    kind = form.get("grant_type", "")
    if kind == "authorization_code":
        return _from_code(state, form)
    if kind == DEVICE_GRANT:
        return _from_device(state, form.get("device_code", ""))
    if kind == "refresh_token":
        try:
            return tokens.refresh(state, form.get("refresh_token", ""))
        except tokens.InvalidGrant:
            raise OAuthError("invalid_grant", "Sign in again.") from None
    if kind == "password":
        try:
            account = accounts.authenticate(state, form.get("username", ""), form.get("password", ""))
        except Refusal as error:
            code = "invalid_grant" if error.code == "wrong-password" else "temporarily_unavailable"
            status = 400 if error.code == "wrong-password" else error.status
            raise OAuthError(code, error.message, status=status, headers=error.headers) from error
        with state.db.write() as connection:
            return tokens.issue(state, connection, account.id)
    raise OAuthError("unsupported_grant_type", "The app asks in a way that this platform does not know.")


def _from_code(state: PlatformState, form: Mapping[str, str]) -> TokenSet:
    codes = db.authorisation_codes
    verifier = form.get("code_verifier", "")
    with state.db.write() as connection:
        row = connection.execute(
            sa.select(codes).where(codes.c.code_digest == tokens.digest(form.get("code", "")))
        ).one_or_none()
        if row is None or row.expires_s <= state.now_s() or row.redirect_uri != form.get("redirect_uri"):
            raise OAuthError("invalid_grant", "The code is unknown or over.")
        if not _VERIFIER.fullmatch(verifier) or not hmac.compare_digest(challenge_of(verifier), row.challenge):
            raise OAuthError("invalid_grant", "The code was asked for by somebody else.")
        if row.family is not None:
            # A code that comes twice was stolen: what it gave is taken back (RFC 6749 4.1.2).
            connection.execute(sa.delete(db.tokens).where(db.tokens.c.family == row.family))
        else:
            family = secrets.token_hex(16)
            connection.execute(sa.update(codes).where(codes.c.code_digest == row.code_digest).values(family=family))
            return tokens.issue(state, connection, row.account_id, family=family)
    # Raised after the transaction, so that it is kept.
    raise OAuthError("invalid_grant", "The code was used before.")


def _from_device(state: PlatformState, device_code: str) -> TokenSet:
    codes = db.device_codes
    now_s = state.now_s()
    mine = codes.c.device_digest == tokens.digest(device_code)
    with state.db.write() as connection:
        row = connection.execute(sa.select(codes).where(mine)).one_or_none()
        if row is None:
            raise OAuthError("invalid_grant", "The device code is unknown.")
        if row.expires_s <= now_s:
            answer = OAuthError("expired_token", "The code is over.")
        elif row.state == "approved":
            connection.execute(sa.delete(codes).where(mine))
            return tokens.issue(state, connection, row.account_id)
        elif row.polled_s is not None and now_s - row.polled_s < row.interval_s - SLACK_S:
            connection.execute(sa.update(codes).where(mine).values(polled_s=now_s, interval_s=row.interval_s + 5.0))
            answer = OAuthError("slow_down", "Ask less often.")
        else:
            connection.execute(sa.update(codes).where(mine).values(polled_s=now_s))
            answer = OAuthError("authorization_pending", "Not approved yet.")
    # Raised after the transaction, so that the polling is remembered.
    raise answer
