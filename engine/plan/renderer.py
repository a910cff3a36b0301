"""A plan becomes sound, block by block. The player and the off-line renderer run this same code."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from engine.dsp.limiter import TruePeakLimiter
from engine.plan import kernels
from engine.plan.model import LoopPlan, MixPlan, StripPlan
from engine.plan.sources import ClipReader, SourcePool, loop_fade_frames
from engine.plan.strip import Strip
from engine.plan.timeline import Timeline
from engine.types import Audio

PRIME_BLOCK = 512

SWAP_S = 0.010
"""A plan fades into the next one for this long."""


T = TypeVar("T")


class Fade(Generic[T]):
    """What was heard before a change, while it fades into what is heard after it."""

    def __init__(self, rate: int):
        self._length = max(round(SWAP_S * rate), 1)
        self._done = 0
        self.old: T | None = None
        """Runs alongside as long as it is not None."""
        self.heard = False
        """True once the owner has made sound."""

    def start(self, old: T, its: Fade[T]) -> None:
        """Fade from `old`, whose own fade is `its`; one that nobody has heard yet is passed over."""
        self.old, self._done = (old, 0) if its.heard else (its.old, its._done)

    def mix(self, before: Audio, after: Audio) -> None:
        """Fade from `before` to `after` ``(2, frames)``, result in `after`."""
        kernels.cross_fade(before, after, self._done, self._length)
        self._done += after.shape[1]
        if self._done >= self._length:
            self.old = None

    def drop(self) -> None:
        """Forget what was before."""
        self.old = None


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
        self._fade = Fade[TrackBank](plan.rate)

    def seek(self, frame: int) -> None:
        """Start afresh at `frame`."""
        self.timeline = Timeline(frame, self.plan.loop, guard_frames=loop_fade_frames(self.plan.rate))
        self.tick = 0
        self._stale = [True] * len(self._strips)
        self._fade.drop()

    def _prime(self, index: int) -> None:
        strip = self._strips[index]
        left = strip.latency_frames
        while left:
            block = np.zeros((2, min(left, PRIME_BLOCK)), dtype=np.float32)
            self._readers[index].read(self.timeline, self.tick + strip.latency_frames - left, block)
            strip.process(block)
            left -= block.shape[1]

    def process(self, mix: Audio, *, tracks: dict[str, Audio] | None = None) -> None:
        """Fill `mix` ``(2, frames) float32`` with the next frames of all tracks.

        Args:
            tracks: gets each track's own block by id, where one is wanted; a silent track has none.
        """
        mix[:] = 0.0
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
        self._fade.heard = True
        if self._fade.old is not None:
            before = np.empty_like(mix)
            self._fade.old.process(before)
            self._fade.mix(before, mix)

    def stats(self) -> dict[str, npt.NDArray[np.float64]]:
        """By track: peak left, right and mean square left, right of the last block."""
        return {name: strip.stats for name, strip in zip(self._ids, self._strips, strict=True)}

    def adopt(self, old: TrackBank) -> None:
        """Carry on where the tracks of the plan before stood, and fade over from them; `old` is used up."""
        self._fade.start(old, old._fade)
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
        self.set_loop(self.plan.loop)

    def set_loop(self, loop: LoopPlan | None) -> None:
        """Follow another loop from the first frame on that has not been read."""
        self.plan = msgspec.structs.replace(self.plan, loop=loop)
        self.timeline.set_loop(loop)
        if self._fade.old is not None:
            self._fade.old.set_loop(loop)


class MasterBus:
    """The master strip and the true-peak limiter, in place."""

    def __init__(self, plan: StripPlan, *, rate: int, ceiling_dbtp: float, limit: bool):
        self.settings = (plan, ceiling_dbtp, limit)
        self._strip = Strip(plan, rate=rate)
        self._limiter = TruePeakLimiter(2, rate=rate, ceiling_dbtp=ceiling_dbtp) if limit else None
        self.latency_frames = self._strip.latency_frames + (self._limiter.latency_frames if self._limiter else 0)
        self._fade = Fade[MasterBus](rate)

    def process(self, x: Audio) -> None:
        """Run ``(2, frames) float32``, C order, in place; `latency_frames` late."""
        old = self._fade.old
        before = x.copy() if old is not None else x
        self._strip.process(x)
        if self._limiter is not None:
            self._limiter.process(x)
        self._fade.heard = True
        if old is not None:
            old.process(before)
            self._fade.mix(before, x)

    def reset(self) -> None:
        """Back to silence."""
        self._strip.reset()
        if self._limiter is not None:
            self._limiter.reset()
        self._fade.drop()

    def adopt(self, old: MasterBus) -> None:
        """Carry on where the bus of the plan before stood, and fade over from it; `old` is used up."""
        self._strip.adopt(old._strip)
        if self._limiter is not None and old._limiter is not None:
            self._limiter.adopt(old._limiter)
        self._fade.start(old, old._fade)


class PlanRenderer:
    """The whole mix of a plan: tracks, master strip, and the true-peak limiter.

    The sound that leaves is aligned with the timeline: latent effects read ahead. Blocks of any size give the same
    samples.

    Args:
        plan: what to render.
        pool: open sources to share with another renderer.
        limit: False leaves the limiter out.
        master: False leaves out the master strip and the limiter.

    Raises:
        EngineError: codes source-missing, source-rate, effect-unknown, effect-parameter.
    """

    def __init__(self, plan: MixPlan, *, pool: SourcePool | None = None, limit: bool = True, master: bool = True):
        self.plan = plan
        self.bank = TrackBank(plan, pool=pool)
        self._master = (
            MasterBus(plan.master, rate=plan.rate, ceiling_dbtp=plan.ceiling_dbtp, limit=limit) if master else None
        )
        self._tick = 0
        self._ready = False
        self.position = 0
        """The frame that the next block starts with."""

    @property
    def _latency(self) -> int:
        return self._master.latency_frames if self._master is not None else 0

    def seek(self, frame: int) -> None:
        """Go on at `frame`, with all effects silent."""
        self.bank.seek(frame)
        self._tick = 0
        self.position = frame
        if self._master is not None:
            self._master.reset()
        left = self._latency
        while left:
            block = np.empty((2, min(left, PRIME_BLOCK)), dtype=np.float32)
            self._through(block)
            left -= block.shape[1]
        self._ready = True

    def _through(self, block: Audio) -> None:
        self.bank.process(block)
        if self._master is not None:
            self._master.process(block)

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

    def set_loop(self, loop: LoopPlan | None) -> None:
        """Follow another loop from the first frame on that has not been read."""
        self.plan = msgspec.structs.replace(self.plan, loop=loop)
        self.bank.set_loop(loop)

    def adopt(self, old: PlanRenderer) -> bool:
        """Carry on where the renderer of the plan before stands, faded over without a gap; `old` is used up.

        Returns:
            False when the two cannot be joined inside, since their master buses differ in latency: this one then
            stands at the same frame with all effects silent, and the caller fades from `old`.
        """
        if not old._ready:
            return True
        if old._latency != self._latency:
            self.seek(old.position)
            return False
        self.bank.adopt(old.bank)
        if self._master is not None and old._master is not None:
            if self._master.settings == old._master.settings:
                self._master = old._master
            else:
                self._master.adopt(old._master)
        self._tick, self.position, self._ready = old._tick, old.position, True
        return True
