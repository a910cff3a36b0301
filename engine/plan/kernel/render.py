"""The entry: sound from a session, for a device's callback and off line alike."""

from __future__ import annotations

import math

import numpy as np
from numba import njit, types

from engine.dsp.memory import get_float, get_int, get_sample, set_int, set_sample
from engine.dsp.native import c_function, call_five
from engine.dsp.simd import load16, store16
from engine.plan.kernel import layout as L
from engine.plan.kernel import stages, timeline
from engine.plan.kernel import watch as w
from engine.plan.kernel.inserts import STEP, run_effect
from engine.plan.kernel.parts import bench_of, sum_parts

CLICK_S = 0.03
CLICK_DECAY_S = 0.006
CLICK_HZ = 1000.0
ACCENT_HZ = 1600.0
_LOUDEST = np.float32(L.LOUDEST)


@njit(nogil=True, error_model="numpy")
def _carry(plan: int, watch: int) -> None:
    """Fetch the lanes of the plan before: everything that moves by itself, none of the settings."""
    moves = get_int(plan, L.P_MOVES_AT)
    for k in range(get_int(plan, L.P_MOVES)):
        old, lane = get_int(moves, 4 * k), get_int(moves, 4 * k + 1)
        new, to = get_int(moves, 4 * k + 2), get_int(moves, 4 * k + 3)
        whole = lane < 0
        for row in range(L.R_BENCH):
            stage = row < L.R_COMPRESSOR
            inside = row % L.STAGE_ROWS
            if stage and L.R_TARGET <= inside < L.R_IC1:
                continue
            if L.R_THRESHOLD <= row <= L.R_RELEASE or row == L.R_MAKEUP_TARGET:
                continue
            if row == L.R_FADER_TARGET or row == L.R_DIRECT_TARGET:
                continue
            if whole:
                store16(new, L.ROW * row, load16(old, L.ROW * row))
                continue
            for side in range(2):
                value = get_sample(old, L.ROW * row + lane + L.LANES * side)
                set_sample(new, L.ROW * row + to + L.LANES * side, value)
        if k % stages.SWAP_MOVES == stages.SWAP_MOVES - 1:
            w.mark(watch, stages.SWAP)
    w.mark(watch, stages.SWAP)


@njit(nogil=True, error_model="numpy")
def take_pending(session: int, frames: int) -> int:
    """Go over to the pending plan when its time has come.

    Returns:
        How many of the next `frames` may be rendered before looking again.
    """
    pending = get_int(session, L.S_PENDING_AT)
    if pending == 0:
        return frames
    plan = get_int(session, L.S_PLAN_AT)
    wait = 0
    if plan != 0:
        wait = max(get_int(plan, L.P_FADE) - get_int(plan, L.P_AGE), 0)
        if get_int(session, L.S_SWAP_TICK) >= 0:
            wait = max(wait, get_int(session, L.S_SWAP_TICK) - get_int(session, L.S_TICK))
    if wait > 0:
        return min(frames, wait)
    watch = get_int(session, L.S_WATCH_AT)
    w.mark(watch, stages.REQUESTS)
    _carry(pending, watch)
    set_int(session, L.S_PLAN_AT, pending)
    set_int(session, L.S_SWAPS, get_int(session, L.S_SWAPS) + 1)
    set_int(session, L.S_PENDING_AT, 0)
    return frames


@njit(nogil=True, error_model="numpy")
def _run_groups(session: int, plan: int, frames: int) -> None:
    """All groups over the next `frames`, in the order of their levels."""
    tick = get_int(session, L.S_TICK) + get_int(plan, L.P_ANCHOR)
    groups, kernel = get_int(plan, L.P_GROUPS_AT), get_int(plan, L.P_GROUP_KERNEL)
    for k in range(get_int(plan, L.P_GROUPS)):
        call_five(kernel, session, plan, groups + 8 * L.GROUP_WORDS * k, tick, frames)


