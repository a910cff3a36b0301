"""How the network of whole songs grows from the live one. Needs the `train` extra; skipped where torch is absent."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra (torch)")

from onnx_models.training.separation import long_bands  # noqa: E402
from onnx_models.training.separation.live import LIVE_BINS, BandGru  # noqa: E402
from onnx_models.training.separation.long_bands import LongBandGru, grown  # noqa: E402
from onnx_models.training.separation.trainer import Run, Settings, begin  # noqa: E402


def _live() -> BandGru:
    torch.manual_seed(2)
    return BandGru(8, hidden=6, layers=2, inner=8).eval()


def _whole(live: BandGru, layers: int, *, ahead: bool = True) -> LongBandGru:
    network = LongBandGru(8, hidden=6, layers=layers, inner=8, ahead=ahead).eval()
    network.load_state_dict(grown(live.state_dict(), ahead=ahead), strict=False)
    return network


def test_a_spectrum_of_twice_the_bins_is_told_as_the_live_network_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_bands, "HALF_AS_OFTEN", 0.0)
    live = _live()
    coarse = torch.randn(2, 4, LIVE_BINS, 7)
    with torch.no_grad():
        for layers, ahead in ((2, False), (2, True), (4, True)):
            made = _whole(live, layers, ahead=ahead).logits(coarse.repeat_interleave(2, 2))
            assert torch.allclose(made, live.logits(coarse).repeat_interleave(2, 3), atol=1e-5)


def test_what_comes_has_no_weight_until_it_is_trained() -> None:
    network = _whole(_live(), 3)
    x = torch.randn(1, 4, network.bins, 9)
    other = x.clone()
    other[..., 5:] = torch.randn(1, 4, network.bins, 4)
    with torch.no_grad():
        assert torch.allclose(network.logits(x)[..., :5], network.logits(other)[..., :5], atol=1e-5)
        network.layers[0].proj_t.weight.normal_(std=0.3)
        assert not torch.allclose(network.logits(x)[..., :5], network.logits(other)[..., :5], atol=1e-3)


def test_memory_of_frames_half_as_often_fades_as_fast() -> None:
    live = _live()
    was, now = live.state_dict(), grown(live.state_dict())
    shift = was["layers.0.time.bias_ih_l0"] - now["layers.0.time.bias_ih_l0"]
    assert torch.allclose(shift[6:12], torch.full((6,), long_bands.HALF_AS_OFTEN))
    assert torch.equal(shift[:6], torch.zeros(6))
    # A gate that keeps nearly all keeps what two of the old ones would.
    held = torch.tensor(4.0)
    assert float(torch.sigmoid(held - long_bands.HALF_AS_OFTEN)) == pytest.approx(float(torch.sigmoid(held)) ** 2, 1e-3)


def test_a_run_begins_from_a_live_checkpoint(tmp_path: Path) -> None:
    sizes = {"width": 8, "layers": 4, "ahead": True}
    settings = Settings(cache=tmp_path, out=tmp_path / "run", minutes=0.0, model="bands", sizes=sizes)
    live = Run(Settings(cache=tmp_path, out=tmp_path / "run", minutes=0.0, sizes={"width": 8}, model="live"))
    live.step = 70
    live.save(tmp_path / "live.pt")
    run = begin(settings, tmp_path / "live.pt")
    assert isinstance(run.network, LongBandGru)
    assert run.step == 70
    x = torch.randn(1, 4, run.network.bins, 6)
    with torch.no_grad():
        for network in (run.network, run.average):
            wanted = LongBandGru(**sizes).eval()
            wanted.load_state_dict(grown(live.average.state_dict(), ahead=True), strict=False)
            assert torch.allclose(network.eval().logits(x), wanted.logits(x), atol=1e-5)
