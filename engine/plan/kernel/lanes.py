"""What the compiler of a plan calls on the lanes of a group."""

from __future__ import annotations

from numba import njit

from engine.plan.kernel import strips


@njit(nogil=True, cache=True, error_model="numpy")
def set_lane(lanes: int, lane: int, raw: int, rate: float) -> None:
    """Put a lane at the settings of the strip words at `raw`, with empty filters."""
    strips.set_targets(lanes, lane, raw, rate)
    strips.settle(lanes, lane)
