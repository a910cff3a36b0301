"""Longer versions of a song: a way through its bars that can go on for as long as one likes, joined where the music is
alike on both sides.

Bars are compared by pitch classes and timbre in quarters (self-similarity, Foote 1999); a jump may go from the end of
one bar to the start of any other whose past and future are like what is left.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, Literal

import msgspec
import numpy as np

from engine.analysis import spectra
from engine.analysis.corrections import conformed
from engine.analysis.model import Analysis
from engine.analysis.spectra import CHROMA_HOP, HOP, RATE, Floats
from engine.analysis.task import analyse, mono_of, timbre_of
from engine.errors import EngineError
from engine.types import PcmRef, Progress

EnergyCurve = Literal["flat", "rise", "fall", "wave", "arc"]
ENERGY_CURVES: tuple[str, ...] = ("flat", "rise", "fall", "wave", "arc")
SHORTEST_MIN, LONGEST_MIN = 0.25, 600.0
FADE_S = 0.03
FADE_WITHOUT_BEAT_S = 1.2
AUDIBLE = 1.6
"""A seam further apart than this, in distances of neighbouring bars, may be heard."""
_PHRASE = 4
_GRAIN_S = 4.0
_QUARTERS = 4


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the source, and where it lies in the long version; fades overlap with the neighbours."""

    source_s: float
    length_s: float
    at_s: float
    fade_in_s: float
    fade_out_s: float


class Extension(msgspec.Struct, frozen=True, kw_only=True):
    """A way through a song."""

    segments: tuple[Segment, ...]
    length_s: float
    seams: tuple[float, ...]
    """Distance of the bars on both sides of each seam, in distances of neighbouring bars: 1 is as smooth as the song
    itself."""
    notices: tuple[str, ...] = ()


