"""The test signal: the same on every machine, without files."""

from __future__ import annotations

import hashlib

import numpy as np

from engine.types import Audio


def music(frames: int, rate: int = 44100) -> Audio:
    """``(2, frames)``: two chords, a beat and a noise floor, not centred and not the same on both sides."""
    time = np.arange(frames) / rate
    stream = hashlib.shake_256(b"families").digest(2 * 2 * frames)
    noise = np.frombuffer(stream, "<i2").reshape(2, frames) / 32768.0
    left = sum(np.sin(2 * np.pi * f * time + f) / (1 + i) for i, f in enumerate((110.0, 277.2, 440.0, 1318.5)))
    right = sum(np.sin(2 * np.pi * f * time) / (1 + i) for i, f in enumerate((82.4, 246.9, 523.3, 3520.0)))
    beat = np.exp(-((time * 2.3) % 1.0) * 12.0)
    sound = np.stack([left * (1 - 0.5 * beat), right]) * 0.2 + noise * (0.02 + 0.2 * beat) + 0.01
    return sound.astype(np.float32)


def places(frames: int, count: int) -> np.ndarray:
    """Frames at which a stored reference is compared: some everywhere, and all around the ends."""
    spread = np.linspace(0, frames - 1, count).astype(np.int64)
    edge = min(64, frames // 2)
    return np.unique(np.concatenate([np.arange(edge), spread, np.arange(frames - edge, frames)]))
