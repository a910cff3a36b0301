"""The voices of a training song."""

from __future__ import annotations

from typing import Any

import numpy as np

from onnx_models.training.separation import augment, effects, production, sung, synth
from onnx_models.training.separation.form import FRAMES, SECONDS, Form, Rng, Samples, compose, melody, place
from onnx_models.training.separation.instruments import Instrument, pitched, resing, shift
from onnx_models.training.separation.library import RATE, Library, analyse

SUNG = ("legato", "vocadito", "vocalset", "sms", "berklee_misc", "merry")
"""Folders of the kit whose phrases are sung."""
HELD_SHARE, VOCALISE_SHARE = 0.18, 0.32
"""How many of the voices that stand alone are vowels held for long, and melodies on vowels."""


def vocals(form: Form, library: Library, rng: Rng) -> Samples:
    """A lead (re-sung speech, singing, sampled vowels, rap or a synthetic voice) with doubles, harmonies, effects."""
    out = np.zeros((2, FRAMES), np.float32)
    voices = [e for entries in library.folders("voice").values() for e in entries]
    by_speaker = {name: [e for e in entries if e.world] for name, entries in library.folders("voice").items()}
    by_speaker = {name: entries for name, entries in by_speaker.items() if entries}
    names = sorted(by_speaker)
    kind = str(
        rng.choice(["resung", "recorded", "vowels", "speech", "glottal", "chops"], p=[0.5, 0.18, 0.12, 0.1, 0.05, 0.05])
    )
    settings: dict[str, Any] = {
        "formant": float(2 ** rng.normal(0, 0.12)),
        "vibrato": float(rng.choice([0.0, 0.15, 0.35, 0.6])),
        "breath": float(rng.choice([0.0, 0.0, 0.1, 0.3])),
        "glide_s": float(rng.choice([0.02, 0.06, 0.1, 0.16])),
        "scoop": float(rng.uniform(0, 0.4)),
        "legato": float(rng.choice([0.0, 0.0, 0.6])),
    }
    if kind in ("resung", "glottal"):
        entries = by_speaker[names[int(rng.integers(len(names)))]]
        voice = library.voice(entries[int(rng.integers(len(entries)))])
        voiced = voice.f0[voice.f0 > 0]
        centre = 69 + 12 * np.log2(np.median(voiced) / 440) if voiced.size else 55
        low = int(np.clip(centre + rng.uniform(-3, 9), 40, 70))
        line = melody(form, rng, low=low, high=low + 12, density=rng.uniform(0.7, 2.5), bars=range(form.bars))
        line = [
            (a, min(b, (line[i + 1][0] - a - 0.02) if i + 1 < len(line) else b), p) for i, (a, b, p) in enumerate(line)
        ]
        line = [event for event in line if event[1] > 0.06 and event[0] < SECONDS - 0.2]
        if kind == "glottal":
            pitches = np.full(FRAMES, np.nan)
            for start, length, pitch in line:
                pitches[int(start * RATE) : int((start + length) * RATE)] = pitch
            out += synth.glottal_voice(rng, pitches, FRAMES)
        else:
            harmonies = [0] + [
                int(rng.choice([0, 0, 3, 4, 7, -5, 12, -12])) for _ in range(int(rng.choice([0, 0, 0, 1, 2])))
            ]
            for number, interval in enumerate(harmonies):
                moved = [(a + (rng.normal(0, 0.015) if number else 0), b, p + interval) for a, b, p in line]
                moved = [(max(a, 0.0), b, p) for a, b, p in moved]
                part = resing(voice, moved, SECONDS, rng, settings=settings)
                place(
                    out,
                    effects.pan(part, 0.0 if number == 0 else rng.uniform(-0.8, 0.8)),
                    0.0,
                    1.0 if number == 0 else rng.uniform(0.3, 0.7),
                )
    elif kind == "vowels":
        choirs = pitched(library, "voice")
        instrument = choirs[int(rng.integers(len(choirs)))]
        low = int(np.clip(min(e.note for e in instrument.entries), 38, 72))
        for number in range(int(rng.choice([1, 1, 2, 3]))):
            line = melody(form, rng, low=low, high=low + 14, density=rng.uniform(0.4, 1.5), bars=range(form.bars))
            for start, length, pitch in line:
                place(out, instrument.note(pitch, length, 0.8, rng), start, 1.0 if number == 0 else 0.6)
    elif kind == "chops":
        entry = voices[int(rng.integers(len(voices)))]
        audio = library.samples(entry)
        starts = rng.integers(0, max(audio.shape[1] - RATE // 2, 1), 4)
        cuts = [audio[:, s : s + int(rng.uniform(0.08, 0.4) * RATE)] for s in starts]
        cuts = [
            c * np.minimum(1, np.minimum(np.arange(c.shape[1]), np.arange(c.shape[1])[::-1]) / 80).astype(np.float32)
            for c in cuts
        ]
        pattern = np.flatnonzero(rng.random(form.beats_per_bar * 4) < 0.3)
        pitches = rng.choice([0, 0, 0, 3, 5, 7, -5, 12], pattern.size + 1)
        for bar in range(form.bars):
            for index, step in enumerate(pattern):
                cut = cuts[index % 4]
                place(out, shift(cut, float(2 ** (pitches[index] / 12)), cut.shape[1]), form.time(bar, step / 4, rng))
    else:
        sung = [e for e in voices if e.velocity == "phrase" and e.folder.startswith(SUNG)]
        spoken = [e for e in voices if e.world]
        source = sung if kind == "recorded" else spoken
        ratio = float(2 ** (rng.normal(0, 2.5) / 12))
        chosen = source[int(rng.integers(len(source)))]
        same = [e for e in source if e.folder == chosen.folder]
        now = rng.uniform(0, 2)
        while now < SECONDS:
            audio = library.samples(same[int(rng.integers(len(same)))])
            place(out, shift(audio, ratio, audio.shape[1]), now)
            now += audio.shape[1] / RATE / ratio + float(rng.choice([0.05, 0.5, 1.5, 3]))
    return _finish(out, form.beat_s, rng)


def voice(seed: int, library: Library) -> Samples:
    """A voice by itself, ``(2, FRAMES)``: as it was recorded, a vocalise, or vowels held for long."""
    rng = np.random.default_rng([17, seed])
    kind = rng.random()
    choirs = pitched(library, "voice")
    if kind < HELD_SHARE and choirs:
        out, produced = _held(choirs, rng), 0.5
    elif kind < HELD_SHARE + VOCALISE_SHARE and choirs:
        out, produced = _vocalise(choirs, rng), 0.25
    else:
        out, produced = _recorded(library, rng), 0.4
    out = _finish(out, 60.0 / rng.uniform(70, 160), rng)
    return production.produce(out, seed + 100_000) if rng.random() < produced else out


def sung_voice(seed: int, library: Library) -> Samples:
    """A sung line with words by itself, ``(2, FRAMES)`` (`sung`)."""
    rng = np.random.default_rng([19, seed])
    out = _finish(sung.sung(library, rng), 60.0 / rng.uniform(70, 160), rng)
    return production.produce(out, seed + 200_000) if rng.random() < 0.2 else out


def _recorded(library: Library, rng: Rng) -> Samples:
    """A voice as it was recorded, sung or spoken, faster or slower, doubled, ``(2, FRAMES)``.

    Most voices of the songs are re-sung by a vocoder, and a separator may learn to hear the vocoder: these have none.
    """
    voices = [entry for entries in library.folders("voice").values() for entry in entries]
    sung = [e for e in voices if e.velocity == "phrase" and e.folder.startswith(SUNG)]
    spoken = [e for e in voices if e.world]
    source = sung if rng.random() < 0.55 else spoken
    out = np.zeros((2, FRAMES), np.float32)
    folders = sorted({e.folder for e in source})
    for number in range(int(rng.choice([1, 1, 1, 2, 3]))):
        # By folder, so that a singer with hundreds of phrases is not nearly all that is heard.
        folder = folders[int(rng.integers(len(folders)))]
        same = [e for e in source if e.folder == folder]
        ratio = float(2 ** (rng.normal(0, 3.0) / 12))
        pause = float(rng.choice([0.02, 0.1, 0.5, 1.5]))
        now = rng.uniform(0, 1.5)
        while now < SECONDS:
            audio = library.samples(same[int(rng.integers(len(same)))])
            piece = shift(audio, ratio, audio.shape[1])
            if number:
                piece = effects.pan(piece, rng.uniform(-0.8, 0.8))
            place(out, piece, now, 1.0 if number == 0 else rng.uniform(0.3, 0.8))
            now += audio.shape[1] / RATE / ratio + pause
    return out


def _vocalise(choirs: list[Instrument], rng: Rng) -> Samples:
    """A melody on the recorded vowels of one singer or choir, with slurs, glides and vibrato, ``(2, FRAMES)``.

    Speech, of which most voices are made, holds no vowel for long; singers do little else.
    """
    out = np.zeros((2, FRAMES), np.float32)
    form = compose(rng)
    chosen = choirs[int(rng.integers(len(choirs)))]
    singer = chosen.folder.split("_")[0]
    vowels = [entry for i in choirs if i.folder.split("_")[0] == singer for entry in i.entries]
    near = sorted(vowels, key=lambda e: abs(e.note - chosen.entries[0].note) + 3 * rng.random())[:3]
    pause = np.zeros(int(0.12 * RATE))
    taken = [chosen.library.samples(e).mean(0)[: int(1.6 * RATE)].astype(np.float64) for e in near]
    sung = analyse(np.concatenate([part for one in taken for part in (one, pause)]))
    voiced = sung.f0[sung.f0 > 0]
    if voiced.size == 0:
        return _held(choirs, rng)
    low = int(np.clip(69 + 12 * np.log2(np.median(voiced) / 440) + rng.uniform(-8, 6), 40, 74))
    line = melody(form, rng, low=low, high=low + 14, density=rng.uniform(0.5, 2.0), bars=range(form.bars))
    joined = rng.random() < 0.6
    following = [start for start, _, _ in line[1:]] + [SECONDS]
    line = [
        (start, after - start - 0.01 if joined and after - start < 2.5 else min(length, after - start - 0.02), pitch)
        for (start, length, pitch), after in zip(line, following, strict=True)
    ]
    line = [event for event in line if event[1] > 0.06 and event[0] < SECONDS - 0.2]
    settings = {
        "formant": float(2 ** rng.normal(0, 0.12)),
        "vibrato": float(rng.choice([0.1, 0.25, 0.5, 0.9])),
        "breath": float(rng.choice([0.0, 0.05, 0.2])),
        "glide_s": float(rng.choice([0.02, 0.06, 0.12, 0.2, 0.35, 0.5])),
        "scoop": float(rng.uniform(0, 0.4)),
        "legato": 1.0,
    }
    for number, interval in enumerate(
        [0, *(int(rng.choice([3, 4, 7, 12, -5])) for _ in range(int(rng.integers(-1, 2))))]
    ):
        part = resing(sung, [(a, b, p + interval) for a, b, p in line], SECONDS, rng, settings=settings)
        place(out, effects.pan(part, 0.0 if number == 0 else rng.uniform(-0.8, 0.8)), 0.0, 1.0 if number == 0 else 0.5)
    return out


def _held(choirs: list[Instrument], rng: Rng) -> Samples:
    """Sung vowels held for seconds, alone or as chords, swelling: the pads and "aaah" of a chorus, ``(2, FRAMES)``."""
    out = np.zeros((2, FRAMES), np.float32)
    form = compose(rng)
    scale = float(rng.choice([0.5, 1.0, 2.0]))
    for number in range(int(rng.choice([1, 1, 2, 3]))):
        instrument = choirs[int(rng.integers(len(choirs)))]
        low = int(np.clip(min(e.note for e in instrument.entries), 38, 72))
        line = melody(form, rng, low=low, high=low + 14, density=0.5 / scale, bars=range(form.bars))
        side, level = (0.0, 1.0) if number == 0 else (rng.uniform(-0.8, 0.8), rng.uniform(0.4, 0.9))
        attack = rng.uniform(0.01, 0.6)
        for start, length, pitch in line:
            entry = min(instrument.entries, key=lambda e: abs(e.note - pitch) + rng.random())
            size = int(max(length, 0.8 * scale) * RATE)
            position = np.arange(size) * 2 ** ((pitch - entry.note) / 12)
            position = augment.hold(position, 0.4 * entry.frames, 0.35 * entry.frames)
            note = augment.read(instrument.library.samples(entry), position)
            ramp = min(int(attack * RATE), size // 2)
            note[:, :ramp] *= np.linspace(0, 1, ramp, dtype=np.float32)
            note[:, size - ramp :] *= np.linspace(1, 0, ramp, dtype=np.float32)
            place(out, effects.pan(note, side) if number else note, start, level)
    return out


def _finish(out: Samples, beat_s: float, rng: Rng) -> Samples:
    """Compressor, saturation, equalisers, doubles and rooms, as a vocal has them."""
    if rng.random() < 0.5:
        out = effects.compress(out, rng)
    if rng.random() < 0.15:
        out = effects.drive(out, rng.uniform(1, 6))
    if rng.random() < 0.7:
        out = effects.highpass(out, rng.uniform(70, 250))
    out = effects.bells(out, rng)
    if rng.random() < 0.08:
        out = effects.lowpass(effects.highpass(out, 400), 3400)
    if rng.random() < 0.2:
        double = np.stack([np.roll(out[0], int(0.012 * RATE)), np.roll(out[1], int(0.019 * RATE))])
        out = (out + 0.7 * double).astype(np.float32)
    if rng.random() < 0.12:
        out = effects.chorus(out, rng)
    if rng.random() < 0.25:
        out = effects.delay(out, rng, beat_s=beat_s)
    if rng.random() < 0.75:
        out = effects.reverb(
            out, rng, seconds=float(np.exp(rng.uniform(np.log(0.3), np.log(3.5)))), wet=rng.uniform(0.04, 0.45)
        )
    return out
