"""Automation lanes, the table of parameters, and freezing."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from studio.base.errors import ProjectError
from studio.project import edits
from studio.project.model import AutomationPoint, Insert, Project, Source
from studio.project.parameters import parameter_of, parameters_of, value_of


def points(project: Project, track: str, target: str) -> list[tuple[float, float]]:
    lane = edits.lane_of(project, track, target)
    assert lane is not None
    return [(point.at_s, point.value) for point in lane.points]


def test_points_are_sorted_and_held_in_the_range_of_their_parameter(project: Project) -> None:
    made = edits.set_automation(project, "t", "pan", [(8, 3), AutomationPoint(at_s=2, value=-0.5), (-4, 0)])
    assert points(made, "t", "pan") == [(0, 0), (2, -0.5), (8, 1)]
    step = edits.set_automation(project, "t", "gain_db", [(4, 0), (4, -3), (4, -6), (4, -99)], hold=True)
    assert points(step, "t", "gain_db") == [(4, 0), (4, -96)]
    assert edits.lane_of(step, "t", "gain_db").hold  # type: ignore[union-attr]
    assert edits.set_automation(step, "t", "gain_db", []).track("t").automation == ()
    switch = edits.set_automation(project, "t", "mute", [(0, 0.7), (1, 0.2)])
    assert points(switch, "t", "mute") == [(0, 1), (1, 0)]


def test_points_are_added_moved_and_deleted(project: Project) -> None:
    made = edits.add_automation_point(project, "t", "gain_db", 4, -6)
    made = edits.add_automation_point(made, "t", "gain_db", 2, -12)
    made = edits.add_automation_point(made, "t", "gain_db", 4, -3)
    assert points(made, "t", "gain_db") == [(2, -12), (4, -3)]
    moved = edits.move_automation_point(made, "t", "gain_db", 0, at_s=9, value=1)
    assert points(moved, "t", "gain_db") == [(4, 1), (4, -3)], "no further than its neighbour"
    both = edits.move_automation_points(made, "t", "gain_db", [0, 1], by_s=-5, by_value=-2)
    assert points(both, "t", "gain_db") == [(0, -14), (2, -5)]
    one = edits.move_automation_points(made, "t", "gain_db", [0], by_s=7)
    assert points(one, "t", "gain_db") == [(4, -12), (4, -3)]
    assert points(edits.delete_automation_points(made, "t", "gain_db", [0]), "t", "gain_db") == [(4, -3)]
    assert edits.delete_automation_points(made, "t", "gain_db", [0, 1]).track("t").automation == ()


@pytest.mark.parametrize(
    "edit",
    [
        lambda p: edits.set_automation(p, "t", "wishes", [(0, 0)]),
        lambda p: edits.set_automation(p, "t", "insert.fx.mix", [(0, 0)]),
        lambda p: edits.set_automation(p, "t", "pan", [(math.nan, 0)]),
        lambda p: edits.add_automation_point(p, "t", "pan", 0, math.inf),
        lambda p: edits.set_automation(p, "t", "pan", [(0, 0)] * 200_000),
        lambda p: edits.move_automation_point(p, "t", "pan", 0, at_s=1),
        lambda p: edits.remove_automation(p, "t", "pan"),
        lambda p: edits.set_automation_enabled(p, "t", "pan", True),
        lambda p: edits.set_parameter(p, "t", "eq.9.freq_hz", 1),
    ],
)
def test_what_cannot_be_is_refused_with_a_way_out(project: Project, edit: Callable[[Project], Project]) -> None:
    with pytest.raises(ProjectError) as refused:
        edit(project)
    assert (refused.value.code, bool(refused.value.remedy)) == ("edit-invalid", True)


def test_every_parameter_of_the_table_can_be_read_set_and_automated(project: Project) -> None:
    project = edits.add_bus(project, "Room", ids=["room"])
    project = edits.set_send(project, "t", "room", gain_db=-6)
    project = edits.add_insert(project, "t", Insert(id="fx", kind="delay", parameters={"mix": 0.5}))
    project = edits.add_insert(project, "t", Insert(id="plug", kind="vst3", parameters={"tone": 0.5}))
    project = edits.add_insert(project, "t", Insert(id="live", kind="separation"))
    for track in ("t", edits.MASTER):
        table = parameters_of(project, track)
        assert len({each.target for each in table}) == len(table)
        for each in table:
            assert each.minimum <= value_of(project, track, each.target) <= each.maximum
            changed = edits.set_parameter(project, track, each.target, each.maximum + 1)
            assert value_of(changed, track, each.target) == each.maximum
            assert each.at(each.fraction(each.maximum)) == pytest.approx(each.maximum)
            assert each.at(0.0) == each.minimum
            lane = edits.set_automation(project, track, each.target, [(1, each.minimum - 1)])
            assert points(lane, track, each.target) == [(1, each.minimum)]
    targets = {each.target for each in parameters_of(project, "t")}
    assert {
        "insert.fx.feedback",
        "insert.plug.tone",
        "insert.live.vocals_db",
        "send.room.gain_db",
        "eq.3.q",
        "compressor.ratio",
    } <= targets
    assert parameter_of(project, "t", "insert.fx.time_s").unit == "s"


def test_automation_goes_with_its_effect(project: Project) -> None:
    made = edits.add_insert(project, edits.MASTER, Insert(id="fx", kind="delay"))
    made = edits.set_automation(made, edits.MASTER, "insert.fx.mix", [(0, 0.5)])
    made = edits.set_automation(made, edits.MASTER, "gain_db", [(0, 0)])
    left = edits.remove_insert(made, edits.MASTER, "fx").master.automation
    assert [lane.target for lane in left] == ["gain_db"]
    assert [lane.target for lane in edits.reset_strip(made, edits.MASTER).master.automation] == ["gain_db"]


def test_a_freeze_holds_until_something_in_it_changes(project: Project, make_stem: Callable[..., Source]) -> None:
    project = edits.add_insert(project, "t", Insert(id="fx", kind="delay"))
    project = edits.set_automation(project, "t", "insert.fx.mix", [(0, 0.5)])
    frozen = edits.freeze(project, "t", make_stem("other"))

    def plays(now: Project) -> bool:
        return edits.plays_frozen(now, now.track("t"))

    assert plays(frozen)
    after_it = edits.set_strip(edits.rename_track(frozen, "t", "Song"), "t", gain_db=-6, pan=0.5, mute=True)
    assert plays(edits.set_automation(after_it, "t", "gain_db", [(0, -6)]))
    assert plays(edits.set_clip(frozen, "a", name="Intro"))
    for change in (
        edits.set_strip(frozen, "t", high_pass_hz=80),
        edits.set_strip(frozen, "t", polarity=True),
        edits.set_insert(frozen, "t", "fx", parameters={"mix": 0.1}),
        edits.set_automation(frozen, "t", "insert.fx.mix", [(0, 0.6)]),
        edits.move_clip(frozen, "a", 1),
        edits.set_clip(frozen, "a", fade_in_s=1),
        edits.set_eq_band(frozen, "t", 0, gain_db=3),
        edits.unfreeze(frozen, "t"),
    ):
        assert not plays(change)
    assert plays(edits.set_clip(edits.set_clip(frozen, "a", gain_db=-3), "a", gain_db=0)), (
        "it comes back with the change"
    )
    copied = edits.duplicate_track(frozen, "t", ids=["copy"])
    assert edits.plays_frozen(copied, copied.track("copy"))
