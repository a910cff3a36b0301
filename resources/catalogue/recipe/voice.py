"""A sung lead from recorded vowels: analysis and synthesis by WORLD, with written syllables, slurs, vibrato and breath.

The timbre is a recorded singer's sustained `ah`; other vowels come from the measured difference between the vowels of a
second singer, moved up to the first one's formants; consonants are shaped on the spectral envelope. WORLD: Morise,
Yokomori and Ozawa, "WORLD: a vocoder-based high-quality speech synthesis system", IEICE Transactions E99-D (2016).
"""

from __future__ import annotations

import dataclasses
import importlib
from typing import Protocol

import numpy as np
import numpy.typing as npt

from engine.types import Audio
from resources.catalogue.recipe.harmony import pitch
from resources.catalogue.recipe.mixing import RATE
from resources.catalogue.recipe.score import Grid

Floats = npt.NDArray[np.float64]
FRAME_S = 0.005
_SIZE = 2048
_BINS = _SIZE // 2 + 1
_F = np.arange(_BINS) * RATE / _SIZE
_VOWEL_FOLDERS = {"a": "c3_a", "e": "c3_e", "i": "c3_i", "o": "c3_o", "ou": "c3_ou", "u": "c3_u"}
_SONORANTS = {
    "m": 0.075,
    "n": 0.06,
    "ng": 0.07,
    "l": 0.06,
    "r": 0.07,
    "w": 0.08,
    "y": 0.07,
    "v": 0.055,
    "z": 0.07,
    "dh": 0.045,
}
_STOPS = {"b": 0.05, "d": 0.045, "g": 0.05, "p": 0.075, "t": 0.075, "k": 0.08, "ch": 0.11}
_NOISES = {"s": 0.1, "f": 0.09, "sh": 0.1, "th": 0.08, "h": 0.07}


class Recordings(Protocol):
    """Where the recordings come from, and who remembers that they were used."""

    def match(self, pattern: str) -> list[str]:
        """Paths within the sample kit that match a glob pattern, sorted."""
        ...

    def sample(self, path: str, changes: str) -> Audio:
        """A recording at `RATE`, `(2, frames)`; `changes` says what is done to it."""
        ...


@dataclasses.dataclass(frozen=True)
class Timbre:
    """Whose held `ah` is the voice."""

    zones: tuple[tuple[int, str], ...]
    """MIDI pitch and path of each recording, rising."""
    lowest_hz: float
    highest_hz: float
    formant_shift: float
    """How much higher the formants lie than those of the singer whose vowels are measured."""


SOPRANO = Timbre(
    tuple((note, f"voice/berklee_femalevoice_aa/{note}_medium.ogg") for note in (57, 61, 63, 69, 73, 77)),
    120.0,
    1100.0,
    1.16,
)


@dataclasses.dataclass(frozen=True)
class Syllable:
    """What is sung on one note: onset consonants, vowel (two for a diphthong), closing consonants."""

    onset: tuple[str, ...]
    vowels: tuple[str, ...]
    coda: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class SungNote:
    """A syllable (None holds the vowel of the note before) at a pitch, in seconds."""

    start_s: float
    end_s: float
    pitch: float
    velocity: float
    syllable: Syllable | None
    slurred: bool = False
    """Goes on from the note before without a new attack."""


def syllable(text: str) -> Syllable:
    """Read `l.a-i.n`: onset consonants, vowels, closing consonants; parts may be empty."""
    onset, vowels, coda = (part.split("-") if part else [] for part in text.split("."))
    return Syllable(tuple(onset), tuple(vowels), tuple(coda))


def read_lyric(text: str, grid: Grid, beat: float, *, velocity: float = 0.75, shift: int = 0) -> list[SungNote]:
    """A sung line written as `p.e-i. F#4 .5`: syllable, note, beats; `+` holds the vowel, `r 1` rests, `>` accents."""
    notes: list[SungNote] = []
    for token in text.replace("|", ",").split(","):
        parts = token.split()
        if not parts:
            continue
        beats = float(parts[-1])
        if parts[0] != "r":
            name = parts[1]
            loud = velocity + 0.1 * name.count(">") - 0.12 * name.count("<")
            word = None if parts[0] == "+" else syllable(parts[0])
            sung = pitch(name.lstrip("<>")) + shift
            notes.append(SungNote(grid.seconds(beat), grid.seconds(beat + beats), sung, loud, word))
        beat += beats
    return notes


