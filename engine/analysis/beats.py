"""Tempo and beats: dynamic programming finds them, least squares on attacks makes a constant tempo exact.

The path is Ellis's (`engine.analysis.beat_path`); the comb fit after it is ours.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from engine.analysis.beat_path import beat_path
from engine.analysis.spectra import FINE_HOP, HOP, RATE, Floats

CONSTANT_MEDIAN_S = 0.022
CONSTANT_UPPER_S = 0.050
_MIN_BEATS = 6
_STEP_S = FINE_HOP / RATE
_MARKS = {"thump": 1.0, "onset": 1.0, "attack": 1.0, "back-beat": 0.1}
_BEGINNING = 0.8
_DOUBT = 0.1


class BeatGrid(msgspec.Struct, frozen=True, kw_only=True):
    """Beats over the whole track."""

    tempo_bpm: float
    runner_up_bpm: float
    confidence: float
    constant: bool
    beats_s: Floats


def find_beats(onset: Floats, attacks: Floats, *, snare: Floats, thump: Floats, duration_s: float) -> BeatGrid | None:
    """Find the beat, or None where there is none.

    Args:
        onset: ``(steps,)`` onset strength per `HOP`.
        attacks: ``(steps,)`` attack function per `FINE_HOP`.
        snare: ``(steps,)`` onset strength of the snare's band per `HOP`.
        thump: ``(steps,)`` rise of low amplitude per `HOP`.
        duration_s: length of the track; the grid covers all of it.
    """
    if duration_s < 2.0 or float(onset.max(initial=0.0)) <= 1e-3:
        return None
    tempo, runner_up, clarity = _tempo(onset)
    raw: Floats = beat_path(onset, round(60.0 * RATE / HOP / tempo)).astype(np.float64) * (HOP / RATE)
    if raw.size < _MIN_BEATS:
        return None
    snapped = _snap(raw, attacks, reach_s=0.045)
    period, phase, constant = _constant_fit(snapped)
    if constant:
        first_index, last_index = int(np.ceil(-phase / period)), int(np.floor((duration_s - phase) / period))
        regular: Floats = phase + period * np.arange(first_index, last_index + 1, dtype=np.float64)
        phase = float(_on_the_beat(regular, attacks, onset=onset, snare=snare, thump=thump, doubt=0.0)[0])
        period, phase = _comb(period, phase, attacks, duration_s)
        period, phase = _whole_bpm(period, phase, duration_s)
        first = phase - np.floor(phase / period + 0.02) * period
        beats = first + period * np.arange(int(np.floor((duration_s - first) / period + 1e-6)) + 1)
        tempo = 60.0 / period
    else:
        raw = _on_the_beat(raw, attacks, onset=onset, snare=snare, thump=thump, doubt=_DOUBT)
        beats = _extend(_smooth(_snap(raw, attacks, reach_s=0.045)), duration_s)
        tempo = 60.0 / float(np.median(np.diff(beats)))
    beats = np.maximum(beats[beats < duration_s - 0.02], 0.0)
    # Silence around the music takes beats in the extension, but does not count against the evidence.
    evidence = _evidence(beats, attacks)
    # A handful of beats proves little.
    enough = float(np.clip(beats.size / 16.0, 0.3, 1.0))
    confidence = float(np.clip(0.55 * evidence + 0.45 * clarity + (0.1 if constant else -0.05), 0.0, 1.0)) * enough
    return BeatGrid(tempo_bpm=tempo, runner_up_bpm=runner_up, confidence=confidence, constant=constant, beats_s=beats)


def _tempo(onset: Floats) -> tuple[float, float, float]:
    """Tempo, runner-up, and how clearly the onsets repeat (0..1)."""
    flux = onset - onset.mean()
    size = 1 << int(np.ceil(np.log2(2 * flux.size)))
    spectrum = np.fft.rfft(flux, size)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[: flux.size]
    if correlation[0] <= 0.0:
        return 120.0, 120.0, 0.0
    # Each lag was summed over fewer frames than the one before.
    summed: Floats = np.maximum(flux.size - np.arange(flux.size, dtype=np.float64), flux.size * 0.25)
    correlation = correlation / correlation[0] * (flux.size / summed)
    bpm = np.arange(45.0, 215.0, 0.5)

    def at(lags: Floats) -> Floats:
        return _interpolate(lags, np.arange(correlation.size, dtype=np.float64), correlation)

    lags = 60.0 / bpm * RATE / HOP
    # A tempo is a lag whose multiples repeat as well; its half tells a beat from an off-beat.
    comb = at(lags) + 0.6 * at(2 * lags) + 0.7 * at(4 * lags) + 0.3 * at(8 * lags) + 0.3 * at(0.5 * lags)
    # Three sixteenths repeat nearly as well as four in syncopated music; a third of theirs is a sixteenth and repeats,
    # a third of a beat does not.
    comb -= 0.3 * at(lags / 3.0)
    prior = np.exp(-0.5 * (np.log2(bpm / 118.0) / 0.75) ** 2)
    score = np.maximum(comb, 0.0) * prior
    best = int(np.argmax(score))
    apart = np.abs(np.log2(bpm / bpm[best])) > 0.12
    second = int(np.argmax(np.where(apart, score, -1.0)))
    clarity = float(np.clip(np.max(at(lags[best] * np.linspace(0.97, 1.03, 13))) * 1.6, 0.0, 1.0))
    return float(bpm[best]), float(bpm[second]), clarity


def _interpolate(at: Floats, points: Floats, values: Floats) -> Floats:
    """Linear interpolation, 0 outside."""
    found: Any = np.interp(at, points, values, left=0.0, right=0.0)
    return found


def _on_the_beat(
    beats: Floats, attacks: Floats, *, onset: Floats, snare: Floats, thump: Floats, doubt: float
) -> Floats:
    """The beats, or the points half-way between them where those are the real ones.

    Open hats and off-beat basses lead a tracker astray. The bass drum is the loudest low sound, beats set in more
    sharply, a back-beat
    alternates on them, and music begins on one.
    """
    halves = 0.5 * (beats[:-1] + beats[1:])
    if halves.size < 8:
        return beats
    period = float(np.median(np.diff(beats)))
    begins = int(np.argmax(onset > 0.3 * np.percentile(onset, 98))) * HOP / RATE
    away = (begins - beats[0]) / period
    score = _BEGINNING * (0.25 - abs(away - round(away)))
    here, there = (_marks(points, attacks, onset, snare, thump) for points in (beats, halves))
    for name, weight in _MARKS.items():
        score += weight * (here[name] - there[name]) / max(here[name] + there[name], 1e-9)
    if score > -doubt:
        return beats
    return np.concatenate([[beats[0] - 0.5 * period], halves, [beats[-1] + 0.5 * period]])


def _marks(points: Floats, attacks: Floats, onset: Floats, snare: Floats, thump: Floats) -> dict[str, float]:
    """What speaks for points being beats: mean low thump, onset and attack there, and the alternation of the snare's
    band."""

    def near(values: Floats, hop: int) -> Floats:
        reach = max(1, round(0.02 * RATE / hop))
        centre = np.round(points * RATE / hop).astype(int)
        return values[np.clip(centre[:, None] + np.arange(-reach, reach + 1), 0, values.size - 1)].max(axis=1)

    high = near(snare, HOP)
    return {
        "thump": float(np.sqrt(near(thump, HOP)).mean()),
        "onset": float(near(onset, HOP).mean()),
        "attack": float(near(attacks, FINE_HOP).mean()),
        "back-beat": abs(float(high[::2].mean() - high[1::2].mean())),
    }


def _snap(beats: Floats, attacks: Floats, *, reach_s: float) -> Floats:
    """Move each beat to the strongest attack near it; nearer ones count more."""
    reach = round(reach_s / _STEP_S)
    offsets = np.arange(-reach, reach + 1)
    taper = np.exp(-0.5 * (offsets / (0.6 * reach)) ** 2)
    out = beats.copy()
    threshold = 0.5 * float(np.mean(attacks)) + 1e-12
    for i, beat in enumerate(beats):
        centre = round(float(beat) / _STEP_S)
        index = np.clip(centre + offsets, 0, attacks.size - 1)
        values = attacks[index] * taper
        best = int(np.argmax(values))
        if attacks[index[best]] > threshold:
            out[i] = index[best] * _STEP_S
    return out


def _constant_fit(beats: Floats) -> tuple[float, float, bool]:
    """Fit ``phase + k * period`` to the beats, and tell whether one tempo fits at all.

    Beats that a tracker laid half-way between the real ones count as well: k is a multiple of a half.
    """

    def halves(values: Floats) -> Floats:
        return 0.5 * np.round(2.0 * values)

    period = float(np.median(np.diff(beats)))
    # The median of quantised intervals is coarse: let longer and longer stretches of beats sharpen it.
    for span in (4, 8, 16, 32, 64, 128, 256, 512):
        if span >= beats.size:
            break
        distances = beats[span:] - beats[:-span]
        period = float(np.median(distances / np.maximum(halves(distances / period), 0.5)))
    phase = float(beats[beats.size // 2])
    index = halves((beats - phase) / period)
    weight = np.ones(beats.size)
    for _ in range(12):
        period, phase = _line(index, beats, weight)
        residual = beats - (phase + period * index)
        weight = 1.0 / (1.0 + (residual / 0.012) ** 2)
        index = halves((beats - phase) / period)
    residual = beats - (phase + period * index)
    # A tempo that drifts through half a beat comes back to the grid; on the way there it is beside it for long.
    steady = np.percentile(np.abs(_running_median(residual, 9)), 85) < CONSTANT_UPPER_S
    off = np.abs(residual)
    constant = bool(np.median(off) < CONSTANT_MEDIAN_S and np.percentile(off, 75) < CONSTANT_UPPER_S and steady)
    return period, phase, constant


def _running_median(values: Floats, count: int) -> Floats:
    """Median of `count` neighbours (odd) around each value; the ends repeat."""
    padded = np.pad(values, count // 2, mode="edge")
    found: Floats = np.median(np.lib.stride_tricks.sliding_window_view(padded, count), axis=1)
    return found


def _whole_bpm(period: float, phase: float, duration_s: float) -> tuple[float, float]:
    """Music made on a machine has a whole number of beats a minute: take it when nobody could hear the difference."""
    rounded = 60.0 / round(60.0 / period)
    if abs(rounded - period) * (duration_s / period) >= 0.008:
        return period, phase
    count = round((0.5 * duration_s - phase) / period)
    return rounded, phase + count * (period - rounded)


def _line(index: Floats, times: Floats, weight: Floats) -> tuple[float, float]:
    """Weighted least squares of ``times = offset + slope * index``."""
    total = weight.sum()
    mean_index, mean_time = (weight * index).sum() / total, (weight * times).sum() / total
    centred = index - mean_index
    slope = float((weight * centred * (times - mean_time)).sum() / max((weight * centred**2).sum(), 1e-12))
    return slope, float(mean_time - slope * mean_index)


def _comb(period: float, phase: float, attacks: Floats, duration_s: float) -> tuple[float, float]:
    """Slide a comb over the attack function for the best phase and period, then settle on the attacks by least
    squares.
    """
    width = 3
    kernel = np.exp(-0.5 * (np.arange(-3 * width, 3 * width + 1) / width) ** 2)
    smooth = np.convolve(np.minimum(attacks, np.percentile(attacks, 99.7)), kernel / kernel.sum(), mode="same")
    anchor = phase + round((0.5 * duration_s - phase) / period) * period
    count = int(duration_s / period) + 2
    index = np.arange(-count, count + 1, dtype=np.float64)
    steps: Floats = np.arange(smooth.size, dtype=np.float64) * _STEP_S
    # The ends of the comb move by at most 60 ms.
    reach = 0.060 / max(duration_s / period, 1.0)
    best: tuple[float, float, float] = (-1.0, period, anchor)
    for p in period + np.linspace(-reach, reach, 41):
        grid = anchor + p * index
        grid = grid[(grid >= -0.1) & (grid < duration_s + 0.1)]
        for shift in np.linspace(-0.03, 0.03, 31):
            value = float(_interpolate(grid + shift, steps, smooth).sum())
            if value > best[0]:
                best = (value, float(p), anchor + float(shift))
    _, period, anchor = best
    grid_index = index[(anchor + period * index >= 0.0) & (anchor + period * index < duration_s)]
    grid = anchor + period * grid_index
    near = _snap(grid, attacks, reach_s=0.020)
    moved = np.abs(near - grid)
    strength = np.interp(near, steps, attacks)
    weight = strength * (moved < 0.018)
    for _ in range(8):
        if weight.sum() <= 0.0 or np.count_nonzero(weight) < _MIN_BEATS:
            break
        slope, offset = _line(grid_index, near, weight)
        residual = near - (offset + slope * grid_index)
        weight = strength / (1.0 + (residual / 0.004) ** 2)
        period, anchor = slope, offset
    return period, anchor


def _smooth(beats: Floats) -> Floats:
    """Take the jitter of single attacks out of drifting beats: a line through five neighbours at each."""
    if beats.size < 5:
        return beats
    out = beats.copy()
    offsets = np.arange(-2, 3, dtype=np.float64)
    for i in range(2, beats.size - 2):
        local = beats[i - 2 : i + 3]
        deviation = local - np.median(local - offsets * np.median(np.diff(local))) - offsets * np.median(np.diff(local))
        weight = 1.0 / (1.0 + (deviation / 0.02) ** 2)
        _, offset = _line(offsets, local, weight)
        out[i] = 0.5 * beats[i] + 0.5 * offset
    return np.maximum.accumulate(out)


def _extend(beats: Floats, duration_s: float) -> Floats:
    """Continue the first and last intervals to both ends of the track."""
    head = float(np.median(np.diff(beats[:8])))
    tail = float(np.median(np.diff(beats[-8:])))
    before = beats[0] - head * np.arange(int(beats[0] / head + 0.02), 0, -1)
    after = beats[-1] + tail * np.arange(1, int(max(duration_s - beats[-1], 0.0) / tail) + 1)
    return np.concatenate([before, beats, after])


def _evidence(beats: Floats, attacks: Floats) -> float:
    """How much stronger attacks are on beats than between them, 0..1."""
    if beats.size < 2:
        return 0.0
    reach = int(0.02 / _STEP_S)
    centre = np.round(beats / _STEP_S).astype(int)
    centre = centre[centre < attacks.size]
    window = np.clip(centre[:, None] + np.arange(-reach, reach + 1), 0, attacks.size - 1)
    on = attacks[window].max(axis=1)
    between = np.round((beats[:-1] + 0.37 * np.diff(beats)) / _STEP_S).astype(int)
    between = between[between < attacks.size]
    window = np.clip(between[:, None] + np.arange(-reach, reach + 1), 0, attacks.size - 1)
    off = attacks[window].max(axis=1)
    total = float(on.mean() + off.mean())
    return float(np.clip((on.mean() - off.mean()) / total * 1.8, 0.0, 1.0)) if total > 0 else 0.0
