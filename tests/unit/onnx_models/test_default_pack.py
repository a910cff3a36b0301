"""The separation pack that ships: sound, small, with papers, and better than a classical method on real music."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from engine.inference.onnx_graph import read_graph
from engine.inference.packs import load_pack, verify_pack
from engine.inference.separation import separate_pcm
from engine.types import STEMS, PcmRef
from onnx_models.training.separation import judge

ROOT = Path(__file__).resolve().parents[3]
PACK = ROOT / "onnx_models" / "separation-default"
MEGABYTE = 1024 * 1024
FREE = ("CC0", "CC BY", "Public domain", "public domain", "MIT", "BSD", "Apache", "CMU ARCTIC")


def test_it_verifies_with_its_own_numbers() -> None:
    checks = verify_pack(PACK)
    assert [(check.name, check.passed) for check in checks] == [("files", True), ("graph", True), ("self-test", True)]


def test_it_is_small_and_of_the_promised_format() -> None:
    facts = read_graph(PACK / "model.onnx")
    assert facts.opset == 17
    assert (PACK / "model.onnx").stat().st_size < 12 * MEGABYTE
    assert sum(path.stat().st_size for path in PACK.iterdir()) < 24 * MEGABYTE
    assert load_pack(PACK).stems == STEMS
    manifest = json.loads((PACK / "pack.json").read_text(encoding="utf-8"))
    stored = json.loads((ROOT / "resources" / "schemas" / "pack.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(stored).validate(manifest)


def test_every_source_of_its_training_is_free_and_named() -> None:
    rights = load_pack(PACK).rights
    assert rights.commercial
    assert rights.redistribute
    assert len(rights.training_data) > 20
    for source in rights.training_data:
        assert any(name in source.licence for name in FREE), source
        assert "NC" not in source.licence.split("-")
        assert source.attribution
        assert source.digest
    card = (PACK / "card.md").read_text(encoding="utf-8")
    assert "eif_caesium" in card
    assert "eif_lithium" in card
    for required in ("Alexander Holm", "Greg Sullivan", "Lars Muldjord", "Xavier Hosxe", "Berklee"):
        assert required in card, required


def test_its_card_and_manifest_quote_the_same_figures_beside_their_bounds() -> None:
    card = (PACK / "card.md").read_text(encoding="utf-8")
    rows = [metric for metric in load_pack(PACK).metrics if metric.name == "SDR"]
    assert len(rows) >= 10
    for row in rows:
        assert None not in (row.mixture, row.baseline, row.ideal)
        assert f"| {row.clip} | {row.stem} | {row.value:.2f} |" in card


def test_its_log_is_the_log_of_a_run_that_got_better() -> None:
    rows = list(csv.DictReader((PACK / "training.log").read_text(encoding="utf-8").splitlines()))
    judged: dict[str, list[float]] = {}
    for row in rows:
        if row["clip"]:
            judged.setdefault(row["step"], []).append(float(row["sdr_db"]))
    means = [sum(values) / len(values) for values in judged.values()]
    assert len(means) >= 3
    assert means[-1] > means[0] + 1.0
    rates = [float(row["rate"]) for row in rows if row["rate"]]
    assert rates[-1] < 0.01 * max(rates), "the rate must have been annealed"


@pytest.fixture(scope="module")
def judged(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """Figures of the pack and of the classical baseline on the real clips, as they stand in the card."""
    clips = judge.load_clips(shared / "audio")
    scratch = tmp_path_factory.mktemp("judged")

    def separate(mixture: judge.Samples) -> judge.Samples:
        path = scratch / "mixture.f32"
        mixture.astype("<f4").tofile(path)
        result = separate_pcm(
            pcm=PcmRef(path=str(path), rate=judge.RATE, channels=2, frames=mixture.shape[1]),
            out_dir=str(scratch / "stems"),
            pack_dir=str(PACK),
            provider="cpu",
            progress=lambda fraction, note: None,
            cancelled=lambda: False,
        )
        return np.stack([np.array(result.stems[name].open()) for name in STEMS])

    return {"model": judge.judge(clips, separate), "baseline": judge.judge(clips, judge.baseline)}


def test_it_beats_the_classical_baseline_on_real_music(judged: dict[str, list[dict[str, Any]]]) -> None:
    assert judge.average(judged["model"]) > judge.average(judged["baseline"]) + 2.0
    for model, baseline in zip(judged["model"], judged["baseline"], strict=True):
        assert model["sdr_db"] > baseline["sdr_db"] + 1.0, (model["clip"], model["stem"])


def test_it_lifts_the_voice_out_of_a_real_instrumental(judged: dict[str, list[dict[str, Any]]]) -> None:
    gains = {row["clip"]: row["si_sdr_gain_db"] for row in judged["model"] if row["stem"] == "vocals"}
    assert gains["voice-over-lithium"] > 6.0
    assert gains["caesium"] > 3.0
