"""The compressor's static curve, timing, linking and blocks."""

from __future__ import annotations

import numpy as np
import pytest

from engine.dsp.dynamics import compress

RATE = 48_000


def tone(level_db: float, frames: int = RATE) -> np.ndarray:
    # A square wave: its peak is its level at every sample.
    square = np.where(np.arange(frames) // 24 % 2 == 0, 1.0, -1.0)
    return np.stack([square, -square]).astype(np.float32) * np.float32(10 ** (level_db / 20))


def level_db(x: np.ndarray) -> float:
    return 20 * float(np.log10(np.abs(x[:, -1000:]).max()))


@pytest.mark.parametrize(
    ("level", "wanted"), [(-40.0, -40.0), (-24.0, -24.0), (-10.0, -17.5), (0.0, -15.0), (-20.0, -20.5625)]
)
def test_the_static_curve(level: float, wanted: float) -> None:
    # Threshold -20 dB, 4:1, knee 6 dB: at the threshold the reduction is 0.75 * 3^2 / 12 dB.
    y, _ = compress(tone(level), rate=RATE, threshold_db=-20, ratio=4)
    assert level_db(y) == pytest.approx(wanted, abs=0.02)


def test_attack_and_release_take_their_time() -> None:
    x = np.concatenate([tone(-40), tone(-10), tone(-40)], axis=1)
    y, _ = compress(x, rate=RATE, threshold_db=-20, ratio=4, attack_s=0.02, release_s=0.1)
    gain_db = 20 * np.log10(np.abs(y[0]) / np.abs(x[0]))
    reached = 1 - np.exp(-1)
    assert gain_db[RATE + round(0.02 * RATE)] == pytest.approx(-7.5 * reached, abs=0.05)
    assert gain_db[2 * RATE + round(0.1 * RATE)] == pytest.approx(-7.5 * (1 - reached), abs=0.05)


def test_sides_are_linked_and_makeup_is_added() -> None:
    x = tone(-10)
    x[1] *= 0.01
    y, _ = compress(x, rate=RATE, threshold_db=-20, ratio=4, makeup_db=3.0)
    assert np.allclose(y[1] / x[1], y[0] / x[0], rtol=1e-5)
    assert level_db(y) == pytest.approx(-14.5, abs=0.02)


def test_a_ratio_of_one_does_nothing(rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, 5_000)).astype(np.float32)
    assert np.array_equal(compress(x, rate=RATE, threshold_db=-60, ratio=1)[0], x)


def test_state_carries_over_blocks(rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, 5_000)).astype(np.float32)
    whole, _ = compress(x, rate=RATE, threshold_db=-20, ratio=3)
    first, state = compress(x[:, :777], rate=RATE, threshold_db=-20, ratio=3)
    second, _ = compress(x[:, 777:], rate=RATE, threshold_db=-20, ratio=3, state=state)
    assert np.array_equal(np.concatenate([first, second], axis=1), whole)
