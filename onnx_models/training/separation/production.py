"""Produced voices: what studios do to a vocal beyond singing (stutters, frozen vowels, whispers, wide doubles, tails).

Applied to the vocals of a rendered song, as a second version of them beside the plain one.
"""

from __future__ import annotations

import numpy as np
from scipy import signal

from onnx_models.training.separation import effects
from onnx_models.training.separation.form import Rng, Samples
from onnx_models.training.separation.library import RATE

PRODUCED_SHARE = 0.5
"""How often a mixture takes the produced version of a voice."""


def stutter(audio: Samples, rng: Rng, *, beat_s: float) -> Samples:
    """Repeat short slices in place, as a sampler's retrigger does."""
    out = audio.copy()
    for _ in range(int(rng.integers(4, 16))):
        size = int(beat_s * float(rng.choice([0.125, 0.25, 0.25, 0.333, 0.5])) * RATE)
        start = int(rng.integers(max(audio.shape[1] - size * 2, 1)))
        piece = audio[:, start : start + size].copy()
        ramp = min(120, piece.shape[1] // 2)
        piece[:, :ramp] *= np.linspace(0, 1, ramp, dtype=np.float32)
        piece[:, piece.shape[1] - ramp :] *= np.linspace(1, 0, ramp, dtype=np.float32)
        if rng.random() < 0.25:
            piece = piece[:, ::-1]
        for number in range(int(rng.integers(2, 9))):
            at = start + number * size
            room = out.shape[1] - at
            if room <= 0:
                break
            out[:, at : at + size] = piece[:, :room]
    return out


def freeze(audio: Samples, rng: Rng) -> Samples:
    """Hold single spectra with random phases: a vowel becomes a pad of breath."""
    out = audio.copy()
    for _ in range(int(rng.integers(2, 7))):
        size = int(rng.choice([2048, 4096, 8192]))
        start = int(rng.integers(max(audio.shape[1] - size, 1)))
        magnitude = np.abs(np.fft.rfft(audio[:, start : start + size] * np.hanning(size), axis=1))
        hold = int(rng.uniform(0.4, 3.0) * RATE)
        sustained = np.zeros((2, hold + size))
        for at in range(0, hold, size // 4):
            phases = rng.uniform(0, 2 * np.pi, magnitude.shape)
            sustained[:, at : at + size] += np.fft.irfft(magnitude * np.exp(1j * phases), n=size, axis=1) * np.hanning(
                size
            )
        length = min(sustained.shape[1], out.shape[1] - start)
        part = sustained[:, :length].astype(np.float32)
        out[:, start : start + length] += part * np.float32(rng.uniform(0.4, 1.2))
    return out


def whisper(audio: Samples, rng: Rng) -> Samples:
    """Keep the spectral envelope and replace the voice by noise."""
    _, _, spectrum = signal.stft(audio, RATE, nperseg=512, noverlap=384)
    size = np.abs(spectrum)
    width = int(rng.integers(5, 12))
    smooth = signal.fftconvolve(size, np.ones((1, width, 1)) / width, mode="same", axes=1)
    noise = np.exp(1j * rng.uniform(0, 2 * np.pi, smooth.shape))
    _, out = signal.istft(smooth * noise, RATE, nperseg=512, noverlap=384)
    fixed = np.zeros_like(audio)
    count = min(out.shape[1], audio.shape[1])
    fixed[:, :count] = out[:, :count]
    return (audio * np.float32(rng.uniform(0, 0.7)) + fixed).astype(np.float32)


def spread(audio: Samples, rng: Rng) -> Samples:
    """Decorrelate the sides: detuned and delayed doubles, or short random all-pass echoes."""
    middle = audio.mean(0)
    out = np.zeros_like(audio)
    if rng.random() < 0.5:
        time = np.arange(middle.size)
        for side, sign in ((0, 1.0), (1, -1.0)):
            detune = 2 ** (sign * rng.uniform(0.05, 0.35) / 12)
            window = 4096
            phase = (time * (1 - detune)) % window
            first = np.interp(time - phase, time, middle, left=0.0)
            second = np.interp(time - (phase + window / 2) % window, time, middle, left=0.0)
            fade = 0.5 - 0.5 * np.cos(2 * np.pi * phase / window)
            out[side] = first * fade + second * (1 - fade)
    else:
        for side in range(2):
            echo = rng.standard_normal(int(rng.uniform(0.01, 0.05) * RATE))
            echo *= np.exp(-np.linspace(0, 4, echo.size))
            out[side] = signal.fftconvolve(middle, echo / np.sqrt((echo**2).sum()))[: middle.size]
    return (audio * np.float32(rng.uniform(0, 0.8)) + out).astype(np.float32)


def backwards(audio: Samples, rng: Rng) -> Samples:
    """Reverse some passages, so that words swell instead of fading."""
    out = audio.copy()
    for _ in range(int(rng.integers(1, 5))):
        size = int(rng.uniform(0.3, 2.0) * RATE)
        start = int(rng.integers(max(audio.shape[1] - size, 1)))
        out[:, start : start + size] = out[:, start : start + size][:, ::-1]
    return out


def produce(vocals: Samples, seed: int) -> Samples:
    """The produced version of the vocals of song `seed`, ``(2, frames) float32``."""
    rng = np.random.default_rng([13, seed])
    beat_s = 60.0 / rng.uniform(80, 150)
    out = vocals
    for odds, step in (
        (0.3, lambda x: whisper(x, rng)),
        (0.35, lambda x: freeze(x, rng)),
        (0.2, lambda x: backwards(x, rng)),
        (0.5, lambda x: stutter(x, rng, beat_s=beat_s)),
        (0.2, lambda x: effects.drive(x, rng.uniform(2, 10))),
        (0.2, lambda x: effects.tremolo(x, rng, beat_s=beat_s)),
        (0.65, lambda x: spread(x, rng)),
        (0.35, lambda x: effects.delay(x, rng, beat_s=beat_s)),
        (0.6, lambda x: effects.reverb(x, rng, seconds=rng.uniform(1, 6), wet=rng.uniform(0.2, 1.2))),
        (0.3, lambda x: effects.widen(x, rng.uniform(1.2, 3))),
        (0.5, lambda x: effects.highpass(x, rng.uniform(80, 300))),
    ):
        if rng.random() < odds:
            out = step(out)
    return effects.bells(effects.compress(out, rng) if rng.random() < 0.6 else out, rng)
