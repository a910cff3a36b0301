"""Effects of rendered parts: audio is ``(2, frames) float32`` at the training rate, every choice comes from `rng`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import signal

from onnx_models.training.separation.library import RATE

Samples = npt.NDArray[np.float32]
Rng = np.random.Generator


def lowpass(audio: Samples, cutoff_hz: float, *, order: int = 2) -> Samples:
    sos = signal.butter(order, min(cutoff_hz, RATE * 0.45), fs=RATE, output="sos")
    return signal.sosfilt(sos, audio, axis=-1).astype(np.float32)


def highpass(audio: Samples, cutoff_hz: float, *, order: int = 2) -> Samples:
    sos = signal.butter(order, cutoff_hz, "highpass", fs=RATE, output="sos")
    return signal.sosfilt(sos, audio, axis=-1).astype(np.float32)


def bells(audio: Samples, rng: Rng) -> Samples:
    """0 to 3 peaking bands of up to 9 dB (the cookbook's biquad)."""
    for _ in range(int(rng.integers(0, 4))):
        frequency, gain_db, quality = (
            np.exp(rng.uniform(np.log(80), np.log(8000))),
            rng.normal(0, 4),
            rng.uniform(0.5, 3),
        )
        gain, omega = 10 ** (gain_db / 40), 2 * np.pi * frequency / RATE
        alpha = np.sin(omega) / (2 * quality)
        b = [1 + alpha * gain, -2 * np.cos(omega), 1 - alpha * gain]
        a = [1 + alpha / gain, -2 * np.cos(omega), 1 - alpha / gain]
        audio = signal.lfilter(b, a, audio, axis=-1).astype(np.float32)
    return audio


def drive(audio: Samples, amount: float) -> Samples:
    """Soft clipping at a level relative to the part's own peak."""
    peak = float(np.abs(audio).max()) + 1e-9
    return (np.tanh(audio / peak * amount) * (peak / np.tanh(amount))).astype(np.float32)


def compress(audio: Samples, rng: Rng) -> Samples:
    """A feed-forward compressor with a smoothed envelope, 2:1 to 6:1."""
    hop = 64
    frames = audio.shape[1] // hop
    if frames < 4:
        return audio
    level = np.sqrt((audio[:, : frames * hop] ** 2).reshape(2, frames, hop).mean((0, 2)) + 1e-9)
    level = signal.lfilter([0.08], [1, -0.92], level)
    threshold = float(np.quantile(level, rng.uniform(0.4, 0.8)))
    ratio = rng.uniform(2, 6)
    gain = np.minimum(1.0, (level / (threshold + 1e-9) + 1e-9) ** (1 / ratio - 1))
    curve = np.interp(np.arange(audio.shape[1]), np.arange(frames) * hop, gain)
    return (audio * curve).astype(np.float32)


def reverb(audio: Samples, rng: Rng, *, seconds: float, wet: float) -> Samples:
    """Decaying, darkening stereo noise after a pre-delay: a plate or a room, by its length."""
    length = int(seconds * RATE)
    time = np.arange(length) / RATE
    tail = rng.standard_normal((2, length)) * np.exp(-6.9 * time / seconds)
    tail = lowpass(tail.astype(np.float32), rng.uniform(2500, 9000), order=1)
    early = int(rng.uniform(0, 0.04) * RATE)
    tail = np.pad(tail, ((0, 0), (early, 0)))
    tail /= np.sqrt((tail**2).sum(1, keepdims=True)) + 1e-9
    if rng.random() < 0.15:
        tail[1] = tail[0]
    out = signal.fftconvolve(audio, tail, axes=-1)[:, : audio.shape[1]]
    return (audio + wet * out).astype(np.float32)


def delay(audio: Samples, rng: Rng, *, beat_s: float) -> Samples:
    """Three to five repeats, plain or ping-pong, on a note value."""
    step = int(beat_s * float(rng.choice([0.25, 0.5, 0.75, 1.0])) * RATE)
    out, tap = audio.copy(), audio
    feedback, cross = rng.uniform(0.2, 0.5), rng.random() < 0.5
    for _ in range(int(rng.integers(3, 6))):
        if step >= audio.shape[1]:
            break
        tap = np.pad(tap[:, :-step], ((0, 0), (step, 0))) * feedback
        if cross:
            tap = tap[::-1]
        out = out + tap
    return out.astype(np.float32)


def chorus(audio: Samples, rng: Rng) -> Samples:
    """A modulated copy a side: chorus or vibrato widening, by depth and rate."""
    frames = audio.shape[1]
    time = np.arange(frames)
    rate, depth = rng.uniform(0.2, 1.5), rng.uniform(0.0005, 0.003) * RATE
    out = audio.copy()
    for side in range(2):
        read = time - (0.012 * RATE + depth * np.sin(2 * np.pi * rate * time / RATE + side * 1.7))
        out[side] += 0.7 * np.interp(read, time, audio[side], left=0.0).astype(np.float32)
    return out * np.float32(0.7)


def sweep(audio: Samples, rng: Rng) -> Samples:
    """A low-pass that moves over the whole part: the filter ride of dance music."""
    frames = audio.shape[1]
    dark = lowpass(audio, rng.uniform(250, 900), order=2)
    turn = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(frames) / frames * rng.uniform(0.5, 4) + rng.random()))
    return (dark + (audio - dark) * turn).astype(np.float32)


def tremolo(audio: Samples, rng: Rng, *, beat_s: float) -> Samples:
    """Periodic gain, sine or gate, on a note value, sometimes as auto-pan."""
    time = np.arange(audio.shape[1]) / RATE
    phase = 2 * np.pi * time / (beat_s * float(rng.choice([0.25, 0.5, 1.0, 2.0])))
    shape = np.sin(phase) if rng.random() < 0.6 else np.tanh(6 * np.sin(phase))
    depth = rng.uniform(0.2, 0.9)
    left = 1 - depth * (0.5 + 0.5 * shape)
    right = 1 - depth * (0.5 - 0.5 * shape) if rng.random() < 0.4 else left
    return (audio * np.stack([left, right])).astype(np.float32)


def cabinet(audio: Samples, rng: Rng) -> Samples:
    """What a guitar loudspeaker lets through."""
    return lowpass(highpass(audio, rng.uniform(70, 140)), rng.uniform(3200, 5500), order=4)


def duck(audio: Samples, onsets_s: list[float], rng: Rng) -> Samples:
    """Side-chain pumping: gain dips at each kick and recovers."""
    curve = np.ones(audio.shape[1], np.float32)
    length = int(rng.uniform(0.15, 0.4) * RATE)
    dip = (1 - rng.uniform(0.4, 0.9) * (1 - np.linspace(0, 1, length)) ** 1.5).astype(np.float32)
    for onset in onsets_s:
        start = int(onset * RATE)
        part = curve[start : start + length]
        np.minimum(part, dip[: part.size], out=part)
    return audio * curve


def pan(audio: Samples, position: float) -> Samples:
    """Constant-power balance, -1 left to +1 right."""
    angle = (position + 1) * np.pi / 4
    return audio * np.array([[np.cos(angle)], [np.sin(angle)]], np.float32) * np.float32(np.sqrt(2))


def widen(audio: Samples, amount: float) -> Samples:
    """Scale the side signal: 0 is mono, 1 leaves it."""
    mid, side = (audio[0] + audio[1]) * 0.5, (audio[0] - audio[1]) * (0.5 * amount)
    return np.stack([mid + side, mid - side]).astype(np.float32)
