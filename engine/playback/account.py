"""The end of a callback: how long it took, and whose fault it is when it is late. Compiled, as the callback is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from engine.dsp.memory import get_int
from engine.plan.kernel import stages
from engine.plan.kernel import watch as w
from engine.playback import late, native
from engine.playback.deck import (
    BLAMED,
    CALLS,
    DURATIONS,
    DURATIONS_AT,
    LATE,
    LATE_AT,
    LEAPT_BEFORE,
    LEAPT_RUN,
    LOAD,
    MOVES,
    PROCESSOR,
    RATE,
    STAMP,
    UNSURE,
    WAITED_OWN,
    WATCH_AT,
    XRUNS_HOST,
    XRUNS_OWN,
    XRUNS_SYSTEM,
)
from engine.playback.late import AGAIN, COMPUTED, LEAPT, OPEN, PAGE, UNKNOWN, WAITED

PERSISTENT = 3
"""A stage that leaps in so many blocks in a row does so by itself."""
LOAD_S = 0.2
"""Time constant of LOAD."""


@njit(cache=True, nogil=True, error_model="numpy")
def _tell(memory: Any, why: int, ended: int, took: int, computed: int, moved: bool) -> None:
    """Keep what is known of a late block, with the stages that took longest beyond the usual."""
    at = LATE_AT + late.WORDS * (memory[LATE] % late.RING)
    record = memory[at : at + late.WORDS]
    watch = memory.ctypes.data + 8 * WATCH_AT
    record[late.R_WHY], record[late.R_ENDED], record[late.R_TOOK], record[late.R_COMPUTED] = why, ended, took, computed
    record[late.R_LEAPT], record[late.R_NEW] = get_int(watch, w.V_LEAPT), get_int(watch, w.V_NEW)
    record[late.R_USUAL], record[late.R_STAGES] = get_int(watch, w.V_USUAL), get_int(watch, w.V_COUNT)
    record[late.R_SLOWED], record[late.R_MOVED] = get_int(watch, w.V_SLOWED), int(moved)
    record[late.R_WORST :] = 0
    stages = min(get_int(watch, w.V_COUNT), w.LOGGED)
    log = memory[WATCH_AT + w.V_LOG : WATCH_AT + w.V_LOG + w.LOG_WORDS * w.LOGGED]
    below, after = np.int64(1) << 62, -1
    for k in range(min(late.WORST, stages)):
        # The next in order of time beyond the usual; equal ones in the order of the block.
        best, most = -1, np.int64(-1) << 62
        for stage in range(stages):
            beyond = log[w.LOG_WORDS * stage + 1] - log[w.LOG_WORDS * stage + 2]
            if beyond > most and (beyond < below or (beyond == below and stage > after)):
                best, most = stage, beyond
        below, after = most, best
        for word in range(w.LOG_WORDS):
            record[late.R_WORST + w.LOG_WORDS * k + word] = log[w.LOG_WORDS * best + word]
    native.store(memory, LATE, memory[LATE] + 1)


@njit(cache=True, nogil=True, error_model="numpy")
def _decide(memory: Any, why: int) -> None:
    """Now it is known whose the last blocks were about which it was not."""
    for k in range(late.RING):
        at = LATE_AT + late.WORDS * k
        if memory[at + late.R_WHY] == OPEN:
            memory[at + late.R_WHY] = why
    if why == AGAIN:
        memory[XRUNS_OWN] += memory[UNSURE]
    else:
        memory[XRUNS_HOST] += memory[UNSURE]
        memory[XRUNS_SYSTEM] += memory[UNSURE]
    memory[UNSURE] = 0


@njit(cache=True, nogil=True, error_model="numpy")
def settle(memory: Any, scratch: Any, frames: int, began: int, computed: int, waited: int, faults: int) -> None:
    """Keep the time, and tell whose fault it is when the block is late.

    It is the engine's own when this thread waited on the way (for a page from disk, a lock), or computed for longer
    than the block lasts. It is the system's when the thread's clock says that it computed for less; or when it would
    have been in time without the leaps of stages that usually take next to nothing, no page had to be given to it
    meanwhile, and the same stage does not leap in `PERSISTENT` blocks in a row.

    Args:
        memory: `engine.playback.deck.Deck.memory`.
        began, computed, waited, faults: clock, thread's clock, waits and faults when the block began.
    """
    ended = native.clock_ns(scratch)
    took = ended - began
    processor = native.processor()
    moved = processor != memory[PROCESSOR]
    memory[MOVES] += int(moved)
    memory[PROCESSOR] = processor
    budget = frames * 1_000_000_000 // memory[RATE]
    watch = memory.ctypes.data + 8 * WATCH_AT
    # The last stage ends here: no time of the block is outside all stages.
    w.passed(watch, stages.OUTPUT, ended - get_int(watch, w.V_AT))
    leapt = get_int(watch, w.V_STAGE)
    if leapt == 0 or leapt != memory[LEAPT_BEFORE]:
        # It did not go on: what was late was not ours.
        if memory[UNSURE] != 0:
            _decide(memory, LEAPT)
        memory[LEAPT_RUN] = 0
    memory[LEAPT_BEFORE] = leapt
    memory[LEAPT_RUN] += int(leapt != 0)
    again = memory[LEAPT_RUN] >= PERSISTENT
    if again and memory[UNSURE] != 0:
        _decide(memory, AGAIN)
    memory[BLAMED] = 0
    if took > budget:
        memory[BLAMED] = 1
        did = native.thread_ns(scratch) - computed
        waited_now = native.waits(scratch)
        why = OPEN
        system = False
        if waited_now < 0:
            why = UNKNOWN
        elif waited_now != waited:
            why = WAITED
            memory[WAITED_OWN] += 1
        elif did <= budget:
            system = True
        elif native.faults(scratch) != faults:
            why = PAGE
        elif took - get_int(watch, w.V_LEAPT) > budget:
            why = COMPUTED
        elif again:
            why = AGAIN
        if system:
            memory[XRUNS_SYSTEM] += 1
        else:
            if why == OPEN:
                memory[UNSURE] += 1
            else:
                memory[XRUNS_OWN] += 1
            _tell(memory, why, ended, took, did, moved)
    numbers = memory[LOAD : LOAD + 1].view(np.float64)
    share = min(frames / (LOAD_S * memory[RATE]), 1.0)
    numbers[0] += share * (took / max(budget, 1) - numbers[0])
    memory[DURATIONS_AT + memory[CALLS] % DURATIONS] = took
    memory[STAMP] = ended
    memory[CALLS] += 1
