"""Off-line rendering: the same kernels as play-back, in bigger blocks, over as many cores as there are."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from engine.plan.flat.compile import compile_plan
from engine.plan.flat.plan import FlatPlan
from engine.plan.flat.session import Session
from engine.plan.flat.words import address
from engine.plan.kernel import layout as L
from engine.plan.kernel import render
from engine.plan.kernel.group import GROUP
from engine.plan.model import MixPlan
from engine.plan.sources import SourcePool
from engine.types import Audio

CAPACITY = 4096


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
    ):
        self.plan = plan
        self.flat: FlatPlan = compile_plan(
            plan, pool=pool or SourcePool(), limit=limit, master=master, taps=taps, capacity=CAPACITY
        )
        self.session = Session(plan.rate, taps=False)
        self.session.publish(self.flat)
        self._threads = min(threads, int(self.flat.words[L.P_FIRST_LEVEL]))
        self._workers = ThreadPoolExecutor(self._threads) if self._threads > 1 else None
        self._ready = False

    @property
    def position(self) -> int:
        """The frame that the next block starts with."""
        return self.session.position

    def seek(self, frame: int) -> None:
        """Go on at `frame`, with all effects silent."""
        early = self.flat.latency_frames
        if self._ready:
            self.flat.clear()
        self.session.begin(frame, early=early, loop=self.plan.loop)
        self._ready = True
        while early:
            # What latent effects give before their first sound is thrown away.
            block = np.empty((2, min(early, CAPACITY)), dtype=np.float32)
            self._render(block)
            early -= block.shape[1]

    def process(self, out: Audio) -> None:
        """Render the next frames into `out` ``(2, frames) float32``, C order."""
        if not self._ready:
            self.seek(0)
        self._render(out)

    def _render(self, out: Audio) -> None:
        frames = out.shape[1]
        if not frames:
            return
        session, left = self.session.address, address(out)
        right = left + 4 * frames
        if self._workers is None:
            render.RENDER.ctypes(session, left, right, 1, frames)
            return
        done = 0
        while done < frames:
            count = int(render.prepare(session, frames - done))
            plan = self.flat.address
            first, total = int(self.flat.words[L.P_FIRST_LEVEL]), int(self.flat.words[L.P_GROUPS])
            edges = [round(first * k / self._threads) for k in range(self._threads + 1)]
            tick = self.session.tick
            jobs = [
                self._workers.submit(self._groups, edges[k], edges[k + 1], tick, count) for k in range(self._threads)
            ]
            for job in jobs:
                job.result()
            self._groups(first, total, tick, count)
            render.finish(session, plan, left + 4 * done, right + 4 * done, 1, count)
            done += count

    def _groups(self, first: int, last: int, tick: int, frames: int) -> None:
        groups = int(self.flat.words[L.P_GROUPS_AT])
        for k in range(first, last):
            GROUP.ctypes(self.session.address, self.flat.address, groups + 8 * L.GROUP_WORDS * k, tick, frames)

    def taps_of(self, frames: int) -> dict[str, Audio]:
        """Each node's sound after its fader of the last block, which had `frames` frames (at most `CAPACITY`)."""
        return {name: tap[:, :frames] for name, tap in self.flat.taps.items()}

    def close(self) -> None:
        """Let the threads go."""
        if self._workers is not None:
            self._workers.shutdown()
