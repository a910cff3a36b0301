"""A node's effects over a chunk: settings that glide, effects that fade in and out, and their kernels."""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.dsp.effects import dispatch
from engine.dsp.effects.base import PARAMETERS, SETTINGS, SMOOTH
from engine.dsp.memory import (
    clear,
    doubles,
    get_float,
    get_int,
    get_sample,
    set_float,
    set_sample,
)
from engine.dsp.native import call_nine
from engine.plan.kernel import layout as L
from engine.plan.kernel.parts import bench_of
from engine.plan.kernel.stages import EFFECTS
from engine.plan.kernel.watch import mark

STEP = 16
"""Frames between two steps of gliding settings."""
SETTLED = 1e-4
"""A setting within this part of its target is there."""
AMOUNT = SETTINGS
"""Word of an insert's state that says how far it is heard; below 0 it is new, and fills its delays."""
BEGAN = SETTINGS + 1
"""Word of an insert's state: the amount that it began with. What it hears fades in from there, so that no echo begins
with a step."""
OWN = SETTINGS + 2
"""First word of the effect's own state."""


@njit(nogil=True, error_model="numpy")
def _glide(now: int, target: int, coefficient: float) -> bool:
    """One step of the settings towards their targets; False once they are there."""
    moving = False
    for k in range(SETTINGS):
        goal = get_float(target, k)
        value = get_float(now, k)
        if value == goal:
            continue
        away = value - goal
        if k >= SMOOTH or abs(away) <= SETTLED * abs(goal) + 1e-9:
            set_float(now, k, goal)
        else:
            set_float(now, k, goal + coefficient * away)
            moving = True
    return moving


@njit(nogil=True, error_model="numpy")
def _settled(now: int, target: int) -> bool:
    # A generator would not compile.
    for k in range(SETTINGS):  # noqa: SIM110
        if get_float(now, k) != get_float(target, k):
            return False
    return True


@njit(nogil=True, error_model="numpy")
def run_effect(insert: int, x: int, tick: int, frames: int, coefficient: float) -> None:
    """Run an effect over two runs of `CHUNK` at `x`, in place; its settings glide at each step of the grid."""
    now = get_int(insert, L.I_STATE_AT)
    target = get_int(insert, L.I_TARGET_AT)
    kind = get_int(insert, L.I_KIND)
    lines, count = get_int(insert, L.I_LINES_AT), get_int(insert, L.I_LINES)
    kernel = get_int(insert, L.I_KERNEL)
    moving = not _settled(now, target)
    at = 0
    while at < frames:
        run = frames - at
        if moving:
            if (tick + at) % STEP == 0:
                moving = _glide(now, target, coefficient)
            if moving:
                run = min(run, STEP - (tick + at) % STEP)
        call_nine(kernel, kind, x, L.CHUNK, at, at + run, now, now + 8 * OWN, lines, count)
        at += run


@njit(nogil=True, error_model="numpy")
def run_inserts(plan: int, node: int, tick: int, frames: int, lanes: int, watch: int) -> None:
    """All effects of a node over the chunk in `B_SPARE`, in place; each is a stage of `watch`."""
    x = bench_of(lanes) + 64 * L.B_SPARE
    dry = bench_of(lanes) + 64 * L.B_DRY
    rate = float(get_int(plan, L.P_RATE))
    coefficient = get_float(plan, L.P_GLIDE) ** STEP
    step = 1.0 / get_int(plan, L.P_FADE)
    inserts = get_int(node, L.N_INSERTS_AT)
    for k in range(get_int(node, L.N_INSERTS)):
        insert = inserts + 8 * L.INSERT_WORDS * k
        state = get_int(insert, L.I_STATE_AT)
        amount, wanted = get_float(state, AMOUNT), get_float(insert, L.I_AMOUNT)
        if amount == 0.0 and wanted == 0.0:
            continue
        if get_int(insert, L.I_AUTOMATED) != 0:
            dispatch.derive(
                get_int(insert, L.I_KIND),
                doubles(get_int(insert, L.I_RAW_AT), PARAMETERS),
                rate,
                doubles(get_int(insert, L.I_TARGET_AT), SETTINGS),
            )
        if amount == wanted:
            run_effect(insert, x, tick, frames, coefficient)
            mark(watch, EFFECTS + get_int(insert, L.I_KIND))
            continue
        for i in range(2 * L.CHUNK):
            set_sample(dry, i, get_sample(x, i))
        if amount < 0.0:
            began = get_float(state, BEGAN)
            for i in range(frames):
                share = np.float32(min(amount + (i + 1) * step - began, 1.0))
                for c in range(2):
                    set_sample(x, L.CHUNK * c + i, get_sample(x, L.CHUNK * c + i) * share)
        run_effect(insert, x, tick, frames, coefficient)
        for i in range(frames):
            amount = min(amount + step, wanted) if wanted > amount else max(amount - step, wanted)
            for c in range(2):
                d = get_sample(dry, L.CHUNK * c + i)
                set_sample(x, L.CHUNK * c + i, d + max(amount, 0.0) * (get_sample(x, L.CHUNK * c + i) - d))
        set_float(state, AMOUNT, amount)
        mark(watch, EFFECTS + get_int(insert, L.I_KIND))


@njit(nogil=True, error_model="numpy")
def forget_inserts(node: int) -> None:
    """Empty all effects of a node; their settings stay."""
    inserts = get_int(node, L.N_INSERTS_AT)
    for k in range(get_int(node, L.N_INSERTS)):
        insert = inserts + 8 * L.INSERT_WORDS * k
        state = get_int(insert, L.I_STATE_AT)
        for word in range(OWN, get_int(insert, L.I_STATE)):
            set_float(state, word, 0.0)
        clear(get_int(insert, L.I_LINES_AT), get_int(insert, L.I_LINES))
