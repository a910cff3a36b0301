"""The plan and its alternatives: what there is to play, and which of them plays."""

from __future__ import annotations

import msgspec

from engine.errors import EngineError
from engine.plan import LoopPlan
from engine.playback.messages import Prepare, SetPlan


class Versions:
    """The plan itself, and others of the same song by name."""

    def __init__(self) -> None:
        self.base: SetPlan | None = None
        """The plan itself."""
        self.current = ""
        """Name of the alternative that plays; "" is the plan itself."""
        self._alternatives: dict[str, Prepare] = {}

    def add(self, alternative: Prepare) -> None:
        """Keep one; it takes the place of one with its name."""
        self._alternatives[alternative.name] = alternative

    def drop(self, name: str) -> None:
        """Forget one."""
        self._alternatives.pop(name, None)

    def get(self, name: str) -> SetPlan | Prepare:
        """An alternative, or with "" the plan itself.

        Raises:
            EngineError: code ``alternative-unknown``.
        """
        command = self._alternatives.get(name) if name else self.base
        if command is None:
            raise EngineError(
                f"There is no version “{name}” to switch to.",
                remedy="Open the list of versions again.",
                code="alternative-unknown",
            )
        return command

    def set_loop(self, loop: LoopPlan | None) -> None:
        """All of them loop here, or nowhere."""
        for name, each in self._alternatives.items():
            self._alternatives[name] = msgspec.structs.replace(each, plan=msgspec.structs.replace(each.plan, loop=loop))
        if self.base is not None:
            self.base = msgspec.structs.replace(self.base, plan=msgspec.structs.replace(self.base.plan, loop=loop))
