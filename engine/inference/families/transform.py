"""Short-time Fourier transforms of passages, as the families need them, and their inverses by weighted overlap-add
(Griffin, Lim 1984). All in float32; every function releases the interpreter's lock for nearly all of its time."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import fft  # pyright: ignore[reportMissingTypeStubs]

from engine.types import Audio

Spectrum = npt.NDArray[np.complex64]
Array = npt.NDArray[np.float32]

Part = Callable[[slice], Spectrum]
"""Spectra ``(count, bins)`` of a slice of the times."""

BLOCK = 64
"""Windows at a time: what they need stays in the cache of a core. With a whole passage at a time half of the processor
time went into fresh pages of memory (`docs/separation.md`)."""
_QUIET = np.float32(1e-8)


@lru_cache(maxsize=16)
def hann(size: int) -> Array:
    """Periodic Hann window ``(size,)``; do not write to it."""
    window = (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(size) / size)).astype(np.float32)
    window.flags.writeable = False
    return window


def frames_of(samples: int, *, n_fft: int, hop: int) -> int:
    """How many whole windows fit into `samples`."""
    return max(0, (samples - n_fft) // hop + 1)


def analyse(samples: Array, *, n_fft: int, hop: int) -> Spectrum:
    """Spectra of all whole windows, the first one beginning at the first sample.

    Args:
        samples: ``(channels, n)``.

    Returns:
        ``(channels, times, n_fft / 2 + 1)``: a spectrum lies in one piece, which is what the inverse wants.
    """
    views = np.lib.stride_tricks.sliding_window_view(samples, n_fft, axis=-1)[:, ::hop]
    channels, times, _ = views.shape
    spectra = np.empty((channels, times, n_fft // 2 + 1), np.complex64)
    scratch = np.empty((min(BLOCK, times), n_fft), np.float32)
    for channel in range(channels):
        for at in _blocks(times):
            windowed = np.multiply(views[channel, at], hann(n_fft), out=scratch[: at.stop - at.start])
            # SciPy takes several windows at a time: a third of numpy's time. Of the inverse both take the same.
            made: Any = fft.rfft(windowed, axis=-1)  # pyright: ignore[reportUnknownMemberType]
            spectra[channel, at] = made
    return spectra


def _blocks(times: int) -> list[slice]:
    return [slice(start, min(start + BLOCK, times)) for start in range(0, times, BLOCK)]


def overlap_add(pieces: Array, *, hop: int) -> Array:
    """Sum of ``(..., times, size)`` pieces that begin `hop` apart: ``(..., (times - 1) * hop + size)``."""
    *lead, times, size = pieces.shape
    parts = -(-size // hop)
    if parts * hop != size:
        pieces = np.concatenate([pieces, np.zeros((*lead, times, parts * hop - size), np.float32)], axis=-1)
    grid = pieces.reshape(*lead, times, parts, hop)
    total = np.zeros((*lead, times + parts - 1, hop), np.float32)
    for part in range(parts):
        total[..., part : part + times, :] += grid[..., part, :]
    return total.reshape(*lead, -1)[..., : (times - 1) * hop + size]


@lru_cache(maxsize=16)
def _square_sum(times: int, n_fft: int, hop: int) -> Array:
    square = np.broadcast_to(hann(n_fft) ** 2, (times, n_fft))
    total = overlap_add(np.ascontiguousarray(square), hop=hop)
    total.flags.writeable = False
    return total


def square_sum(times: int, *, n_fft: int, hop: int) -> Array:
    """Sum of the squared windows of `times` frames: the weight that each sample has in `synthesise`."""
    return _square_sum(times, n_fft, hop)


@lru_cache(maxsize=16)
def _weight(times: int, n_fft: int, hop: int) -> Array:
    norm = square_sum(times, n_fft=n_fft, hop=hop)
    weight = np.where(norm > _QUIET, 1.0 / np.maximum(norm, _QUIET), 0.0).astype(np.float32)
    weight.flags.writeable = False
    return weight


def synthesise(spectra: Spectrum, *, n_fft: int, hop: int) -> Audio:
    """Inverse of `analyse`: ``(..., times, bins)`` to ``(..., (times - 1) * hop + n_fft)``. Samples at both ends that
    hardly any window covers are zero."""
    *lead, times, _ = spectra.shape
    out = np.empty((*lead, (times - 1) * hop + n_fft), np.float32)
    for index in np.ndindex(*lead):
        synthesise_into(out[index], spectra[index].__getitem__, times=times, n_fft=n_fft, hop=hop)
    return out


def synthesise_into(out: Array, part: Part, *, times: int, n_fft: int, hop: int, skip: int = 0) -> None:
    """`synthesise` of one signal, whose spectra are made block by block.

    Args:
        out: ``(n,)``, is given the samples from `skip` on.
        part: gives the spectra ``(count, bins)`` of a slice of the times; they may be overwritten at its next call.
        times: of all spectra; it must reach as far as `out` does.
    """
    parts = -(-n_fft // hop)
    total = np.zeros((times - 1 + parts, hop), np.float32)
    pieces = np.zeros((min(BLOCK, times), parts * hop), np.float32)
    for at in _blocks(times):
        count = at.stop - at.start
        windows: Any = pieces[:count, :n_fft]
        np.fft.irfft(part(at), n=n_fft, axis=-1, out=windows)
        windows *= hann(n_fft)
        grid = pieces[:count].reshape(count, parts, hop)
        for index in range(parts):
            total[at.start + index : at.stop + index] += grid[:, index]
    kept = slice(skip, skip + out.shape[0])
    np.multiply(total.reshape(-1)[kept], _weight(times, n_fft, hop)[kept], out=out)


def reflected(samples: Array, before: int, after: int) -> Array:
    """The passage continued as its mirror image at both ends; one that is too short for that by zeros."""
    if samples.shape[-1] > max(before, after):
        return np.pad(samples, ((0, 0), (before, after)), mode="reflect")
    return np.pad(samples, ((0, 0), (before, after)))


def analyse_centred(samples: Array, *, n_fft: int, hop: int) -> Spectrum:
    """Like `analyse`, with the first window centred on the first sample and mirrored ends, as ``torch.stft`` has it:
    ``1 + n // hop`` frames."""
    return analyse(reflected(samples, n_fft // 2, n_fft // 2), n_fft=n_fft, hop=hop)


def synthesise_centred(spectra: Spectrum, *, n_fft: int, hop: int, length: int) -> Audio:
    """Inverse of `analyse_centred`; `length` samples."""
    samples = synthesise(spectra, n_fft=n_fft, hop=hop)[..., n_fft // 2 :]
    if samples.shape[-1] < length:
        samples = np.concatenate(
            [samples, np.zeros((*samples.shape[:-1], length - samples.shape[-1]), np.float32)], axis=-1
        )
    return samples[..., :length]


def to_channels(spectra: Spectrum, *, bins: int) -> Array:
    """``(2, times, all bins)`` as the four real planes L.re, L.im, R.re, R.im of most graphs: ``(4, bins, times)``."""
    times = spectra.shape[1]
    planes = np.empty((4, bins, times), np.float32)
    low = spectra[:, :, :bins].transpose(0, 2, 1)
    planes[0::2] = low.real
    planes[1::2] = low.imag
    return planes


def planes_by_time(spectra: Spectrum, *, bins: int) -> Array:
    """The same with times before bins, as they lie in memory: ``(4, times, bins)``."""
    planes = np.empty((4, spectra.shape[1], bins), np.float32)
    planes[0::2] = spectra[:, :, :bins].real
    planes[1::2] = spectra[:, :, :bins].imag
    return planes


def from_channels(planes: Array, *, bins: int) -> Spectrum:
    """The inverse: ``(..., 4, n, times)`` to ``(..., 2, times, bins)``; bins that the graph does not give are zero."""
    *lead, _, given, times = planes.shape
    spectra = np.zeros((*lead, 2, times, bins), np.complex64)
    spectra.real[..., :given] = np.swapaxes(planes[..., 0::2, :, :], -1, -2)
    spectra.imag[..., :given] = np.swapaxes(planes[..., 1::2, :, :], -1, -2)
    return spectra
