"""What must be done ahead of the callback, or beside it: pages of the sources are touched, heavy tracks are rendered
ahead, and sources that vanish are found out.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from pathlib import Path

from engine.errors import EngineError
from engine.playback.pages import prefetch
from engine.playback.transport import Transport

LOOK_EVERY_S = 0.5
FEED_EVERY_S = 0.02
AHEAD_S = 5.0
LOOP_AHEAD_S = 1.0
HEAVY_AHEAD_S = 0.2
NOTICE_S = 20.0
"""How long a notice of a heavy effect stays."""
MOST_NOTICES = 4


class Upkeep:
    """Two threads: one for the disk, which may wait, and one for heavy tracks, which must not.

    Args:
        transport: whose plans are looked after.
    """

    def __init__(self, transport: Transport):
        self._transport = transport
        self._closed = threading.Event()
        self._wake = threading.Event()
        self.lost: tuple[str, ...] = ()
        """Paths of the sources that are gone."""
        self._told: deque[tuple[str, float]] = deque(maxlen=MOST_NOTICES)
        self._threads = [
            threading.Thread(target=self._disk, name="prefetch", daemon=True),
            threading.Thread(target=self._feed, name="look-ahead", daemon=True),
        ]

    @property
    def notice(self) -> str:
        """What a person should know, "" when all is well."""
        told: list[str] = []
        if self.lost:
            names = ", ".join(f"“{Path(path).name}”" for path in self.lost[:3])
            more = f" and {len(self.lost) - 3} more" if len(self.lost) > 3 else ""
            told.append(f"A sound is missing, and silent until its file is back: {names}{more}.")
        now = time.monotonic()
        told.extend(text for text, until in tuple(self._told) if until > now)
        return " ".join(told)

    def start(self) -> None:
        """Start both threads."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """The play-head has moved, or the plan: look at once."""
        self._wake.set()

    def close(self) -> None:
        """End both threads."""
        self._closed.set()
        self._wake.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(1.0)

    def _disk(self) -> None:
        while not self._closed.is_set():
            self._wake.wait(LOOK_EVERY_S)
            self._wake.clear()
            self.look_after_sources()

    def look_after_sources(self) -> None:
        """Touch what will play soon, and look for sources that are gone or back."""
        transport = self._transport
        pool = transport.pool
        pool.check()
        plan = transport.plan
        if plan is None:
            return
        self.lost = pool.lost
        try:
            prefetch(plan, pool, transport.position, round(AHEAD_S * plan.rate))
            if transport.loop is not None:
                prefetch(plan, pool, transport.loop.start_frame, round(LOOP_AHEAD_S * plan.rate))
        except EngineError:
            # Of another rate than the pool's by now: the next look is at the new plan.
            return

    def _feed(self) -> None:
        spent = 0.0
        while not self._closed.wait(max(FEED_EVERY_S - spent, 0.001)):
            began = time.monotonic()
            flat, session = self._transport.flat, self._transport.session
            if flat is not None and session is not None and flat.feeder is not None:
                flat.feeder.fill(session, round(HEAVY_AHEAD_S * session.rate))
                self._told.extend((text, began + NOTICE_S) for text in flat.feeder.notices())
            spent = time.monotonic() - began
