"""Parametric sound: oscillators, drums and noises that no sample kit has enough of, all ``(2, frames) float32``."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from onnx_models.training.separation.effects import highpass, lowpass
from onnx_models.training.separation.library import RATE

Samples = npt.NDArray[np.float32]
Rng = np.random.Generator


def envelope(frames: int, *, attack_s: float, decay_s: float, sustain: float, release_s: float) -> Samples:
    """ADSR whose release ends with the note."""
    time = np.arange(frames) / RATE
    body = sustain + (1 - sustain) * np.exp(-np.maximum(time - attack_s, 0) / max(decay_s, 1e-3))
    end = np.clip((frames / RATE - time) / max(release_s, 1e-3), 0, 1)
    return (np.clip(time / max(attack_s, 1e-3), 0, 1) * body * end).astype(np.float32)


def random_patch(rng: Rng) -> dict[str, float | str]:
    """A synthesiser sound: wave, unison, filter and envelope."""
    return {
        "wave": str(rng.choice(["saw", "square", "sine", "triangle", "fm", "organ", "super"])),
        "detune": float(rng.uniform(0.02, 0.25)),
        "cutoff": float(np.exp(rng.uniform(np.log(1.5), np.log(20)))),
        "index": float(rng.uniform(0.5, 5)),
        "ratio": float(rng.choice([0.5, 1, 1, 2, 2, 3, 3.5, 7])),
        "attack": float(np.exp(rng.uniform(np.log(0.002), np.log(0.25)))),
        "decay": float(np.exp(rng.uniform(np.log(0.05), np.log(2)))),
        "sustain": float(rng.choice([0.0, 0.3, 0.7, 1.0])),
        "vibrato": float(rng.choice([0, 0, 0, 0.1, 0.3])),
    }


def tone(patch: dict[str, float | str], pitch: float, seconds: float, rng: Rng) -> Samples:
    """One note of a patch at a MIDI pitch."""
    frames = max(int(seconds * RATE), 64)
    time = np.arange(frames) / RATE
    frequency = 440.0 * 2 ** ((pitch - 69) / 12)
    glide = float(patch["vibrato"]) * np.sin(2 * np.pi * 5.5 * time) / 12
    cycles = frequency * np.cumsum(2**glide) / RATE if patch["vibrato"] else frequency * time
    wave = patch["wave"]
    harmonics = max(1, int(RATE * 0.45 / frequency))
    if wave == "fm":
        shape = np.exp(-time / max(float(patch["decay"]), 0.05))
        mono = np.sin(
            2 * np.pi * cycles + float(patch["index"]) * shape * np.sin(2 * np.pi * cycles * float(patch["ratio"]))
        )
        out = np.stack([mono, mono])
    elif wave in ("sine", "triangle", "organ"):
        mono = np.zeros(frames)
        table = {
            "sine": {1: 1.0},
            "triangle": {1: 1.0, 3: -1 / 9, 5: 1 / 25},
            "organ": {1: 1.0, 2: 0.6, 3: 0.4, 4: 0.3, 6: 0.2, 8: 0.2},
        }
        for number, level in table[str(wave)].items():
            if number <= harmonics:
                mono += level * np.sin(2 * np.pi * number * cycles)
        out = np.stack([mono, mono])
    else:
        voices = 5 if wave == "super" else 1
        out = np.zeros((2, frames))
        step = frequency / RATE
        for voice in range(voices):
            spread = 2 ** (float(patch["detune"]) * (voice - (voices - 1) / 2) / 12) if voices > 1 else 1.0
            phase = (cycles * spread + rng.random()) % 1.0
            saw = 2 * phase - 1 - _blep(phase, step * spread)
            if wave == "square":
                late = (phase + 0.5) % 1.0
                saw = saw - (2 * late - 1 - _blep(late, step * spread))
            side = 0.5 + 0.5 * (voice - (voices - 1) / 2) / max(voices, 2) * 2 if voices > 1 else 0.5
            out += np.stack([saw * (1 - side), saw * side]) * (2 / voices**0.5)
        out = lowpass(out.astype(np.float32), min(frequency * float(patch["cutoff"]), RATE * 0.44))
    shape = envelope(
        frames,
        attack_s=float(patch["attack"]),
        decay_s=float(patch["decay"]),
        sustain=float(patch["sustain"]),
        release_s=0.06,
    )
    return (out * shape * 0.3).astype(np.float32)


def _blep(phase: npt.NDArray[np.float64], step: float) -> npt.NDArray[np.float64]:
    """Correction of a step at phase 0 that keeps aliases down (polyBLEP)."""
    out = np.zeros_like(phase)
    early = phase < step
    x = phase[early] / step
    out[early] = 2 * x - x * x - 1
    late = phase > 1 - step
    x = (phase[late] - 1) / step
    out[late] = x * x + 2 * x + 1
    return out


def bass_patch(rng: Rng) -> dict[str, float | str]:
    """A synthesiser bass: darker, one voice, quick attack."""
    patch = random_patch(rng)
    patch["wave"] = str(rng.choice(["saw", "square", "sine", "sine", "triangle", "fm"]))
    patch["cutoff"] = float(np.exp(rng.uniform(np.log(1.2), np.log(10))))
    patch["attack"] = float(rng.uniform(0.002, 0.02))
    patch["ratio"] = float(rng.choice([0.5, 1, 1, 2]))
    patch["vibrato"] = 0.0
    patch["sustain"] = float(rng.choice([0.2, 0.6, 1.0]))
    return patch


def kick(rng: Rng) -> Samples:
    """Falling sine with a click, from a tight house kick to a long 808."""
    seconds = float(np.exp(rng.uniform(np.log(0.12), np.log(0.7))))
    time = np.arange(int(seconds * RATE)) / RATE
    low, high, fall = rng.uniform(40, 65), rng.uniform(120, 600), rng.uniform(0.008, 0.06)
    phase = 2 * np.pi * np.cumsum(low + (high - low) * np.exp(-time / fall)) / RATE
    body = np.sin(phase) * np.exp(-time / (seconds * rng.uniform(0.2, 0.5)))
    click = rng.standard_normal(time.size) * np.exp(-time / 0.002) * rng.uniform(0, 0.5)
    mono = np.tanh((body + click) * rng.uniform(1, 4)).astype(np.float32)
    mono[-100:] *= np.linspace(1, 0, 100, dtype=np.float32)
    return np.stack([mono, mono]) * np.float32(0.8)


def snare(rng: Rng) -> Samples:
    """Two modes and a burst of noise; with several bursts, a clap."""
    seconds = rng.uniform(0.1, 0.4)
    time = np.arange(int(seconds * RATE)) / RATE
    noise = rng.standard_normal((2, time.size)).astype(np.float32)
    noise = highpass(lowpass(noise, rng.uniform(4000, 10000), order=1), rng.uniform(400, 2000))
    if rng.random() < 0.5:
        noise[1] = noise[0]
    shape = np.exp(-time / rng.uniform(0.03, 0.15))
    if rng.random() < 0.35:
        for start in (0.011, 0.023):
            shape = np.maximum(shape, np.where(time > start, np.exp(-(time - start) / 0.05), 0) * 0.9)
        tones = np.zeros(time.size)
    else:
        first = rng.uniform(150, 260)
        tones = np.sin(2 * np.pi * first * time) + 0.6 * np.sin(2 * np.pi * first * rng.uniform(1.5, 1.9) * time)
        tones *= np.exp(-time / rng.uniform(0.03, 0.12)) * rng.uniform(0.2, 0.8)
    return ((noise * shape * 0.6 + tones) * 0.5).astype(np.float32)


def hat(rng: Rng, *, is_open: bool) -> Samples:
    """Filtered noise or a cluster of square waves."""
    seconds = rng.uniform(0.2, 0.5) if is_open else rng.uniform(0.03, 0.12)
    time = np.arange(int(seconds * RATE)) / RATE
    if rng.random() < 0.5:
        mono = rng.standard_normal(time.size)
    else:
        mono = sum(np.sign(np.sin(2 * np.pi * f * time)) for f in rng.uniform(300, 1100, 6) * rng.uniform(1, 4))
    out = highpass(np.stack([mono, mono]).astype(np.float32), rng.uniform(4000, 7500), order=4)
    return (out * np.exp(-time / (seconds * 0.35)) * 0.25).astype(np.float32)


def riser(rng: Rng, seconds: float) -> Samples:
    """Noise or tone that rises (or falls) towards a section."""
    frames = int(seconds * RATE)
    turn = np.linspace(0, 1, frames) if rng.random() < 0.7 else np.linspace(1, 0, frames)
    if rng.random() < 0.6:
        noise = rng.standard_normal((2, frames)).astype(np.float32)
        dark, bright = lowpass(noise, 600), highpass(noise, 2500)
        out = (dark * (1 - turn) * 2 + bright * turn) * turn
    else:
        phase = 2 * np.pi * np.cumsum(100 * 2 ** (turn * rng.uniform(2, 5))) / RATE
        mono = np.tanh(2 * np.sin(phase)) * turn
        out = np.stack([mono, mono])
    return (out * 0.3).astype(np.float32)


def glottal_voice(rng: Rng, pitches: npt.NDArray[np.float64], frames: int) -> Samples:
    """A singing synthesiser: glottal pulses through four moving formants, with breath.

    Args:
        pitches: MIDI pitch for each sample, nan where there is silence.
        frames: length.
    """
    sung = np.isfinite(pitches)
    frequency = np.where(sung, 440.0 * 2 ** ((np.nan_to_num(pitches, nan=60.0) - 69) / 12), 0.0)
    phase = np.cumsum(frequency / RATE) % 1.0
    source = np.where(phase < 0.6, np.sin(np.pi * phase / 0.6) ** 2, 0.0)
    source = np.diff(source, prepend=0.0) * 8
    source = (source + rng.standard_normal(frames) * rng.uniform(0.01, 0.08)) * sung
    vowels = np.array(
        [
            [800, 1150, 2900, 3900],
            [350, 2000, 2800, 3600],
            [450, 800, 2830, 3800],
            [325, 700, 2700, 3800],
            [400, 1600, 2700, 3300],
        ]
    )
    scale = rng.uniform(0.85, 1.2)
    out = np.zeros(frames)
    block = int(rng.uniform(0.15, 0.5) * RATE)
    weights = rng.integers(0, len(vowels), frames // block + 2)
    fade = np.linspace(0, 1, block)
    blend = np.concatenate([fade if a != b else np.ones(block) for a, b in pairwise(weights)])[:frames]
    for index in range(len(vowels)):
        now = np.repeat(weights[1:] == index, block)[:frames] * blend
        before = np.repeat(weights[:-1] == index, block)[:frames] * (1 - blend)
        gain = now + before
        if not gain.any():
            continue
        part = np.zeros(frames, np.float32)
        for number, formant in enumerate(vowels[index] * scale):
            width = 60 + 40 * number
            low, high = max(formant - width, 60), min(formant + width, RATE * 0.45)
            filtered = highpass(lowpass(np.stack([source, source]).astype(np.float32), high), low)[0]
            part += filtered * (1.0 / (1 + number))
        out += part * gain
    level = np.convolve(sung.astype(np.float32), np.ones(256) / 256, "same")
    out = out * level
    return np.stack([out, out]).astype(np.float32)
