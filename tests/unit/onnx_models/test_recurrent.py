"""The quick gated recurrent unit against torch's own. Needs the `train` extra; skipped where torch is absent."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra (torch)")

from onnx_models.training.separation import recurrent  # noqa: E402
from onnx_models.training.separation.recurrent import Gru  # noqa: E402


def _both(bidirectional: bool) -> tuple[Any, Any]:
    torch.manual_seed(4)
    plain = torch.nn.GRU(6, 5, bidirectional=bidirectional)
    quick = Gru(6, 5, bidirectional=bidirectional)
    quick.load_state_dict(plain.state_dict())
    return plain, quick


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("given", [False, True])
def test_states_and_gradients_are_those_of_torch(bidirectional: bool, given: bool) -> None:
    plain, quick = _both(bidirectional)
    x, first = torch.randn(9, 3, 6) * 2, torch.randn(2 if bidirectional else 1, 3, 5)
    made, wanted = [], []
    for network, kept in ((plain, wanted), (quick, made)):
        source, state = x.clone().requires_grad_(), first.clone().requires_grad_()
        out, last = network(source, state if given else None)
        ((out**2).sum() + (last**3).sum()).backward()
        kept += [out.detach(), last.detach(), source.grad, *(weight.grad for weight in network.parameters())]
        kept += [state.grad] if given else []
    assert len(made) == len(wanted)
    for got, right in zip(made, wanted, strict=True):
        assert torch.allclose(got, right, atol=2e-5, rtol=1e-4)


def test_inputs_of_any_size_do_not_overflow() -> None:
    plain, quick = _both(True)
    x = torch.randn(5, 3, 6) * 1e4
    assert torch.allclose(quick(x)[0].detach(), plain(x)[0].detach(), atol=1e-5)


def test_what_is_not_trained_is_torch_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    # The exporter knows torch's unit only.
    plain, quick = _both(True)
    monkeypatch.delattr(recurrent, "_Sequence")
    x = torch.randn(4, 2, 6)
    assert torch.equal(quick.eval()(x)[0], plain(x)[0])
    with pytest.raises(NameError):
        quick.train()(x)
