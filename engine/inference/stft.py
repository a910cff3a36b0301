"""Streaming short-time Fourier transform and its inverse by weighted overlap-add (Griffin, Lim 1984)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from engine.types import Audio

Spectrum = npt.NDArray[np.complex64]


def hann(size: int) -> npt.NDArray[np.float32]:
    """Periodic Hann window ``(size,) float32``."""
    return (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(size) / size)).astype(np.float32)


def frame_count(frames: int, hop: int) -> int:
    """How many spectra `frames` samples give."""
    return -(-frames // hop) + 1


def analyse(blocks: Iterable[Audio], *, n_fft: int, hop: int, channels: int, batch: int) -> Iterator[Spectrum]:
    """Spectra of a stream, ``(channels, n_fft / 2 + 1, up to batch) complex64``, as soon as their samples are there.

    The first frame is centred on the first sample; half a window of silence stands before the stream and behind it.
    """
    window = hann(n_fft)
    pending = np.zeros((channels, n_fft // 2), np.float32)
    taken = 0

    def transform(count: int) -> Spectrum:
        views = np.lib.stride_tricks.sliding_window_view(pending, n_fft, axis=-1)[:, ::hop][:, :count]
        spectra = np.fft.rfft(views * window, axis=-1)
        return np.ascontiguousarray(np.swapaxes(spectra, 1, 2), dtype=np.complex64)

    for block in blocks:
        taken += block.shape[1]
        pending = np.concatenate([pending, block], axis=1)
        while pending.shape[1] >= n_fft + (batch - 1) * hop:
            yield transform(batch)
            pending = pending[:, batch * hop :]
    total = frame_count(taken, hop)
    done = (taken + n_fft // 2 - pending.shape[1]) // hop
    left = total - done
    pending = np.pad(pending, ((0, 0), (0, max(0, n_fft + left * hop - pending.shape[1]))))
    while left > 0:
        count = min(left, batch)
        yield transform(count)
        pending = pending[:, count * hop :]
        left -= count


class Synthesis:
    """Turns spectra back into samples; what is final comes out at each `push`, the rest at `finish`."""

    def __init__(self, lead: tuple[int, ...], *, n_fft: int, hop: int, frames: int):
        """`lead` is the shape before (bins, times); `frames` the length of the whole stream."""
        self._n_fft, self._hop, self._frames = n_fft, hop, frames
        self._window = hann(n_fft)
        self._square = self._window**2
        self._sum = np.zeros((*lead, n_fft), np.float32)
        self._norm = np.zeros(n_fft, np.float32)
        self._skip = n_fft // 2
        self._given = 0

    def push(self, spectra: Spectrum) -> Audio:
        """Add ``(*lead, bins, times)``; returns ``(*lead, n)`` samples that no later frame can change."""
        times, hop, size = spectra.shape[-1], self._hop, self._n_fft
        pieces = np.fft.irfft(np.swapaxes(spectra, -1, -2), n=size, axis=-1).astype(np.float32, copy=False)
        pieces = pieces * self._window
        room = size + times * hop
        total = np.zeros((*self._sum.shape[:-1], room), np.float32)
        norm = np.zeros(room, np.float32)
        total[..., :size] = self._sum
        norm[:size] = self._norm
        for index in range(times):
            total[..., index * hop : index * hop + size] += pieces[..., index, :]
            norm[index * hop : index * hop + size] += self._square
        ready = times * hop
        self._sum, self._norm = total[..., ready:].copy(), norm[ready:].copy()
        return self._emit(total[..., :ready], norm[:ready])

    def finish(self) -> Audio:
        """The last samples."""
        return self._emit(self._sum, self._norm)

    def _emit(self, total: npt.NDArray[np.float32], norm: npt.NDArray[np.float32]) -> Audio:
        cut = min(self._skip, total.shape[-1])
        self._skip -= cut
        total, norm = total[..., cut:], norm[cut:]
        count = min(total.shape[-1], self._frames - self._given)
        self._given += count
        return np.divide(total[..., :count], np.maximum(norm[:count], np.float32(1e-4)), dtype=np.float32)
