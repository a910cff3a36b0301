"""What a mix engineer hears in a sound, as numbers: tone, dynamics, attack, decay and width, all relative to its
loudness.

The same function describes the input of the production model, its reference, and the targets stored with the
styles, so its output is a
format: `FEATURES_VERSION` changes with any change of a value.
"""

from __future__ import annotations

import itertools
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from engine.types import Audio

Floats: TypeAlias = npt.NDArray[np.float32]

FEATURES_VERSION = 1
EDGES_HZ: tuple[float, ...] = (
    *(25.0, 45.0, 70.0, 100.0, 150.0, 200.0, 300.0, 400.0, 510.0, 630.0, 770.0, 920.0, 1080.0, 1270.0),
    *(1480.0, 1720.0, 2000.0, 2320.0, 2700.0, 3150.0, 3700.0, 4400.0, 5300.0, 6400.0, 7700.0, 9500.0, 12000.0, 15500.0),
)
"""Borders of the bands: Bark's, with three below 100 Hz."""
BANDS = len(EDGES_HZ) - 1
CENTRES_HZ: tuple[float, ...] = tuple(float(np.sqrt(a * b)) for a, b in itertools.pairwise(EDGES_HZ))
_PAIRS = BANDS // 2
_WIDE_HZ: tuple[tuple[float, float], ...] = ((25.0, 150.0), (150.0, 700.0), (700.0, 3000.0), (3000.0, 15500.0))
SIZE = BANDS + 3 * _PAIRS + 3 + len(_WIDE_HZ) * 7 + 3
"""Length of a feature vector."""
MAX_SECONDS = 40.0
_FLOOR_DB = -70.0


