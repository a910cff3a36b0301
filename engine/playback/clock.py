"""A device without sound: it runs the deck as a device would, by the clock."""

from __future__ import annotations

import threading
import time

import numpy as np

from engine.playback.callback import run
from engine.playback.deck import Deck

TICK_S = 0.01
BLOCK_S = 0.005
LONGEST_S = 0.25
"""A machine that was asleep does not catch up."""


class ClockOutput:
    """Plays a deck into nowhere in real time.

    Args:
        deck: what it plays.
        rate: Hz.
        block_frames: of a callback; None takes what 5 ms hold.
    """

    id = "none"
    name = "No device"
    input_id = ""
    latency_s = 0.0
    input_latency_s = 0.0
    alive = True

    def __init__(self, deck: Deck, *, rate: int, block_frames: int | None = None):
        self.rate = rate
        self._deck = deck
        deck.open(rate=rate, channels=2)
        self._block = block_frames or max(round(BLOCK_S * rate), 1)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="silent-clock", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        last = time.monotonic()
        owed = 0.0
        nowhere = np.zeros(2 * self._block, dtype=np.float32)
        nothing = np.zeros(1, dtype=np.float32)
        while not self._stopped.wait(TICK_S):
            now = time.monotonic()
            owed += min(now - last, LONGEST_S) * self.rate
            last = now
            while owed >= self._block:
                run(self._deck.memory, nowhere, nothing, self._block, 0)
                owed -= self._block

    def close(self) -> None:
        """Stop the clock; the deck is not touched afterwards."""
        self._stopped.set()
        self._thread.join(1.0)
