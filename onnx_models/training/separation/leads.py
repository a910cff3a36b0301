"""Lead lines that are no voices: winds, brass, bowed strings, guitars and synthesisers that sing.

A melody with glides, scoops, vibrato and swells in the middle of the picture is what a separator takes for a voice. The
songs hold few of them (their accompaniment is chords for the most part), so the pool holds such lines by themselves:
the mixer lays them under other accompaniments, and lets them play alone.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import signal

from onnx_models.training.separation import effects, synth
from onnx_models.training.separation.accompaniment import dress
from onnx_models.training.separation.form import FRAMES, Rng, Samples, compose, melody, place
from onnx_models.training.separation.instruments import Instrument, pitched
from onnx_models.training.separation.library import RATE, Library

KINDS = {"winds": 0.46, "strings": 0.2, "guitar": 0.12, "synth": 0.22}
CHORDAL = ("_chords", "_chops", "palm_mute", "_noises", "pizz", "harp", "kankles")
VOWELS = ((800.0, 1150.0), (400.0, 2000.0), (450.0, 800.0), (325.0, 700.0), (500.0, 1600.0))
"""First two formants of sung vowels, Hz: what a vowel filter or a talk box plays."""


def _bend(
    audio: Samples, ratio: float, seconds: float, rng: Rng, *, vibrato: float, scoop: float, glide: float
) -> Samples:
    """Play `audio` at a moving speed: `ratio`, a glide from `glide` semitones away, a scoop and a late vibrato."""
    frames = int(seconds * RATE)
    time = np.arange(frames) / RATE
    onset = np.clip((time - 0.2) / 0.3, 0, 1)
    cents = vibrato * onset * np.sin(2 * np.pi * rng.uniform(4.5, 6.5) * time + rng.uniform(0, 6))
    cents += (glide - scoop) * np.exp(-time / rng.uniform(0.02, 0.08))
    position: npt.NDArray[np.float64] = np.cumsum(ratio * 2 ** (cents / 12))
    count = int(np.searchsorted(position, audio.shape[1] - 2))
    if count < 64:
        return np.zeros((2, 64), np.float32)
    at = position[:count]
    base = at.astype(np.int64)
    part = (at - base).astype(np.float32)
    return audio[:, base] * (1 - part) + audio[:, base + 1] * part


def _played(instrument: Instrument, pitch: int, seconds: float, rng: Rng, *, expression: dict[str, float]) -> Samples:
    """One expressive note of a recorded instrument."""
    ranked = sorted(instrument.entries, key=lambda e: abs(e.note - pitch) + rng.random() * 1.5)
    audio = instrument.library.samples(ranked[0])
    return _bend(audio, 2 ** ((pitch - ranked[0].note) / 12), seconds, rng, **expression)


def _shaped(note: Samples, seconds: float, rng: Rng, *, swell: float) -> Samples:
    """A soft start, a swell and an end, so that notes of a phrase join."""
    frames = note.shape[1]
    ramp = np.linspace(0, 1, frames, dtype=np.float32)
    attack = min(int(rng.uniform(0.005, 0.05) * RATE), frames // 3)
    release = min(int(rng.uniform(0.03, 0.12) * RATE), frames // 3)
    curve = 1 - swell + swell * np.abs(np.sin(np.pi * ramp)) ** 0.7
    curve[:attack] *= np.linspace(0, 1, attack, dtype=np.float32)
    if frames >= int(seconds * RATE) - 1:
        curve[frames - release :] *= np.linspace(1, 0, release, dtype=np.float32)
    return note * curve.astype(np.float32)


def vowels(audio: Samples, rng: Rng, *, beat_s: float) -> Samples:
    """Two resonances that move between vowels: a talk box, a formant filter, a growling synthesiser."""
    step = max(int(beat_s * float(rng.choice([0.25, 0.5, 1.0])) * RATE), 512)
    order = rng.integers(0, len(VOWELS), audio.shape[1] // step + 2)
    choice = np.repeat(order, step)[: audio.shape[1]]
    out = audio * np.float32(rng.uniform(0.05, 0.4))
    smooth = signal.windows.hann(1201)
    smooth /= smooth.sum()
    scale = rng.uniform(0.8, 1.25)
    for index in set(order.tolist()):
        weight = signal.fftconvolve((choice == index).astype(np.float32), smooth, mode="same").astype(np.float32)
        for formant in VOWELS[index]:
            numerator, denominator = signal.iirpeak(formant * scale, rng.uniform(3, 9), fs=RATE)
            out += signal.lfilter(numerator, denominator, audio, axis=-1).astype(np.float32) * weight
    return out


def lead(seed: int, library: Library) -> Samples:
    """Lead line `seed`: ``(2, FRAMES) float32``."""
    rng = np.random.default_rng([17, seed])
    form = compose(rng)
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    expression = {
        "vibrato": float(rng.choice([0.0, 0.1, 0.25, 0.45])),
        "scoop": float(rng.choice([0.0, 0.3, 0.8, 1.5])),
        "glide": 0.0,
    }
    swell, legato = rng.uniform(0, 0.6), rng.uniform(0.85, 1.15)
    glides = rng.random() < 0.3
    patch = synth.random_patch(rng) | {"sustain": 1.0, "attack": float(rng.uniform(0.004, 0.08))}
    chosen = None
    if kind != "synth":
        fitting = [i for i in pitched(library, kind) if not any(part in i.folder for part in CHORDAL)]
        chosen = fitting[int(rng.integers(len(fitting)))]
    middle = int(np.clip(np.median([e.note for e in chosen.entries]), 45, 74)) if chosen else int(rng.integers(48, 72))
    low = middle - int(rng.integers(3, 9))
    out = np.zeros((2, FRAMES), np.float32)
    line = melody(form, rng, low=low, high=low + 17, density=rng.uniform(0.5, 2.2), bars=range(form.bars))
    for voice in range(int(rng.choice([1, 1, 1, 2, 3]))):
        interval = 0 if voice == 0 else int(rng.choice([0, 3, 4, 7, -5, 12]))
        before = None
        for start, length, pitch in line:
            now = pitch + interval
            if glides and before is not None:
                expression["glide"] = float(np.clip(before - now, -7, 7))
            before = now
            seconds = length * legato
            if chosen is None:
                bent = _bend(synth.tone(patch, now, seconds * 1.4 + 0.1, rng), 1.0, seconds, rng, **expression)
            else:
                bent = _played(chosen, now, seconds, rng, expression=expression)
            note = _shaped(bent, seconds, rng, swell=swell)
            place(out, note, start + abs(rng.normal(0, 0.004 + 0.01 * voice)), rng.uniform(0.6, 1) / (1 + 0.5 * voice))
    if rng.random() < (0.12 if kind == "synth" else 0.02):
        out = vowels(out, rng, beat_s=form.beat_s)
    if rng.random() < 0.4:
        # As it stood before the microphone, or with a room and no more.
        room = effects.reverb(out, rng, seconds=rng.uniform(0.3, 2), wet=rng.uniform(0.05, 0.4))
        return room if rng.random() < 0.7 else out
    return dress(out, form, rng, guitar=kind == "guitar")
