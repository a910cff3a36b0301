"""Settings put right by listening."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.dsp.loudness import integrated_lufs
from engine.errors import PackError
from engine.inference.production import ProductionModel, strip_for
from engine.inference.production_chain import IDS, SETTINGS, apply_strip, encode, neutral, to_strip
from engine.inference.production_features import SIZE, features
from engine.inference.production_fit import FILE, Scatter, fitted, read_scatter, scatter_of
from engine.inference.style_reference import Reference, style_like
from tests.unit.engine.inference.synthetic_song import RATE, song

PACK = Path(__file__).resolve().parents[4] / "onnx_models" / "style-production"


@pytest.fixture(scope="module")
def stem() -> np.ndarray:
    return song(4.0)["other"]


@pytest.fixture(scope="module")
def shipped() -> Scatter:
    found = read_scatter(PACK)
    assert found is not None
    return found


def listener(stem: np.ndarray):
    lufs = integrated_lufs(stem, rate=RATE)
    return lambda coded: features(apply_strip(stem, to_strip(coded, lufs=lufs), rate=RATE), rate=RATE)


def test_errors_in_width_and_reverberation_are_found_and_taken_back(stem: np.ndarray, shipped: Scatter) -> None:
    listen = listener(stem)
    true = encode({"width": 1.6, "reverb_mix": 0.35, "reverb_decay_s": 2.0})
    said = encode({"width": 1.0, "reverb_mix": 0.1, "reverb_decay_s": 2.0})
    target = listen(true)
    found, heard = fitted(said, heard=listen(said), target=target, scatter=shipped, listen=listen, probe=listen)
    assert np.array_equal(heard, listen(found))
    for name in ("width", "reverb_mix"):
        at = IDS.index(name)
        assert abs(found[at] - true[at]) < 0.9 * abs(said[at] - true[at]), name
    spread = np.sqrt(np.diag(shipped.features))
    assert np.mean(np.abs(heard - target) / spread) < 0.9 * np.mean(np.abs(listen(said) - target) / spread)
    assert 0.0 <= float(found.min()) <= float(found.max()) <= 1.0


def test_what_is_right_already_stays(stem: np.ndarray, shipped: Scatter) -> None:
    listen = listener(stem)
    said = encode({"ratio": 3.0, "width": 1.2})
    heard = listen(said)
    found, behind = fitted(said, heard=heard, target=heard, scatter=shipped, listen=listen, probe=listen)
    assert np.allclose(found, said, atol=1e-5)
    assert np.allclose(behind, heard, atol=1e-3)


def test_a_step_that_makes_it_worse_is_not_taken(shipped: Scatter) -> None:
    said = neutral()
    still = np.zeros(SIZE, np.float32)

    def misleading(coded: np.ndarray) -> np.ndarray:
        return still + 40.0 * float(np.abs(coded - said).sum())

    def slopes(coded: np.ndarray) -> np.ndarray:
        return still - 20.0 * float((coded - said).sum())

    target = still - 5.0
    found, behind = fitted(said, heard=still, target=target, scatter=shipped, listen=misleading, probe=slopes)
    assert np.array_equal(found, said)
    assert np.array_equal(behind, still)


def test_scatter_is_a_covariance_that_can_be_inverted() -> None:
    rng = np.random.default_rng(1)
    found = scatter_of(
        rng.normal(0.0, 0.2, (30, len(SETTINGS))).astype(np.float32),
        rng.normal(0.0, 4.0, (30, SIZE)).astype(np.float32),
    )
    assert np.allclose(np.sqrt(np.diag(found.settings)), 0.2, rtol=0.6)
    assert float(np.linalg.eigvalsh(found.features.astype(np.float64)).min()) > 0.0


def test_a_damaged_scatter_is_refused_and_a_missing_one_is_none(tmp_path: Path) -> None:
    assert read_scatter(tmp_path) is None
    (tmp_path / FILE).write_bytes(bytes(100))
    with pytest.raises(PackError, match="scatter"):
        read_scatter(tmp_path)


def test_a_style_that_was_heard_in_a_recording_comes_nearer_to_it(stem: np.ndarray) -> None:
    model = ProductionModel(PACK, provider="cpu")
    listen = listener(stem)
    target = listen(encode({"width": 1.7, "reverb_mix": 0.4, "reverb_decay_s": 2.5, "drive_db": 8.0}))
    heard = Reference(targets={"other": tuple(float(v) for v in target)}, balance_db={}, low_share=0.2)
    style = style_like(heard, style_id="own-like", name="Like", title="x")

    def away(*, finely: bool) -> float:
        strip, _ = strip_for(
            model, stem, rate=RATE, style=style, role="other", amount=1.0, tempo_bpm=100.0, finely=finely
        )
        found = features(apply_strip(stem, strip, rate=RATE), rate=RATE)
        spread = np.sqrt(np.diag(model.scatter.features)) if model.scatter is not None else np.ones(SIZE)
        return float(np.mean(np.abs(found - target) / spread))

    assert away(finely=True) < away(finely=False)
