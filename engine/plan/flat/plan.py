"""A flat plan: the tables of a mix, the state that they point to, and what of it stays with the next plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from engine.plan.flat.graph import Graph, Route
from engine.plan.flat.words import Keeper, Words, address
from engine.plan.kernel import layout as L
from engine.plan.model import MixPlan, TrackPlan
from engine.plan.sources import Source

if TYPE_CHECKING:
    from engine.plan.flat.feeder import Feeder

Floats = npt.NDArray[np.float64]

StreamMemory: TypeAlias = "tuple[npt.NDArray[Any], ...]"
"""A stream record of a node, then the arrays that it points to; empty without one."""


def number_of(node_id: str) -> int:
    """The number by which kernels know a node; the same in every plan."""
    return int.from_bytes(blake2b(node_id.encode(), digest_size=7).digest(), "little") if node_id else 0


@dataclass
class InsertState:
    """Memory of one effect; it goes from plan to plan with the insert's id."""

    kind: str
    state: Floats
    lines: npt.NDArray[np.float32]
    raw: Floats
    target: Floats

    @property
    def amount(self) -> float:
        """How far the effect is heard, 0..1."""
        return float(self.state[16])


@dataclass
class Node:
    """What the compiler keeps of a track, a bus or the master."""

    track: TrackPlan
    words: Words
    meter: Floats
    lanes: npt.NDArray[np.float32]
    """Of its group."""
    lane: int
    clips: Words
    sources: list[Source]
    inserts: dict[str, InsertState]
    order: list[str]
    """Ids of its effects in order, those that fade out included."""
    leaving: bool = False
    stream: StreamMemory = ()
    old_stream: StreamMemory = ()
    """Of heavy effects: the one that is heard, and one that fades out."""

    @property
    def faded_out(self) -> bool:
        """True once the fader of a node that leaves is down."""
        row = self.lanes[L.R_FADER * L.ROW : (L.R_FADER + 1) * L.ROW]
        return float(abs(row[self.lane]) + abs(row[self.lane + L.LANES])) == 0.0


@dataclass
class FlatPlan:
    """An immutable plan in plain memory; `address` is all that a kernel needs."""

    plan: MixPlan
    words: Words
    keeper: Keeper
    nodes: dict[str, Node]
    """By id; "" is the master."""
    graph: Graph
    routes: dict[tuple[str, str, str, bool, int], Words]
    """State of each route, and its delay line behind it."""
    groups: list[int]
    """How many groups each level has."""
    taps: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict[str, npt.NDArray[np.float32]])
    limiter: InsertState | None = None
    previous: FlatPlan | None = None
    """The plan that this one takes over from; forgotten once it has."""
    feeder: Feeder | None = None
    """Renders the tracks with heavy effects ahead; None without any."""

    @property
    def address(self) -> int:
        """The address of the plan's words."""
        return address(self.words)

    @property
    def latency_frames(self) -> int:
        """Frames by which the first source is read ahead of what leaves."""
        return int(self.words[L.P_LATENCY])

    @property
    def rate(self) -> int:
        """Hz."""
        return self.plan.rate

    def sources(self) -> Iterable[Source]:
        """All sources that the plan can read."""
        for node in self.nodes.values():
            yield from node.sources

    def prefetch(self, frame: int, *, seconds: float = 5.0) -> None:
        """Touch the pages of all sources that play within `seconds` of `frame`, so that no one waits for the disk."""
        end = frame + round(seconds * self.rate)
        for node in self.nodes.values():
            for row, source in zip(node.clips, node.sources, strict=False):
                start, length = int(row[L.C_START]), int(row[L.C_LENGTH])
                if start >= end or start + length <= frame or not source.alive:
                    continue
                inside, count = max(frame - start, 0), min(end, start + length) - max(frame, start)
                first = int(row[L.C_OFFSET]) + (length - inside - count if row[L.C_REVERSE] else inside)
                source.touch(first, count)

    def ways(self) -> Iterable[Route]:
        """All ways between nodes but the straight ones to the master."""
        for routes in self.graph.routes.values():
            yield from routes

    def clear(self) -> None:
        """Empty all effects, filters and delay lines; only while no kernel runs the plan."""
        for node in self.nodes.values():
            for insert in node.inserts.values():
                insert.state[18:] = 0.0
                insert.lines[:] = 0.0
            rows = node.lanes[: L.R_BENCH * L.ROW].reshape(-1, L.ROW)
            for side in (node.lane, node.lane + L.LANES):
                for stage in range(L.STAGES):
                    rows[stage * L.STAGE_ROWS + L.R_IC1 : stage * L.STAGE_ROWS + L.R_IC2 + 1, side] = 0.0
                rows[L.R_FADER, side] = rows[L.R_FADER_TARGET, side]
                rows[[L.R_PEAK, L.R_PEAK_LAST, L.R_MEAN], side] = 0.0
            rows[[L.R_REDUCTION, L.R_STEP, L.R_LEVEL], node.lane] = 0.0
            rows[L.R_GAIN, node.lane] = 2.0 ** rows[L.R_MAKEUP, node.lane]
            node.meter[L.METER_AWAY : L.METER_AWAY + 2] = 0.0
        for state in self.routes.values():
            state[[L.WAY_PLACE, L.WAY_AWAY]] = 0
            state[L.WAY_WORDS :] = 0
        if self.limiter is not None:
            self.limiter.state[18:] = 0.0
            self.limiter.lines[:] = 0.0
