"""Which lanes a plan fetches from the one before, and which groups as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from engine.plan.flat.plan import Node
from engine.plan.flat.words import address

WHOLE = -1
"""In place of both lanes: the group as it is."""


class Move(NamedTuple):
    """A lane of an old group becomes one of a new group; groups are the addresses of their lanes."""

    old: int
    lane: int
    new: int
    to: int


def whole_groups(moves: Sequence[Move], before: Iterable[Node], after: Iterable[Node]) -> list[Move]:
    """The same moves, with one in place of those that fetch a group lane by lane as it was: a row of sixteen values is
    copied at once then.

    Args:
        moves: in the order of the new groups.
        before, after: all nodes of the plan before and of this one. Lanes of a group without a node are at rest, and
            stay so.
    """
    filled, fills = (Counter(address(node.lanes) for node in nodes) for nodes in (before, after))
    found: list[Move] = []
    for new, group in groupby(moves, key=lambda move: move.new):
        lanes = list(group)
        old = lanes[0].old
        same = all(move.old == old and move.lane == move.to for move in lanes)
        whole = same and filled[old] == fills[new] == len(lanes)
        found += [Move(old, WHOLE, new, WHOLE)] if whole else lanes
    return found
