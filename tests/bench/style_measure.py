"""Figures that stand in for ears: what a restyled song shares with its source and with its style."""

from __future__ import annotations

import itertools
import math
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from engine.analysis import Analysis, spectra
from engine.analysis.beats import find_beats
from engine.dsp.limiter import limit_true_peak
from engine.dsp.loudness import true_peak_dbtp
from engine.dsp.resample import resample
from engine.inference.arrangement import Score
from engine.inference.arrangement_chords import Voice
from engine.inference.arrangement_drums import VELOCITY
from engine.inference.arrangement_grid import Grid
from engine.inference.production_chain import apply_strip
from engine.inference.production_features import BANDS, features
from engine.inference.restyle_result import RestyleResult
from engine.inference.styles import Style
from tests.bench.style_material import Samples, Song

Floats = npt.NDArray[np.float64]
CROWDED_HZ = (200.0, 2000.0)
LOW_HZ = 120.0
HOLE_S = 0.25
"""A silence of this length where the source sounds is a hole."""


class Heard(msgspec.Struct, frozen=True):
    """A restyled song as the export would write it, and its layers: the voice and what the style put beside it."""

    mix: Samples
    beside: Samples
    """All that the style put beside the voice."""
    drums: Samples
    """The new drums, silent where the style has none."""
    roles: dict[str, Samples]

    @property
    def without_drums(self) -> Samples:
        """All that has a pitch, of the source and new."""
        return np.sum([sound for role, sound in self.roles.items() if role != "drums"], axis=0).astype(np.float32)


def listen(song: Song, result: RestyleResult) -> Heard:
    """Mix stems and parts through their strips and the limiter of the master."""
    roles = {role: np.zeros((2, song.frames), np.float32) for role in ("vocals", "drums", "bass", "other")}
    for role, stem in song.audio().items():
        if role not in result.muted:
            strip = result.strips.get(role)
            roles[role] += stem if strip is None else apply_strip(np.array(stem), strip, rate=song.rate)
    drums, beside = np.zeros((2, song.frames), np.float32), np.zeros((2, song.frames), np.float32)
    for part in result.parts:
        sound = apply_strip(np.array(part.pcm.open()), part.strip or {}, rate=song.rate)
        roles[part.role] += sound
        beside += sound
        if part.role == "drums":
            drums += sound
    mix = limit_true_peak(np.sum(list(roles.values()), axis=0).astype(np.float32), rate=song.rate)
    return Heard(mix, beside, drums, roles)


def tuned(audio: Samples, rate: int) -> Floats:
    """Pitch classes of the middle register and the bass, ``(12, steps)``."""
    middle, bass, _ = spectra.chroma(mono_at_analysis_rate(audio, rate))
    return middle + 0.5 * bass


def chroma_agreement(source: Floats, restyled: Floats, analysis: Analysis) -> float:
    """Mean cosine of the pitch classes of each bar, louder bars of the source counting more."""
    edges = np.array([0.0, *analysis.downbeats_s, analysis.duration_s])
    if len(analysis.downbeats_s) < 2:
        edges = np.arange(0.0, analysis.duration_s + 1.0, 2.0)
    edges = edges[np.concatenate([[True], np.diff(edges) > 0.2])]
    a, b = (spectra.between(rows, edges, spectra.CHROMA_HOP) for rows in (source, restyled))
    weight = np.linalg.norm(a, axis=0)
    alike = (a * b).sum(axis=0) / np.maximum(weight * np.linalg.norm(b, axis=0), 1e-9)
    return float((alike * weight).sum() / max(float(weight.sum()), 1e-9))


def beat_f(
    mix: Samples, rate: int, analysis: Analysis, *, felt_bpm: float = 0.0, tolerance_s: float = 0.07
) -> float | None:
    """F-measure of the beats that a tracker finds in the result against the grid of the source, at the best of the
    metric levels half, same and double (a style may be felt in half time); None without a grid. In a style that is felt
    in double time, every second of its beats is a level as well, whichever it begins with.

    Args:
        mix: the result, ``(2, frames) float32``.
        rate: frames per second.
        analysis: of the source.
        felt_bpm: how fast the style feels it; 0 as the source.
        tolerance_s: how far apart two beats may be.
    """
    if len(analysis.beats_s) < 8:
        return None
    mono = mono_at_analysis_rate(mix, rate)
    onset, snare, thump = spectra.onset_envelopes(mono)
    found = find_beats(onset, spectra.attack_function(mono), snare=snare, thump=thump, duration_s=analysis.duration_s)
    if found is None:
        return 0.0
    grid = np.asarray(analysis.beats_s)
    halves = 0.5 * (grid[:-1] + grid[1:])
    levels = [grid, grid[::2], grid[1::2], np.sort(np.concatenate([grid, halves]))]
    if felt_bpm > 1.5 * analysis.tempo_bpm:
        levels.append(halves)
    return max(f_measure(found.beats_s, level, tolerance_s) for level in levels)


