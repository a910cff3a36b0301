"""How loud each semitone sounds on each step of a song."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from engine.analysis.spectra import Floats, frames_of
from engine.errors import Cancelled
from engine.types import Audio

RATE = 11_025
FIRST, LAST = 48, 120
"""Semitones (MIDI) whose amplitude is looked at: partials of the highest notes lie above them."""
_HOP = 256
_SIZE = 4096
_BLOCK = 512
_FREE_STEP_S = 0.12
_SHORTEST_STEP_S = 0.09


def steps_of(beats_s: Sequence[float], duration_s: float) -> Floats:
    """Borders of the steps of a song from 0 to its end, seconds."""
    beats = np.asarray(beats_s, dtype=np.float64)
    if beats.size < 2:
        return np.append(np.arange(0.0, max(duration_s - 0.5 * _FREE_STEP_S, 0.0), _FREE_STEP_S), duration_s)
    period = float(np.median(np.diff(beats)))
    parts = 4 if period / 4 >= _SHORTEST_STEP_S else 2
    head, tail = float(beats[1] - beats[0]), float(beats[-1] - beats[-2])
    before = beats[0] - head * np.arange(int(np.ceil(beats[0] / head)), 0, -1)
    after = beats[-1] + tail * np.arange(1, int(np.ceil(max(duration_s - beats[-1], 0.0) / tail)) + 1)
    every = np.concatenate([before, beats, after])
    fine: Floats = np.interp(np.arange((every.size - 1) * parts + 1) / parts, np.arange(every.size), every)
    inside = fine[(fine > 0.02) & (fine < duration_s - 0.02)]
    return np.concatenate([[0.0], inside, [duration_s]])


def tones_of(audio: Audio, rate: int, cancelled: Callable[[], bool] | None = None) -> Floats:
    """Amplitude of each semitone from `FIRST` to `LAST`, above the noise around it; ``(semitones, frames)``.

    Args:
        audio: ``(channels, frames) float32``.
        rate: frames per second.
        cancelled: polled every few seconds of sound.

    Raises:
        Cancelled: when the caller wants to stop.
    """
    frames = frames_of(audio, from_rate=rate, to_rate=RATE, size=_SIZE, hop=_HOP)
    window = np.hanning(_SIZE).astype(np.float32)
    semitones = np.arange(FIRST, LAST + 1)
    # A song may be tuned a third of a semitone away: the strongest bin within reach is the note.
    edges = 440.0 * 2.0 ** ((semitones[:, None] + np.array([-0.42, 0.42]) - 69.0) / 12.0) * _SIZE / RATE
    bounds = [(int(np.floor(a)), int(np.ceil(b)) + 1) for a, b in edges]
    bounds = [(a, b) for a, b in bounds if b <= _SIZE // 2]
    out = np.zeros((semitones.size, frames.shape[0]))
    for start in range(0, frames.shape[0], _BLOCK):
        if cancelled is not None and cancelled():
            raise Cancelled
        size = np.abs(np.fft.rfft(frames[start : start + _BLOCK] * window, axis=1))
        for k, (a, b) in enumerate(bounds):
            out[k, start : start + _BLOCK] = size[:, a:b].max(axis=1)
    floor = np.array([np.median(out[max(0, k - 6) : k + 7], axis=0) for k in range(out.shape[0])])
    return np.maximum(out - floor, 0.0)


def per_step(tones: Floats, steps: Floats) -> Floats:
    """Mean of the tones in each step; ``(semitones, steps)``."""
    places = np.clip(np.round(steps * RATE / _HOP).astype(int), 0, tones.shape[1])
    total = np.concatenate([np.zeros((tones.shape[0], 1)), np.cumsum(tones, axis=1)], axis=1)
    return (total[:, places[1:]] - total[:, places[:-1]]) / np.maximum(np.diff(places), 1)
