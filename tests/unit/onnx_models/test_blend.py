"""Weights between two checkpoints: needs the `train` extra; skipped where torch is absent."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra (torch)")

from onnx_models.training.separation.blend import blend  # noqa: E402
from onnx_models.training.separation.network import BINS, SubTdf  # noqa: E402


def test_the_ends_are_the_checkpoints_and_paths_grow_in_between() -> None:
    torch.manual_seed(1)
    short, grown = SubTdf(8, paths=1), SubTdf(8, paths=3)
    for path in grown.paths[1:]:
        torch.nn.init.normal_(path.proj_t.weight, std=0.5)
    before = {"average": short.state_dict(), "step": 3}
    after = {"average": grown.state_dict(), "step": 9, "optimizers": [], "settings": grown.settings}
    x = torch.randn(1, 4, BINS, 7)
    network = SubTdf(8, paths=3).eval()
    for share, wanted in ((0.0, short), (1.0, grown)):
        made = blend(before, after, share)
        assert made["step"] == 9
        assert "optimizers" not in made
        network.load_state_dict(made["average"])
        with torch.no_grad():
            assert torch.allclose(network.logits(x), wanted.eval().logits(x), atol=1e-5)
    middle = blend(before, after, 0.25)["average"]
    assert torch.allclose(
        middle["stem.weight"], 0.75 * before["average"]["stem.weight"] + 0.25 * after["average"]["stem.weight"]
    )


def test_different_networks_and_shares_out_of_range_are_refused() -> None:
    small, large = {"average": SubTdf(8).state_dict()}, {"average": SubTdf(16).state_dict()}
    with pytest.raises(ValueError, match="different networks"):
        blend(small, large, 0.5)
    with pytest.raises(ValueError, match="from 0 to 2"):
        blend(small, small, 2.5)


def test_twice_the_way_to_the_middle_is_the_end() -> None:
    torch.manual_seed(2)
    before, after = {"average": SubTdf(8, paths=1).state_dict()}, {"average": SubTdf(8, paths=3).state_dict()}
    end = blend(before, blend(before, after, 0.5), 2.0)["average"]
    assert all(torch.allclose(end[name], value, atol=1e-5) for name, value in after["average"].items())
