"""The order of all nodes of a plan, with those of the plan before that fade out."""

from __future__ import annotations

import msgspec

from engine.errors import EngineError
from engine.plan.flat import inserts
from engine.plan.flat.graph import MASTER, Graph, Route, arrange, routes_of
from engine.plan.flat.plan import FlatPlan
from engine.plan.model import MixPlan, TrackPlan


def arrange_with_leavers(
    plan: MixPlan, previous: FlatPlan | None, *, after: int
) -> tuple[list[TrackPlan], set[str], Graph]:
    """All nodes with those that fade out, the ids of these, and their order.

    Args:
        previous: the plan before; None without one.
        after: frames by which the master is late.

    Raises:
        EngineError: codes ``route-unknown`` and ``route-circle``.
    """
    tracks = list(plan.tracks)
    routes = [route for track in tracks for route in routes_of(track)]
    latency = {track.id: inserts.latency_of(track.strip, plan.rate) for track in tracks}
    if previous is None:
        return tracks, set(), arrange(tracks, routes, latency, after=after)
    here = {track.id for track in tracks}
    # Before a plan has been taken, its lanes do not show what is heard.
    settled = previous.previous is None
    gone = [
        node
        for name, node in previous.nodes.items()
        if name != MASTER and name not in here and not (node.leaving and settled and node.faded_out)
    ]
    ghosts = [msgspec.structs.replace(node.track, audible=False) for node in gone]
    buses = {track.id for track in (*tracks, *ghosts) if track.kind == "bus"} | {MASTER}
    keys = {(route.source, route.target, route.kind, route.pre) for route in routes}
    known = here | {ghost.id for ghost in ghosts}
    faded: list[Route] = []
    old = [*previous.ways()]
    old += [Route(name, MASTER, "output") for name, share in previous.graph.direct.items() if share > 0.0]
    for route in old:
        key = (route.source, route.target, route.kind, route.pre)
        if key not in keys and route.source in known and route.target in buses:
            ghost = route.source not in here
            # The fader takes out what goes through it; the rest fades by itself.
            gain = route.gain if ghost and not route.pre else 0.0
            faded.append(Route(route.source, route.target, route.kind, route.pre, gain))
    everything = [*tracks, *ghosts]
    latency |= {ghost.id: inserts.latency_of(ghost.strip, plan.rate) for ghost in ghosts}
    try:
        graph = arrange(everything, [*routes, *faded], latency, after=after)
    except EngineError as error:
        if error.code != "route-circle":
            raise
        return tracks, set(), arrange(tracks, routes, latency, after=after)
    return everything, {ghost.id for ghost in ghosts}, graph
