"""Room for the singer: while the voice is on, new harmony steps back in the octaves that carry it, by as much as is
needed there and no more.
"""

from __future__ import annotations

import functools
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from engine.inference.arrangement_chords import Voice
from engine.types import Audio

Curve: TypeAlias = npt.NDArray[np.float64]

BAND_HZ: tuple[float, float] = (200.0, 2000.0)
"""Where voices carry their words and their pitch."""
MARGIN_DB = 2.8
"""How far the voice is to stand above all that is new in the band."""
DEEPEST_DB = 15.0
"""More than this would be a hole in the music."""
_EDGE_OCTAVES = 0.7
_SIZE = 4096
"""Taps of the filter that steps back, and one more."""
_FFT = 32_768
_STEPS = 64
"""Steps that are transformed at once."""


def band_power(audio: Audio, *, rate: int, step_s: float) -> Curve:
    """Mean square between `BAND_HZ` in steps of `step_s`, channels summed; ``(steps,)``.

    Args:
        audio: ``(channels, frames) float32``.
        rate: frames per second.
    """
    size = max(1, round(step_s * rate))
    count = audio.shape[1] // size
    frequency = np.fft.rfftfreq(size, 1.0 / rate)
    first, last = np.searchsorted(frequency, BAND_HZ)
    window = np.hanning(size).astype(np.float32)
    scale = 2.0 / (size * float(np.square(window).sum()))
    power = np.zeros(count)
    for k in range(0, count, _STEPS):
        steps = min(_STEPS, count - k)
        blocks = audio[:, k * size : (k + steps) * size].reshape(audio.shape[0], steps, size)
        spectrum = np.fft.rfft(blocks * window, axis=2)[:, :, first:last]
        power[k : k + steps] = scale * (spectrum.real**2 + spectrum.imag**2).sum(axis=(0, 2))
    return power


def needed_gain(voice: Curve, fixed: Curve, movable: Curve, singer: Voice) -> Curve:
    """Gain of the movable sounds in the band, one value a step, so that the voice stands `MARGIN_DB` above all that is
    new.

    Args:
        voice: band power of the voice.
        fixed: of new sounds that stay as they are, such as drums.
        movable: of new sounds that make room.
        singer: where the voice is on; the gain is 1 where it is not.
    """
    count = min(voice.size, fixed.size, movable.size)
    on = np.zeros(count, dtype=bool)
    flags = np.array(singer.sings[:count], dtype=bool)
    on[: flags.size] = flags
    allowed = np.maximum(voice[:count] * 10.0 ** (-MARGIN_DB / 10.0) - fixed[:count], 0.0)
    ratio = np.sqrt(allowed / np.maximum(movable[:count], 1e-15))
    deepest = 10.0 ** (-DEEPEST_DB / 20.0)
    gain = np.where(on, np.clip(ratio, deepest, 1.0), 1.0)
    if gain.size < 3:
        return gain
    # It is down a step before the voice comes in and stays down a step longer: room that flutters is heard.
    held = np.minimum(gain, np.minimum(np.append(gain[1:], gain[-1]), np.append(gain[:1], gain[:-1])))
    smooth = np.convolve(np.pad(held, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
    return np.minimum(smooth, np.where(on, np.maximum(gain, deepest), smooth))


def step_back(audio: Audio, gain: Curve, *, rate: int, step_s: float) -> Audio:
    """The sound with the band lowered by a gain that moves; the rest of the spectrum stays as it is.

    Args:
        audio: ``(2, frames) float32``; it is not changed.
        gain: one value per `step_s`, 0 to 1.
        rate: frames per second.
    """
    out = np.array(audio, dtype=np.float32, order="C")
    frames = audio.shape[1]
    if gain.size == 0:
        return out
    taps = _band_pass(rate)
    reach = taps.size // 2
    places: Curve = (np.arange(gain.size, dtype=np.float64) + 0.5) * step_s
    block = _FFT - 2 * reach
    response = np.fft.rfft(np.asarray(taps, dtype=np.float32), _FFT)
    # Only what is taken away is made by the filter: where nothing is taken the sound stays bit for bit.
    for start in range(0, frames, block):
        stop = min(start + block, frames)
        taken: Curve = 1.0 - np.interp(np.arange(start, stop, dtype=np.float64) / rate, places, gain)
        if float(taken.max()) < 0.0005:
            continue
        first, last = max(start - reach, 0), min(stop + reach, frames)
        piece = np.zeros((2, _FFT), dtype=np.float32)
        piece[:, first - start + reach : last - start + reach] = audio[:, first:last]
        band = np.fft.irfft(np.fft.rfft(piece, axis=1) * response, _FFT, axis=1)[
            :, 2 * reach : 2 * reach + stop - start
        ]
        out[:, start:stop] -= band.astype(np.float32) * taken.astype(np.float32)
    return out


@functools.lru_cache(maxsize=4)
def _band_pass(rate: int) -> npt.NDArray[np.float32]:
    """A filter of linear phase, an odd number of taps, that passes the band: `_shape` under a Hann window."""
    taps = np.fft.fftshift(np.fft.irfft(_shape(rate)))
    return (taps[1:] * np.hanning(_SIZE - 1)).astype(np.float32)


def _shape(rate: int) -> npt.NDArray[np.float32]:
    """1 within the band, 0 outside, with raised-cosine edges in octaves."""
    frequency = np.maximum(np.fft.rfftfreq(_SIZE, 1.0 / rate), 1.0)
    below = np.log2(frequency / BAND_HZ[0]) / _EDGE_OCTAVES
    above = np.log2(BAND_HZ[1] / frequency) / _EDGE_OCTAVES
    inside = np.clip(np.minimum(below, above) + 1.0, 0.0, 1.0)
    return (0.5 - 0.5 * np.cos(np.pi * inside)).astype(np.float32)
