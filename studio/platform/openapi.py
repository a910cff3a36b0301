"""The service's own description (OpenAPI 3.1): paths here, the shapes of messages from their structs."""

from __future__ import annotations

from typing import Any

import msgspec

from studio.platform import messages

_ROUTES: tuple[tuple[str, str, str, type | None, type | None, bool], ...] = (
    ("get", "/health", "Whether the service runs", None, None, False),
    ("get", "/openapi.json", "This description", None, None, False),
    ("get", "/platform", "Name, keys and trust anchors, signed", None, messages.PlatformInfo, False),
    ("get", "/oauth/authorize", "Sign-in page (RFC 6749 4.1, PKCE S256, loopback redirect)", None, None, False),
    ("post", "/oauth/authorize", "The sign-in form", None, None, False),
    ("post", "/oauth/device", "Begin the device flow (RFC 8628)", None, messages.DeviceCode, False),
    ("post", "/oauth/token", "Tokens", None, messages.TokenSet, False),
    ("post", "/oauth/revoke", "Sign out (RFC 7009)", None, None, False),
    ("get", "/device", "The page on which a device is let in", None, None, False),
    ("post", "/device", "Its form", None, None, False),
    ("get", "/me", "Who is signed in", None, messages.Account, True),
    ("get", "/recordings", "Search the catalogue", None, messages.SearchPage, False),
    ("post", "/recordings", "Publish a recording", messages.PublishRequest, messages.RecordingDetail, True),
    ("get", "/recordings/{id}", "A recording with credits and terms", None, messages.RecordingDetail, False),
    ("put", "/recordings/{id}/terms", "New terms", messages.TermsRequest, messages.RecordingDetail, True),
    ("get", "/recordings/{id}/files/{role}", "Download (one Range, If-Range)", None, None, True),
    ("get", "/uploads/{sha256}", "The receipt of an upload", None, None, True),
    ("put", "/uploads/{sha256}", "Send a file; answered with a signed receipt", None, None, True),
    ("get", "/grants", "All licences of the account", None, None, True),
    ("post", "/grants", "License or renew; the exact signed bytes", messages.GrantRequest, None, True),
    ("get", "/grants/revocations", "Ended licences, signed", None, messages.RevocationList, True),
    ("post", "/grants/{grant_id}/revoke", "End a licence", messages.RevokeRequest, messages.Revocation, True),
    ("get", "/statement", "What became of the rightsholder's recordings, signed", None, messages.Statement, True),
    ("post", "/devices", "A device certificate", messages.CertificateRequest, messages.Certificate, True),
    ("post", "/exports", "Hand in an export (Idempotency-Key)", messages.ExportRequest, None, True),
    ("get", "/exports/{sha256}", "What is known of an export", None, messages.Resolution, False),
    ("get", "/marks/{mark}", "What is known of an export, by the id in its sound", None, messages.Resolution, False),
    ("post", "/usage", "Usage events", None, None, True),
)


def document() -> dict[str, Any]:
    """The OpenAPI document."""
    kinds = {kind for _, _, _, *pair, _ in _ROUTES for kind in pair if isinstance(kind, type)}
    _, schemas = msgspec.json.schema_components(
        sorted(kinds, key=lambda kind: kind.__name__), ref_template="#/components/schemas/{name}"
    )
    schemas["Error"] = _ERROR
    paths: dict[str, dict[str, Any]] = {}
    for method, path, summary, body, answer, signed_in in _ROUTES:
        paths.setdefault(path, {})[method] = _operation(path, summary, body, answer, signed_in)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Contrafact platform", "version": "1", "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


_ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "remedy", "details"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "remedy": {"type": "string"},
                "details": {"type": "object"},
            },
        }
    },
}


def _operation(path: str, summary: str, body: type | None, answer: type | None, signed_in: bool) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "Done"}
    if answer is not None:
        success["content"] = _content(answer)
    error = {
        "description": "Refused",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    operation: dict[str, Any] = {"summary": summary, "responses": {"2XX": success, "4XX": error, "5XX": error}}
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    if names:
        operation["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
        ]
    if body is not None:
        operation["requestBody"] = {"required": True, "content": _content(body)}
    if signed_in:
        operation["security"] = [{"bearer": []}]
    return operation


def _content(kind: type) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{kind.__name__}"}}}
