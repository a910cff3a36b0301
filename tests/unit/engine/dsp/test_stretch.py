"""Stretched sound lands in time and in tune."""

from __future__ import annotations

import numpy as np
import pytest

from engine.dsp.resample import resample
from engine.dsp.stretch import stretch
from engine.errors import EngineError

RATE = 48_000
MS = RATE // 1000


@pytest.mark.parametrize("ratio", [0.8, 1.25])
@pytest.mark.parametrize("semitones", [0.0, 3.0])
def test_clicks_and_bursts_land_within_a_millisecond(ratio: float, semitones: float) -> None:
    places = np.arange(1, 8) * RATE // 2
    clicks = np.zeros(RATE * 4)
    bursts = np.zeros(RATE * 4)
    shape = np.sin(2 * np.pi * 1000 * np.arange(2_400) / RATE) * np.hanning(2_400)
    for place in places:
        clicks[place] = 1.0
        bursts[place - 1_200 : place + 1_200] += shape
    y = stretch(np.stack([clicks, bursts]).astype(np.float32), rate=RATE, tempo_ratio=ratio, semitones=semitones)
    assert y.shape == (2, round(RATE * 4 / ratio))
    for place in places:
        wanted = place / ratio
        low = int(wanted) - 4_000
        near = y[:, low : low + 8_000].astype(np.float64) ** 2
        centre = (near[1] * np.arange(8_000)).sum() / near[1].sum() + low
        assert abs(centre - wanted) < MS
        if semitones == 0.0:
            assert abs(int(np.argmax(near[0])) + low - wanted) < MS


@pytest.mark.parametrize(("ratio", "semitones"), [(1.0, 5.0), (1.0, -5.0), (0.8, 0.0), (1.25, 0.0), (1.1, 2.0)])
def test_a_sine_is_in_tune_and_keeps_its_level(ratio: float, semitones: float) -> None:
    x = (0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE * 4) / RATE)).astype(np.float32)[None]
    y = stretch(x, rate=RATE, tempo_ratio=ratio, semitones=semitones)[0, RATE // 2 : RATE // 2 + (1 << 16)]
    spectrum = np.abs(np.fft.rfft(y * np.hanning(y.size), 1 << 20))
    freq = float(np.argmax(spectrum)) * RATE / (1 << 20)
    assert abs(1200 * np.log2(freq / 440) - 100 * semitones) < 5.0
    assert np.sqrt(np.mean(y**2)) == pytest.approx(0.5 / 2**0.5, rel=0.05)


def test_nothing_to_do_is_an_exact_copy(rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, 10_000)).astype(np.float32)
    y = stretch(x, rate=RATE)
    assert np.array_equal(x, y)
    assert y is not x


@pytest.mark.parametrize("frames", [0, 1, 5, 1_000])
def test_scraps_have_the_right_length(frames: int) -> None:
    x = np.zeros((2, frames), np.float32)
    assert stretch(x, rate=RATE, tempo_ratio=0.7, semitones=1.0).shape == (2, round(frames / 0.7))


@pytest.mark.parametrize(("ratio", "semitones"), [(0.1, 0.0), (9.0, 0.0), (1.0, 40.0), (float("nan"), 0.0)])
def test_what_is_out_of_reach_is_named(ratio: float, semitones: float) -> None:
    with pytest.raises(EngineError) as error:
        stretch(np.zeros((2, 100), np.float32), rate=RATE, tempo_ratio=ratio, semitones=semitones)
    assert error.value.code == "stretch-range"


def test_stems_that_are_stretched_together_stay_in_phase(rng: np.random.Generator) -> None:
    t = np.arange(RATE * 2) / RATE
    a = (0.3 * np.sin(2 * np.pi * 300 * t)).astype(np.float32)
    b = (0.1 * rng.standard_normal(RATE * 2)).astype(np.float32)
    parts = stretch(np.stack([a, b, a + b]), rate=RATE, tempo_ratio=1.1)
    error = parts[0] + parts[1] - parts[2]
    assert np.sqrt(np.mean(error**2)) < 0.1 * np.sqrt(np.mean(parts[2] ** 2))


@pytest.mark.parametrize(("a", "b"), [(44_100, 48_000), (48_000, 44_100), (96_000, 44_100)])
def test_resampling_keeps_tone_level_and_place(a: int, b: int) -> None:
    x = np.sin(2 * np.pi * 997 * np.arange(a) / a).astype(np.float32)[None]
    y = resample(x, from_rate=a, to_rate=b)
    assert y.shape == (1, b)
    wanted = np.sin(2 * np.pi * 997 * np.arange(b) / b)
    assert np.abs(y[0] - wanted)[1_000:-1_000].max() < 1e-5
    assert resample(x, from_rate=a, to_rate=a) is x
    assert resample(x[:, :0], from_rate=a, to_rate=b).shape == (1, 0)