@dataclasses.dataclass(frozen=True)
class Delivery:
    """How a take differs from another: randomness, pitch spread, vibrato, breath, size of the vocal tract."""

    seed: int
    timing_s: float = 0.008
    drift_cents: float = 7.0
    vibrato_cents: float = 32.0
    vibrato_hz: float = 5.3
    breath: float = 0.08
    tract: float = 1.0
    soft: float = 0.0
    """0 open to 1 hushed: darker and airier."""


class Singer:
    """Holds the analysed recordings of the vowels."""

    def __init__(self, band: Recordings, timbre: Timbre = SOPRANO):
        self._world = importlib.import_module("pyworld")
        self._source = timbre
        self._pitches = [note for note, _ in timbre.zones]
        self._zones = [self._analyse(band, path) for _, path in timbre.zones]
        reference = self._mean_envelope(band, "c3_a")
        self._vowels: dict[str, Floats] = {}
        for vowel, folder in _VOWEL_FOLDERS.items():
            difference = self._mean_envelope(band, folder) - reference
            moved = np.interp(_F / timbre.formant_shift, _F, difference)
            moved *= np.interp(_F, [0, 2600, 3400, 7000, 10000], [1.0, 1.0, 0.4, 0.3, 0.0])
            self._vowels[vowel] = np.clip(moved, -26.0, 22.0)
        v = self._vowels
        v["er"] = (
            0.45 * v["o"]
            + 0.3 * v["e"]
            - 7.0 * np.exp(-(((_F - 2900) / 700) ** 2))
            + 4.0 * np.exp(-(((_F - 1750) / 300) ** 2))
        )
        v["ae"] = 0.55 * v["a"] + 0.45 * v["e"]
        v["uh"] = 0.55 * v["a"] + 0.25 * v["o"] + 0.2 * v["e"]
        v["ih"] = 0.6 * v["i"] + 0.4 * v["e"]
        v["aw"] = 0.5 * v["a"] + 0.5 * v["o"]

    def _analyse(self, band: Recordings, path: str) -> tuple[Floats, Floats]:
        """Log envelopes (dB) and aperiodicities of a held note's steady part, `(frames, bins)`."""
        x = band.sample(path, "re-sung: analysed and synthesised with WORLD at new pitches")[0].astype(np.float64)
        low, high = self._source.lowest_hz, self._source.highest_hz
        f0, t = self._world.harvest(x, RATE, f0_floor=low, f0_ceil=high, frame_period=FRAME_S * 1000)
        f0 = self._world.stonemask(x, f0, t, RATE)
        envelope = self._world.cheaptrick(x, f0, t, RATE, fft_size=_SIZE, f0_floor=low)
        aperiodicity = self._world.d4c(x, f0, t, RATE, fft_size=_SIZE)
        voiced = np.flatnonzero(f0 > 0)
        first, last = voiced[0] + 30, voiced[-1] - 40
        level = 10 * np.log10(envelope[first:last] + 1e-16)
        level -= np.mean(10 * np.log10(np.sum(envelope[first:last], axis=1)))
        return level, np.clip(aperiodicity[first:last], 0.0, 1.0)

    def _mean_envelope(self, band: Recordings, folder: str) -> Floats:
        """Mean envelope of a vowel in dB, smoothed over about 150 Hz."""
        paths = band.match(f"voice/vocobox_martin_{folder}/*")
        levels: list[Floats] = []
        for path in paths:
            x = band.sample(path, "vowel colour measured and applied to another voice")[0].astype(np.float64)
            f0, t = self._world.harvest(x, RATE, f0_floor=70.0, f0_ceil=400.0, frame_period=FRAME_S * 1000)
            envelope = self._world.cheaptrick(x, f0, t, RATE, fft_size=_SIZE)
            voiced = np.flatnonzero(f0 > 0)
            part = envelope[voiced[len(voiced) // 4] : voiced[3 * len(voiced) // 4]]
            levels.append(np.mean(10 * np.log10(part + 1e-16), axis=0))
        mean = np.mean(levels, axis=0)
        kernel = np.hanning(15)
        return np.convolve(np.pad(mean, 7, mode="edge"), kernel / kernel.sum(), mode="valid")

    def sing(self, notes: list[SungNote], *, frames: int, delivery: Delivery) -> Audio:
        """Sing `notes` and return `(2, frames) float32`, the same on both sides."""
        out = np.zeros(frames)
        for phrase in _phrases(_slurs(sorted(notes, key=lambda n: n.start_s))):
            start = max(0.0, phrase[0].start_s - 0.45)
            sound = self._phrase(phrase, start, delivery)
            first = round(start * RATE)
            count = min(len(sound), frames - first)
            if count > 0:
                out[first : first + count] += sound[:count]
        return np.repeat(out[None].astype(np.float32), 2, axis=0)

    def _phrase(self, notes: list[SungNote], origin_s: float, delivery: Delivery) -> Floats:
        rng = np.random.default_rng([delivery.seed, round(notes[0].start_s * 1000)])
        shifts = rng.normal(0.0, delivery.timing_s, len(notes))
        total = int((notes[-1].end_s - origin_s + 0.35) / FRAME_S)
        t = np.arange(total) * FRAME_S + origin_s
        onsets = np.array([n.start_s + s for n, s in zip(notes, shifts, strict=True)])
        ends = np.append(onsets[1:], notes[-1].end_s)
        for i in range(len(notes) - 1):
            ends[i] = min(onsets[i + 1], notes[i].end_s + 0.02)
        f0 = _melody(t, notes, onsets, delivery, rng)
        envelope, aperiodicity, gain = self._timbre(t, notes, onsets, ends, f0, delivery, rng)
        power = 10.0 ** ((envelope + gain[:, None]) / 10.0)
        voiced = self._world.synthesize(
            f0, np.ascontiguousarray(power + 1e-14), np.ascontiguousarray(aperiodicity), RATE, FRAME_S * 1000
        )
        return voiced

    def _base(self, f0: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Envelopes and aperiodicities of the recorded singer at each frame's pitch, wandering through the takes."""
        midi = np.clip(69 + 12 * np.log2(f0 / 440.0), self._pitches[0], self._pitches[-1])
        place = np.interp(midi, self._pitches, np.arange(len(self._pitches)))
        envelope = np.zeros((len(f0), _BINS))
        aperiodicity = np.zeros((len(f0), _BINS))
        offset = int(rng.integers(0, 200))
        for index, (levels, aper) in enumerate(self._zones):
            weight = np.clip(1.0 - np.abs(place - index), 0.0, 1.0)
            used = weight > 0
            period = 2 * (len(levels) - 1)
            walk = (np.arange(len(f0)) + offset) % period
            walk = np.where(walk >= len(levels), period - walk, walk)
            envelope[used] += weight[used, None] * levels[walk[used]]
            aperiodicity[used] += weight[used, None] * aper[walk[used]]
        return envelope, aperiodicity

    def _timbre(
        self,
        t: Floats,
        notes: list[SungNote],
        onsets: Floats,
        ends: Floats,
        f0: Floats,
        delivery: Delivery,
        rng: np.random.Generator,
    ) -> tuple[Floats, Floats, Floats]:
        envelope, aperiodicity = self._base(f0, rng)
        if delivery.tract != 1.0:
            source = np.clip(_F / delivery.tract, 0, _F[-1])
            envelope = np.stack([np.interp(source, _F, row) for row in envelope])
        shape = np.zeros((len(t), _BINS))
        gain = np.full(len(t), -120.0)
        noise = np.zeros(len(t))
        held: tuple[str, ...] = ("a",)
        for i, note in enumerate(notes):
            word = note.syllable
            vowels = word.vowels if word else held
            held = (vowels[-1],)
            onset_s = _length(word.onset) if word else 0.0
            coda_s = _length(word.coda) if word else 0.0
            next_onset = _length(notes[i + 1].syllable.onset) if i + 1 < len(notes) and notes[i + 1].syllable else 0.0
            vowel_end = (
                ends[i] - coda_s - (next_onset if i + 1 < len(notes) and ends[i] >= onsets[i + 1] - 1e-6 else 0.0)
            )
            vowel_end = max(vowel_end, onsets[i] + 0.05)
            self._vowel(t, onsets[i], vowel_end, vowels, note, shape, gain, rng)
            self._consonants(t, onsets[i] - onset_s, word.onset if word else (), vowels[0], note, shape, gain, noise)
            self._consonants(t, vowel_end, word.coda if word else (), vowels[-1], note, shape, gain, noise)
        shape = _smooth(shape, 5)
        gain = _smooth_gain(gain)
        soft = delivery.soft * np.interp(_F, [0, 800, 3000, 8000], [0.0, -1.0, -9.0, -12.0])
        # The recorded singer's ring near 3.3 kHz is an opera's; a microphone's singer has less of it and more air.
        lift = np.interp(
            _F, [0, 1800, 2500, 3300, 4000, 5500, 9000, 15000], [0.0, 0.5, 1.0, -6.0, -4.0, 2.5, 3.5, -1.0]
        )
        envelope = envelope + shape + soft + lift
        breathy = delivery.breath + 0.25 * delivery.soft
        floor = np.interp(_F, [0, 1200, 4000, 12000], [0.0, 0.02, breathy, 2.2 * breathy])
        aperiodicity = np.maximum(aperiodicity, floor)
        noisy = _smooth(noise[:, None], 3)
        aperiodicity = aperiodicity + (0.9999 - aperiodicity) * np.clip(noisy, 0, 1)
        # Vowels of equal effort differ in power; a singer evens out about two thirds of it.
        power = 10 * np.log10(np.sum(10 ** (envelope / 10), axis=1))
        gain = gain - 0.65 * power
        self._breaths(
            t,
            onsets[0] - (_length(notes[0].syllable.onset) if notes[0].syllable else 0.0),
            gain,
            aperiodicity,
            envelope,
            rng,
        )
        return envelope, np.clip(aperiodicity, 1e-4, 0.9999), gain

    def _vowel(
        self,
        t: Floats,
        start: float,
        end: float,
        vowels: tuple[str, ...],
        note: SungNote,
        shape: Floats,
        gain: Floats,
        rng: np.random.Generator,
    ) -> None:
        inside = (t >= start) & (t < end)
        if not np.any(inside):
            return
        u = (t[inside] - start) / max(end - start, 1e-3)
        first = self._vowels[vowels[0]]
        if len(vowels) > 1:
            # The second half of a diphthong comes late on a long note.
            late = 1.0 - min(0.35, 0.16 / max(end - start, 0.1)) - 0.1
            mix = 1.0 / (1.0 + np.exp(-(u - late) * 14.0))
            shape[inside] = first + mix[:, None] * (self._vowels[vowels[1]] - first)
        else:
            shape[inside] = first
        level = -14.0 + 13.0 * (note.velocity - 0.7)
        swell = 1.6 * np.sin(np.pi * np.clip(u, 0, 1)) if end - start > 0.5 else np.zeros_like(u)
        attack = -7.0 * np.exp(-(t[inside] - start) / 0.035) if note.syllable and not note.slurred else 0.0
        fade = -20.0 * np.clip((t[inside] - (end - 0.16)) / 0.16, 0, 1) ** 2 if end >= note.end_s - 0.02 else 0.0
        gain[inside] = level + swell + attack + fade + rng.normal(0, 0.15)

    def _consonants(
        self,
        t: Floats,
        start: float,
        sounds: tuple[str, ...],
        vowel: str,
        note: SungNote,
        shape: Floats,
        gain: Floats,
        noise: Floats,
    ) -> None:
        level = -14.0 + 13.0 * (note.velocity - 0.7)
        at = start
        for sound in sounds:
            length = _length((sound,))
            inside = (t >= at) & (t < at + length)
            count = int(np.sum(inside))
            at += length
            if not count:
                continue
            u = np.linspace(0, 1, count)
            base = self._vowels[vowel]
            if sound in ("m", "n", "ng"):
                peak = {"m": 1000.0, "n": 1500.0, "ng": 1300.0}[sound]
                shape[inside] = _nasal(peak)
                gain[inside] = level - 4.5
            elif sound == "l":
                shape[inside] = (
                    0.5 * self._vowels["u"]
                    + 0.5 * self._vowels["e"]
                    + np.interp(_F, [0, 700, 1600, 5000], [2, -3, -11, -14])
                )
                gain[inside] = level - 4.0
            elif sound in ("r", "w", "y"):
                colour = self._vowels[{"r": "er", "w": "u", "y": "i"}[sound]]
                shape[inside] = colour + (u[:, None] ** 2) * 0.5 * (base - colour)
                gain[inside] = level - 3.5 + 2.5 * u
            elif sound in ("v", "z", "dh"):
                shape[inside] = np.interp(
                    _F,
                    [0, 400, 1200, 3000, 6000, 12000],
                    [3, -2, -14, -14, 6 if sound == "z" else -6, 4 if sound == "z" else -8],
                )
                gain[inside] = level - 8.0
                noise[inside] = 0.45
            elif sound in ("s", "sh", "f", "th", "h"):
                self._noise(sound, base, inside, u, level, shape, gain, noise)
            else:
                self._stop(sound, base, inside, count, level, shape, gain, noise)

    def _noise(
        self,
        sound: str,
        base: Floats,
        inside: npt.NDArray[np.bool_],
        u: Floats,
        level: float,
        shape: Floats,
        gain: Floats,
        noise: Floats,
    ) -> None:
        hiss = {
            "s": np.interp(_F, [0, 3000, 5000, 7500, 11000, 16000], [-30, -24, 4, 30, 34, 26]),
            "sh": np.interp(_F, [0, 1500, 2600, 4200, 8000, 14000], [-26, -14, 16, 22, 20, 6]),
            "f": np.interp(_F, [0, 1000, 4000, 9000, 16000], [-22, -12, 4, 20, 18]),
            "th": np.interp(_F, [0, 1000, 5000, 9000, 16000], [-22, -12, 6, 16, 12]),
            "h": base + np.interp(_F, [0, 400, 1500, 6000], [-14, -4, 3, 8]),
        }[sound]
        shape[inside] = hiss
        arch = -8.0 * np.abs(2 * u - 1) ** 2
        gain[inside] = level + {"s": -13.0, "sh": -12.0, "f": -17.0, "th": -19.0, "h": -15.0}[sound] + arch
        noise[inside] = 1.0

    def _stop(
        self,
        sound: str,
        base: Floats,
        inside: npt.NDArray[np.bool_],
        count: int,
        level: float,
        shape: Floats,
        gain: Floats,
        noise: Floats,
    ) -> None:
        index = np.flatnonzero(inside)
        voiced = sound in ("b", "d", "g")
        burst = max(2, round((0.012 if voiced else 0.03 if sound != "ch" else 0.06) / FRAME_S))
        closed, released = index[:-burst], index[-burst:]
        murmur = np.interp(_F, [0, 250, 600, 2000], [6, 2, -20, -34])
        shape[closed] = murmur
        gain[closed] = level - (13.0 if voiced else 60.0)
        centre = {"p": 900.0, "b": 800.0, "t": 4200.0, "d": 3600.0, "k": 1900.0, "g": 1800.0, "ch": 3200.0}[sound]
        colour = (
            16.0 * np.exp(-(((np.log2(_F + 50) - np.log2(centre)) / 0.9) ** 2))
            - 6.0
            + np.interp(_F, [0, 500], [-12, 0])
        )
        shape[released] = colour + 0.3 * base
        gain[released] = level - (13.0 if voiced else 12.0)
        noise[released] = 0.6 if voiced else 1.0
        assert count == len(index)

    def _breaths(
        self, t: Floats, start: float, gain: Floats, aperiodicity: Floats, envelope: Floats, rng: np.random.Generator
    ) -> None:
        """An audible breath before the phrase."""
        length = float(rng.uniform(0.2, 0.3))
        inside = (t >= start - length - 0.05) & (t < start - 0.05)
        if int(np.sum(inside)) < 20:
            return
        u = np.linspace(0, 1, int(np.sum(inside)))
        colour = np.interp(_F, [0, 400, 1200, 2600, 5000, 9000, 15000], [-24, -8, 3, 2, -2, -9, -22])
        colour += 5.0 * np.exp(-(((_F - 1700) / 350) ** 2)) + 4.0 * np.exp(-(((_F - 3100) / 500) ** 2))
        envelope[inside] = colour - 46.0
        aperiodicity[inside] = 0.9999
        # The air comes in slowly and is cut off by the first sound.
        gain[inside] = -20.0 + 20 * np.log10(np.sin(np.pi * u**1.6) ** 1.5 + 1e-4)


def _melody(t: Floats, notes: list[SungNote], onsets: Floats, delivery: Delivery, rng: np.random.Generator) -> Floats:
    """Pitch in Hz at each frame: slides between notes, a scoop at the start, vibrato on held notes, slow drift."""
    cents = np.full(len(t), notes[0].pitch * 100.0)
    for i in range(1, len(notes)):
        step = (notes[i].pitch - notes[i - 1].pitch) * 100.0
        slide = 0.018 + 0.004 * min(abs(step) / 100, 7)
        middle = onsets[i] - 0.012 if not notes[i].slurred else onsets[i] + 0.02
        cents += step / (1.0 + np.exp(np.minimum(-(t - middle) / slide, 700.0)))
        # Singers shoot past a leap and settle.
        if abs(step) > 150:
            cents += 0.06 * step * np.exp(-(((t - middle - 0.09) / 0.05) ** 2))
    cents -= 110.0 * np.exp(-np.clip(t - onsets[0] + 0.03, 0, None) / 0.055)
    for i, note in enumerate(notes):
        end = onsets[i + 1] if i + 1 < len(notes) else note.end_s
        length = end - onsets[i]
        if length > 0.42:
            delay = 0.26 if length < 1.2 else 0.4
            rise = np.clip((t - onsets[i] - delay) / 0.35, 0, 1) * np.clip((end - t) / 0.12, 0, 1)
            rate = delivery.vibrato_hz * (1.0 + rng.normal(0, 0.03))
            wobble = np.interp(t, np.linspace(t[0], t[-1], 12), rng.normal(1.0, 0.12, 12))
            depth = delivery.vibrato_cents * min(1.0, 0.5 + length / 2.0)
            cents += depth * rise * wobble * np.sin(2 * np.pi * rate * (t - onsets[i] - delay))
    knots = max(4, int((t[-1] - t[0]) / 0.13))
    cents += np.interp(t, np.linspace(t[0], t[-1], knots), rng.normal(0, delivery.drift_cents, knots))
    last_end = notes[-1].end_s
    cents -= 60.0 * np.clip((t - last_end + 0.08) / 0.2, 0, 1)
    return 440.0 * 2.0 ** ((cents / 100.0 - 69.0) / 12.0)


def _phrases(notes: list[SungNote]) -> list[list[SungNote]]:
    """Split where the singer has time to breathe."""
    phrases: list[list[SungNote]] = []
    for note in notes:
        if not phrases or note.start_s - phrases[-1][-1].end_s > 0.16:
            phrases.append([])
        phrases[-1].append(note)
    return phrases


def _slurs(notes: list[SungNote]) -> list[SungNote]:
    """Let a syllable over several notes stay on its vowel, and close (glide and consonants) on the last one."""
    out: list[SungNote] = []
    i = 0
    while i < len(notes):
        last = i
        while last + 1 < len(notes) and notes[last + 1].syllable is None:
            last += 1
        word = notes[i].syllable
        if word is None or last == i:
            out.append(notes[i])
        else:
            vowel = word.vowels[:1]
            out.append(dataclasses.replace(notes[i], syllable=Syllable(word.onset, vowel, ())))
            middle = Syllable((), vowel, ())
            out += [dataclasses.replace(n, syllable=middle, slurred=True) for n in notes[i + 1 : last]]
            out.append(dataclasses.replace(notes[last], syllable=Syllable((), word.vowels, word.coda), slurred=True))
        i = last + 1
    return out


def _length(sounds: tuple[str, ...]) -> float:
    return sum((_SONORANTS | _STOPS | _NOISES)[s] for s in sounds)


def _nasal(peak_hz: float) -> Floats:
    return (
        np.interp(_F, [0, 220, 320, 650, 900, 3000, 6000], [4, 8, 6, -16, -15, -22, -26])
        + 8.0 * np.exp(-(((_F - peak_hz) / 180) ** 2))
        + 6.0 * np.exp(-(((_F - 2500) / 300) ** 2))
    )


def _smooth(rows: Floats, width: int) -> Floats:
    """Moving average over frames, so that formants glide."""
    kernel = np.hanning(width + 2)[1:-1]
    kernel /= kernel.sum()
    half = width // 2
    padded = np.pad(rows, ((half, half), (0, 0)), mode="edge")
    return np.stack([kernel[k] * padded[k : k + len(rows)] for k in range(width)]).sum(axis=0)


def _smooth_gain(gain: Floats) -> Floats:
    linear = 10 ** (gain / 20)
    kernel = np.hanning(6)[1:-1]
    smooth = np.convolve(linear, kernel / kernel.sum(), mode="same")
    return 20 * np.log10(smooth + 1e-7)
