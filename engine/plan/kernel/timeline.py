"""From the steady clock to frames on the timeline: seeks, stops and loops, without a break in any track.

The clock counts ticks and never stops or jumps. A list of segments says which frame sounds at which tick; a seek is a
new segment, placed far enough ahead that no track has read past it, however far it reads ahead. Before a jump the last
frames fade over to what precedes its target, so that the sound after the jump is untouched from its first sample.
"""

from __future__ import annotations

from numba import njit

from engine.dsp.memory import get_int, set_int, set_sample
from engine.plan.kernel import layout as L

NOTHING = -(1 << 62)
"""In place of a frame: silence."""
COMPLEX = -1
"""The ticks do not read one run of frames: look at each."""
TRIES = 4
"""How often another place for a change of the loop is looked for."""


@njit(nogil=True, error_model="numpy")
def segment_at(session: int, tick: int) -> int:
    """Address of the segment that holds `tick`."""
    count = get_int(session, L.S_SEGMENTS)
    first = session + 8 * L.S_FIRST_SEGMENT
    k = count - 1
    while k > 0 and get_int(first + 8 * L.SEGMENT_WORDS * k, L.T_TICK) > tick:
        k -= 1
    return first + 8 * L.SEGMENT_WORDS * k


@njit(nogil=True, error_model="numpy")
def next_segment(session: int, segment: int) -> int:
    """Address of the segment after `segment`; 0 for none."""
    after = segment + 8 * L.SEGMENT_WORDS
    last = session + 8 * (L.S_FIRST_SEGMENT + L.SEGMENT_WORDS * get_int(session, L.S_SEGMENTS))
    return after if after < last else 0


@njit(nogil=True, error_model="numpy")
def loops(segment: int) -> bool:
    """True while the segment wraps."""
    start, end = get_int(segment, L.T_LOOP_START), get_int(segment, L.T_LOOP_END)
    return get_int(segment, L.T_MODE) == L.RUNNING and end > start and get_int(segment, L.T_FRAME) < end


@njit(nogil=True, error_model="numpy")
def frame_in(segment: int, tick: int) -> int:
    """The timeline frame at `tick`; a stopped segment stays where it is."""
    frame = get_int(segment, L.T_FRAME)
    if get_int(segment, L.T_MODE) == L.STOPPED:
        return frame
    frame += tick - get_int(segment, L.T_TICK)
    if loops(segment):
        start, end = get_int(segment, L.T_LOOP_START), get_int(segment, L.T_LOOP_END)
        if frame >= end:
            frame = start + (frame - end) % (end - start)
    return frame


@njit(nogil=True, error_model="numpy")
def frame_at(session: int, tick: int) -> int:
    """The timeline frame at `tick`."""
    return frame_in(segment_at(session, tick), tick)


