"""The sampler of the training songs: pitched instruments, drum kits and re-sung voices made of the kit's files."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onnx_models.training.separation import synth
from onnx_models.training.separation.effects import Rng
from onnx_models.training.separation.library import FRAME_MS, RATE, Entry, Library, Voice

Samples = npt.NDArray[np.float32]

PIECES = {
    "kick": r"kick|^bass|bass_drum|22_brush_hit|halfstomp|chestthump",
    "snare": r"snare|_basic_hit|rimshot|sidestick|brush_hit",
    "clap": r"clap|snap|cheek",
    "hat": r"hihat_(closed|tight|pedal|foot)|hats|small_(slap|high|low)|cabasa_hit|^tick",
    "open": r"hihat_(open|loose|half)",
    "crash": r"crash|china|splash|cymbal|suspended$|clash|gong",
    "ride": r"ride",
    "tom": r"tom_|tenor|treble|conga|bongo|quinto|tumba|frame|large_hit|^hit[0-9]|darbuka|high_(open|muted)|"
    r"low_(open|muted)",
    "perc": r"cowbell|clave|wood|agogo|guiro|triangle|shaker|tamb|perc|bell|block|slit|snap|blip|glitch|robot|"
    r"vibraslap|maraca|shake",
}


def shift(audio: Samples, ratio: float, frames: int, *, offset: float = 0.0) -> Samples:
    """Play `audio` at `ratio` times its speed, at most `frames` long, by linear interpolation."""
    count = min(frames, int((audio.shape[1] - 2 - offset) / ratio))
    if count <= 8:
        return np.zeros((2, 8), np.float32)
    position = offset + np.arange(count) * ratio
    base = position.astype(np.int64)
    part = (position - base).astype(np.float32)
    return audio[:, base] * (1 - part) + audio[:, base + 1] * part


@dataclass(frozen=True)
class Instrument:
    """A pitched instrument of one folder."""

    library: Library
    entries: tuple[Entry, ...]
    kind: str
    folder: str

    def note(self, pitch: int, seconds: float, level: float, rng: Rng) -> Samples:
        """One note (or chord, for folders of chords) with a natural end, level 0 to 1."""
        wanted = "soft" if level < 0.4 else "hard" if level > 0.75 else "medium"
        ranked = sorted(
            self.entries, key=lambda e: abs(e.note - pitch) + (0 if e.velocity == wanted else 1.5) + rng.random() * 1.2
        )
        entry = ranked[0]
        ratio = 2 ** ((pitch - entry.note) / 12)
        out = shift(self.library.samples(entry), ratio, int((seconds + 0.25) * RATE))
        release = min(int(rng.uniform(0.04, 0.25) * RATE), out.shape[1])
        out = out.copy()
        if out.shape[1] >= int(seconds * RATE):
            out[:, -release:] *= np.linspace(1, 0, release, dtype=np.float32)
        return out * np.float32(0.3 + 0.7 * level)


def pitched(library: Library, *kinds: str) -> list[Instrument]:
    """Every folder of the given classes that has notes."""
    found = []
    for kind in kinds:
        for folder, entries in library.folders(kind).items():
            noted = tuple(e for e in entries if e.note > 0)
            if noted:
                found.append(Instrument(library, noted, kind, folder))
    return found


class Kit:
    """A drum kit: one main folder, other folders' or synthesised pieces mixed in."""

    def __init__(self, library: Library, rng: Rng):
        self.library, self._pieces = library, {}
        folders = {name: found for name, found in library.folders("drums").items() if not name.startswith("eif")}
        full = [
            name
            for name in folders
            if name.startswith(("gogodze", "muldjord", "virtuosity", "sonicpi_acoustic", "vcsl_orch"))
        ]
        electronic = rng.random() < 0.4
        main = "sonicpi_electronic" if electronic else str(rng.choice(full))
        everything = [e for found in folders.values() for e in found]
        for piece, pattern in PIECES.items():
            chosen = [e for e in folders[main] if re.search(pattern, _name(e))]
            if not chosen or rng.random() < 0.3:
                anything = [e for e in everything if re.search(pattern, _name(e))]
                seed = anything[int(rng.integers(len(anything)))]
                chosen = [e for e in anything if e.folder == seed.folder and _stem(e) == _stem(seed)]
            else:
                seed = chosen[int(rng.integers(len(chosen)))]
                if piece != "tom":
                    chosen = [e for e in chosen if _stem(e) == _stem(seed)]
            self._pieces[piece] = chosen
        self.synthetic: dict[str, Samples] = {}
        odds = 0.7 if electronic else 0.15
        makers = {
            "kick": lambda: synth.kick(rng),
            "snare": lambda: synth.snare(rng),
            "clap": lambda: synth.snare(rng),
            "hat": lambda: synth.hat(rng, is_open=False),
            "open": lambda: synth.hat(rng, is_open=True),
        }
        for piece, make in makers.items():
            if rng.random() < odds:
                self.synthetic[piece] = make()
        self.tune = {piece: 2 ** (rng.normal(0, 2.0) / 12) for piece in PIECES}
        self.level = {piece: 10 ** (rng.normal(0, 3) / 20) for piece in PIECES}
        self.side = {
            piece: float(np.clip(rng.normal(0, 0.3), -0.8, 0.8)) if piece not in ("kick", "snare") else 0.0
            for piece in PIECES
        }
        self._loaded: dict[int, Samples] = {}

    def hit(self, piece: str, level: float, rng: Rng) -> Samples:
        """One hit, level 0 to 1."""
        if piece in self.synthetic:
            audio = self.synthetic[piece]
        else:
            choices = self._pieces[piece]
            wanted = "soft" if level < 0.45 else "hard" if level > 0.75 else "medium"
            fitting = [e for e in choices if e.velocity == wanted] or choices
            entry = fitting[int(rng.integers(len(fitting)))]
            if entry.start not in self._loaded:
                full = self.library.samples(entry)
                peak = float(np.abs(full).max()) + 1e-6
                # Pieces of other folders come at other levels; a kit has one.
                self._loaded[entry.start] = full * np.float32(0.6 / peak) if peak < 0.2 else full
            audio = self._loaded[entry.start]
        out = shift(audio, self.tune[piece], audio.shape[1])
        gain = {
            "kick": 1.0,
            "snare": 0.9,
            "clap": 0.7,
            "hat": 0.4,
            "open": 0.4,
            "crash": 0.5,
            "ride": 0.4,
            "tom": 0.8,
            "perc": 0.5,
        }[piece]
        return out * np.float32(gain * self.level[piece] * (0.25 + 0.75 * level))


