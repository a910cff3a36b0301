"""The jury: its figures, its transform and its bounds."""

from __future__ import annotations

import numpy as np
import pytest

from onnx_models.training.separation import judge


def noise(rng: np.random.Generator, frames: int = 20_000) -> judge.Samples:
    return (rng.standard_normal((2, frames)) * 0.1).astype(np.float32)


def test_sdr_is_the_ratio_of_energies(rng: np.random.Generator) -> None:
    true = noise(rng)
    assert judge.sdr(true, true * np.float32(0.9)) == pytest.approx(20.0, abs=0.01)
    assert judge.sdr(true, np.zeros_like(true)) == pytest.approx(0.0, abs=1e-6)


def test_si_sdr_forgives_gain_and_nothing_else(rng: np.random.Generator) -> None:
    true, other = noise(rng), noise(rng, 20_000)
    assert judge.si_sdr(true, true * np.float32(0.3)) > 60
    assert judge.si_sdr(true, true + other) == pytest.approx(0.0, abs=0.3)


def test_the_transform_is_undone(rng: np.random.Generator) -> None:
    signal = noise(rng, 33_333)
    back = judge.istft(judge.stft(signal), signal.shape[1])
    assert float(np.abs(back - signal).max()) < 1e-5


def test_the_bounds_stand_in_order() -> None:
    rng = np.random.default_rng(2)
    frames = 3 * judge.RATE
    time = np.arange(frames) / judge.RATE
    stems = np.zeros((4, 2, frames), np.float32)
    stems[0] = 0.2 * np.sin(2 * np.pi * 440 * time)
    stems[2] = 0.2 * np.sin(2 * np.pi * 60 * time)
    clicks = rng.standard_normal((2, frames)) * np.exp(-(time % 0.5) * 60)
    stems[1] = 0.2 * clicks
    stems[3, 0] = 0.1 * np.sin(2 * np.pi * 1500 * time)
    clip = judge.Clip("made", stems.astype(np.float32))
    assert clip.present() == [0, 1, 2, 3]
    mixture = judge.average(judge.judge([clip], lambda mix: np.repeat(mix[None], 4, axis=0)))
    classical = judge.average(judge.judge([clip], judge.baseline))
    ideal = judge.average(judge.judge([clip], lambda mix: judge.ideal_ratio(clip)))
    assert mixture < classical < ideal


def test_the_baseline_sums_to_the_mixture(rng: np.random.Generator) -> None:
    mixture = noise(rng, 50_000)
    assert float(np.abs(judge.baseline(mixture).sum(0) - mixture).max()) < 1e-5
