"""Hostile and broken packs: each is refused by name, before onnxruntime sees a byte."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from engine.errors import PackError
from engine.inference.onnx_graph import read_graph
from engine.inference.packs import load_pack, verify_pack
from tests.samples.packs import BINS, edit, model_of, shares_graph, write_pack


def refused(folder: Path) -> str:
    """Code of the error; verification too must report and not raise."""
    with pytest.raises(PackError) as caught:
        load_pack(folder)
    assert caught.value.message
    assert caught.value.remedy
    assert [check.passed for check in verify_pack(folder)] == [False]
    return caught.value.code


def one_node(node: onnx.NodeProto, *tensors: onnx.TensorProto) -> onnx.ModelProto:
    return model_of(
        helper.make_graph(
            [node],
            "g",
            [helper.make_tensor_value_info("mixture", TensorProto.FLOAT, [1, 4, BINS, "t"])],
            [helper.make_tensor_value_info("stems", TensorProto.FLOAT, [1, 4, 4, BINS, "t"])],
            list(tensors),
        )
    )


def foreign_operator() -> onnx.ModelProto:
    return one_node(helper.make_node("Evil", ["mixture"], ["stems"], domain="com.example"))


def foreign_operator_in_a_branch() -> onnx.ModelProto:
    inner = helper.make_graph([helper.make_node("Evil", [], ["x"], domain="com.example")], "inner", [], [])
    return one_node(helper.make_node("If", ["mixture"], ["stems"], then_branch=inner, else_branch=inner))


def own_function() -> onnx.ModelProto:
    model = shares_graph()
    model.functions.append(
        helper.make_function(
            "local", "f", ["a"], ["b"], [helper.make_node("Abs", ["a"], ["b"])], [helper.make_opsetid("", 17)]
        )
    )
    return model


def absurd_tensor() -> onnx.ModelProto:
    tensor = TensorProto(name="huge", data_type=TensorProto.FLOAT, dims=[2**20, 2**20], raw_data=b"\0" * 16)
    return one_node(helper.make_node("Abs", ["mixture"], ["stems"]), tensor)


def negative_tensor() -> onnx.ModelProto:
    tensor = TensorProto(name="odd", data_type=TensorProto.FLOAT, dims=[-4], raw_data=b"\0" * 16)
    return one_node(helper.make_node("Abs", ["mixture"], ["stems"]), tensor)


def lying_tensor() -> onnx.ModelProto:
    tensor = TensorProto(name="short", data_type=TensorProto.FLOAT, dims=[64], raw_data=b"\0" * 16)
    return one_node(helper.make_node("Abs", ["mixture"], ["stems"]), tensor)


def lying_constant() -> onnx.ModelProto:
    tensor = TensorProto(name="short", data_type=TensorProto.FLOAT, dims=[64], raw_data=b"\0" * 16)
    return one_node(helper.make_node("Constant", [], ["stems"], value=tensor))


def weights_outside(location: str) -> onnx.ModelProto:
    model = shares_graph()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", location
    return model


@pytest.mark.parametrize(
    "make",
    [
        foreign_operator,
        foreign_operator_in_a_branch,
        own_function,
        absurd_tensor,
        negative_tensor,
        lying_tensor,
        lying_constant,
        lambda: weights_outside("../../secret.bin"),
        lambda: weights_outside("unlisted.bin"),
        lambda: b"",
        lambda: b"this is no model at all, but text",
        lambda: shares_graph().SerializeToString()[:-40],
    ],
)
def test_hostile_graphs_are_refused(tmp_path: Path, make: Callable[[], Any]) -> None:
    assert refused(write_pack(tmp_path / "bad", model=make())) == "pack-refused"


def test_no_cut_or_flipped_graph_crashes_the_reader(tmp_path: Path) -> None:
    whole = bytearray(shares_graph().SerializeToString())
    rng = np.random.default_rng(3)
    path = tmp_path / "m.onnx"
    outcomes: dict[str, int] = {}
    for _ in range(300):
        bent = bytearray(whole[: int(rng.integers(1, len(whole) + 1))])
        for _ in range(int(rng.integers(0, 4))):
            bent[int(rng.integers(len(bent)))] = int(rng.integers(256))
        path.write_bytes(bytes(bent))
        try:
            read_graph(path)
            outcome = "read"
        except PackError as error:
            outcome = error.code
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    assert set(outcomes) <= {"read", "pack-refused"}
    assert outcomes["pack-refused"] > 200


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    inner = helper.make_graph([helper.make_node("Abs", ["a"], ["b"])], "leaf", [], [])
    for level in range(20):
        inner = helper.make_graph(
            [helper.make_node("If", ["c"], ["b"], then_branch=inner, else_branch=inner)]
            if level == 0
            else [helper.make_node("Loop", ["c"], ["b"], body=inner)],
            f"g{level}",
            [],
            [],
        )
    path = tmp_path / "m.onnx"
    path.write_bytes(model_of(inner).SerializeToString())
    with pytest.raises(PackError) as caught:
        read_graph(path)
    assert caught.value.code == "pack-refused"


@pytest.mark.parametrize(
    "name",
    ["../model.onnx", "/etc/passwd", "a/../../model.onnx", "C:model.onnx", "..\\model.onnx", "./model.onnx", "a//b"],
)
def test_paths_that_leave_the_pack_are_refused(tmp_path: Path, name: str) -> None:
    folder = write_pack(tmp_path / "bad")
    manifest = json.loads((folder / "pack.json").read_text(encoding="utf-8"))
    manifest["members"][0]["path"] = name
    edit(folder, members=manifest["members"])
    assert refused(folder) == "pack-refused"


def test_a_link_is_refused(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "bad")
    (folder / "model.onnx").rename(tmp_path / "outside.onnx")
    (folder / "model.onnx").symlink_to(tmp_path / "outside.onnx")
    assert refused(folder) == "pack-refused"


def test_a_graph_of_a_stem_outside_the_pack_is_refused(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "bad")
    graphs = dict.fromkeys(("vocals", "drums", "bass", "other"), "../other.onnx")
    edit(folder, stem_graphs=graphs)
    assert refused(folder) == "pack-invalid"


def test_a_signature_may_lie_beside_but_not_be_listed(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "signed")
    (folder / "pack.sig.json").write_text("{}", encoding="utf-8")
    assert load_pack(folder).signed
    manifest = json.loads((folder / "pack.json").read_text(encoding="utf-8"))
    manifest["members"].append({"path": "pack.sig.json", "role": "data", "sha256": "0" * 64, "bytes": 2})
    edit(folder, members=manifest["members"])
    assert refused(folder) == "pack-invalid"


def test_an_unlisted_file_is_refused(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "bad")
    (folder / "deep").mkdir()
    (folder / "deep" / "extra.bin").write_bytes(b"x")
    assert refused(folder) == "pack-refused"


def test_a_changed_file_is_found(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "bad")
    data = bytearray((folder / "model.onnx").read_bytes())
    data[-1] ^= 1
    (folder / "model.onnx").write_bytes(bytes(data))
    assert refused(folder) == "pack-digest"


def test_a_missing_file_is_found(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "bad")
    (folder / "in.f32").unlink()
    assert refused(folder) == "pack-invalid"


@pytest.mark.parametrize(
    "changes",
    [
        {"surprise": True},
        {"format": 2},
        {"kind": "mystery"},
        {"id": "Not A Name"},
        {"version": "one"},
        {"graph": "other.onnx"},
        {"audio": {"rate": 44100, "channels": 2, "secret": 1}},
        {"audio": {"rate": 10**9, "channels": 2}},
        {"stft": {"n_fft": 512, "hop": 512}},
        {"stft": {"n_fft": 513, "hop": 128}},
        {"chunk": {"hops": 16, "overlap_hops": 15}},
        {"stems": ["vocals", "vocals"]},
        {"stems": ["vocals", "kazoo"]},
        {"stems": None},
        {"runtime": {"opset": 11}},
        {"inputs": [{"name": "other", "content": "x", "shape": [1, 4, BINS, None]}]},
        {"inputs": [{"name": "mixture", "content": "x", "shape": [1, 4, 999, None]}]},
        {"production": {}},
        {"rights": {"code": "x"}},
        {"family": "mystery"},
        {"family": "spectral-masks"},
        {"chunk": {"samples": 2**40}},
        {"stft": None},
        {"stem_graphs": {"vocals": "model.onnx"}},
        {"stem_graphs": {"kazoo": "model.onnx"}},
        {"state": [{"input": "mixture", "output": "stems"}]},
        {"state": [{"input": "nothing", "output": "stems"}]},
        {"runtime": {"opset": 17, "options": {"cuda": {"cudnn_conv_algo_search": "EXHAUSTIVE"}}}},
        {"runtime": {"opset": 17, "options": {"tensorrt": {"trt_engine_cache_path": "/etc"}}}},
        {"match": {"md5_tail": ["no digest"]}},
        {"post": {"compensate": -1.0}},
    ],
)
def test_a_false_description_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    folder = write_pack(tmp_path / "bad")
    edit(folder, **changes)
    assert refused(folder) == "pack-invalid"


@pytest.mark.parametrize(
    "text", ["", "no json", "[]", '{"format": 1, "format": 1}', '{"format": NaN}', "[" * 100_000, "\xff\xfe"]
)
def test_a_broken_description_is_refused(tmp_path: Path, text: str) -> None:
    folder = write_pack(tmp_path / "bad")
    (folder / "pack.json").write_bytes(text.encode("latin-1"))
    assert refused(folder) == "pack-invalid"


def test_a_giant_description_is_refused(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "bad")
    (folder / "pack.json").write_bytes(b" " * (2 * 1024 * 1024))
    assert refused(folder) == "pack-refused"


def test_a_self_test_of_another_size_is_refused(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "bad")
    manifest = json.loads((folder / "pack.json").read_text(encoding="utf-8"))
    manifest["selftest"]["inputs"][0]["shape"][3] = 6
    edit(folder, selftest=manifest["selftest"])
    assert refused(folder) == "pack-invalid"


def test_weights_beside_the_graph_are_taken_when_listed(tmp_path: Path) -> None:
    from tests.samples.packs import seal

    folder = write_pack(tmp_path / "good")
    shares = numpy_helper.to_array(shares_graph().graph.initializer[0])
    (folder / "weights.bin").write_bytes(shares.tobytes())
    (folder / "model.onnx").write_bytes(weights_outside("weights.bin").SerializeToString())
    manifest = json.loads((folder / "pack.json").read_text(encoding="utf-8"))
    del manifest["members"]
    roles = {"model.onnx": "graph", "weights.bin": "weights", "in.f32": "selftest", "out.f32": "selftest"}
    seal(folder, manifest, roles=roles)
    assert [check.passed for check in verify_pack(folder)] == [True, True, True]
