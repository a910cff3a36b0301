"""Stretching by a different amount from place to place, for warp markers. Workers only, as `engine.dsp.stretch`.

The stretcher takes one tempo a call, so that each part between two anchors is a call of its own, with sound around
it, and the parts are joined in the short-time spectrum: over `SEAM_S` the phases of one turn into those of the other
and the magnitudes cross over. A plain cross-fade would leave a hole wherever the phases of the two disagree. All
channels turn together, so that stems still sum to their mixture.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from engine.dsp.stretch import stretch
from engine.errors import Cancelled as CancelledError
from engine.errors import EngineError
from engine.types import Audio, Cancelled, Progress

SEAM_S = 0.06
"""How long two parts cross over, about the anchor between them."""
CONTEXT_S = 0.12
"""Sound that the stretcher is given beyond what is used: one of its blocks."""
WINDOW_S = 0.04
ON_LINE_S = 0.0001
"""An anchor this near to the straight line between its neighbours is left out."""


def warp(
    x: Audio,
    *,
    rate: int,
    anchors: Sequence[tuple[float, float]],
    semitones: float = 0.0,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Audio:
    """`x` ``(channels, frames) float32`` with its places moved: frame ``anchors[i][0]`` sounds at ``anchors[i][1]``.

    Args:
        anchors: ``(frame in x, frame in the result)``, ascending in both; the first is ``(0, 0)``, the last one
            ``(frames, length of the result)``. Between two of them the sound is stretched evenly, 0.25 to 4 times.
        semitones: -24 to 24; where things sound stays.

    Returns:
        New samples; parts that keep tempo and pitch are copied as they are.

    Raises:
        EngineError: codes ``warp-anchors`` and ``stretch-range``.
        Cancelled: when `cancelled` turned true.
    """
    points = _checked(x, anchors)
    kept = _bends(points, ON_LINE_S * rate)
    window = max(round(WINDOW_S * rate) // 4 * 4, 16)
    half = round(SEAM_S * rate / 2)
    out = np.zeros((x.shape[0], round(points[-1][1])), dtype=np.float32)
    parts = list(itertools.pairwise(kept))
    before: _Part | None = None
    for index, (start, end) in enumerate(parts):
        if cancelled is not None and cancelled():
            raise CancelledError
        if progress is not None:
            progress(index / len(parts), "Stretching")
        part = _Part(x, start, end, rate=rate, semitones=semitones, margin=half + window)
        begin, stop = round(start[1]), round(end[1])
        if before is None:
            out[:, begin:stop] = part.take(begin, stop)
        else:
            reach = min(half, (stop - begin) // 2, before.length // 2)
            low, high = begin - reach, min(begin + reach, stop)
            out[:, begin:stop] = part.take(begin, stop)
            if high > low:
                out[:, low:high] = _joined(before, part, low, high, window)[:, : high - low]
        before = part
    return out


def anchors_of(markers: Sequence[tuple[float, float]], *, frames: int, rate: int) -> list[tuple[float, float]]:
    """Anchors for a sound of `frames` from markers in seconds ``(place in it, place in the result)``, at least two.

    Before the first and behind the last marker their slope goes on; the result begins with the sound's first frame.
    """
    points = [(source_s * rate, out_s * rate) for source_s, out_s in markers]

    def at(frame: float) -> float:
        index = min(max(bisect.bisect_right(points, (frame, float("inf"))), 1), len(points) - 1)
        a, b = points[index - 1], points[index]
        return a[1] + (frame - a[0]) * (b[1] - a[1]) / (b[0] - a[0])

    start = at(0.0)
    inside = [(source, out - start) for source, out in points if 0.0 < source < frames]
    return [(0.0, 0.0), *inside, (float(frames), at(float(frames)) - start)]


class _Part:
    """One evenly stretched part, and what the stretcher made of the sound around it."""

    def __init__(
        self,
        x: Audio,
        start: tuple[float, float],
        end: tuple[float, float],
        *,
        rate: int,
        semitones: float,
        margin: int,
    ):
        ratio = (end[0] - start[0]) / (end[1] - start[1])
        around = margin * ratio + CONTEXT_S * rate
        first = max(int(start[0] - around), 0)
        last = min(int(end[0] + around) + 1, x.shape[1])
        # Markers that are a whole number apart give exactly 1; a hair beside it is no reason to touch the sound.
        tempo = 1.0 if abs(ratio - 1.0) < 1e-9 else ratio
        self._samples = stretch(
            np.ascontiguousarray(x[:, first:last]), rate=rate, tempo_ratio=tempo, semitones=semitones, fine=True
        )
        self._origin = round(start[1] + (first - start[0]) / ratio)
        self.length = round(end[1]) - round(start[1])

    def take(self, begin: int, stop: int) -> Audio:
        """Frames of the result, silence beyond what there is."""
        out = np.zeros((self._samples.shape[0], stop - begin), dtype=np.float32)
        low, high = max(begin, self._origin), min(stop, self._origin + self._samples.shape[1])
        if high > low:
            out[:, low - begin : high - begin] = self._samples[:, low - self._origin : high - self._origin]
        return out


def _joined(a: _Part, b: _Part, low: int, high: int, window: int) -> Audio:
    """``[low, high)`` going over from `a` to `b`."""
    hop = window // 4
    begin, stop = low - window, high + window
    first, second = _spectra(a.take(begin, stop), window, hop), _spectra(b.take(begin, stop), window, hop)
    frames = first.shape[-1]
    centres: npt.NDArray[np.float64] = begin + window // 2 + hop * np.arange(frames, dtype=np.float64)
    way: npt.NDArray[np.float64] = np.clip((centres - low) / (high - low), 0.0, 1.0)
    way = 0.5 - 0.5 * np.cos(np.pi * way)
    # One turn for all channels, by what they have together.
    cross: npt.NDArray[np.complex128] = np.sum(second * np.conj(first), axis=0)
    turn: npt.NDArray[np.float64] = np.unwrap(np.angle(cross), axis=-1)
    blend = (1.0 - way) * np.exp(1j * way * turn) * first + way * np.exp(-1j * (1.0 - way) * turn) * second
    return _samples(blend, window, hop, stop - begin)[:, window : window + high - low].astype(np.float32)


def _spectra(x: Audio, window: int, hop: int) -> npt.NDArray[np.complex128]:
    """``(channels, bins, frames)`` of Hann windows that overlap by three quarters."""
    views = np.lib.stride_tricks.sliding_window_view(x, window, axis=1)[:, ::hop]
    return np.moveaxis(np.fft.rfft(views * _hann(window), axis=-1), 1, 2)


def _samples(spectra: npt.NDArray[np.complex128], window: int, hop: int, length: int) -> npt.NDArray[np.float64]:
    shape = _hann(window)
    out = np.zeros((spectra.shape[0], length))
    weight = np.zeros(length)
    for index in range(spectra.shape[-1]):
        at = index * hop
        out[:, at : at + window] += np.fft.irfft(spectra[..., index], window, axis=-1) * shape
        weight[at : at + window] += shape**2
    return out / np.maximum(weight, 1e-9)


def _hann(window: int) -> npt.NDArray[np.float64]:
    return 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(window) / window)


def _checked(x: Audio, anchors: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    points = [(float(a), float(b)) for a, b in anchors]
    ascending = all(p[0] < q[0] and p[1] < q[1] for p, q in itertools.pairwise(points))
    if len(points) < 2 or not ascending or points[0] != (0.0, 0.0) or abs(points[-1][0] - x.shape[1]) > 1.0:
        raise EngineError(
            "The warp markers of a clip are out of order.",
            remedy="Remove the clip's warp, then set it again.",
            code="warp-anchors",
        )
    return points


def _bends(points: list[tuple[float, float]], tolerance: float) -> list[tuple[float, float]]:
    """The anchors where the tempo changes: those between lie within `tolerance` frames of the lines."""
    kept = [points[0]]
    low, high = -np.inf, np.inf
    for index in range(1, len(points)):
        base, point = kept[-1], points[index]
        slope = (point[1] - base[1]) / (point[0] - base[0])
        if not low <= slope <= high:
            kept.append(points[index - 1])
            base = points[index - 1]
            low, high = -np.inf, np.inf
        step = point[0] - base[0]
        low = max(low, (point[1] - base[1] - tolerance) / step)
        high = min(high, (point[1] - base[1] + tolerance) / step)
    kept.append(points[-1])
    return kept
