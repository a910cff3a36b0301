"""Reading clips: slices of mapped sources with gain, fades and reverse, added to runs of samples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from engine.dsp.memory import clear, get_float, get_int, get_sample, set_float, set_int, set_sample
from engine.dsp.simd import fill8, load8, store8, total
from engine.plan.kernel import layout as L
from engine.plan.kernel.timeline import COMPLEX, NOTHING, locate, segment_at

HUGE = np.float32(L.LOUDEST)
SILENCE = np.float32(0.0)
ENERGY = np.float32(1e36)
"""A run whose squares add up to less has no sample beyond `HUGE`, and none that is not finite."""


@njit(nogil=True, error_model="numpy")
def _curve(kind: int, t: float) -> float:
    """Height of a fade at `t`, held to 0..1."""
    t = min(max(t, 0.0), 1.0)
    if kind == L.LINEAR:
        return t
    rise = math.sin(0.5 * math.pi * t)
    return rise * rise if kind == L.S_CURVE else rise


@njit(nogil=True, error_model="numpy")
def _guarded(value: Any) -> Any:
    """`value`, or silence for what is no sound. A file may hold anything."""
    return value if abs(value) < HUGE else SILENCE


@njit(nogil=True, error_model="numpy")
def _add_plain(data: int, other: int, start: int, gain: Any, left: int, right: int, first: int, last: int) -> bool:
    """Add a run without fades; False, with nothing added, when a sample in it is no sound."""
    energy = fill8(0.0)
    i = first
    while i + 8 <= last:
        a, b = load8(data, start + i), load8(other, start + i)
        energy = energy + (a * a + b * b)
        i += 8
    rest = total(energy)
    while i < last:
        a, b = get_sample(data, start + i), get_sample(other, start + i)
        rest += a * a + b * b
        i += 1
    if not rest < ENERGY:
        return False
    level = fill8(gain)
    i = first
    while i + 8 <= last:
        store8(left, i, load8(left, i) + level * load8(data, start + i))
        store8(right, i, load8(right, i) + level * load8(other, start + i))
        i += 8
    while i < last:
        set_sample(left, i, get_sample(left, i) + gain * get_sample(data, start + i))
        set_sample(right, i, get_sample(right, i) + gain * get_sample(other, start + i))
        i += 1
    return True


@njit(nogil=True, error_model="numpy")
def _add_clip(clip: int, inside: int, count: int, left: int, right: int, weights: int, flip: int) -> int:
    """Add `count` frames of a clip, from its frame `inside` on; returns how many samples were not finite.

    `weights` is the address of a float32 for each frame, 0 for none; `flip` 1 takes one minus the weight.
    """
    source = get_int(clip, L.C_SOURCE_AT)
    if get_int(source, L.SOURCE_ALIVE) == 0:
        return 0
    length = get_int(clip, L.C_LENGTH)
    reverse = get_int(clip, L.C_REVERSE) != 0
    start = get_int(clip, L.C_OFFSET) + (length - 1 - inside if reverse else inside)
    step = -1 if reverse else 1
    frames = get_int(source, L.SOURCE_FRAMES)
    # Where the source has samples: first <= i < last.
    if reverse:
        first, last = max(0, start - frames + 1), min(count, start + 1)
    else:
        first, last = max(0, -start), min(count, frames - start)
    if last <= first:
        return 0
    data = get_int(source, L.SOURCE_DATA_AT)
    other = data + 4 * frames if get_int(source, L.SOURCE_CHANNELS) > 1 else data
    gain = get_float(clip, L.C_GAIN)
    fade_in, fade_out = get_int(clip, L.C_FADE_IN), get_int(clip, L.C_FADE_OUT)
    rising = fade_in > 0 and inside + first < fade_in
    falling = fade_out > 0 and inside + last > length - fade_out
    if not rising and not falling and weights == 0 and not reverse:
        fine = _add_plain(data, other, start, np.float32(gain), left, right, first, last)
        if fine:
            return 0
    bad = 0
    for i in range(first, last):
        g = gain
        at = inside + i + 0.5
        if rising:
            g *= _curve(get_int(clip, L.C_CURVE_IN), at / fade_in)
        if falling:
            g *= _curve(get_int(clip, L.C_CURVE_OUT), (length - at) / fade_out)
        if weights != 0:
            weight = get_sample(weights, i)
            g *= 1.0 - weight if flip else weight
        level = np.float32(g)
        a, b = get_sample(data, start + step * i) * level, get_sample(other, start + step * i) * level
        bad += (not abs(a) < HUGE) + (not abs(b) < HUGE)
        set_sample(left, i, get_sample(left, i) + _guarded(a))
        set_sample(right, i, get_sample(right, i) + _guarded(b))
    return bad


@njit(nogil=True, error_model="numpy")
def _add_run(clips: int, count: int, frame: int, frames: int, left: int, right: int, weights: int, flip: int) -> int:
    """Add what the clips, sorted by their start, play in ``[frame, frame + frames)``."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if get_int(clips + 8 * L.CLIP_WORDS * middle, L.C_START) < frame + frames:
            low = middle + 1
        else:
            high = middle
    # Walk back to the first clip that can still sound, then forth, so that sums have one order.
    first = low
    while first > 0 and get_int(clips + 8 * L.CLIP_WORDS * (first - 1), L.C_LATEST_END) > frame:
        first -= 1
    bad = 0
    for k in range(first, low):
        clip = clips + 8 * L.CLIP_WORDS * k
        start = get_int(clip, L.C_START)
        begin = max(frame, start)
        end = min(frame + frames, start + get_int(clip, L.C_LENGTH))
        if end > begin:
            skip = begin - frame
            at = 0 if weights == 0 else weights + 4 * skip
            bad += _add_clip(clip, begin - start, end - begin, left + 4 * skip, right + 4 * skip, at, flip)
    return bad


