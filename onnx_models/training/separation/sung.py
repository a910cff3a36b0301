"""Sung lines with words: a singer's held `ah`, sung by the catalogue's `Singer`, ``(2, FRAMES)``.

Speech re-pitched onto melodies, of which most voices of the songs are made, holds no vowel for long; vocalises have no
words. Singing has both: consonants in front of vowels that are held, slurred over several notes, with vibrato.
"""

from __future__ import annotations

import dataclasses
from fnmatch import fnmatch
from functools import lru_cache

import numpy as np
import soxr

from onnx_models.training.separation import effects
from onnx_models.training.separation.form import FRAMES, SECONDS, Rng, Samples, compose, melody, place
from onnx_models.training.separation.library import RATE, Library
from resources.catalogue.recipe import mixing
from resources.catalogue.recipe.voice import SOPRANO, Delivery, Singer, SungNote, Syllable, Timbre


def _folder(name: str, ending: str, notes: tuple[int, ...]) -> tuple[tuple[int, str], ...]:
    return tuple((note, f"voice/{name}/{note}_medium{ending}") for note in notes)


def _sounds(without: int, clusters: str) -> tuple[tuple[str, ...], ...]:
    """What a syllable begins or ends with, each as often as it stands here; `without` times with nothing."""
    return (*[()] * without, *(tuple(cluster.split("-")) for cluster in clusters.split()))


TIMBRES = {
    "soprano": SOPRANO,
    "tenor": Timbre(_folder("berklee_malevoice_aa", ".ogg", (45, 48, 57, 61, 65, 68)), 70.0, 600.0, 1.05),
    "baritone": Timbre(_folder("vocobox_martin_a", "_1.flac", (39, 42, 45, 48, 51, 54, 57)), 60.0, 400.0, 1.0),
    "bass": Timbre(_folder("legato_hadzifia_a", ".ogg", (37, 41, 45, 49, 53, 57)), 55.0, 400.0, 0.98),
}
"""Singers of the kit who hold an `ah` at several pitches."""
RANGES = {"soprano": (55, 80), "tenor": (45, 72), "baritone": (40, 66), "bass": (36, 62)}
"""Lowest and highest MIDI pitch that each sings here; a little more than was recorded, as other tracts allow."""
SHARES = (0.5, 0.2, 0.18, 0.12)

ONSETS = _sounds(5, "b d f g h k l m n p r s sh t w y l m n s-t f-l")
CODAS = _sounds(8, "n l m t d s z ng n-d")
VOWELS = (
    *((vowel,) for vowel in ("a", "e", "i", "o", "u", "ae", "uh", "ih", "aw", "er")),
    *(("a", "i"), ("e", "i"), ("o", "u"), ("a", "u")),
)


class _Takes:
    """The built library as `Singer` reads recordings, at its rate."""

    def __init__(self, library: Library):
        self._library = library
        self._entries = {entry.path: entry for entry in library.entries}

    def match(self, pattern: str) -> list[str]:
        return sorted(path for path in self._entries if fnmatch(path, pattern))

    def sample(self, path: str, changes: str) -> Samples:
        del changes  # Told in the card, of the kit as a whole.
        audio = self._library.samples(self._entries[path])
        return soxr.resample(audio.T, RATE, mixing.RATE).T.astype(np.float32)


@lru_cache(maxsize=len(TIMBRES))
def _singer(library: Library, name: str) -> Singer:
    return Singer(_Takes(library), TIMBRES[name])


def words(line: list[tuple[float, float, int]], rng: Rng) -> list[SungNote]:
    """Syllables on a melody; some go on over several notes."""
    slurring, loudness = rng.choice([0.1, 0.25, 0.5, 0.8]), rng.uniform(0.55, 0.85)
    bare = rng.random() < 0.15
    """Without consonants: "oh" and "ah"."""
    notes: list[SungNote] = []
    for index, (start, length, pitch) in enumerate(line):
        follows = index > 0 and start - notes[-1].end_s < 0.02
        word = None
        if not (follows and rng.random() < slurring):
            word = Syllable(
                () if bare and rng.random() < 0.8 else ONSETS[int(rng.integers(len(ONSETS)))],
                VOWELS[int(rng.integers(len(VOWELS)))],
                () if bare else CODAS[int(rng.integers(len(CODAS)))],
            )
        loud = float(np.clip(loudness + rng.normal(0, 0.06), 0.3, 1.0))
        notes.append(SungNote(start, start + length, float(pitch), loud, word))
    return notes


def _line(rng: Rng, low: int, high: int) -> list[tuple[float, float, int]]:
    """A melody within a singer's range whose notes touch or leave room to breathe."""
    form = compose(rng)
    bottom = int(rng.integers(low, max(high - 12, low + 1)))
    line = melody(form, rng, low=bottom, high=bottom + 12, density=rng.uniform(0.5, 2.2), bars=range(form.bars))
    joined = rng.random() < 0.7
    ends = [start for start, _, _ in line[1:]] + [SECONDS]
    held = [
        (start, after - start if joined and after - start < 2.8 else min(length, after - start), pitch)
        for (start, length, pitch), after in zip(line, ends, strict=True)
    ]
    return [(a, b, p) for a, b, p in held if b > 0.1 and 0.6 < a < SECONDS - 0.3]


def sung(library: Library, rng: Rng) -> Samples:
    """One singer's line with words, alone or with doubles and a harmony, peak 0.5."""
    name = str(rng.choice(list(TIMBRES), p=SHARES))
    singer = _singer(library, name)
    line = _line(rng, *RANGES[name])
    if not line:
        return np.zeros((2, FRAMES), np.float32)
    lead = Delivery(
        int(rng.integers(2**31)),
        drift_cents=float(rng.uniform(3, 14)),
        vibrato_cents=float(rng.choice([0.0, 12.0, 24.0, 36.0, 60.0, 90.0])),
        vibrato_hz=float(rng.uniform(4.6, 6.4)),
        breath=float(rng.choice([0.02, 0.08, 0.2, 0.4])),
        tract=float(2 ** rng.normal(0, 0.11)),
        soft=float(rng.choice([0.0, 0.0, 0.3, 0.7, 1.0])),
    )
    notes = words(line, rng)
    out = np.zeros((2, FRAMES), np.float32)
    size = int((SECONDS + 1.0) * mixing.RATE)
    for number, interval in enumerate([0, *(int(rng.choice([0, 0, 3, 4, 7, -5, 12])) for _ in range(_others(rng)))]):
        part = [dataclasses.replace(note, pitch=note.pitch + interval) for note in notes]
        tract = lead.tract * (1.0 if number == 0 else float(rng.uniform(0.97, 1.03)))
        delivery = dataclasses.replace(
            lead, seed=lead.seed + number, tract=tract, timing_s=0.008 + 0.008 * (number > 0)
        )
        made = singer.sing(part, frames=size, delivery=delivery)
        audio = soxr.resample(made.T, mixing.RATE, RATE).T.astype(np.float32)
        place(out, effects.pan(audio, 0.0 if number == 0 else rng.uniform(-0.8, 0.8)), 0.0, 1.0 if number == 0 else 0.5)
    # As loud as the other voices before their effects, some of which depend on it.
    return out * np.float32(0.5 / max(float(np.abs(out).max()), 1e-6))


def _others(rng: Rng) -> int:
    """How many voices sing along."""
    return int(rng.choice([0, 1, 2], p=[0.7, 0.2, 0.1]))
