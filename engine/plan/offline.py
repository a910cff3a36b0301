"""Off-line rendering: the same kernels as play-back, in bigger blocks, over as many cores as there are."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from engine.plan import lost_pages
from engine.plan.flat.compile import compile_plan
from engine.plan.flat.plan import FlatPlan
from engine.plan.flat.session import Session
from engine.plan.flat.words import address
from engine.plan.heavy import HeavyFactory
from engine.plan.kernel import layout as L
from engine.plan.kernel import render
from engine.plan.kernel.group import GROUP
from engine.plan.model import MixPlan
from engine.plan.sources import SourcePool, missing
from engine.types import Audio

CAPACITY = 16_384
"""Frames of an internal block: long enough that handing work to threads costs little, short enough for the caches."""
SETTLE_S = 0.1
"""Silence before the start, in which filters and effects glide to where automation has them then."""


class OfflineRenderer:
    """The whole mix of a plan, or each of its tracks; blocks of any size, and any number of threads, give the same
    samples.

    The sound that leaves is aligned with the timeline: latent effects read ahead.

    Args:
        plan: what to render; its loop wraps.
        pool: open sources to share with another renderer.
        limit: False leaves the limiter out.
        master: False leaves out the master strip and the limiter.
        taps: keep each track's own sound for `taps_of`.
        threads: how many cores to use.
        heavy: makes the processors of heavy effects, which are left out without it.

    Raises:
        EngineError: as `engine.plan.flat.compile.compile_plan`.
    """

    def __init__(
        self,
        plan: MixPlan,
        *,
        pool: SourcePool | None = None,
        limit: bool = True,
        master: bool = True,
        taps: bool = False,
        threads: int = 1,
        heavy: HeavyFactory | None = None,
    ):
        self.plan = plan
        self.flat: FlatPlan = compile_plan(
            plan,
            pool=pool or SourcePool(),
            limit=limit,
            master=master,
            taps=taps,
            capacity=CAPACITY,
            threads=max(threads, 1),
            heavy=heavy,
        )
        self.session = Session(plan.rate, taps=False)
        self.session.publish(self.flat)
        self._threads = max(threads, 1) if int(self.flat.words[L.P_FIRST_LEVEL]) > 1 else 1
        # The caller's thread takes its share.
        self._workers = ThreadPoolExecutor(self._threads - 1) if self._threads > 1 else None
        self._ready = False
        self._lost = lost_pages.hits()

    @property
    def position(self) -> int:
        """The frame that the next block starts with."""
        return self.session.position

    def seek(self, frame: int) -> None:
        """Go on at `frame`, with all effects silent."""
        early = self.flat.latency_frames + -(-round(SETTLE_S * self.plan.rate) // L.CHUNK) * L.CHUNK
        if self._ready:
            self.flat.clear()
        self.session.begin(frame, early=early, loop=self.plan.loop)
        self._ready = True
        if self.flat.feeder is not None:
            self.flat.feeder.settle()
        while early:
            # What latent effects give before their first sound is thrown away.
            block = np.empty((2, min(early, CAPACITY)), dtype=np.float32)
            self._render(block)
            early -= block.shape[1]

    def process(self, out: Audio) -> None:
        """Render the next frames into `out` ``(2, frames) float32``, C order.

        Raises:
            EngineError: code ``source-missing`` when the file of a source was cut short meanwhile.
        """
        if not self._ready:
            self.seek(0)
        self._render(out)
        if lost_pages.hits() != self._lost:
            for source in self.flat.sources():
                if source.cut:
                    raise missing(source.ref.path)

    def _render(self, out: Audio) -> None:
        frames = out.shape[1]
        if not frames:
            return
        if self.flat.feeder is not None:
            for start in range(0, frames, CAPACITY):
                count = min(CAPACITY, frames - start)
                self.flat.feeder.fill(self.session, count, margin=0)
                self._render_block(out, start, count)
            return
        self._render_block(out, 0, frames)

    def _render_block(self, out: Audio, start: int, frames: int) -> None:
        session, left = self.session.address, address(out) + 4 * start
        right = left + 4 * out.shape[1]
        if self._workers is None:
            render.RENDER.ctypes(session, left, right, 1, frames)
            return
        done = 0
        while done < frames:
            count = int(render.prepare(session, frames - done))
            plan = self.flat.address
            first, total = int(self.flat.words[L.P_FIRST_LEVEL]), int(self.flat.words[L.P_GROUPS])
            tick = self.session.tick + int(self.flat.words[L.P_ANCHOR])
            jobs = [
                self._workers.submit(self._groups, range(k, first, self._threads), tick, count)
                for k in range(1, self._threads)
            ]
            self._groups(range(0, first, self._threads), tick, count)
            for job in jobs:
                job.result()
            self._groups(range(first, total), tick, count)
            render.finish(session, plan, left + 4 * done, right + 4 * done, 1, count)
            done += count

    def _groups(self, numbers: range, tick: int, frames: int) -> None:
        groups = int(self.flat.words[L.P_GROUPS_AT])
        for k in numbers:
            GROUP.ctypes(self.session.address, self.flat.address, groups + 8 * L.GROUP_WORDS * k, tick, frames)

    def taps_of(self, frames: int) -> dict[str, Audio]:
        """Each node's sound after its fader of the last block, which had `frames` frames (at most `CAPACITY`)."""
        return {name: tap[:, :frames] for name, tap in self.flat.taps.items()}

    def close(self) -> None:
        """Let the threads and heavy effects go."""
        if self._workers is not None:
            self._workers.shutdown()
        if self.flat.feeder is not None:
            self.flat.feeder.release(None)
