"""Pages of the sources, mapped before the callback reads them: a page that it met first would cost it a fault, and a
wait for the disk or for another thread of this process.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from engine.plan import MixPlan
from engine.plan.sources import SourcePool

PAGE = 1024
"""float32 samples of the smallest page."""


@njit(cache=True, nogil=True)
def touch(row: Any, first: int, last: int) -> float:
    """Read a sample of each page of ``row[first:last]``, float32, so that the callback finds the pages mapped."""
    total = 0.0
    for i in range(first, last, PAGE):
        total += row[i]
    if last > first:
        total += row[last - 1]
    return total


def prefetch(plan: MixPlan, pool: SourcePool, frame: int, frames: int) -> int:
    """Touch what `plan` reads in ``[frame, frame + frames)``; how many samples lie there."""
    seen = 0
    for track in plan.tracks:
        for clip in track.clips:
            start = max(frame - clip.start_frame, 0)
            length = min(frame + frames - clip.start_frame, clip.length_frames) - start
            if length <= 0:
                continue
            if clip.reverse:
                start = clip.length_frames - start - length
            samples = pool.source(clip.pcm, rate=plan.rate).samples
            first = min(max(clip.source_frame + start, 0), samples.shape[1])
            last = min(first + length, samples.shape[1])
            for row in samples[:2]:
                touch(row, first, last)
                seen += last - first
    return seen