def _name(entry: Entry) -> str:
    return entry.path.rsplit("/", 1)[-1]


def _stem(entry: Entry) -> str:
    return re.sub(r"_(hard|soft|medium).*", "", _name(entry))


def resing(
    voice: Voice, melody: list[tuple[float, float, int]], seconds: float, rng: Rng, *, settings: dict[str, float]
) -> Samples:
    """Sing a melody with the words of a spoken (or sung) phrase: WORLD with another pitch and another clock.

    Args:
        voice: analysis of the phrase.
        melody: ``(start_s, length_s, midi pitch)``, in order, not overlapping.
        seconds: length of the result.
        settings: `formant` (ratio), `vibrato` (semitones), `breath` (0 to 1), `glide_s`, `scoop`.
    """
    import pyworld

    frames = int(seconds * 1000 / FRAME_MS)
    f0 = np.zeros(frames)
    read = np.zeros(frames)
    gain = np.zeros(frames)
    voiced = voice.f0 > 0
    length = voice.f0.size
    # Words start at onsets of voicing: each note takes the next syllable, and its vowel is lengthened to the note.
    starts = np.flatnonzero(np.diff(np.concatenate([[0], voiced.astype(int)])) == 1)
    starts = starts if starts.size else np.array([0])
    syllable = int(rng.integers(starts.size))
    for onset, span, pitch in melody:
        first, last = int(onset * 1000 / FRAME_MS), min(int((onset + span) * 1000 / FRAME_MS), frames)
        count = last - first
        if count < 4:
            continue
        begin = int(starts[syllable % starts.size])
        nexts = starts[starts > begin]
        stop = int(nexts[0]) if nexts.size else length
        run = stop - begin
        lead = min(int(rng.uniform(3, 9)), begin, first)
        stretch = np.linspace(0, 1, count)
        # The vowel is what may be lengthened: hold the middle, keep the ends at their own speed.
        if count > run:
            ends = min(run // 3, 8)
            middle = np.linspace(ends, run - ends, count - 2 * ends) if count > 2 * ends else np.empty(0)
            position = np.concatenate([np.arange(ends), middle, np.arange(run - ends, run)])[:count]
        else:
            position = np.arange(count) if rng.random() < 0.6 else stretch * (run - 1)
        read[first : first + position.size] = begin + position
        f0[first:last] = pitch
        gain[first:last] = 1.0
        if lead:
            read[first - lead : first] = np.arange(begin - lead, begin)
            gain[first - lead : first] = 1.0
        syllable += 1 if rng.random() < 0.85 else int(rng.integers(starts.size))
    read = np.clip(read, 0, length - 1)
    low = read.astype(int)
    part = (read - low)[:, None]
    high = np.minimum(low + 1, length - 1)
    coded = voice.envelope[low] * (1 - part) + voice.envelope[high] * part
    coded_noise = voice.aperiodicity[low]
    sung = voiced[low] & (f0 > 0)
    sung |= (f0 > 0) & (rng.random() < settings.get("legato", 0.5))
    filled = (
        np.interp(np.arange(frames), np.flatnonzero(f0 > 0), f0[f0 > 0]) if (f0 > 0).any() else np.full(frames, 60.0)
    )
    width = max(int(settings["glide_s"] * 1000 / FRAME_MS), 1)
    smooth = np.convolve(np.pad(filled, width, mode="edge"), np.ones(width) / width, "same")[width:-width]
    time = np.arange(frames) * FRAME_MS / 1000
    wobble = (
        settings["vibrato"]
        * np.sin(2 * np.pi * rng.uniform(4.8, 6.2) * time + rng.random() * 6)
        * np.clip(np.sin(time * 1.3) + 0.5, 0, 1)
    )
    drift = np.convolve(rng.normal(0, settings["scoop"], frames), np.ones(12) / 12, "same")
    hertz = 440.0 * 2 ** ((smooth + wobble + drift - 69) / 12)
    pitch_hz = np.where(sung, hertz, 0.0)
    fft = pyworld.get_cheaptrick_fft_size(RATE)
    envelope = pyworld.decode_spectral_envelope(np.ascontiguousarray(coded, np.float64), RATE, fft)
    noise = pyworld.decode_aperiodicity(np.ascontiguousarray(coded_noise, np.float64), RATE, fft)
    if settings["formant"] != 1.0:
        bins = np.arange(envelope.shape[1])
        source = np.clip(bins / settings["formant"], 0, bins[-1])
        floor = source.astype(int)
        rest = source - floor
        ceil = np.minimum(floor + 1, bins[-1])
        envelope = envelope[:, floor] * (1 - rest) + envelope[:, ceil] * rest
    if settings["breath"] > 0:
        noise = noise + (1 - noise) * settings["breath"]
    gain = np.convolve(gain, np.ones(3) / 3, "same")
    envelope = np.ascontiguousarray(envelope * gain[:, None] ** 2 + 1e-12)
    mono = pyworld.synthesize(pitch_hz, envelope, np.ascontiguousarray(np.clip(noise, 0, 1)), RATE, FRAME_MS).astype(
        np.float32
    )
    return np.stack([mono, mono])
