"""The list of recent projects."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from studio.base.atomic import write_bytes
from studio.base.clock import now_iso

LIMIT = 20


class RecentProject(msgspec.Struct, frozen=True, kw_only=True):
    """A project that was open: where it rests, its title, when it was last used (UTC, ISO 8601), and how long it is."""

    path: Path
    title: str
    when: str
    length_s: float = 0.0

    @property
    def exists(self) -> bool:
        """Whether it is still there."""
        return self.path.is_dir()


class RecentProjects:
    """The list in a file; one that cannot be read is an empty list, not an error."""

    def __init__(self, path: Path, *, now: Callable[[], str] = now_iso) -> None:
        self._path = path
        self._now = now
        self._lock = threading.Lock()

    def items(self) -> list[RecentProject]:
        """The projects, the last used first; those that are gone stay in the list, as `exists` says."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=list[RecentProject], dec_hook=_path_of)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return []

    def add(self, path: Path, *, title: str, length_s: float = 0.0) -> None:
        """Put a project at the top.

        Raises:
            StorageError: when the list cannot be written.
        """
        path = Path(path).absolute()
        with self._lock:
            entry = RecentProject(path=path, title=title, when=self._now(), length_s=length_s)
            self._write([entry, *(each for each in self.items() if each.path != path)][:LIMIT])

    def remove(self, path: Path) -> None:
        """Take a project off the list; its files stay.

        Raises:
            StorageError: when the list cannot be written.
        """
        path = Path(path).absolute()
        with self._lock:
            self._write([each for each in self.items() if each.path != path])

    def _write(self, entries: list[RecentProject]) -> None:
        write_bytes(self._path, msgspec.json.format(msgspec.json.encode(entries, enc_hook=str), indent=1))


def _path_of(kind: type, value: str) -> Path:
    return kind(value)
