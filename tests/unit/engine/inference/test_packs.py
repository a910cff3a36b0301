"""Packs: loading, finding, listing and verifying sound ones."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from engine.errors import PackError
from engine.inference.onnx_graph import read_graph
from engine.inference.pack_format import schema
from engine.inference.packs import find_pack, list_packs, load_pack, pack_folders, verify_pack, verify_pack_task
from tests.samples.packs import BINS, STEMS, edit, write_pack

ROOT = Path(__file__).resolve().parents[4]


def test_a_sound_pack_loads_with_all_that_it_says(tmp_path: Path) -> None:
    pack = load_pack(write_pack(tmp_path / "shares"))
    assert (pack.id, pack.version, pack.kind) == ("shares", "1.0.0", "separation")
    assert pack.stems == STEMS
    assert pack.stft is not None
    assert pack.stft.n_fft == 512
    assert pack.inputs[0].shape == (1, 4, BINS, None)
    assert pack.rights.commercial
    assert Path(pack.graph).is_file()


def test_the_digest_is_stable_and_covers_every_file(tmp_path: Path) -> None:
    first = load_pack(write_pack(tmp_path / "a" / "shares"))
    second = load_pack(write_pack(tmp_path / "b" / "shares"))
    assert first.digest == second.digest
    edit(tmp_path / "b" / "shares", title="Another title")
    assert load_pack(tmp_path / "b" / "shares").digest != first.digest


def test_finding_names_the_known_models(tmp_path: Path) -> None:
    write_pack(tmp_path / "one")
    write_pack(tmp_path / "two")
    assert find_pack("two", [tmp_path]).id == "two"
    with pytest.raises(PackError) as caught:
        find_pack("three", [tmp_path])
    assert caught.value.code == "model-unknown"
    assert "one, two" in caught.value.remedy


def test_the_first_root_wins_and_broken_packs_are_left_out(tmp_path: Path) -> None:
    write_pack(tmp_path / "mine" / "one", title="Mine")
    write_pack(tmp_path / "shipped" / "one", title="Shipped")
    write_pack(tmp_path / "shipped" / "broken")
    (tmp_path / "shipped" / "broken" / "model.onnx").write_bytes(b"changed")
    packs = list_packs([tmp_path / "mine", tmp_path / "shipped", tmp_path / "absent"])
    assert [(pack.id, pack.title) for pack in packs] == [("one", "Mine")]
    assert len(pack_folders([tmp_path / "mine", tmp_path / "shipped"])) == 3


def test_finding_a_broken_pack_says_what_is_wrong(tmp_path: Path) -> None:
    write_pack(tmp_path / "one")
    (tmp_path / "one" / "model.onnx").write_bytes(b"changed")
    with pytest.raises(PackError) as caught:
        find_pack("one", [tmp_path])
    assert caught.value.code == "pack-digest"


def test_verification_runs_the_self_test(tmp_path: Path) -> None:
    checks = verify_pack(write_pack(tmp_path / "shares"))
    assert [(check.name, check.passed) for check in checks] == [("files", True), ("graph", True), ("self-test", True)]


def test_verification_finds_wrong_numbers(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "shares")
    manifest = json.loads((folder / "pack.json").read_text(encoding="utf-8"))
    wanted = np.fromfile(folder / "out.f32", "<f4")
    wanted[7] += 1.0
    wanted.tofile(folder / "out.f32")
    import hashlib

    for member in manifest["members"]:
        if member["path"] == "out.f32":
            member["sha256"] = hashlib.sha256((folder / "out.f32").read_bytes()).hexdigest()
    edit(folder, members=manifest["members"])
    last = verify_pack(folder)[-1]
    assert last.name == "self-test"
    assert not last.passed


def test_the_task_reports_a_missing_pack_as_a_failed_check(tmp_path: Path) -> None:
    seen: list[float] = []
    checks = verify_pack_task(
        pack_dir=str(tmp_path / "none"), progress=lambda fraction, note: seen.append(fraction), cancelled=lambda: False
    )
    assert [check.passed for check in checks] == [False]
    assert seen[-1] == 1.0


def test_other_kinds_carry_their_own_block(tmp_path: Path) -> None:
    block = {"parameters": [{"id": "gain_db", "minimum": -12, "maximum": 12}]}
    bare = {"audio": None, "stft": None, "chunk": None, "post": None, "stems": None, "selftest": None}
    folder = write_pack(tmp_path / "style")
    edit(folder, kind="production", production=block, **bare)
    assert load_pack(folder).settings == block
    edit(folder, production=None)
    with pytest.raises(PackError, match="lacks its production settings"):
        load_pack(folder)


def test_graph_facts_are_those_of_onnx(tmp_path: Path) -> None:
    facts = read_graph(write_pack(tmp_path / "shares") / "model.onnx")
    assert facts.opset == 17
    assert facts.operators == {"Unsqueeze", "Mul"}
    assert facts.inputs[0].shape == (1, 4, BINS, None)
    assert facts.parameters == 5
    assert not facts.external


def test_the_written_schema_is_the_one_that_is_enforced(tmp_path: Path) -> None:
    stored = json.loads((ROOT / "resources" / "schemas" / "pack.schema.json").read_text(encoding="utf-8"))
    assert stored == schema(), "write it again from engine.inference.pack_format.schema()"
    manifest = json.loads((write_pack(tmp_path / "shares") / "pack.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(stored)
    assert not list(validator.iter_errors(manifest))
    assert list(validator.iter_errors(manifest | {"surprise": 1}))
