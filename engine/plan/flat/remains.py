"""What a strip still does: filters and dynamics that a plan drops glide to nothing, and must not stop at once."""

from __future__ import annotations

from collections.abc import Iterator

from engine.plan.flat.plan import FlatPlan, Node
from engine.plan.kernel import layout as L


def compresses(node: Node) -> bool:
    """Whether the node's compressor is in use."""
    compressor = node.track.strip.compressor
    automated = any(lane.target.startswith("compressor.") for lane in node.track.automation)
    return automated or (compressor is not None and compressor.ratio > 1.0)


def _before(name: str, flat: FlatPlan | None) -> Iterator[Node]:
    """A node as it is in the plans that may still be heard when the next one begins."""
    while flat is not None:
        if name in flat.nodes:
            yield flat.nodes[name]
        flat = flat.previous


def still_used(name: str, previous: FlatPlan | None) -> tuple[int, bool, bool]:
    """Filter stages of a node that do something in the plans before, whether its compressor does, and whether it plays
    straight into the master.
    """
    mask, compressing, direct = 0, False, False
    for old in _before(name, previous):
        rows = old.lanes.reshape(-1, L.ROW)
        for stage in range(L.STAGES):
            base = stage * L.STAGE_ROWS
            m0, m1, m2 = (float(rows[base + row, old.lane]) for row in (L.R_M0, L.R_M1, L.R_M2))
            mask |= int((m0, m1, m2) != (1.0, 0.0, 0.0)) << stage
        compressing = compressing or compresses(old) or float(rows[L.R_GAIN, old.lane]) != 1.0
        direct = direct or bool(rows[[L.R_DIRECT, L.R_DIRECT_TARGET], old.lane].any())
    return mask, compressing, direct
