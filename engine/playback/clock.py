"""A device without sound: it takes what a device would take, by the clock."""

from __future__ import annotations

import threading
import time

import numpy as np

from engine.playback.ring import Ring, pull

TICK_S = 0.005
LONGEST_S = 0.25
"""A machine that was asleep does not catch up."""


class ClockOutput:
    """Plays a ring into nowhere in real time.

    Args:
        rate: Hz.
    """

    id = "none"
    name = "No device"
    latency_s = 0.0
    alive = True

    def __init__(self, *, rate: int):
        self.rate = rate
        self.ring = Ring(rate=rate)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="silent-clock", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        last = time.monotonic()
        owed = 0.0
        while not self._stopped.wait(TICK_S):
            now = time.monotonic()
            owed += min(now - last, LONGEST_S) * self.rate
            last = now
            count = int(owed)
            owed -= count
            pull(self.ring.memory, np.empty(2 * count, dtype=np.float32), count, 0)

    def close(self) -> None:
        """Stop the clock."""
        self._stopped.set()
        self._thread.join(1.0)
