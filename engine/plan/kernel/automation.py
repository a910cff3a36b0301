"""Automation: values over time, and what they move."""

from __future__ import annotations

from numba import njit

from engine.dsp.memory import get_float, get_int, get_sample, set_float, set_sample
from engine.plan.kernel import layout as L
from engine.plan.kernel.parts import bench_of
from engine.plan.kernel.strips import set_targets
from engine.plan.kernel.timeline import COMPLEX, NOTHING, frame_at, locate

LOG2_PER_DB = 0.16609640474436813
AWAY = 3e-5
"""A difference of gain that is not heard."""
SILENT_DB = -120.0
"""A gain at or below this is 0."""


@njit(nogil=True, error_model="numpy")
def value_at(record: int, frame: int) -> float:
    """The value of an automation record at `frame`, in its own unit."""
    frames = get_int(record, L.A_FRAMES_AT)
    values = get_int(record, L.A_VALUES_AT)
    points = get_int(record, L.A_POINTS)
    low, high = 0, points
    while low < high:
        middle = (low + high) // 2
        if get_int(frames, middle) <= frame:
            low = middle + 1
        else:
            high = middle
    if low == 0:
        value = get_float(values, 0)
    elif low == points:
        value = get_float(values, points - 1)
    else:
        start, end = get_int(frames, low - 1), get_int(frames, low)
        first, last = get_float(values, low - 1), get_float(values, low)
        value = first + (last - first) * ((frame - start) / (end - start))
    return 2.0**value if get_int(record, L.A_LOG) != 0 else value


@njit(nogil=True, error_model="numpy")
def linear(gain_db: float) -> float:
    """dB as a factor."""
    return 0.0 if gain_db <= SILENT_DB else 2.0 ** (gain_db * LOG2_PER_DB)


@njit(nogil=True, error_model="numpy")
def _sides(node: int, frame: int, left: bool) -> float:
    """The automated part of a node's fader at `frame`, for one side."""
    gain = 1.0
    records = get_int(node, L.N_AUTOMATION_AT)
    for k in range(get_int(node, L.N_AUTOMATIONS)):
        record = records + 8 * L.AUTOMATION_WORDS * k
        target = get_int(record, L.A_TARGET)
        if target == L.AUTO_GAIN:
            gain *= linear(value_at(record, frame))
        elif target == L.AUTO_PAN:
            pan = min(max(value_at(record, frame), -1.0), 1.0)
            gain *= min(1.0, 1.0 - pan) if left else min(1.0, 1.0 + pan)
        elif target == L.AUTO_MUTE:
            gain *= 1.0 - min(max(value_at(record, frame), 0.0), 1.0)
    return gain


@njit(nogil=True, error_model="numpy")
def _blended(session: int, node: int, record: int, tick: int, lanes: int, i: int, first: int, left: bool) -> float:
    """The automated gain at the i-th tick after `tick`, for which `locate` said `first`: over a jump it fades as the
    sound does.
    """
    if first != COMPLEX:
        return _sides(node, first + i, left) if record == 0 else linear(value_at(record, first + i))
    frame = get_int(bench_of(lanes) + 64 * L.B_FRAMES, i)
    other = get_int(bench_of(lanes) + 64 * L.B_FRAMES_NEXT, i)
    if frame == NOTHING:
        # While the transport stands, tails follow the place where it stands.
        frame = frame_at(session, tick + i)
    gain = _sides(node, frame, left) if record == 0 else linear(value_at(record, frame))
    if other != NOTHING:
        weight = get_sample(bench_of(lanes) + 64 * L.B_WEIGHT, i)
        beyond = _sides(node, other, left) if record == 0 else linear(value_at(record, other))
        gain = beyond + weight * (gain - beyond)
    return gain


@njit(nogil=True, error_model="numpy")
def ride(session: int, node: int, record: int, tick: int, frames: int, lanes: int) -> None:
    """Write the automated gain of every frame to `B_AUTO`, left and right.

    Args:
        record: automation of a send's gain; 0 for the node's fader.
        tick: of the sound at the fader.
    """
    out = bench_of(lanes) + 64 * L.B_AUTO
    first = locate(session, tick, frames, bench_of(lanes))
    if first == NOTHING:
        frame = frame_at(session, tick)
        left = _sides(node, frame, True) if record == 0 else linear(value_at(record, frame))
        right = _sides(node, frame, False) if record == 0 else left
        for i in range(frames):
            set_sample(out, i, left)
            set_sample(out, L.CHUNK + i, right)
        return
    for i in range(frames):
        left = _blended(session, node, record, tick, lanes, i, first, True)
        set_sample(out, i, left)
        right = left if record != 0 else _blended(session, node, record, tick, lanes, i, first, False)
        set_sample(out, L.CHUNK + i, right)


@njit(nogil=True, error_model="numpy")
def ease(values: int, frames: int, state: int, last: int, away: int, changed: bool, glide: float) -> None:
    """Lead `values` on from what they were before their lane came, went or changed.

    What is automated has no static part, so both must move alike: the difference dies away as the fader glides.

    Args:
        values: float32, as `ride` left them.
        state: of the node or way; its words `last` and `away` are carried from plan to plan.
        changed: True in the first chunk after the change.
        glide: per frame.
    """
    off = get_float(state, last) - get_sample(values, 0) if changed else get_float(state, away)
    for i in range(frames):
        if off == 0.0:
            break
        off = off * glide if abs(off) > AWAY else 0.0
        set_sample(values, i, get_sample(values, i) + off)
    set_float(state, last, get_sample(values, frames - 1))
    set_float(state, away, off)


@njit(nogil=True, error_model="numpy")
def follow(session: int, plan: int, node: int, tick: int, lanes: int) -> None:
    """Move filters, dynamics and effects to where their automation stands at the grid's last point."""
    count = get_int(node, L.N_AUTOMATIONS)
    if count == 0:
        return
    frame = frame_at(session, tick - tick % L.CHUNK + get_int(node, L.N_AHEAD))
    records = get_int(node, L.N_AUTOMATION_AT)
    raw = get_int(node, L.N_RAW_AT)
    strip = False
    for k in range(count):
        record = records + 8 * L.AUTOMATION_WORDS * k
        target = get_int(record, L.A_TARGET)
        if target < L.RAW_WORDS:
            set_float(raw, target, value_at(record, frame))
            strip = True
        elif target == L.AUTO_INSERT:
            insert = get_int(record, L.A_OWNER_AT)
            set_float(get_int(insert, L.I_RAW_AT), get_int(record, L.A_INDEX), value_at(record, frame))
    if strip:
        set_targets(lanes, get_int(node, L.N_LANE), raw, float(get_int(plan, L.P_RATE)))
