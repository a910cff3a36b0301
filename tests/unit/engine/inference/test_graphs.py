"""Providers that fail, lie or run out of memory, played by sessions that really compute on the CPU."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from engine.errors import InferenceError
from engine.inference import runtime
from engine.inference.graphs import Graph, Graphs
from engine.inference.packs import load_pack
from tests.samples.packs import BINS, SHARES, edit, write_pack

CUDA = "CUDAExecutionProvider"


class Card:
    """A session on a pretended card: computes on the CPU, and does what the test says besides."""

    def __init__(self, path: str, *, fail_at: int | None = None, wrong: float = 0.0, error: str = "broken"):
        self._real = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        self._left, self._wrong, self._error = fail_at, wrong, error

    def get_providers(self) -> list[str]:
        return [CUDA, "CPUExecutionProvider"]

    def get_inputs(self) -> list[Any]:
        return self._real.get_inputs()

    def get_outputs(self) -> list[Any]:
        return self._real.get_outputs()

    def io_binding(self) -> Any:
        return self._real.io_binding()

    def run(self, outputs: list[str], feeds: dict[str, Any], options: Any) -> list[Any]:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise RuntimeError(self._error)
        return [out + np.float32(self._wrong) for out in self._real.run(outputs, feeds, options)]


def factory(log: list[str], **behaviour: Any) -> runtime.Factory:
    """Makes pretended cards where CUDA is asked for, and real sessions on the CPU."""

    def make(path: str, options: Any, providers: list[Any]) -> Any:
        first = providers[0][0] if isinstance(providers[0], tuple) else providers[0]
        log.append(first)
        if first == CUDA:
            return Card(path, **behaviour)
        return onnxruntime.InferenceSession(path, sess_options=options, providers=providers)

    return make


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that claims to have a card; its values stay in host memory."""
    monkeypatch.setattr(runtime, "_missing", lambda provider: None if provider == "cuda" else "no TensorRT")
    monkeypatch.setattr("engine.inference.graphs.DEVICES", {})


FEED = np.random.default_rng(1).standard_normal((1, 4, BINS, 7)).astype(np.float32)


def shares(graphs: Graphs) -> Any:
    (out,) = graphs.calls()[""]([FEED])
    return out


@pytest.mark.usefixtures("card")
def test_a_sound_card_is_used(tmp_path: Path) -> None:
    log: list[str] = []
    graphs = Graphs(load_pack(write_pack(tmp_path / "shares")), "cuda", factory=factory(log))
    assert (graphs.provider, graphs.notices, log) == ("cuda", [], [CUDA])
    assert np.allclose(shares(graphs)[0, 2], 0.3 * FEED[0], atol=1e-6)


@pytest.mark.usefixtures("card")
def test_a_card_with_wrong_numbers_is_refused_with_a_notice(tmp_path: Path) -> None:
    log: list[str] = []
    graphs = Graphs(load_pack(write_pack(tmp_path / "shares")), "cuda", factory=factory(log, wrong=0.1))
    assert graphs.provider == "cpu"
    assert "wrong numbers" in graphs.notices[0]
    assert np.allclose(shares(graphs)[0, :, 0, 0, 0], np.array(SHARES) * FEED[0, 0, 0, 0], atol=1e-6)


@pytest.mark.usefixtures("card")
@pytest.mark.parametrize(
    ("error", "words"),
    [("BFCArena: Failed to allocate memory for buffer", "ran out of memory"), ("CUDNN failure 4", "failed on it")],
)
def test_what_fails_on_the_card_is_done_again_on_the_cpu(tmp_path: Path, error: str, words: str) -> None:
    log: list[str] = []
    # The self-test is the first run, the passage the second.
    graphs = Graphs(load_pack(write_pack(tmp_path / "shares")), "cuda", factory=factory(log, fail_at=1, error=error))
    assert graphs.provider == "cuda"
    assert np.allclose(shares(graphs)[0, 3], 0.4 * FEED[0], atol=1e-6)
    assert graphs.provider == "cpu"
    assert words in graphs.notices[0]
    assert log == [CUDA, "CPUExecutionProvider"]


