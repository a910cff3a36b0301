"""The value types that every part of the engine shares.

Audio is ``(channels, frames) float32`` with full scale at +-1.0 throughout, unless a docstring says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

Audio: TypeAlias = npt.NDArray[np.float32]
"""``(channels, frames) float32``."""

Progress: TypeAlias = Callable[[float, str], None]
"""``progress(fraction 0..1, note)``; the note is shown to a person."""

Cancelled: TypeAlias = Callable[[], bool]
"""True once the caller wants the work to stop; polled at least every 200 ms of work."""

STEMS: tuple[str, ...] = ("vocals", "drums", "bass", "other")
"""The four stems in the order in which every list of stems is kept."""


class PcmRef(msgspec.Struct, frozen=True, kw_only=True):
    """A decoded source at the session's rate: raw little-endian float32, planar ``(channels, frames)``, C order,
    ready for mmap."""

    path: str
    rate: int
    channels: int
    frames: int
    digest: str = ""
    """sha256 (hex) of the samples' bytes, where known: the same sound has the same digest."""

    def open(self) -> Audio:
        """Memory-map the samples read-only, shape ``(channels, frames)``."""
        return np.memmap(self.path, dtype="<f4", mode="r", shape=(self.channels, self.frames))  # type: ignore[return-value]


class WorkContext(Protocol):
    """What a long job is given: report progress, and stop when asked."""

    def progress(self, fraction: float, note: str) -> None: ...

    def checkpoint(self) -> None:
        """Raise `engine.errors.Cancelled` once the job is cancelled."""
        ...


JsonValue: TypeAlias = dict[str, Any] | list[Any] | str | int | float | bool | None
