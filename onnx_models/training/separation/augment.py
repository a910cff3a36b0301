"""What is done to a stem in training: speed, falls, sampled slices, gates, saturation, doubles, width, equaliser."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from onnx_models.training.separation.library import RATE

Samples = npt.NDArray[np.float32]
Rng = np.random.Generator


def curve(rng: Rng, *, bins: int, n_fft: int) -> Samples:
    """A smooth equaliser of a few dB over the lowest `bins`, linear gain."""
    points = np.geomspace(40, 9000, 7)
    gains = rng.normal(0, 3.0, 7) + np.linspace(-1, 1, 7) * rng.normal(0, 3)
    if rng.random() < 0.06:
        gains[int(rng.integers(3, 7)) :] -= 30
    frequencies = np.arange(bins) * RATE / n_fft
    return (10 ** (np.interp(np.log(frequencies + 1), np.log(points), gains) / 20)).astype(np.float32)


def sub(rng: Rng, *, bins: int, n_fft: int) -> Samples:
    """A shelf that lifts what lies below some 50 to 130 Hz by 3 to 15 dB over the lowest `bins`, linear gain.

    Kicks and basses of records have a third to a half of their energy below 60 Hz, recorded one-shots a few hundredths.
    The whole is lowered by a part of that, so that the stem does not drown the others.
    """
    lift_db = rng.uniform(3, 15)
    octaves = np.log2((np.arange(bins) * RATE / n_fft + 1) / np.exp(rng.uniform(np.log(50), np.log(130))))
    return (10 ** ((lift_db / (1 + np.exp(6 * octaves)) - 0.4 * lift_db) / 20)).astype(np.float32)


def cut(source: npt.NDArray[np.int16], start: int, speed: float | npt.NDArray[np.float64], size: int) -> Samples:
    """`size` samples of one stem, wrapped where the passage is short.

    Args:
        source: ``(2, frames)``.
        start: first sample.
        speed: times its speed, or one such factor for each sample ``(size,)``.
        size: samples wanted.
    """
    position = np.arange(size) * speed if isinstance(speed, float) else np.cumsum(speed) - speed[0]
    need = int(position[-1]) + 4
    available = source.shape[1]
    piece = np.asarray(source[:, start : start + need])
    while piece.shape[1] < need:
        piece = np.concatenate([piece, np.asarray(source[:, : min(need - piece.shape[1], available)])], 1)
    audio = piece.astype(np.float32) * np.float32(1 / 32768)
    if isinstance(speed, float) and speed == 1.0:
        return audio[:, :size]
    base = position.astype(np.int64)
    part = (position - base).astype(np.float32)
    return audio[:, base] * (1 - part) + audio[:, base + 1] * part


def falls(rng: Rng, size: int) -> npt.NDArray[np.float64]:
    """Speeds of a sampler's pitch envelope: slices that fall, some that rise, to their pitch or away from it."""
    semitones = np.empty(size)
    at = 0
    while at < size:
        length = min(int(rng.uniform(0.12, 0.9) * RATE), size - at)
        time = np.arange(length) / RATE
        depth = rng.normal(3.0, 4.0)
        if rng.random() < 0.5:
            semitones[at : at + length] = depth * np.exp(-time / rng.uniform(0.03, 0.2))
        else:
            semitones[at : at + length] = -depth * time / max(time[-1], 1e-3)
        semitones[at : at + length] += float(rng.choice([0, 0, 0, -5, 3, 5, 7]))
        at += length
    return 2.0 ** (np.clip(semitones, -12, 12) / 12)


def gate(audio: Samples, rng: Rng) -> Samples:
    """Open and shut on a grid, with edges short enough to click: a sampler's chops, a trance gate."""
    step = int(60.0 / rng.uniform(80, 170) * float(rng.choice([0.25, 0.25, 0.5])) * RATE)
    pattern = rng.random(int(rng.choice([3, 4, 8, 16]))) < rng.uniform(0.4, 0.85)
    pattern[int(rng.integers(pattern.size))] = True
    steps = (np.arange(audio.shape[1]) + int(rng.integers(step * pattern.size))) // step
    opened = pattern[steps % pattern.size].astype(np.float32)
    edge = int(rng.choice([8, 40, 200, 600]))
    smooth = np.convolve(opened, np.full(edge, 1 / edge, np.float32), mode="same").astype(np.float32)
    return audio * (smooth + (1 - smooth) * np.float32(rng.choice([0.0, 0.0, 0.2])))


