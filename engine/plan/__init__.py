"""The compiled mix: the only thing that the engine ever plays, in real time and off-line alike.

The values here are light to import; `engine.plan.renderer`, which turns them into sound, loads the compiled kernels.
"""

from engine.plan.model import (
    ClipPlan,
    CompressorPlan,
    EqPlan,
    InsertPlan,
    LoopPlan,
    MixPlan,
    StripPlan,
    TrackPlan,
)

__all__ = [
    "ClipPlan",
    "CompressorPlan",
    "EqPlan",
    "InsertPlan",
    "LoopPlan",
    "MixPlan",
    "StripPlan",
    "TrackPlan",
]
