"""The live separation pack that ships: causal, small, with papers, and better than nothing on real music."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import onnxruntime
import pytest

from engine.inference.packs import load_pack, verify_pack
from engine.types import STEMS
from onnx_models.training.separation import judge
from onnx_models.training.separation.evaluate import pack_separator

ROOT = Path(__file__).resolve().parents[3]
PACK = ROOT / "onnx_models" / "separation-live"
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return json.loads((PACK / "pack.json").read_text(encoding="utf-8"))


def test_it_verifies_with_its_own_numbers() -> None:
    checks = verify_pack(PACK)
    assert [(check.name, check.passed) for check in checks] == [("files", True), ("graph", True), ("self-test", True)]


def test_it_is_small_and_of_the_promised_format(manifest: dict[str, Any]) -> None:
    assert (PACK / "model.onnx").stat().st_size < 12 * MEGABYTE
    assert sum(path.stat().st_size for path in PACK.iterdir()) < 8 * MEGABYTE
    stored = json.loads((ROOT / "resources" / "schemas" / "pack.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(stored).validate(manifest)
    pack = load_pack(PACK)
    assert pack.stems == STEMS
    assert pack.runtime.latency_frames is not None
    assert pack.runtime.latency_frames <= 0.05 * manifest["audio"]["rate"]


def test_it_hears_one_frame_at_a_time_as_it_hears_many(manifest: dict[str, Any]) -> None:
    session = onnxruntime.InferenceSession(str(PACK / "model.onnx"), providers=["CPUExecutionProvider"])
    shapes = {tensor["name"]: tensor["shape"] for tensor in manifest["inputs"]}
    rng = np.random.default_rng(1)
    sound = rng.standard_normal((1, 4, shapes["mixture"][2], 8)).astype(np.float32)
    empty = np.zeros(shapes["state_in"], np.float32)
    whole, after = session.run(["stems", "state_out"], {"mixture": sound, "state_in": empty})
    state, parts = empty, []
    for time in range(8):
        feed = {"mixture": sound[..., time : time + 1], "state_in": state}
        part, state = session.run(["stems", "state_out"], feed)
        parts.append(part)
    assert float(np.abs(np.concatenate(parts, -1) - whole).max()) < 1e-4
    assert float(np.abs(state - after).max()) < 1e-4
    assert float(np.abs(whole.sum(1) - sound).max()) < 1e-4


def test_its_papers_are_those_of_the_default_pack(manifest: dict[str, Any]) -> None:
    default = json.loads((PACK.parent / "separation-default" / "pack.json").read_text(encoding="utf-8"))
    assert manifest["rights"] == default["rights"]
    assert (PACK / "card.md").read_text(encoding="utf-8").count("eif_caesium") == 1


def test_its_card_and_manifest_quote_the_same_figures_beside_their_bounds(manifest: dict[str, Any]) -> None:
    card = (PACK / "card.md").read_text(encoding="utf-8")
    rows = [metric for metric in manifest["metrics"] if metric["name"] == "SDR"]
    assert len(rows) >= 10
    for row in rows:
        assert f"| {row['clip']} | {row['stem']} | {row['value']:.2f} | {row['mixture']:.2f} |" in card


def test_it_tells_stems_apart_on_real_music(shared: Path) -> None:
    """Every stem of every clip better than the classical baseline's, and the voice lifted out of an instrumental."""
    clips = judge.load_clips(shared / "audio")
    model, classical = judge.judge(clips, pack_separator(PACK)), judge.judge(clips, judge.baseline)
    assert judge.average(model) > judge.average(classical) + 1.5
    for row, other in zip(model, classical, strict=True):
        assert (row["clip"], row["stem"]) == (other["clip"], other["stem"])
        assert row["sdr_db"] > other["sdr_db"] + 0.5
    gains = {row["clip"]: row["si_sdr_gain_db"] for row in model if row["stem"] == "vocals"}
    assert gains["voice-over-lithium"] > 5.5
    assert gains["caesium"] > 3.0
