"""The production operator: features, settings, strips, model, balance."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest

from engine.dsp.effects import EFFECTS, resolve
from engine.dsp.loudness import integrated_lufs
from engine.errors import PackError
from engine.inference.production import ProductionModel, excerpt, strip_for
from engine.inference.production_balance import balance, shares
from engine.inference.production_chain import IDS, SETTINGS, apply_strip, blend, decode, encode, neutral, to_strip
from engine.inference.production_features import BANDS, CENTRES_HZ, SIZE, features
from engine.inference.styles import TARGET_SIZE, load_style
from studio.project.model import Strip
from tests.unit.engine.inference.synthetic_song import RATE, song

PACK = Path(__file__).resolve().parents[4] / "onnx_models" / "style-production"


@pytest.fixture(scope="module")
def stems() -> dict[str, np.ndarray]:
    return song(8.0)


@pytest.fixture(scope="module")
def model() -> ProductionModel:
    return ProductionModel(PACK, provider="cpu")


def process(audio: np.ndarray, **values: float) -> np.ndarray:
    return apply_strip(audio, to_strip(encode(values), lufs=integrated_lufs(audio, rate=RATE)), rate=RATE)


def test_features_do_not_depend_on_level(stems: dict[str, np.ndarray]) -> None:
    loud, soft = (features(stems["drums"] * np.float32(g), rate=RATE) for g in (1.0, 0.1))
    assert loud.shape == (SIZE,) == (TARGET_SIZE,)
    assert np.max(np.abs(loud - soft)) < 0.2


def test_features_see_tone_width_and_dynamics(stems: dict[str, np.ndarray]) -> None:
    plain = features(stems["drums"], rate=RATE)
    bright = features(process(stems["drums"], high_shelf_hz=4000.0, high_shelf_db=8.0), rate=RATE)
    top = np.asarray(CENTRES_HZ) > 7000.0
    assert np.mean((bright - plain)[:BANDS][top]) > 2.0
    narrow = features(process(stems["drums"], width=0.3), rate=RATE)
    assert np.mean((narrow - plain)[BANDS : BANDS + 10]) < -5.0


@pytest.mark.parametrize("frames", [0, 100, 3000, 40_000])
def test_features_of_short_or_silent_sounds_are_finite(frames: int) -> None:
    assert np.all(np.isfinite(features(np.zeros((2, frames), np.float32), rate=RATE)))
    assert np.all(np.isfinite(features(np.full((1, frames), 0.3, np.float32), rate=RATE)))


def test_settings_survive_coding() -> None:
    values = {s.id: s.decode(0.37) for s in SETTINGS}
    assert decode(encode(values)) == pytest.approx(values, rel=1e-4)
    assert decode(encode({"ratio": 900.0}))["ratio"] == pytest.approx(8.0)


def test_settings_at_rest_change_nothing(stems: dict[str, np.ndarray]) -> None:
    strip = to_strip(neutral(), lufs=-20.0)
    assert strip["inserts"] == []
    assert np.array_equal(apply_strip(stems["drums"], strip, rate=RATE), stems["drums"])
    assert np.allclose(blend(encode({"ratio": 6.0}), 0.0), neutral())


@pytest.mark.parametrize("seed", range(5))
def test_any_settings_make_a_valid_strip_within_the_effects_ranges(seed: int) -> None:
    coded = np.random.default_rng(seed).uniform(size=len(IDS)).astype(np.float32)
    for lufs in (-55.0, -20.0, -3.0):
        strip = to_strip(coded, lufs=lufs)
        msgspec.convert(strip, Strip, strict=True)
        for insert in strip["inserts"]:
            assert insert["kind"] in EFFECTS
            full = resolve(insert["kind"], insert["parameters"])
            assert all(full[name] == pytest.approx(value) for name, value in insert["parameters"].items())


@pytest.mark.parametrize(
    ("values", "setting", "sign"),
    [
        ({"high_shelf_hz": 5000.0, "high_shelf_db": 8.0}, "high_shelf_db", 1),
        ({"high_shelf_hz": 5000.0, "high_shelf_db": -8.0}, "high_shelf_db", -1),
        ({"width": 0.2}, "width", -1),
        ({"reverb_mix": 0.45, "reverb_decay_s": 3.0}, "reverb_mix", 1),
        ({"low_pass_hz": 2500.0}, "low_pass_hz", -1),
    ],
)
def test_the_model_recognises_what_was_done(
    model: ProductionModel, stems: dict[str, np.ndarray], values: dict[str, float], setting: str, sign: int
) -> None:
    # Drums and chords together: something in every band and on both sides.
    given = (stems["drums"] + stems["other"]).astype(np.float32)
    target = features(process(given, **values), rate=RATE)
    there = decode(model.decide(given, rate=RATE, target=tuple(target)))[setting]
    here = decode(model.decide(given, rate=RATE, target=tuple(features(given, rate=RATE))))[setting]
    assert sign * (there - here) > 0.15 * abs(values[setting] - here)


def test_a_strip_brings_the_wanted_loudness(model: ProductionModel, stems: dict[str, np.ndarray]) -> None:
    style = load_style("house")
    strip, before = strip_for(
        model, stems["drums"], rate=RATE, style=style, role="drums", amount=1.0, tempo_bpm=120.0, wanted_lufs=-23.0
    )
    assert before == pytest.approx(integrated_lufs(stems["drums"], rate=RATE))
    after = integrated_lufs(apply_strip(stems["drums"], strip, rate=RATE), rate=RATE)
    assert after == pytest.approx(-23.0, abs=0.7)


def test_silence_gets_a_strip_at_rest(model: ProductionModel) -> None:
    silence = np.zeros((2, RATE), np.float32)
    strip, lufs = strip_for(
        model, silence, rate=RATE, style=load_style("dub"), role="other", amount=1.0, tempo_bpm=70.0
    )
    assert lufs == -np.inf
    assert strip["inserts"] == []


def test_synchronised_effects_follow_the_tempo(model: ProductionModel, stems: dict[str, np.ndarray]) -> None:
    strip, _ = strip_for(
        model, stems["other"], rate=RATE, style=load_style("dub"), role="other", amount=1.0, tempo_bpm=75.0
    )
    delay = next(i for i in strip["inserts"] if i["kind"] == "delay")
    assert delay["parameters"]["time_s"] == pytest.approx(0.75 * 60.0 / 75.0)


def test_a_pack_of_another_kind_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "style-production"
    shutil.copytree(PACK, folder)
    described = json.loads((folder / "pack.json").read_bytes())
    described["production"]["features_version"] = 99
    (folder / "pack.json").write_text(json.dumps(described), encoding="utf-8")
    with pytest.raises(PackError) as caught:
        ProductionModel(folder, provider="cpu")
    assert caught.value.code == "pack-invalid"


def test_the_shipped_model_beats_its_baseline(model: ProductionModel) -> None:
    whole = next(m for m in model.pack.metrics if m.stem is None)
    assert whole.baseline is not None
    assert whole.value > 1.1 * whole.baseline
    assert Path(model.pack.graph).stat().st_size < 12e6


def test_excerpt_is_the_loudest_stretch() -> None:
    audio = np.zeros((1, 40 * RATE), np.float32)
    audio[:, 25 * RATE : 30 * RATE] = 0.5
    found = excerpt(audio, rate=RATE)
    assert found.shape == (2, 12 * RATE)
    assert np.mean(np.square(found)) == pytest.approx(0.25 * 5 / 12, rel=0.01)


def test_layers_share_the_loudness_of_their_role() -> None:
    levels = shares([0.0, 0.0, -6.0])
    assert sum(10 ** (v / 10) for v in levels) == pytest.approx(1.0)
    assert levels[0] - levels[2] == pytest.approx(6.0)


def test_the_whole_is_as_loud_as_the_source(stems: dict[str, np.ndarray]) -> None:
    loud = (stems["drums"] * np.float32(2.5)).astype(np.float32)
    strip = to_strip(neutral(), lufs=-20.0)
    strips: dict[str, dict[str, object]] = {}
    balance(stems, [(loud, strip)], strips=strips, muted=["drums"], rate=RATE, tick=lambda: None)
    kept = sum(stems[r] for r in ("vocals", "bass", "other"))
    mix = integrated_lufs((kept + apply_strip(loud, strip, rate=RATE)).astype(np.float32), rate=RATE)
    source = integrated_lufs(sum(stems.values()).astype(np.float32), rate=RATE)
    assert mix == pytest.approx(source, abs=0.4)
    assert strip["gain_db"] < 0.0
