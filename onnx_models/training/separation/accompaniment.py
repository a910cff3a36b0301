"""Everything of a training song that is neither sung, beaten nor bass."""

from __future__ import annotations

import numpy as np

from onnx_models.training.separation import effects, synth
from onnx_models.training.separation.form import FRAMES, SECONDS, Form, Rng, Samples, melody, place
from onnx_models.training.separation.instruments import Instrument, pitched, shift
from onnx_models.training.separation.library import RATE, Library


def gated(form: Form, rng: Rng) -> Samples:
    """Sustained synthesiser chords, cut by a rhythm of sixteenths, as trance and pop do, down to the bass."""
    out = np.zeros((2, FRAMES), np.float32)
    patch = synth.random_patch(rng) | {
        "wave": str(rng.choice(["saw", "square", "super", "super", "organ"])),
        "attack": 0.004,
        "sustain": 1.0,
    }
    octave, bar_s = int(rng.choice([24, 36, 48, 48, 60])), form.beat_s * form.beats_per_bar
    for bar in range(form.bars):
        for pitch in form.chord(bar, size=int(rng.choice([1, 3, 4]))):
            place(out, synth.tone(patch, pitch % 24 + octave, bar_s * 1.02, rng), bar * bar_s, 0.5)
    step = max(int(form.beat_s / 4 * RATE), 64)
    open_steps = rng.random(form.beats_per_bar * 4) < rng.uniform(0.35, 0.8)
    fade = np.minimum(1.0, np.minimum(np.arange(step), np.arange(step)[::-1] * rng.uniform(0.05, 1)) / 90)
    gate = np.concatenate([fade if now else np.zeros(step) for now in open_steps]).astype(np.float32)
    return out * np.resize(gate, FRAMES)


def plucked(form: Form, rng: Rng) -> Samples:
    """Short synthesiser notes whose filter closes at once: a riff of two bars in any octave from the bass up."""
    out = np.zeros((2, FRAMES), np.float32)
    bright = synth.random_patch(rng) | {"sustain": 0.0, "decay": float(rng.uniform(0.06, 0.4)), "attack": 0.003}
    dark = bright | {"cutoff": float(rng.uniform(1.2, 3.0)), "decay": float(bright["decay"]) * 2}
    octave, steps = int(rng.choice([24, 36, 48, 48, 60, 72])), form.beats_per_bar * 4
    riff = [(step, int(rng.integers(0, 5))) for step in np.flatnonzero(rng.random(2 * steps) < rng.uniform(0.25, 0.7))]
    for bar in range(0, form.bars, 2):
        for step, degree in riff:
            now = bar + step // steps
            notes = form.chord(now, size=5)
            pitch = notes[degree] % 24 + octave
            note = synth.tone(dark, pitch, 0.5, rng)
            click = synth.tone(bright, pitch, 0.25, rng)
            note[:, : click.shape[1]] += click * np.float32(0.6)
            place(out, note, form.time(now, step % steps / 4, rng), rng.uniform(0.5, 1))
    return out


def doubled(form: Form, rng: Rng, instruments: list[Instrument]) -> Samples:
    """Two takes of one strummed part, hard left and right, as rock does: alike, and never the same."""
    chordal = [i for i in instruments if i.folder.endswith(("_chords", "palm_mute")) or i.folder == "dist_power_chords"]
    instrument = chordal[int(rng.integers(len(chordal)))]
    pattern = np.flatnonzero(rng.random(form.beats_per_bar * 2) < rng.uniform(0.4, 0.9)) / 2
    takes = []
    for side in (-1.0, 1.0):
        take = np.zeros((2, FRAMES), np.float32)
        for bar in range(form.bars):
            root = form.chord(bar)[0] % 12 + 36
            for beat in pattern if pattern.size else [0.0]:
                note = instrument.note(root, form.beat_s * rng.uniform(0.4, 1.2), rng.uniform(0.6, 1), rng)
                place(take, note, form.time(bar, float(beat), rng) + abs(rng.normal(0, 0.008)))
        amount = float(np.exp(rng.uniform(0, 3)))
        takes.append(effects.pan(effects.cabinet(effects.drive(take, amount), rng), side * rng.uniform(0.6, 1)))
    return takes[0] + takes[1]


