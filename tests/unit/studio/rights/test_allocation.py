from __future__ import annotations

from fractions import Fraction

import pytest

from studio.base.errors import RightsError
from studio.rights.allocation import allocate, with_floors


def test_largest_remainder_then_id() -> None:
    assert allocate(100, {"a": 1, "b": 1, "c": 1}) == {"a": 34, "b": 33, "c": 33}
    assert allocate(100, {"c": 1, "b": 1, "a": 1}) == {"a": 34, "b": 33, "c": 33}
    assert allocate(10, {"a": Fraction(1, 3), "b": Fraction(2, 3)}) == {"a": 3, "b": 7}
    assert allocate(0, {"a": 1, "b": 2}) == {"a": 0, "b": 0}
    assert allocate(7, {"a": 0, "b": 5}) == {"a": 0, "b": 7}


def test_weights_that_are_all_nothing_are_equal() -> None:
    assert allocate(3, {"a": 0, "b": 0}) == {"a": 2, "b": 1}


@pytest.mark.parametrize(("pool", "weights"), [(-1, {"a": 1}), (1, {"a": -1}), (1, {})])
def test_what_cannot_be_divided_is_named(pool: int, weights: dict[str, int]) -> None:
    with pytest.raises(RightsError) as caught:
        allocate(pool, weights)
    assert caught.value.code == "shares-invalid"


def test_floors_raise_and_the_rest_is_shared() -> None:
    assert with_floors({"a": 90, "b": 5, "you": 5}, {"b": 200_000}) == {
        "a": 757_895, "b": 200_000, "you": 42_105,
    }  # fmt: skip
    assert with_floors({"a": 3, "b": 1}, {"b": 120_000}) == {"a": 750_000, "b": 250_000}


def test_raising_one_may_bring_another_to_its_floor() -> None:
    found = with_floors({"a": 50, "b": 30, "you": 20}, {"a": 800_000, "b": 150_000})
    assert found == {"a": 800_000, "b": 150_000, "you": 50_000}


def test_a_source_without_weight_still_has_its_floor() -> None:
    assert with_floors({"you": 10}, {"a": 120_000}) == {"a": 120_000, "you": 880_000}
    assert with_floors({}, {"a": 300_000, "b": 100_000}) == {"a": 750_000, "b": 250_000}


def test_floors_that_are_everything_and_more() -> None:
    assert with_floors({"a": 1, "b": 1, "you": 9}, {"a": 400_000, "b": 600_000}) == {
        "a": 400_000, "b": 600_000, "you": 0,
    }  # fmt: skip
    with pytest.raises(RightsError) as caught:
        with_floors({"a": 1}, {"a": 600_000, "b": 400_001})
    assert caught.value.code == "floors-exceed"
    assert "100.0 %" in caught.value.message
    assert caught.value.details["floors_ppm"] == {"a": 600_000, "b": 400_001}


def test_nobody_to_speak_of_shares_equally() -> None:
    assert with_floors({"a": 0, "b": 0}, {}) == {"a": 500_000, "b": 500_000}
