"""One block of shared memory in which the engine process publishes and the window's process reads, without a lock.

A counter that is odd while the writer is at work tells a reader to look again (a sequence lock).
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from engine.plan.kernel.stages import CLASSES
from engine.playback import late
from engine.playback.messages import SPECTRUM_BANDS

MAX_TRACKS = 1024
METER_FIELDS = 6

LAYOUT = np.dtype(
    [
        ("sequence", "<i8"),
        ("serial", "<i8"),
        ("heartbeat", "<i8"),
        ("playing", "<i8"),
        ("frame", "<i8"),
        ("plan_rate", "<i8"),
        ("rate", "<i8"),
        ("block_frames", "<i8"),
        ("xruns_own", "<i8"),
        ("xruns_waited", "<i8"),
        ("xruns_system", "<i8"),
        ("xruns_host", "<i8"),
        ("xruns_driver", "<i8"),
        ("callbacks", "<i8"),
        ("moves", "<i8"),
        ("late_count", "<i8"),
        ("late", "<i8", (late.RING * late.WORDS,)),
        ("stages", "<i8", (CLASSES,)),
        ("recording", "<i8"),
        ("counting_in", "<i8"),
        ("latency_s", "<f8"),
        ("dsp_load", "<f8"),
        ("input_peak", "<f8", (2,)),
        ("lufs_m", "<f8"),
        ("lufs_s", "<f8"),
        ("lufs_i", "<f8"),
        ("correlation", "<f8"),
        ("true_peak_dbtp", "<f8"),
        ("master_reduction_db", "<f8"),
        ("master", "<f4", (2,)),
        ("tracks", "<f4", (MAX_TRACKS, METER_FIELDS)),
        ("spectrum", "<f4", (SPECTRUM_BANDS,)),
        ("device", "S128"),
        ("device_name", "S256"),
        ("input", "S128"),
        ("alternative", "S128"),
        ("notice", "S1024"),
    ]
)
"""`late` is for `engine.playback.late.read`; `stages` holds the time of each class of stages in ns. A row of `tracks`:
peak left, peak right, RMS left, RMS right, reduction in dB, samples that were no numbers.
"""

SIZE = LAYOUT.itemsize
TRIES = 64


class Telemetry:
    """A view of the block; `memory` is a writable buffer of `SIZE` bytes."""

    def __init__(self, memory: Any):
        self._record = np.frombuffer(memory, dtype=LAYOUT, count=1)
        self._writers = threading.Lock()

    def publish(self, **values: Any) -> None:
        """Write fields of `LAYOUT`, seen by readers all at once; text is cut to its field."""
        record = self._record
        with self._writers:
            record["sequence"] += 1
            for name, value in values.items():
                if isinstance(value, str):
                    room = LAYOUT[name].itemsize
                    value = value.encode()[:room].decode(errors="ignore").encode()
                record[name][0] = value
            record["sequence"] += 1

    def read(self) -> Any:
        """A consistent copy of the block, a NumPy record."""
        copy = self._record.copy()
        for _ in range(TRIES):
            before = int(self._record["sequence"][0])
            copy = self._record.copy()
            if before % 2 == 0 and int(self._record["sequence"][0]) == before:
                break
        return copy[0]
