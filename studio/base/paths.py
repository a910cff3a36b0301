"""Where the studio keeps its files: the one place that knows appdirs and ``CONTRAFACT_HOME``."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sys
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import appdirs  # pyright: ignore[reportMissingTypeStubs]

from studio.base.atomic import storage_error

APP = "contrafact"


@dataclass(frozen=True)
class AppPaths:
    """The studio's folders: `data` (library, autosave, identity), `config`, `cache`, and `scratch`, private to this
    process and removed at its end."""

    data: Path
    config: Path
    cache: Path
    scratch: Path
    home: Path | None = None
    """Set when everything rests under one folder (``CONTRAFACT_HOME``); None for the places of the operating system."""
    _lock: list[int] = field(default_factory=list[int], repr=False, compare=False)
    """The handle that holds the scratch folder's lock. A plain handle, because it must live as long as the process."""

    @classmethod
    def open(cls, home: Path | None = None) -> AppPaths:
        """The folders, made where they are missing, with a fresh scratch folder (mode 0700); those of dead processes
        are removed.

        `home`, or else ``CONTRAFACT_HOME``, puts everything under one folder.

        Raises:
            StorageError: if a folder cannot be made.
        """
        chosen = home if home is not None else _home_of_environment()
        if chosen is None:
            data, config, cache = _places_of_the_system()
        else:
            chosen = Path(chosen).expanduser().absolute()
            data, config, cache = chosen / "data", chosen / "config", chosen / "cache"
        base = cache / "scratch"
        try:
            for folder in (data, config, cache):
                folder.mkdir(parents=True, exist_ok=True)
            base.mkdir(mode=0o700, exist_ok=True)
            scratch, lock = _claim_scratch(base)
        except OSError as problem:
            raise storage_error(problem, Path(problem.filename or base)) from problem
        return cls(data=data, config=config, cache=cache, scratch=scratch, home=chosen, _lock=[lock])

    def close(self) -> None:
        """Remove the scratch folder. A process that dies before is cleaned up after by the next one."""
        while self._lock:
            os.close(self._lock.pop())
        shutil.rmtree(self.scratch, ignore_errors=True)


def _places_of_the_system() -> tuple[Path, Path, Path]:
    system: Any = appdirs
    return (
        Path(system.user_data_dir(APP, appauthor=False)),
        Path(system.user_config_dir(APP, appauthor=False)),
        Path(system.user_cache_dir(APP, appauthor=False)),
    )


def _home_of_environment() -> Path | None:
    text = os.environ.get("CONTRAFACT_HOME", "").strip()
    return Path(text) if text else None


def _claim_scratch(base: Path) -> tuple[Path, int]:
    # The guard keeps a sweep by another process from meeting a folder that is made but not yet locked.
    with _guard(base):
        _sweep(base)
        scratch = base / f"{os.getpid()}-{secrets.token_hex(4)}"
        scratch.mkdir(mode=0o700)
        lock = os.open(scratch / ".lock", os.O_CREAT | os.O_RDWR, 0o600)
        _lock_waiting(lock)
        return scratch, lock


def _sweep(base: Path) -> None:
    for folder in base.iterdir():
        if folder.is_symlink() or not folder.is_dir():
            continue
        with contextlib.suppress(OSError):
            with (folder / ".lock").open("ab") as lock:
                free = _try_lock(lock.fileno())
            if free:
                shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _guard(base: Path) -> Generator[None]:
    with (base / ".guard").open("ab") as lock:
        _lock_waiting(lock.fileno())
        yield


if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> bool:
        os.lseek(handle, 0, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _lock_waiting(handle: int) -> None:
        os.lseek(handle, 0, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_LOCK, 1)

else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            # A lock of the kernel ends with its process, also after kill -9, and a reused process id cannot fake it.
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _lock_waiting(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX)
