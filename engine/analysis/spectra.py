"""The time-frequency views that the analysis works on, each computed once."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from engine.dsp.resample import resample
from engine.types import Audio

Floats: TypeAlias = npt.NDArray[np.float64]

RATE = 22050
"""All analysis runs at this rate."""
HOP = 256
"""Frames between values of the onset envelopes (11.6 ms)."""
FINE_HOP = 64
"""Frames between values of the attack function (2.9 ms)."""
CHROMA_HOP = 1024
_FINE_FFT = 256
_FLOOR = 1e-6


def frames_of(audio: Audio, *, from_rate: int, to_rate: int, size: int, hop: int) -> npt.NDArray[np.float32]:
    """The middle of a sound at another rate, cut into overlapping frames; ``(frames, size)``, a view.

    Args:
        audio: ``(channels, frames) float32``.
        from_rate: its frames per second.
        to_rate: those of the result.
        size: length of a frame; the first is centred on the beginning of the sound.
        hop: from one frame to the next.
    """
    mono = np.ascontiguousarray(np.asarray(audio, dtype=np.float32).mean(axis=0, keepdims=True))
    low = np.nan_to_num(resample(mono, from_rate=from_rate, to_rate=to_rate)[0])
    return np.lib.stride_tricks.sliding_window_view(np.pad(low, (size // 2, size)), size)[::hop]


def onset_envelopes(mono: npt.NDArray[np.float32]) -> tuple[Floats, Floats, Floats]:
    """Onset strength of all bands, of the low band (below 150 Hz) and of the snare band (200 to 5,000 Hz with noise
    above).

    Args:
        mono: ``(frames,) float32`` at `RATE`.

    Returns:
        Three arrays ``(steps,) float64``, one value per `HOP`.
    """
    import librosa as _librosa  # untyped

    librosa: Any = _librosa

    mel = librosa.feature.melspectrogram(
        y=mono, sr=RATE, n_fft=1024, hop_length=HOP, n_mels=96, fmin=30.0, fmax=10000.0
    )
    db = librosa.power_to_db(mel, ref=1.0, amin=1e-8, top_db=None)
    centres = librosa.mel_frequencies(n_mels=96, fmin=30.0, fmax=10000.0)
    # What sounds from the first sample on begins there: silence goes before it.
    rise = np.maximum(0.0, np.diff(db, axis=1, prepend=np.minimum(db[:, :1], db.max() - 40.0)))
    # Sounds far under the loudest bands must not count as onsets: weigh the rise by how loud the band is.
    weight = np.clip((db - (db.max() - 70.0)) / 40.0, 0.0, 1.0)
    rise = rise * weight
    snare = rise[(centres > 1200.0) & (centres < 7000.0)].mean(axis=0)
    amplitude = np.sqrt(mel[centres < 130.0].sum(axis=0))
    thump = np.maximum(0.0, np.diff(amplitude, prepend=0.0))
    return (
        rise.mean(axis=0).astype(np.float64),
        snare.astype(np.float64),
        thump.astype(np.float64),
    )


def attack_function(mono: npt.NDArray[np.float32]) -> Floats:
    """How strongly sound sets in, with 3 ms resolution: summed rise of the log spectrum, stamped with the end of its
    window.

    Args:
        mono: ``(frames,) float32`` at `RATE`.

    Returns:
        ``(steps,) float64``; value i belongs to the time ``i * FINE_HOP / RATE``.
    """
    peak = float(np.max(np.abs(mono))) if mono.size else 0.0
    steps = mono.size // FINE_HOP
    if peak < _FLOOR or steps < 2:
        return np.zeros(max(steps, 1))
    padded = np.concatenate([np.zeros(_FINE_FFT - FINE_HOP, np.float32), mono / peak])
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FINE_FFT)[::FINE_HOP][:steps]
    window = np.hanning(_FINE_FFT).astype(np.float32)
    rise = np.zeros(steps)
    # In pieces, so that an hour of music does not need gigabytes.
    block = 16384
    last: npt.NDArray[np.float32] | None = None
    for start in range(0, steps, block):
        magnitude = np.abs(np.fft.rfft(frames[start : start + block] * window, axis=1)).astype(np.float32)
        level = np.log1p(30.0 * magnitude)
        before = level[:1] if last is None else last
        rise[start : start + block] = np.maximum(0.0, np.diff(np.concatenate([before, level]), axis=0)).mean(axis=1)
        last = level[-1:]
    return rise


def chroma(mono: npt.NDArray[np.float32]) -> tuple[Floats, Floats, Floats]:
    """Pitch-class energy of the middle register, of the bass, and the tuned level per frame.

    Args:
        mono: ``(frames,) float32`` at `RATE`.

    Returns:
        ``(12, steps)``, ``(12, steps)`` and ``(steps,)``, one value per `CHROMA_HOP`; the first two as amplitudes,
        not normalised.
    """
    import librosa as _librosa  # untyped

    librosa: Any = _librosa

    per_octave, octaves = 36, 7
    tuning = float(librosa.estimate_tuning(y=mono[: RATE * 60], sr=RATE, bins_per_octave=12))
    constant_q = np.abs(
        librosa.cqt(
            mono,
            sr=RATE,
            hop_length=CHROMA_HOP,
            fmin=32.7032,
            n_bins=per_octave * octaves,
            bins_per_octave=per_octave,
            tuning=tuning * 3.0,
        )
    )
    # Bins lie at thirds of a semitone; the semitone is its centre bin and half of both neighbours.
    padded = np.pad(constant_q, ((1, 1), (0, 0)))
    semitones = (padded[1:-1] + 0.5 * padded[:-2] + 0.5 * padded[2:])[::3]
    # Partials of low notes look like notes of their own an octave and a twelfth above.
    cleaned = semitones.copy()
    cleaned[12:] -= 0.25 * semitones[:-12]
    cleaned[19:] -= 0.30 * semitones[:-19]
    cleaned = np.maximum(cleaned, 0.0)
    folded = cleaned.reshape(octaves, 12, -1)
    middle = _above_noise(folded[2:6].sum(axis=0))
    bass = _above_noise(folded[0:2].sum(axis=0) + 0.5 * folded[2])
    return middle.astype(np.float64), bass.astype(np.float64), semitones.sum(axis=0).astype(np.float64)


def _above_noise(energy: Floats) -> Floats:
    """Take out what all pitch classes share: that is drums and noise, not harmony."""
    return np.maximum(energy - 0.8 * np.median(energy, axis=0, keepdims=True), 0.0)


def between(values: Floats, times_s: Floats, hop: int) -> Floats:
    """Mean of `values` ``(rows, steps)`` in each interval of `times_s`; ``(rows, len(times_s) - 1)``."""
    edges = np.clip(np.round(times_s * RATE / hop).astype(int), 0, values.shape[1])
    total = np.concatenate([np.zeros((values.shape[0], 1)), np.cumsum(values, axis=1)], axis=1)
    width = np.maximum(np.diff(edges), 1)
    return (total[:, edges[1:]] - total[:, edges[:-1]]) / width
