"""Room for the singer, and a low end that fits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.inference.arrangement_chords import Voice
from engine.inference.production_balance import balance
from engine.inference.production_chain import apply_strip, neutral, to_strip
from engine.inference.restyle_room import DEEPEST_DB, MARGIN_DB, band_power, needed_gain, step_back

RATE = 44100


def sine(hz: float, seconds: float, level: float = 0.3) -> np.ndarray:
    t = np.arange(int(seconds * RATE)) / RATE
    return np.repeat((level * np.sin(2 * np.pi * hz * t))[None], 2, axis=0).astype(np.float32)


def singer(flags: list[bool]) -> Voice:
    return Voice(step_s=0.25, sings=tuple(flags), centre=60.0)


def test_parts_step_back_only_while_the_voice_is_on_and_only_as_far_as_it_needs() -> None:
    flags = [False] * 8 + [True] * 8 + [False] * 8
    voice = np.where(flags, 1.0, 0.0)
    gain = needed_gain(voice, np.zeros(24), np.full(24, 4.0), singer(flags))
    assert gain[2] == gain[20] == 1.0
    assert 20 * np.log10(gain[12]) == pytest.approx(-10 * np.log10(4.0) - MARGIN_DB, abs=0.01)
    assert np.all(needed_gain(voice, np.zeros(24), np.full(24, 0.2), singer(flags)) == 1.0)


def test_room_has_a_bottom_and_counts_what_cannot_move() -> None:
    flags = [True] * 12
    deepest = 10 ** (-DEEPEST_DB / 20)
    assert needed_gain(np.ones(12), np.zeros(12), np.full(12, 1e6), singer(flags)).min() == pytest.approx(deepest)
    beside_drums = needed_gain(np.ones(12), np.full(12, 0.5), np.ones(12), singer(flags))
    alone = needed_gain(np.ones(12), np.zeros(12), np.ones(12), singer(flags))
    assert beside_drums[6] < alone[6]


def test_stepping_back_lowers_the_band_and_leaves_the_rest_alone() -> None:
    gain = np.full(16, 0.25)
    inside, below, above = (step_back(sine(hz, 4.0), gain, rate=RATE, step_s=0.25) for hz in (600.0, 60.0, 8000.0))
    middle = slice(RATE, 3 * RATE)
    assert np.std(inside[:, middle]) / np.std(sine(600.0, 4.0)[:, middle]) == pytest.approx(0.25, abs=0.01)
    for sound, hz in ((below, 60.0), (above, 8000.0)):
        assert np.std(sound[:, middle]) / np.std(sine(hz, 4.0)[:, middle]) == pytest.approx(1.0, abs=0.01)


def test_where_nobody_sings_the_sound_stays_bit_for_bit() -> None:
    sound = sine(600.0, 4.0)
    assert np.array_equal(step_back(sound, np.ones(16), rate=RATE, step_s=0.25), sound)
    gain = np.array([1.0] * 10 + [0.3] * 6)
    assert np.array_equal(step_back(sound, gain, rate=RATE, step_s=0.25)[:, :RATE], sound[:, :RATE])


def test_band_power_is_mean_square_inside_the_band() -> None:
    assert band_power(sine(600.0, 2.0, 0.5), rate=RATE, step_s=0.25)[3] == pytest.approx(0.25, rel=0.02)
    assert band_power(sine(60.0, 2.0, 0.5), rate=RATE, step_s=0.25)[3] < 1e-4


def low_share(sounds: list[tuple[np.ndarray, dict[str, Any]]]) -> float:
    mix = np.sum([apply_strip(sound, strip, rate=RATE) for sound, strip in sounds], axis=0)
    power = np.abs(np.fft.rfft(mix, axis=1)) ** 2
    return float(power[:, : 120 * mix.shape[1] // RATE].sum() / power.sum())


def test_a_low_end_that_is_too_much_is_turned_down_to_its_share() -> None:
    parts = [
        (sine(60.0, 4.0, 0.5), to_strip(neutral(), lufs=-20.0)),
        (sine(900.0, 4.0, 0.2), to_strip(neutral(), lufs=-20.0)),
    ]
    source = {"other": sine(900.0, 4.0, 0.25)}
    assert low_share(parts) > 0.8
    balance(source, parts, strips={}, muted=["other"], rate=RATE, tick=lambda: None, low_ceiling=0.45)
    assert low_share(parts) == pytest.approx(0.42, abs=0.05)
    assert parts[1][1]["eq"][0]["gain_db"] == 0.0
