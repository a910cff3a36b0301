"""A small but complete separation pack whose right answer is known, to be bent by tests."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

STEMS = ("vocals", "drums", "bass", "other")
SHARES = (0.1, 0.2, 0.3, 0.4)
"""What the sample graph gives each stem of every bin."""
N_FFT, HOP, RATE = 512, 128, 44100
BINS = N_FFT // 2 + 1


def shares_graph(*, times: int | None = None, factor: float = 1.0) -> onnx.ModelProto:
    """A graph that gives each stem a constant share of the mixture's spectrum, times a factor."""
    shares = numpy_helper.from_array((factor * np.array(SHARES)).astype(np.float32).reshape(1, 4, 1, 1, 1), "shares")
    axis = numpy_helper.from_array(np.array([1], np.int64), "axis")
    nodes = [
        helper.make_node("Unsqueeze", ["mixture", "axis"], ["wide"]),
        helper.make_node("Mul", ["wide", "shares"], ["stems"]),
    ]
    length: Any = times if times is not None else "times"
    graph = helper.make_graph(
        nodes,
        "shares",
        [helper.make_tensor_value_info("mixture", TensorProto.FLOAT, [1, 4, BINS, length])],
        [helper.make_tensor_value_info("stems", TensorProto.FLOAT, [1, 4, 4, BINS, length])],
        [shares, axis],
    )
    return model_of(graph)


def model_of(graph: onnx.GraphProto, **more: Any) -> onnx.ModelProto:
    """A model of opset 17 around a graph."""
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, **more)


def write_pack(
    folder: Path, *, model: onnx.ModelProto | bytes | None = None, times: int | None = None, **changes: Any
) -> Path:
    """Write a sound pack to `folder`; `changes` replace fields of ``pack.json``."""
    folder.mkdir(parents=True)
    graph = model if model is not None else shares_graph(times=times)
    (folder / "model.onnx").write_bytes(graph if isinstance(graph, bytes) else graph.SerializeToString())
    rng = np.random.default_rng(1)
    feed = rng.standard_normal((1, 4, BINS, times or 5)).astype("<f4")
    feed.tofile(folder / "in.f32")
    (feed[:, None] * np.array(SHARES, "<f4").reshape(1, 4, 1, 1, 1)).tofile(folder / "out.f32")
    manifest: dict[str, Any] = {
        "format": 1,
        "id": folder.name,
        "version": "1.0.0",
        "kind": "separation",
        "title": "Constant shares",
        "graph": "model.onnx",
        "inputs": [{"name": "mixture", "content": "spectrum", "shape": [1, 4, BINS, times]}],
        "outputs": [{"name": "stems", "content": "spectra", "shape": [1, 4, 4, BINS, times]}],
        "audio": {"rate": RATE, "channels": 2, "normalisation": "track-rms"},
        "stft": {"n_fft": N_FFT, "hop": HOP},
        "chunk": {"hops": times or 64, "overlap_hops": 16},
        "post": {},
        "stems": list(STEMS),
        "runtime": {"opset": 17},
        "rights": {
            "code": "Apache-2.0",
            "weights": "Apache-2.0",
            "holder": "The tests",
            "redistribute": True,
            "commercial": True,
            "training_statement": "Not trained.",
        },
        "selftest": {
            "inputs": [{"name": "mixture", "member": "in.f32", "shape": [1, 4, BINS, times or 5]}],
            "outputs": [{"name": "stems", "member": "out.f32", "shape": [1, 4, 4, BINS, times or 5]}],
            "tolerance": 1e-4,
        },
    } | changes
    seal(folder, manifest, roles={"model.onnx": "graph", "in.f32": "selftest", "out.f32": "selftest"})
    return folder


def seal(folder: Path, manifest: dict[str, Any], *, roles: dict[str, str]) -> None:
    """Write ``pack.json`` with the true digests of its members."""
    members = []
    for name, role in roles.items():
        data = (folder / name).read_bytes()
        members.append({"path": name, "role": role, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)})
    (folder / "pack.json").write_text(json.dumps({"members": members} | manifest), encoding="utf-8")


def edit(folder: Path, **changes: Any) -> None:
    """Replace fields of a written ``pack.json``; None as a value takes the field out."""
    manifest = json.loads((folder / "pack.json").read_text(encoding="utf-8")) | changes
    kept = {key: value for key, value in manifest.items() if value is not None}
    (folder / "pack.json").write_text(json.dumps(kept), encoding="utf-8")
