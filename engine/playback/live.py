"""The renderer of the player: the same code as off-line, with plans that change while it runs."""

from __future__ import annotations

import numpy as np

from engine.plan import LoopPlan, MixPlan
from engine.plan.kernels import cross_fade
from engine.plan.renderer import SWAP_S, PlanRenderer
from engine.plan.sources import SourcePool
from engine.types import Audio


class LiveRenderer:
    """Renders the current plan; a new one takes over with all state, faded over 10 ms.

    Args:
        plan: the first plan.
    """

    def __init__(self, plan: MixPlan):
        self._pool = SourcePool()
        self.current = PlanRenderer(plan, pool=self._pool)
        self._old: PlanRenderer | None = None
        self._faded = 0

    @property
    def plan(self) -> MixPlan:
        """The plan that plays, or fades in."""
        return self.current.plan

    @property
    def position(self) -> int:
        """The frame that the next block starts with."""
        return self.current.position

    def prepare(self, plan: MixPlan) -> PlanRenderer:
        """A renderer for `plan` that `swap` takes; it may be made by another thread.

        Raises:
            EngineError: codes source-missing, source-rate, effect-unknown.
        """
        return PlanRenderer(plan, pool=self._pool)

    def swap(self, new: PlanRenderer) -> None:
        """Go over to another plan of the same rate at the next block."""
        if not new.adopt(self.current):
            self._old, self._faded = self.current, 0
        self.current = new
        self._pool.keep({clip.pcm.path for track in new.plan.tracks for clip in track.clips})

    def seek(self, frame: int) -> None:
        """Go on at `frame`, all effects silent."""
        self._old = None
        self.current.seek(frame)

    def set_loop(self, loop: LoopPlan | None) -> None:
        """Follow another loop from what has not been rendered yet."""
        self.current.set_loop(loop)

    def process(self, out: Audio) -> None:
        """Render the next frames into `out` ``(2, frames) float32``."""
        old = self._old
        if old is None:
            self.current.process(self.current.position, out)
            return
        before = np.empty_like(out)
        old.process(old.position, before)
        self.current.process(self.current.position, out)
        length = max(round(SWAP_S * self.plan.rate), 1)
        cross_fade(before, out, self._faded, length)
        self._faded += out.shape[1]
        if self._faded >= length:
            self._old = None
