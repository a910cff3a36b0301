"""What all parts of a training song agree on, and the lines that move through it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from onnx_models.training.separation.library import RATE

Samples = npt.NDArray[np.float32]
Rng = np.random.Generator

SECONDS = 24.0
FRAMES = int(SECONDS * RATE)
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
