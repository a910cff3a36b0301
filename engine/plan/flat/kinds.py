"""Which groups do the same work, so that what one has taken says what another will take."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from engine.plan.flat.plan import Node
from engine.plan.flat.words import Words
from engine.plan.kernel import layout as L
from engine.plan.kernel.watch import GROUPS


def kind_of(record: Words, nodes: Iterable[Node]) -> int:
    """The kind of a group whose record and nodes are complete but for this: its filters, effects, ways and automation,
    whichever of its lanes they stand in.
    """
    members = list(nodes)
    work = (
        len(members),
        int(record[L.G_STAGES]),
        int(record[L.G_COMPRESSOR]),
        int(record[L.G_INPUTS_AT]),
        int(record[L.G_SPECIAL]).bit_count(),
        sorted(node.inserts[key].kind for node in members for key in node.order),
        *(
            sum(int(node.words[word]) for node in members)
            for word in (L.N_EDGES, L.N_AUTOMATIONS, L.N_FADER_AUTOMATED, L.N_INPUT_PARTS)
        ),
        sum(int(node.words[L.N_STREAM_AT] != 0) for node in members),
    )
    return GROUPS + int.from_bytes(blake2b(repr(work).encode(), digest_size=7).digest(), "little")
