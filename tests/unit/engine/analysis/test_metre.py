"""Bars of three, four, five and seven, from what stands out on the beats."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.metre import find_metre


def beats(metre: int, count: int, phase: int, *, noise: float = 0.08) -> dict[str, np.ndarray]:
    """A bass drum on the first beat, a softer one inside, a snare on the start of the last group, harmony on bars."""
    rng = np.random.default_rng(metre)
    position = (np.arange(count) - phase) % metre
    groups = {3: (0,), 4: (0, 2), 5: (0, 3), 7: (0, 2, 4)}[metre]
    back = {3: (2,), 4: (1, 3), 5: (3,), 7: (4,)}[metre]

    def noisy(values: np.ndarray) -> np.ndarray:
        return np.maximum(values + noise * rng.normal(size=count), 0.0)

    low = noisy(np.where(position == 0, 1.0, np.where(np.isin(position, groups), 0.5, 0.1)))
    return {
        "low": low,
        "snare": noisy(np.where(np.isin(position, back), 1.0, 0.1)),
        "loud": noisy(np.where(position == 0, 1.0, 0.6)),
        "harmonic_change": noisy(np.where(position == 0, 1.0, 0.05)),
        "texture_change": noisy(np.zeros(count)),
    }


@pytest.mark.parametrize("metre", [3, 4, 5, 7])
@pytest.mark.parametrize("phase", [0, 1])
def test_the_metre_and_its_first_beat_are_found(metre: int, phase: int) -> None:
    found, first, confidence = find_metre(**beats(metre, 84, phase))
    assert (found, first) == (metre, phase)
    assert confidence > 0.2


def test_noise_is_counted_in_four_without_confidence() -> None:
    rng = np.random.default_rng(0)
    names = ("low", "snare", "loud", "harmonic_change", "texture_change")
    for _ in range(10):
        metre, _, _ = find_metre(**{name: rng.random(64) for name in names})
        assert metre in (3, 4)


@pytest.mark.parametrize("metre", [5, 7])
def test_chords_that_change_every_so_many_beats_tell_the_metre_under_an_even_beat(metre: int) -> None:
    given = beats(metre, 96, 2, noise=0.0)
    rng = np.random.default_rng(metre)
    even = 1.0 + 0.15 * rng.normal(size=96)
    given["low"] = even + 0.5 * (given["low"] == 1.0)
    given["loud"] = even + 0.05 * rng.normal(size=96)
    assert find_metre(**given)[:2] == (metre, 2)
    given["harmonic_change"] = beats(4, 96, 2, noise=0.0)["harmonic_change"]
    assert find_metre(**given)[0] == 4
