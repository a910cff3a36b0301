"""Channel strips of eight stereo tracks at once: filters, compressor, fader, meters.

Tracks are the lanes of vectors. Filters are Simper's trapezoidal state-variable filters ("Solving the continuous SVF
equations using trapezoidal integration and equivalent currents", 2013): the responses of the RBJ cookbook, exact at
low frequencies in float32, and well-behaved while their settings glide. The compressor's detector looks every
`CELL` frames (after Giannoulis, Massberg and Reiss, JAES 60, 2012); its gain ramps in between.
"""

from __future__ import annotations

import math

from numba import njit

from engine.dsp.memory import get_float, get_int, get_sample, set_float, set_sample
from engine.dsp.simd import (
    above,
    anywhere,
    below,
    choose,
    fast_exp2,
    fast_log2,
    fill8,
    fill16,
    join,
    larger,
    load8,
    load16,
    lower_half,
    magnitude,
    smaller,
    store8,
    store16,
    total,
    upper_half,
)
from engine.plan.kernel import layout as L
from engine.plan.kernel.parts import bench_of

TINY = 1e-20
"""Below this a state is set to 0: denormal numbers are a hundred times slower."""
DB_PER_OCTAVE = 6.020599913279624
"""20 log10(2): dB of a factor of two."""
KNEE = 6.0 / DB_PER_OCTAVE
SETTLED = 3e-5
"""A gain this near to its target is there: closer, the steps of a float32 glide are too small to count."""


@njit(nogil=True, error_model="numpy")
def _set_stage(lanes: int, stage: int, lane: int, g: float, k: float, m0: float, m1: float, m2: float) -> None:
    base = lanes + 64 * (L.STAGE_ROWS * stage + L.R_TARGET)
    for side in range(2):
        at = lane + L.LANES * side
        set_sample(base, at, g)
        set_sample(base, L.ROW + at, k)
        set_sample(base, 2 * L.ROW + at, m0)
        set_sample(base, 3 * L.ROW + at, m1)
        set_sample(base, 4 * L.ROW + at, m2)


@njit(nogil=True, error_model="numpy")
def _warp(freq_hz: float, rate: float) -> float:
    return math.tan(math.pi * min(max(freq_hz, 1.0), 0.49 * rate) / rate)


@njit(nogil=True, error_model="numpy")
def set_targets(lanes: int, lane: int, raw: int, rate: float) -> None:
    """Derive a lane's filters and compressor from the `RAW_WORDS` floats at `raw`; they glide there."""
    high_pass = get_float(raw, L.RAW_HIGH_PASS)
    k = math.sqrt(2.0)
    if high_pass > 0.0:
        _set_stage(lanes, 0, lane, _warp(high_pass, rate), k, 1.0, -k, -1.0)
    else:
        _set_stage(lanes, 0, lane, _warp(20.0, rate), k, 1.0, 0.0, 0.0)
    for band in range(L.STAGES - 1):
        kind = get_float(raw, L.RAW_BAND + 4 * band)
        g = _warp(get_float(raw, L.RAW_BAND + 4 * band + 1), rate)
        gain_db = min(max(get_float(raw, L.RAW_BAND + 4 * band + 2), -60.0), 60.0)
        q = min(max(get_float(raw, L.RAW_BAND + 4 * band + 3), 0.05), 100.0)
        a = 10.0 ** (gain_db / 40.0)
        k = 1.0 / q
        if kind < 0.0:
            _set_stage(lanes, band + 1, lane, g, k, 1.0, 0.0, 0.0)
        elif kind == 0.0:
            _set_stage(lanes, band + 1, lane, g / math.sqrt(a), k, 1.0, k * (a - 1.0), a * a - 1.0)
        elif kind == 1.0:
            k /= a
            _set_stage(lanes, band + 1, lane, g, k, 1.0, k * (a * a - 1.0), 0.0)
        else:
            _set_stage(lanes, band + 1, lane, g * math.sqrt(a), k, a * a, k * (1.0 - a) * a, 1.0 - a * a)
    cells = L.CELL / rate
    threshold = get_float(raw, L.RAW_COMPRESSOR)
    ratio = max(get_float(raw, L.RAW_COMPRESSOR + 1), 1.0)
    attack = get_float(raw, L.RAW_COMPRESSOR + 2)
    release = get_float(raw, L.RAW_COMPRESSOR + 3)
    set_sample(lanes + 64 * L.R_THRESHOLD, lane, threshold / DB_PER_OCTAVE)
    set_sample(lanes + 64 * L.R_SLOPE, lane, 1.0 - 1.0 / ratio)
    set_sample(lanes + 64 * L.R_ATTACK, lane, math.exp(-cells / attack) if attack > 1e-6 else 0.0)
    set_sample(lanes + 64 * L.R_RELEASE, lane, math.exp(-cells / release) if release > 1e-6 else 0.0)
    makeup = get_float(raw, L.RAW_COMPRESSOR + 4) if ratio > 1.0 else 0.0
    set_sample(lanes + 64 * L.R_MAKEUP_TARGET, lane, makeup / DB_PER_OCTAVE)


