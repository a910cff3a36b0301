"""What every off-line render shares."""

from __future__ import annotations

import os

import msgspec

from engine.errors import Cancelled
from engine.plan import MixPlan
from engine.types import Cancelled as CancelledFlag
from engine.types import Progress

BLOCK = 16_384

CORES = max(min(os.cpu_count() or 1, 4), 1)
"""Threads of an off-line render."""


def without_loop(plan: MixPlan) -> MixPlan:
    """The plan without its loop, which is how a person listens and no part of the mix."""
    return msgspec.structs.replace(plan, loop=None)


def step(done: float, total: float, note: str, progress: Progress | None, cancelled: CancelledFlag | None) -> None:
    """Stop when asked, else tell that `done` of `total` is done.

    Raises:
        Cancelled: when `cancelled` turned true.
    """
    if cancelled is not None and cancelled():
        raise Cancelled
    if progress is not None:
        progress(done / max(total, 1), note)
