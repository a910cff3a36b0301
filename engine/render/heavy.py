"""The processors of heavy inserts off line: plug-ins that are waited for, and models that separate."""

from __future__ import annotations

import contextlib
from collections.abc import Generator

from engine.plan import HEAVY_KINDS, InsertPlan, MixPlan
from engine.plan.heavy import HeavyFactory, HeavyProcessor
from engine.plan.offline import OfflineRenderer


@contextlib.contextmanager
def heavy_effects(plan: MixPlan) -> Generator[HeavyFactory | None]:
    """A factory for the heavy inserts of a plan, whose processes end with the block; None where there are none.

    None also where one insert stands twice in the plan, as when shares are measured of a track with sounds of
    two people: a processor cannot serve both, and the inserts are left out.
    """
    strips = (*(track.strip for track in plan.tracks), plan.master)
    ids = [insert.id for strip in strips for insert in strip.inserts if insert.kind in HEAVY_KINDS]
    if not ids or len(set(ids)) < len(ids):
        yield None
        return
    # Only plans that need them load the plug-in host and the runtime of models.
    from engine.plugins.rack import Rack

    rack = Rack(live=False)
    try:
        separations: list[HeavyFactory] = []

        def make(insert: InsertPlan, rate: int) -> HeavyProcessor:
            if insert.kind == "vst3":
                return rack(insert, rate)
            if not separations:
                from engine.inference.live import LiveSeparations

                separations.append(LiveSeparations())
            return separations[0](insert, rate)

        yield make
    finally:
        rack.close()


@contextlib.contextmanager
def renderer_of(
    plan: MixPlan, *, limit: bool = True, master: bool = True, taps: bool = False, threads: int = 1
) -> Generator[OfflineRenderer]:
    """A renderer of a plan with its heavy inserts at work; all of it ends with the block.

    Raises:
        EngineError: as `engine.render.render`.
    """
    with heavy_effects(plan) as heavy:
        renderer = OfflineRenderer(plan, limit=limit, master=master, taps=taps, threads=threads, heavy=heavy)
        try:
            yield renderer
        finally:
            renderer.close()
