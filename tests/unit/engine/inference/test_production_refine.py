"""The equaliser put right by measurement."""

from __future__ import annotations

import numpy as np
import pytest

from engine.dsp.loudness import integrated_lufs
from engine.inference.production_chain import IDS, apply_strip, encode, neutral, to_strip
from engine.inference.production_features import BANDS, SIZE, features
from engine.inference.production_refine import FILTERS, OTHER_MUSIC_DB, refined
from tests.unit.engine.inference.synthetic_song import RATE, song


@pytest.fixture(scope="module")
def stem() -> np.ndarray:
    return song(5.0)["other"]


def through(audio: np.ndarray, coded: np.ndarray) -> np.ndarray:
    return apply_strip(audio, to_strip(coded, lufs=integrated_lufs(audio, rate=RATE)), rate=RATE)


def apart_db(a: np.ndarray, b: np.ndarray) -> float:
    """Mean distance of the bands that are loud in `b`, without a difference in level."""
    loud = b[:BANDS] > b[:BANDS].max() - 35.0
    difference = (a - b)[:BANDS][loud]
    return float(np.mean(np.abs(difference - np.median(difference))))


@pytest.mark.parametrize(
    "wanted",
    [
        {"low_shelf_hz": 150.0, "low_shelf_db": 6.0, "high_shelf_hz": 6000.0, "high_shelf_db": -6.0},
        {"low_mid_hz": 450.0, "low_mid_db": -6.0, "high_mid_hz": 2500.0, "high_mid_db": 5.0},
    ],
)
def test_most_of_a_difference_that_an_equaliser_made_goes(stem: np.ndarray, wanted: dict[str, float]) -> None:
    target = features(through(stem, encode(wanted)), rate=RATE)
    heard = features(stem, rate=RATE)
    found = refined(neutral(), heard=heard, target=target, rate=RATE)
    reached = features(through(stem, found), rate=RATE)
    assert apart_db(reached, target) < 0.5 * apart_db(heard, target)


def test_only_the_equaliser_moves_and_all_stays_in_range(stem: np.ndarray) -> None:
    said = encode({"ratio": 4.0, "width": 1.3, "reverb_mix": 0.2, "high_shelf_db": 9.5, "drive_db": 6.0})
    target = features(through(stem, encode({"high_shelf_db": 10.0, "low_shelf_db": -10.0})), rate=RATE)
    found = refined(said, heard=features(stem, rate=RATE), target=target, rate=RATE)
    others = [i for i in range(len(IDS)) if i not in FILTERS]
    assert np.array_equal(found[others], said[others])
    assert not np.array_equal(found, said)
    assert float(found.min()) >= 0.0
    assert float(found.max()) <= 1.0


def test_other_music_is_not_equalised_away() -> None:
    heard, target = np.full(SIZE, -20.0, np.float32), np.full(SIZE, -20.0, np.float32)
    target[:BANDS] += np.where(np.arange(BANDS) % 2, 1.5, -1.5) * OTHER_MUSIC_DB
    said = encode({"low_mid_db": 3.0})
    assert np.array_equal(refined(said, heard=heard, target=target, rate=RATE), said)
    comb = heard.copy()
    comb[:BANDS] += np.where(np.arange(BANDS) % 2, 2.0, -2.0).astype(np.float32)
    assert np.array_equal(refined(said, heard=heard, target=comb, rate=RATE), said)


def test_what_is_alike_already_stays_as_it_is(stem: np.ndarray) -> None:
    heard = features(stem, rate=RATE)
    said = encode({"low_shelf_db": 4.0})
    assert np.allclose(refined(said, heard=heard, target=heard, rate=RATE), said, atol=1e-6)
