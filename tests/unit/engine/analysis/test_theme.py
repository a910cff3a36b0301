"""The theme of a stem: notes that were played are found again, also over chords."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from engine.analysis.theme import find_theme, theme_of
from engine.analysis.tones import FIRST, per_step, steps_of, tones_of
from engine.errors import Cancelled

RATE = 22_050
BEATS = tuple(0.5 * k for k in range(17))
TUNE = ((0.0, 72), (0.5, 74), (1.0, 76), (1.5, 76), (2.0, 79), (3.0, 77), (3.5, 74), (4.0, 72), (5.0, 71), (6.0, 72))


def tone(pitch: float, seconds: float) -> np.ndarray:
    t = np.arange(int(seconds * RATE)) / RATE
    frequency = 440.0 * 2 ** ((pitch - 69) / 12)
    partials = sum(np.sin(2 * np.pi * k * frequency * t) / k**1.3 for k in range(1, 6))
    return partials * np.exp(-4.0 * t) * np.minimum(1.0, 200 * t)


def stem(*, chords: float = 0.0, tuning: float = 0.0) -> np.ndarray:
    """The tune in mono, over a C major chord that is struck each second at this level."""
    out = np.zeros(8 * RATE)
    ends = [start for start, _ in TUNE[1:]] + [7.0]
    for (start, pitch), end in zip(TUNE, ends, strict=True):
        sound = tone(pitch + tuning, end - start)
        out[round(start * RATE) : round(start * RATE) + sound.size] += 0.3 * sound
    for second in range(7):
        for pitch in (48, 55, 60, 64):
            sound = tone(pitch + tuning, 1.0)
            out[second * RATE : second * RATE + sound.size] += 0.3 * chords * sound
    return out[None].astype(np.float32)


@pytest.mark.parametrize(("chords", "tuning"), [(0.0, 0.0), (0.0, 0.3), (0.35, 0.0)])
def test_the_tune_is_found_alone_out_of_tune_and_over_chords(chords: float, tuning: float) -> None:
    found = theme_of({"other": stem(chords=chords, tuning=tuning)}, rate=RATE, beats_s=BEATS)
    at = {round(n.start_s * 8) / 8: n.pitch for n in found}
    right = sum(any(abs(start - s) < 0.13 and p == pitch for s, p in at.items()) for start, pitch in TUNE)
    assert right >= (9 if chords == 0.0 else 8)
    if chords == 0.0:
        # Struck again on the same pitch is two notes.
        assert sum(n.pitch == 76 for n in found) == 2
    assert all(0.0 <= n.strength <= 1.0 and n.end_s > n.start_s for n in found)
    assert all(b.start_s >= a.end_s for a, b in itertools.pairwise(found))


def test_noise_and_what_a_split_left_over_have_no_theme() -> None:
    hiss = np.random.default_rng(1).normal(0.0, 0.1, (2, 8 * RATE)).astype(np.float32)
    sounding = sum(n.end_s - n.start_s for n in theme_of({"other": stem()}, rate=RATE, beats_s=BEATS))
    assert sounding > 5.0
    assert theme_of({"other": np.float32(0.01) * stem(), "drums": hiss[:1]}, rate=RATE, beats_s=BEATS) == ()
    assert theme_of({"drums": hiss}, rate=RATE, beats_s=BEATS) == ()
    assert theme_of({"other": np.zeros((2, 8 * RATE), np.float32)}, rate=RATE, beats_s=BEATS) == ()
    assert find_theme(np.zeros((73, 3)), np.array([0.0, 1.0])) == ()


def test_steps_are_sixteenths_of_slow_songs_and_eighths_of_fast_ones() -> None:
    assert np.allclose(
        steps_of((0.2, 0.7, 1.2), 1.5),
        [0.0, 0.075, 0.2, 0.325, 0.45, 0.575, 0.7, 0.825, 0.95, 1.075, 1.2, 1.325, 1.45, 1.5],
    )
    assert np.allclose(np.diff(steps_of((0.0, 0.3, 0.6), 0.9)), 0.15)
    free = steps_of((), 1.0)
    assert free[0] == 0.0
    assert free[-1] == 1.0
    assert np.all(np.diff(free) > 0.05)


def test_tones_are_loudest_at_the_note() -> None:
    tones = per_step(tones_of(stem(), RATE), np.array([0.1, 0.4]))
    assert FIRST + int(np.argmax(tones[:, 0])) == 72


def test_it_stops_when_asked() -> None:
    with pytest.raises(Cancelled):
        theme_of({"other": stem()}, rate=RATE, beats_s=BEATS, cancelled=lambda: True)
