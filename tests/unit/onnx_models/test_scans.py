"""Recurrent units as scans give what onnxruntime's own operator gives. Needs the `train` extra."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra (torch)")
onnx = pytest.importorskip("onnx", reason="training needs the train extra (onnx)")

import onnxruntime  # noqa: E402

from onnx_models.training.separation.export import Masks, _share_equals, simplify, trace  # noqa: E402
from onnx_models.training.separation.pair import Pair  # noqa: E402
from onnx_models.training.separation.recurrent import Gru  # noqa: E402
from onnx_models.training.separation.scans import as_scans  # noqa: E402
from onnx_models.training.separation.unet import Norm  # noqa: E402


class Two(torch.nn.Module):
    """One unit that runs forward, one that runs both ways."""

    def __init__(self, last: bool = False):
        super().__init__()
        torch.manual_seed(5)
        self.one, self.both = Gru(5, 7), Gru(7, 3, bidirectional=True)
        self.last = last

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        made, state = self.both(self.one(x)[0])
        return state if self.last else made


def _exported(network: torch.nn.Module, x: torch.Tensor, open_axes: dict[int, str], folder: Path) -> onnx.ModelProto:
    trace(network.eval(), (x,), folder / "traced.onnx", ["x"], ["y"], {"x": open_axes})
    return onnx.load(folder / "traced.onnx")


def _two(folder: Path, *, last: bool = False) -> onnx.ModelProto:
    return _exported(Two(last), torch.randn(4, 6, 5), {0: "times", 1: "rows"}, folder)


def _run(model: onnx.ModelProto, x: torch.Tensor) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x.numpy()})[0]


@pytest.mark.parametrize(("times", "rows"), [(4, 6), (1, 1), (9, 2)])
def test_scans_are_the_units_that_they_stand_for(tmp_path: Path, times: int, rows: int) -> None:
    network = Two().eval()
    model = _two(tmp_path)
    assert as_scans(model, lambda name: True) == 2
    assert not [node for node in model.graph.node if node.op_type == "GRU"]
    x = torch.randn(times, rows, 5) * 2
    with torch.no_grad():
        assert np.abs(_run(model, x) - network(x).numpy()).max() < 1e-6


def test_only_the_chosen_ones_are_replaced(tmp_path: Path) -> None:
    model = _two(tmp_path)
    assert as_scans(model, lambda name: name.endswith("/both/GRU")) == 1
    assert [node.name for node in model.graph.node if node.op_type == "GRU"] == ["/one/GRU"]


def test_units_of_another_build_are_refused(tmp_path: Path) -> None:
    model = _two(tmp_path)
    for node in model.graph.node:
        for each in node.attribute:
            if each.name == "linear_before_reset":
                each.i = 0
    with pytest.raises(ValueError, match="not as torch exports it"):
        as_scans(model, lambda name: True)
    with pytest.raises(ValueError, match="is not known"):
        as_scans(_two(tmp_path, last=True), lambda name: True)


def test_equal_constants_are_kept_once_and_the_graph_stays_the_same(tmp_path: Path) -> None:
    model = _two(tmp_path)
    twin = model.graph.initializer[0]
    copy = onnx.TensorProto()
    copy.CopyFrom(twin)
    copy.name = "twin"
    model.graph.initializer.append(copy)
    for node in reversed(model.graph.node):
        if twin.name in node.input:
            node.input[list(node.input).index(twin.name)] = "twin"
            break
    _share_equals(model.graph)
    assert "twin" not in [held.name for held in model.graph.initializer]
    x = torch.randn(3, 2, 5)
    before = _run(model, x)
    onnx.save(model, tmp_path / "m.onnx")
    simplify(tmp_path / "m.onnx")
    smaller = onnx.load(tmp_path / "m.onnx")
    assert len(smaller.graph.node) < len(model.graph.node)
    assert [each.domain for each in smaller.opset_import] == [""]
    assert np.array_equal(_run(smaller, x), before)


def test_the_normalisation_is_exported_as_what_it_is(tmp_path: Path) -> None:
    torch.manual_seed(1)
    norm = Norm(4, 8)
    with torch.no_grad():
        norm.weight.uniform_(0.5, 2.0)
        norm.bias.uniform_(-1.0, 1.0)
        model = _exported(norm, torch.randn(1, 8, 6, 5) * 3 + 2, {3: "times"}, tmp_path)
        assert "BatchNormalization" in [node.op_type for node in model.graph.node]
        longer = torch.randn(1, 8, 6, 33) * 3 - 2
        assert np.abs(_run(model, longer) - norm(longer).numpy()).max() < 1e-5


def test_masks_of_a_pair_sum_to_one() -> None:
    torch.manual_seed(3)
    network = Masks(Pair({"width": 8}, {"width": 8})).eval()
    with torch.no_grad():
        masks = network(torch.randn(1, 4, 5, 768) * 5)
    assert masks.shape == (1, 4, 2, 5, 768)
    assert float(masks.min()) >= 0
    assert float((masks.sum(1) - 1).abs().max()) < 1e-5
