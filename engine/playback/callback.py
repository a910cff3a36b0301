"""The device callback: compiled, without the interpreter lock, without memory taken, without a lock.

It runs the current flat plan itself (`engine.plan`, through the address of its C function), converts the rate where
the device refuses the plan's, keeps what comes in, and counts what is late. PortAudio calls it as a C function
(`CALLBACK`), the silent clock calls `run`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray, cfunc, njit, types  # pyright: ignore[reportPrivateImportUsage]

from engine.plan.kernel import stages
from engine.plan.kernel import watch as w
from engine.playback import account, native, resampling
from engine.playback.deck import (
    ANCHOR,
    ATTACHED,
    BLAMED,
    BLOCK,
    BLOCK_AT,
    CALLS,
    CHANNELS,
    CLOCK,
    DIAGNOSED_MOST,
    DIAGNOSED_SUM,
    DIAGNOSIS,
    DOWN,
    GAIN,
    HEARD,
    INPUT_AT,
    INPUT_LEFT,
    INPUT_RIGHT,
    INPUT_RING,
    INPUTS,
    LAST,
    LINE,
    LINE_AT,
    LONGEST,
    MASTER_AT,
    OPEN,
    PEAK_LEFT,
    PHASE,
    PROBE,
    PROBE_CLOCK,
    PROBE_DONE,
    PROBE_FRAMES,
    PROBE_SERIAL,
    PROBE_STARTED,
    RAMP,
    RATE,
    RENDER,
    RENDERED,
    RING,
    ROWS,
    SCRATCH,
    SESSION,
    TAPS,
    THREAD,
    UP,
    WATCH_AT,
    WORDS,
    XRUNS_DRIVER,
)

OUTPUT_UNDERFLOW = 0x4
"""PortAudio's callback flag."""

UNSIGNED_LONG = types.uint32 if native.WINDOWS else types.uint64
"""C's ``unsigned long``."""

INPUT_FALL_S = 0.13


