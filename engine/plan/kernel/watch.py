"""Where the time of a block went: a look at the clock between stages whose work is bounded.

A block is a row of short stages (the strips of eight tracks over at most 64 frames, one effect over as many, the
limiter, …). Stages of one kind do much the same work each time, so that what they usually take is known. A stage that
takes many times that, in a block without page faults and without waiting, did not compute all the while: the processor
was taken away under it. On a virtual machine its host does so, and the thread's own clock, by which it then computed,
cannot tell.

Of the running block every stage is kept, so that a late one can say which of them were slow; of all blocks, how long
each class of stages took. Chance hits classes by their share of that time; one that leaps more often is slow by itself.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from engine.dsp.clock import SCRATCH_WORDS, now_ns
from engine.dsp.memory import get_int, set_int
from engine.plan.kernel.stages import CLASSES, KINDS, STRIPS, class_of

LEAP_NS = 100_000
"""A stage that takes less than this has not leapt."""
LEAP_RATIO = 8
"""Nor has one that takes less than this many times what its kind usually takes."""
KNOWN = 4
"""A kind has a history after this many runs; before, nothing is a leap."""
RISE, FALL = 3, 6
"""What a kind usually takes rises by 2 ** -RISE at each run that takes longer and falls by 2 ** -FALL at each that is
quicker: it stays where one run in nine takes longer. One leap moves it by an eighth, however long it was, so that it
does not hide the next; work that has become more for good, or comes every few runs, is the usual before long."""
SLOWED_RATIO = 2
"""A stage is slowed down that takes at least this many times what its kind usually takes."""

# The record.
V_CLOCK = 0
V_AT = V_CLOCK + SCRATCH_WORDS
"""When the last stage ended, in ns."""
V_LEAPT = V_AT + 1
"""Time that leaps of this block took beyond the usual, ns."""
V_STAGE = V_AT + 2
"""The stage with the longest leap of this block: the same number for the same stage of the next block; 0 without."""
V_LONGEST = V_AT + 3
"""The longest leap of this block, ns."""
V_PLACE = V_AT + 4
"""Stages of strips so far, in this block."""
V_USUAL = V_AT + 5
"""What the stages of this block usually take, ns; those without a history count with what they took."""
V_NEW = V_AT + 6
"""Of it, stages without a history."""
V_COUNT = V_AT + 7
"""Stages so far."""
V_SLOWED = V_AT + 8
"""How many of them took at least `SLOWED_RATIO` times as long as usual."""
V_CLASSES = V_AT + 9
"""The time of each class of stages, ns, in all blocks."""
V_TABLE = V_CLASSES + CLASSES
"""What a kind usually takes, ns, and how often it has run; `SLOT_WORDS` for each kind."""
SLOT_WORDS = 2
V_LOG = V_TABLE + SLOT_WORDS * KINDS
"""The first `LOGGED` stages of this block: kind, time taken, usual time (0: no history), runs before."""
LOGGED = 512
LOG_WORDS = 4
WATCH_WORDS = V_LOG + LOG_WORDS * LOGGED

_class_of: Any = njit(nogil=True, error_model="numpy")(class_of)


@njit(nogil=True, error_model="numpy")
def begin(watch: int, now: int) -> None:
    """A block begins at `now`, ns of `engine.dsp.clock`; `watch` is the address of `WATCH_WORDS`."""
    set_int(watch, V_AT, now)
    for word in range(V_LEAPT, V_CLASSES):
        set_int(watch, word, 0)


@njit(nogil=True, error_model="numpy")
def passed(watch: int, kind: int, took: int) -> None:
    """A stage of this kind has taken so many ns."""
    slot = watch + 8 * (V_TABLE + SLOT_WORDS * kind)
    usual, runs = get_int(slot, 0), get_int(slot, 1)
    known = runs >= KNOWN
    count = get_int(watch, V_COUNT)
    set_int(watch, V_COUNT, count + 1)
    if count < LOGGED:
        log = watch + 8 * (V_LOG + LOG_WORDS * count)
        set_int(log, 0, kind)
        set_int(log, 1, took)
        set_int(log, 2, usual if known else 0)
        set_int(log, 3, runs)
    total = V_CLASSES + _class_of(kind)
    set_int(watch, total, get_int(watch, total) + took)
    if not known:
        set_int(watch, V_NEW, get_int(watch, V_NEW) + took)
        set_int(watch, V_USUAL, get_int(watch, V_USUAL) + took)
        usual = max(took, usual)
    else:
        set_int(watch, V_USUAL, get_int(watch, V_USUAL) + usual)
        if took >= SLOWED_RATIO * usual:
            set_int(watch, V_SLOWED, get_int(watch, V_SLOWED) + 1)
        if took >= LEAP_NS and took >= LEAP_RATIO * usual:
            set_int(watch, V_LEAPT, get_int(watch, V_LEAPT) + took - usual)
            if took > get_int(watch, V_LONGEST):
                set_int(watch, V_LONGEST, took)
                set_int(watch, V_STAGE, kind + KINDS * get_int(watch, V_PLACE))
        if took > usual:
            usual = min(took, usual + (usual >> RISE) + 1)
        else:
            usual = max(took, usual - (usual >> FALL) - 1)
    set_int(slot, 0, usual)
    set_int(slot, 1, runs + 1)


@njit(nogil=True, error_model="numpy")
def mark(watch: int, kind: int) -> None:
    """A stage of this kind ends here; nothing happens at the address 0."""
    if watch == 0:
        return
    now = now_ns(watch + 8 * V_CLOCK)
    took = now - get_int(watch, V_AT)
    set_int(watch, V_AT, now)
    passed(watch, kind, took)
    if kind >= STRIPS:
        set_int(watch, V_PLACE, get_int(watch, V_PLACE) + 1)
