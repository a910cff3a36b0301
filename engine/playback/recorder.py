"""From the callback's rings to disk: takes from an input, and what is handed to the device."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np

from engine.errors import EngineError
from engine.io.wav import WavStream
from engine.types import Audio

POLL_S = 0.05
SETTLE_S = 1.0

Read = Callable[[int], tuple[Audio, int]]
"""``read(since) -> ((2, frames), next)``: `engine.playback.deck.Deck.heard` or `recorded`."""


class RingWriter:
    """Follows a ring into a file from a thread of its own, until told where it ends.

    Args:
        read: the ring.
        stream: the file, which this closes.
        start: ring frame of the file's first frame; it may lie ahead.
        done: called from the thread with the frames written, the frames lost, and the error that ended it, if any.
    """

    def __init__(
        self,
        read: Read,
        stream: WavStream,
        *,
        start: int,
        done: Callable[[int, int, EngineError | None], None] | None = None,
        channels: int = 2,
    ):
        self._read, self._stream, self._done, self._channels = read, stream, done, channels
        self._at = start
        self._end: int | None = None
        self._lost = 0
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    @property
    def frames(self) -> int:
        """Frames in the file so far."""
        return self._stream.frames

    @property
    def over(self) -> bool:
        """Whether the file is closed."""
        return not self._thread.is_alive()

    def finish(self, end: int) -> None:
        """End before ring frame `end`, once it has come; an earlier end stays."""
        with self._lock:
            self._end = end if self._end is None else min(self._end, end)
        self._wake.set()

    def join(self, timeout_s: float) -> None:
        """Wait for the thread."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        error: EngineError | None = None
        try:
            settled = time.monotonic()
            while not self._step():
                if time.monotonic() - settled > SETTLE_S:
                    self._stream.settle()
                    settled = time.monotonic()
                self._wake.wait(POLL_S)
                self._wake.clear()
        except EngineError as problem:
            error = problem
        try:
            self._stream.close()
        except EngineError as problem:
            error = error or problem
        if self._done is not None:
            self._done(self._stream.frames, self._lost, error)

    def _step(self) -> bool:
        """Take what is there; True at the end."""
        with self._lock:
            end = self._end
        if end is not None and end <= self._at:
            return True
        block, after = self._read(self._at)
        first = after - block.shape[1]
        if end is not None and after >= end:
            block = block[:, : max(end - first, 0)]
            after = end
        if after > self._at:
            missed = first - self._at
            if missed > 0:
                # The file keeps its place in time.
                self._stream.write(np.zeros((self._channels, missed), dtype=np.float32))
                self._lost += missed
            self._stream.write(block[: self._channels])
            self._at = after
        return end is not None and self._at >= end
