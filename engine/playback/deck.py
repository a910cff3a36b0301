"""The memory that the control thread, the device callback and the monitor share: one array of 64-bit words with rings
behind them, and no lock.

Each word has one writer. A command that needs several words ends with the one that the callback looks at, which
`engine.playback.native.store` writes. Frames of the device are counted from the opening of the device and never wrap.
"""

from __future__ import annotations

import itertools
import time

import numpy as np
import numpy.typing as npt

from engine.plan.kernel import watch
from engine.playback import late, native, resampling
from engine.types import Audio

_slot = itertools.count().__next__

# -- written by the control thread
RENDER = _slot()
"""Address of the block function of `engine.plan`; 0 is silence."""
SESSION = _slot()
"""What it is called with."""
OPEN = _slot()
"""1 lets sound through; a change ramps."""
PROBE = _slot()
"""Address of a test signal, float32, added to all channels."""
PROBE_FRAMES = _slot()
PROBE_SERIAL = _slot()
"""A new number starts the test signal."""
DIAGNOSIS = _slot()
"""Address of ``int64 f(void)``, called when the callback begins and when it ends; 0 is none. For tests."""
RATE = _slot()
"""Hz of the device."""
UP = _slot()
DOWN = _slot()
"""Ratio of the converter; equal when there is none."""
ROWS = _slot()
"""Address of the converter's filter, float32."""
TAPS = _slot()
CHANNELS = _slot()
INPUTS = _slot()
"""Channels of the device's input, 0 without."""
INPUT_LEFT = _slot()
INPUT_RIGHT = _slot()
"""Which of them are kept; equal for mono."""
RAMP = _slot()
"""Frames of the ramps of OPEN, and of the way back after a gap."""

# -- written by the callback
CALLS = _slot()
CLOCK = _slot()
"""Frames that the device has been given."""
STAMP = _slot()
"""Time of the last callback in ns of `native.clock_ns`."""
BLOCK = _slot()
"""Frames of the last callback."""
GAIN = _slot()
"""Of the ramp, 0 ... RAMP."""
HEARD = _slot()
"""Frames in the master ring so far, and in the input ring, at the rate of the device: equal to CLOCK between two
callbacks."""
RENDERED = _slot()
"""Frames that SESSION has rendered since the callback first saw it."""
ATTACHED = _slot()
"""SESSION as the callback last saw it."""
ANCHOR = _slot()
"""CLOCK when RENDERED was 0."""
PROBE_DONE = _slot()
"""Frames of the test signal that have gone out."""
PROBE_STARTED = _slot()
"""The last serial that was begun."""
PROBE_CLOCK = _slot()
"""CLOCK of its first frame."""
PHASE = _slot()
"""State of the converter."""
XRUNS_OWN = _slot()
"""Blocks that came late by our own doing."""
XRUNS_DRIVER = _slot()
"""Gaps that the driver reported without a late block of ours."""
WAITED_OWN = _slot()
"""Those of XRUNS_OWN in which the thread waited; in the others it computed too long."""
XRUNS_SYSTEM = _slot()
"""Blocks that came late because the processor was given to others, or taken away."""
XRUNS_HOST = _slot()
"""Those of XRUNS_SYSTEM that the thread's clock takes for computing: a stage of the block leapt, see
`engine.plan.kernel.watch`."""
BLAMED = _slot()
"""1 when the callback before came late: the gap that the driver reports next is that one."""
UNSURE = _slot()
"""How many of the last blocks came late by leaps of one stage: whose they were is seen by whether it goes on."""
LEAPT_BEFORE = _slot()
"""`V_STAGE` of the callback before."""
LEAPT_RUN = _slot()
"""For how many callbacks it has been that stage."""
LATE = _slot()
"""How many late blocks `LATE_AT` has told of so far: all but those in which the thread's own clock stood."""
PROCESSOR = _slot()
"""Number of the processor that ran the last callback."""
MOVES = _slot()
"""How often it was another one than for the callback before."""
THREAD = _slot()
"""The system's number of the device's thread."""
PEAK_LEFT = _slot()
PEAK_RIGHT = _slot()
"""float64: highest input of late, linear."""
LOAD = _slot()
"""float64: time that callbacks take over the time they have, smoothed."""
DIAGNOSED_MOST = _slot()
"""The largest answer of DIAGNOSIS at the beginning."""
DIAGNOSED_SUM = _slot()
"""Sum over all callbacks of its answer at the end less that at the beginning."""
LAST = _slot()
"""Two float32: the last samples, for the fall to silence."""