@pytest.mark.usefixtures("card")
def test_a_card_that_fails_two_passages_at_once_is_left_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log: list[str] = []
    graphs = Graphs(load_pack(write_pack(tmp_path / "shares")), "cuda", factory=factory(log))
    both = threading.Barrier(2, timeout=30)

    def failing(self: Card, outputs: list[str], feeds: dict[str, Any], options: Any) -> list[Any]:
        both.wait()
        raise RuntimeError("CUDNN failure 4")

    monkeypatch.setattr(Card, "run", failing)
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda _: shares(graphs), range(2)))
    for out in made:
        assert np.allclose(out[0, 3], 0.4 * FEED[0], atol=1e-6)
    assert (graphs.provider, len(graphs.notices), log) == ("cpu", 1, [CUDA, "CPUExecutionProvider"])


@pytest.mark.usefixtures("card")
def test_tensorrt_falls_back_to_cuda_first(tmp_path: Path) -> None:
    graphs = Graphs(load_pack(write_pack(tmp_path / "shares")), "tensorrt", factory=factory([]))
    assert graphs.provider == "cuda"
    assert "TensorRT could not be used" in graphs.notices[0]


def test_a_passed_self_test_is_remembered_until_anything_changes(tmp_path: Path) -> None:
    pack = load_pack(write_pack(tmp_path / "shares"))
    Graphs(pack, "cpu", memory=tmp_path / "memory")
    (note,) = (tmp_path / "memory" / "proved").iterdir()
    assert note.suffix == ".json"
    edit(tmp_path / "shares", title="Another")
    Graphs(load_pack(tmp_path / "shares"), "cpu", memory=tmp_path / "memory")
    assert len(list((tmp_path / "memory" / "proved").iterdir())) == 2


def test_a_pack_that_is_wrong_even_on_the_cpu_is_named(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "shares")

    def lying(path: str, options: Any, providers: list[Any]) -> Any:
        return Card(path, wrong=1.0)

    with pytest.raises(InferenceError) as caught:
        Graphs(load_pack(folder), "cpu", factory=lying)
    assert caught.value.code == "model-wrong"


def test_bound_values_stay_where_they_are_and_give_the_same(tmp_path: Path) -> None:
    session = onnxruntime.InferenceSession(
        str(write_pack(tmp_path / "shares") / "model.onnx"), providers=["CPUExecutionProvider"]
    )
    bound, plain = Graph(session, device="cpu"), Graph(session)
    rng = np.random.default_rng(2)
    for times in (5, 5, 5, 9, 5):
        feed = rng.standard_normal((1, 4, BINS, times)).astype(np.float32)
        assert np.array_equal(bound([feed])[0], plain([feed])[0])
    feeds = [rng.standard_normal((1, 4, BINS, 5)).astype(np.float32) for _ in range(24)]
    with ThreadPoolExecutor(3) as pool:
        for one, out in zip(feeds, pool.map(lambda each: bound([each])[0], feeds), strict=True):
            assert np.array_equal(out, plain([one])[0]), "threads take turns"
    first = bound([feed])[0].copy()
    again = bound([feed * 2])[0]
    assert np.allclose(again, 2 * first)


def test_half_precision_graphs_are_fed_and_read_in_float32(tmp_path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["y"])],
        "half",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT16, [1, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT16, [1, 8])],
    )
    path = tmp_path / "half.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    (out,) = Graph(runtime.open_session(path, "cpu").session)([np.arange(8, dtype=np.float32)[None]])
    assert out.dtype == np.float32
    assert np.array_equal(out[0], 2.0 * np.arange(8))


def test_a_graph_without_end_is_broken_off(tmp_path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["still"]),
            helper.make_node("Mul", ["a", "one"], ["b"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("a", TensorProto.FLOAT, [1]),
        ],
        [
            helper.make_tensor_value_info("still", TensorProto.BOOL, []),
            helper.make_tensor_value_info("b", TensorProto.FLOAT, [1]),
        ],
        [numpy_helper.from_array(np.ones(1, np.float32), "one")],
    )
    graph = helper.make_graph(
        [helper.make_node("Loop", ["", "yes", "x"], ["y"], body=body)],
        "endless",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])],
        [numpy_helper.from_array(np.array(True), "yes")],
    )
    path = tmp_path / "endless.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    session = runtime.open_session(path, "cpu").session
    with pytest.raises(InferenceError) as caught:
        Graph(session)([np.ones(1, np.float32)], limit_s=0.3)
    assert caught.value.code == "model-endless"
