"""The round trip of a device, measured with a cable from its output to its input: a chirp goes out and is found in what
comes in by correlation.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.errors import DeviceError
from engine.types import Audio

CHIRP_S = 0.25
LISTEN_S = 1.0
"""Longest round trip that is found."""
LEVEL = 0.25
CLEAR = 8.0
"""How far the best match must stand above the typical one."""
TONE_HZ = 440.0
TONE_LEVEL = 0.125
EDGE_S = 0.01


def _edges(signal: npt.NDArray[np.float64], rate: int) -> npt.NDArray[np.float32]:
    ramp = np.minimum(np.arange(signal.size) / (EDGE_S * rate), 1.0)
    return (signal * ramp * ramp[::-1]).astype(np.float32)


def tone(seconds: float, *, rate: int) -> npt.NDArray[np.float32]:
    """A test tone of 440 Hz at -18 dBFS, ``(frames,)``."""
    t = np.arange(max(round(seconds * rate), 1)) / rate
    return _edges(TONE_LEVEL * np.sin(2.0 * np.pi * TONE_HZ * t), rate)


def chirp(*, rate: int) -> npt.NDArray[np.float32]:
    """A logarithmic sweep over the range that any input passes, ``(frames,)``."""
    t = np.arange(round(CHIRP_S * rate)) / rate
    low, high = 200.0, min(8_000.0, 0.4 * rate)
    speed = np.log(high / low) / CHIRP_S
    return _edges(LEVEL * np.sin(2.0 * np.pi * low / speed * (np.exp(speed * t) - 1.0)), rate)


def find(heard: Audio, signal: npt.NDArray[np.float32]) -> int:
    """Frames by which `signal` is late in `heard` ``(channels, frames)``.

    Raises:
        DeviceError: code ``device-loopback`` when it is not there.
    """
    size = 1 << (heard.shape[1] + signal.size).bit_length()
    pattern = np.conj(np.fft.rfft(signal, size))
    match = np.zeros(heard.shape[1])
    for row in heard:
        found = np.fft.irfft(np.fft.rfft(row, size) * pattern, size)[: heard.shape[1]]
        match = np.maximum(match, np.abs(found))
    best = int(np.argmax(match)) if match.size else 0
    if not match.size or match[best] < CLEAR * max(float(np.median(match)), 1e-9) or match[best] < 1e-4:
        raise DeviceError(
            "The test sound did not come back through the input.",
            remedy="Connect the output to the input with a cable, turn both up, and measure again.",
            code="device-loopback",
        )
    return best
