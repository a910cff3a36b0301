"""Where the singer sings, so that parts can make room."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from engine.dsp.resample import resample
from engine.inference.arrangement_chords import Voice
from engine.types import Audio

Flags: TypeAlias = npt.NDArray[np.bool_]

STEP_S = 0.25
_RATE = 11025
_GATE_DB = -26.0
_DROWNED_DB = -15.0
NOBODY = Voice(step_s=STEP_S, sings=(), centre=None)


def singer_of(audio: Mapping[str, Audio], *, rate: int) -> Voice:
    """Who sings in a song (`find_voice`).

    Args:
        audio: role -> ``(channels, frames) float32``.
        rate: frames per second.
    """
    others = [stem for role, stem in audio.items() if role != "vocals"]
    return find_voice(audio.get("vocals"), rate=rate, beside=others)


def find_voice(vocals: Audio | None, *, rate: int, beside: Iterable[Audio] = ()) -> Voice:
    """Flags per quarter of a second, and the middle of the sung line.

    Args:
        vocals: the stem ``(channels, frames) float32``, None where there is none.
        rate: frames per second.
        beside: the other stems, as long: what is drowned by them is what a split left over, and nobody sings.
    """
    if vocals is None or vocals.shape[-1] < rate // 2:
        return NOBODY
    mono = np.ascontiguousarray(np.asarray(vocals, dtype=np.float32).mean(axis=0, keepdims=True))
    low = resample(mono, from_rate=rate, to_rate=_RATE)[0]
    step = int(STEP_S * _RATE)
    count = low.size // step
    if count == 0:
        return NOBODY
    power = np.square(low[: count * step].reshape(count, step)).mean(axis=1)
    loud = float(np.percentile(power, 98))
    if loud < 1e-6:
        return NOBODY
    sings: Flags = np.asarray(power) > loud * 10.0 ** (_GATE_DB / 10.0)
    others = [_levels(stem, rate, count) for stem in beside]
    around = np.array([sum(levels) + 1e-12 for levels in zip(*others, strict=True)] or [1e-12])
    if float(np.median((power / around)[sings])) < 10.0 ** (_DROWNED_DB / 10.0):
        return NOBODY
    centre = _centre(low, sings, step)
    return Voice(step_s=STEP_S, sings=tuple(bool(s) for s in sings), centre=centre)


def _levels(stem: Audio, rate: int, count: int) -> list[float]:
    """Mean square of a stem in each of the first `count` steps."""
    size = round(STEP_S * rate)
    there = min(count, stem.shape[-1] // size)
    mono = np.asarray(stem[:, : there * size], dtype=np.float32).mean(axis=0)
    power = np.square(mono.reshape(there, size)).mean(axis=1)
    return [float(p) for p in power] + [0.0] * (count - there)


def _centre(low: np.ndarray, sings: np.ndarray, step: int) -> float | None:
    """Median pitch of the voiced frames by autocorrelation, MIDI; None when nothing has a pitch."""
    size = 1024
    found: list[float] = []
    lags = np.arange(int(_RATE / 900), int(_RATE / 80))
    for index in np.flatnonzero(sings)[:800]:
        frame = low[index * step : index * step + size]
        if frame.size < size:
            continue
        spectrum = np.fft.rfft(frame * np.hanning(size), 2 * size)
        correlation = np.fft.irfft(np.abs(spectrum) ** 2)[: lags[-1] + 1]
        if correlation[0] <= 0.0:
            continue
        values = correlation[lags] / correlation[0]
        # The first lag nearly as good as the best one: the others are its multiples.
        best = int(np.flatnonzero(values > 0.88 * values.max())[0])
        if values[best] > 0.4:
            found.append(69.0 + 12.0 * float(np.log2(_RATE / lags[best] / 440.0)))
    return float(np.median(found)) if len(found) >= 4 else None