@njit(nogil=True, error_model="numpy")
def settle(lanes: int, lane: int) -> None:
    """Put a lane at its targets at once, with empty filters: a track that begins."""
    for side in range(2):
        at = lane + L.LANES * side
        for stage in range(L.STAGES):
            base = lanes + 64 * L.STAGE_ROWS * stage
            for row in range(5):
                set_sample(base, L.ROW * row + at, get_sample(base, L.ROW * (row + L.R_TARGET) + at))
            set_sample(base, L.ROW * L.R_IC1 + at, 0.0)
            set_sample(base, L.ROW * L.R_IC2 + at, 0.0)
    set_sample(lanes + 64 * L.R_MAKEUP, lane, get_sample(lanes + 64 * L.R_MAKEUP_TARGET, lane))
    set_sample(lanes + 64 * L.R_GAIN, lane, 2.0 ** get_sample(lanes + 64 * L.R_MAKEUP_TARGET, lane))
    set_sample(lanes + 64 * L.R_REDUCTION, lane, 0.0)
    set_sample(lanes + 64 * L.R_STEP, lane, 0.0)
    set_sample(lanes + 64 * L.R_LEVEL, lane, 0.0)


@njit(nogil=True, error_model="numpy")
def _glide(base: int, coefficient: float) -> bool:
    """One step of a stage's settings towards their targets; False once they are there."""
    moving = False
    c = fill16(coefficient)
    near = fill16(SETTLED)
    for row in range(5):
        now = load16(base, L.ROW * row)
        target = load16(base, L.ROW * (row + L.R_TARGET))
        away = now - target
        far = above(magnitude(away), near)
        moving = moving or anywhere(far)
        store16(base, L.ROW * row, choose(far, target + c * away, target))
    return moving


@njit(nogil=True, error_model="numpy")
def _unsettled(base: int) -> bool:
    """True while any setting of the stage differs from its target."""
    nothing = fill16(0.0)
    for row in range(5):
        away = load16(base, L.ROW * row) - load16(base, L.ROW * (row + L.R_TARGET))
        if anywhere(above(magnitude(away), nothing)):
            return True
    return False


@njit(nogil=True, error_model="numpy")
def _filter(x: int, frames: int, base: int) -> None:
    """One stage over rows of sixteen lanes, in place."""
    g, k = load16(base, 0), load16(base, L.ROW)
    m0, m1, m2 = load16(base, 2 * L.ROW), load16(base, 3 * L.ROW), load16(base, 4 * L.ROW)
    s1, s2 = load16(base, L.R_IC1 * L.ROW), load16(base, L.R_IC2 * L.ROW)
    two = fill16(2.0)
    a1 = fill16(1.0) / (fill16(1.0) + g * (g + k))
    a2 = g * a1
    a3 = g * a2
    for i in range(frames):
        v0 = load16(x, L.ROW * i)
        v3 = v0 - s2
        v1 = a1 * s1 + a2 * v3
        v2 = s2 + (a2 * s1 + a3 * v3)
        s1 = two * v1 - s1
        s2 = two * v2 - s2
        store16(x, L.ROW * i, m0 * v0 + (m1 * v1 + m2 * v2))
    tiny, nothing = fill16(TINY), fill16(0.0)
    store16(base, L.R_IC1 * L.ROW, choose(above(magnitude(s1), tiny), s1, nothing))
    store16(base, L.R_IC2 * L.ROW, choose(above(magnitude(s2), tiny), s2, nothing))


