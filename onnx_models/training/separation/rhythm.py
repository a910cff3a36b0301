"""Drums and bass of a training song."""

from __future__ import annotations

import numpy as np

from onnx_models.training.separation import effects, synth
from onnx_models.training.separation.form import FRAMES, Form, Rng, Samples, place
from onnx_models.training.separation.instruments import Kit, pitched, shift
from onnx_models.training.separation.library import Library


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
