"""The client's one way to the service: requests with the bearer token, refreshed once, and every failure as a named
error."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import threading
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import httpx
import msgspec
from msgspec import Struct

from studio.base.errors import PlatformDown, PlatformError
from studio.base.keys import KeyStore
from studio.platform.messages import TokenSet
from studio.platform.oauth_words import CLIENT_ID

T = TypeVar("T")

MAX_ANSWER_BYTES = 16 << 20
"""No message of the service is larger; more is an attack or a fault."""

_TIMEOUT = httpx.Timeout(60.0, connect=5.0)


class Body(Struct, frozen=True, kw_only=True):
    """What a request carries: one of these, or nothing."""

    json: Any = None
    form: Mapping[str, str] | None = None
    stream: Iterable[bytes] | None = None
    length: int = 0


class Transport:
    """Requests to one service. `realm` names where its tokens rest in the key store."""

    def __init__(
        self, base_url: str, keys: KeyStore, *, realm: str | None = None, transport: httpx.BaseTransport | None = None
    ):
        address = httpx.URL(base_url.rstrip("/"))
        local = _is_loopback(address.host)
        if address.scheme != "https" and not local:
            raise PlatformError(
                "This platform's address is not protected.",
                remedy="Use an address that begins with https://.",
                code="address-insecure",
                details={"address": base_url},
            )
        self.base_url = str(address)
        self.realm = realm or hashlib.sha256(self.base_url.encode()).hexdigest()[:12]
        self._keys = keys
        self._lock = threading.Lock()
        self._tokens: TokenSet | None = None
        self._loaded = False
        # A proxy of the system must not see, or swallow, what stays on this computer.
        self._http = httpx.Client(
            base_url=self.base_url, timeout=_TIMEOUT, trust_env=not local, follow_redirects=False, transport=transport
        )

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    # Tokens

    def tokens(self) -> TokenSet | None:
        """The tokens of the person who is signed in, or None."""
        if not self._loaded:
            raw = self._keys.get(f"platform-tokens-{self.realm}")
            self._tokens = None
            if raw is not None:
                try:
                    self._tokens = msgspec.json.decode(raw, type=TokenSet)
                except msgspec.DecodeError:
                    self._tokens = None
            self._loaded = True
        return self._tokens

    def keep_tokens(self, tokens: TokenSet | None) -> None:
        """Remember the tokens, or forget them."""
        if tokens is None:
            self._keys.delete(f"platform-tokens-{self.realm}")
        else:
            self._keys.set(f"platform-tokens-{self.realm}", msgspec.json.encode(tokens))
        self._tokens = tokens
        self._loaded = True

    def token_request(self, form: Mapping[str, str]) -> TokenSet:
        """Ask the token endpoint.

        Raises:
            PlatformError: with the OAuth error as its code. PlatformDown.
        """
        answer = self.exchange("POST", "/oauth/token", Body(form={"client_id": CLIENT_ID, **form}))
        return decode(answer, TokenSet)

    # Requests

    def call(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """A request as the person who is signed in; returns the body of the answer.

        Raises:
            PlatformError: signed-out and whatever the service refuses. PlatformDown.
        """
        with self.stream(method, path, body, query=query, headers=headers) as response:
            return _read(response)

    def exchange(
        self, method: str, path: str, body: Body | None = None, *, query: Mapping[str, Any] | None = None
    ) -> bytes:
        """A request as nobody."""
        with self._send(method, path, body, query=query, headers={}) as response:
            _raise_for(response)
            return _read(response)

    @contextmanager
    def stream(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Generator[httpx.Response]:
        """A request as the person who is signed in; the answer is read by the caller.

        Raises:
            PlatformError: signed-out and whatever the service refuses. PlatformDown.
        """
        tokens = self.tokens()
        if tokens is None:
            raise signed_out()
        for last in (False, True):
            merged = {**(headers or {}), "Authorization": f"Bearer {tokens.access_token}"}
            with self._send(method, path, body, query=query, headers=merged) as response:
                if response.status_code == 401 and not last:
                    response.read()
                else:
                    _raise_for(response)
                    with _named_failures():
                        yield response
                    return
            tokens = self._refreshed(tokens)

    @contextmanager
    def _send(
        self,
        method: str,
        path: str,
        body: Body | None,
        *,
        query: Mapping[str, Any] | None,
        headers: Mapping[str, str],
    ) -> Generator[httpx.Response]:
        merged = dict(headers)
        content: Any = None
        if body is not None and body.form is not None:
            content = str(httpx.QueryParams(dict(body.form))).encode()
            merged["Content-Type"] = "application/x-www-form-urlencoded"
        elif body is not None and body.stream is not None:
            content = body.stream
            merged["Content-Type"] = "application/octet-stream"
            merged["Content-Length"] = str(body.length)
        elif body is not None:
            content = msgspec.json.encode(body.json)
            merged["Content-Type"] = "application/json"
        parameters = {key: value for key, value in (query or {}).items() if value is not None}
        with (
            _named_failures(),
            self._http.stream(method, path, content=content, params=parameters, headers=merged) as response,
        ):
            yield response

    def _refreshed(self, stale: TokenSet) -> TokenSet:
        with self._lock:
            # Another thread, or another process of this person, may have been faster; a refresh token works once.
            self._loaded = False
            current = self.tokens()
            if current is not None and current.access_token != stale.access_token:
                return current
            if current is None:
                raise signed_out()
            try:
                fresh = self.token_request({"grant_type": "refresh_token", "refresh_token": current.refresh_token})
            except PlatformDown:
                raise
            except PlatformError as error:
                self.keep_tokens(None)
                raise signed_out() from error
            self.keep_tokens(fresh)
            return fresh


def decode(raw: bytes, kind: type[T]) -> T:
    """A message of the service.

    Raises:
        PlatformError: bad-response.
    """
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise bad_response(str(error)) from error


def signed_out() -> PlatformError:
    """The error of somebody who is not signed in."""
    return PlatformError("You are not signed in.", remedy="Sign in, then try again.", code="signed-out")


def bad_response(problem: str) -> PlatformError:
    """The error of an answer that makes no sense."""
    return PlatformError(
        "The platform's answer cannot be understood.",
        remedy="Check the platform's address, or update the studio.",
        code="bad-response",
        details={"problem": problem},
    )


def _read(response: httpx.Response) -> bytes:
    parts: list[bytes] = []
    size = 0
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > MAX_ANSWER_BYTES:
            raise bad_response("it does not end")
        parts.append(chunk)
    return b"".join(parts)


def _raise_for(response: httpx.Response) -> None:
    status = response.status_code
    if status < 400:
        return
    details: dict[str, Any] = {"status": status}
    retry_after = response.headers.get("retry-after", "")
    if retry_after.isdigit():
        details["retry_after_s"] = int(retry_after)
    try:
        body: Any = json.loads(_read(response))
    except (ValueError, UnicodeDecodeError):
        body = None
    error: Any = cast("dict[str, Any]", body).get("error") if isinstance(body, dict) else None
    if isinstance(error, str):
        raise _oauth_error(error, str(cast("dict[str, Any]", body).get("error_description", "")), details)
    kind = PlatformDown if status >= 500 else PlatformError
    if not isinstance(error, dict):
        if status >= 500:
            raise PlatformDown(
                "The platform has a problem.",
                remedy="Try again in a few minutes.",
                code="platform-failed",
                details=details,
            )
        raise bad_response(f"status {status}")
    named = cast("dict[str, Any]", error)
    given = named.get("details")
    raise kind(
        str(named.get("message", "The platform refused.")),
        remedy=str(named.get("remedy", "Try again later.")),
        code=str(named.get("code", "refused")),
        details={**(cast("dict[str, Any]", given) if isinstance(given, dict) else {}), **details},
    )


def _oauth_error(code: str, description: str, details: dict[str, Any]) -> PlatformError:
    if details["status"] >= 500:
        return PlatformDown(description, remedy="Try again in a few minutes.", code="platform-failed", details=details)
    return PlatformError(description or code, remedy="Sign in again.", code=code, details=details)


@contextmanager
def _named_failures() -> Generator[None]:
    try:
        yield
    except httpx.TransportError as error:
        raise PlatformDown(
            "The platform cannot be reached.",
            remedy="Check the connection. You can go on working; what waits is sent later.",
            details={"problem": type(error).__name__},
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise bad_response(str(error)) from error


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
