"""Muon: needs the `train` extra; skipped where torch is absent."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra (torch)")

from onnx_models.training.separation.live import BandGru  # noqa: E402
from onnx_models.training.separation.long_bands import LongBandGru  # noqa: E402
from onnx_models.training.separation.optimizer import Muon, optimizers, orthogonal  # noqa: E402
from onnx_models.training.separation.pair import Pair  # noqa: E402
from onnx_models.training.separation.unet import SubTdf  # noqa: E402


@pytest.mark.parametrize("shape", [(24, 192), (192, 24), (40, 40)])
def test_steps_have_singular_values_near_one(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonal(torch.randn(*shape) * 1e-3))
    assert values.max() < 1.35
    assert values.median() > 0.6


def test_gates_are_made_orthogonal_one_by_one() -> None:
    torch.manual_seed(0)
    weight = torch.nn.Parameter(torch.zeros(12, 8))
    # One gate with a gradient a thousand times the others': as one matrix it would drown them.
    weight.grad = torch.cat([torch.randn(4, 8) * 1000, torch.randn(8, 8)])
    Muon([{"params": [weight], "split": 3}], 1.0, weight_decay=0.0).step()
    moved = [float(part.norm()) for part in weight.detach().chunk(3)]
    assert max(moved) < 1.5 * min(moved)


@pytest.mark.parametrize(
    "network", [SubTdf(8), LongBandGru(8, ahead=True), BandGru(8), Pair({"width": 8}, {"width": 8})]
)
def test_each_weight_has_one_optimizer(network: torch.nn.Module) -> None:
    held = [id(p) for o in optimizers(network, 1e-3) for group in o.param_groups for p in group["params"]]
    assert sorted(held) == sorted(id(p) for p in network.parameters())


def test_it_finds_the_least_squares() -> None:
    torch.manual_seed(0)
    inputs, wanted = torch.randn(64, 16), torch.randn(16, 8)
    weight = torch.nn.Parameter(torch.zeros(16, 8))
    optimizer = Muon([{"params": [weight]}], 0.2, weight_decay=0.0)
    first = 0.0
    for step in range(200):
        for group in optimizer.param_groups:
            group["lr"] = 0.2 * (1 - step / 200)
        loss = ((inputs @ (weight - wanted)) ** 2).mean()
        first = first or float(loss.detach())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float(((inputs @ (weight - wanted)) ** 2).mean().detach()) < 1e-3 * first
