"""A single line of melody as a pitch curve and as notes.

Pitch: normalised autocorrelation of frames, and the path through its best peaks that jumps least (dynamic programming,
as in Talkin's RAPT, 1995).
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
import numpy.typing as npt

from engine.analysis.spectra import Floats, frames_of
from engine.errors import Cancelled
from engine.types import Audio

RATE = 16_000
HOP = 128
"""Frames between values: 8 ms."""
LOWEST_HZ, HIGHEST_HZ = 70.0, 1100.0
_SIZE = 1024
_CANDIDATES = 4
_CLEAR = 0.55
_GATE_DB = -38.0
_SHORTEST_S = 0.07
_NEW_NOTE = 0.75
"""Semitones from the middle of a note at which another one begins."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """Pitch and loudness of a voice, one value per `step_s`."""

    step_s: float
    pitch: Floats
    """MIDI numbers with fractions, NaN where there is no pitch."""
    level_db: Floats


class SungNote(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of one note: `pitch` is the nearest whole MIDI number to its middle."""

    start_s: float
    end_s: float
    pitch: int
    first: int
    last: int
    """Its values in the line, the last one not included."""


def track(audio: Audio, *, rate: int, cancelled: Callable[[], bool] | None = None) -> Line:
    """Follow the pitch of a sound with one voice.

    Args:
        audio: ``(channels, frames) float32``.
        rate: frames per second.
        cancelled: polled every few seconds of sound.

    Raises:
        Cancelled: when the caller wants to stop.
    """
    frames = frames_of(audio, from_rate=rate, to_rate=RATE, size=_SIZE, hop=HOP)
    first, last = int(RATE / HIGHEST_HZ), int(RATE / LOWEST_HZ)
    window = np.hanning(_SIZE).astype(np.float32)
    shape = np.fft.irfft(np.abs(np.fft.rfft(window, 2 * _SIZE)) ** 2)[: last + 2]
    shape /= shape[0]
    lags: list[Floats] = []
    clear: list[Floats] = []
    power: list[Floats] = []
    for start in range(0, frames.shape[0], 1024):
        if cancelled is not None and cancelled():
            raise Cancelled
        block = frames[start : start + 1024] * window
        spectrum = np.abs(np.fft.rfft(block, 2 * _SIZE, axis=1)) ** 2
        correlation = np.fft.irfft(spectrum, axis=1)[:, : last + 2]
        energy = np.maximum(correlation[:, :1], 1e-12)
        found, strength = _peaks(correlation / energy / shape, first, last)
        lags.append(found)
        clear.append(strength)
        power.append(energy[:, 0] / float(np.square(window).sum()))
    level = 10.0 * np.log10(np.concatenate(power) + 1e-12)
    path, clarity = _path(np.concatenate(lags), np.concatenate(clear))
    pitch = 69.0 + 12.0 * np.log2(RATE / path / 440.0)
    loud = level > float(np.percentile(level, 97)) + _GATE_DB
    pitch[(clarity < _CLEAR) | ~loud] = np.nan
    return Line(step_s=HOP / RATE, pitch=_steady(pitch), level_db=level)


def _peaks(correlation: Floats, first: int, last: int) -> tuple[Floats, Floats]:
    """Lags (with fractions) and heights of the best peaks of each frame, ``(frames, candidates)``."""
    inside = correlation[:, first : last + 1]
    before, after = correlation[:, first - 1 : last], correlation[:, first + 1 : last + 2]
    # Long lags are multiples of short ones: they pay a little.
    fee = 0.02 * np.log2(np.arange(first, last + 1) / first)
    value = np.where((inside >= before) & (inside > after), inside - fee, -1.0)
    order = np.argsort(-value, axis=1)[:, :_CANDIDATES]
    rows: npt.NDArray[np.int64] = np.arange(value.shape[0], dtype=np.int64)[:, None]
    a, b, c = before[rows, order], inside[rows, order], after[rows, order]
    bend = a - 2.0 * b + c
    shift = np.where(np.abs(bend) > 1e-9, 0.5 * (a - c) / np.where(np.abs(bend) > 1e-9, bend, 1.0), 0.0)
    lags: Floats = (first + order).astype(np.float64) + np.clip(shift, -0.5, 0.5)
    return lags, value[rows, order]


def _path(lags: Floats, clear: Floats) -> tuple[Floats, Floats]:
    """The way through the candidates that is clear and jumps least: its lags and heights, ``(frames,)`` each."""
    count = lags.shape[0]
    octave = np.log2(lags)
    total = clear[0].copy()
    back = np.zeros((count, lags.shape[1]), dtype=np.int64)
    for k in range(1, count):
        cost = total[None, :] - np.minimum(0.9 * np.abs(octave[k][:, None] - octave[k - 1][None, :]), 0.6)
        back[k] = np.argmax(cost, axis=1)
        total = cost[np.arange(cost.shape[0]), back[k]] + clear[k]
    chosen = np.zeros(count, dtype=np.int64)
    chosen[-1] = int(np.argmax(total))
    for k in range(count - 1, 0, -1):
        chosen[k - 1] = back[k, chosen[k]]
    rows: npt.NDArray[np.int64] = np.arange(count, dtype=np.int64)
    return lags[rows, chosen], clear[rows, chosen]


def _steady(pitch: Floats) -> Floats:
    """Single values that stand apart are taken out, and holes of two values are filled."""
    out = pitch.copy()
    for k in range(1, pitch.size - 1):
        a, b, c = pitch[k - 1], pitch[k], pitch[k + 1]
        if np.isnan(b) and not np.isnan(a) and not np.isnan(c) and abs(a - c) < 1.0:
            out[k] = 0.5 * (a + c)
        elif not np.isnan(b) and (np.isnan(a) or abs(a - b) > 3.0) and (np.isnan(c) or abs(c - b) > 3.0):
            out[k] = np.nan
    return out


def notes_of(line: Line) -> list[SungNote]:
    """Cut a line into notes: at silences, at leaps, and where it settles on another semitone."""
    notes: list[SungNote] = []
    start: int | None = None
    values: list[float] = []

    def close(stop: int) -> None:
        nonlocal start
        if start is not None and (stop - start) * line.step_s >= _SHORTEST_S:
            middle = float(np.median(values))
            notes.append(
                SungNote(
                    start_s=start * line.step_s,
                    end_s=stop * line.step_s,
                    pitch=round(middle),
                    first=start,
                    last=stop,
                )
            )
        start = None
        values.clear()

    settle = max(1, round(0.05 / line.step_s))
    for k, value in enumerate(line.pitch):
        if np.isnan(value):
            close(k)
            continue
        if start is not None and k - start >= settle:
            ahead = line.pitch[k : k + settle]
            middle = float(np.median(values))
            away = ahead[~np.isnan(ahead)] - middle
            if away.size and (np.all(away > _NEW_NOTE) or np.all(away < -_NEW_NOTE)):
                close(k)
        if start is None:
            start = k
        values.append(float(value))
    close(line.pitch.size)
    return notes


def pitch_errors(wanted: Line, heard: Line) -> npt.NDArray[np.float64]:
    """Distances in cents, octaves left aside, where both have a pitch."""
    count = min(wanted.pitch.size, heard.pitch.size)
    away = heard.pitch[:count] - wanted.pitch[:count]
    away = away[~np.isnan(away)]
    return 100.0 * np.abs(away - 12.0 * np.round(away / 12.0))