@njit(nogil=True, error_model="numpy")
def _filter_two(x: int, frames: int, first: int, second: int) -> None:
    """Two stages in one pass: each recursion waits for its last result, and the other one fills the time."""
    two, one = fill16(2.0), fill16(1.0)
    g, k = load16(first, 0), load16(first, L.ROW)
    m0, m1, m2 = load16(first, 2 * L.ROW), load16(first, 3 * L.ROW), load16(first, 4 * L.ROW)
    s1, s2 = load16(first, L.R_IC1 * L.ROW), load16(first, L.R_IC2 * L.ROW)
    a1 = one / (one + g * (g + k))
    a2 = g * a1
    a3 = g * a2
    h, j = load16(second, 0), load16(second, L.ROW)
    n0, n1, n2 = load16(second, 2 * L.ROW), load16(second, 3 * L.ROW), load16(second, 4 * L.ROW)
    r1, r2 = load16(second, L.R_IC1 * L.ROW), load16(second, L.R_IC2 * L.ROW)
    b1 = one / (one + h * (h + j))
    b2 = h * b1
    b3 = h * b2
    for i in range(frames):
        v0 = load16(x, L.ROW * i)
        v3 = v0 - s2
        v1 = a1 * s1 + a2 * v3
        v2 = s2 + (a2 * s1 + a3 * v3)
        s1 = two * v1 - s1
        s2 = two * v2 - s2
        u0 = m0 * v0 + (m1 * v1 + m2 * v2)
        u3 = u0 - r2
        u1 = b1 * r1 + b2 * u3
        u2 = r2 + (b2 * r1 + b3 * u3)
        r1 = two * u1 - r1
        r2 = two * u2 - r2
        store16(x, L.ROW * i, n0 * u0 + (n1 * u1 + n2 * u2))
    tiny, nothing = fill16(TINY), fill16(0.0)
    store16(first, L.R_IC1 * L.ROW, choose(above(magnitude(s1), tiny), s1, nothing))
    store16(first, L.R_IC2 * L.ROW, choose(above(magnitude(s2), tiny), s2, nothing))
    store16(second, L.R_IC1 * L.ROW, choose(above(magnitude(r1), tiny), r1, nothing))
    store16(second, L.R_IC2 * L.ROW, choose(above(magnitude(r2), tiny), r2, nothing))


@njit(nogil=True, error_model="numpy")
def _filter_gliding(x: int, tick: int, frames: int, base: int, coefficient: float) -> None:
    """A stage whose settings move: one step at each `GLIDE_CELL`."""
    i = 0
    moving = True
    while i < frames:
        run = min(frames - i, L.GLIDE_CELL - (tick + i) % L.GLIDE_CELL) if moving else frames - i
        if moving and (tick + i) % L.GLIDE_CELL == 0:
            moving = _glide(base, coefficient)
            run = min(frames - i, L.GLIDE_CELL) if moving else frames - i
        _filter(x + 64 * i, run, base)
        i += run


@njit(nogil=True, error_model="numpy")
def equalise(lanes: int, stages: int, tick: int, frames: int, coefficient: float) -> None:
    """The filter stages of the bit mask `stages` over a chunk, in place."""
    x = bench_of(lanes) + 64 * L.B_X
    waiting = 0
    for stage in range(L.STAGES):
        if (stages >> stage) & 1 == 0:
            continue
        base = lanes + 64 * L.STAGE_ROWS * stage
        if _unsettled(base):
            if waiting != 0:
                _filter(x, frames, waiting)
                waiting = 0
            _filter_gliding(x, tick, frames, base, coefficient)
        elif waiting != 0:
            _filter_two(x, frames, waiting, base)
            waiting = 0
        else:
            waiting = base
    if waiting != 0:
        _filter(x, frames, waiting)


