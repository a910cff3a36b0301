"""What must be done ahead of the callback, or beside it: pages of the sources are touched, heavy tracks are rendered
ahead, and sources that vanish are found out.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

from engine.playback.transport import Transport

PREFETCH_EVERY_S = 0.5
CHECK_EVERY_S = 0.5
FEED_EVERY_S = 0.02
AHEAD_S = 5.0
LOOP_AHEAD_S = 1.0
HEAVY_AHEAD_S = 0.2


class Upkeep:
    """Two threads: one for the disk, which may wait, and one for heavy tracks, which must not.

    Args:
        transport: whose plans are looked after.
    """

    def __init__(self, transport: Transport):
        self._transport = transport
        self._closed = threading.Event()
        self._lost: dict[str, str] = {}
        self._threads = [
            threading.Thread(target=self._disk, name="prefetch", daemon=True),
            threading.Thread(target=self._feed, name="look-ahead", daemon=True),
        ]

    @property
    def lost(self) -> tuple[str, ...]:
        """Paths of the sources that are gone."""
        return tuple(self._lost)

    @property
    def notice(self) -> str:
        """What a person should know, "" when all is well."""
        flat = self._transport.flat
        told: list[str] = []
        if self._lost:
            names = ", ".join(f"“{Path(path).name}”" for path in list(self._lost)[:3])
            more = f" and {len(self._lost) - 3} more" if len(self._lost) > 3 else ""
            told.append(f"A sound is missing and silent until its file is back: {names}{more}.")
        feeder = getattr(flat, "feeder", None)
        if feeder is not None:
            told.extend(feeder.notices())
        return " ".join(told)

    def start(self) -> None:
        """Start both threads."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End both threads."""
        self._closed.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(1.0)

    def _disk(self) -> None:
        while not self._closed.wait(PREFETCH_EVERY_S):
            self.look_after_sources()

    def look_after_sources(self) -> None:
        """Touch what will play soon, and look for sources that are gone or back."""
        transport = self._transport
        for notice in transport.pool.check():
            if notice.state == "lost":
                self._lost[notice.path] = notice.state
            else:
                self._lost.pop(notice.path, None)
        flat, plan = transport.flat, transport.plan
        if flat is None or plan is None:
            return
        prefetch = getattr(flat, "prefetch", None)
        if prefetch is not None:
            prefetch(transport.position, seconds=AHEAD_S)
            if plan.loop is not None:
                prefetch(plan.loop.start_frame, seconds=LOOP_AHEAD_S)

    def _feed(self) -> None:
        ahead = 0.0
        while not self._closed.wait(max(FEED_EVERY_S - ahead, 0.001)):
            began = time.monotonic()
            flat, session = self._transport.flat, self._transport.session
            feeder = getattr(flat, "feeder", None)
            if session is not None and feeder is not None:
                feeder.fill(session, round(HEAVY_AHEAD_S * session.rate))
            ahead = time.monotonic() - began
