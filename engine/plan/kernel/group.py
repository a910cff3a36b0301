"""Eight tracks, or buses, through a block: read, filter, insert, fade, send."""

from __future__ import annotations

from numba import njit, types

from engine.dsp.memory import clear, get_float, get_int, get_sample, set_float, set_int, set_sample
from engine.dsp.native import c_function
from engine.dsp.simd import transpose8
from engine.plan.kernel import layout as L
from engine.plan.kernel import strips
from engine.plan.kernel.automation import ease, follow, ride
from engine.plan.kernel.clips import read_input
from engine.plan.kernel.inserts import forget_inserts, run_inserts
from engine.plan.kernel.parts import bench_of, sum_parts
from engine.plan.kernel.stages import FADES
from engine.plan.kernel.watch import mark


@njit(nogil=True, error_model="numpy")
def _to_rows(lanes: int) -> None:
    """The planar runs of a chunk become rows of lanes."""
    planar, x = bench_of(lanes) + 64 * L.B_PLANAR, bench_of(lanes) + 64 * L.B_X
    for t in range(L.CHUNK // 8):
        transpose8(planar + 32 * t, x + 64 * 8 * t, L.ROW)
        transpose8(planar + 4 * 64 * L.LANES + 32 * t, x + 64 * 8 * t + 4 * L.LANES, L.ROW)


@njit(nogil=True, error_model="numpy")
def _take(lanes: int, lane: int, frames: int, out: int) -> None:
    """Copy a lane to two runs of `CHUNK` at `out`."""
    x = bench_of(lanes) + 64 * L.B_X + 4 * lane
    for i in range(frames):
        set_sample(out, i, get_sample(x, L.ROW * i))
        set_sample(out, L.CHUNK + i, get_sample(x, L.ROW * i + L.LANES))


@njit(nogil=True, error_model="numpy")
def _put(lanes: int, lane: int, frames: int, source: int) -> None:
    x = bench_of(lanes) + 64 * L.B_X + 4 * lane
    for i in range(frames):
        set_sample(x, L.ROW * i, get_sample(source, i))
        set_sample(x, L.ROW * i + L.LANES, get_sample(source, L.CHUNK + i))


@njit(nogil=True, error_model="numpy")
def _send(session: int, plan: int, node: int, edge: int, tick: int, at: int, frames: int, lanes: int) -> None:
    """Add a lane, as it stands in `B_X`, to what an edge fills."""
    lane = get_int(node, L.N_LANE)
    x = bench_of(lanes) + 64 * L.B_X + 4 * lane
    part = get_int(edge, L.E_PART_AT) + 4 * at
    capacity = get_int(plan, L.P_CAPACITY)
    state = get_int(edge, L.E_STATE_AT)
    gain, target = get_float(state, L.WAY_GAIN), get_float(edge, L.E_GAIN)
    glide = get_float(plan, L.P_GLIDE)
    automation = get_int(edge, L.E_AUTOMATION_AT)
    auto = bench_of(lanes) + 64 * L.B_AUTO
    rides = get_int(edge, L.E_RIDES) != 0
    if automation != 0:
        ride(session, node, automation, tick + get_int(edge, L.E_AHEAD), frames, lanes)
    elif rides:
        for i in range(frames):
            set_sample(auto, i, 1.0)
    if rides:
        ease(auto, frames, state, L.WAY_RIDE, L.WAY_AWAY, get_int(edge, L.E_CHANGED) != 0, glide)
        set_int(edge, L.E_CHANGED, 0)
    delay = get_int(edge, L.E_DELAY)
    ring = get_int(edge, L.E_RING_AT)
    position = get_int(state, L.WAY_PLACE)
    for i in range(frames):
        if gain != target:
            gain = target + glide * (gain - target)
            if abs(gain - target) < strips.SETTLED:
                gain = target
        g = gain * get_sample(auto, i) if rides else gain
        for c in range(2):
            y = get_sample(x, L.ROW * i + L.LANES * c) * g
            if delay > 0:
                late = get_sample(ring, delay * c + position)
                set_sample(ring, delay * c + position, y)
                y = late
            set_sample(part, capacity * c + i, get_sample(part, capacity * c + i) + y)
        if delay > 0:
            position += 1
            if position == delay:
                position = 0
    set_float(state, L.WAY_GAIN, gain)
    set_int(state, L.WAY_PLACE, position)


@njit(nogil=True, error_model="numpy")
def _tap(session: int, plan: int, node: int, at: int, frames: int, lanes: int) -> None:
    """Copy the sound after the fader to where somebody listens."""
    x = bench_of(lanes) + 64 * L.B_X + 4 * get_int(node, L.N_LANE)
    out = get_int(node, L.N_TAP_AT)
    if out != 0:
        capacity = get_int(plan, L.P_CAPACITY)
        for i in range(frames):
            set_sample(out, at + i, get_sample(x, L.ROW * i))
            set_sample(out, capacity + at + i, get_sample(x, L.ROW * i + L.LANES))
    if get_int(session, L.S_TAP_NODE) == get_int(node, L.N_NUMBER):
        ring, written = get_int(session, L.S_NODE_TAP_AT), get_int(session, L.S_NODE_TAPPED)
        for i in range(frames):
            slot = 2 * ((written + i) % L.RING)
            set_sample(ring, slot, get_sample(x, L.ROW * i))
            set_sample(ring, slot + 1, get_sample(x, L.ROW * i + L.LANES))
        set_int(session, L.S_NODE_TAPPED, written + frames)


@njit(nogil=True, error_model="numpy")
def _before_fader(session: int, plan: int, group: int, lane: int, tick: int, at: int, frames: int) -> None:
    """Inserts, sends before the fader, and the fader's automation of one lane."""
    node = get_int(group, L.G_NODES + lane)
    lanes = get_int(group, L.G_LANES_AT)
    if get_int(node, L.N_INSERTS) > 0:
        spare = bench_of(lanes) + 64 * L.B_SPARE
        _take(lanes, lane, frames, spare)
        run_inserts(plan, node, tick, frames, lanes, get_int(session, L.S_WATCH_AT))
        _put(lanes, lane, frames, spare)
    edges = get_int(node, L.N_EDGES_AT)
    for k in range(get_int(node, L.N_EDGES)):
        edge = edges + 8 * L.EDGE_WORDS * k
        if get_int(edge, L.E_PRE) != 0:
            _send(session, plan, node, edge, tick, at, frames, lanes)
    if get_int(node, L.N_FADER_AUTOMATED) != 0:
        ride(session, node, 0, tick + get_int(node, L.N_FADER_AHEAD), frames, lanes)
        auto = bench_of(lanes) + 64 * L.B_AUTO
        meter = get_int(node, L.N_METER_AT)
        changed = get_int(node, L.N_FADER_CHANGED) != 0
        set_int(node, L.N_FADER_CHANGED, 0)
        for c in range(2):
            ride_at, away_at = L.METER_RIDE + c, L.METER_AWAY + c
            ease(auto + 4 * L.CHUNK * c, frames, meter, ride_at, away_at, changed, get_float(plan, L.P_GLIDE))
        x = bench_of(lanes) + 64 * L.B_X + 4 * lane
        for i in range(frames):
            for c in range(2):
                slot = L.ROW * i + L.LANES * c
                set_sample(x, slot, get_sample(x, slot) * get_sample(auto, L.CHUNK * c + i))


@njit(nogil=True, error_model="numpy")
def _after_fader(session: int, plan: int, group: int, lane: int, tick: int, at: int, frames: int) -> None:
    node = get_int(group, L.G_NODES + lane)
    lanes = get_int(group, L.G_LANES_AT)
    edges = get_int(node, L.N_EDGES_AT)
    for k in range(get_int(node, L.N_EDGES)):
        edge = edges + 8 * L.EDGE_WORDS * k
        if get_int(edge, L.E_PRE) == 0:
            _send(session, plan, node, edge, tick, at, frames, lanes)
    _tap(session, plan, node, at, frames, lanes)


@njit(nogil=True, error_model="numpy")
def _count_bad(group: int, lanes: int) -> None:
    """Count the silenced samples of each node, and empty the memory that they came from."""
    bad = lanes + 64 * L.R_BAD
    for lane in range(L.LANES):
        found = get_sample(bad, lane) + get_sample(bad, lane + L.LANES)
        node = get_int(group, L.G_NODES + lane)
        if found > 0.0 and node != 0:
            meter = get_int(node, L.N_METER_AT)
            set_float(meter, L.METER_BAD, get_float(meter, L.METER_BAD) + found)
            strips.forget(lanes, lane)
            forget_inserts(node)


@njit(nogil=True, error_model="numpy")
def _chunk(session: int, plan: int, group: int, tick: int, at: int, frames: int) -> None:
    lanes = get_int(group, L.G_LANES_AT)
    for lane in range(L.LANES):
        node = get_int(group, L.G_NODES + lane)
        if node == 0:
            continue
        bad = read_input(session, plan, node, tick, at, frames, bench_of(lanes))
        if bad > 0:
            meter = get_int(node, L.N_METER_AT)
            set_float(meter, L.METER_BAD, get_float(meter, L.METER_BAD) + bad)
        follow(session, plan, node, tick, lanes)
    _to_rows(lanes)
    glide = get_float(plan, L.P_GLIDE_CELL)
    strips.equalise(lanes, get_int(group, L.G_STAGES), tick, frames, glide)
    if get_int(group, L.G_COMPRESSOR) != 0:
        strips.compress(lanes, tick, frames, glide ** (L.CELL // L.GLIDE_CELL))
    special = get_int(group, L.G_SPECIAL)
    tapped = get_int(session, L.S_TAP_NODE) >= 0
    if strips.guard(lanes, frames):
        _count_bad(group, lanes)
    if special != 0:
        mark(get_int(session, L.S_WATCH_AT), get_int(group, L.G_KIND))
        for lane in range(L.LANES):
            if (special >> lane) & 1 != 0:
                _before_fader(session, plan, group, lane, tick, at, frames)
        if strips.guard(lanes, frames):
            _count_bad(group, lanes)
    direct = get_int(group, L.G_DIRECT_AT)
    strips.fade(plan, lanes, direct + 4 * at if direct != 0 else 0, tick, frames)
    if special != 0 or tapped:
        for lane in range(L.LANES):
            if get_int(group, L.G_NODES + lane) != 0:
                _after_fader(session, plan, group, lane, tick, at, frames)


@njit(nogil=True, error_model="numpy")
def _sum_inputs(plan: int, group: int, frames: int) -> None:
    """Sum what was sent to each bus of a group, always in the same order."""
    capacity = get_int(plan, L.P_CAPACITY)
    for lane in range(L.LANES):
        node = get_int(group, L.G_NODES + lane)
        if node == 0 or get_int(node, L.N_INPUT_AT) == 0:
            continue
        total = get_int(node, L.N_INPUT_AT)
        sum_parts(total, get_int(node, L.N_INPUT_PARTS_AT), get_int(node, L.N_INPUT_PARTS), capacity, frames)


@njit(nogil=True, error_model="numpy")
def run_group(session: int, plan: int, group: int, tick: int, frames: int) -> None:
    """A block of at most `P_CAPACITY` frames from `tick` on through a group; its parts hold the result."""
    capacity = get_int(plan, L.P_CAPACITY)
    if get_int(group, L.G_INPUTS_AT) != 0:
        _sum_inputs(plan, group, frames)
    parts = get_int(group, L.G_PARTS_AT)
    for k in range(get_int(group, L.G_PARTS)):
        part = get_int(parts, k)
        clear(part, frames)
        clear(part + 4 * capacity, frames)
    watch, kind = get_int(session, L.S_WATCH_AT), get_int(group, L.G_KIND)
    if get_int(group, L.G_SPECIAL) != 0:
        kind = FADES + int(get_int(group, L.G_INPUTS_AT) != 0)
    at = 0
    while at < frames:
        count = min(frames - at, L.CHUNK - (tick + at) % L.CHUNK)
        _chunk(session, plan, group, tick + at, at, count)
        mark(watch, kind)
        at += count
    strips.write_meters(group)


@c_function(types.int64(*[types.int64] * 5), cache=True, error_model="numpy")
def GROUP(session: int, plan: int, group: int, tick: int, frames: int) -> int:
    """`run_group` as a C function, so that it is compiled once."""
    run_group(session, plan, group, tick, frames)
    return 0
