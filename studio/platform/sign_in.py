"""The client's ways to sign in: browser with PKCE, device code, password, and the local demo account."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from urllib.parse import urlencode

from studio.base.errors import PlatformDown, PlatformError
from studio.platform.loopback import LoopbackListener
from studio.platform.messages import DeviceCode, TokenSet
from studio.platform.oauth_words import CLIENT_ID, DEVICE_GRANT, challenge_of
from studio.platform.transport import Body, Transport, decode


def by_password(transport: Transport, email: str, password: str) -> TokenSet:
    """Sign in with address and password.

    Raises:
        PlatformError: wrong-password, too-many-attempts. PlatformDown.
    """
    try:
        return transport.token_request({"grant_type": "password", "username": email, "password": password})
    except PlatformDown:
        raise
    except PlatformError as error:
        if error.code == "invalid_grant":
            raise PlatformError(
                "The address or the password is not right.",
                remedy="Check both and sign in again.",
                code="wrong-password",
            ) from error
        if error.code == "temporarily_unavailable":
            raise PlatformError(
                "Too many wrong passwords for this address.",
                remedy=f"Wait {error.details.get('retry_after_s', 300)} seconds, then sign in again.",
                code="too-many-attempts",
                details=error.details,
            ) from error
        raise


def by_browser(
    transport: Transport,
    open_browser: Callable[[str], None],
    *,
    stop: threading.Event | None = None,
    turns: int = 3000,
) -> TokenSet:
    """Sign in in the browser: authorisation code with PKCE; the answer comes to a listener on this computer.

    Raises:
        PlatformError: sign-in-refused, sign-in-stopped, sign-in-timeout. PlatformDown.
    """
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    with LoopbackListener(state=state, issuer=transport.base_url) as listener:
        query = {
            "client_id": CLIENT_ID,
            "redirect_uri": listener.redirect_uri,
            "response_type": "code",
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
            "state": state,
        }
        open_browser(f"{transport.base_url}/oauth/authorize?{urlencode(query)}")
        code = listener.wait(stop=stop or threading.Event(), turns=turns)
        return transport.token_request(
            {
                "grant_type": "authorization_code",
                "code": code,
                "code_verifier": verifier,
                "redirect_uri": listener.redirect_uri,
            }
        )


def start_device(transport: Transport) -> DeviceCode:
    """Begin the device flow."""
    return decode(transport.exchange("POST", "/oauth/device", Body(form={"client_id": CLIENT_ID})), DeviceCode)


def by_device(transport: Transport, code: DeviceCode, *, stop: threading.Event | None = None) -> TokenSet:
    """Wait until somebody approved the device code (RFC 8628 3.5).

    Raises:
        PlatformError: sign-in-timeout, sign-in-refused, sign-in-stopped. PlatformDown.
    """
    stopped = stop or threading.Event()
    interval_s = code.interval
    waited_s = 0.0
    while waited_s <= code.expires_in:
        try:
            return transport.token_request({"grant_type": DEVICE_GRANT, "device_code": code.device_code})
        except PlatformDown:
            raise
        except PlatformError as error:
            if error.code == "slow_down":
                interval_s += 5.0
            elif error.code == "expired_token":
                break
            elif error.code != "authorization_pending":
                raise PlatformError(
                    "The sign-in was refused.", remedy="Start it again.", code="sign-in-refused"
                ) from error
        if stopped.wait(interval_s):
            raise PlatformError("The sign-in was stopped.", remedy="Start it again.", code="sign-in-stopped")
        waited_s += interval_s
    raise PlatformError("Nobody approved the code in time.", remedy="Start the sign-in again.", code="sign-in-timeout")


def approve(transport: Transport, code: DeviceCode, email: str, password: str) -> None:
    """Fill in the device page, as a person would: for the local demo account.

    Raises:
        PlatformError: sign-in-refused. PlatformDown.
    """
    form = {"user_code": code.user_code, "email": email, "password": password}
    try:
        transport.exchange("POST", "/device", Body(form=form))
    except PlatformDown:
        raise
    except PlatformError as error:
        raise PlatformError(
            "The demo account was not let in.", remedy="Restart the studio.", code="sign-in-refused"
        ) from error
