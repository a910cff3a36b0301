"""Weights between two checkpoints: needs the `train` extra; skipped where torch is absent."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra (torch)")

from onnx_models.training.separation.bands import BINS  # noqa: E402
from onnx_models.training.separation.blend import blend  # noqa: E402
from onnx_models.training.separation.live import BandGru  # noqa: E402
from onnx_models.training.separation.long_bands import LongBandGru, grown  # noqa: E402


def test_the_ends_are_the_checkpoints_and_layers_grow_in_between() -> None:
    torch.manual_seed(1)
    short, larger = LongBandGru(8, layers=1), LongBandGru(8, layers=3)
    for layer in larger.layers[1:]:
        torch.nn.init.normal_(layer.proj_t.weight, std=0.5)
    before = {"average": short.state_dict(), "step": 3}
    after = {"average": larger.state_dict(), "step": 9, "optimizers": [], "settings": larger.settings}
    x = torch.randn(1, 4, BINS, 7)
    network = LongBandGru(8, layers=3).eval()
    for share, wanted in ((0.0, short), (1.0, larger)):
        made = blend(before, after, share)
        assert made["step"] == 9
        assert "optimizers" not in made
        network.load_state_dict(made["average"])
        with torch.no_grad():
            assert torch.allclose(network.logits(x), wanted.eval().logits(x), atol=1e-5)
    middle = blend(before, after, 0.25)["average"]
    assert torch.allclose(
        middle["norm.weight"], 0.75 * before["average"]["norm.weight"] + 0.25 * after["average"]["norm.weight"]
    )


def test_different_networks_and_shares_out_of_range_are_refused() -> None:
    small, large = {"average": LongBandGru(8).state_dict()}, {"average": LongBandGru(16).state_dict()}
    with pytest.raises(ValueError, match="different networks"):
        blend(small, large, 0.5)
    with pytest.raises(ValueError, match="from 0 to 2"):
        blend(small, small, 2.5)


def test_twice_the_way_to_the_middle_is_the_end() -> None:
    torch.manual_seed(2)
    before, after = (
        {"average": LongBandGru(8, layers=1).state_dict()},
        {"average": LongBandGru(8, layers=3).state_dict()},
    )
    end = blend(before, blend(before, after, 0.5), 2.0)["average"]
    assert all(torch.allclose(end[name], value, atol=1e-5) for name, value in after["average"].items())


def test_what_was_grown_from_the_live_network_goes_back_to_it() -> None:
    torch.manual_seed(5)
    live, whole = BandGru(8), LongBandGru(8, ahead=True)
    before = {"average": live.state_dict(), "model": "live"}
    after = {"average": whole.state_dict(), "model": "bands", "settings": whole.settings}
    first = blend(before, after, 0.0)["average"]
    network, x = LongBandGru(8), torch.randn(1, 4, BINS, 7)
    network.load_state_dict(grown(live.state_dict()), strict=False)
    with torch.no_grad():
        wanted = network.eval().logits(x)
        network = LongBandGru(8, ahead=True).eval()
        network.load_state_dict(first)
        assert torch.allclose(network.logits(x), wanted, atol=1e-5)
    with pytest.raises(ValueError, match="different networks"):
        blend(after, before, 0.5)