def f_measure(found: Floats, truth: Floats, tolerance_s: float) -> float:
    if found.size == 0 or truth.size == 0:
        return 0.0
    apart = np.abs(found[:, None] - truth[None, :])
    precision = float((apart.min(axis=1) < tolerance_s).mean())
    recall = float((apart.min(axis=0) < tolerance_s).mean())
    return 2.0 * precision * recall / max(precision + recall, 1e-9)


def crowding(voice: Samples | None, beside: Samples, singer: Voice, rate: int) -> float | None:
    """Share of the quarter seconds with voice in which what stands beside it is louder than the voice between 200 and
    2,000 Hz; None without a voice."""
    if voice is None or singer.centre is None:
        return None
    sung, other = (_band_power(x, rate, CROWDED_HZ, singer.step_s) for x in (voice, beside))
    count = min(sung.size, other.size, len(singer.sings))
    on = np.array(singer.sings[:count])
    return float((other[:count][on] > sung[:count][on]).mean()) if on.any() else None


def low_share(audio: Samples, rate: int) -> float:
    """Share of the energy below 120 Hz."""
    low = float(_band_power(audio, rate, (20.0, LOW_HZ), 0.25).sum())
    return low / max(low + float(_band_power(audio, rate, (LOW_HZ, 16000.0), 0.25).sum()), 1e-12)


def tone_error_db(heard: Heard, style: Style, rate: int) -> float:
    """How far the roles that the style set are from its targets: mean over the bands that matter, dB."""
    errors: list[float] = []
    for role, target in style.production.targets.items():
        sound = heard.roles[role]
        if role == "vocals" or float(np.mean(np.square(sound))) < 1e-9:
            continue
        tone, wanted = features(sound, rate=rate)[:BANDS], np.array(target[:BANDS])
        loud = wanted > wanted.max() - 30.0
        errors.append(float(np.mean(np.minimum(np.abs(tone - wanted)[loud], 20.0))))
    return float(np.mean(errors)) if errors else math.nan


def longest_repeat(score: Score, analysis: Analysis) -> int:
    """Longest run of equal bars: the same instruments playing the same pitches on the same sixteenths."""
    if len(analysis.downbeats_s) < 2:
        return 0
    edges = np.append(np.asarray(analysis.downbeats_s), analysis.duration_s)
    bars: list[set[tuple[str, int, int]]] = [set() for _ in range(edges.size - 1)]
    for layer in score.layers:
        for name, notes in layer.instruments.items():
            for note in notes:
                bar = int(np.searchsorted(edges, note.start_s + 0.03, side="right")) - 1
                if 0 <= bar < len(bars):
                    share = (note.start_s - edges[bar]) / (edges[bar + 1] - edges[bar])
                    bars[bar].add((name, round(share * 16), round(note.pitch)))
    longest = run = 1
    for before, now in itertools.pairwise(bars):
        run = run + 1 if now == before and now else 1
        longest = max(longest, run)
    return longest


def pattern_likeness(drums: Samples, style: Style, analysis: Analysis, rate: int) -> float | None:
    """Correlation of the onsets heard in the drums, folded on the bar of sixteen steps, with the style's own steps at
    the densities that occur; None without drums."""
    plan = style.arrangement.drums if style.arrangement is not None else None
    if plan is None or float(np.mean(np.square(drums))) < 1e-10 or len(analysis.beats_s) < 8:
        return None
    grid = Grid(analysis, tempo_bpm=style.tempo_bpm, swing=style.swing, swing_steps_per_beat=style.swing_steps_per_beat)
    attacks = spectra.attack_function(mono_at_analysis_rate(drums, rate))
    steps = 4 * grid.beats_per_bar
    heard, wanted = np.zeros(steps), np.zeros(steps)
    reach = round(0.025 * spectra.RATE / spectra.FINE_HOP)
    for bar in grid.bars[1:-1]:
        for lane in plan.lanes:
            if not lane.since <= bar.density <= lane.until:
                continue
            text = grid.steps(lane.steps, steps_per_beat=plan.steps_per_beat, bar=bar)
            for i, mark in enumerate(text):
                place = round(i * steps / len(text))
                if mark in VELOCITY and place < steps:
                    wanted[place] += VELOCITY[mark] * lane.level
        for step in range(steps):
            centre = round(grid.step_s(bar, step / 4.0) * spectra.RATE / spectra.FINE_HOP)
            window = attacks[max(centre - reach, 0) : centre + reach + 1]
            heard[step] += float(window.max(initial=0.0))
    if heard.std() < 1e-9 or wanted.std() < 1e-9:
        return None
    return float(np.corrcoef(heard, wanted)[0, 1])


