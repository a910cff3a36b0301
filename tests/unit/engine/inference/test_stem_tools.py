"""Tools on stems: exact sums, and what each of them is for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import InferenceError
from engine.inference import stem_tools
from engine.inference.stem_tools import balanced, clean, clean_task, mix_task, mono_below
from engine.io.pcm import write_pcm
from engine.types import Audio, PcmRef

RATE = 44_100


def quiet(fraction: float, note: str) -> None:
    """Nobody watches."""


def power_db(values: Audio) -> float:
    return 10.0 * float(np.log10((values.astype(np.float64) ** 2).mean() + 1e-20))


def two_with_bleed(frames: int = 60_000, bleed: float = 0.05) -> tuple[Audio, Audio]:
    """A tone and a noise band by turns, and the same with a little of each in the other."""
    time = np.arange(frames) / RATE
    rng = np.random.default_rng(2)
    tone = np.sin(2 * np.pi * 440 * time) * (np.sin(2 * np.pi * 2 * time) > 0) * 0.5
    hiss = rng.standard_normal(frames) * 0.2 * (np.sin(2 * np.pi * 2 * time) <= 0)
    true = np.stack([np.stack([tone, tone]), np.stack([hiss, -hiss])]).astype(np.float32)
    mixed = np.stack([(1 - bleed) * true[0] + bleed * true[1], bleed * true[0] + (1 - bleed) * true[1]])
    return true, mixed.astype(np.float32)


def test_cleaning_takes_bleed_out_and_keeps_the_sum() -> None:
    true, mixed = two_with_bleed()
    made = clean(mixed, threshold_db=-18)
    assert np.abs(made.sum(0, dtype=np.float64) - mixed.sum(0, dtype=np.float64)).max() < 1e-6
    for index in range(2):
        before, after = power_db(mixed[index] - true[index]), power_db(made[index] - true[index])
        assert after < before - 8


def test_a_low_threshold_leaves_what_is_not_faint() -> None:
    rng = np.random.default_rng(3)
    stems = (rng.standard_normal((3, 2, 30_000)) * 0.1).astype(np.float32)
    made = clean(stems, threshold_db=-60)
    assert power_db(made - stems) < power_db(stems) - 60


@pytest.mark.parametrize("frames", [1, 511, 2048, 44_101])
def test_any_length_comes_out_as_long(frames: int) -> None:
    rng = np.random.default_rng(4)
    stems = (rng.standard_normal((2, 2, frames)) * 0.1).astype(np.float32)
    made = clean(stems, threshold_db=-24)
    assert made.shape == stems.shape
    assert np.abs(made.sum(0, dtype=np.float64) - stems.sum(0, dtype=np.float64)).max() < 1e-6
    assert mono_below(stems[0], rate=RATE, hz=120).shape == (2, frames)


def test_silence_stays_silent() -> None:
    assert not clean(np.zeros((4, 2, 9000), np.float32), threshold_db=-12).any()


def test_lows_become_mono_and_highs_stay_wide() -> None:
    time = np.arange(RATE) / RATE
    low, high = np.sin(2 * np.pi * 50 * time), np.sin(2 * np.pi * 2000 * time)
    stem = np.stack([0.3 * low + 0.2 * high, -0.3 * low - 0.2 * high]).astype(np.float32)
    made = mono_below(stem, rate=RATE, hz=150)
    side = (made[0] - made[1]) / 2
    inner = slice(4096, -4096)
    assert power_db(side[inner] - 0.2 * high[inner].astype(np.float32)) < -70
    assert np.abs((made.sum(0) - stem.sum(0))[inner]).max() < 1e-6


def test_balance_is_a_weighted_sum() -> None:
    rng = np.random.default_rng(5)
    stems = rng.standard_normal((3, 2, 100)).astype(np.float32)
    made = balanced(stems, [6.0206, -np.inf, 0.0])
    assert np.allclose(made, 2 * stems[0] + stems[2], atol=1e-4)


def refs(stems: Audio, folder: Path) -> dict[str, PcmRef]:
    return {f"s{i}": write_pcm(stem, folder / f"s{i}.f32", rate=RATE) for i, stem in enumerate(stems)}


def test_blocks_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, mixed = two_with_bleed(70_000)
    whole = clean(mixed, threshold_db=-20)
    monkeypatch.setattr(stem_tools, "BLOCK", 32 * stem_tools.HOP)
    made = clean_task(
        stems=refs(mixed, tmp_path),
        out_dir=str(tmp_path / "out"),
        threshold_db=-20,
        progress=quiet,
        cancelled=lambda: False,
    )
    assert list(made.stems) == ["s0", "s1"]
    got = np.stack([np.array(ref.open()) for ref in made.stems.values()])
    assert np.abs(got - whole).max() < 1e-5
    assert made.sum_error_db < -120


def test_stems_of_different_lengths_are_named(tmp_path: Path) -> None:
    one = write_pcm(np.zeros((2, 100), np.float32), tmp_path / "a.f32", rate=RATE)
    two = write_pcm(np.zeros((2, 101), np.float32), tmp_path / "b.f32", rate=RATE)
    with pytest.raises(InferenceError) as caught:
        mix_task(
            stems=[one, two],
            gains_db=[0, 0],
            out_path=str(tmp_path / "mix.f32"),
            progress=quiet,
            cancelled=lambda: False,
        )
    assert caught.value.code == "stems-differ"
    assert not (tmp_path / "mix.f32").exists()