def sampled(audio: Samples, rng: Rng) -> Samples:
    """Play slices of `audio`, ``(2, size)``, as a sampler does: again and again on a grid, falling, held or backwards.

    Every hit cuts the last one off. A held slice goes round in a grain of its end, which turns a vowel into a pad. Some
    hits begin with a click, or louder than they go on: such attacks are easily taken for a drum's.
    """
    size = audio.shape[1]
    step = int(60.0 / rng.uniform(80, 170) * float(rng.choice([0.25, 0.25, 0.5])) * RATE)
    room = max(size - RATE // 4, 1)
    pads = []
    for _ in range(int(rng.integers(1, 5))):
        tries = rng.integers(0, room, 3)
        pads.append(int(max(tries, key=lambda at: float(np.abs(audio[:, at : at + 2048]).mean()))))
    hits = np.flatnonzero(np.tile(rng.random(int(rng.choice([4, 8, 16]))) < rng.uniform(0.3, 0.8), size // step + 1))
    hits = hits[: np.searchsorted(hits * step, size)]
    if hits.size == 0:
        hits = np.zeros(1, np.int64)
    depth, seconds = rng.normal(2.0, 4.0), rng.uniform(0.08, 0.6)
    falling, held = rng.uniform(0, 0.8), rng.uniform(0, 0.5)
    attack, fading = float(rng.choice([0, 0, 1, 3])), rng.uniform(0.01, 0.08)
    keys = rng.choice([0, 0, 0, -5, 3, 5, 7, 12], len(pads))
    out = np.zeros_like(audio)
    for hit, until in zip(hits, [*hits[1:], size // step + 1], strict=True):
        first = int(hit) * step
        length = min(int((until - hit) * step * float(rng.choice([1.0, 1.0, 0.6]))), size - first)
        if length < 256:
            continue
        number = int(rng.integers(len(pads)))
        time = np.arange(length) / RATE
        bend = -depth * np.minimum(time / seconds, 2.0) if rng.random() < falling else np.zeros(length)
        position = np.cumsum(2.0 ** (np.clip(bend + float(keys[number]), -14, 12) / 12))
        piece = (
            read(audio, pads[number] + hold(position, rng.uniform(0.03, 0.3) * RATE, rng.uniform(0.03, 0.15) * RATE))
            if rng.random() < held
            else None
        )
        if piece is None:
            piece = read(audio, pads[number] + position)
            if rng.random() < 0.12:
                piece = piece[:, ::-1]
        edge = min(int(rng.choice([2, 16, 60, 300])), length // 4)
        ramp = np.linspace(0, 1, edge, dtype=np.float32)
        if attack:
            piece *= ((1 + attack * np.exp(-time / fading)) / (1 + attack)).astype(np.float32)
        piece[:, :edge] *= ramp
        piece[:, length - edge :] *= ramp[::-1]
        out[:, first : first + length] = piece
    return out


def bed(audio: Samples, rng: Rng) -> Samples:
    """What goes on beneath a sampler's hits, ``(2, size)``: the same passage as it was, or one grain of it, held."""
    if rng.random() < 0.5:
        return audio
    size = audio.shape[1]
    grain = rng.uniform(0.03, 0.25) * RATE
    tries = rng.integers(0, max(size - int(grain) - 2, 1), 6)
    start = float(max(tries, key=lambda at: float(np.abs(audio[:, at : at + int(grain)]).mean())))
    return read(audio, start + hold(np.arange(size, dtype=np.float64), 0.0, grain))


def read(audio: Samples, position: npt.NDArray[np.float64]) -> Samples:
    """`audio` at moving positions in samples, silent behind its end."""
    clipped = np.minimum(position, audio.shape[1] - 2.0)
    base = clipped.astype(np.int64)
    part = (clipped - base).astype(np.float32)
    return (audio[:, base] * (1 - part) + audio[:, base + 1] * part) * (position == clipped)


def hold(position: npt.NDArray[np.float64], start: float, grain: float) -> npt.NDArray[np.float64]:
    """Positions that go to and fro over `grain` samples once they have reached `start`: a loop without a step."""
    inside = np.abs((position - start) % (2 * grain) - grain)
    return np.where(position < start, position, start + grain - inside)


def saturate(audio: Samples, rng: Rng) -> Samples:
    """A soft clip that keeps the peak."""
    peak = float(np.abs(audio).max()) + 1e-6
    amount = float(np.exp(rng.uniform(0, 1.8)))
    return np.tanh(audio / peak * amount) * np.float32(peak / np.tanh(amount))


def doubled(audio: Samples, rng: Rng) -> Samples:
    """Doubles at the sides of `audio`, ``(2, size)``: a little late, out of tune and unsteady, as of a singer's takes.

    The line between them keeps its level, steps back, or is left out.
    """
    middle, size = audio.mean(0, keepdims=True), audio.shape[1]
    time = np.arange(size) / RATE
    out = audio * np.float32(rng.choice([1.0, 1.0, 0.5, 0.0]))
    loudness, spread = rng.uniform(0.35, 1.0), rng.uniform(0.4, 1.0)
    for side in (0, 1):
        late_s = rng.uniform(0.004, 0.04)
        wander_s = rng.uniform(0.0, 0.004) * np.sin(2 * np.pi * (rng.uniform(0.1, 1.2) * time + rng.random()))
        position = np.arange(size) * 2.0 ** (rng.normal(0, 7.0) / 1200) + (wander_s - late_s) * RATE
        double = read(middle, np.maximum(position, 0.0))[0] * np.float32(loudness)
        out[side] += double
        out[1 - side] += double * np.float32(1 - spread)
    return out


def widen(audio: Samples, rng: Rng) -> Samples:
    """Another width, from mono to wider."""
    middle = audio.mean(0, keepdims=True)
    return middle + (audio - middle) * np.float32(rng.uniform(0, 1.6))
