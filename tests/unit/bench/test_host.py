"""What a long run says of its late blocks: which of them the control shares, and where leaps fell."""

from __future__ import annotations

import pytest

from engine.playback.late import LateBlock, Stage
from tests.bench.host import NEAR_S, beside, by_stage, slowed


def block(at: float, *, why: str = "leapt", slow: int = 10, group: str = "strips") -> LateBlock:
    return LateBlock(
        why=why,
        ended_s=at,
        took_ms=5.0,
        computed_ms=5.0,
        leapt_ms=4.0,
        new_ms=0.0,
        usual_ms=0.2,
        stages=30,
        slowed=slow,
        moved=False,
        worst=(Stage(group, group, 4.0, 0.02, 100),),
    )


def test_late_blocks_near_which_the_control_was_late_are_beside_it() -> None:
    here, far, ours = block(10.0), block(20.0), block(30.0, why="computed")
    control = [block(10.0 + 0.9 * NEAR_S), block(20.0 - 1.1 * NEAR_S), block(30.0)]
    assert beside([here, far, ours], control) == [here]
    assert beside([here], []) == []


def test_blocks_slowed_as_a_whole_are_counted_with_those_of_the_control() -> None:
    late = [block(10.0), block(20.0), block(30.0, slow=5), block(40.0, why="computed")]
    found = slowed(late, [block(10.0), block(55.0), block(30.0)], seconds=100.0)
    assert found == {"blocks": 2, "beside_control": 1, "by_chance": pytest.approx(2 * 3 * 2 * NEAR_S / 100.0)}


def test_a_class_of_stages_that_leaps_more_often_than_its_share_stands_out() -> None:
    seconds = {"strips": 50.0, "reverb": 49.0, "exchange": 1.0}
    fair = by_stage(
        [block(k, group="strips") for k in range(5)] + [block(k, group="reverb") for k in range(5)], seconds
    )
    assert fair["strips"]["expected"] == 5.0
    assert fair["strips"]["chance"] > 0.3
    odd = by_stage([block(k, group="exchange") for k in range(5)] + [block(9, why="computed")], seconds)
    assert odd == {"exchange": {"leaps": 5, "expected": 0.05, "chance": 0.0}}
    assert by_stage([], seconds) == {}