LONGEST = 1024
"""Frames that are rendered at a time."""
LINE = 8192
"""Frames of the converter's line."""
RING = 1 << 17
"""Frames of the master ring; a power of two."""
INPUT_RING = 1 << 20
"""Frames of the input ring, 20 s; a power of two."""
DURATIONS = 1 << 16
"""How many callback times are kept."""
RAMP_S = 0.005

_at = 64
SCRATCH = _at
WATCH_AT = SCRATCH + native.SCRATCH_WORDS
"""`engine.plan.kernel.watch`."""
LATE_AT = WATCH_AT + watch.WATCH_WORDS
"""The last `RING` of them, as `engine.playback.late` says."""
BLOCK_AT = LATE_AT + late.RING * late.WORDS
"""``(2, LONGEST) float32``: a block of the device."""
LINE_AT = BLOCK_AT + LONGEST
"""``(2, LINE) float32``."""
MASTER_AT = LINE_AT + LINE
"""``(RING, 2) float32``."""
INPUT_AT = MASTER_AT + RING
"""``(INPUT_RING, 2) float32``."""
DURATIONS_AT = INPUT_AT + INPUT_RING
"""``(DURATIONS,) int64``, ns."""
WORDS = DURATIONS_AT + DURATIONS


class Deck:
    """The control thread's side.

    The device must not run while `open` is called.
    """

    def __init__(self) -> None:
        self.memory = np.zeros(WORDS, dtype=np.int64)
        self.address = int(self.memory.ctypes.data)
        self._floats = self.memory.view(np.float64)
        self._master = self.memory[MASTER_AT : MASTER_AT + RING].view(np.float32).reshape(RING, 2)
        self._input = self.memory[INPUT_AT : INPUT_AT + INPUT_RING].view(np.float32).reshape(INPUT_RING, 2)
        self._rows = np.zeros((1, 1), dtype=np.float32)
        self._probe = np.zeros(1, dtype=np.float32)
        self._plan_rate = 48_000
        # Touched now: a page that the callback touches first would cost it a fault.
        self.memory[LINE_AT:] = 0
        self.open(rate=48_000, channels=2)

    def open(self, *, rate: int, channels: int, inputs: int = 0, kept: tuple[int, int] = (0, 0)) -> None:
        """Get ready for a device: all counts but those of the gaps begin at 0.

        Args:
            inputs: channels of its input.
            kept: which of them are left and right; equal for mono.
        """
        m = self.memory
        m[CALLS:XRUNS_OWN] = 0
        m[THREAD:SCRATCH] = 0
        m[BLAMED:THREAD] = 0
        # What stages usually take stays; but for the work on a device's whole block it is the same for any device.
        m[WATCH_AT : WATCH_AT + watch.V_CLASSES] = 0
        m[LINE_AT : LINE_AT + LINE] = 0
        m[RATE], m[CHANNELS], m[INPUTS] = rate, channels, inputs
        m[INPUT_LEFT], m[INPUT_RIGHT] = kept
        m[RAMP] = max(round(RAMP_S * rate), 1)
        m[PROBE_STARTED] = m[PROBE_SERIAL]
        self.set_plan_rate(self._plan_rate)

    def set_plan_rate(self, rate: int) -> None:
        """Rate of what `RENDER` gives; the device must not run, or not be connected."""
        self._plan_rate = rate
        self._rows = resampling.phases(rate, self.rate) if rate != self.rate else np.zeros((1, 1), dtype=np.float32)
        self.memory[LINE_AT : LINE_AT + LINE] = 0
        self.memory[PHASE] = 0
        self.memory[ROWS] = self._rows.ctypes.data
        self.memory[TAPS] = self._rows.shape[1]
        self.memory[UP], self.memory[DOWN] = resampling.ratio(rate, self.rate)

    @property
    def watch(self) -> int:
        """Address of the record in which what renders notes its stages."""
        return self.address + 8 * WATCH_AT

    @property
    def converter_delay_s(self) -> float:
        """By which the converter is late."""
        return resampling.delay_frames(self._rows) / self._plan_rate if self._plan_rate != self.rate else 0.0

    @property
    def rate(self) -> int:
        """Hz of the device."""
        return int(self.memory[RATE])

    @property
    def calls(self) -> int:
        """Callbacks so far."""
        return self.word(CALLS)

    @property
    def block_frames(self) -> int:
        """Frames of the last callback."""
        return self.word(BLOCK)

    @property
    def xruns_own(self) -> int:
        """Blocks that came late by our own doing."""
        return self.word(XRUNS_OWN)

    @property
    def xruns_system(self) -> int:
        """Blocks that came late because the processor was given to others, or taken away."""
        return self.word(XRUNS_SYSTEM)

    @property
    def xruns_host(self) -> int:
        """Those of `xruns_system` that the thread's own clock takes for computing."""
        return self.word(XRUNS_HOST)

    @property
    def xruns_driver(self) -> int:
        """Gaps that the driver reported without a late block of ours."""
        return self.word(XRUNS_DRIVER)

    def word(self, slot: int) -> int:
        """A word."""
        return int(self.memory[slot])

    def number(self, slot: int) -> float:
        """A word that holds a float64."""
        return float(self._floats[slot])

    @staticmethod
    def now_ns() -> int:
        """The clock of STAMP."""
        return int(native.clock_ns(native.scratch()))

    def put(self, slot: int, value: int) -> None:
        """Write a word that the callback looks at."""
        native.store(self.memory, slot, value)

    def connect(self, render: int, session: int) -> None:
        """Play what the C function at the address `render` makes of `session`."""
        self.memory[SESSION] = session
        self.put(RENDER, render)

    def disconnect(self, *, timeout_s: float = 0.5) -> None:
        """Ramp down and leave the session alone; returns when the callback has let go of it, or does not run."""
        self.put(OPEN, 0)
        deadline = time.monotonic() + timeout_s
        while self.word(GAIN) > 0 and time.monotonic() < deadline:
            time.sleep(0.001)
        self.put(RENDER, 0)
        calls = self.word(CALLS)
        while self.word(CALLS) < calls + 2 and time.monotonic() < deadline:
            time.sleep(0.001)

    def play_probe(self, signal: npt.NDArray[np.float32]) -> int:
        """Add a mono test signal to what sounds; its serial."""
        self._probe = np.ascontiguousarray(signal, dtype=np.float32)
        serial = self.word(PROBE_SERIAL) + 1
        self.memory[PROBE] = self._probe.ctypes.data
        self.memory[PROBE_FRAMES] = self._probe.size
        self.put(PROBE_SERIAL, serial)
        return serial

    def probe_over(self, serial: int) -> bool:
        """Whether the test signal with this serial has gone out."""
        started = self.word(PROBE_STARTED)
        return started > serial or (started == serial and self.word(PROBE_DONE) >= self.word(PROBE_FRAMES))

    def heard(self, since: int) -> tuple[Audio, int]:
        """What was handed to the device from frame `since` on, ``(2, frames)``, and where the next call goes on.

        Frames that the ring has not kept are left out: the first frame is ``next - frames``.
        """
        return _since(self._master, since, self.word(HEARD))

    def recorded(self, since: int) -> tuple[Audio, int]:
        """What came in, as `heard`; mono is on both sides."""
        return _since(self._input, since, self.word(CLOCK))

    @property
    def late_ring(self) -> npt.NDArray[np.int64]:
        """Records of late blocks, for `engine.playback.late.read`."""
        return self.memory[LATE_AT : LATE_AT + late.RING * late.WORDS]

    @property
    def usual(self) -> npt.NDArray[np.int64]:
        """What stages usually take here, as `engine.plan.kernel.watch` keeps it."""
        return self.memory[WATCH_AT + watch.V_TABLE : WATCH_AT + watch.V_LOG]

    def learn(self, usual: npt.NDArray[np.int64]) -> None:
        """Begin with what stages usually take on another deck; the device must not run."""
        self.usual[:] = usual

    @property
    def stages(self) -> npt.NDArray[np.int64]:
        """The time of each class of stages in ns, in all blocks so far."""
        return self.memory[WATCH_AT + watch.V_CLASSES : WATCH_AT + watch.V_TABLE]

    def durations_ns(self) -> npt.NDArray[np.int64]:
        """How long the last callbacks took, oldest first."""
        calls = self.word(CALLS)
        return self.memory[DURATIONS_AT + np.arange(max(calls - DURATIONS, 0), calls) % DURATIONS]


def _since(ring: npt.NDArray[np.float32], since: int, end: int) -> tuple[Audio, int]:
    size = ring.shape[0]
    # The quarter that the writer is about to overwrite is not looked at.
    start = max(since, end - size * 3 // 4, 0)
    rows = np.arange(start, end) % size
    return np.ascontiguousarray(ring[rows].T), end
