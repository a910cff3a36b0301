"""Downloads: a file of a recording, whole or from where the last attempt broke off (RFC 9110 14)."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from studio.platform import catalogue, licensing
from studio.platform.messages import STEM_ROLES, Account, FileInfo
from studio.platform.refusal import Refusal, not_found
from studio.platform.state import PlatformState
from studio.rights.policy import permits

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_CHUNK = 256 * 1024


def licensed_file(state: PlatformState, account: Account, recording_id: str, role: str) -> FileInfo:
    """A file that this account may download: artwork by anyone, audio under a licence that plays it.

    Raises:
        Refusal: not-found, no-grant, operation-forbidden.
    """
    recording = catalogue.detail(state, recording_id)
    found = next((file for file in recording.files if file.role == role), None)
    if found is None:
        raise not_found(f"file “{role}” of this recording")
    if role != "artwork":
        grant = licensing.live_grant(state, account, recording.summary.id)
        operation = f"stem:{role}" if role in STEM_ROLES else "play"
        if not permits(grant, operation):
            raise Refusal(
                403,
                "operation-forbidden",
                "Your licence does not allow this.",
                remedy="Use what it allows, or ask the rightsholder.",
                details={"operation": operation},
            )
    return found


def response(request: Request, path: Path, file: FileInfo) -> Response:
    """The file, or the part of it that ``Range`` asks for, with its digest as ETag and Repr-Digest (RFC 9530)."""
    etag = f'"{file.sha256}"'
    headers = {
        "ETag": etag,
        "Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(file.sha256)).decode()}:",
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-transform",
        "Content-Disposition": "attachment",
        "X-Content-Type-Options": "nosniff",
    }
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    wanted = request.headers.get("range")
    if request.headers.get("if-range", etag) != etag:
        wanted = None
    start, end = 0, file.size
    status = 200
    if wanted is not None:
        start, end = parse_range(wanted, file.size)
        status = 206
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    headers["Content-Length"] = str(end - start)
    body = _part(path, start, end - start) if request.method != "HEAD" else None
    return StreamingResponse(body, status, headers, file.media_type) if body else Response(None, status, headers)


def parse_range(header: str, size: int) -> tuple[int, int]:
    """The half-open range of one ``Range`` of bytes.

    Raises:
        Refusal: range-invalid (416), for several ranges, other units, and what lies outside the file.
    """
    match = _RANGE.fullmatch(header.replace(" ", ""))
    if match is not None:
        first, last = match.groups()
        if first:
            start, end = int(first), min(int(last) + 1, size) if last else size
        else:
            start, end = max(0, size - int(last or "0")), size
        if start < end:
            return start, end
    raise Refusal(
        416,
        "range-invalid",
        "The platform cannot send that part of the file.",
        remedy="Ask for one range of bytes within the file.",
        details={"size": size},
        headers={"Content-Range": f"bytes */{size}"},
    )


async def _part(path: Path, start: int, length: int) -> AsyncIterator[bytes]:
    async with await anyio.open_file(path, "rb") as file:
        await file.seek(start)
        left = length
        while left > 0:
            chunk = await file.read(min(_CHUNK, left))
            if not chunk:
                return
            left -= len(chunk)
            yield chunk
