"""The effects of a node in a new plan: their memory, those that come and those that leave."""

from __future__ import annotations

from difflib import SequenceMatcher

import numpy as np

from engine.dsp import effects
from engine.dsp.effects import dispatch
from engine.dsp.effects.base import PARAMETERS, SETTINGS
from engine.plan.flat.plan import InsertState, Node
from engine.plan.flat.words import Keeper, address, aligned, as_floats, zeroed
from engine.plan.kernel import layout as L
from engine.plan.kernel.inserts import AMOUNT, BEGAN, OWN
from engine.plan.model import HEAVY_KINDS, InsertPlan, StripPlan

SWAP_S = 0.010
"""Changed clips, and effects that come and go, fade over this long."""

LEFT = "\0left "
"""Begins the key of an effect that fades out."""


def swap_frames(rate: int) -> int:
    """`SWAP_S` in frames."""
    return max(round(SWAP_S * rate), 1)


def light(strip: StripPlan) -> tuple[InsertPlan, ...]:
    """The effects that the mixer runs itself."""
    return tuple(insert for insert in strip.inserts if insert.kind not in HEAVY_KINDS)


def latency_of(strip: StripPlan, rate: int) -> int:
    """Frames by which the mixer's own effects of a strip are late."""
    return sum(dispatch.latency(insert.kind, rate=rate) for insert in light(strip) if insert.kind in effects.EFFECTS)


def new_state(insert: InsertPlan, *, rate: int, heard: bool) -> InsertState:
    """Memory of an effect at rest.

    Args:
        heard: False lets it fade in.

    Raises:
        EngineError: codes ``effect-unknown`` and ``effect-parameter``.
    """
    values = effects.resolve(insert.kind, insert.parameters)
    words, samples = dispatch.sizes(insert.kind, rate=rate)
    state = as_floats(zeroed(OWN + words))
    target = dispatch.settings(insert.kind, values, rate=rate)
    state[:SETTINGS] = target
    # First what it hears fades in, then a late effect fills its delay, then it fades in itself.
    state[AMOUNT] = 1.0 if heard else -1.0 - dispatch.latency(insert.kind, rate=rate) / swap_frames(rate)
    state[BEGAN] = state[AMOUNT]
    raw = dispatch.parameters_of(insert.kind, values)
    return InsertState(insert.kind, state, aligned(samples), raw, target)


def continued(insert: InsertPlan, old: InsertState, *, rate: int) -> InsertState:
    """The same memory with other settings.

    Raises:
        EngineError: codes ``effect-unknown`` and ``effect-parameter``.
    """
    values = effects.resolve(insert.kind, insert.parameters)
    raw = dispatch.parameters_of(insert.kind, values)
    return InsertState(insert.kind, old.state, old.lines, raw, dispatch.settings(insert.kind, values, rate=rate))


def chain(
    strip: StripPlan, old: Node | None, *, rate: int, live: bool
) -> tuple[dict[str, InsertState], list[str], set[str]]:
    """The effects of a node, in order, by key.

    Effects that stay keep their memory; new ones fade in, and those that are gone, or have moved past others, fade out
    where they were.

    Args:
        live: the mix plays already, so that a node which is new hears a sound that has begun.

    Returns:
        Memory by key, the keys in order, and the keys that fade out.

    Raises:
        EngineError: codes ``effect-unknown`` and ``effect-parameter``.
    """
    wanted = light(strip)
    if old is None:
        return (
            {insert.id: new_state(insert, rate=rate, heard=not live) for insert in wanted},
            [insert.id for insert in wanted],
            set(),
        )
    plans = {insert.id: insert for insert in wanted}
    before = [key for key in old.order if not key.startswith(LEFT)]
    after = [insert.id for insert in wanted]
    stay: set[str] = set()
    for a, _, size in SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks():
        stay.update(key for key in before[a : a + size] if plans[key].kind == old.inserts[key].kind)
    states: dict[str, InsertState] = {}
    leaving: set[str] = set()
    order: list[str] = []
    rest = list(after)
    for key in old.order:
        if key in stay:
            # What comes new before this one goes in front of it.
            while rest and rest[0] != key:
                order.append(rest.pop(0))
            order.append(rest.pop(0))
            continue
        state = old.inserts[key]
        gone = key if key.startswith(LEFT) else LEFT + key
        # One that has just come may be heard by the time that this plan is.
        if (state.amount != 0.0 or not key.startswith(LEFT)) and gone not in states:
            states[gone] = state
            leaving.add(gone)
            order.append(gone)
    order += rest
    for key in after:
        if key in stay:
            states[key] = continued(plans[key], old.inserts[key], rate=rate)
        else:
            states[key] = new_state(plans[key], rate=rate, heard=False)
    return states, order, leaving


def write_records(
    keeper: Keeper, states: dict[str, InsertState], order: list[str], leaving: set[str], automated: set[str]
) -> tuple[int, dict[str, int]]:
    """The records of a chain; returns their address, and that of each by key."""
    if not order:
        return 0, {}
    words = keeper.words(L.INSERT_WORDS * len(order))
    where: dict[str, int] = {}
    for k, key in enumerate(order):
        where[key] = address(words) + 8 * L.INSERT_WORDS * k
        fill_record(
            words[L.INSERT_WORDS * k : L.INSERT_WORDS * (k + 1)],
            keeper,
            states[key],
            amount=0.0 if key in leaving else 1.0,
            automated=key in automated,
        )
    return address(words), where


def fill_record(
    words: np.ndarray[tuple[int], np.dtype[np.int64]],
    keeper: Keeper,
    insert: InsertState,
    *,
    amount: float,
    automated: bool,
) -> None:
    """Write the record of one effect."""
    assert insert.raw.size == PARAMETERS
    words[L.I_KIND] = dispatch.NUMBERS[insert.kind]
    words[L.I_STATE_AT] = keeper.hold(insert.state)
    words[L.I_STATE] = insert.state.size
    words[L.I_LINES_AT] = keeper.hold(insert.lines)
    words[L.I_LINES] = insert.lines.size
    words[L.I_RAW_AT] = keeper.hold(insert.raw)
    words[L.I_TARGET_AT] = keeper.hold(insert.target)
    words[L.I_AUTOMATED] = int(automated)
    words[L.I_KERNEL] = dispatch.EFFECT.address
    words[L.I_AMOUNT : L.I_AMOUNT + 1].view(np.float64)[0] = amount
