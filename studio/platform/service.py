"""The reference service: Starlette over the functions of this package. `create_app` is all that a server needs."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from studio.base.signatures import sign_document
from studio.platform import catalogue, delivery, devices, ingest, licensing, openapi, publishing, statements, usage_log
from studio.platform import database as db
from studio.platform.catalogue import SearchQuery
from studio.platform.messages import (
    CertificateRequest,
    ExportRequest,
    GrantRequest,
    Mark,
    PlatformInfo,
    PlatformKey,
    PublishRequest,
    RevokeRequest,
    TermsRequest,
    UsageEvent,
)
from studio.platform.objects import check_sha256, too_large
from studio.platform.refusal import invalid, not_found
from studio.platform.sign_in_routes import ROUTES as SIGN_IN_ROUTES
from studio.platform.state import PlatformState, ServiceConfig
from studio.platform.web import (
    account_of,
    guarded,
    idempotency_key,
    json_answer,
    limited,
    message,
    state_of,
)

API = "1"


async def info(request: Request) -> Response:
    """Name, time, keys and trust anchors, signed."""
    state = state_of(request)
    answer = _info(state, nonce=request.query_params.get("nonce", "")[:64])
    return json_answer(sign_document(msgspec.to_builtins(answer), state.signing_key))


async def search(request: Request) -> Response:
    """Search the catalogue."""
    query = request.query_params
    fields: dict[str, object] = {
        "text": query.get("q", "")[:200],
        "key": query.get("key"),
        "operations": query.getlist("operation"),
    }
    for name in ("tempo_from_bpm", "tempo_to_bpm", "stems", "offset", "limit"):
        if name in query:
            fields[name] = query[name]
    if query.get("mine") == "true":
        fields["owner_id"] = (await account_of(request)).id
    try:
        wanted = msgspec.convert(fields, SearchQuery, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(f"The search cannot be read: {error}.", remedy="Correct the named field.") from error
    return json_answer(await run_in_threadpool(catalogue.search, state_of(request), wanted))


async def recording(request: Request) -> Response:
    """A recording with credits, files and terms."""
    return json_answer(await run_in_threadpool(catalogue.detail, state_of(request), request.path_params["id"]))


async def recording_file(request: Request) -> Response:
    """Download the mix, a stem or the artwork."""
    account = await account_of(request)
    state = state_of(request)
    file = await run_in_threadpool(
        delivery.licensed_file, state, account, request.path_params["id"], request.path_params["role"]
    )
    return delivery.response(request, state.objects.path(file.sha256), file)


async def publish(request: Request) -> Response:
    """Publish a recording whose files were uploaded."""
    account = await account_of(request)
    body = await message(request, PublishRequest)
    return json_answer(await run_in_threadpool(publishing.publish, state_of(request), account, body), status=201)


async def change_terms(request: Request) -> Response:
    """The owner sets new terms."""
    account = await account_of(request)
    body = await message(request, TermsRequest)
    return json_answer(
        await run_in_threadpool(
            publishing.change_terms, state_of(request), account, request.path_params["id"], body.terms
        )
    )


async def upload(request: Request) -> Response:
    """Send a file; the address names its SHA-256. A file that is there already is not sent again."""
    account = await account_of(request)
    state = state_of(request)
    sha256 = check_sha256(request.path_params["sha256"])
    limit = state.config.max_upload_bytes
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > limit:
        raise too_large(limit)
    await run_in_threadpool(ingest.check_quota, state, account, int(announced) if announced.isdigit() else 0)
    size = await state.objects.receive(limited(request, limit), sha256, limit_bytes=limit)
    return json_answer(await run_in_threadpool(ingest.receive_upload, state, account, sha256, size), status=201)


async def uploaded(request: Request) -> Response:
    """The receipt of a file that this account has sent."""
    account = await account_of(request)
    sha256 = check_sha256(request.path_params["sha256"])

    def find() -> bytes | None:
        with state_of(request).db.read() as connection:
            return connection.execute(
                sa.select(db.uploads.c.receipt).where(
                    db.uploads.c.account_id == account.id, db.uploads.c.sha256 == sha256
                )
            ).scalar_one_or_none()

    receipt = await run_in_threadpool(find)
    if receipt is None:
        raise not_found("upload")
    return json_answer(receipt)


async def grant(request: Request) -> Response:
    """License a recording, or renew a licence. The answer is the exact signed bytes."""
    account = await account_of(request)
    body = await message(request, GrantRequest)
    raw = await run_in_threadpool(
        licensing.request_grant, state_of(request), account, body.recording_id, body.device_id
    )
    return json_answer(raw, status=201)


async def grants(request: Request) -> Response:
    """All licences of this account, newest revisions, as texts."""
    account = await account_of(request)
    held = await run_in_threadpool(licensing.held_grants, state_of(request), account)
    return json_answer({"grants": [raw.decode() for raw in held]})


async def revoke_grant(request: Request) -> Response:
    """The owner ends a licence."""
    account = await account_of(request)
    body = await message(request, RevokeRequest)
    return json_answer(
        await run_in_threadpool(
            licensing.revoke, state_of(request), account, request.path_params["grant_id"], body.reason
        )
    )


async def revocations(request: Request) -> Response:
    """What was ended of this account's licences, signed."""
    account = await account_of(request)
    state = state_of(request)
    found = await run_in_threadpool(licensing.revocations, state, account)
    return json_answer(sign_document(msgspec.to_builtins(found), state.signing_key))