@njit(nogil=True, error_model="numpy")
def read_clips(session: int, clips: int, count: int, tick: int, frames: int, bench: int, left: int, right: int) -> int:
    """Fill `left` and `right` with what the clips play from `tick` on; returns how many samples were not finite."""
    clear(left, frames)
    clear(right, frames)
    if count == 0:
        return 0
    frame = locate(session, tick, frames, bench)
    if frame == NOTHING:
        return 0
    if frame != COMPLEX:
        return _add_run(clips, count, frame, frames, left, right, 0, 0)
    bad = 0
    weights = bench + 64 * L.B_WEIGHT
    for second in range(2):
        rows = bench + 64 * (L.B_FRAMES_NEXT if second else L.B_FRAMES)
        i = 0
        while i < frames:
            begin = get_int(rows, i)
            run = 1
            while i + run < frames and begin != NOTHING and get_int(rows, i + run) == begin + run:
                run += 1
            if begin != NOTHING:
                bad += _add_run(clips, count, begin, run, left + 4 * i, right + 4 * i, weights + 4 * i, second)
            i += run
    return bad


@njit(nogil=True, error_model="numpy")
def tag_of(session: int, cell: int) -> int:
    """What the slot of a stream says when it holds `cell` as the timeline stands now."""
    end = (cell + 1) * L.STREAM_CELL + get_int(session, L.S_FADE)
    epoch = get_int(segment_at(session, end - 1), L.T_EPOCH)
    return cell * L.EPOCHS + epoch % L.EPOCHS


@njit(nogil=True, error_model="numpy")
def read_stream(session: int, stream: int, tick: int, frames: int, left: int, right: int, leaves: bool) -> None:
    """Replace the dry sound in `left` and `right` by the stream of a heavy chain, as far as it is there; one that
    leaves fades out.
    """
    wet = get_float(stream, L.H_WET)
    step = 1.0 / max(get_int(session, L.S_FADE), 1)
    i = 0
    while i < frames:
        cell = (tick + i) // L.STREAM_CELL
        inside = (tick + i) % L.STREAM_CELL
        run = min(frames - i, L.STREAM_CELL - inside)
        slot = cell % L.STREAM_CELLS
        there = get_int(get_int(stream, L.H_TAGS_AT), slot) == tag_of(session, cell)
        data = get_int(stream, L.H_DATA_AT) + 4 * (slot * 2 * L.STREAM_CELL + inside)
        if not there and inside == 0 and not leaves:
            set_int(stream, L.H_LATE, get_int(stream, L.H_LATE) + 1)
        for k in range(run):
            if there:
                wet = max(wet - step, 0.0) if leaves else min(wet + step, 1.0)
                a, b = get_sample(left, i + k), get_sample(right, i + k)
                c, d = _guarded(get_sample(data, k)), _guarded(get_sample(data, k + L.STREAM_CELL))
                set_sample(left, i + k, c if wet == 1.0 else a + wet * (c - a))
                set_sample(right, i + k, d if wet == 1.0 else b + wet * (d - b))
            else:
                wet = 0.0
        i += run
    set_float(stream, L.H_WET, wet)


@njit(nogil=True, error_model="numpy")
def _read_streams(session: int, node: int, tick: int, frames: int, left: int, right: int) -> None:
    """The stream of a node, and before it the one that it had, as long as that is heard."""
    old, stream = get_int(node, L.N_OLD_STREAM_AT), get_int(node, L.N_STREAM_AT)
    if old != 0 and get_float(old, L.H_WET) > 0.0:
        read_stream(session, old, tick, frames, left, right, True)
    if stream != 0:
        read_stream(session, stream, tick, frames, left, right, False)


@njit(nogil=True, error_model="numpy")
def read_input(session: int, plan: int, node: int, tick: int, at: int, frames: int, bench: int) -> int:
    """Fill the node's two runs of `B_PLANAR` with its input for the chunk at `tick`, `at` frames into the block.

    Returns:
        How many samples were not finite; they are silent.
    """
    lane = get_int(node, L.N_LANE)
    left = bench + 64 * L.B_PLANAR + 4 * 64 * lane
    right = left + 4 * 64 * L.LANES
    bus = get_int(node, L.N_INPUT_AT)
    ahead = tick + get_int(node, L.N_AHEAD)
    if bus != 0:
        capacity = get_int(plan, L.P_CAPACITY)
        for i in range(frames):
            set_sample(left, i, get_sample(bus, at + i))
            set_sample(right, i, get_sample(bus, capacity + at + i))
        _read_streams(session, node, ahead, frames, left, right)
        return 0
    bad = read_clips(session, get_int(node, L.N_CLIPS_AT), get_int(node, L.N_CLIPS), ahead, frames, bench, left, right)
    age, fade = get_int(plan, L.P_AGE) + at, get_int(plan, L.P_FADE)
    if get_int(node, L.N_CHANGED) != 0 and age < fade:
        spare = bench + 64 * L.B_SPARE
        before = tick + get_int(node, L.N_OLD_AHEAD)
        clips, count = get_int(node, L.N_OLD_CLIPS_AT), get_int(node, L.N_OLD_CLIPS)
        read_clips(session, clips, count, before, frames, bench, spare, spare + 4 * 64)
        for i in range(frames):
            weight = min((age + i) / fade, 1.0)
            for c in range(2):
                new = get_sample(left, i + c * 64 * L.LANES)
                old = get_sample(spare, i + c * 64)
                set_sample(left, i + c * 64 * L.LANES, old + weight * (new - old))
    _read_streams(session, node, ahead, frames, left, right)
    return bad
