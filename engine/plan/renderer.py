"""A plan becomes sound, block by block. The player and the off-line renderer run this same code."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.dsp.limiter import TruePeakLimiter
from engine.plan.model import MixPlan
from engine.plan.sources import ClipReader, SourcePool, loop_fade_frames
from engine.plan.strip import Strip
from engine.plan.timeline import Timeline
from engine.types import Audio

PRIME_BLOCK = 512


class TrackBank:
    """All tracks of a plan, post-fader, aligned with each other whatever the latency of their effects."""

    def __init__(self, plan: MixPlan, *, pool: SourcePool | None = None):
        self.plan = plan
        self.pool = pool if pool is not None else SourcePool()
        self._ids = [track.id for track in plan.tracks]
        self._readers = [ClipReader(track, rate=plan.rate, pool=self.pool) for track in plan.tracks]
        self._strips = [Strip(track.strip, rate=plan.rate, audible=track.audible) for track in plan.tracks]
        # A track that was skipped while it was silent must forget its tails and fill its latency again.
        self._stale = [True] * len(self._strips)
        self.timeline = Timeline(0, plan.loop, guard_frames=loop_fade_frames(plan.rate))
        self.tick = 0
        """Ticks that have been processed since the last seek."""

    def seek(self, frame: int) -> None:
        """Start afresh at `frame`."""
        self.timeline = Timeline(frame, self.plan.loop, guard_frames=loop_fade_frames(self.plan.rate))
        self.tick = 0
        self._stale = [True] * len(self._strips)

    def _prime(self, index: int) -> None:
        strip = self._strips[index]
        left = strip.latency_frames
        while left:
            block = np.zeros((2, min(left, PRIME_BLOCK)), dtype=np.float32)
            self._readers[index].read(self.timeline, self.tick + strip.latency_frames - left, block)
            strip.process(block)
            left -= block.shape[1]

    def process(self, mix: Audio, *, tracks: dict[str, Audio] | None = None) -> None:
        """Add the next frames of all tracks to `mix` ``(2, frames) float32``.

        Args:
            tracks: gets each track's own block by id, where one is wanted; a silent track has none.
        """
        for index, strip in enumerate(self._strips):
            if strip.silent:
                self._stale[index] = True
                strip.stats[:] = 0.0
                continue
            if self._stale[index]:
                strip.reset()
                self._prime(index)
                self._stale[index] = False
            block = np.empty_like(mix)
            self._readers[index].read(self.timeline, self.tick + strip.latency_frames, block)
            strip.process(block)
            mix += block
            if tracks is not None:
                tracks[self._ids[index]] = block
        self.tick += mix.shape[1]

    def stats(self) -> dict[str, npt.NDArray[np.float64]]:
        """By track: peak left, right and mean square left, right of the last block."""
        return {name: strip.stats for name, strip in zip(self._ids, self._strips, strict=True)}

    def adopt(self, old: TrackBank) -> None:
        """Carry on where the tracks of the plan before stood; `old` may go on by itself."""
        self.timeline = old.timeline.copy()
        self.tick = old.tick
        before = {name: index for index, name in enumerate(old._ids)}
        for index, name in enumerate(self._ids):
            if name not in before or old._stale[before[name]]:
                continue
            theirs = old._strips[before[name]]
            self._strips[index].adopt(theirs)
            self._stale[index] = False
            if theirs.latency_frames != self._strips[index].latency_frames:
                self._prime(index)
        self.timeline.set_loop(self.plan.loop)


class PlanRenderer:
    """The whole mix of a plan: tracks, master strip, and the true-peak limiter.

    The sound that leaves is aligned with the timeline: latent effects read ahead. Blocks of any size give the same
    samples.

    Args:
        plan: what to render.
        pool: open sources to share with another renderer.
        limit: False leaves the limiter out.
        master: False leaves out the master strip and the limiter.
    """

    def __init__(self, plan: MixPlan, *, pool: SourcePool | None = None, limit: bool = True, master: bool = True):
        self.plan = plan
        self.bank = TrackBank(plan, pool=pool)
        self._master = Strip(plan.master, rate=plan.rate) if master else None
        self._limiter = TruePeakLimiter(2, rate=plan.rate, ceiling_dbtp=plan.ceiling_dbtp) if master and limit else None
        self._latency = (self._master.latency_frames if self._master else 0) + (
            self._limiter.latency_frames if self._limiter else 0
        )
        self._tick = 0
        self._ready = False
        self.position = 0
        """The frame that the next block starts with."""

    def seek(self, frame: int) -> None:
        """Go on at `frame`, with all effects silent."""
        self.bank.seek(frame)
        self._tick = 0
        self.position = frame
        if self._master is not None:
            self._master.reset()
        if self._limiter is not None:
            self._limiter.reset()
        left = self._latency
        while left:
            block = np.zeros((2, min(left, PRIME_BLOCK)), dtype=np.float32)
            self._through(block)
            left -= block.shape[1]
        self._ready = True

    def _through(self, block: Audio) -> None:
        block[:] = 0.0
        self.bank.process(block)
        if self._master is not None:
            self._master.process(block)
        if self._limiter is not None:
            self._limiter.process(block)

    def process(self, start_frame: int, out: Audio) -> None:
        """Render the next frames into `out` ``(2, frames) float32``, C order.

        Args:
            start_frame: where the block starts; a frame other than `position` is a seek. In a loop the block wraps.
        """
        if not self._ready or start_frame != self.position:
            self.seek(start_frame)
        self._through(out)
        self._tick += out.shape[1]
        timeline = self.bank.timeline
        self.position = timeline.frame_at(self._tick)
        timeline.forget(self._tick)

    def master_stats(self) -> npt.NDArray[np.float64]:
        """Of the last block, after the master fader and before the limiter: peak left, right; mean square left,
        right.
        """
        return self._master.stats if self._master is not None else np.zeros(4)

    def adopt(self, old: PlanRenderer) -> None:
        """Carry on, without a gap, where the renderer of the plan before stands; `old` may go on by itself."""
        if not old._ready:
            return
        if old._latency != self._latency or old.plan.rate != self.plan.rate:
            self.seek(old.position)
            return
        self.bank.adopt(old.bank)
        if self._master is not None and old._master is not None:
            self._master.adopt(old._master)
        if self._limiter is not None and old._limiter is not None:
            self._limiter.adopt(old._limiter)
        self._tick, self.position, self._ready = old._tick, old.position, True
