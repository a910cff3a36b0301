"""Effects that are too heavy, or too strange, for the callback: plug-ins and models.

They run ahead of the play-head, on a thread of their own, into a stream in memory that the callback reads. When a
stream is late, or an effect fails, the track goes on dry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from engine.plan.model import InsertPlan
from engine.types import Audio


class HeavyProcessor(Protocol):
    """One running effect."""

    @property
    def latency_frames(self) -> int:
        """Frames by which the output is late; it changes only at `reset`."""
        ...

    @property
    def badge(self) -> str:
        """A word for the insert's slot, "" while all is well."""
        ...

    def process(self, block: Audio) -> None:
        """Run over ``(2, frames) float32``, C order, in place.

        It never raises and never waits longer than its deadline: what fails is dry, as late as the effect would be.
        """
        ...

    def set_parameters(self, values: Mapping[str, float]) -> None:
        """Take values by id for what comes next; ids that are unknown are passed over, values are held to range."""
        ...

    def reset(self) -> None:
        """Forget all sound."""
        ...

    def notices(self) -> list[str]:
        """Sentences for the person since the last call."""
        ...

    def close(self) -> None:
        """Let go; more than once does no harm."""
        ...


HeavyFactory: TypeAlias = Callable[[InsertPlan, int], HeavyProcessor]
"""``factory(insert, rate)``: a processor at rest; an `EngineError` leaves the insert dry, with its message."""
