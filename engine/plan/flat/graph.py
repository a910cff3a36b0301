"""How tracks and buses hang together: their order, and who waits for whom.

A track with latent effects reads ahead instead of being late, so that everything that leaves at once belongs together.
Where one signal takes two ways of different latency, the shorter way waits in a delay line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.errors import EngineError
from engine.plan.model import TrackPlan

MASTER = ""


@dataclass(frozen=True)
class Route:
    """A way from a node to a bus or, as "", the master; `gain` 0 is one that fades out."""

    source: str
    target: str
    kind: str
    """output or send."""
    pre: bool = False
    gain: float = 1.0
    delay: int = 0

    @property
    def key(self) -> tuple[str, str, str, bool, int]:
        """What the state of a route is kept by."""
        return self.source, self.target, self.kind, self.pre, self.delay


@dataclass
class Graph:
    """The order of all nodes, and what each needs to be in time.

    `ahead` and `fader_ahead` are frames by which a node reads, and its fader is, ahead of what leaves.
    """

    levels: list[list[str]] = field(default_factory=list[list[str]])
    ahead: dict[str, int] = field(default_factory=dict[str, int])
    fader_ahead: dict[str, int] = field(default_factory=dict[str, int])
    direct: dict[str, float] = field(default_factory=dict[str, float])
    """Share of each node that goes straight to the master: 1, or 0."""
    routes: dict[str, list[Route]] = field(default_factory=dict[str, list[Route]])
    """All other ways, by source."""


def routes_of(track: TrackPlan) -> list[Route]:
    """The ways out of a track, its sends first."""
    sends = [Route(track.id, send.bus, "send", send.pre, send.gain) for send in track.sends]
    return [*sends, Route(track.id, track.output, "output")]


def arrange(
    tracks: Sequence[TrackPlan],
    routes: Sequence[Route],
    latency: Mapping[str, int],
    *,
    after: int,
) -> Graph:
    """Put the nodes in order.

    Args:
        tracks: tracks and buses in any order.
        routes: all ways between them and to the master.
        latency: frames by which each node's effects are late.
        after: frames by which the master is late.

    Raises:
        EngineError: codes ``route-unknown`` and ``route-circle``.
    """
    kinds = {track.id: track.kind for track in tracks}
    targets: dict[str, list[str]] = {name: [] for name in kinds}
    feeds: dict[str, int] = dict.fromkeys(kinds, 0)
    for route in routes:
        if route.target == MASTER:
            continue
        if kinds.get(route.target) != "bus":
            raise EngineError(
                "A track is sent to a bus that does not exist.",
                remedy="Choose another output or bus for it.",
                code="route-unknown",
                details={"track": route.source, "bus": route.target},
            )
        targets[route.source].append(route.target)
        feeds[route.target] += 1
    level = {name: 0 if kind == "track" else 1 for name, kind in kinds.items()}
    waiting = dict(feeds)
    ready = [name for name in kinds if waiting[name] == 0]
    order: list[str] = []
    for name in ready:
        order.append(name)
        for target in targets[name]:
            level[target] = max(level[target], level[name] + 1)
            waiting[target] -= 1
            if waiting[target] == 0:
                ready.append(target)
    if len(order) < len(kinds):
        circle = [name for name in kinds if waiting[name] > 0]
        raise EngineError(
            "Buses feed each other in a circle, so the sound would never end.",
            remedy="Send one of them somewhere else.",
            code="route-circle",
            details={"ids": circle},
        )
    graph = Graph(levels=[[] for _ in range(max(level.values(), default=0) + 1)])
    for name in kinds:
        graph.levels[level[name]].append(name)
    out: dict[str, list[Route]] = {name: [] for name in kinds}
    for route in routes:
        out[route.source].append(route)
    for name in reversed(order):
        ends = [after if route.target == MASTER else graph.ahead[route.target] for route in out[name]]
        graph.fader_ahead[name] = max(ends, default=after)
        graph.ahead[name] = graph.fader_ahead[name] + latency.get(name, 0)
        graph.direct[name] = 0.0
        graph.routes[name] = []
        for route, end in zip(out[name], ends, strict=True):
            delay = graph.fader_ahead[name] - end
            if route.target == MASTER and delay == 0 and route.kind == "output":
                graph.direct[name] = route.gain
            else:
                graph.routes[name].append(Route(route.source, route.target, route.kind, route.pre, route.gain, delay))
    return graph
