"""Where the time of a block went: a look at the clock between stages whose work is bounded.

A block is a row of short stages (eight tracks over at most 64 frames, the limiter, …). Stages of one kind do the same
work each time, so that what they usually take is known. A stage that takes many times that, in a block without page
faults and without waiting, did not compute all the while: the processor was taken away under it. On a virtual machine
its host does so, and the thread's own clock, by which it then computed, cannot tell.
"""

from __future__ import annotations

from numba import njit

from engine.dsp.clock import SCRATCH_WORDS, now_ns
from engine.dsp.memory import get_int, set_int

LEAP_NS = 250_000
"""A stage that takes less than this has not leapt."""
LEAP_RATIO = 8
"""Nor has one that takes less than this many times what its kind usually takes."""
KNOWN = 4
"""A kind has a history after this many runs; before, nothing is a leap."""
FALL = 6
"""What a kind usually takes falls by 2 ** -FALL at each run that is quicker, and rises to twice at most."""
SETS = 64
"""A power of two: each kind has its place in one of so many sets."""
WAYS = 8
"""Kinds that a set remembers; a new one takes the place of the one that has not been met for longest."""

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
"""Stages of groups so far, in this block."""
V_NEW = V_AT + 5
"""ns that stages of this block took which would have been leaps, had there been a history."""
V_TABLE = 8
SLOT_WORDS = 4
SLOT_KIND, SLOT_RUNS, SLOT_USUAL, SLOT_MET = range(SLOT_WORDS)
WATCH_WORDS = V_TABLE + SLOT_WORDS * SETS * WAYS

# Kinds of stages; groups have numbers beyond these.
ENTRY, INPUT, SWAP, REQUESTS, MIX, LIMITER, LEAVE, SILENCE, RATE, OUTPUT = range(1, 11)
SWAPS = 1 << 20
"""Exchanges of plans are told apart by how many lanes they carry over: the kind is this and that number."""
GROUPS = 1 << 40
"""Kinds of groups begin here."""


@njit(nogil=True, error_model="numpy")
def begin(watch: int, now: int) -> None:
    """A block begins at `now`, ns of `engine.dsp.clock`; `watch` is the address of `WATCH_WORDS`."""
    set_int(watch, V_AT, now)
    set_int(watch, V_LEAPT, 0)
    set_int(watch, V_STAGE, 0)
    set_int(watch, V_LONGEST, 0)
    set_int(watch, V_PLACE, 0)
    set_int(watch, V_NEW, 0)


@njit(nogil=True, error_model="numpy")
def _slot_of(watch: int, kind: int) -> int:
    """Where a kind is remembered; a new one begins there."""
    first = watch + 8 * (V_TABLE + SLOT_WORDS * WAYS * ((kind ^ (kind >> 9)) & (SETS - 1)))
    oldest = first
    for k in range(WAYS):
        slot = first + 8 * SLOT_WORDS * k
        if get_int(slot, SLOT_KIND) == kind:
            return slot
        if get_int(slot, SLOT_MET) < get_int(oldest, SLOT_MET):
            oldest = slot
    set_int(oldest, SLOT_KIND, kind)
    set_int(oldest, SLOT_RUNS, 0)
    set_int(oldest, SLOT_USUAL, 0)
    return oldest


@njit(nogil=True, error_model="numpy")
def passed(watch: int, kind: int, took: int) -> None:
    """A stage of this kind has taken so many ns."""
    slot = _slot_of(watch, kind)
    set_int(slot, SLOT_MET, get_int(watch, V_AT))
    runs, usual = get_int(slot, SLOT_RUNS), get_int(slot, SLOT_USUAL)
    known = runs >= KNOWN
    if known and took >= LEAP_NS and took >= LEAP_RATIO * usual:
        set_int(watch, V_LEAPT, get_int(watch, V_LEAPT) + took - usual)
        if took > get_int(watch, V_LONGEST):
            set_int(watch, V_LONGEST, took)
            set_int(watch, V_STAGE, kind + get_int(watch, V_PLACE))
    elif not known and took >= LEAP_NS:
        set_int(watch, V_NEW, get_int(watch, V_NEW) + took)
    # A leap moves the history too, so that work which has really become more is the usual after a few blocks.
    if took > usual:
        usual = min(took, 2 * usual + 1) if known else took
    else:
        usual = max(took, usual - (usual >> FALL))
    set_int(slot, SLOT_USUAL, usual)
    set_int(slot, SLOT_RUNS, runs + 1)


@njit(nogil=True, error_model="numpy")
def mark(watch: int, kind: int) -> None:
    """A stage of this kind ends here; nothing happens at the address 0."""
    if watch == 0:
        return
    now = now_ns(watch + 8 * V_CLOCK)
    took = now - get_int(watch, V_AT)
    set_int(watch, V_AT, now)
    passed(watch, kind, took)
    if kind >= GROUPS:
        set_int(watch, V_PLACE, get_int(watch, V_PLACE) + 1)
