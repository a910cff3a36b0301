"""What the studio hears in a sound: tempo, beats, key, chords and sections, worked out while nothing else waits."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import msgspec

from engine.analysis.model import Analysis
from engine.errors import Cancelled
from engine.worker import Worker
from studio.base.errors import StorageError
from studio.base.events import Event
from studio.flows.derived import DerivedCache
from studio.flows.media import MediaCache
from studio.project.model import Source
from studio.session.prepared import Prepared

TASK = "engine.analysis.task:analyse_task"
VERSION = 1
"""Of the analysis: records of another one are made again."""
LOOK_AGAIN_S = 0.5


class Hearing:
    """Analyses of sounds by their blob, kept with what else was derived from them.

    A worker of its own does the listening, so that nothing waits for it; it gives way to jobs (`busy`) and ends with
    `close`.
    """

    def __init__(self, media: MediaCache, derived: DerivedCache, ready: Event[str], *, busy: Callable[[], bool]):
        self._media, self._derived, self._busy = media, derived, busy
        self._worker = Worker()
        self._closed = False
        self._values = Prepared("analysis", self._make, ready)

    def get(self, source: Source, *, rate: int) -> Analysis | None:
        """What is heard in a sound, or None while that is being found out."""
        return self._values.get(source, rate=rate)

    def close(self) -> None:
        """Stop listening."""
        self._closed = True
        self._values.close()
        self._worker.close()

    def _make(self, source: Source, rate: int) -> Analysis:
        key = DerivedCache.key(what="analysis", version=VERSION, blob=source.blob)
        record = self._derived.get(key)
        if record is not None:
            with contextlib.suppress(msgspec.ValidationError):
                return msgspec.convert(record, Analysis)
        while True:
            while self._busy() and not self._closed:
                time.sleep(LOOK_AGAIN_S)
            if self._closed:
                raise Cancelled
            try:
                pcm = self._media.pcm(source, rate)
                found: Analysis = self._worker.run(TASK, {"pcm": pcm}, cancelled=lambda: self._closed or self._busy())
            except Cancelled:
                if self._closed:
                    raise
                continue
            with contextlib.suppress(StorageError):
                self._derived.put(key, msgspec.to_builtins(found))
            return found
