"""Judging on real recordings never trained on, with the bounds that belong beside every figure.

Figures are global SDR and SI-SDR (Le Roux et al. 2019, https://arxiv.org/abs/1811.02508) in dB at 44.1 kHz, over the
whole clip.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

Samples = npt.NDArray[np.float32]
Separate = Callable[[Samples], Samples]
"""``(2, frames)`` at 44.1 kHz to ``(4, 2, frames)``."""

RATE, N_FFT, HOP = 44100, 4096, 1024
STEMS = ("vocals", "drums", "bass", "other")


@dataclass(frozen=True)
class Clip:
    """True stems of a real recording; a stem that it lacks is all zeros and is not judged."""

    name: str
    stems: Samples

    @property
    def mixture(self) -> Samples:
        return self.stems.sum(0)

    def present(self) -> list[int]:
        return [index for index in range(4) if float(np.abs(self.stems[index]).max()) > 1e-4]


def load_clips(audio: Path) -> list[Clip]:
    """The two multitracks, and the voice of the one over the instrumental of the other (all four stems at once)."""
    import soundfile

    def read(folder: str) -> Samples:
        parts = {}
        for path in sorted((audio / folder).glob("*.ogg")):
            samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
            if rate != RATE:
                raise SystemExit(f"{path} is not at {RATE} Hz")
            parts[path.stem] = samples.T
        if not parts:
            raise SystemExit(f"{audio / folder} holds no stems: --audio is the folder of the real clips")
        frames = min(part.shape[1] for part in parts.values())
        out = np.zeros((4, 2, frames), np.float32)
        for index, name in enumerate(STEMS):
            if name in parts:
                out[index] = parts[name][:, :frames]
        return out

    caesium, lithium = read("caesium_stems"), read("lithium_instrumental_stems")
    crossed = lithium.copy()
    frames = min(caesium.shape[2], lithium.shape[2])
    crossed = crossed[:, :, :frames]
    crossed[0] = caesium[0, :, :frames]
    return [Clip("caesium", caesium), Clip("lithium", lithium), Clip("voice-over-lithium", crossed)]


def sdr(true: Samples, estimate: Samples) -> float:
    """Energy of the true stem over energy of the error, dB."""
    error = float(((true - estimate).astype(np.float64) ** 2).sum())
    return 10 * float(np.log10((float((true.astype(np.float64) ** 2).sum()) + 1e-12) / (error + 1e-12)))


def si_sdr(true: Samples, estimate: Samples) -> float:
    """The same after the best gain on the true stem."""
    t, e = true.astype(np.float64), estimate.astype(np.float64)
    gain = float((t * e).sum() / ((t * t).sum() + 1e-12))
    return 10 * float(np.log10((gain * gain * (t * t).sum() + 1e-12) / (((gain * t - e) ** 2).sum() + 1e-12)))


def _hann(n_fft: int) -> Samples:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)).astype(np.float32)


def stft(audio: Samples, *, n_fft: int = N_FFT, hop: int = HOP) -> npt.NDArray[np.complex64]:
    """``(..., frames)`` to ``(..., bins, times)``, periodic Hann, half a window of zeros before and after."""
    hops = -(-audio.shape[-1] // hop)
    padded = np.pad(audio, [(0, 0)] * (audio.ndim - 1) + [(n_fft // 2, n_fft // 2 + hops * hop - audio.shape[-1])])
    views = np.lib.stride_tricks.sliding_window_view(padded, n_fft, axis=-1)[..., ::hop, :]
    return np.swapaxes(fft.rfft(views * _hann(n_fft), axis=-1), -1, -2).astype(np.complex64)


def istft(spectrum: npt.NDArray[np.complex64], frames: int, *, hop: int = HOP) -> Samples:
    """Inverse of `stft` by weighted overlap-add; the bins say how long its window was."""
    n_fft, times = 2 * (spectrum.shape[-2] - 1), spectrum.shape[-1]
    window = _hann(n_fft)
    pieces = fft.irfft(np.swapaxes(spectrum, -1, -2), n=n_fft, axis=-1).astype(np.float32) * window
    out = np.zeros((*spectrum.shape[:-2], n_fft + (times - 1) * hop), np.float32)
    norm = np.zeros(out.shape[-1], np.float32)
    for index in range(times):
        out[..., index * hop : index * hop + n_fft] += pieces[..., index, :]
        norm[index * hop : index * hop + n_fft] += window**2
    return (out / np.maximum(norm, 1e-3))[..., n_fft // 2 : n_fft // 2 + frames]


def ideal_ratio(clip: Clip) -> Samples:
    """What the ideal ratio mask of these transforms would give: the ceiling of a mask on magnitudes."""
    spectra = stft(clip.stems)
    size = np.abs(spectra)
    mask = size / (size.sum(0) + 1e-9)
    return istft((mask * stft(clip.mixture)).astype(np.complex64), clip.stems.shape[2])


def baseline(mixture: Samples) -> Samples:
    """Classical separation: harmonic and percussive parts by median filters (Fitzgerald 2010), low-pass, middle."""
    spectrum = stft(mixture)
    size = np.abs(spectrum)
    steady = np.stack([ndimage.median_filter(side, (1, 31)) for side in size])
    sudden = np.stack([ndimage.median_filter(side, (31, 1)) for side in size])
    percussive = sudden**2 / (steady**2 + sudden**2 + 1e-12)
    frequency = (np.arange(N_FFT // 2 + 1) * RATE / N_FFT)[:, None]
    low = 1 / (1 + (frequency / 180.0) ** 8)
    voice_band = (1 - 1 / (1 + (frequency / 180.0) ** 8)) * (1 / (1 + (frequency / 6000.0) ** 8))
    middle, side = np.abs(spectrum[0] + spectrum[1]), np.abs(spectrum[0] - spectrum[1])
    centred = middle**2 / (middle**2 + 4 * side**2 + 1e-12)
    harmonic = 1 - percussive
    masks = np.empty((4, *size.shape), np.float32)
    masks[1] = percussive
    masks[2] = harmonic * low
    masks[0] = harmonic * (1 - low) * voice_band * centred * 0.5
    masks[3] = 1 - masks[0] - masks[1] - masks[2]
    return istft((masks * spectrum).astype(np.complex64), mixture.shape[1])


def judge(clips: list[Clip], separate: Separate) -> list[dict[str, float | str]]:
    """One row for each clip and present stem: SDR, SI-SDR and its improvement over the mixture."""
    rows: list[dict[str, float | str]] = []
    for clip in clips:
        estimates = separate(clip.mixture)
        for index in clip.present():
            true = clip.stems[index]
            scale = si_sdr(true, estimates[index])
            rows.append(
                {
                    "clip": clip.name,
                    "stem": STEMS[index],
                    "sdr_db": round(sdr(true, estimates[index]), 2),
                    "si_sdr_db": round(scale, 2),
                    "si_sdr_gain_db": round(scale - si_sdr(true, clip.mixture), 2),
                }
            )
    return rows


def leakage(clips: list[Clip], separate: Separate) -> list[dict[str, float | str]]:
    """What appears of stems that a clip lacks, dB below the mixture."""
    rows: list[dict[str, float | str]] = []
    for clip in clips:
        absent = [index for index in range(4) if index not in clip.present()]
        if absent:
            energy = (separate(clip.mixture).astype(np.float64) ** 2).sum((1, 2))
            whole = float((clip.mixture.astype(np.float64) ** 2).sum())
            rows += [
                {
                    "clip": clip.name,
                    "stem": STEMS[index],
                    "leak_db": round(10 * float(np.log10(energy[index] / whole + 1e-12)), 1),
                }
                for index in absent
            ]
    return rows


def energy_shares(audio: Path, separate: Separate, *, seconds: float = 30.0) -> list[dict[str, float | str]]:
    """Where the energy of recordings without stems goes, in per cent: those of one instrument show what leaks where."""
    import soundfile

    rows: list[dict[str, float | str]] = []
    for path in sorted(audio.glob("*.ogg")):
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True, frames=int(seconds * RATE))
        mixture = samples.T if samples.shape[1] == 2 else np.repeat(samples.T, 2, axis=0)
        if rate != RATE:
            raise SystemExit(f"{path} is not at {RATE} Hz")
        energy = (separate(np.ascontiguousarray(mixture)).astype(np.float64) ** 2).sum((1, 2))
        shares = 100.0 * energy / energy.sum()
        rows.append({"clip": path.stem} | {name: round(float(v), 1) for name, v in zip(STEMS, shares, strict=True)})
    return rows


def average(rows: list[dict[str, float | str]], clip: str | None = None, key: str = "sdr_db") -> float:
    """Mean of one figure over the rows (of one clip)."""
    values = [float(row[key]) for row in rows if clip is None or row["clip"] == clip]
    return sum(values) / len(values)