@njit(nogil=True, error_model="numpy")
def _limit(plan: int, mix: int, tick: int, frames: int, scratch: int, watch: int) -> None:
    """The limiter over the mix, in place."""
    insert = get_int(plan, L.P_LIMITER_AT)
    capacity = get_int(plan, L.P_CAPACITY)
    at = 0
    while at < frames:
        count = min(frames - at, L.CHUNK - (tick + at) % L.CHUNK)
        for c in range(2):
            for i in range(count):
                set_sample(scratch, L.CHUNK * c + i, get_sample(mix, capacity * c + at + i))
        run_effect(insert, scratch, tick + at, count, get_float(plan, L.P_GLIDE) ** STEP)
        for c in range(2):
            for i in range(count):
                set_sample(mix, capacity * c + at + i, get_sample(scratch, L.CHUNK * c + i))
        w.mark(watch, stages.LIMITER)
        at += count


@njit(nogil=True, error_model="numpy")
def _click_at(plan: int, frame: int) -> float:
    """The metronome's sound at a timeline frame."""
    tempos, count = get_int(plan, L.P_TEMPO_AT), get_int(plan, L.P_TEMPOS)
    if count == 0:
        return 0.0
    k = count - 1
    while k > 0 and get_float(tempos + 8 * L.TEMPO_WORDS * k, L.TEMPO_FRAME) > frame:
        k -= 1
    tempo = tempos + 8 * L.TEMPO_WORDS * k
    length = get_float(tempo, L.TEMPO_BEAT_FRAMES)
    beats = get_float(tempo, L.TEMPO_BEAT) + (frame - get_float(tempo, L.TEMPO_FRAME)) / length
    beat = math.floor(beats + 1e-9)
    t = max(beats - beat, 0.0) * length / get_int(plan, L.P_RATE)
    if t > CLICK_S:
        return 0.0
    hz = ACCENT_HZ if beat % max(get_float(tempo, L.TEMPO_BAR), 1.0) == 0.0 else CLICK_HZ
    end = min((CLICK_S - t) / 0.003, 1.0)
    return math.sin(2.0 * math.pi * hz * t) * math.exp(-t / CLICK_DECAY_S) * end


@njit(nogil=True, error_model="numpy")
def _metronome(session: int, plan: int, mix: int, tick: int, frames: int) -> None:
    """Add the click; a count-in clicks always."""
    level = get_float(session, L.S_METRONOME)
    capacity = get_int(plan, L.P_CAPACITY)
    count_in = level if level > 0.0 else 0.25
    segment = timeline.segment_at(session, tick)
    if level == 0.0 and get_int(segment, L.T_MODE) != L.COUNTING and timeline.next_segment(session, segment) == 0:
        return
    for i in range(frames):
        segment = timeline.segment_at(session, tick + i)
        mode = get_int(segment, L.T_MODE)
        if mode == L.STOPPED or (mode == L.RUNNING and level == 0.0):
            continue
        frame = timeline.frame_in(segment, tick + i)
        click = (level if mode == L.RUNNING else count_in) * _click_at(plan, frame)
        for c in range(2):
            set_sample(mix, capacity * c + i, get_sample(mix, capacity * c + i) + click)


@njit(nogil=True, error_model="numpy")
def _record(session: int, mix: int, capacity: int, frames: int) -> None:
    """Copy what leaves to the master's tap."""
    ring, written = get_int(session, L.S_MASTER_TAP_AT), get_int(session, L.S_MASTER_TAPPED)
    if ring == 0:
        return
    slot = written % L.RING
    for i in range(frames):
        set_sample(ring, 2 * slot, get_sample(mix, i))
        set_sample(ring, 2 * slot + 1, get_sample(mix, capacity + i))
        slot = slot + 1 if slot + 1 < L.RING else 0
    set_int(session, L.S_MASTER_TAPPED, written + frames)


