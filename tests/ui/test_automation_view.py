from __future__ import annotations

import pytest

from studio.project import edits
from studio.project.model import Automation, AutomationPoint
from studio.project.parameters import STRIP, parameters_of
from tests.ui.songs import song
from ui.viewmodels import automation
from ui.viewmodels.automation import PointDrag

VOLUME, PAN = STRIP["gain_db"], STRIP["pan"]


def _points(*pairs: tuple[float, float]) -> tuple[AutomationPoint, ...]:
    return tuple(AutomationPoint(at_s=at_s, value=value) for at_s, value in pairs)


@pytest.mark.parametrize("parameter", parameters_of(song(), "vocals"), ids=lambda p: p.target)
def test_heights_and_values_are_each_others_inverse(parameter) -> None:
    for position in (0.0, 0.25, 0.5, 1.0):
        value = automation.value_of_position(parameter, position)
        assert parameter.minimum <= value <= parameter.maximum
        if parameter.scale != "switch":
            assert automation.position_of(parameter, value) == pytest.approx(position, abs=1e-6)
        assert automation.show_value(parameter, value)


def test_values_between_points_are_those_that_the_engine_plays() -> None:
    lane = Automation(target="pan", points=_points((1.0, -1.0), (3.0, 1.0)))
    assert [automation.value_at(lane, at_s, PAN) for at_s in (0.0, 2.0, 9.0)] == [-1.0, 0.0, 1.0]
    held = Automation(target="pan", points=lane.points, hold=True)
    assert automation.value_at(held, 2.9, PAN) == -1.0
    filtered = Automation(target="high_pass_hz", points=_points((0.0, 100.0), (2.0, 400.0)))
    assert automation.value_at(filtered, 1.0, STRIP["high_pass_hz"]) == pytest.approx(200.0)
    assert automation.value_at(Automation(target="pan"), 1.0, PAN) is None


def test_a_point_takes_the_place_of_one_at_its_time() -> None:
    points = _points((1.0, 0.0), (2.0, 0.5))
    assert automation.put(points, AutomationPoint(at_s=1.5, value=1.0))[1] == 1
    same, index = automation.put(points, AutomationPoint(at_s=2.0, value=1.0))
    assert (len(same), index, same[1].value) == (2, 1, 1.0)


def test_points_stay_between_their_neighbours_and_in_their_range() -> None:
    points = _points((1.0, 0.0), (2.0, 0.0), (3.0, 0.0))
    moved = automation.moved(points, {1}, 5.0, 9.0, PAN)
    assert moved[1].at_s < 3.0
    assert moved[1].value == 1.0
    assert (moved[0], moved[2]) == (points[0], points[2])


def test_a_freehand_line_replaces_what_it_passes_over_by_few_points() -> None:
    stroke = [AutomationPoint(at_s=1 + i * 0.01, value=-1 + i * 0.02) for i in range(100)]
    few = automation.simplify(stroke, PAN, px_per_s=100.0, height_px=40.0)
    assert len(few) == 2
    bent = [*stroke, *(AutomationPoint(at_s=2 + i * 0.01, value=1 - i * 0.02) for i in range(100))]
    assert len(automation.simplify(bent, PAN, px_per_s=100.0, height_px=40.0)) == 3
    drawn = automation.drawn_over(_points((0.5, 0.0), (1.5, 0.0), (5.0, 0.0)), few)
    assert [round(p.at_s, 2) for p in drawn] == [0.5, 1.0, 1.99, 5.0]


def test_a_drag_snaps_the_point_and_keeps_the_other_settings_of_the_lane() -> None:
    project = edits.set_automation(song(), "vocals", "pan", [(1.0, 0.0), (4.0, 0.0)], hold=True)
    drag = PointDrag(
        base=project,
        track_id="vocals",
        parameter=PAN,
        points=automation.points_of(project, "vocals", "pan"),
        chosen=frozenset([0]),
        grab_s=1.0,
        grab=0.5,
    )
    points = drag.to(2.1, 0.75, snap=round)
    assert (points[0].at_s, points[0].value) == (2.0, pytest.approx(0.5))
    lane = automation.lane_of(drag.project(points), "vocals", "pan")
    assert lane is not None
    assert lane.hold
    assert len(lane.points) == 2


def test_what_is_gone_has_no_parameter() -> None:
    assert automation.find_parameter(song(), "vocals", "insert.gone.mix") is None
    assert automation.targets_of(song(), "nobody") == ()
    assert automation.lanes_on(song(), edits.MASTER) == ()


def test_used_lanes_are_listed_with_their_span_and_those_of_the_master_last() -> None:
    project = edits.set_automation(song(), "vocals", "gain_db", [(0.0, -6.0), (2.0, 0.0)])
    project = edits.set_automation(project, edits.MASTER, "gain_db", [(1.0, -3.0)])
    found = automation.used_lanes(project)
    assert [(each.track_name, each.title, each.span) for each in found] == [
        ("Vocals", "Volume", "−6.0 dB to 0.0 dB"),
        ("Master", "Volume", "−3.0 dB"),
    ]
    assert automation.used_lanes(song()) == ()
