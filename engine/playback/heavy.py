"""The processors of heavy inserts in play-back: plug-ins, and models that separate live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.plan import InsertPlan
from engine.plan.heavy import HeavyProcessor
from engine.plugins.rack import Rack

if TYPE_CHECKING:
    from engine.inference.live import LiveSeparations


class HeavyEffects:
    """A factory (`engine.plan.heavy.HeavyFactory`) that keeps what runs from plan to plan, by insert id."""

    def __init__(self) -> None:
        self.rack = Rack(live=True)
        """The plug-ins."""
        self._separations: LiveSeparations | None = None

    def __call__(self, insert: InsertPlan, rate: int) -> HeavyProcessor:
        """The processor of an insert.

        Raises:
            EngineError: it cannot be had; the insert then stays dry, with the error as its notice.
        """
        if insert.kind == "vst3":
            return self.rack(insert, rate)
        if self._separations is None:
            # Only who uses it loads the runtime of models into the engine's process.
            from engine.inference.live import LiveSeparations

            self._separations = LiveSeparations()
        return self._separations(insert, rate)

    def close(self) -> None:
        """End all plug-ins."""
        self.rack.close()
