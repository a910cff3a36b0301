"""Routes of sign-in: the pages for a browser and the OAuth endpoints for the app."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from studio.platform import oauth, pages, tokens
from studio.platform.oauth_words import CLIENT_ID
from studio.platform.refusal import Refusal
from studio.platform.web import account_of, base_url, form, guarded, json_answer, state_of


async def authorize_page(request: Request) -> Response:
    """The sign-in form of the authorisation endpoint."""
    try:
        kept = oauth.check_authorisation(request.query_params)
    except Refusal as error:
        return _page(pages.message("Sign-in refused", f"{error.message} {error.remedy}"), error.status)
    name = state_of(request).config.name
    return _page(pages.sign_in(name, action="/oauth/authorize", hidden=kept))


async def authorize(request: Request) -> Response:
    """The form comes back; the answer redirects to the app's loopback listener."""
    state = state_of(request)
    fields = await form(request)
    try:
        kept = oauth.check_authorisation(fields)
    except Refusal as error:
        return _page(pages.message("Sign-in refused", f"{error.message} {error.remedy}"), error.status)
    try:
        location = await run_in_threadpool(
            oauth.authorise,
            state,
            kept,
            fields.get("email", ""),
            fields.get("password", ""),
            issuer=base_url(request),
        )
    except Refusal as error:
        page = pages.sign_in(state.config.name, action="/oauth/authorize", hidden=kept, error=error.message)
        return _page(page, error.status, error.headers)
    return Response(None, 303, {"Location": location, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


async def device_page(request: Request) -> Response:
    """The page on which a device is let in."""
    code = request.query_params.get("user_code", "")[:20]
    return _page(pages.sign_in(state_of(request).config.name, action="/device", hidden={}, user_code=code))


async def device_approve(request: Request) -> Response:
    """The device page's form."""
    state = state_of(request)
    fields = await form(request)
    code = fields.get("user_code", "")[:20]
    try:
        await run_in_threadpool(oauth.approve_device, state, code, fields.get("email", ""), fields.get("password", ""))
    except Refusal as error:
        page = pages.sign_in(state.config.name, action="/device", hidden={}, error=error.message, user_code=code)
        return _page(page, error.status, error.headers)
    return _page(pages.message("Signed in", "You can close this page and go back to the studio."))


async def device_start(request: Request) -> Response:
    """Begin the device flow."""
    fields = await form(request)
    if fields.get("client_id") != CLIENT_ID:
        raise oauth.OAuthError("invalid_client", "The app is not known here.", status=401)
    return json_answer(await run_in_threadpool(oauth.start_device, state_of(request), base_url=base_url(request)))


async def token(request: Request) -> Response:
    """The token endpoint."""
    return json_answer(await run_in_threadpool(oauth.token, state_of(request), await form(request)))


async def revoke(request: Request) -> Response:
    """Sign out."""
    fields = await form(request)
    await run_in_threadpool(tokens.revoke, state_of(request), fields.get("token", ""))
    return json_answer({})


async def me(request: Request) -> Response:
    """Who is signed in."""
    return json_answer(await account_of(request))


ROUTES = [
    Route("/oauth/authorize", guarded(authorize_page), methods=["GET"]),
    Route("/oauth/authorize", guarded(authorize), methods=["POST"]),
    Route("/oauth/device", guarded(device_start), methods=["POST"]),
    Route("/oauth/token", guarded(token), methods=["POST"]),
    Route("/oauth/revoke", guarded(revoke), methods=["POST"]),
    Route("/device", guarded(device_page), methods=["GET"]),
    Route("/device", guarded(device_approve), methods=["POST"]),
    Route("/me", guarded(me), methods=["GET"]),
]


def _page(text: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(text, status, {**pages.HEADERS, **(headers or {})})