async def statement(request: Request) -> Response:
    """What became of this rightsholder's recordings, signed."""
    account = await account_of(request)
    state = state_of(request)
    found = await run_in_threadpool(statements.statement, state, account)
    return json_answer(sign_document(msgspec.to_builtins(found), state.signing_key))


async def certificate(request: Request) -> Response:
    """A certificate for this device's key."""
    account = await account_of(request)
    body = await message(request, CertificateRequest)
    return json_answer(await run_in_threadpool(devices.issue, state_of(request), account, body.csr), status=201)


async def export(request: Request) -> Response:
    """Hand in an export; the answer is its signed receipt."""
    account = await account_of(request)
    key = idempotency_key(request)
    body = await message(request, ExportRequest)
    raw = await run_in_threadpool(ingest.receive_export, state_of(request), account, key, body)
    return json_answer(raw, status=201)


async def resolve(request: Request) -> Response:
    """What the platform knows of an export, by the SHA-256 of its file."""
    sha256 = check_sha256(request.path_params["sha256"])
    return json_answer(await run_in_threadpool(ingest.resolve, state_of(request), sha256))


async def resolve_mark(request: Request) -> Response:
    """What the platform knows of an export, by the id in its sound."""
    try:
        mark = msgspec.convert(request.path_params["mark"], Mark)
    except msgspec.ValidationError:
        raise not_found("export") from None
    return json_answer(await run_in_threadpool(ingest.resolve_mark, state_of(request), mark))


async def usage(request: Request) -> Response:
    """Take usage events; one that came before is not counted again."""
    account = await account_of(request)
    events = await message(request, list[UsageEvent])
    return json_answer({"taken": await run_in_threadpool(usage_log.record, state_of(request), account, events)})


async def description(_request: Request) -> Response:
    """The OpenAPI document."""
    return json_answer(openapi.document())


async def health(_request: Request) -> Response:
    """Whether the service runs."""
    return json_answer({"status": "ok"})


async def unknown(_request: Request) -> Response:
    """Anything else."""
    raise not_found("address")


ROUTES = [
    Route("/health", guarded(health), methods=["GET"]),
    Route("/openapi.json", guarded(description), methods=["GET"]),
    Route("/platform", guarded(info), methods=["GET"]),
    Route("/recordings", guarded(search), methods=["GET"]),
    Route("/recordings", guarded(publish), methods=["POST"]),
    Route("/recordings/{id}", guarded(recording), methods=["GET"]),
    Route("/recordings/{id}/terms", guarded(change_terms), methods=["PUT"]),
    Route("/recordings/{id}/files/{role}", guarded(recording_file), methods=["GET"]),
    Route("/uploads/{sha256}", guarded(uploaded), methods=["GET"]),
    Route("/uploads/{sha256}", guarded(upload), methods=["PUT"]),
    Route("/grants", guarded(grants), methods=["GET"]),
    Route("/grants", guarded(grant), methods=["POST"]),
    Route("/grants/revocations", guarded(revocations), methods=["GET"]),
    Route("/grants/{grant_id}/revoke", guarded(revoke_grant), methods=["POST"]),
    Route("/statement", guarded(statement), methods=["GET"]),
    Route("/devices", guarded(certificate), methods=["POST"]),
    Route("/exports", guarded(export), methods=["POST"]),
    Route("/exports/{sha256}", guarded(resolve), methods=["GET"]),
    Route("/marks/{mark}", guarded(resolve_mark), methods=["GET"]),
    Route("/usage", guarded(usage), methods=["POST"]),
]


def create_app(config: ServiceConfig) -> Starlette:
    """The service as an ASGI application. Its `state.platform` is open from here on; the caller closes it.

    Raises:
        StorageError: when the data folder cannot be used.
    """
    hosts = ["127.0.0.1", "localhost"]
    if config.public_url is not None:
        hosts.append(config.public_url.split("://", 1)[-1].split("/", 1)[0].rsplit(":", 1)[0])
    app = Starlette(
        routes=[*SIGN_IN_ROUTES, *ROUTES, Route("/{path:path}", guarded(unknown))],
        # A page in a browser must not reach a service on this computer under a name of its own (DNS rebinding).
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts)],
    )
    app.state.platform = PlatformState(config)
    return app


def _info(state: PlatformState, *, nonce: str) -> PlatformInfo:
    return PlatformInfo(
        name=state.config.name,
        api=API,
        keys=[PlatformKey(kid=kid, public_key=key.hex()) for kid, key in state.trusted_keys.items()],
        trust_anchors=devices.trust_anchors(state),
        at=state.now_iso(),
        nonce=nonce,
    )
