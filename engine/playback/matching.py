"""Versions of a mix at the same loudness."""

from __future__ import annotations

import msgspec

from engine.plan import MixPlan


def matched(plan: MixPlan, gain_db: float) -> MixPlan:
    """`plan` louder by `gain_db`, before the limiter at its end."""
    if gain_db == 0.0:
        return plan
    master = msgspec.structs.replace(plan.master, gain=plan.master.gain * 10.0 ** (gain_db / 20.0))
    automation = tuple(
        msgspec.structs.replace(each, values=tuple(value + gain_db for value in each.values))
        if each.target == "gain_db"
        else each
        for each in plan.master_automation
    )
    return msgspec.structs.replace(plan, master=master, master_automation=automation)
