"""A control beside the engine: as much computing, as often, at the same priority, of which nothing is ours.

A process of its own runs the same device callback by the clock, but what it "renders" is a yardstick: the same
arithmetic in registers each time, and one word of the same cache lines, about as many as a mix has; no system call,
no decision, nothing that could be slow by itself. How often it is late, by the engine's own rule, says how often this
machine makes anybody late.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import threading
from typing import Any

import numpy as np
from numba import cfunc, njit, types

from engine.dsp.memory import address_of_array, get_int, set_int
from engine.plan.kernel import stages, watch
from engine.playback import deck as words
from engine.playback import native
from engine.playback.callback import run
from engine.playback.deck import Deck
from engine.playback.late import LateBlock, read

RATE = 48_000
COMPUTES_S = 150e-6
"""Of each block; the engine's callback takes about as long with 32 tracks."""
STAGES = 20
PRIORITY = 55
"""SCHED_FIFO, where the system allows it: that of JACK's clients."""
CALIBRATIONS = 8
LOOK_S = 0.5
"""Late blocks are asked for this often."""

PAGES, LINES = 8, 16
"""Of memory that each stage touches: so many lines of 64 bytes in each of so many pages, 160 KiB altogether."""
PAGE_BYTES = 4096
SPACING = 100 * PAGE_BYTES
"""From page to page. A mix has its memory all over the place, and what a host moves are pieces of 2 MiB."""

W_WATCH, W_STEPS, W_SUM, W_ENDED, W_MEMORY = range(5)

_nanosleep = types.ExternalFunction(
    "clock_nanosleep", types.int32(types.int32, types.int32, types.voidptr, types.voidptr)
)


@njit(nogil=True, cache=True, error_model="numpy")
def _spin(seed: int, steps: int) -> int:
    """Arithmetic in registers that no compiler can shorten."""
    x = seed | 1
    for _ in range(steps):
        x ^= x << 13
        x ^= (x >> 7) & 0x1FFFFFFFFFFFFFF
        x ^= x << 17
    return x


@cfunc(types.int64(*(types.int64,) * 5), cache=True)
def ARITHMETIC(session: Any, left: Any, right: Any, stride: Any, frames: Any) -> int:
    """What is called in the place of the mix: all of it is the yardstick."""
    for stage in range(STAGES):
        set_int(session, W_SUM, _spin(get_int(session, W_SUM), get_int(session, W_STEPS)))
        memory = get_int(session, W_MEMORY) + stage * PAGES * SPACING
        for page in range(PAGES):
            for line in range(LINES):
                at = memory + page * SPACING + line * (PAGE_BYTES // LINES)
                set_int(at, 0, get_int(at, 0) + 1)
        watch.mark(get_int(session, W_WATCH), stages.STRIPS + stage)
    return 0


@njit(nogil=True, cache=True, error_model="numpy")
def _pace(memory: Any, state: Any, out: Any, nothing: Any, frames: int, scratch: Any) -> None:
    """A callback in each period of the device, until `W_ENDED` is set."""
    period = frames * 1_000_000_000 // memory[words.RATE]
    due = native.clock_ns(scratch)
    while native.load(state.ctypes.data + 8 * W_ENDED) == 0:
        due += period
        now = native.clock_ns(scratch)
        # A machine that was asleep does not catch up.
        due = max(due, now - 8 * period)
        if due > now:
            scratch[4], scratch[5] = 0, due - now
            _nanosleep(1, 0, scratch[4:].ctypes, scratch[6:].ctypes)
        run(memory, out, nothing, frames, 0)


@njit(nogil=True, cache=True, error_model="numpy")
def _time(steps: int, scratch: Any) -> int:
    began = native.thread_ns(scratch)
    total = _spin(1, steps)
    return native.thread_ns(scratch) - began + (total & 0)


def _main(frames: int, connection: Any) -> None:
    scratch = native.scratch()
    _time(1_000, scratch)
    best = min(int(_time(1_000_000, scratch)) for _ in range(CALIBRATIONS))
    state = np.zeros(8, dtype=np.int64)
    deck = Deck()
    deck.open(rate=RATE, channels=2)
    touched = np.ones(STAGES * PAGES * SPACING // 8, dtype=np.int64)
    state[W_MEMORY] = address_of_array(touched)
    state[W_WATCH], state[W_STEPS] = deck.watch, round(1_000_000 * COMPUTES_S / STAGES / (best * 1e-9))
    deck.connect(ARITHMETIC.address, address_of_array(state))
    out, nothing = np.zeros(2 * frames, dtype=np.float32), np.zeros(1, dtype=np.float32)
    for _ in range(100):
        run(deck.memory, out, nothing, frames, 0)
    before = _counts(deck)
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))

    late: list[LateBlock] = []

    def wait() -> None:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        told = deck.word(words.LATE)
        with contextlib.suppress(EOFError, OSError):
            while not connection.poll(LOOK_S):
                found, told = read(deck.late_ring, deck.word(words.LATE), told)
                late.extend(found)
        native.store(state, W_ENDED, 1)

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    _pace(deck.memory, state, out, nothing, frames, scratch)
    counts = {name: count - before[name] for name, count in _counts(deck).items()}
    waiting.join()
    connection.send((counts | {"median_us": round(float(np.median(deck.durations_ns())) / 1e3, 1)}, late))


def _counts(deck: Deck) -> dict[str, int]:
    return {
        "callbacks": deck.calls,
        "underruns_own": deck.xruns_own,
        "underruns_own_waited": deck.word(words.WAITED_OWN),
        "underruns_system": deck.xruns_system,
        "underruns_host": deck.xruns_host,
    }


class Control:
    """Runs from the beginning of a ``with`` to its end; then `figures` says what happened to it.

    Args:
        frames: of a block at 48 kHz.
    """

    def __init__(self, *, frames: int):
        self.figures: dict[str, Any] = {}
        self.late: list[LateBlock] = []
        """Its late blocks, as the engine tells its own."""
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_main, args=(frames, theirs), daemon=True)

    def __enter__(self) -> Control:
        self._process.start()
        return self

    def __exit__(self, *exception: object) -> None:
        with contextlib.suppress(OSError, EOFError):
            self._connection.send(None)
            if self._connection.poll(30.0):
                self.figures, self.late = self._connection.recv()
        self._process.join(5.0)
        if self._process.is_alive():
            self._process.kill()