def extension_task(
    *,
    pcm: PcmRef,
    minutes: float,
    energy: EnergyCurve = "flat",
    seed: int = 0,
    stated: dict[str, Any] | None = None,
    progress: Progress,
    cancelled: Callable[[], bool],
) -> Extension:
    """Worker task: plan a version of `minutes` length.

    Args:
        pcm: the recording.
        minutes: 0.25 to 600.
        energy: how loud and dense the music becomes: evenly, rising, falling, in waves of four minutes, or up and down.
        seed: another seed, another way.
        stated: tempo and first beat where a person or a label says them (`conformed`).

    Raises:
        EngineError: ``extension-invalid`` for a length or a curve that makes no sense, or a recording of under four
        seconds. Cancelled: when the caller wants to stop.
    """
    if not SHORTEST_MIN <= minutes <= LONGEST_MIN or energy not in ENERGY_CURVES:
        raise EngineError(
            f"A version of {minutes:g} minutes with the energy “{energy}” cannot be made.",
            remedy=f"Choose {SHORTEST_MIN:g} to {LONGEST_MIN:g} minutes and one of: {', '.join(ENERGY_CURVES)}.",
            code="extension-invalid",
        )
    audio = np.asarray(pcm.open())
    heard = analyse(audio, rate=pcm.rate, progress=lambda f, note: progress(0.7 * f, note), cancelled=cancelled)
    analysis = conformed(heard, **(stated or {}))
    progress(0.75, "Comparing the bars")
    mono = mono_of(audio, pcm.rate)
    bars, has_beat = bar_lines(analysis)
    if bars.size < 3:
        raise EngineError(
            "The recording is too short to be made longer.",
            remedy="Choose a piece of at least ten seconds.",
            code="extension-invalid",
        )
    features, level = _features(mono, bars)
    progress(0.95, "Finding the way")
    # A short piece has no whole phrases to spare: it is left at shorter ones.
    phrase = int(np.clip((bars.size - 1) // 4, 1, _PHRASE))
    path, costs = find_way(features, level, bars, minutes * 60.0, energy=energy, seed=seed, phrase=phrase)
    fade_s = FADE_S if has_beat else FADE_WITHOUT_BEAT_S
    segments = lay(path, bars, analysis.duration_s, fade_s=fade_s)
    notices: list[str] = []
    if not has_beat:
        notices.append("No steady beat was found: the pieces are blended into each other slowly.")
    rough = sum(cost > AUDIBLE for cost in costs)
    if rough:
        notices.append(f"{rough} of {len(costs)} seams join places that are not much alike.")
    progress(1.0, "Done")
    last = segments[-1]
    return Extension(segments=segments, length_s=last.at_s + last.length_s, seams=tuple(costs), notices=tuple(notices))


def bar_lines(analysis: Analysis) -> tuple[Floats, bool]:
    """Starts of the bars with the end of the track, and whether they follow a beat; without one, even stretches."""
    downbeats = np.asarray(analysis.downbeats_s)
    if downbeats.size >= 4:
        # What stands before the first bar line is played once, at the start, as a part of the first bar.
        starts = np.concatenate([[0.0], downbeats[1:]]) if downbeats[0] < 0.5 else np.concatenate([[0.0], downbeats])
        return np.append(starts, analysis.duration_s), True
    count = max(1, int(analysis.duration_s / _GRAIN_S))
    return np.linspace(0.0, analysis.duration_s, count + 1), False


def _features(mono: np.ndarray, bars: Floats) -> tuple[Floats, Floats]:
    """``(rows, bars)`` of comparable spread, and the level of each bar from 0 to 1."""
    middle, bass, _ = spectra.chroma(mono)
    tone = middle + 0.5 * bass
    tone = tone / max(float(np.percentile(np.linalg.norm(tone, axis=0), 80)), 1e-9)
    timbre = timbre_of(mono)
    share = np.linspace(0.0, 1.0, _QUARTERS + 1)
    edges = (bars[:-1, None] + np.diff(bars)[:, None] * share[None, :-1]).ravel()
    edges = np.append(edges, bars[-1])
    rows = np.concatenate([4.0 * spectra.between(tone, edges, CHROMA_HOP), spectra.between(timbre, edges, HOP * 4)])
    count = bars.size - 1
    stacked = rows.reshape(rows.shape[0], count, _QUARTERS).transpose(0, 2, 1).reshape(-1, count)
    places = np.clip((bars * RATE).astype(int), 0, mono.size)
    power = np.array([float(np.mean(np.square(mono[a:b]))) if b > a else 0.0 for a, b in itertools.pairwise(places)])
    db = np.maximum(10.0 * np.log10(power + 1e-9), 10.0 * np.log10(float(power.max()) + 1e-9) - 30.0)
    spread = float(db.max() - db.min())
    return stacked, (db - db.min()) / spread if spread > 1.0 else np.full(count, 0.5)


def wanted_energy(curve: EnergyCurve, share: float, minutes: float) -> float:
    """Energy (0..1) that a curve asks for after `share` of the whole."""
    if curve == "rise":
        return 0.15 + 0.85 * share
    if curve == "fall":
        return 1.0 - 0.85 * share
    if curve == "arc":
        return 0.2 + 0.8 * float(np.sin(np.pi * share))
    if curve == "wave":
        return 0.55 + 0.4 * float(np.sin(2.0 * np.pi * share * max(minutes / 4.0, 1.0)))
    return 0.6


def find_way(
    features: Floats,
    level: Floats,
    bars: Floats,
    length_s: float,
    *,
    energy: EnergyCurve,
    seed: int,
    phrase: int = _PHRASE,
) -> tuple[list[tuple[int, int]], list[float]]:
    """Runs of bars ``(first, one past the last)`` that are about `length_s` long, and the distance at each seam.

    The way begins with the first bar and ends with the last one. It leaves a run at the end of a phrase, for the place
    whose surroundings are most alike, that has the wanted energy and was not heard lately.
    """
    count = bars.size - 1
    distance = _distances(features)
    lengths = np.diff(bars)
    rng = np.random.default_rng([seed & 0xFFFFFFFF, 606])
    heard_at = np.full(count, -1e9)
    runs: list[tuple[int, int]] = []
    costs: list[float] = []
    # The last bars close the piece: from where the sum of what is left fits the length.
    first, at, played = 0, 0, 0.0
    a_phrase = phrase * float(np.median(lengths))
    tail = np.concatenate([np.cumsum(lengths[::-1])[::-1], [0.0]])
    while True:
        stop = min(_phrase_end(at, phrase, count), count)
        played += float(lengths[at:stop].sum())
        heard_at[at:stop] = played
        at = stop
        left = length_s - played
        if at < count and -0.5 * a_phrase <= tail[at] - left <= 0.5 * a_phrase:
            runs.append((first, count))
            return runs, costs
        closing = left <= max(tail[max(count - 4 * phrase, 1)], a_phrase)
        target = wanted_energy(energy, min(played / length_s, 1.0), length_s / 60.0)
        best, choice = np.inf, -1
        for j in range(1, count):
            if j == at and at < count:
                seam = 0.0
            else:
                seam = _seam(distance, at, j, count)
            if (j - at) % phrase:
                seam += 0.8
            ahead = level[j : j + phrase]
            value = 1.6 * seam + 1.2 * abs(float(ahead.mean()) - target)
            value += 1.2 * float(np.exp(-(played - heard_at[j]) / 45.0)) + 0.25 * float(rng.random())
            if closing:
                value += abs(tail[j] - left) / max(a_phrase, 1e-3)
            elif tail[j] < 1.5 * a_phrase:
                value += 3.0
            if value < best:
                best, choice = value, j
        if choice < 0:
            runs.append((first, at))
            return runs, costs
        if choice != at:
            runs.append((first, at))
            costs.append(_seam(distance, at, choice, count))
            first = choice
        at = choice
        if closing or len(runs) > 20_000:
            runs.append((first, count))
            return runs, costs


def _phrase_end(bar: int, phrase: int, count: int) -> int:
    """The next end of a phrase after a bar."""
    return min((bar // phrase + 1) * phrase, count)


def _distances(features: Floats) -> Floats:
    """Distance of every pair of bars, in medians of the distance of neighbours."""
    square = np.sum(np.square(features), axis=0)
    distance = np.sqrt(np.maximum(square[:, None] + square[None, :] - 2.0 * features.T @ features, 0.0))
    neighbours = np.diagonal(distance, 1)
    return distance / max(float(np.median(neighbours)), 1e-9)


def _seam(distance: Floats, leave: int, enter: int, count: int) -> float:
    """How unlike the two sides of a jump are: the bar that would have come and the one that comes, the bar that was and
    the one that would have been.
    """
    future = distance[leave, enter] if leave < count else distance[leave - 1, max(enter - 1, 0)]
    past = distance[leave - 1, enter - 1] if enter > 0 else future
    return float(0.5 * (future + past))


def lay(path: list[tuple[int, int]], bars: Floats, duration_s: float, *, fade_s: float) -> tuple[Segment, ...]:
    """Segments of a way, one after the other: each fades in just before its first bar line, while the one before it
    fades out.
    """
    segments: list[Segment] = []
    at = 0.0
    for number, (first, stop) in enumerate(path):
        begins, ends = float(bars[first]), float(min(bars[stop], duration_s))
        lead = 0.0 if number == 0 else min(fade_s, begins, at)
        last = number == len(path) - 1
        segments.append(
            Segment(
                source_s=begins - lead,
                length_s=ends - begins + lead,
                at_s=at - lead,
                fade_in_s=lead,
                fade_out_s=0.0 if last else min(fade_s, float(bars[path[number + 1][0]]), ends - begins),
            )
        )
        at += ends - begins
    return tuple(segments)
