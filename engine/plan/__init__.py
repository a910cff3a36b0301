"""The compiled mix: the only thing that the engine ever plays, in real time and off-line alike.

The values here are light to import; `engine.plan.flat`, which turns them into plain memory, and `engine.plan.offline`,
which turns that into sound, load the compiled kernels.
"""

from engine.plan.model import (
    HEAVY_KINDS,
    AutomationPlan,
    ClipPlan,
    CompressorPlan,
    EqPlan,
    FadeCurve,
    InsertPlan,
    LoopPlan,
    MixPlan,
    PluginPlan,
    SendPlan,
    StripPlan,
    TempoPlan,
    TrackPlan,
)

__all__ = [
    "HEAVY_KINDS",
    "AutomationPlan",
    "ClipPlan",
    "CompressorPlan",
    "EqPlan",
    "FadeCurve",
    "InsertPlan",
    "LoopPlan",
    "MixPlan",
    "PluginPlan",
    "SendPlan",
    "StripPlan",
    "TempoPlan",
    "TrackPlan",
]
