"""What is done to stems while training runs."""

from __future__ import annotations

import numpy as np
import pytest

from onnx_models.training.separation import augment
from onnx_models.training.separation.library import RATE


def tone(hertz: float, seconds: float) -> np.ndarray:
    wave = np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE) * 16000
    return np.stack([wave, wave]).astype("<i2")


def pitch(audio: np.ndarray) -> float:
    """Frequency of the strongest bin, Hz."""
    size = np.abs(np.fft.rfft(audio[0] * np.hanning(audio.shape[1]), 1 << 17))
    return float(size.argmax() * RATE / (1 << 17))


def test_a_cut_at_its_own_speed_is_the_source() -> None:
    source = tone(440, 2)
    assert np.array_equal(augment.cut(source, 100, 1.0, 5000), source[:, 100:5100] / np.float32(32768))


@pytest.mark.parametrize("speed", [0.5, 1.5])
def test_speed_moves_the_pitch(speed: float) -> None:
    assert pitch(augment.cut(tone(440, 3), 0, speed, RATE)) == pytest.approx(440 * speed, rel=2e-3)


def test_speeds_that_change_are_followed_sample_by_sample() -> None:
    speed = np.concatenate([np.full(RATE, 1.0), np.full(RATE, 2.0)])
    audio = augment.cut(tone(440, 4), 0, speed, 2 * RATE)
    assert pitch(audio[:, :RATE]) == pytest.approx(440, rel=2e-3)
    assert pitch(audio[:, RATE:]) == pytest.approx(880, rel=2e-3)


def test_a_passage_that_is_too_short_is_wrapped() -> None:
    source = tone(440, 0.5)
    audio = augment.cut(source, 0, 1.0, RATE)
    assert audio.shape == (2, RATE)
    assert np.array_equal(audio[:, source.shape[1] :], audio[:, : RATE - source.shape[1]])


def test_falls_stay_within_an_octave_and_move() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        speed = augment.falls(rng, 2 * RATE)
        assert speed.shape == (2 * RATE,)
        assert 0.5 <= speed.min() < speed.max() <= 2.0


def test_a_gate_shuts_and_opens_without_adding_anything() -> None:
    steady = np.ones((2, 3 * RATE), np.float32)
    shut = 0
    for seed in range(12):
        gated = augment.gate(steady, np.random.default_rng(seed))
        assert gated.max() <= 1.0 + 1e-5
        assert gated.max() > 0.99
        shut += gated.min() < 0.3
    assert shut >= 10


def test_saturation_keeps_the_peak_and_adds_harmonics() -> None:
    audio = tone(440, 1) / np.float32(32768)
    driven = augment.saturate(audio, np.random.default_rng(3))
    assert float(np.abs(driven).max()) == pytest.approx(float(np.abs(audio).max()), rel=1e-3)
    assert float((driven**2).mean()) > float((audio**2).mean())


def test_width_leaves_the_middle_alone() -> None:
    audio = np.random.default_rng(0).standard_normal((2, 1000)).astype(np.float32)
    wide = augment.widen(audio, np.random.default_rng(1))
    assert np.allclose(wide.mean(0), audio.mean(0), atol=1e-6)
    assert not np.allclose(wide, audio)


def test_a_sampler_plays_slices_again_and_lets_each_cut_the_last_off() -> None:
    rng = np.random.default_rng(0)
    source = rng.normal(0, 0.1, (2, 3 * RATE)).astype(np.float32)
    repeats = silent = 0
    for seed in range(20):
        out = augment.sampled(source, np.random.default_rng(seed))
        assert out.shape == source.shape
        assert np.abs(out).max() <= np.abs(source).max() + 1e-6
        envelope = np.abs(out[0]).reshape(-1, 63).max(1)
        silent += bool((envelope == 0).any())
        power = np.abs(np.fft.rfft(out[0], 1 << 18)) ** 2
        self_likeness = np.fft.irfft(power)
        repeats += bool(self_likeness[RATE // 20 : 2 * RATE].max() > 0.3 * self_likeness[0])
    assert repeats >= 4
    assert silent >= 10


def test_what_is_held_goes_round_without_a_step() -> None:
    position = augment.hold(np.arange(5000.0), 1000.0, 300.0)
    assert np.array_equal(position[:1000], np.arange(1000.0))
    assert position[1000:].min() >= 1000 - 1e-9
    assert position.max() <= 1300 + 1e-9
    assert np.abs(np.diff(position)).max() <= 1 + 1e-9


def test_what_is_read_behind_the_end_is_silent() -> None:
    audio = np.ones((2, 100), np.float32)
    out = augment.read(audio, np.arange(200.0))
    assert np.array_equal(out[:, :98], audio[:, :98])
    assert not out[:, 100:].any()


def test_a_bed_is_the_passage_or_a_grain_of_it_that_never_ends() -> None:
    source = np.random.default_rng(0).normal(0, 0.1, (2, 3 * RATE)).astype(np.float32)
    source[:, RATE * 2 :] = 0
    same = held = 0
    for seed in range(20):
        out = augment.bed(source, np.random.default_rng(seed))
        assert out.shape == source.shape
        if np.array_equal(out, source):
            same += 1
        else:
            held += 1
            assert np.abs(out[0]).reshape(-1, RATE // 10).max(1).min() > 0.1
    assert same >= 4
    assert held >= 4


def test_doubles_stand_at_the_sides_late_and_out_of_tune() -> None:
    audio = augment.cut(tone(440, 3), 0, 1.0, 2 * RATE)
    left_out = 0
    for seed in range(12):
        made = augment.doubled(audio, np.random.default_rng(seed))
        side = (made[0] - made[1]) / 2
        assert made.shape == audio.shape
        assert made.dtype == np.float32
        # A mono line has no side; its doubles have one, of nearly the same pitch.
        assert np.sqrt((side**2).mean()) > 0.05 * np.sqrt((audio**2).mean())
        assert pitch(side[None]) == pytest.approx(440, rel=0.02)
        left_out += float((made.mean(0) * audio[0]).sum()) < 0.5 * float((audio[0] ** 2).sum())
    # Now and then the line between them is left out.
    assert 0 < left_out < 12


def test_what_lies_lowest_is_lifted_and_the_whole_lowered() -> None:
    n_fft, bins = 2048, 768
    frequencies = np.arange(bins) * RATE / n_fft
    for seed in range(20):
        shelf = 20 * np.log10(augment.sub(np.random.default_rng(seed), bins=bins, n_fft=n_fft))
        lift = shelf[0] - shelf[-1]
        assert 3 <= lift <= 15.2
        assert shelf[-1] == pytest.approx(-0.4 * lift, rel=0.05)
        # Half of the lift is reached between the corners, and none is left an octave above.
        assert 45 <= frequencies[int(np.argmin(np.abs(shelf - (shelf[0] + shelf[-1]) / 2)))] <= 135
        assert np.all(np.diff(shelf) <= 1e-4)
