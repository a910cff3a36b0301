"""The path of beats, and the tempo of syncopated music."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.beat_path import beat_path
from engine.analysis.beats import find_beats
from engine.analysis.spectra import FINE_HOP, HOP, RATE


def strokes(places: np.ndarray, *, steps: int, strength: float = 1.0) -> np.ndarray:
    out = np.zeros(steps)
    out[places] = strength
    return out


def test_even_strokes_are_the_path_although_some_are_missing_and_others_stand_between() -> None:
    truth = np.arange(20, 1000, 40)
    onset = strokes(np.delete(truth, [6, 13]), steps=1000) + strokes(truth[:-1] + 13, steps=1000, strength=0.6)
    assert np.array_equal(beat_path(onset, 40), truth)


def test_the_path_follows_a_tempo_that_drifts() -> None:
    truth = 15 + np.concatenate([[0], np.cumsum(np.round(40 + 4 * np.sin(np.arange(24) / 5.0)).astype(int))])
    found = beat_path(strokes(truth, steps=1100), 40)
    near = np.abs(found[:, None] - truth[None, :]).min(axis=0)
    assert near.max() <= 1


@pytest.mark.parametrize("onset", [np.zeros(500), np.ones(500), np.ones(10)])
def test_without_strokes_there_is_no_path(onset: np.ndarray) -> None:
    assert beat_path(onset, 40).size == 0


@pytest.mark.parametrize("bpm", [82.0, 91.0, 100.0])
@pytest.mark.parametrize(
    ("rim", "kick"), [("X--X--X---X--X--", "x--xx--xx--xx--x"), ("X--X--X---X-X---", "X-----x---X-----")]
)
def test_a_rim_that_plays_three_against_four_does_not_change_the_tempo(bpm: float, rim: str, kick: str) -> None:
    beat_s, seconds = 60.0 / bpm, 40.0
    steps, fine = int(seconds * RATE / HOP), int(seconds * RATE / FINE_HOP)
    onset, attacks = np.full(steps, 1e-3), np.full(fine, 1e-3)
    for step in range(int(seconds / beat_s * 4)):
        here = 0.1 + (rim[step % 16] == "X") + 0.6 * (kick[step % 16] != "-")
        at = 0.1 + step * beat_s / 4
        onset[min(round(at * RATE / HOP), steps - 1)] += here
        attacks[min(round(at * RATE / FINE_HOP), fine - 1)] += here
    found = find_beats(onset, attacks, snare=onset, thump=onset, duration_s=seconds)
    assert found is not None
    assert min(abs(found.tempo_bpm / bpm - ratio) for ratio in (0.5, 1.0, 2.0)) < 0.02