@njit(nogil=True, error_model="numpy")
def locate(session: int, tick: int, frames: int, bench: int) -> int:
    """What the clips of a node read in ``[tick, tick + frames)``.

    Returns:
        The first frame of one run, `NOTHING` for silence, or `COMPLEX`: then the rows `B_FRAMES`, `B_FRAMES_NEXT` and
        `B_WEIGHT` of `bench` hold, for each tick, the frame, the frame that fades in (`NOTHING` for silence), and the
        weight of the first one.
    """
    segment = segment_at(session, tick)
    after = next_segment(session, segment)
    mode = get_int(segment, L.T_MODE)
    end = tick + frames
    fade = get_int(session, L.S_FADE)
    clear = after == 0
    if not clear:
        lead = 0 if get_int(after, L.T_CUT) else fade
        clear = end <= get_int(after, L.T_TICK) - lead
    if clear and mode != L.RUNNING:
        return NOTHING
    if clear:
        frame = frame_in(segment, tick)
        if not loops(segment):
            return frame
        loop_end = get_int(segment, L.T_LOOP_END)
        if frame + frames <= loop_end - min(fade, loop_end - get_int(segment, L.T_LOOP_START)):
            return frame
    now = bench + 64 * L.B_FRAMES
    coming = bench + 64 * L.B_FRAMES_NEXT
    weights = bench + 64 * L.B_WEIGHT
    for i in range(frames):
        t = tick + i
        while after != 0 and t >= get_int(after, L.T_TICK):
            segment = after
            after = next_segment(session, segment)
        running = get_int(segment, L.T_MODE) == L.RUNNING
        frame = frame_in(segment, t) if running else NOTHING
        other = NOTHING
        weight = 1.0
        left = get_int(after, L.T_TICK) - t if after != 0 else 0
        if after != 0 and left <= fade and get_int(after, L.T_CUT) == 0:
            weight = left / fade
            if running:
                # It does not wrap any more: the fade over is its end.
                frame = frame_in(segment, t + left - fade) + fade - left
            if get_int(after, L.T_MODE) == L.RUNNING:
                other = get_int(after, L.T_FRAME) - left
        elif running and loops(segment):
            loop_start, loop_end = get_int(segment, L.T_LOOP_START), get_int(segment, L.T_LOOP_END)
            length = min(fade, loop_end - loop_start)
            if frame > loop_end - length:
                weight = (loop_end - frame) / length
                other = loop_start - (loop_end - frame)
        set_int(now, i, frame)
        set_int(coming, i, other)
        set_sample(weights, i, weight)
    return COMPLEX


@njit(nogil=True, error_model="numpy")
def _forget(session: int, tick: int) -> None:
    """Drop segments that lie wholly before `tick`."""
    count = get_int(session, L.S_SEGMENTS)
    first = session + 8 * L.S_FIRST_SEGMENT
    drop = 0
    while drop + 1 < count and get_int(first + 8 * L.SEGMENT_WORDS * (drop + 1), L.T_TICK) <= tick:
        drop += 1
    if drop:
        for k in range((count - drop) * L.SEGMENT_WORDS):
            set_int(first, k, get_int(first, k + drop * L.SEGMENT_WORDS))
        set_int(session, L.S_SEGMENTS, count - drop)


@njit(nogil=True, error_model="numpy")
def append(session: int, tick: int, frame: int, loop_start: int, loop_end: int, mode: int, cut: int) -> None:
    """Add a segment; one that starts at the same tick is replaced."""
    count = get_int(session, L.S_SEGMENTS)
    first = session + 8 * L.S_FIRST_SEGMENT
    if count and get_int(first + 8 * L.SEGMENT_WORDS * (count - 1), L.T_TICK) >= tick:
        count -= 1
    segment = first + 8 * L.SEGMENT_WORDS * count
    epoch = get_int(session, L.S_EPOCH) + 1
    set_int(segment, L.T_TICK, tick)
    set_int(segment, L.T_FRAME, frame)
    set_int(segment, L.T_LOOP_START, loop_start)
    set_int(segment, L.T_LOOP_END, loop_end)
    set_int(segment, L.T_MODE, mode)
    set_int(segment, L.T_CUT, cut)
    set_int(segment, L.T_EPOCH, epoch)
    set_int(session, L.S_SEGMENTS, count + 1)
    set_int(session, L.S_EPOCH, epoch)


@njit(nogil=True, error_model="numpy")
def _until_wrapped(frame: int, start: int, end: int, fade: int) -> int:
    """Frames until the fade over at the end of a loop is past, for one who is in the midst of it; else 0."""
    return end - frame if end > start and end - min(fade, end - start) < frame < end else 0


@njit(nogil=True, error_model="numpy")
def _jump_from(segment: int, at: int, fade: int) -> int:
    """The first tick from `at` on for a jump, which fades over before: not while a loop does so."""
    if not loops(segment):
        return at
    start, end = get_int(segment, L.T_LOOP_START), get_int(segment, L.T_LOOP_END)
    return at + _until_wrapped(frame_in(segment, at - fade), start, end, fade)


