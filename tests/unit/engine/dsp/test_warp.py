"""Warped sound is where its markers say, and nobody hears where one tempo ends and the next begins."""

from __future__ import annotations

import numpy as np
import pytest

from engine.dsp.warp import warp
from engine.errors import Cancelled, EngineError
from engine.types import Audio

RATE = 48_000
MS = RATE / 1000

BEATS = [(0.0, 0.0), (1.0, 1.1), (2.0, 2.0), (2.5, 2.55), (3.0, 3.3), (4.0, 4.0), (6.0, 6.4), (8.0, 8.0)]


def anchors(pairs: list[tuple[float, float]] = BEATS) -> list[tuple[float, float]]:
    return [(source * RATE, out * RATE) for source, out in pairs]


def at(source_s: float) -> float:
    return float(np.interp(source_s, [p[0] for p in BEATS], [p[1] for p in BEATS]))


def envelope(x: Audio, frames: int = 480) -> np.ndarray:
    return np.sqrt(np.convolve(x.astype(np.float64) ** 2, np.ones(frames) / frames, mode="same"))


def test_clicks_land_within_a_millisecond_of_where_the_markers_say() -> None:
    places = np.arange(1, 32) * 0.25
    x = np.zeros((2, 8 * RATE), np.float32)
    for place in places:
        x[:, int(place * RATE)] = 1.0
    y = warp(x, rate=RATE, anchors=anchors())
    assert y.shape == (2, 8 * RATE)
    for place in places:
        wanted = at(place) * RATE
        low = int(wanted) - 2_000
        found = int(np.argmax(np.abs(y[0, low : low + 4_000]))) + low
        assert abs(found - wanted) < MS, place


@pytest.mark.parametrize("freq", [55.0, 110.0, 441.0, 1_003.0])
def test_a_tone_goes_over_the_seams_without_a_hole_or_a_click(freq: float) -> None:
    x = (0.5 * np.sin(2 * np.pi * freq * np.arange(8 * RATE) / RATE)).astype(np.float32)[None]
    y = warp(x, rate=RATE, anchors=anchors())[0]
    level = envelope(y, max(480, round(2 * RATE / freq)))[RATE // 4 : -RATE // 4]
    assert level.min() > 0.5 / 2**0.5 * 0.7
    assert level.max() < 0.5 / 2**0.5 * 1.3
    # A click is energy where the tone has none.
    spectrum = np.abs(np.fft.rfft(y * np.hanning(y.size))) ** 2
    top = int(8_000 * y.size / RATE)
    assert spectrum[top:].sum() < 1e-7 * spectrum.sum()


def test_what_keeps_its_tempo_is_not_touched(rng: np.random.Generator) -> None:
    x = (0.2 * rng.standard_normal((2, 4 * RATE))).astype(np.float32)
    pairs = [(0.0, 0.0), (1.0, 1.0), (2.0, 2.0), (3.0, 3.2), (4.0, 4.0)]
    y = warp(x, rate=RATE, anchors=anchors(pairs))
    assert np.array_equal(y[:, : int(1.9 * RATE)], x[:, : int(1.9 * RATE)])


def test_stems_still_sum_to_their_mixture(rng: np.random.Generator) -> None:
    time_s = np.arange(8 * RATE) / RATE
    tone = 0.3 * np.sin(2 * np.pi * 220 * time_s)
    noise = 0.05 * rng.standard_normal(time_s.size)
    together = warp(np.stack([tone, noise, tone + noise]).astype(np.float32), rate=RATE, anchors=anchors())
    error = together[0] + together[1] - together[2]
    # The stretcher itself is linear to about this: its channels share phases, and magnitudes do not add exactly.
    assert np.sqrt(np.mean(error**2)) < 0.2 * np.sqrt(np.mean(together[2] ** 2))


def test_the_pitch_moves_and_the_places_stay() -> None:
    x = (0.5 * np.sin(2 * np.pi * 440 * np.arange(8 * RATE) / RATE)).astype(np.float32)[None]
    y = warp(x, rate=RATE, anchors=anchors([(0.0, 0.0), (4.0, 4.2), (8.0, 8.0)]), semitones=3.0)[0]
    part = y[RATE : RATE + (1 << 16)]
    spectrum = np.abs(np.fft.rfft(part * np.hanning(part.size), 1 << 20))
    freq = float(np.argmax(spectrum)) * RATE / (1 << 20)
    assert abs(1200 * np.log2(freq / 440) - 300) < 5.0


def test_markers_on_a_line_are_one_stretch() -> None:
    x = (0.5 * np.sin(2 * np.pi * 440 * np.arange(4 * RATE) / RATE)).astype(np.float32)[None]
    many = [(t, t * 1.1) for t in np.linspace(0, 4, 41)]
    assert np.array_equal(
        warp(x, rate=RATE, anchors=anchors(many)), warp(x, rate=RATE, anchors=anchors([many[0], many[-1]]))
    )


@pytest.mark.parametrize(
    "pairs", [[(0.0, 0.0)], [(0.0, 0.0), (2.0, 1.0), (1.0, 2.0)], [(0.5, 0.0), (4.0, 4.0)], [(0.0, 0.0), (3.0, 4.0)]]
)
def test_markers_out_of_order_are_refused(pairs: list[tuple[float, float]]) -> None:
    with pytest.raises(EngineError) as refused:
        warp(np.zeros((1, 4 * RATE), np.float32), rate=RATE, anchors=anchors(pairs))
    assert refused.value.code == "warp-anchors"


def test_it_stops_when_asked() -> None:
    with pytest.raises(Cancelled):
        warp(np.zeros((1, 8 * RATE), np.float32), rate=RATE, anchors=anchors(), cancelled=lambda: True)