def features(audio: Audio, *, rate: int) -> Floats:
    """Describe a sound.

    Args:
        audio: ``(channels, frames) float32``, mono or stereo. Of more than `MAX_SECONDS` the loudest pieces are heard.
        rate: frames per second, at least 32000.

    Returns:
        ``(SIZE,) float32``, finite. Silence gives the vector of its floor.
    """
    sound = _loudest(np.asarray(audio, dtype=np.float32), rate)
    left, right = sound[0], sound[-1]
    mid, side = 0.5 * (left + right), 0.5 * (left - right)
    if mid.size < 8192:
        mid, side = np.pad(mid, (0, 8192 - mid.size)), np.pad(side, (0, 8192 - side.size))
    size = 4096 if rate < 64000 else 8192
    power_mid, power_side = _band_powers(mid, rate, size, size // 2), _band_powers(side, rate, size, size // 2)
    total = power_mid.sum(axis=0) + power_side.sum(axis=0)
    active = total > max(float(total.max()) * 1e-5, 1e-12)
    if not bool(active.any()):
        return np.full(SIZE, 0.0, dtype=np.float32)
    power_mid, power_side = power_mid[:, active], power_side[:, active]
    weight = _k_weights()
    level = 10.0 * np.log10(float(weight @ (power_mid + power_side).mean(axis=1)) + 1e-12)
    tone = np.maximum(10.0 * np.log10(power_mid.mean(axis=1) + 1e-12) - level, _FLOOR_DB)
    pair_mid, pair_side = _pairs(power_mid), _pairs(power_side)
    width = np.clip(10.0 * np.log10((pair_side.mean(axis=1) + 1e-13) / (pair_mid.mean(axis=1) + 1e-12)), -40.0, 6.0)
    frames_db = np.maximum(10.0 * np.log10(pair_mid + 1e-12) - level, _FLOOR_DB)
    spread = frames_db.std(axis=1)
    peaks = np.percentile(frames_db, 95, axis=1) - np.median(frames_db, axis=1)
    whole = 10.0 * np.log10(total[active] + 1e-12)
    low, half, high = np.percentile(whole, [10, 50, 95])
    crest = _crest(mid)
    motion = np.concatenate([_motion(mid, rate, band) for band in _WIDE_HZ])
    correlation = [_correlation(power_mid, power_side, band) for band in _WIDE_HZ[1:]]
    vector = np.concatenate([tone, width, spread, peaks, [high - half, half - low, crest], motion, correlation])
    return np.nan_to_num(vector, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32)


def _loudest(audio: Audio, rate: int) -> Audio:
    """At most `MAX_SECONDS` of the sound: the loudest pieces of 4 s, in their order."""
    piece = 4 * rate
    wanted = int(MAX_SECONDS // 4)
    count = audio.shape[-1] // piece
    if count <= wanted:
        return audio[:2]
    cut = audio[:2, : count * piece].reshape(-1, count, piece)
    level = np.square(cut[..., ::4]).mean(axis=(0, 2))
    keep = np.sort(np.argsort(level)[::-1][:wanted])
    return np.ascontiguousarray(cut[:, keep].reshape(cut.shape[0], -1))


def _band_powers(signal: npt.NDArray[np.float32], rate: int, size: int, hop: int) -> npt.NDArray[np.float64]:
    """Mean square per band and frame, ``(BANDS, frames)``."""
    window = np.hanning(size).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(signal, size)[::hop]
    edges = np.searchsorted(np.arange(size // 2 + 1) * rate / size, EDGES_HZ)
    edges = np.minimum(np.maximum.accumulate(np.maximum(edges, np.arange(len(EDGES_HZ)) + 1)), size // 2 + 1)
    scale = 2.0 / (size * float(np.square(window).sum()))
    out: list[npt.NDArray[np.float64]] = []
    for start in range(0, frames.shape[0], 512):
        spectrum = np.fft.rfft(frames[start : start + 512] * window, axis=1)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float64)
        summed = np.concatenate([np.zeros((power.shape[0], 1)), np.cumsum(power, axis=1)], axis=1)
        out.append(((summed[:, edges[1:]] - summed[:, edges[:-1]]) * scale).T)
    return np.concatenate(out, axis=1)


def _k_weights() -> npt.NDArray[np.float64]:
    """K-weighting as a factor of power at the bands' centres, close enough to set a reference level."""
    centre = np.asarray(CENTRES_HZ)
    shelf_db = 4.0 / (1.0 + (1700.0 / centre) ** 2)
    high_pass = (centre / 38.0) ** 4 / (1.0 + (centre / 38.0) ** 2) ** 2
    return 10.0 ** (shelf_db / 10.0) * high_pass


def _pairs(power: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Sum neighbouring bands; the last band of an odd number joins the pair before."""
    paired = power[: 2 * _PAIRS].reshape(_PAIRS, 2, -1).sum(axis=1)
    paired[-1] += power[2 * _PAIRS :].sum(axis=0)
    return paired


def _crest(mid: npt.NDArray[np.float32]) -> float:
    """Peak to RMS in dB, of the part that sounds."""
    peak = float(np.percentile(np.abs(mid), 99.95))
    sounding = mid[np.abs(mid) > peak * 1e-3]
    rms = float(np.sqrt(np.mean(np.square(sounding)))) if sounding.size else 0.0
    return float(20.0 * np.log10((peak + 1e-9) / (rms + 1e-9)))


def _motion(mid: npt.NDArray[np.float32], rate: int, band: tuple[float, float]) -> npt.NDArray[np.float64]:
    """How a wide band moves: crest, attack and decay of its envelope at 200 Hz; seven values.

    Decay after peaks tells dry from reverberant, the rise before them tells a compressor's attack, and the spread
    of the envelope its ratio.
    """
    envelope = _envelope(mid, rate, band)
    db = np.maximum(20.0 * np.log10(envelope + 1e-9), 20.0 * np.log10(float(envelope.max()) + 1e-9) - 60.0)
    rise = np.diff(db, prepend=db[:1])
    onsets = np.flatnonzero((rise > 3.0) & (rise >= np.maximum(np.roll(rise, 1), np.roll(rise, -1))))
    spread = float(np.percentile(db, 95) - np.percentile(db, 50))
    depth = float(np.percentile(db, 50) - np.percentile(db, 5))
    peak_to_mean = float(db.max() - 20.0 * np.log10(float(np.sqrt(np.mean(envelope**2))) + 1e-9))
    # Fall within 50, 150 and 350 ms after local maxima of the smoothed envelope.
    smooth: npt.NDArray[np.float64] = np.maximum(np.maximum(db, np.roll(db, 1)), np.roll(db, 2))
    tops = np.flatnonzero(
        (smooth > np.roll(smooth, 1)) & (smooth >= np.roll(smooth, -1)) & (smooth > np.percentile(smooth, 70))
    )
    falls: list[float] = []
    for step in (10, 30, 70):
        inside = tops[tops + step < db.size]
        falls.append(float(np.mean(np.clip(smooth[inside] - db[inside + step], -6.0, 40.0))) if inside.size else 0.0)
    attack = float(np.mean(np.clip(rise[onsets], 0.0, 30.0))) if onsets.size else 0.0
    return np.array([spread, depth, peak_to_mean, attack, *falls])


def _envelope(mid: npt.NDArray[np.float32], rate: int, band: tuple[float, float]) -> npt.NDArray[np.float64]:
    """RMS of a band in windows of 10 ms every 5 ms, by the short-time spectrum."""
    hop = round(rate / 200)
    size = 2 * hop if band[0] >= 600.0 else 4 * hop
    padded = np.pad(mid, (0, size))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    window = np.hanning(size).astype(np.float32)
    frequency = np.arange(size // 2 + 1) * rate / size
    inside = (frequency >= band[0]) & (frequency < band[1])
    if not inside.any():
        inside[np.argmin(np.abs(frequency - band[0]))] = True
    first, last = np.flatnonzero(inside)[[0, -1]]
    # A few bins: their own small transform is cheaper than a whole one.
    bins: npt.NDArray[np.int64] = np.arange(int(first), int(last) + 1, dtype=np.int64)
    if bins.size <= 12:
        time = np.arange(size)
        kernel = np.exp(-2j * np.pi * np.outer(time, bins) / size).astype(np.complex64) * window[:, None]
        spectrum = frames @ kernel
    else:
        spectrum = np.fft.rfft(frames * window, axis=1)[:, first : last + 1]
    power = (spectrum.real**2 + spectrum.imag**2).sum(axis=1).astype(np.float64)
    return np.sqrt(power / (size * float(np.square(window).sum())))


def _correlation(mid: npt.NDArray[np.float64], side: npt.NDArray[np.float64], band: tuple[float, float]) -> float:
    """(mid - side) / (mid + side) of a wide band: 1 is mono, 0 is unrelated sides."""
    centre = np.asarray(CENTRES_HZ)
    inside = (centre >= band[0]) & (centre < band[1])
    m, s = float(mid[inside].sum()), float(side[inside].sum())
    return 10.0 * (m - s) / (m + s + 1e-12)
