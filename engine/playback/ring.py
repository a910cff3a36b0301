"""The ring between the render thread and the device: one writer, one reader, no lock.

The reader is compiled and needs no interpreter lock: PortAudio calls it as a C function (`CALLBACK`), the silent
clock calls `pull`. It does nothing but copy, ramp and count.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numba import carray, cfunc, njit, types  # pyright: ignore[reportPrivateImportUsage]

from engine.types import Audio

FRAMES = 1 << 16
"""Frames that the ring holds; a power of two."""

HEADER = 64
WRITTEN, READ, WANTED, GAIN, XRUNS, CALLS, EPOCH_ASKED, EPOCH_DONE, JUMP_TO, ENDING, CHANNELS, RAMP, STARVED, BLOCK = (
    range(14)
)
"""Slots of the header. Frames are counted from the start of the process and never wrap.

The render thread writes WRITTEN, WANTED, EPOCH_ASKED, JUMP_TO, ENDING; the reader writes READ, GAIN, XRUNS, CALLS,
EPOCH_DONE, STARVED, BLOCK.
"""

LAST = 32
"""Slot that holds the last two samples as float32."""

OUTPUT_UNDERFLOW = 0x4

UNSIGNED_LONG = types.uint32 if sys.platform == "win32" else types.uint64
"""C's ``unsigned long``."""


@njit(cache=True, nogil=True)
def pull(memory: Any, out: Any, count: int, flags: int) -> None:
    """Take the next `count` frames.

    Args:
        memory: ``(HEADER + FRAMES,) int64``: the header, then interleaved stereo float32.
        out: ``(count * channels,) float32``, interleaved.
        flags: PortAudio's callback flags.
    """
    samples = memory[HEADER:].view(np.float32)
    last = memory[LAST : LAST + 1].view(np.float32)
    channels = memory[CHANNELS]
    ramp = memory[RAMP]
    written = memory[WRITTEN]
    read = memory[READ]
    gain = memory[GAIN]
    starved = memory[STARVED]
    wanted = memory[WANTED]
    asked = memory[EPOCH_ASKED]
    jump = asked != memory[EPOCH_DONE]
    target = memory[JUMP_TO]
    mask = FRAMES - 1
    memory[CALLS] += 1
    memory[BLOCK] = count
    if flags & OUTPUT_UNDERFLOW and wanted:
        memory[XRUNS] += 1
    for i in range(count):
        if jump and (gain == 0 or read >= written):
            read = target
            gain = 0
            jump = False
            memory[EPOCH_DONE] = asked
        left = np.float32(0.0)
        right = np.float32(0.0)
        if read < written and (gain > 0 or (wanted and not jump)):
            gain = min(gain + 1, ramp) if wanted and not jump else gain - 1
            scale = np.float32(gain) / np.float32(ramp)
            at = 2 * (read & mask)
            left = samples[at] * scale
            right = samples[at + 1] * scale
            last[0], last[1] = left, right
            read += 1
            starved = 0
        else:
            if wanted and starved == 0 and not jump and memory[ENDING] == 0:
                memory[XRUNS] += 1
                starved = 1
            gain = 0
            # Nothing to play: let the last sample die away instead of cutting it off.
            keep = np.float32(1.0) - np.float32(4.0) / np.float32(ramp)
            last[0] *= keep
            last[1] *= keep
            if abs(last[0]) + abs(last[1]) < 1e-6:
                last[0] = last[1] = np.float32(0.0)
            left, right = last[0], last[1]
        if channels == 1:
            out[i] = np.float32(0.5) * (left + right)
        else:
            base = i * channels
            out[base] = left
            out[base + 1] = right
            for c in range(2, channels):
                out[base + c] = np.float32(0.0)
    memory[READ] = read
    memory[GAIN] = gain
    memory[STARVED] = starved


@cfunc(
    types.int32(
        types.voidptr,
        types.CPointer(types.float32),
        UNSIGNED_LONG,
        types.voidptr,
        UNSIGNED_LONG,
        types.CPointer(types.int64),
    ),
    cache=True,
)
def CALLBACK(source: Any, output: Any, frames: Any, when: Any, flags: Any, user: Any) -> int:
    """PortAudio's stream callback; `user` is the address of `Ring.memory`. It always goes on."""
    memory = carray(user, (HEADER + FRAMES,), np.int64)
    out = carray(output, (frames * memory[CHANNELS],), np.float32)
    pull(memory, out, frames, flags)
    return 0


class Ring:
    """The writer's side.

    Args:
        rate: Hz of the device.
        channels: of the device.
        ramp_s: length of the ramps at start, stop and jumps.
    """

    def __init__(self, *, rate: int, channels: int = 2, ramp_s: float = 0.005):
        self.memory = np.zeros(HEADER + FRAMES, dtype=np.int64)
        self.memory[CHANNELS] = channels
        self.memory[RAMP] = max(round(ramp_s * rate), 1)
        self._samples = self.memory[HEADER:].view(np.float32).reshape(FRAMES, 2)

    @property
    def written(self) -> int:
        """Frames written so far."""
        return int(self.memory[WRITTEN])

    @property
    def read(self) -> int:
        """Frames that the device took so far."""
        return int(self.memory[READ])

    @property
    def ahead(self) -> int:
        """Frames that are ready; while a jump is under way, those after its target."""
        if self.jumping:
            return self.written - int(self.memory[JUMP_TO])
        return self.written - self.read

    @property
    def jumping(self) -> bool:
        """True until the reader has followed the last `jump`."""
        return bool(self.memory[EPOCH_ASKED] != self.memory[EPOCH_DONE])

    @property
    def quiet(self) -> bool:
        """True once the reader has ramped down."""
        return bool(self.memory[GAIN] == 0)

    @property
    def xruns(self) -> int:
        """Gaps so far."""
        return int(self.memory[XRUNS])

    @property
    def calls(self) -> int:
        """Times that the device asked for sound."""
        return int(self.memory[CALLS])

    @property
    def block_frames(self) -> int:
        """Frames of the device's last request."""
        return int(self.memory[BLOCK])

    def write(self, block: Audio) -> None:
        """Append ``(2, frames) float32``; the caller keeps `ahead` below `FRAMES`."""
        start = self.written
        count = block.shape[1]
        at = start % FRAMES
        first = min(count, FRAMES - at)
        self._samples[at : at + first] = block[:, :first].T
        self._samples[: count - first] = block[:, first:].T
        # Published last: the reader never sees frames that are not there yet.
        self.memory[WRITTEN] = start + count

    def jump(self) -> None:
        """Let the reader ramp down, skip what is in the ring, and go on with what is written from now on."""
        self.memory[JUMP_TO] = self.written
        self.memory[EPOCH_ASKED] += 1

    def run(self, wanted: bool) -> None:
        """Let the reader play, or ramp down and hold."""
        self.memory[WANTED] = int(wanted)

    def ending(self, value: bool) -> None:
        """Say that nothing will follow, so that an empty ring is the end and no gap."""
        self.memory[ENDING] = int(value)