@njit(nogil=True, error_model="numpy")
def _change_loop_at(segment: int, at: int, loop_start: int, loop_end: int, fade: int) -> int:
    """The first tick from `at` on for another loop: not while the old one fades over, or the new one would."""
    for _ in range(TRIES):
        frame, wait = frame_in(segment, at), 0
        if loops(segment):
            start, end = get_int(segment, L.T_LOOP_START), get_int(segment, L.T_LOOP_END)
            wait = _until_wrapped(frame, start, end, fade)
        if wait == 0:
            wait = _until_wrapped(frame, loop_start, loop_end, fade)
        if wait == 0:
            break
        at += wait
    return at


@njit(nogil=True, error_model="numpy")
def follow_requests(session: int, latency: int) -> None:
    """Turn what the control thread asked for into segments; called at the start of a block."""
    tick = get_int(session, L.S_TICK)
    _forget(session, tick)
    fade = get_int(session, L.S_FADE)
    count = get_int(session, L.S_SEGMENTS)
    last = session + 8 * (L.S_FIRST_SEGMENT + L.SEGMENT_WORDS * (count - 1))
    if count + 3 > L.SEGMENT_ROOM:
        return
    # Beyond what any track has read, and beyond the jump before this one.
    at = max(tick + latency + fade, get_int(last, L.T_TICK) + fade)
    loop = get_int(session, L.S_LOOP)
    loop_start, loop_end = get_int(session, L.S_LOOP_START), get_int(session, L.S_LOOP_END)
    serial = get_int(session, L.S_REQUEST)
    if serial != get_int(session, L.S_REQUEST_DONE):
        mode = get_int(session, L.S_REQUEST_MODE)
        frame = get_int(session, L.S_REQUEST_FRAME)
        lead = get_int(session, L.S_REQUEST_COUNT_IN)
        at = _jump_from(last, at, fade)
        given = frame >= 0
        if not given:
            frame = frame_in(last, at)
        if mode == L.RUNNING:
            if _until_wrapped(frame, loop_start, loop_end, fade) > 0:
                # In the last moment of the loop: from where its end begins.
                frame = loop_end - min(fade, loop_end - loop_start)
            if given:
                # The grids stand at the same frames as in a render from there.
                later = at + (frame - at) % L.CHUNK
                if _jump_from(last, later, fade) == later:
                    at = later
        if lead > 0 and mode == L.RUNNING:
            append(session, at, frame - lead, 0, 0, L.COUNTING, 0)
            at += max(lead, fade)
        append(session, at, frame, loop_start, loop_end, mode, 0)
        set_int(session, L.S_REQUEST_DONE, serial)
        set_int(session, L.S_LOOP_DONE, loop)
    elif loop != get_int(session, L.S_LOOP_DONE):
        if get_int(last, L.T_MODE) == L.RUNNING:
            at = _change_loop_at(last, at, loop_start, loop_end, fade)
            append(session, at, frame_in(last, at), loop_start, loop_end, L.RUNNING, 1)
        set_int(session, L.S_LOOP_DONE, loop)


@njit(nogil=True, error_model="numpy")
def publish(session: int) -> None:
    """Write the play-head, for the control thread to read."""
    tick = get_int(session, L.S_TICK)
    segment = segment_at(session, tick)
    set_int(session, L.S_FRAME, frame_in(segment, tick))
    set_int(session, L.S_MODE, get_int(segment, L.T_MODE))


@njit(nogil=True, error_model="numpy")
def start(session: int, tick: int, frame: int, loop_start: int, loop_end: int, mode: int) -> None:
    """Begin afresh: silence up to `tick`, then `frame` without a fade."""
    set_int(session, L.S_SEGMENTS, 0)
    append(session, -(1 << 60), frame, 0, 0, L.STOPPED, 0)
    append(session, tick, frame, loop_start, loop_end, mode, 1)
