"""The service's files: write-once objects in a folder, named by their SHA-256."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import tempfile
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import anyio.to_thread

from studio.platform.refusal import Refusal, invalid

SHA256 = re.compile(r"[0-9a-f]{64}")


def check_sha256(value: str) -> str:
    """`value`, if it is 64 lower-case hexadecimal digits and so can name nothing but an object.

    Raises:
        Refusal: digest-malformed.
    """
    if SHA256.fullmatch(value) is None:
        raise invalid(
            "That is no SHA-256 digest.", remedy="Send 64 lower-case hexadecimal digits.", code="digest-malformed"
        )
    return value


class ObjectStore:
    """Objects under ``root/ab/abcdef...``."""

    def __init__(self, root: Path):
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path:
        """Where an object rests, whether or not it is there."""
        check_sha256(sha256)
        return self.root / sha256[:2] / sha256

    def has(self, sha256: str) -> bool:
        """True when the object is there, whole."""
        return self.path(sha256).is_file()

    async def receive(self, chunks: AsyncIterator[bytes], sha256: str, *, limit_bytes: int) -> int:
        """Take an upload of at most `limit_bytes` that must have the digest `sha256`; returns its size in bytes.

        Raises:
            Refusal: upload-too-large, digest-mismatch, disk-full.
        """
        target = self.path(sha256)
        digest = hashlib.sha256()
        size = 0
        descriptor, name = tempfile.mkstemp(prefix="incoming-", dir=self.root)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > limit_bytes:
                        raise too_large(limit_bytes)
                    digest.update(chunk)
                    file.write(chunk)
                file.flush()
                # Slow disks take seconds for this; other people's requests must not wait.
                await anyio.to_thread.run_sync(os.fsync, file.fileno())
            if digest.hexdigest() != sha256:
                raise Refusal(
                    422,
                    "digest-mismatch",
                    "The upload is not what its digest says: it was changed or cut on the way.",
                    remedy="Send it again.",
                    details={"expected": sha256, "received": digest.hexdigest()},
                )
            target.parent.mkdir(exist_ok=True)
            temporary.replace(target)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise Refusal(507, "disk-full", "The platform has no room left.", remedy="Try again later.") from error
            raise
        finally:
            temporary.unlink(missing_ok=True)
        return size

    def put(self, source: Path) -> tuple[str, int]:
        """Copy a local file in; returns its digest and size in bytes."""
        digest = hashlib.sha256()
        size = 0
        descriptor, name = tempfile.mkstemp(prefix="incoming-", dir=self.root)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file, source.open("rb") as original:
                while chunk := original.read(1 << 20):
                    digest.update(chunk)
                    size += len(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            target = self.path(digest.hexdigest())
            target.parent.mkdir(exist_ok=True)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
        return digest.hexdigest(), size

    def missing(self, digests: Iterable[str]) -> list[str]:
        """Those of `digests` that are not there."""
        return [sha256 for sha256 in digests if not self.has(sha256)]


def too_large(limit_bytes: int) -> Refusal:
    """The refusal of an upload over the limit."""
    return Refusal(
        413,
        "upload-too-large",
        f"The platform takes files of at most {limit_bytes // (1 << 20)} MiB.",
        remedy="Send a shorter or a compressed file.",
        details={"limit_bytes": limit_bytes},
    )
