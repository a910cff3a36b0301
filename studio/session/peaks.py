"""Waveforms: built once a sound, off the calling thread, and kept on disk."""

from __future__ import annotations

import contextlib
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from engine.errors import EngineError
from engine.io import pyramid
from engine.io.pyramid import Pyramid
from studio.base.errors import StudioError
from studio.base.events import Event
from studio.flows.media import MediaCache
from studio.project.model import Source

_log = logging.getLogger(__name__)


class Peaks:
    """Min/max pyramids by blob. `get` never waits: what is missing is made and then announced by the source's id."""

    def __init__(self, folder: Path, media: MediaCache, ready: Event[str]):
        self._folder = folder
        self._media = media
        self._ready = ready
        self._known: dict[str, Pyramid] = {}
        self._wanted: set[str] = set()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="contrafact-peaks")

    def get(self, source: Source, *, rate: int) -> Pyramid | None:
        """The waveform of a source, or None while it is being made."""
        with self._lock:
            found = self._known.get(source.blob)
            if found is not None or source.blob in self._wanted:
                return found
            self._wanted.add(source.blob)
        with contextlib.suppress(RuntimeError):
            self._pool.submit(self._make, source, rate)
        return None

    def close(self) -> None:
        """Stop; what is not begun is not made."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _make(self, source: Source, rate: int) -> None:
        path = self._folder / f"{source.blob}.peaks"
        try:
            try:
                made = Pyramid.load(path)
            except (OSError, ValueError, EngineError):
                made = pyramid.build(self._media.pcm(source, rate), rate=rate)
                self._folder.mkdir(parents=True, exist_ok=True)
                # A full disk costs a rebuild at the next start, nothing else.
                with contextlib.suppress(OSError, EngineError):
                    made.save(path)
        except (StudioError, EngineError) as problem:
            # The clip shows as a plain box; opening, playing or exporting it names the reason.
            _log.info("no waveform for %s: %s", source.title, problem)
            with self._lock:
                self._wanted.discard(source.blob)
            return
        with self._lock:
            self._known[source.blob] = made
            self._wanted.discard(source.blob)
        self._ready.emit(source.id)