def layer(form: Form, library: Library, rng: Rng, instruments: list[Instrument], *, modern: bool = False) -> Samples:
    """One accompanying part: pad, comping, arpeggio, lead, strums, stabs or a texture; more kinds where `modern`."""
    if modern and rng.random() < 0.45:
        kind = str(rng.choice(["gated", "plucked", "doubled"], p=[0.35, 0.35, 0.3]))
        if kind == "doubled":
            return dress(doubled(form, rng, instruments), form, rng, guitar=False)
        return dress(gated(form, rng) if kind == "gated" else plucked(form, rng), form, rng, guitar=False)
    out = np.zeros((2, FRAMES), np.float32)
    role = str(
        rng.choice(
            ["pad", "comp", "comp", "arp", "lead", "lead", "strum", "stab", "texture", "riser"],
            p=[0.15, 0.14, 0.1, 0.14, 0.13, 0.1, 0.11, 0.06, 0.04, 0.03],
        )
    )
    first = int(rng.integers(0, max(form.bars // 2, 1))) if rng.random() < 0.35 else 0
    bars = range(first, form.bars)
    synthetic = rng.random() < 0.35
    patch = synth.random_patch(rng)
    kinds = {"guitar": 0.32, "keys": 0.36, "strings": 0.16, "winds": 0.16}
    kind = str(rng.choice(list(kinds), p=list(kinds.values())))
    pool = [i for i in instruments if i.kind == kind and not i.folder.endswith(("_chords", "_chops", "palm_mute"))]
    instrument = pool[int(rng.integers(len(pool)))]
    if role == "strum":
        chordal = [
            i
            for i in instruments
            if i.folder.endswith(("_chords", "_chops", "palm_mute")) or i.folder == "dist_power_chords"
        ]
        instrument, synthetic = chordal[int(rng.integers(len(chordal)))], False
    if role == "riser":
        for bar in bars:
            if bar % 4 == 2 or rng.random() < 0.1:
                place(out, synth.riser(rng, form.beat_s * form.beats_per_bar * 2), form.time(bar, 0, rng))
        return out
    if role == "texture":
        pool_fx = library.folders("fx")
        found = [e for name, entries in pool_fx.items() for e in entries if not name.startswith("eif")]
        for _ in range(int(rng.integers(2, 8))):
            audio = library.samples(found[int(rng.integers(len(found)))])
            place(
                out,
                shift(audio, float(2 ** rng.uniform(-0.7, 0.7)), audio.shape[1]),
                rng.uniform(0, SECONDS),
                rng.uniform(0.3, 1),
            )
        return out

    def play(pitch: int, length: float, level: float) -> Samples:
        return (
            synth.tone(patch, pitch, length, rng) * np.float32(level)
            if synthetic
            else instrument.note(pitch, length, level, rng)
        )

    octave = int(rng.choice([36, 48, 48, 60]))
    size = int(rng.choice([3, 3, 4, 5]))
    bar_s = form.beat_s * form.beats_per_bar
    if role == "pad":
        patch["attack"], patch["sustain"] = float(rng.uniform(0.05, 0.6)), 1.0
        for bar in bars:
            for pitch in form.chord(bar, size=size):
                place(out, play(pitch % 24 + octave, bar_s * 1.05, rng.uniform(0.4, 0.7)), form.time(bar, 0, rng))
    elif role in ("comp", "stab"):
        pattern = np.flatnonzero(rng.random(form.beats_per_bar * 2) < (0.5 if role == "comp" else 0.2)) / 2
        length = form.beat_s * (rng.uniform(0.3, 1.2) if role == "comp" else 0.2)
        voicing = int(rng.integers(0, 12))
        for bar in bars:
            for beat in pattern if pattern.size else [0.0]:
                now, level = form.time(bar, float(beat), rng), rng.uniform(0.4, 1)
                for pitch in form.chord(bar, size=size):
                    place(
                        out,
                        play((pitch + voicing) % 24 - voicing + octave + 6, length, level),
                        now + abs(rng.normal(0, 0.005)),
                    )
    elif role == "arp":
        per = int(rng.choice([2, 4, 4, 3]))
        order = rng.permutation(size)
        patch["attack"] = 0.004
        for bar in bars:
            notes = form.chord(bar, size=size)
            for step in range(form.beats_per_bar * per):
                pitch = notes[order[step % size]] % 24 + octave + (12 if (step // size) % 2 else 0)
                place(
                    out,
                    play(pitch, form.beat_s / per * rng.uniform(0.8, 2), rng.uniform(0.4, 0.9)),
                    form.time(bar, step / per, rng),
                )
    elif role == "strum":
        pattern = np.flatnonzero(rng.random(form.beats_per_bar * 4) < rng.uniform(0.2, 0.5)) / 4
        for bar in bars:
            root = form.chord(bar)[0] % 12 + 36
            for index, beat in enumerate(pattern if pattern.size else [0.0]):
                nexts = pattern[index + 1] if index + 1 < pattern.size else form.beats_per_bar
                place(
                    out,
                    instrument.note(root, float(nexts - beat) * form.beat_s, rng.uniform(0.5, 1), rng),
                    form.time(bar, float(beat), rng),
                )
    else:
        low = (
            int(np.clip(min((e.note for e in instrument.entries), default=48), 40, 72))
            if not synthetic
            else int(rng.choice([48, 60]))
        )
        for start, length, pitch in melody(form, rng, low=low, high=low + 19, density=rng.uniform(0.5, 2.2), bars=bars):
            place(out, play(pitch, length, rng.uniform(0.5, 1)), start)
    return dress(out, form, rng, guitar=instrument.kind == "guitar" and not synthetic)


def dress(out: Samples, form: Form, rng: Rng, *, guitar: bool) -> Samples:
    """Effects of one accompanying part."""
    if guitar and rng.random() < 0.35:
        out = effects.cabinet(effects.drive(out, float(np.exp(rng.uniform(0.5, 3.5)))), rng)
    elif rng.random() < 0.12:
        out = effects.drive(out, rng.uniform(1.5, 8))
    for odds, effect in (
        (0.25, lambda x: effects.chorus(x, rng)),
        (0.2, lambda x: effects.delay(x, rng, beat_s=form.beat_s)),
        (0.12, lambda x: effects.tremolo(x, rng, beat_s=form.beat_s)),
        (0.15, lambda x: effects.sweep(x, rng)),
        (0.12, lambda x: effects.duck(x, form.kicks, rng)),
    ):
        if rng.random() < odds:
            out = effect(out)
    if rng.random() < 0.4:
        out = effects.highpass(out, rng.uniform(80, 350))
    out = effects.pan(effects.bells(out, rng), float(np.clip(rng.normal(0, 0.4), -1, 1)))
    if rng.random() < 0.6:
        out = effects.reverb(
            out, rng, seconds=float(np.exp(rng.uniform(np.log(0.3), np.log(4)))), wet=rng.uniform(0.05, 0.5)
        )
    return out


def other(form: Form, library: Library, rng: Rng, *, modern: bool = False) -> Samples:
    """One to five layers; `modern` songs have gated and plucked synthesisers and doubled guitars too."""
    instruments = pitched(library, "keys", "guitar", "strings", "winds")
    out = np.zeros((2, FRAMES), np.float32)
    for index in range(int(rng.choice([1, 2, 3, 4, 5], p=[0.1, 0.25, 0.3, 0.22, 0.13]))):
        part = layer(form, library, rng, instruments, modern=modern)
        active = np.sqrt((part**2).mean()) + 1e-6
        out += part * np.float32(0.1 / active * 10 ** (rng.normal(0, 4 if index else 1) / 20))
    return out
