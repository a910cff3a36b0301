"""Measures recordings so that instruments come out level, in tune and able to sustain."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import signal

Samples = npt.NDArray[np.float32]


def weighted_level_db(x: Samples, rate: int, *, window_s: float) -> float:
    """Level of the loudest window of `x (channels, frames)`, in dBFS, weighted roughly as the ear hears it.

    Below 60 Hz counts for little and above 2 kHz for 4 dB more, as in BS.1770's K weighting.
    """
    mono = x.mean(axis=0).astype(np.float64)
    size = 1 << int(np.ceil(np.log2(max(len(mono), 1024))))
    spectrum = np.fft.rfft(mono, size)
    f = np.fft.rfftfreq(size, 1.0 / rate)
    spectrum *= (f**2 / (f**2 + 45.0**2)) * 10 ** (4.0 / 20 * f**2 / (f**2 + 1500.0**2))
    power = np.fft.irfft(spectrum, size)[: len(mono)] ** 2
    window = min(len(mono), max(1, round(window_s * rate)))
    sums = np.concatenate([[0.0], np.cumsum(power)])
    best = float(np.max(sums[window:] - sums[:-window])) / max(1, round(window_s * rate))
    return 10.0 * np.log10(best + 1e-12)


def lead_s(x: Samples, rate: int, *, share: float, limit_s: float) -> float:
    """Seconds until `x` first reaches `share` of its loudest 10 ms, at most `limit_s`."""
    hop = max(1, round(0.002 * rate))
    power = np.mean(x.astype(np.float64) ** 2, axis=0)
    frames = np.add.reduceat(power, np.arange(0, len(power), hop))
    smooth = np.convolve(frames, np.ones(5) / 5)[: len(frames)]
    first = int(np.argmax(smooth >= share**2 * smooth.max()))
    return float(np.clip(first * hop / rate - 0.004, 0.0, limit_s))


def tuning_cents(x: Samples, rate: int, midi: float) -> float:
    """How many cents the tone lies above `midi` (within half a semitone), by the energy on a comb of its partials."""
    mono = x.mean(axis=0).astype(np.float64)
    start = min(round(0.08 * rate), len(mono) // 4)
    part = mono[start : start + round(1.5 * rate)]
    if len(part) < 2048:
        return 0.0
    size = 1 << 18
    magnitude = np.abs(np.fft.rfft(part * np.hanning(len(part)), size))
    cents = np.arange(-50.0, 50.5, 1.0)
    base = 440.0 * 2 ** ((midi - 69) / 12)
    score = np.zeros_like(cents)
    for partial in range(1, 7):
        bins = base * partial * 2 ** (cents / 1200) * size / rate
        if bins[-1] >= len(magnitude) - 1:
            break
        found = np.interp(bins, np.arange(len(magnitude)), magnitude)
        score += found / (found.max() + 1e-12) * found.max() ** 0.5
    best = int(np.argmax(score))
    return 0.0 if best in (0, len(cents) - 1) else float(cents[best])


def make_loop(x: Samples, rate: int) -> tuple[Samples, int, int] | None:
    """Find a stretch of a sustained tone that can repeat, and blend its seam.

    Returns the samples cut at the loop's end, and the loop's first and end frame; None where the tone is too short or
    dies away (more than 9 dB between the two ends).
    """
    frames = x.shape[1]
    mono = x.mean(axis=0)
    fade = round(0.12 * rate)
    first, last = round(0.30 * frames), round(0.88 * frames)
    if last - first < round(0.5 * rate) or first < fade:
        return None
    probe = round(0.03 * rate)
    best = (-1.0, 0, 0)
    for end in range(last - round(0.08 * rate), last, max(1, round(0.004 * rate))):
        tail = mono[end - probe : end]
        candidates = mono[first - probe : end - round(0.45 * rate)]
        if len(candidates) < probe * 2:
            continue
        dots = signal.correlate(candidates[: round(0.35 * rate)], tail, mode="valid", method="fft")
        energy = np.concatenate([[0.0], np.cumsum(candidates[: round(0.35 * rate)].astype(np.float64) ** 2)])
        norms = np.sqrt((energy[probe:] - energy[:-probe]) * float(np.dot(tail, tail)) + 1e-12)
        similar = dots / norms
        at = int(np.argmax(similar))
        if similar[at] > best[0]:
            best = (float(similar[at]), first + at, end)
    similarity, start, end = best
    if similarity < 0.5:
        return None
    span = round(0.1 * rate)
    level_start = float(np.sqrt(np.mean(x[:, start - span : start + span] ** 2))) + 1e-9
    level_end = float(np.sqrt(np.mean(x[:, end - span : end + span] ** 2))) + 1e-9
    if abs(20 * np.log10(level_end / level_start)) > 9.0:
        return None
    y = x[:, :end].astype(np.float64).copy()
    ramp = np.linspace(0.0, 1.0, end - start)
    y[:, start:end] *= (level_start / level_end) ** ramp
    w = np.sin(np.linspace(0, np.pi / 2, fade)) ** 2
    y[:, end - fade : end] = y[:, end - fade : end] * (1 - w) + y[:, start - fade : start] * w
    return y.astype(np.float32), start, end
