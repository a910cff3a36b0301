"""Files to and from the service: downloads that go on where they broke off, uploads by digest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.errors import Cancelled
from studio.base import atomic
from studio.base.errors import LibraryError, PlatformDown, PlatformError
from studio.platform.messages import FileInfo
from studio.platform.receipts import Receipt, verify_receipt
from studio.platform.transport import Body, Transport

Progress = Callable[[float, str], None]
Stop = Callable[[], bool]

ATTEMPTS = 4
_CHUNK = 1 << 18


def download(
    transport: Transport,
    path: str,
    target: Path,
    *,
    file: FileInfo,
    progress: Progress | None = None,
    cancelled: Stop | None = None,
) -> None:
    """Fetch `path` of the service to `target`, whose digest must be that of `file`.

    What arrived rests beside it as ``.part`` until all is there, also over a restart of the studio; a broken
    connection is taken up again.

    Raises:
        PlatformError: whatever the service refuses. PlatformDown: after `ATTEMPTS` attempts without a byte.
        LibraryError: digest-mismatch. StorageError: disk-full, path-not-writable. Cancelled.
    """
    part = target.with_name(f".{target.name[:80]}.{file.sha256[:16]}.part")
    attempts = 0
    try:
        while True:
            before = part.stat().st_size if part.is_file() else 0
            try:
                _receive(transport, path, part, file, progress, cancelled)
                break
            except PlatformDown:
                # Only attempts that brought nothing count: a bad line that goes on is still a line.
                attempts = 0 if part.is_file() and part.stat().st_size > before else attempts + 1
                if attempts >= ATTEMPTS:
                    raise
        if _digest(part) != file.sha256:
            part.unlink()
            raise LibraryError(
                "The download is not what the platform announced: it was changed on the way.",
                remedy="Download it again. If it stays so, tell the platform.",
                code="digest-mismatch",
                details={"role": file.role},
            )
        atomic.sync_file(part)
        part.replace(target)
        atomic.sync_folder(target.parent)
    except OSError as problem:
        raise atomic.storage_error(problem, target) from problem


def _receive(
    transport: Transport, path: str, part: Path, file: FileInfo, progress: Progress | None, cancelled: Stop | None
) -> None:
    have = part.stat().st_size if part.is_file() else 0
    if have > file.size:
        part.unlink()
        have = 0
    if have == file.size and part.is_file():
        return
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": f'"{file.sha256}"'}
    with transport.stream("GET", path, headers=headers) as response:
        if response.status_code != 206:
            have = 0
        elif response.headers.get("content-range", "") != f"bytes {have}-{file.size - 1}/{file.size}":
            raise PlatformError(
                "The platform sent another part of the file than was asked for.",
                remedy="Download it again.",
                code="bad-response",
            )
        with part.open("ab" if have else "wb") as out:
            for chunk in response.iter_bytes(_CHUNK):
                if cancelled is not None and cancelled():
                    raise Cancelled("The download was stopped.", remedy="It goes on from here when you start it again.")
                have += len(chunk)
                if have > file.size:
                    raise PlatformError(
                        "The platform sent more than it announced.", remedy="Download it again.", code="bad-response"
                    )
                out.write(chunk)
                if progress is not None:
                    progress(have / max(1, file.size), "Downloading")
    if have < file.size:
        raise PlatformDown("The connection broke off.", remedy="The download goes on when the platform is back.")


def upload(
    transport: Transport,
    source: Path,
    *,
    trusted_keys: Callable[[], dict[str, bytes]],
    progress: Progress | None = None,
    cancelled: Stop | None = None,
) -> Receipt:
    """Send a file; returns the service's signed receipt for exactly these bytes. What it has already is not sent again.

    Raises:
        PlatformError: upload-too-large, receipt-invalid ... PlatformDown. LibraryError: asset-missing. Cancelled.
    """
    try:
        sha256, size = _digest(source), source.stat().st_size
    except OSError as problem:
        raise LibraryError(
            f"“{source.name}” is not there any more.",
            remedy="Export it again.",
            code="asset-missing",
            details={"path": str(source)},
        ) from problem
    address = f"/uploads/{sha256}"
    raw = _standing(transport, address)
    if raw is None:
        raw = transport.call("PUT", address, Body(stream=_Chunks(source, size, progress, cancelled), length=size))
    return verify_receipt(raw, trusted_keys(), kind="upload", sha256=sha256)


def _standing(transport: Transport, address: str) -> bytes | None:
    try:
        return transport.call("GET", address)
    except PlatformDown:
        raise
    except PlatformError as error:
        if error.code == "not-found":
            return None
        raise


class _Chunks:
    """The bytes of a file; can be gone through again, as a request that is repeated with a fresh token does."""

    def __init__(self, source: Path, size: int, progress: Progress | None, cancelled: Stop | None):
        self._source = source
        self._size = size
        self._progress = progress
        self._cancelled = cancelled

    def __iter__(self) -> Iterator[bytes]:
        sent = 0
        with self._source.open("rb") as file:
            while chunk := file.read(_CHUNK):
                if self._cancelled is not None and self._cancelled():
                    raise Cancelled("The upload was stopped.")
                sent += len(chunk)
                yield chunk
                if self._progress is not None:
                    self._progress(sent / max(1, self._size), "Uploading")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
