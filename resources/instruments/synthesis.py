"""Drum-machine sounds made here from noise and square waves, where the kit has no recording."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import signal

Samples = npt.NDArray[np.float32]


def _metal(frames: int, rate: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Six detuned square waves, the cluster of a classic drum machine's cymbal, with noise for air."""
    t = np.arange(frames) / rate
    tones = np.array([263.0, 400.0, 421.0, 474.0, 587.0, 845.0]) * 1.48 * (1 + rng.uniform(-0.004, 0.004, 6))
    # Odd partials summed up to the band limit, so that nothing folds back.
    cluster = np.zeros(frames)
    for tone in tones:
        phase = rng.uniform(0, 2 * np.pi)
        for partial in range(1, int(rate / 2 / tone), 2):
            cluster += np.sin(2 * np.pi * tone * partial * t + phase * partial) / partial
    return cluster / 6 + 0.35 * rng.standard_normal(frames)


def _band(x: npt.NDArray[np.float64], low_hz: float, high_hz: float, rate: int) -> npt.NDArray[np.float64]:
    sos = signal.butter(3, [low_hz, high_hz], btype="band", fs=rate, output="sos")
    return signal.sosfilt(sos, x)


def closed_hat(rate: int, rng: np.random.Generator) -> Samples:
    """A short hi-hat, mono `(1, frames)`."""
    frames = round(0.16 * rate)
    t = np.arange(frames) / rate
    envelope = 0.8 * np.exp(-t / 0.018) + 0.2 * np.exp(-t / 0.045)
    return _finish(_band(_metal(frames, rate, rng), 7000, 15500, rate) * envelope)


def open_hat(rate: int, rng: np.random.Generator) -> Samples:
    """A ringing hi-hat, mono `(1, frames)`."""
    frames = round(0.6 * rate)
    t = np.arange(frames) / rate
    envelope = 0.35 * np.exp(-t / 0.02) + 0.65 * np.exp(-t / 0.16)
    return _finish(_band(_metal(frames, rate, rng), 6200, 15000, rate) * envelope)


def clap(rate: int, rng: np.random.Generator) -> Samples:
    """Four bursts of noise and a tail, mono `(1, frames)`."""
    frames = round(0.42 * rate)
    t = np.arange(frames) / rate
    noise = rng.standard_normal(frames)
    envelope = np.zeros(frames)
    for onset in (0.0, 0.0105, 0.0205):
        burst = np.where(t >= onset, np.exp(-(t - onset).clip(0) / 0.0045), 0.0)
        envelope = np.maximum(envelope, burst)
    tail = np.where(t >= 0.0305, np.exp(-(t - 0.0305).clip(0) / 0.085), 0.0)
    envelope = np.maximum(envelope, tail)
    body = _band(noise, 850, 3200, rate) + 0.3 * _band(rng.standard_normal(frames), 3200, 9000, rate)
    return _finish(body * envelope)


def synth_shaker(rate: int, rng: np.random.Generator) -> Samples:
    """A tight shaker, mono `(1, frames)`."""
    frames = round(0.12 * rate)
    t = np.arange(frames) / rate
    envelope = (1 - np.exp(-t / 0.008)) * np.exp(-t / 0.028)
    return _finish(_band(rng.standard_normal(frames), 5500, 14000, rate) * envelope)


def sub_bass(rate: int, pitch: float) -> Samples:
    """A long sine that falls into its pitch and is driven a little, mono `(1, frames)`."""
    frames = round(2.4 * rate)
    t = np.arange(frames) / rate
    frequency = 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)
    phase = 2 * np.pi * (frequency * t + 0.35 * (1 - np.exp(-t / 0.012)))
    envelope = (1 - np.exp(-t / 0.002)) * np.exp(-t / 1.4)
    return _finish(np.tanh(1.8 * np.sin(phase)) * envelope)


def _finish(x: npt.NDArray[np.float64]) -> Samples:
    x = x / (np.max(np.abs(x)) + 1e-9) * 0.8
    fade = min(len(x), 400)
    x[-fade:] *= np.linspace(1, 0, fade)
    return x.astype(np.float32)[None, :]
