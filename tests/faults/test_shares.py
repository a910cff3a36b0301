"""Bad numbers on the way to the shares (RIGHTS.md 5): floors above 100 %, negative weights, silence."""

from __future__ import annotations

import pytest

from studio.base.errors import RightsError
from studio.rights.allocation import allocate
from studio.rights.grants import Splits
from studio.rights.shares import OWN, audible_share, own_source, source_of
from tests.samples.rights import ASSET, GRANT, OTHER, changed


def song(floor_ppm: int) -> object:
    return source_of(changed(GRANT, splits=Splits(master_floor_ppm=floor_ppm)), ("mix",))


def test_floors_above_everything_refuse_with_the_reason_and_a_way_out() -> None:
    with pytest.raises(RightsError) as caught:
        audible_share(
            {ASSET: [0.01], OTHER: [0.01]},
            [0.02],
            {ASSET: song(700_000), OTHER: song(300_001)},  # type: ignore[dict-item]
        )
    assert caught.value.code == "floors-exceed"
    assert caught.value.details["floors_ppm"] == {ASSET: 700_000, OTHER: 300_001}
    assert "Remove one" in caught.value.remedy


def test_floors_of_everything_leave_the_maker_nothing() -> None:
    found = audible_share(
        {ASSET: [0.01], OTHER: [0.01], OWN: [0.01]},
        [0.03],
        {ASSET: song(600_000), OTHER: song(400_000), OWN: own_source()},  # type: ignore[dict-item]
    )
    assert {share.id: share.ppm for share in found.master} == {ASSET: 600_000, OTHER: 400_000}


def test_negative_weights_are_refused() -> None:
    with pytest.raises(RightsError) as caught:
        allocate(1_000_000, {"a": 2, "b": -1})
    assert caught.value.code == "shares-invalid"
    with pytest.raises(RightsError):
        audible_share({OWN: [-0.01]}, [0.01], {OWN: own_source()})


def test_zero_weights_and_silence_end_in_whole_sides() -> None:
    silent = audible_share({ASSET: [0.0] * 9}, [0.0] * 9, {ASSET: song(120_000)})  # type: ignore[dict-item]
    for side in (silent.master, silent.publishing):
        assert [(share.id, share.ppm) for share in side] == [(OWN, 1_000_000)]
    assert sum(allocate(1_000_000, {"a": 0, "b": 0, "c": 0}).values()) == 1_000_000
