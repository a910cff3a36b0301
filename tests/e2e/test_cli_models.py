"""Models of one's own on the command line: recognised, added with papers, used, removed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

FIXTURES = Path(__file__).resolve().parents[1] / "families" / "fixtures" / "packs"


def test_a_model_is_added_used_and_removed(cli, song, tmp_path):
    graph = FIXTURES / "mdx23c" / "model.onnx"
    added = cli(
        "models", "add", graph, "--title", "My net", "--n-fft", 1024, "--hop", 256, "--licence", "MIT", "--json"
    )
    assert added.code == 0, added.err
    assert (added.json["id"], added.json["family"], added.json["origin"]) == ("my-net", "mdx23c", "user-brought")
    assert added.json["licence"] == "MIT"
    again = cli("models", "add", graph, "--title", "My net", "--n-fft", 1024, "--hop", 256, "--json")
    assert (again.code, again.json["error"]["code"]) == (1, "model-exists")
    made = cli("separate", song, "--out", tmp_path / "stems", "--model", "my-net", "--tool", "two", "--json")
    assert made.code == 0, made.err
    assert made.json["model"].startswith("my-net")
    total = sum(soundfile.read(path, dtype="float64")[0] for path in made.json["stems"].values())
    original, _ = soundfile.read(song, dtype="float64")
    assert np.max(np.abs(total - original)) < 1e-4
    assert cli("models", "verify", "my-net").code == 0
    assert cli("models", "remove", "my-net").code == 0
    assert "my-net" not in {pack["id"] for pack in cli("models", "list", "--json").json}


def test_a_damaged_model_is_told_of_and_can_be_removed(cli, home):
    graph = FIXTURES / "mdx23c" / "model.onnx"
    added = cli("models", "add", graph, "--title", "Frail", "--n-fft", 1024, "--hop", 256, "--json")
    assert added.code == 0, added.err
    described = next(home.rglob("frail/pack.json"))
    described.write_text(described.read_text().replace('"bytes": ', '"bytes": 1'))
    listed = cli("models", "list")
    assert listed.code == 0
    assert "✗ frail is damaged and is not used" in listed.out
    everything = cli("models", "verify", "--json")
    assert (everything.code, everything.json["passed"]) == (1, False)
    assert {name for name, checks in everything.json["packs"].items() if not all(c["passed"] for c in checks)} == {
        "frail"
    }
    alone = cli("models", "verify", "frail")
    assert alone.code == 1
    assert "✗ frail: files" in alone.out
    assert cli("models", "remove", "frail").code == 0
    assert cli("models", "verify", "--json").json["passed"]


def test_what_cannot_be_added_says_why(cli, tmp_path):
    weights = tmp_path / "model.pth"
    weights.write_bytes(b"weights")
    refused = cli("models", "add", weights, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "model-not-onnx")
    text = tmp_path / "model.onnx"
    text.write_text("no model at all")
    broken = cli("models", "add", text, "--json")
    assert (broken.code, broken.json["error"]["code"]) == (1, "pack-refused")
    shipped = cli("models", "remove", "separation-default", "--json")
    assert (shipped.code, shipped.json["error"]["code"]) == (1, "model-shipped")
