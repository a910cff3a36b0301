"""What is known of late blocks: why they were, and which of their stages were slow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from engine.plan.kernel.stages import class_name, class_of, name_of

OPEN, WAITED, COMPUTED, PAGE, AGAIN, UNKNOWN, LEAPT = range(7)
WHY = ("open", "waited", "computed", "page", "again", "unknown", "leapt")
"""What a late block did: this is not known before the next block; it waited; it computed too long, leaps or none; a
page had to be given to it; it leapt in the same stage as the blocks before or after it; the system does not tell; it
leapt once. All but the first and the last are our own."""
OWN = frozenset(WHY[WAITED : UNKNOWN + 1])

# A record, as the callback writes it.
RING = 16
"""How many records are kept."""
R_WHY, R_ENDED, R_TOOK, R_COMPUTED, R_LEAPT, R_NEW, R_USUAL, R_STAGES, R_SLOWED, R_MOVED, R_WORST = range(11)
"""Why, a number of `WHY`; then as the fields of `LateBlock`, times in ns."""
WORST = 6
STAGE_WORDS = 4
"""Kind, time taken, usual time, runs before: a stage as `engine.plan.kernel.watch` keeps it."""
WORDS = R_WORST + STAGE_WORDS * WORST


class Stage(msgspec.Struct, frozen=True):
    """A stage of a late block."""

    name: str
    group: str
    """The class that it is counted with."""
    took_ms: float
    usual_ms: float
    """0 without a history."""
    runs: int
    """Of its kind, before this one."""


class LateBlock(msgspec.Struct, frozen=True):
    """A late block; times are in ms."""

    why: str
    """A word of `WHY`."""
    ended_s: float
    """On the system's steady clock."""
    took_ms: float
    computed_ms: float
    """By the thread's own clock."""
    leapt_ms: float
    new_ms: float
    """In stages without a history."""
    usual_ms: float
    """What its stages usually take together; those without a history count with what they took."""
    stages: int
    slowed: int
    """How many of these took at least twice the usual."""
    moved: bool
    """Whether the block before ran on another processor, whose caches it had filled."""
    worst: tuple[Stage, ...]
    """Those with the most time beyond the usual."""

    @property
    def own(self) -> bool:
        """Whether it is counted as our own."""
        return self.why in OWN

    def __str__(self) -> str:
        times = " ".join(
            f"{name} {value:.2f}"
            for name, value in (
                ("took", self.took_ms),
                ("computed", self.computed_ms),
                ("leapt", self.leapt_ms),
                ("new", self.new_ms),
                ("usual", self.usual_ms),
            )
        )
        slow = ", ".join(f"{s.name} {s.took_ms:.3f} of {s.usual_ms:.3f} (run {s.runs})" for s in self.worst)
        moved = " moved," if self.moved else ""
        return f"{self.why}:{moved} {times} ms, {self.slowed} of {self.stages} stages slowed: {slow}"


def _read(record: Sequence[int]) -> LateBlock:
    stages = [record[at : at + STAGE_WORDS] for at in range(R_WORST, WORDS, STAGE_WORDS)]
    return LateBlock(
        why=WHY[record[R_WHY]],
        ended_s=record[R_ENDED] / 1e9,
        took_ms=record[R_TOOK] / 1e6,
        computed_ms=record[R_COMPUTED] / 1e6,
        leapt_ms=record[R_LEAPT] / 1e6,
        new_ms=record[R_NEW] / 1e6,
        usual_ms=record[R_USUAL] / 1e6,
        stages=record[R_STAGES],
        slowed=record[R_SLOWED],
        moved=record[R_MOVED] != 0,
        worst=tuple(
            Stage(name_of(kind), class_name(class_of(kind)), took / 1e6, usual / 1e6, runs)
            for kind, took, usual, runs in stages
            if kind
        ),
    )


def read(ring: Any, count: int, since: int) -> tuple[list[LateBlock], int]:
    """The late blocks from the one numbered `since` on, and where the next call goes on.

    Args:
        ring: ``(RING * WORDS,) int64``.
        count: how many records have been written so far. Those that the ring has not kept are left out, and so is one
            that is still open, with all after it.
    """
    found: list[LateBlock] = []
    for number in range(max(since, count - RING), count):
        at = WORDS * (number % RING)
        block = _read(ring[at : at + WORDS].tolist())
        if block.why == WHY[OPEN]:
            return found, number
        found.append(block)
    return found, count
