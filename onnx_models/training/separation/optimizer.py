"""Muon for the matrices of a network, AdamW for the rest.

Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/) makes the momentum of each weight matrix
orthogonal before it is applied. Its steps are scaled to the usual size of AdamW's (Liu et al. 2025,
https://arxiv.org/abs/2502.16982), so both take the same rate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

ITERATIONS = 5
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic iteration: they bring all singular values near one, not exactly to it."""
ADAMW_SIZE = 0.2
"""Root mean square of a step of AdamW, over its rate."""


def orthogonal(matrix: Tensor) -> Tensor:
    """The nearest semi-orthogonal matrix, roughly: Newton and Schulz's iteration."""
    a, b, c = COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(ITERATIONS):
        square = x @ x.T
        x = a * x + (b * square + c * (square @ square)) @ x
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    """Momentum made orthogonal, with decoupled weight decay.

    Weights of any number of dimensions are seen as matrices with their first one as rows. A group with `split` holds
    weights of that many matrices on top of one another, such as the gates of a recurrent layer.
    """

    def __init__(
        self, groups: Iterable[dict[str, Any]], lr: float, *, momentum: float = 0.95, weight_decay: float = 1e-2
    ):
        super().__init__(groups, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "split": 1})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Apply the gradients."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(weight)
                momentum = state["momentum"].lerp_(weight.grad, 1 - group["momentum"])
                ahead = weight.grad.lerp(momentum, group["momentum"]).reshape(weight.shape[0], -1)
                parts = [
                    orthogonal(part) * (ADAMW_SIZE * max(part.shape) ** 0.5) for part in ahead.chunk(group["split"])
                ]
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.add_(torch.cat(parts).reshape(weight.shape), alpha=-group["lr"])


def optimizers(network: nn.Module, rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the inner matrices; AdamW for vectors, places and the last layer, whose rows stand for bins or stems."""
    gates = {id(p) for m in network.modules() if isinstance(m, nn.GRU) for p in m.parameters() if p.ndim > 1}
    last = {id(p) for p in list(network.parameters())[-2:]}
    inner, recurrent, decayed, plain = [], [], [], []
    for name, weight in network.named_parameters():
        if id(weight) in gates:
            recurrent.append(weight)
        elif weight.ndim <= 1 or name == "place":
            plain.append(weight)
        elif id(weight) in last or weight.ndim == 3:
            decayed.append(weight)
        else:
            inner.append(weight)
    return [
        Muon([{"params": inner}, {"params": recurrent, "split": 3}], rate),
        torch.optim.AdamW(
            [{"params": decayed, "weight_decay": 1e-2}, {"params": plain, "weight_decay": 0.0}],
            lr=rate,
            betas=(0.9, 0.98),
        ),
    ]