@njit(nogil=True, error_model="numpy")
def _detect(lanes: int, peak: float, coefficient: float) -> None:
    """End of a cell: the next ramp of the gain, from the cell's peak."""
    threshold, slope = load8(lanes + 64 * L.R_THRESHOLD, 0), load8(lanes + 64 * L.R_SLOPE, 0)
    attack, release = load8(lanes + 64 * L.R_ATTACK, 0), load8(lanes + 64 * L.R_RELEASE, 0)
    reduction, gain = load8(lanes + 64 * L.R_REDUCTION, 0), load8(lanes + 64 * L.R_GAIN, 0)
    nothing, half = fill8(0.0), fill8(0.5 * KNEE)
    over = fast_log2(larger(peak, fill8(1e-6))) - threshold
    bent = over + half
    wanted = slope * choose(above(over, half), over, bent * bent * fill8(0.5 / KNEE))
    wanted = choose(above(bent, nothing), wanted, nothing)
    a = choose(above(wanted, reduction), attack, release)
    reduction = wanted + a * (reduction - wanted)
    reduction = choose(above(reduction, fill8(1e-7)), reduction, nothing)
    makeup, target = load8(lanes + 64 * L.R_MAKEUP, 0), load8(lanes + 64 * L.R_MAKEUP_TARGET, 0)
    away = makeup - target
    makeup = choose(above(magnitude(away), fill8(1e-5)), target + fill8(coefficient) * away, target)
    exponent = makeup - reduction
    still = below(magnitude(exponent), fill8(1e-9))
    goal = choose(still, fill8(1.0), fast_exp2(smaller(larger(exponent, fill8(-60.0)), fill8(20.0))))
    store8(lanes + 64 * L.R_MAKEUP, 0, makeup)
    store8(lanes + 64 * L.R_REDUCTION, 0, reduction)
    # The gain starts where the last ramp meant to end, so that rounding does not add up.
    store8(lanes + 64 * L.R_STEP, 0, (goal - gain) * fill8(1.0 / L.CELL))


@njit(nogil=True, error_model="numpy")
def compress(lanes: int, tick: int, frames: int, coefficient: float) -> None:
    """The compressors of eight tracks over a chunk, in place, each linked over its two sides."""
    x = bench_of(lanes) + 64 * L.B_X
    gain, step = load8(lanes + 64 * L.R_GAIN, 0), load8(lanes + 64 * L.R_STEP, 0)
    peak = load8(lanes + 64 * L.R_LEVEL, 0)
    i = 0
    while i < frames:
        if (tick + i) % L.CELL == 0:
            store8(lanes + 64 * L.R_GAIN, 0, gain)
            _detect(lanes, peak, coefficient)
            step = load8(lanes + 64 * L.R_STEP, 0)
            peak = fill8(0.0)
        run = min(frames - i, L.CELL - (tick + i) % L.CELL)
        for k in range(i, i + run):
            left, right = load8(x, L.ROW * k), load8(x, L.ROW * k + L.LANES)
            peak = larger(peak, larger(magnitude(left), magnitude(right)))
            gain = gain + step
            store16(x, L.ROW * k, join(left * gain, right * gain))
        i += run
    store8(lanes + 64 * L.R_GAIN, 0, gain)
    store8(lanes + 64 * L.R_STEP, 0, step)
    store8(lanes + 64 * L.R_LEVEL, 0, peak)


@njit(nogil=True, error_model="numpy")
def guard(lanes: int, frames: int) -> bool:
    """Silence what is no sound; True when there was any, with the count of each lane in `R_BAD`."""
    x = bench_of(lanes) + 64 * L.B_X
    nothing, one = fill16(0.0), fill16(1.0)
    energy = nothing
    for i in range(frames):
        v = load16(x, L.ROW * i)
        energy = energy + v * v
    # The sum is infinite or no number when a sample was, or when its square was.
    if not anywhere(above(choose(below(energy, fill16(L.LOUDEST * L.LOUDEST * 100.0)), nothing, one), nothing)):
        return False
    bad = nothing
    for i in range(frames):
        v = load16(x, L.ROW * i)
        fine = below(magnitude(v), fill16(L.LOUDEST))
        store16(x, L.ROW * i, choose(fine, v, nothing))
        bad = bad + choose(fine, nothing, one)
    store16(lanes + 64 * L.R_BAD, 0, bad)
    return True


