"""The automation of a node as the kernels read it."""

from __future__ import annotations

from collections.abc import Mapping

from engine.dsp import effects
from engine.plan.flat import strip
from engine.plan.flat.plan import InsertState
from engine.plan.flat.words import Keeper, Words, address
from engine.plan.kernel import layout as L
from engine.plan.model import AutomationPlan, TrackPlan

_FADER = {"gain_db": L.AUTO_GAIN, "pan": L.AUTO_PAN, "mute": L.AUTO_MUTE}


def _fill(record: Words, keeper: Keeper, lane: AutomationPlan, low: float, high: float, log: bool, ramp: int) -> None:
    frames, values = strip.points_of(lane, low=low, high=high, log=log, ramp=ramp)
    record[L.A_FRAMES_AT] = keeper.hold(frames)
    record[L.A_VALUES_AT] = keeper.hold(values)
    record[L.A_POINTS] = len(frames)
    record[L.A_LOG] = int(log)


def fader_lanes(track: TrackPlan) -> list[AutomationPlan]:
    """The lanes that move the fader, in a fixed order."""
    return sorted((lane for lane in track.automation if lane.target in _FADER), key=lambda lane: lane.target)


def write_automation(
    keeper: Keeper,
    node: Words,
    track: TrackPlan,
    states: Mapping[str, InsertState],
    where: Mapping[str, int],
    *,
    ramp: int,
) -> set[int]:
    """Write the records of all lanes but those of sends, which stand at their routes.

    Lanes of what the strip does not have are passed over: an insert may have been removed before its automation.

    Returns:
        The words of `RAW_WORDS` that move.
    """
    records: list[Words] = []
    moved: set[int] = set()
    for lane in track.automation:
        if not lane.frames or len(lane.frames) != len(lane.values):
            continue
        record = keeper.words(L.AUTOMATION_WORDS)
        word = strip.strip_word(lane.target)
        if lane.target in _FADER:
            low, high = strip.LIMITS[lane.target]
            record[L.A_TARGET] = _FADER[lane.target]
            _fill(record, keeper, lane, low, high, False, ramp)
            node[L.N_FADER_AUTOMATED] = 1
        elif word is not None:
            low, high = strip.LIMITS[word[1]]
            record[L.A_TARGET] = word[0]
            _fill(record, keeper, lane, low, high, strip.is_logarithmic(word[1]), 1)
            moved.add(word[0])
        elif lane.target.startswith("insert."):
            _, owner, name = lane.target.split(".", 2)
            if owner not in where:
                continue
            parameters = effects.EFFECTS[states[owner].kind].parameters
            index = next((k for k, parameter in enumerate(parameters) if parameter.id == name), -1)
            if index < 0:
                continue
            record[L.A_TARGET] = L.AUTO_INSERT
            record[L.A_OWNER_AT] = where[owner]
            record[L.A_INDEX] = index
            limits = parameters[index]
            _fill(record, keeper, lane, limits.minimum, limits.maximum, strip.is_logarithmic(name), 1)
        else:
            continue
        records.append(record)
    table = keeper.words(L.AUTOMATION_WORDS * len(records))
    for k, record in enumerate(records):
        table[L.AUTOMATION_WORDS * k : L.AUTOMATION_WORDS * (k + 1)] = record
    node[L.N_AUTOMATION_AT] = address(table) if records else 0
    node[L.N_AUTOMATIONS] = len(records)
    return moved
