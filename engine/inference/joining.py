"""From overlapping passages to finished stretches of stems whose sum is the mixture, in any order of the passages."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from engine.types import Audio

BLOCK = 2048
CHUNK = 8192
"""Frames at a time where sums are made: they stay in the cache of a core."""
ROUNDING = 2e-6
"""What a sum of stems may be off by rounding alone (-114 dBFS): not worth sharing out."""
Floats = npt.NDArray[np.float32]
Deliver = Callable[[int, Audio, float], None]
"""``deliver(frame, stems, left)``: stems ``(stems, 2, n)`` from this frame on are final; `left` is the largest
difference between their sum and the mixture."""


class Joiner:
    """Adds up windowed passages cell by cell. A cell is a stretch that the same passages cover; it is finished when all
    of them are there.

    What the stems lack of the mixture is given to them in proportion to their power, block by block, so that silent
    ones stay silent; the proportion glides from the middle of one block to that of the next. The stretch between the
    last middle of a cell and the first of the next one waits for both.
    """

    def __init__(
        self,
        *,
        stems: int,
        frames: int,
        spans: Sequence[tuple[int, int]],
        mixture: Callable[[int, int], Audio],
        deliver: Deliver,
        exact: bool = True,
        skip: Callable[[int, int], bool] = lambda start, stop: False,
    ):
        """Cells for passages that cover these spans ``(start, stop)`` of the track.

        Args:
            stems: how many.
            frames: length of the track.
            spans: of all passages, by their index; they may reach beyond the track.
            mixture: ``mixture(start, count)`` reads ``(2, count)``.
            deliver: is given each finished stretch once.
            exact: whether the residual is shared out.
            skip: says of a stretch that it is not needed (it was delivered in an earlier run).
        """
        self._stems, self._frames = stems, frames
        self._mixture, self._deliver, self._exact = mixture, deliver, exact
        edges = {0, frames} | {edge for span in spans for edge in span if 0 < edge < frames}
        self._edges = sorted(edges)
        self._spans = list(spans)
        at = {edge: index for index, edge in enumerate(self._edges)}
        self._cover = [(at[max(a, 0)], at[min(b, frames)]) if a < frames and b > 0 else (0, 0) for a, b in spans]
        self._open = np.zeros(len(self._edges), np.int64)
        for first, last in self._cover:
            self._open[first:last] += 1
        self._alone = self._open == 1
        self._wanted = [not skip(a, b) for a, b in zip(self._edges, self._edges[1:], strict=False)]
        self._sums: dict[int, tuple[Audio, Floats]] = {}
        self._tails: dict[int, tuple[Audio, Floats]] = {}
        self._heads: dict[int, tuple[Audio, Floats]] = {}

    def needed(self, passage: int) -> bool:
        """Whether any cell that this passage covers is still wanted."""
        first, last = self._cover[passage]
        return any(self._wanted[first:last])

    def add(self, passage: int, stems: Audio, window: Floats) -> None:
        """Add a passage ``(stems, 2, n)`` that fills its span."""
        start = self._spans[passage][0]
        first, last = self._cover[passage]
        for cell in range(first, last):
            a, b = self._edges[cell], self._edges[cell + 1]
            if self._wanted[cell] and self._alone[cell]:
                self._open[cell] = 0
                self._finish(cell, stems[:, :, a - start : b - start])
                continue
            if self._wanted[cell]:
                weight = window[a - start : b - start]
                part = stems[:, :, a - start : b - start] * weight
                held = self._sums.get(cell)
                if held is None:
                    self._sums[cell] = (part, weight.astype(np.float32))
                else:
                    held[0][...] += part
                    held[1][...] += weight
            self._open[cell] -= 1
            if self._open[cell] == 0 and self._wanted[cell]:
                total, norm = self._sums.pop(cell)
                total /= norm
                self._finish(cell, total)

    def _finish(self, cell: int, stems: Audio) -> None:
        start, length = self._edges[cell], stems.shape[2]
        if not self._exact:
            self._deliver(start, stems, 0.0)
            return
        blocks = -(-length // BLOCK)
        edges: npt.NDArray[np.int64] = np.array([min(block * BLOCK, length) for block in range(blocks + 1)])
        middles = (edges[:-1] + edges[1:]) // 2
        share = self._shares(start, stems, edges)
        low, high = int(middles[0]), int(middles[-1])
        if high > low:
            inner = np.arange(low, high)

            def glide() -> Floats:
                gains: Floats = np.empty((self._stems, high - low), np.float32)
                for index in range(self._stems):
                    gains[index] = np.interp(inner, middles, share[index])
                return gains

            self._give(start + low, stems[:, :, low:high], glide)
        self._heads[cell] = (stems[:, :, :low], share[:, 0])
        self._tails[cell] = (stems[:, :, high:], share[:, -1])
        last = len(self._edges) - 2
        if cell == 0:
            head, gain = self._heads.pop(cell)
            self._give(start, head, _steady(gain))
        if cell == last:
            tail, gain = self._tails.pop(cell)
            self._give(start + high, tail, _steady(gain))
        self._bridge(cell - 1)
        self._bridge(cell)

    def _bridge(self, cell: int) -> None:
        """Deliver what lies between the last middle of a cell and the first of the next one, if both are there."""
        if cell not in self._tails or cell + 1 not in self._heads:
            return
        tail, before = self._tails.pop(cell)
        head, behind = self._heads.pop(cell + 1)
        both = np.concatenate([tail, head], axis=2)
        ramp: Floats = np.linspace(0.0, 1.0, both.shape[2], endpoint=False, dtype=np.float32)
        gains = (before[:, None] + (behind - before)[:, None] * ramp).astype(np.float32)
        self._give(self._edges[cell + 1] - tail.shape[2], both, lambda: gains)

    def _shares(self, start: int, stems: Audio, edges: npt.NDArray[np.int64]) -> Floats:
        """Part of the residual for each stem in each block ``(stems, blocks)``."""
        blocks = edges.size - 1
        mixture = self._mixture(start, stems.shape[2])
        if not any(_off(mixture[:, at], stems[:, :, at])[1] > ROUNDING for at in _chunks(stems.shape[2])):
            return np.full((self._stems, blocks), 1.0 / self._stems, np.float32)
        squares: Floats = np.einsum("scn,scn->sn", stems, stems)
        sizes: Floats = np.diff(edges).astype(np.float32)
        summed: Floats = np.add.reduceat(squares, edges[:-1], axis=1)
        power = summed / sizes
        power += np.float32(1e-20)
        return power / power.sum(0)

    def _give(self, start: int, stems: Audio, gains: Callable[[], Floats]) -> None:
        """Make the sum of these stems ``(stems, 2, n)`` that of the mixture, in place, and deliver them."""
        count = stems.shape[2]
        if count == 0:
            return
        mixture = self._mixture(start, count)
        shared: Floats | None = None
        left = 0.0
        for at in _chunks(count):
            whole, part = mixture[:, at], stems[:, :, at]
            residual, size = _off(whole, part)
            if size > ROUNDING:
                shared = np.broadcast_to(gains(), (self._stems, count)) if shared is None else shared
                part += residual * shared[:, None, at]
                residual, _ = _off(whole, part)
            # The last rounding goes to the loudest stem, where it is least.
            energy: Floats = np.einsum("scn,scn->s", part, part)
            part[int(energy.argmax())] += residual
            left = max(left, _off(whole, part)[1])
        self._deliver(start, stems, left)


def _chunks(count: int) -> list[slice]:
    return [slice(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK)]


def _off(mixture: Audio, stems: Audio) -> tuple[Audio, float]:
    """What the sum of the stems lacks of the mixture, and how large that is at most."""
    residual: Audio = mixture - stems.sum(0)
    return residual, float(np.abs(residual).max())


def _steady(share: Floats) -> Callable[[], Floats]:
    """The same share from end to end."""
    return lambda: share[:, None]