@njit(nogil=True, error_model="numpy")
def fade(plan: int, lanes: int, direct: int, tick: int, frames: int) -> None:
    """Faders, meters, and the sum of what goes straight to the master, added to ``(2, capacity)`` at `direct`.

    `direct` is where the chunk starts in the buffer, 0 for none.
    """
    x = bench_of(lanes) + 64 * L.B_X
    capacity = get_int(plan, L.P_CAPACITY)
    gain, target = load16(lanes + 64 * L.R_FADER, 0), load16(lanes + 64 * L.R_FADER_TARGET, 0)
    share, share_target = load16(lanes + 64 * L.R_DIRECT, 0), load16(lanes + 64 * L.R_DIRECT_TARGET, 0)
    peak, power = load16(lanes + 64 * L.R_PEAK, 0), fill16(0.0)
    nothing = fill16(0.0)
    moving = anywhere(above(magnitude(gain - target), nothing))
    moving = moving or anywhere(above(magnitude(share - share_target), nothing))
    c, near = fill16(get_float(plan, L.P_GLIDE)), fill16(SETTLED)
    for i in range(frames):
        if moving:
            away = gain - target
            gain = choose(above(magnitude(away), near), target + c * away, target)
            away = share - share_target
            share = choose(above(magnitude(away), near), share_target + c * away, share_target)
        y = load16(x, L.ROW * i) * gain
        store16(x, L.ROW * i, y)
        peak = larger(peak, magnitude(y))
        power = power + y * y
        if direct != 0:
            sent = y * share
            set_sample(direct, i, total(lower_half(sent)))
            set_sample(direct, capacity + i, total(upper_half(sent)))
    store16(lanes + 64 * L.R_FADER, 0, gain)
    store16(lanes + 64 * L.R_DIRECT, 0, share)
    if (tick + frames) % L.PEAK_WINDOW == 0:
        store16(lanes + 64 * L.R_PEAK_LAST, 0, peak)
        peak = nothing
    store16(lanes + 64 * L.R_PEAK, 0, peak)
    mean = load16(lanes + 64 * L.R_MEAN, 0)
    keep = get_float(plan, L.P_MEAN) ** (frames / L.CHUNK)
    mean = fill16(keep) * mean + fill16((1.0 - keep) / frames) * power
    store16(lanes + 64 * L.R_MEAN, 0, choose(above(mean, fill16(TINY)), mean, nothing))


@njit(nogil=True, error_model="numpy")
def forget(lanes: int, lane: int) -> None:
    """Empty the filters of a lane and let go of its compressor; its settings stay."""
    for side in range(2):
        for stage in range(L.STAGES):
            base = lanes + 64 * L.STAGE_ROWS * stage + 4 * (lane + L.LANES * side)
            set_sample(base, L.ROW * L.R_IC1, 0.0)
            set_sample(base, L.ROW * L.R_IC2, 0.0)
    makeup = get_sample(lanes + 64 * L.R_MAKEUP, lane)
    set_sample(lanes + 64 * L.R_GAIN, lane, 2.0**makeup)
    for row in (L.R_REDUCTION, L.R_STEP, L.R_LEVEL):
        set_sample(lanes + 64 * row, lane, 0.0)


@njit(nogil=True, error_model="numpy")
def write_meters(group: int) -> None:
    """Publish the meters of a group."""
    lanes = get_int(group, L.G_LANES_AT)
    for lane in range(L.LANES):
        node = get_int(group, L.G_NODES + lane)
        if node == 0:
            continue
        meter = get_int(node, L.N_METER_AT)
        for side in range(2):
            at = lane + L.LANES * side
            peak = max(get_sample(lanes + 64 * L.R_PEAK, at), get_sample(lanes + 64 * L.R_PEAK_LAST, at))
            set_float(meter, L.METER_PEAK + side, peak)
            set_float(meter, L.METER_MEAN + side, get_sample(lanes + 64 * L.R_MEAN, at))
        set_float(meter, L.METER_REDUCTION, DB_PER_OCTAVE * get_sample(lanes + 64 * L.R_REDUCTION, lane))
