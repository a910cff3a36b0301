"""The ways of a node: sends, and outputs other than the master, as the kernels read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.plan.flat import strip
from engine.plan.flat.graph import Route
from engine.plan.flat.plan import FlatPlan, Node
from engine.plan.flat.words import Keeper, Words, address, as_floats, zeroed
from engine.plan.kernel import layout as L


def write(
    keeper: Keeper,
    node: Node,
    words: Words,
    routes: Sequence[Route],
    buffers: Mapping[str, int],
    previous: FlatPlan | None,
    states: dict[tuple[str, str, str, bool, int], Words],
    *,
    ramp: int,
) -> None:
    """Write the records of a node's ways, and put the state of each into `states`.

    Args:
        words: of the node.
        buffers: what each target sums, by its id.
        previous: the plan before, whose states are shared.
        ramp: frames of a step of an automated gain.
    """
    records = keeper.words(L.EDGE_WORDS * len(routes))
    lanes = {lane.target: lane for lane in node.track.automation}
    old = previous.nodes.get(node.track.id) if previous is not None else None
    before = {lane.target: lane for lane in old.track.automation} if old is not None else lanes
    for k, route in enumerate(routes):
        record = records[L.EDGE_WORDS * k : L.EDGE_WORDS * (k + 1)]
        lane = lanes.get(f"send.{route.target}.gain_db") if route.kind == "send" and route.gain > 0.0 else None
        gain = 1.0 if lane is not None else strip.linear_gain(route.gain)
        if route.pre:
            # The fader turns the polarity; what is taken before it must be turned here, and muted too.
            gain *= (-1.0 if node.track.strip.polarity else 1.0) * float(node.track.audible)
        state = _state(keeper, route, gain, previous, states, known=node.track.id)
        record[L.E_PART_AT] = buffers[route.target]
        record[L.E_PRE] = int(route.pre)
        as_floats(record)[L.E_GAIN] = gain
        record[L.E_STATE_AT] = address(state)
        record[L.E_DELAY] = route.delay
        record[L.E_RING_AT] = address(state) + 8 * L.WAY_WORDS
        record[L.E_AHEAD] = int(words[L.N_FADER_AHEAD])
        state[L.WAY_RODE] |= int(lane is not None)
        record[L.E_RIDES] = state[L.WAY_RODE]
        record[L.E_CHANGED] = int(route.kind == "send" and lane != before.get(f"send.{route.target}.gain_db"))
        if lane is not None:
            low, high = strip.LIMITS["gain_db"]
            frames, values = strip.points_of(lane, low=low, high=high, log=False, ramp=ramp)
            auto = keeper.words(L.AUTOMATION_WORDS)
            auto[L.A_TARGET] = L.AUTO_SEND
            auto[L.A_FRAMES_AT], auto[L.A_VALUES_AT] = keeper.hold(frames), keeper.hold(values)
            auto[L.A_POINTS] = len(frames)
            record[L.E_AUTOMATION_AT] = address(auto)
    words[L.N_EDGES_AT] = address(records)
    words[L.N_EDGES] = len(routes)


def _state(
    keeper: Keeper,
    route: Route,
    gain: float,
    previous: FlatPlan | None,
    states: dict[tuple[str, str, str, bool, int], Words],
    *,
    known: str,
) -> Words:
    """`WAY_WORDS` and the ring of a way; shared with the plan before."""
    state = previous.routes.get(route.key) if previous is not None else None
    if state is None:
        state = zeroed(L.WAY_WORDS + route.delay)
        live = previous is not None and known in previous.nodes
        as_floats(state)[L.WAY_GAIN] = 0.0 if live else gain
        as_floats(state)[L.WAY_RIDE] = 1.0
    keeper.hold(state)
    states[route.key] = state
    return state
