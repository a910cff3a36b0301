"""How requests reach the service's functions: bodies with a limit, decoded and checked, and named errors as JSON."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from studio.base.errors import StudioError
from studio.platform import tokens
from studio.platform.messages import Account
from studio.platform.oauth import OAuthError
from studio.platform.objects import too_large
from studio.platform.refusal import Refusal, error_body, invalid
from studio.platform.state import PlatformState

LOG = logging.getLogger("contrafact.platform")

T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]

_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def json_answer(value: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer. Browsers must not take it for a page, whatever titles it carries."""
    body = value if isinstance(value, bytes) else msgspec.json.encode(value)
    safe = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", **(headers or {})}
    return Response(body, status, safe, "application/json")


def guarded(handler: Handler) -> Handler:
    """`handler` with named errors answered as such, and everything else as one that says nothing of the inside."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except Refusal as error:
            return json_answer(error.body(), status=error.status, headers=error.headers)
        except OAuthError as error:
            body = {"error": error.code, "error_description": error.description}
            return json_answer(body, status=error.status, headers=error.headers)
        except StudioError as error:
            return json_answer(error_body(error), status=422)
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception:
            LOG.exception("%s %s failed", request.method, request.url.path)
            error = Refusal(
                500,
                "platform-failed",
                "Something went wrong on the platform.",
                remedy="Try again in a minute; nothing of yours was lost.",
            )
            return json_answer(error.body(), status=500)

    return answer


def state_of(request: Request) -> PlatformState:
    """The running service."""
    return request.app.state.platform


async def account_of(request: Request) -> Account:
    """Who asks.

    Raises:
        Refusal: signed-out.
    """
    return await run_in_threadpool(tokens.bearer, state_of(request), request.headers.get("authorization"))


async def read_body(request: Request) -> bytes:
    """The whole body, up to the limit for messages.

    Raises:
        Refusal: upload-too-large.
    """
    limit = state_of(request).config.max_body_bytes
    return b"".join([chunk async for chunk in limited(request, limit)])


async def limited(request: Request, limit_bytes: int) -> AsyncIterator[bytes]:
    """The body in chunks, refused early where its announced length is over the limit.

    Raises:
        Refusal: upload-too-large.
    """
    announced = request.headers.get("content-length", "0")
    if not announced.isdigit() or int(announced) > limit_bytes:
        raise too_large(limit_bytes)
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit_bytes:
            raise too_large(limit_bytes)
        yield chunk


async def message(request: Request, kind: type[T]) -> T:
    """The body as a message of this type.

    Raises:
        Refusal: request-invalid, naming the field.
    """
    try:
        return msgspec.json.decode(await read_body(request), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise invalid(f"The request cannot be read: {error}.", remedy="Correct the named field.") from error


async def form(request: Request) -> dict[str, str]:
    """A submitted form; a field that comes twice is refused.

    Raises:
        Refusal: request-invalid.
    """
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise invalid("The request is no form.", remedy="Send application/x-www-form-urlencoded.")
    body = await read_body(request)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=50, errors="strict")
    except ValueError as error:
        raise invalid("The form cannot be read.", remedy="Send it again.") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise invalid("A field of the form comes twice.", remedy="Send each field once.")
    return fields


def idempotency_key(request: Request) -> str:
    """The Idempotency-Key header, a UUIDv7.

    Raises:
        Refusal: idempotency-key-invalid.
    """
    key = request.headers.get("idempotency-key", "")
    if _UUID7.fullmatch(key) is None:
        raise invalid(
            "The delivery has no key of its own.",
            remedy="Send a UUIDv7 as Idempotency-Key.",
            code="idempotency-key-invalid",
        )
    return key


def base_url(request: Request) -> str:
    """How this service is reached, without a slash at the end."""
    return state_of(request).config.public_url or str(request.base_url).rstrip("/")