def holes(mix: Samples, source: Samples, rate: int) -> int:
    """Silences of the result where the source sounds."""
    step = round(HOLE_S * rate)
    count = mix.shape[1] // step

    def level(x: Samples) -> Floats:
        return np.square(x[:, : count * step]).reshape(x.shape[0], count, step).mean(axis=(0, 2))

    made, there = level(mix), level(source)
    return int(np.sum((made < 1e-7) & (there > max(1e-6, 1e-3 * float(np.median(there))))))


def last_beat_drift_ms(drums: Samples, analysis: Analysis, rate: int) -> float | None:
    """Median distance of the strokes nearest to the last eight beats from the grid; None without new drums."""
    if len(analysis.beats_s) < 16 or float(np.mean(np.square(drums))) < 1e-10:
        return None
    attacks = spectra.attack_function(mono_at_analysis_rate(drums, rate))
    step = spectra.FINE_HOP / spectra.RATE
    floor = float(np.percentile(attacks, 97))
    away: list[float] = []
    for beat in analysis.beats_s[-10:-2]:
        first = max(0, round((beat - 0.04) / step))
        window = attacks[first : round((beat + 0.04) / step)]
        if window.size and float(window.max()) > floor:
            away.append(1000.0 * ((first + int(np.argmax(window))) * step - beat))
    return float(np.median(np.abs(away))) if len(away) >= 3 else None


def peak_dbtp(mix: Samples, rate: int) -> float:
    """True peak of the limited mix."""
    return true_peak_dbtp(mix, rate=rate)


def null_db(song: Song, result: RestyleResult) -> float:
    """Largest difference of a restyle at intensity 0 from the source, dBFS; -200 is none."""
    audio = song.audio()
    made, source = np.zeros((2, song.frames), np.float32), np.zeros((2, song.frames), np.float32)
    for role, stem in audio.items():
        source += stem
        strip = result.strips.get(role)
        if role not in result.muted:
            made += stem if strip is None else apply_strip(np.array(stem), strip, rate=song.rate)
    for part in result.parts:
        made += apply_strip(np.array(part.pcm.open()), part.strip or {}, rate=song.rate)
    return 20.0 * math.log10(float(np.max(np.abs(made - source), initial=0.0)) + 1e-10)


def rounded(values: dict[str, Any]) -> dict[str, Any]:
    """Figures with three digits after the point."""
    return {k: round(v, 3) if isinstance(v, float) and math.isfinite(v) else v for k, v in values.items()}


def mono_at_analysis_rate(audio: Samples, rate: int) -> npt.NDArray[np.float32]:
    """``(frames,)`` at the rate that the analysis works at, at least 6 s long."""
    mono = np.ascontiguousarray(np.asarray(audio, np.float32).mean(axis=0, keepdims=True))
    down = resample(mono, from_rate=rate, to_rate=spectra.RATE)[0]
    return np.pad(down, (0, max(0, 6 * spectra.RATE - down.size)))


def _band_power(audio: Samples, rate: int, band: tuple[float, float], step_s: float) -> Floats:
    """Energy of a band in steps of `step_s`, of left and right together."""
    size = round(step_s * rate)
    count = audio.shape[1] // size
    inside = (np.fft.rfftfreq(size, 1.0 / rate) >= band[0]) & (np.fft.rfftfreq(size, 1.0 / rate) < band[1])
    window = np.hanning(size).astype(np.float32)
    power = np.zeros(count)
    for k in range(count):
        spectrum = np.fft.rfft(audio[:, k * size : (k + 1) * size] * window, axis=1)
        power[k] = float((np.abs(spectrum[:, inside]) ** 2).sum())
    return power
