"""One window a project: a lock of the kernel, which ends with its process, also after kill -9."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any, cast

from studio.base.atomic import storage_error
from studio.base.errors import ProjectError

NAME = "lock"
_BYTE = 1 << 20
"""The locked byte lies beyond the text, because Windows lets nobody read a locked one."""


class BundleLock:
    """Held from `take` to `release`. The file says who holds it, for the message of whoever comes second."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._handle: int | None = None

    def take(self, *, at: str) -> None:
        """Take the lock.

        Raises:
            ProjectError: project-in-use when another window or program holds it.
            StorageError: when the folder cannot be written.
        """
        try:
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
            handle = os.open(self._path, flags, 0o644)
        except OSError as problem:
            raise storage_error(problem, self._path) from problem
        try:
            if not _try_lock(handle):
                raise in_use(self._path)
        except BaseException:
            os.close(handle)
            raise
        # Who holds it is a courtesy: a full disk must not keep a person from opening a project.
        with contextlib.suppress(OSError):
            os.ftruncate(handle, 0)
            os.lseek(handle, 0, os.SEEK_SET)
            os.write(handle, json.dumps({"pid": os.getpid(), "at": at}).encode())
        self._handle = handle

    def release(self) -> None:
        """Give the lock back; may be called twice."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def is_locked(folder: Path) -> bool:
    """Whether a living process holds the bundle."""
    try:
        handle = os.open(folder / NAME, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return False
    try:
        return not _try_lock(handle)
    finally:
        os.close(handle)


def in_use(path: Path) -> ProjectError:
    """The error for a project that another window has open."""
    holder: Any = {}
    with contextlib.suppress(OSError, ValueError):
        holder = json.loads(path.read_bytes())
    pid: Any = cast("dict[str, Any]", holder).get("pid") if isinstance(holder, dict) else None
    return ProjectError(
        "This project is open in another window.",
        remedy="Go on in that window, or close it there first. To work on a copy, save it there under another name.",
        code="project-in-use",
        details={"pid": pid},
    )


if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> bool:
        os.lseek(handle, _BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(handle, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
