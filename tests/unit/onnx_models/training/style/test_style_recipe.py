"""The recipe of the production model: its material, its examples, its measure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.dsp.loudness import integrated_lufs
from engine.inference.production_chain import IDS, decode
from engine.inference.production_features import SIZE
from onnx_models.training.style import dataset
from onnx_models.training.style.chains import draw
from onnx_models.training.style.evaluate import distance, evaluate, matched, matchering_like
from onnx_models.training.style.material import RATE, ROLES, Library, Stem


@pytest.fixture(scope="module")
def library() -> Library:
    root = Path(__file__).resolve().parents[6] / "shared" / "samples"
    if not root.is_dir():
        pytest.skip("the sample kit is not beside this repository")
    return Library(root)


def test_recordings_that_judge_are_never_used(library: Library) -> None:
    names = [f.name for f in library.folders]
    assert names
    assert not [n for n in names if n.endswith(("eif_caesium", "eif_lithium"))]
    for role in ROLES:
        kinds = {f.held_out for f in library.folders if f.role == role}
        assert kinds == {True, False}


def test_two_sections_of_a_stem_sound_alike_and_are_not_the_same(library: Library) -> None:
    rng = np.random.default_rng(2)
    stem = Stem(library, "drums", rng, held_out=False)
    first, second = stem.section(rng, seconds=5.0), stem.section(rng, seconds=5.0)
    assert first.shape == second.shape == (2, int(5.0 * RATE))
    assert not np.array_equal(first, second)
    assert abs(integrated_lufs(first, rate=RATE) - integrated_lufs(second, rate=RATE)) < 6.0


def test_settings_are_drawn_within_range_and_by_seed() -> None:
    first, again = (draw(np.random.default_rng(4)) for _ in range(2))
    assert np.array_equal(first, again)
    many = np.stack([draw(np.random.default_rng(k)) for k in range(200)])
    assert many.shape == (200, len(IDS))
    assert np.all((many >= 0.0) & (many <= 1.0))
    ratios = np.array([decode(v)["ratio"] for v in many])
    assert 0.2 < np.mean(ratios == 1.0) < 0.6


def test_a_shard_depends_on_seed_and_index_alone(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "STEMS_A_SHARD", 2)
    monkeypatch.setattr(dataset, "CHAINS_A_STEM", 2)
    first, again, other = (dataset.render_shard(library, seed=5, index=i) for i in (0, 0, 1))
    assert first["reference"].shape[1] == SIZE
    for name, values in first.items():
        assert np.array_equal(values, again[name])
    assert not np.array_equal(first["coded"], other["coded"])


def test_a_trial_has_the_same_chain_at_each_length_and_an_oracle_closes_the_gap(library: Library) -> None:
    drawn: list[np.ndarray] = []

    def predict(given: np.ndarray, reference: np.ndarray) -> np.ndarray:
        drawn.append(np.array(chain))
        return drawn[-1]

    figures = []
    for seconds in (3.0, 5.0):
        chain = draw(np.random.default_rng([11, 98, 1]))
        figures.append(evaluate(library, predict, seed=11, trials=1, seconds=seconds))
    assert [each.seconds for each in figures] == [3.0, 5.0]
    for each in figures:
        assert each.gap_closed_model > 0.99
        assert each.distance_input > each.distance_oracle


def test_the_measure_is_zero_for_the_same_and_the_baseline_moves_towards_the_target() -> None:
    rng = np.random.default_rng(0)
    noise = (0.05 * rng.normal(size=(2, 2 * RATE))).astype(np.float32)
    dull = np.cumsum(noise, axis=1).astype(np.float32)
    dull = matched((dull - dull.mean(axis=1, keepdims=True)).astype(np.float32), noise)
    assert distance(noise, noise) < 1e-6
    assert distance(matchering_like(dull, noise), noise) < 0.5 * distance(dull, noise)
