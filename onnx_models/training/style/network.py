"""A small network from two descriptions of sound to the settings of a strip."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from engine.inference.production_chain import IDS, SETTINGS, neutral
from engine.inference.production_features import CENTRES_HZ, SIZE

RATE = 44100


class ProductionNet(nn.Module):
    """``given (n, SIZE), reference (n, SIZE) -> coded settings (n, len(SETTINGS))`` on 0..1.

    The input's mean and spread are part of the graph, so that whoever runs it passes plain features.
    """

    def __init__(self, mean: Tensor, spread: Tensor, *, hidden: int = 512, dropout: float = 0.1):
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("spread", spread)
        self.first = nn.Linear(3 * SIZE, hidden)
        self.norms = nn.ModuleList([nn.LayerNorm(hidden) for _ in range(3)])
        self.blocks = nn.ModuleList([nn.Linear(hidden, hidden) for _ in range(2)])
        self.dropout = nn.Dropout(dropout)
        self.last = nn.Linear(hidden, len(SETTINGS))
        start = torch.from_numpy(neutral()).clamp(0.02, 0.98)
        with torch.no_grad():
            self.last.weight.mul_(0.1)
            self.last.bias.copy_(torch.log(start / (1.0 - start)))

    def forward(self, given: Tensor, reference: Tensor) -> Tensor:
        a = (given - self.mean) / self.spread
        b = (reference - self.mean) / self.spread
        x = self.first(torch.cat([a, b, 1.5 * (b - a)], dim=-1))
        x = self.dropout(nn.functional.gelu(self.norms[0](x)))
        for norm, block in zip(list(self.norms)[1:], self.blocks, strict=True):
            x = x + self.dropout(nn.functional.gelu(norm(block(x))))
        return torch.sigmoid(self.last(x))


def value(coded: Tensor, name: str) -> Tensor:
    """A column of coded settings in its unit."""
    setting = SETTINGS[IDS.index(name)]
    u = coded[..., IDS.index(name)].double()
    if setting.log:
        return setting.minimum * (setting.maximum / setting.minimum) ** u
    return setting.minimum + u * (setting.maximum - setting.minimum)


def _magnitude_db(b: tuple[Tensor, ...], a: tuple[Tensor, ...]) -> Tensor:
    # Double precision: far below a corner the sums cancel to a ten-millionth of their terms.
    omega = torch.tensor(2.0 * np.pi * np.asarray(CENTRES_HZ) / RATE, dtype=torch.float64)
    cos1, cos2 = torch.cos(omega), torch.cos(2.0 * omega)

    def squared(c: tuple[Tensor, ...]) -> Tensor:
        c0, c1, c2 = (v[..., None].double() for v in c)
        return c0**2 + c1**2 + c2**2 + 2.0 * (c0 * c1 + c1 * c2) * cos1 + 2.0 * c0 * c2 * cos2

    return (10.0 * torch.log10(squared(b).clamp_min(1e-24) / squared(a).clamp_min(1e-24))).float()


def _pass(freq: Tensor, *, high: bool) -> Tensor:
    w = 2.0 * np.pi * freq / RATE
    cos, alpha = torch.cos(w), torch.sin(w) / (2.0 * 0.7071)
    sign = 1.0 if high else -1.0
    edge = (1.0 + sign * cos) / 2.0
    return _magnitude_db((edge, -sign * (1.0 + sign * cos), edge), (1.0 + alpha, -2.0 * cos, 1.0 - alpha))


def _peak(freq: Tensor, gain_db: Tensor, q: Tensor) -> Tensor:
    w = 2.0 * np.pi * freq / RATE
    cos, alpha, a = torch.cos(w), torch.sin(w) / (2.0 * q), 10.0 ** (gain_db / 40.0)
    return _magnitude_db((1 + alpha * a, -2 * cos, 1 - alpha * a), (1 + alpha / a, -2 * cos, 1 - alpha / a))


def _shelf(freq: Tensor, gain_db: Tensor, *, high: bool) -> Tensor:
    w = 2.0 * np.pi * freq / RATE
    cos, a = torch.cos(w), 10.0 ** (gain_db / 40.0)
    s = 2.0 * torch.sqrt(a) * torch.sin(w) / (2.0 * 0.707)
    sign = 1.0 if high else -1.0
    b = (
        a * ((a + 1) + sign * (a - 1) * cos + s),
        -sign * 2 * a * ((a - 1) + sign * (a + 1) * cos),
        a * ((a + 1) + sign * (a - 1) * cos - s),
    )
    d = (
        (a + 1) - sign * (a - 1) * cos + s,
        sign * 2 * ((a - 1) - sign * (a + 1) * cos),
        (a + 1) - sign * (a - 1) * cos - s,
    )
    return _magnitude_db(b, d)


def curve_db(coded: Tensor) -> Tensor:
    """Frequency response of the coded settings at the centres of the feature bands, ``(n, BANDS)`` dB, not below
    -40."""
    total = (
        _pass(value(coded, "high_pass_hz"), high=True)
        + _shelf(value(coded, "low_shelf_hz"), value(coded, "low_shelf_db"), high=False)
        + _peak(value(coded, "low_mid_hz"), value(coded, "low_mid_db"), value(coded, "low_mid_q"))
        + _peak(value(coded, "high_mid_hz"), value(coded, "high_mid_db"), value(coded, "high_mid_q"))
        + _shelf(value(coded, "high_shelf_hz"), value(coded, "high_shelf_db"), high=True)
        + _pass(value(coded, "low_pass_hz"), high=False)
    )
    return total.clamp_min(-40.0)
