"""Songs for training: composed from templates, played by the kit and by synthesis, rendered as four true stems.

One song is `SECONDS` long and comes from one seed. The parts share key, chords, tempo and form, so that masks must be learned where
sounds really overlap; the mixer (`mixing`) also tears songs apart and pairs strangers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from onnx_models.training.separation import effects, synth
from onnx_models.training.separation.instruments import Instrument, Kit, pitched, resing, shift
from onnx_models.training.separation.library import RATE, Library

Samples = npt.NDArray[np.float32]
Rng = np.random.Generator

SECONDS = 24.0
FRAMES = int(SECONDS * RATE)
STEMS = ("vocals", "drums", "bass", "other")
SCALES = (
    (0, 2, 4, 5, 7, 9, 11),
    (0, 2, 3, 5, 7, 8, 10),
    (0, 2, 3, 5, 7, 9, 10),
    (0, 2, 4, 5, 7, 9, 10),
    (0, 1, 3, 5, 7, 8, 10),
)
NEXT = {0: (3, 4, 5, 1, 2), 1: (4, 3, 6), 2: (5, 3), 3: (0, 4, 1, 5), 4: (0, 5, 3), 5: (3, 4, 1, 2), 6: (0, 2)}
"""Markov chain of scale degrees: which chord may follow which."""


@dataclass
class Form:
    """What all parts of a song agree on."""

    bpm: float
    beats_per_bar: int
    root: int
    scale: tuple[int, ...]
    chords: list[int]
    swing: float
    loose_s: float
    kicks: list[float] = field(default_factory=list)

    @property
    def beat_s(self) -> float:
        return 60.0 / self.bpm

    @property
    def bars(self) -> int:
        return int(np.ceil(SECONDS / (self.beat_s * self.beats_per_bar)))

    def time(self, bar: int, beat: float, rng: Rng) -> float:
        """Seconds of a beat, swung and played by a person."""
        half = beat % 1.0
        late = self.swing * self.beat_s * 0.5 if 0.4 < half < 0.6 else 0.0
        return (bar * self.beats_per_bar + beat) * self.beat_s + late + abs(float(rng.normal(0, self.loose_s)))

    def degree(self, number: int) -> int:
        """MIDI pitch class offset of a scale degree, octaves carried."""
        return self.root + self.scale[number % 7] + 12 * (number // 7)

    def chord(self, bar: int, *, size: int = 3) -> list[int]:
        base = self.chords[bar % len(self.chords)]
        return [self.degree(base + 2 * index) for index in range(size)]


def compose(rng: Rng) -> Form:
    chords = [int(rng.choice([0, 0, 5, 3]))]
    for _ in range(int(rng.choice([1, 3, 3, 3, 7]))):
        chords.append(int(rng.choice(NEXT[chords[-1]])))
    return Form(
        bpm=float(rng.uniform(62, 178)),
        beats_per_bar=int(rng.choice([4, 4, 4, 4, 4, 3, 6])),
        root=int(rng.integers(0, 12)),
        scale=SCALES[int(rng.choice(5, p=[0.35, 0.35, 0.12, 0.13, 0.05]))],
        chords=chords,
        swing=float(rng.choice([0, 0, 0, 0.15, 0.33])),
        loose_s=float(rng.uniform(0, 0.012)),
    )


def place(out: Samples, audio: Samples, seconds: float, gain: float = 1.0) -> None:
    """Add `audio` at a time, cut where the song ends."""
    start = int(seconds * RATE)
    if 0 <= start < out.shape[1]:
        count = min(audio.shape[1], out.shape[1] - start)
        out[:, start : start + count] += audio[:, :count] * np.float32(gain)


def drums(form: Form, library: Library, rng: Rng) -> Samples:
    """A kit on a pattern with fills, ghost notes, hand percussion and a room."""
    out = np.zeros((2, FRAMES), np.float32)
    kit = Kit(library, rng)
    beats, grid = form.beats_per_bar, 4
    steps = beats * grid
    style = str(rng.choice(["four", "rock", "broken", "half", "sparse", "tribal"]))
    kick, snare = np.zeros(steps), np.zeros(steps)
    if style == "four":
        kick[::grid] = 1
        snare[grid :: 2 * grid] = 1
    elif style == "rock":
        kick[0] = 1
        kick[rng.integers(2, steps, 2)] = 0.8
        snare[grid :: 2 * grid] = 1
    elif style == "broken":
        kick[0] = 1
        kick[rng.integers(3, steps, 3)] = 0.8
        snare[grid] = snare[min(3 * grid, steps - 1)] = 1
        snare[rng.integers(0, steps, 2)] = 0.35
    elif style == "half":
        kick[0] = 1
        kick[rng.integers(1, steps, 2)] = 0.7
        snare[steps // 2] = 1
    else:
        kick[rng.integers(0, steps, 2 if style == "sparse" else 4)] = 0.8
        snare[rng.integers(0, steps, 1 if style == "sparse" else 3)] = 0.7
    backbeat = "clap" if rng.random() < 0.25 else "snare"
    hat_step = int(rng.choice([1, 2, 2, 4]))
    top = str(rng.choice(["hat", "hat", "hat", "ride", "perc"]))
    fills = rng.random() < 0.6
    extra = [
        (str(rng.choice(["perc", "tom", "clap", "perc"])), rng.random(steps) < rng.uniform(0.08, 0.35))
        for _ in range(int(rng.integers(0, 3)))
    ]
    pieces = {
        name: rng.random() < odds for name, odds in (("kick", 0.95), ("snare", 0.92), ("hat", 0.9), ("extra", 0.8))
    }
    drop = {bar for bar in range(form.bars) if rng.random() < 0.08}
    for bar in range(form.bars):
        if bar in drop:
            continue
        for step in range(steps):
            now = form.time(bar, step / grid, rng)
            hits: list[tuple[str, float]] = []
            if pieces["kick"] and kick[step]:
                hits.append(("kick", kick[step] * rng.uniform(0.8, 1)))
                form.kicks.append(now)
            if pieces["snare"] and snare[step]:
                hits.append((backbeat, snare[step] * rng.uniform(0.8, 1)))
            if pieces["hat"] and step % hat_step == 0:
                hits.append(("open" if rng.random() < 0.08 else top, rng.uniform(0.3, 0.9)))
            if pieces["extra"]:
                hits += [(piece, rng.uniform(0.3, 0.9)) for piece, pattern in extra if pattern[step]]
            if fills and bar % 4 == 3 and step >= steps - 6 and rng.random() < 0.6:
                hits.append((str(rng.choice(["tom", "snare"])), rng.uniform(0.5, 1)))
            if bar % 4 == 0 and step == 0 and rng.random() < 0.4:
                hits.append(("crash", rng.uniform(0.6, 1)))
            for piece, level in hits:
                place(out, effects.pan(kit.hit(piece, float(level), rng), kit.side[piece]), now)
    if rng.random() < 0.5:
        out = effects.compress(out, rng)
    if rng.random() < 0.3:
        out = effects.drive(out, rng.uniform(1, 4))
    if rng.random() < 0.6:
        out = effects.reverb(out, rng, seconds=rng.uniform(0.15, 1.5), wet=rng.uniform(0.02, 0.35))
    return effects.bells(out, rng)


def bass(form: Form, library: Library, rng: Rng) -> Samples:
    """A bass line: with the kick, in eighths, walking, or long notes; sampled or synthesised."""
    out = np.zeros((2, FRAMES), np.float32)
    instruments = pitched(library, "bass")
    sampled = rng.random() < 0.6
    instrument = instruments[int(rng.integers(len(instruments)))]
    if rng.random() < 0.08:
        low = [i for i in pitched(library, "strings", "winds") if i.folder.startswith(("tuba", "cyborg_bass"))]
        instrument = low[int(rng.integers(len(low)))] if low else instrument
    patch = synth.bass_patch(rng)
    style = str(rng.choice(["lock", "lock", "eighths", "walk", "long", "riff"]))
    riff = [
        (float(b), int(d))
        for b, d in zip(
            np.sort(rng.choice(form.beats_per_bar * 4, 4, replace=False)) / 4,
            rng.choice([0, 0, 2, 4, 7, 6], 4),
            strict=True,
        )
    ]
    octave = int(rng.choice([24, 24, 36]))
    kicks = sorted(form.kicks)
    slide = rng.random() < 0.1
    for bar in range(form.bars):
        if rng.random() < 0.04:
            continue
        root = form.chords[bar % len(form.chords)]
        events: list[tuple[float, float, int]] = []
        start, stop = form.time(bar, 0, rng), form.time(bar + 1, 0, rng)
        if style == "lock" and kicks:
            inside = [k for k in kicks if start - 0.02 <= k < stop - 0.02]
            for index, onset in enumerate(inside):
                end = inside[index + 1] if index + 1 < len(inside) else stop
                events.append((onset, end - onset, root))
        elif style == "long":
            events.append((start, stop - start, root))
        elif style == "riff":
            events = [(form.time(bar, b, rng), form.beat_s * rng.uniform(0.3, 0.9), root + d) for b, d in riff]
        else:
            per = 2 if style == "eighths" else 1
            for step in range(form.beats_per_bar * per):
                degree = root if style == "eighths" or step == 0 else root + int(rng.choice([0, 1, 2, 4, -1, -3]))
                events.append((form.time(bar, step / per, rng), form.beat_s / per * 0.95, degree))
        for onset, length, degree in events:
            pitch = form.degree(degree) % 12 + octave + (12 if rng.random() < 0.06 else 0)
            pitch = pitch if pitch >= 28 else pitch + 12
            length = max(min(length, 3.0), 0.08) * rng.uniform(0.7, 1.0)
            if sampled:
                note = instrument.note(pitch, length, rng.uniform(0.5, 1), rng)
            else:
                note = synth.tone(patch, pitch, length, rng)
                if slide:
                    note = shift(note, float(2 ** (rng.uniform(-2, 2) / 12)), note.shape[1])
            place(out, note, onset)
    if rng.random() < 0.45:
        out = effects.drive(out, float(np.exp(rng.uniform(0, 2.5))))
    if rng.random() < 0.4:
        out = effects.compress(out, rng)
    if rng.random() < 0.15:
        out = effects.chorus(out, rng)
    if rng.random() < 0.25:
        out = effects.duck(out, form.kicks, rng)
    if rng.random() < 0.15:
        out = effects.sweep(out, rng)
    if rng.random() < 0.85:
        out = effects.widen(out, 0.0)
    return effects.bells(out, rng)


def melody(form: Form, rng: Rng, *, low: int, high: int, density: float, bars: range) -> list[tuple[float, float, int]]:
    """``(start_s, length_s, pitch)`` of a line that moves by steps, rests, and repeats its rhythm."""
    cells = [
        np.sort(rng.choice(form.beats_per_bar * 4, max(1, int(form.beats_per_bar * density)), replace=False)) / 4
        for _ in range(2)
    ]
    events: list[tuple[float, float, int]] = []
    degree = int(rng.integers(0, 8))
    for bar in bars:
        if rng.random() < 0.12:
            continue
        cell = cells[(bar // 2) % 2 if rng.random() < 0.8 else 1]
        for index, beat in enumerate(cell):
            degree += int(rng.choice([-2, -1, -1, 0, 0, 1, 1, 2, 4, -4]))
            degree = int(np.clip(degree, -3, 12))
            if index == 0 and rng.random() < 0.6:
                degree = form.chords[bar % len(form.chords)] + int(rng.choice([0, 2, 4]))
            pitch = form.degree(degree)
            pitch = low + (pitch - low) % max(high - low, 12)
            end = cell[index + 1] if index + 1 < len(cell) else form.beats_per_bar
            start = form.time(bar, float(beat), rng)
            length = max((end - beat) * form.beat_s * rng.uniform(0.75, 1.0), 0.09)
            events.append((start, float(min(length, 2.5)), int(pitch)))
    return events


def layer(form: Form, library: Library, rng: Rng, instruments: list[Instrument]) -> Samples:
    """One accompanying part: pad, comping, arpeggio, lead, strums, stabs or a texture."""
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


def other(form: Form, library: Library, rng: Rng) -> Samples:
    """Two to five layers."""
    instruments = pitched(library, "keys", "guitar", "strings", "winds")
    out = np.zeros((2, FRAMES), np.float32)
    for index in range(int(rng.choice([1, 2, 3, 4, 5], p=[0.1, 0.25, 0.3, 0.22, 0.13]))):
        part = layer(form, library, rng, instruments)
        active = np.sqrt((part**2).mean()) + 1e-6
        out += part * np.float32(0.1 / active * 10 ** (rng.normal(0, 4 if index else 1) / 20))
    return out


def vocals(form: Form, library: Library, rng: Rng) -> Samples:
    """A lead (re-sung speech, singing, a vowel sampler, rap or a synthetic voice) with doubles, harmonies and effects."""
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
        choirs = [i for i in pitched(library, "voice")]
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
        sung = [
            e
            for e in voices
            if e.velocity == "phrase"
            and e.folder.startswith(("legato", "vocadito", "vocalset", "sms", "berklee_misc", "merry"))
        ]
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
        out = effects.delay(out, rng, beat_s=form.beat_s)
    if rng.random() < 0.75:
        out = effects.reverb(
            out, rng, seconds=float(np.exp(rng.uniform(np.log(0.3), np.log(3.5)))), wet=rng.uniform(0.04, 0.45)
        )
    return out


def level(stem: Samples) -> Samples:
    """Bring the loud parts of a stem to -20 dBFS RMS, peaks below full scale."""
    blocks = stem[:, : stem.shape[1] // 2205 * 2205].reshape(2, -1, 2205)
    power = (blocks**2).mean((0, 2))
    loud = power[power > power.max() * 0.02] if power.max() > 0 else power
    if loud.size == 0 or loud.mean() <= 0:
        return stem
    gain = 0.1 / np.sqrt(loud.mean())
    return (stem * min(gain, 0.99 / (np.abs(stem).max() + 1e-9))).astype(np.float32)


def render(seed: int, library: Library) -> Samples:
    """One song: ``(stems, 2, FRAMES) float32`` in the order of `STEMS`."""
    rng = np.random.default_rng([7, seed])
    form = compose(rng)
    beat = drums(form, library, rng)
    line = bass(form, library, rng)
    rest = other(form, library, rng)
    song = np.stack([vocals(form, library, rng), beat, line, rest])
    return np.stack([level(effects.highpass(stem, 20.0)) for stem in song])