@njit(nogil=True, cache=True, error_model="numpy")
def finish(session: int, plan: int, left: int, right: int, stride: int, frames: int) -> None:
    """From the groups' parts to the output: buses' sum, master, limiter, guard, metronome; moves the clock on."""
    tick = get_int(session, L.S_TICK)
    grid = tick + get_int(plan, L.P_ANCHOR)
    capacity = get_int(plan, L.P_CAPACITY)
    mix = get_int(plan, L.P_MIX_AT)
    master = get_int(plan, L.P_MASTER_AT)
    watch = get_int(session, L.S_WATCH_AT)
    if master != 0:
        call_five(get_int(plan, L.P_GROUP_KERNEL), session, plan, master, grid, frames)
        mix = get_int(master, L.G_DIRECT_AT)
        if get_int(plan, L.P_LIMITER_AT) != 0:
            _limit(plan, mix, grid, frames, bench_of(get_int(master, L.G_LANES_AT)) + 64 * L.B_SPARE, watch)
    else:
        sum_parts(mix, get_int(plan, L.P_MIX_PARTS_AT), get_int(plan, L.P_MIX_PARTS), capacity, frames)
        w.mark(watch, stages.MIX)
    bad = 0
    for c in range(2):
        for i in range(frames):
            if not abs(get_sample(mix, capacity * c + i)) < _LOUDEST:
                set_sample(mix, capacity * c + i, 0.0)
                bad += 1
    if bad > 0:
        set_int(session, L.S_BAD, get_int(session, L.S_BAD) + bad)
    _record(session, mix, capacity, frames)
    _metronome(session, plan, mix, tick, frames)
    for i in range(frames):
        set_sample(left, stride * i, get_sample(mix, i))
        set_sample(right, stride * i, get_sample(mix, capacity + i))
    set_int(plan, L.P_AGE, get_int(plan, L.P_AGE) + frames)
    set_int(session, L.S_TICK, tick + frames)
    w.mark(watch, stages.LEAVE)


@njit(nogil=True, error_model="numpy")
def _silence(session: int, left: int, right: int, stride: int, frames: int) -> None:
    for i in range(frames):
        set_sample(left, stride * i, 0.0)
        set_sample(right, stride * i, 0.0)
    set_int(session, L.S_TICK, get_int(session, L.S_TICK) + frames)


@njit(nogil=True, cache=True, error_model="numpy")
def prepare(session: int, frames: int) -> int:
    """Start of a block: take a pending plan, follow the transport's requests.

    Returns:
        How many of the next `frames` may be rendered as one block.
    """
    frames = take_pending(session, frames)
    plan = get_int(session, L.S_PLAN_AT)
    timeline.follow_requests(session, get_int(plan, L.P_LATENCY) if plan != 0 else 0)
    w.mark(get_int(session, L.S_WATCH_AT), stages.REQUESTS)
    return min(frames, get_int(plan, L.P_CAPACITY)) if plan != 0 else frames


@njit(nogil=True, cache=True, error_model="numpy")
def render(session: int, left: int, right: int, stride: int, frames: int) -> int:
    """Render the next `frames` of a session.

    Args:
        session: address of the session's words.
        left, right: addresses of float32 samples; they are overwritten.
        stride: samples from one frame to the next: 1 for planar, 2 for interleaved stereo.

    Returns:
        The timeline frame of the next sample to leave.
    """
    done = 0
    while done < frames:
        count = prepare(session, frames - done)
        plan = get_int(session, L.S_PLAN_AT)
        to_left, to_right = left + 4 * stride * done, right + 4 * stride * done
        if plan == 0:
            _silence(session, to_left, to_right, stride, count)
            w.mark(get_int(session, L.S_WATCH_AT), stages.SILENCE)
        else:
            _run_groups(session, plan, count)
            finish(session, plan, to_left, to_right, stride, count)
        done += count
    timeline.publish(session)
    return get_int(session, L.S_FRAME)


@njit(nogil=True, cache=True, error_model="numpy")
def begin(session: int, tick: int, frame: int, loop_start: int, loop_end: int, mode: int) -> None:
    """Silence up to `tick`, then `frame` without a fade: how an off-line render and a new stream start."""
    timeline.start(session, tick, frame, loop_start, loop_end, mode)
    timeline.publish(session)


@njit(nogil=True, cache=True, error_model="numpy")
def frame_at(session: int, tick: int) -> int:
    """The timeline frame at `tick`."""
    return timeline.frame_at(session, tick)


@c_function(
    types.int64(types.int64, types.int64, types.int64, types.int64, types.int64),
    cache=True,
    error_model="numpy",
)
def RENDER(session: int, left: int, right: int, stride: int, frames: int) -> int:
    """`render` as a C function: ``RENDER.address`` is what a device's callback calls."""
    return render(session, left, right, stride, frames)
