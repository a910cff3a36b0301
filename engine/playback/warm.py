"""Compile, or load from the cache, every kernel that play-back can need: the render thread must never wait for a
compiler.
"""

from __future__ import annotations

import numpy as np

from engine.dsp import effects
from engine.dsp.loudness import LoudnessMeter, TruePeakMeter
from engine.plan import CompressorPlan, EqPlan, InsertPlan, MixPlan, StripPlan, TrackPlan
from engine.plan.kernels import cross_fade
from engine.plan.renderer import PlanRenderer
from engine.playback.ring import Ring, pull
from engine.types import Cancelled, Progress

FRAMES = 64


def warm(*, rate: int = 48_000) -> None:
    """Run each kernel once on silence, with the argument types of the real thing."""
    strip = StripPlan(
        high_pass_hz=40.0,
        eq=(EqPlan(gain_db=1.0),),
        compressor=CompressorPlan(ratio=2.0),
        inserts=(
            *(InsertPlan(id=kind, kind=kind) for kind in effects.EFFECTS),
            InsertPlan(id="narrow", kind="width", parameters={"bass_mono_hz": 100.0}),
        ),
    )
    renderer = PlanRenderer(MixPlan(rate=rate, tracks=(TrackPlan(id="warm", strip=strip),)))
    block = np.zeros((2, FRAMES), dtype=np.float32)
    renderer.process(0, block)
    cross_fade(block, block.copy(), 0, FRAMES)
    LoudnessMeter(2, rate=rate).process(block)
    TruePeakMeter(2).process(block)
    ring = Ring(rate=rate)
    ring.write(block)
    pull(ring.memory, np.empty(2 * FRAMES, dtype=np.float32), FRAMES, 0)


def warm_task(*, progress: Progress | None = None, cancelled: Cancelled | None = None) -> None:
    """`warm` as a worker task, for set-up."""
    del cancelled
    warm()
    if progress is not None:
        progress(1.0, "The sound engine is ready")
