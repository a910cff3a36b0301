"""Write-once sounds, named by what they hold.

A blob's key is the SHA-256 of a one-line description (kind, rate, channels, frames) followed by its bytes, so that
the same samples at two rates are two blobs. What comes from a licensed recording is encrypted (`cipher`); the
person's own material rests plain, where it can be mapped at once.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Literal

from msgspec import Struct

from engine.types import PcmRef
from studio.base import atomic
from studio.base.errors import LibraryError
from studio.library import cipher
from studio.library.index import Index

Kind = Literal["pcm", "file"]
FILE_HEAD = b"file/1\n"
"""Stands before the bytes of a file where its key is worked out."""


class BlobInfo(Struct, frozen=True, kw_only=True):
    """What the index knows of a blob. `assets` are the licensed recordings that it is or comes from; none for own
    material."""

    key: str
    kind: Kind
    size: int
    """Bytes of plaintext."""
    suffix: str
    encrypted: bool
    assets: tuple[str, ...]
    rate: int = 0
    channels: int = 0
    frames: int = 0
    digest: str = ""
    """SHA-256 of the bytes alone, without the description that the key has too."""


class BlobStore:
    """The blob folder. `may_open(assets)` raises when the licences do not allow to open what comes from these
    recordings."""

    def __init__(
        self,
        folder: Path,
        scratch: Path,
        *,
        index: Index,
        device_key: Callable[[], bytes],
        may_open: Callable[[Sequence[str]], None],
    ):
        self._folder = folder
        self._scratch = scratch
        self._index = index
        self._device_key = device_key
        self._may_open = may_open
        self._lock = threading.RLock()
        self._users: dict[str, int] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            scratch.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise atomic.storage_error(problem, folder) from problem

    def put_pcm(self, pcm: PcmRef, *, assets: Sequence[str] = ()) -> str:
        """Keep raw samples; returns their key. The file of `pcm` is copied and may go afterwards.

        Raises:
            LibraryError: asset-damaged, when the file is not as long as `pcm` says.
            StorageError: disk-full or path-not-writable; nothing is left behind.
        """
        source = Path(pcm.path)
        description = f"pcm/1 {pcm.rate} {pcm.channels} {pcm.frames}\n"
        if source.stat().st_size != pcm.channels * pcm.frames * 4:
            raise cipher.damaged(source.name)
        return self._put(source, description, "pcm", assets, suffix=".f32", pcm=pcm)

    def put_file(self, path: Path, *, assets: Sequence[str] = ()) -> str:
        """Keep a file as it is; returns its key. Files from a licensed recording name it in `assets` and are encrypted.

        Raises:
            StorageError: disk-full or path-not-writable; nothing is left behind.
        """
        return self._put(path, FILE_HEAD.decode(), "file", assets, suffix=path.suffix.lower()[:8], pcm=None)

    def info(self, key: str) -> BlobInfo:
        """What is known of a blob.

        Raises:
            LibraryError: asset-missing.
        """
        row = self._index.row("SELECT * FROM blobs WHERE key = ?", (key,))
        if row is None:
            raise missing(key)
        assets = self._index.rows("SELECT asset_sha256 FROM blob_assets WHERE key = ? ORDER BY asset_sha256", (key,))
        return BlobInfo(
            key=key,
            kind=row["kind"],
            size=row["size"],
            suffix=row["suffix"],
            encrypted=row["wrapped_key"] is not None,
            assets=tuple(found["asset_sha256"] for found in assets),
            rate=row["rate"],
            channels=row["channels"],
            frames=row["frames"],
            digest=row["digest"],
        )

    def has(self, key: str) -> bool:
        """Whether a blob is there."""
        return self._index.row("SELECT 1 FROM blobs WHERE key = ?", (key,)) is not None and self._path(key).is_file()

    def open_pcm(self, key: str) -> PcmRef:
        """The samples as a file to map. Licensed ones are decrypted to this process's scratch folder, once, until
        `release`.

        Raises:
            RightsError: when the licence does not allow to open it.
            LibraryError: asset-missing, asset-damaged.
        """
        info = self.info(key)
        if info.kind != "pcm":
            raise missing(key)
        path = self._open(info)
        if path.stat().st_size != info.size:
            raise cipher.damaged(key)
        return PcmRef(path=str(path), rate=info.rate, channels=info.channels, frames=info.frames, digest=info.digest)

    def open_file(self, key: str) -> Path:
        """A file as it was put; see `open_pcm`. The path is for reading only."""
        return self._open(self.info(key))

    def release(self, key: str) -> None:
        """Say that one `open_pcm` or `open_file` is no longer used; the last one takes the decrypted copy away."""
        with self._lock:
            count = self._users.get(key, 0)
            if count > 1:
                self._users[key] = count - 1
            elif count == 1:
                del self._users[key]
                for path in self._scratch.glob(f"{key}.*"):
                    # Windows keeps a file that is still mapped; it goes with the scratch folder then.
                    with contextlib.suppress(OSError):
                        path.unlink()

    def remove(self, key: str) -> None:
        """Forget a blob. Nothing happens if it is not there."""
        with self._lock:
            with self._index.write() as connection:
                connection.execute("DELETE FROM blobs WHERE key = ?", (key,))
            self._path(key).unlink(missing_ok=True)
            self._users.pop(key, None)
            for path in self._scratch.glob(f"{key}.*"):
                path.unlink(missing_ok=True)

    def of_asset(self, asset_sha256: str) -> list[str]:
        """The keys of all blobs that are or come from a recording."""
        rows = self._index.rows("SELECT key FROM blob_assets WHERE asset_sha256 = ? ORDER BY key", (asset_sha256,))
        return [row["key"] for row in rows]

    def space_used(self) -> int:
        """Bytes in the blob folder."""
        return sum(path.stat().st_size for path in self._folder.glob("*/*") if path.is_file())

    def close(self) -> None:
        """Take all decrypted copies away."""
        with self._lock:
            self._users.clear()
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _put(
        self, source: Path, description: str, kind: Kind, assets: Sequence[str], *, suffix: str, pcm: PcmRef | None
    ) -> str:
        key, digest, size = _digest_file(source, description)
        owners = tuple(sorted(set(assets)))
        with self._lock:
            known = self._index.row("SELECT wrapped_key FROM blobs WHERE key = ?", (key,))
            if known is not None and self._path(key).is_file():
                present = self.info(key)
                if set(owners) <= set(present.assets):
                    return key
                # The same bytes are claimed by a further recording: from now on both licences have to allow it.
                owners = tuple(sorted({*owners, *present.assets}))
            wrapped = self._write(source, key, description, owners)
            values = (
                key,
                kind,
                size,
                suffix,
                wrapped,
                pcm.rate if pcm else 0,
                pcm.channels if pcm else 0,
                pcm.frames if pcm else 0,
                digest,
                time.time(),
            )
            with self._index.write() as connection:
                connection.execute("DELETE FROM blobs WHERE key = ?", (key,))
                connection.execute("INSERT INTO blobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
                connection.executemany("INSERT INTO blob_assets VALUES (?, ?)", [(key, asset) for asset in owners])
        return key

    def _write(self, source: Path, key: str, description: str, assets: tuple[str, ...]) -> bytes | None:
        target = self._path(key)
        try:
            target.parent.mkdir(exist_ok=True)
        except OSError as problem:
            raise atomic.storage_error(problem, target) from problem
        content_key = cipher.new_key() if assets else None
        with atomic.replacing(target, mode=0o600) as temporary:
            with source.open("rb") as original, temporary.open("wb") as file:
                checked = _Hashing(original, description)
                if content_key is None:
                    shutil.copyfileobj(checked, file, 1 << 20)
                else:
                    cipher.encrypt(checked, file, content_key=content_key, blob=key, assets=assets)
            if checked.hexdigest() != key:
                # The file changed between the two readings: what was written is not what the key names.
                raise cipher.damaged(source.name)
        return (
            None if content_key is None else cipher.wrap_key(content_key, self._device_key(), blob=key, assets=assets)
        )

    def _open(self, info: BlobInfo) -> Path:
        stored = self._path(info.key)
        if not stored.is_file():
            raise missing(info.key)
        if not info.encrypted:
            return stored
        self._may_open(info.assets)
        with self._lock:
            opened = self._scratch / f"{info.key}{info.suffix}"
            if not opened.is_file():
                self._decrypt(info, stored, opened)
            self._users[info.key] = self._users.get(info.key, 0) + 1
            return opened

    def _decrypt(self, info: BlobInfo, stored: Path, opened: Path) -> None:
        rows = self._index.rows("SELECT wrapped_key FROM blobs WHERE key = ?", (info.key,))
        wrapped = b"".join(row["wrapped_key"] for row in rows)
        content_key = cipher.unwrap_key(wrapped, self._device_key(), blob=info.key, assets=info.assets)
        temporary = opened.with_suffix(".part")
        try:
            descriptor = os.open(temporary, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
            with stored.open("rb") as sealed, os.fdopen(descriptor, "wb") as file:
                cipher.decrypt(sealed, file, content_key=content_key, blob=info.key, assets=info.assets)
            temporary.replace(opened)
        except OSError as problem:
            raise atomic.storage_error(problem, opened) from problem
        finally:
            temporary.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        if len(key) != 64 or not set(key) <= set("0123456789abcdef"):
            raise missing(key[:64])
        return self._folder / key[:2] / key


class _Hashing:
    """Reads through to a file and keeps the digest of what came."""

    def __init__(self, file: BinaryIO, description: str):
        self._file = file
        self._digest = hashlib.sha256(description.encode())

    def read(self, size: int = -1, /) -> bytes:
        data = self._file.read(size)
        self._digest.update(data)
        return data

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


def missing(key: str) -> LibraryError:
    """The error of a sound that is not in the library."""
    return LibraryError(
        "A sound of this project is not in the library.",
        remedy="Download the song again, or import your own file again.",
        code="asset-missing",
        details={"blob": key},
    )


def _digest_file(path: Path, description: str) -> tuple[str, str, int]:
    named = hashlib.sha256(description.encode())
    plain = hashlib.sha256()
    size = 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                named.update(chunk)
                plain.update(chunk)
                size += len(chunk)
    except OSError as problem:
        raise LibraryError(
            f"“{path.name}” cannot be read.",
            remedy="Choose a file that is there and that you may read.",
            code="asset-missing",
            details={"path": str(path)},
        ) from problem
    return named.hexdigest(), plain.hexdigest(), size
