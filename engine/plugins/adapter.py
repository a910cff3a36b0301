"""What a plug-in's process needs of a plug-in, whatever its format."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Protocol

from engine.plugins.model import PluginInfo
from engine.types import Audio


class Adapter(Protocol):
    """A loaded plug-in. `process` is called on one thread, everything else on others; only `show_editor` is called on
    the process's main thread."""

    @property
    def latency_frames(self) -> int:
        """By how much the result lags behind now."""
        ...

    def describe(self) -> PluginInfo:
        """Name, latency in frames, and the parameters with their present values."""
        ...

    def process(self, block: Audio) -> Audio:
        """The effect on a block of shape ``(2, frames)``; the result lags behind by the latency and has the same
        shape."""
        ...

    def set_values(self, values: Mapping[int, float]) -> None:
        """Set parameters by index to normalised values of 0 to 1."""
        ...

    def values(self) -> dict[str, float]:
        """The normalised values of all parameters by id."""
        ...

    def reset(self) -> None:
        """Forget all sound; parameters stay."""
        ...

    def state(self) -> bytes:
        """Everything that the plug-in would save."""
        ...

    def load_state(self, state: bytes) -> None:
        """Take up what `state` gave; b"" stands for how it was when it was loaded without a state."""
        ...

    def show_editor(self, close: threading.Event) -> None:
        """Show the plug-in's own window until it or `close` ends it.

        Raises:
            PluginError: plugin-editor, where there is none or no screen.
        """
        ...
