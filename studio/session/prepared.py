"""What is worked out once for each sound, off the calling thread: waveforms, spectra, tempo and harmony."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from engine.errors import EngineError
from studio.base.errors import StudioError
from studio.base.events import Event
from studio.project.model import Source

_log = logging.getLogger(__name__)


class Stored(Protocol):
    """What can be kept in a file."""

    def save(self, path: str | Path) -> None: ...


T = TypeVar("T")
S = TypeVar("S", bound=Stored)


class Prepared(Generic[T]):
    """Values by blob. `get` never waits: what is missing is made and then announced by the source's id."""

    def __init__(self, name: str, make: Callable[[Source, int], T], ready: Event[str]):
        self._make, self._ready, self._name = make, ready, name
        self._known: dict[str, T] = {}
        self._wanted: dict[str, set[str]] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=f"contrafact-{name}")

    def get(self, source: Source, *, rate: int) -> T | None:
        """The value of a source, or None while it is being made."""
        with self._lock:
            found = self._known.get(source.blob)
            if found is not None:
                return found
            if source.blob in self._wanted:
                self._wanted[source.blob].add(source.id)
                return None
            self._wanted[source.blob] = {source.id}
        with contextlib.suppress(RuntimeError):
            self._pool.submit(self._run, source, rate)
        return None

    def put(self, source: Source, value: T) -> None:
        """Give a value that was made elsewhere, or is newer."""
        with self._lock:
            self._known[source.blob] = value
        self._ready.emit(source.id)

    def forget(self, source: Source) -> None:
        """Drop a value."""
        with self._lock:
            self._known.pop(source.blob, None)

    def close(self) -> None:
        """Stop; what is not begun is not made."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, source: Source, rate: int) -> None:
        try:
            made = self._make(source, rate)
        except (StudioError, EngineError) as problem:
            # The window goes on without it; opening, playing or exporting the sound names the reason.
            _log.info("no %s for %s: %s", self._name, source.title, problem)
            with self._lock:
                self._wanted.pop(source.blob, None)
            return
        with self._lock:
            self._known[source.blob] = made
            ids = self._wanted.pop(source.blob, {source.id})
        for each in ids:
            self._ready.emit(each)


def kept(path: Path, load: Callable[[Path], S], build: Callable[[], S]) -> S:
    """What rests at `path`, or else what `build` makes, kept there for the next time."""
    try:
        return load(path)
    except (OSError, ValueError, EngineError):
        made = build()
        # A full disk costs a rebuild at the next start, nothing else.
        with contextlib.suppress(OSError, EngineError):
            path.parent.mkdir(parents=True, exist_ok=True)
            made.save(path)
        return made