@njit(cache=True, nogil=True, error_model="numpy")
def _fill(memory: Any, block: Any, frames: int, clock: int) -> None:
    """The next `frames`, at most `LONGEST`, at the rate of the device into `block` ``(2, LONGEST) float32``."""
    render = native.load(memory.ctypes.data + 8 * RENDER)
    session = memory[SESSION]
    if render == 0:
        block[:, :frames] = np.float32(0.0)
        return
    if memory[ATTACHED] != session:
        memory[ATTACHED] = session
        memory[ANCHOR] = clock
        memory[RENDERED] = 0
    up, down = memory[UP], memory[DOWN]
    if up == down:
        left = block.ctypes.data
        native.call_render(render, session, left, left + 4 * LONGEST, 1, frames)
        memory[RENDERED] += frames
        return
    line = carray(native.samples(memory.ctypes.data + 8 * LINE_AT), (2, LINE))
    taps = memory[TAPS]
    rows = carray(native.samples(memory[ROWS]), (up, taps))
    done = 0
    while done < frames:
        # A slow device takes many frames of the plan for each of its own.
        count = min(frames - done, max(((LINE - taps - 1) * up) // down - 1, 1))
        need = resampling.wanted(memory[PHASE], up, down, count)
        if need > 0:
            left = line.ctypes.data + 4 * taps
            native.call_render(render, session, left, left + 4 * LINE, 1, need)
            memory[RENDERED] += need
        memory[PHASE] = resampling.convert(line, rows, memory[PHASE], up, down, block, done, count)
        done += count


@njit(cache=True, nogil=True, error_model="numpy")
def _shape(memory: Any, block: Any, frames: int) -> None:
    """Ramp in and out; what is shut off while sound was on dies away from the last samples instead."""
    last = carray(native.samples(memory.ctypes.data + 8 * LAST), (2,))
    ramp = memory[RAMP]
    gain = memory[GAIN]
    opened = memory[OPEN] != 0
    keep = np.float32(1.0) - np.float32(4.0) / np.float32(ramp)
    for i in range(frames):
        gain = min(gain + 1, ramp) if opened else max(gain - 1, 0)
        scale = np.float32(gain) / np.float32(ramp)
        for c in range(2):
            v = block[c, i] * scale
            if not abs(v) < 1e6:
                # A number that is none must not reach a loudspeaker, whatever made it.
                last[c] *= keep
                v = last[c]
            last[c] = v
            block[c, i] = v
    memory[GAIN] = gain


@njit(cache=True, nogil=True, error_model="numpy")
def _add_probe(memory: Any, block: Any, frames: int, clock: int) -> None:
    serial = native.load(memory.ctypes.data + 8 * PROBE_SERIAL)
    if serial != memory[PROBE_STARTED]:
        memory[PROBE_DONE] = 0
        memory[PROBE_CLOCK] = clock
        memory[PROBE_STARTED] = serial
    done = memory[PROBE_DONE]
    count = min(memory[PROBE_FRAMES] - done, frames)
    if count <= 0:
        return
    signal = carray(native.samples(memory[PROBE]), (done + count,))
    for i in range(count):
        for c in range(2):
            block[c, i] += signal[done + i]
    memory[PROBE_DONE] = done + count


@njit(cache=True, nogil=True, error_model="numpy")
def _keep_input(memory: Any, source: Any, frames: int) -> None:
    """Append the device's input ``(frames * INPUTS,) float32`` to the ring, the two channels that are kept."""
    channels = memory[INPUTS]
    first, second = memory[INPUT_LEFT], memory[INPUT_RIGHT]
    numbers = memory[PEAK_LEFT : PEAK_LEFT + 2].view(np.float64)
    fall = 1.0 - min(frames / (INPUT_FALL_S * memory[RATE]), 1.0)
    peak_left, peak_right = numbers[0] * fall, numbers[1] * fall
    ring = carray(native.samples(memory.ctypes.data + 8 * INPUT_AT), (INPUT_RING, 2))
    written = memory[CLOCK]
    for i in range(frames):
        left = source[i * channels + first]
        right = source[i * channels + second]
        peak_left = max(peak_left, abs(left))
        peak_right = max(peak_right, abs(right))
        at = (written + i) & (INPUT_RING - 1)
        ring[at, 0] = left
        ring[at, 1] = right
    numbers[0], numbers[1] = peak_left, peak_right


@njit(cache=True, nogil=True, error_model="numpy")
def run(memory: Any, out: Any, source: Any, frames: int, flags: int) -> None:
    """One callback.

    Args:
        memory: `engine.playback.deck.Deck.memory`.
        out: ``(frames * CHANNELS,) float32``, interleaved; filled.
        source: ``(frames * INPUTS,) float32``, interleaved input.
        flags: PortAudio's callback flags.
    """
    scratch = memory[SCRATCH : SCRATCH + native.SCRATCH_WORDS]
    watch = memory.ctypes.data + 8 * WATCH_AT
    began = native.clock_ns(scratch)
    w.begin(watch, began)
    computed = native.thread_ns(scratch)
    waited = native.waits(scratch)
    faults = native.faults(scratch)
    w.mark(watch, stages.ENTRY)
    diagnosis = memory[DIAGNOSIS]
    diagnosed = 0
    if diagnosis != 0:
        diagnosed = native.call_plain(diagnosis)
        memory[DIAGNOSED_MOST] = max(memory[DIAGNOSED_MOST], diagnosed)
    if memory[THREAD] == 0:
        memory[THREAD] = native.thread_id()
    if flags & OUTPUT_UNDERFLOW and memory[CALLS] > 0 and memory[BLAMED] == 0:
        memory[XRUNS_DRIVER] += 1
    if memory[INPUTS] > 0:
        _keep_input(memory, source, frames)
        w.mark(watch, stages.INPUT)
    channels = memory[CHANNELS]
    block = carray(native.samples(memory.ctypes.data + 8 * BLOCK_AT), (2, LONGEST))
    master = carray(native.samples(memory.ctypes.data + 8 * MASTER_AT), (RING, 2))
    done = 0
    while done < frames:
        count = min(frames - done, LONGEST)
        _fill(memory, block, count, memory[CLOCK] + done)
        w.mark(watch, stages.RATE)
        _shape(memory, block, count)
        _add_probe(memory, block, count, memory[CLOCK] + done)
        heard = memory[HEARD]
        for i in range(count):
            left, right = block[0, i], block[1, i]
            at = (heard + i) & (RING - 1)
            master[at, 0] = left
            master[at, 1] = right
            base = (done + i) * channels
            if channels == 1:
                out[base] = np.float32(0.5) * (left + right)
            else:
                out[base] = left
                out[base + 1] = right
                for c in range(2, channels):
                    out[base + c] = np.float32(0.0)
        memory[HEARD] = heard + count
        done += count
        if done < frames:
            w.mark(watch, stages.OUTPUT)
    memory[CLOCK] += frames
    memory[BLOCK] = frames
    if diagnosis != 0:
        memory[DIAGNOSED_SUM] += native.call_plain(diagnosis) - diagnosed
    account.settle(memory, scratch, frames, began, computed, waited, faults)


@cfunc(
    types.int32(
        types.CPointer(types.float32),
        types.CPointer(types.float32),
        UNSIGNED_LONG,
        types.voidptr,
        UNSIGNED_LONG,
        types.CPointer(types.int64),
    ),
    cache=True,
)
def CALLBACK(source: Any, output: Any, frames: Any, when: Any, flags: Any, user: Any) -> int:
    """PortAudio's stream callback; `user` is `Deck.address`. It always goes on."""
    memory = carray(user, (WORDS,), np.int64)
    out = carray(output, (frames * memory[CHANNELS],), np.float32)
    held = carray(source, (frames * memory[INPUTS],), np.float32)
    run(memory, out, held, int(frames), int(flags))
    return 0
