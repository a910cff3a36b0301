"""Loudness against pyloudnorm and the figures of EBU Tech 3341; true peaks against sines whose peaks are known."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pyloudnorm
import pytest

from engine.dsp import loudness
from engine.io.decode import decode


def sine(freq_hz: float, level_db: float, seconds: float, rate: int) -> np.ndarray:
    t = np.arange(round(seconds * rate)) / rate
    return np.stack([10 ** (level_db / 20) * np.sin(2 * np.pi * freq_hz * t)] * 2).astype(np.float32)


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_programme_with_quiet_and_loud_parts_agrees_with_pyloudnorm(rng: np.random.Generator, rate: int) -> None:
    parts = [rng.standard_normal((2, rate * 2)) * gain for gain in (0.1, 0.001, 0.02, 0.3, 0.0)]
    x = np.concatenate(parts, axis=1).astype(np.float32)
    ours = loudness.integrated_lufs(x, rate=rate)
    assert ours == pytest.approx(pyloudnorm.Meter(rate).integrated_loudness(x.T.astype(np.float64)), abs=0.1)


def test_a_recording_agrees_with_pyloudnorm(shared: Path) -> None:
    sound = decode(shared / "audio" / "kevin_macleod_vibe_ace.ogg")
    x = sound.samples[:, : 20 * sound.rate]
    theirs = pyloudnorm.Meter(sound.rate).integrated_loudness(x.T.astype(np.float64))
    assert loudness.integrated_lufs(x, rate=sound.rate) == pytest.approx(theirs, abs=0.1)


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000, 192_000])
def test_tech_3341_case_1_and_2(rate: int) -> None:
    for level in (-23.0, -33.0):
        x = sine(1000.0, level, 5.0, rate)
        assert loudness.integrated_lufs(x, rate=rate) == pytest.approx(level, abs=0.1)
        assert loudness.momentary(x, rate=rate)[10:] == pytest.approx(level, abs=0.1)
        assert loudness.short_term(x, rate=rate) == pytest.approx(level, abs=0.1)


def test_tech_3341_case_3_is_gated() -> None:
    x = np.concatenate([sine(1000, level, s, 48_000) for level, s in ((-36, 10), (-23, 60), (-36, 10))], axis=1)
    assert loudness.integrated_lufs(x, rate=48_000) == pytest.approx(-23.0, abs=0.1)


def test_silence_and_scraps_have_a_loudness() -> None:
    assert loudness.integrated_lufs(np.zeros((2, 48_000), np.float32), rate=48_000) == -math.inf
    assert loudness.integrated_lufs(np.zeros((2, 0), np.float32), rate=48_000) == -math.inf
    assert loudness.integrated_lufs(sine(1000, -23, 0.25, 48_000), rate=48_000) == pytest.approx(-23.0, abs=0.3)
    assert loudness.momentary(np.zeros((2, 100), np.float32), rate=48_000).size == 0
    assert loudness.true_peak_dbtp(np.zeros((2, 100), np.float32), rate=48_000) == -math.inf


def test_block_powers_add_up_to_the_loudness_of_each_block(rng: np.random.Generator) -> None:
    x = (rng.standard_normal((2, 48_000 * 2 + 5_000)) * 0.1).astype(np.float32)
    powers = loudness.block_powers(x, rate=48_000)
    assert powers.shape == (6,)
    weighted = loudness.k_weight(x, rate=48_000).astype(np.float64)
    for k in range(5):
        block = weighted[:, k * 19_200 : (k + 1) * 19_200]
        assert powers[k] == pytest.approx(np.sum(np.mean(block**2, axis=1)), rel=1e-5)
    assert powers[5] == pytest.approx(np.sum(weighted[:, 96_000:] ** 2) / 19_200, rel=1e-5)


def test_block_edges_do_not_drift_at_odd_rates(rng: np.random.Generator) -> None:
    x = (rng.standard_normal((1, 44_107 * 20)) * 0.1).astype(np.float32)
    assert loudness.block_powers(x, rate=44_107).shape == (50,)


def test_a_meter_fed_in_scraps_reads_the_same(rng: np.random.Generator) -> None:
    x = (rng.standard_normal((2, 48_000 * 4)) * 0.1).astype(np.float32)
    meter = loudness.LoudnessMeter(2, rate=48_000)
    peak = loudness.TruePeakMeter(2)
    at = 0
    while at < x.shape[1]:
        step = int(rng.integers(1, 3_000))
        meter.process(x[:, at : at + step])
        peak.process(x[:, at : at + step])
        at += step
    assert meter.integrated_lufs() == pytest.approx(loudness.integrated_lufs(x, rate=48_000), abs=1e-6)
    assert meter.window_lufs(3.0) == pytest.approx(loudness.short_term(x, rate=48_000)[-1], abs=1e-6)
    assert peak.finish() == pytest.approx(loudness.true_peak_dbtp(x, rate=48_000), abs=1e-6)


@pytest.mark.parametrize(("divisor", "phase_deg"), [(4, 0), (4, 45), (4, 60), (6, 45), (8, 45), (12, 10)])
def test_tech_3341_true_peaks_of_sines(divisor: int, phase_deg: float) -> None:
    n = np.arange(48_000)
    fade = np.minimum(1.0, np.minimum(n, n[::-1]) / 5_000)
    x = (0.5 * fade * np.sin(2 * np.pi * n / divisor + np.deg2rad(phase_deg))).astype(np.float32)[None]
    # Tech 3341 allows +0.2 and -0.4 dB.
    assert loudness.true_peak_dbtp(x, rate=48_000) == pytest.approx(-6.02, abs=0.2)


@pytest.mark.parametrize("seconds", [0.2, 6.03])
@pytest.mark.parametrize("gain_db", [-12.0, -1.5, 0.0, 6.0])
def test_a_blend_is_as_loud_as_the_sum(rng: np.random.Generator, gain_db: float, seconds: float) -> None:
    fixed, moved = (rng.standard_normal((2, round(seconds * 44_100))).astype(np.float32) * 0.1 for _ in range(2))
    fixed[:, : fixed.shape[1] // 3] *= 0.001
    moved -= 0.5 * fixed
    gain = 10 ** (gain_db / 20)
    whole = loudness.integrated_lufs(fixed + np.float32(gain) * moved, rate=44_100)
    assert loudness.Blend(fixed, moved, rate=44_100).lufs(gain) == pytest.approx(whole, abs=0.01)


def test_a_blend_of_silence_has_no_loudness() -> None:
    silence = np.zeros((2, 44_100), np.float32)
    assert loudness.Blend(silence, silence, rate=44_100).lufs(1.0) == -math.inf
