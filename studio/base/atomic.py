"""Files that are either all there or not there: write beside, fsync, rename, fsync the folder."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
from collections.abc import Generator
from pathlib import Path
from typing import Any

from studio.base.errors import StorageError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def storage_error(problem: OSError, path: Path) -> StorageError:
    """The error that a person sees when writing `path` failed: `disk-full` or `path-not-writable`."""
    details = {"path": str(path), "errno": problem.errno}
    if problem.errno in _FULL:
        return StorageError(
            f"There is no room left to write “{path.name}”.",
            remedy="Free some space on that disk, or choose another place, and try again. Nothing was changed.",
            code="disk-full",
            details=details,
        )
    why = problem.strerror or "it was refused"
    return StorageError(
        f"“{path.name}” cannot be written in {path.parent}: {why}.",
        remedy="Choose a folder that you may write to, and try again. Nothing was changed.",
        code="path-not-writable",
        details=details,
    )


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` durable. Windows does that by itself and cannot open folders."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as problem:
        # Some network and FUSE file systems do not know fsync on folders; the rename itself stands.
        if problem.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """Make the contents of `path` durable."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def replacing(path: Path, *, mode: int | None = None) -> Generator[Path]:
    """Give a path beside `path` to write to; when the block ends well, it takes the place of `path` durably, else it is
    removed.

    The temporary name keeps the suffix, because encoders choose the format by it. `mode` are the permission bits of the
    result (POSIX).

    Raises:
        StorageError: `disk-full` or `path-not-writable`, also for an OSError within the block that concerns writing.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem[:80]}.{secrets.token_hex(6)}.part{path.suffix}")
    try:
        try:
            # Made here with the final bits, so that a secret never rests readable, not even half-written.
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666 if mode is None else mode))
            yield temporary
            if mode is not None:
                temporary.chmod(mode)
            sync_file(temporary)
            temporary.replace(path)
            sync_folder(path.parent)
        except OSError as problem:
            raise storage_error(problem, path) from problem
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Write `data` to `path` atomically and durably; a reader sees the old bytes or the new ones, never a part.

    Raises:
        StorageError: `disk-full` or `path-not-writable`; the old file is untouched.
    """
    with replacing(Path(path), mode=mode) as temporary:
        temporary.write_bytes(data)


def write_json(path: Path, value: Any, *, mode: int | None = None) -> None:
    """Write `value` as readable JSON (UTF-8, two spaces) atomically and durably. NaN and infinities are refused with
    ValueError.

    Raises:
        StorageError: `disk-full` or `path-not-writable`; the old file is untouched.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2)
    write_bytes(path, text.encode() + b"\n", mode=mode)
