"""Band-split recurrent networks: along time within each band, and across the bands within each frame.

The lineage is BSRNN (Luo, Yu 2022, https://arxiv.org/abs/2209.15174). The weights are our own. Here is what is common
to the causal network of live playback (`live.BandGru`) and the one with a longer window (`long_bands.LongBandGru`).

They see magnitudes of left, right, middle and side, model 0 to 8.3 kHz at 44.1 kHz, and carry the mean mask of their
highest bins upward.
"""

from __future__ import annotations

from typing import ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from onnx_models.training.separation.recurrent import Gru

N_FFT, HOP = 4096, 1024
"""Of whole songs at 44.1 kHz. Training runs at half the rate with half of both: the same bins and frames."""
BINS, TOP = 768, 48
"""How many bins of that are modelled, 0 to 8.3 kHz, and whose mean mask is carried upward."""
STEMS = 4
COMPRESSION = 0.35
"""Power of the sizes. Without it the loudest bins are all that the first layers see, and training diverges."""
VIEWS = 4
"""What the network sees of a bin: the sizes of left, right, middle and side."""
Groups = tuple[tuple[int, int], ...]
"""Number and width in bins of the bands, from the lowest up."""


class Split(nn.Module):
    """One linear layer for each band, from the bins of the band to `width` features (or back)."""

    def __init__(self, groups: Groups, before: int, after: int, *, fixed: int, width: int, into: bool):
        super().__init__()
        self.into = into
        self.weights, self.offsets = nn.ParameterList(), nn.ParameterList()
        for count, size in groups:
            inputs, outputs = (before * size + fixed, width) if into else (width, after * size)
            bound = inputs**-0.5
            self.weights.append(nn.Parameter(torch.empty(count, inputs, outputs).uniform_(-bound, bound)))
            self.offsets.append(nn.Parameter(torch.zeros(count, 1, outputs)))


class Layer(nn.Module):
    """A GRU along time, forward or both ways, and a GRU across the bands, both ways, each with a residual path."""

    def __init__(self, width: int, hidden: int, *, ahead: bool):
        super().__init__()
        self.norm_t = nn.LayerNorm(width)
        self.time = Gru(width, hidden, bidirectional=ahead)
        self.proj_t = nn.Linear(hidden * (2 if ahead else 1), width)
        self.norm_b = nn.LayerNorm(width)
        self.bands = Gru(width, hidden // 2, bidirectional=True)
        self.proj_b = nn.Linear(hidden // 2 * 2, width)

    def silence(self) -> None:
        """Begin as the identity, so that a trained network may be given another layer."""
        for layer in (self.proj_t, self.proj_b):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, state: Tensor | None, batch: int) -> tuple[Tensor, Tensor]:
        """`x` is ``(bands, batch * frames, width)``, `state` ``(1, batch * bands, hidden)``, or None for silence."""
        bands, _, width = x.shape
        h = self.norm_t(x).reshape(bands, batch, -1, width).permute(2, 1, 0, 3)
        h, after = self.time(h.reshape(-1, batch * bands, width), state)
        h = self.proj_t(h).reshape(-1, batch, bands, width).permute(2, 1, 0, 3)
        x = x + h.reshape(bands, -1, width)
        return x + self.proj_b(self.bands(self.norm_b(x))[0]), after


class BandSplit(nn.Module):
    """From the spectrum of a stereo mixture to mask logits of its four stems."""

    groups: ClassVar[Groups]

    def __init__(self, width: int, *, hidden: int, layers: int, inner: int, ahead: bool = False):
        super().__init__()
        self.settings = {"width": width, "hidden": hidden, "layers": layers, "inner": inner}
        self.ahead = ahead
        self.bands = sum(count for count, _ in self.groups)
        self.bins = sum(count * size for count, size in self.groups)
        self.enter = Split(self.groups, VIEWS, 0, fixed=0, width=width, into=True)
        self.layers = nn.ModuleList([Layer(width, hidden, ahead=self.ahead) for _ in range(layers)])
        for layer in self.layers[1:]:
            cast("Layer", layer).silence()
        self.norm = nn.LayerNorm(width)
        self.mixed = Split(self.groups, VIEWS, 0, fixed=width, width=inner, into=True)
        self.leave = Split(self.groups, 0, 2 * STEMS, fixed=0, width=inner, into=False)

    def _views(self, x: Tensor) -> list[Tensor]:
        """Compressed sizes, a tensor ``(count, batch * frames, VIEWS * size)`` for each group of bands."""
        batch = x.shape[0]
        low = x[..., : self.bins]
        left, right = low[:, :2], low[:, 2:]
        seen = torch.stack([left, right, (left + right) * 0.7, (left - right) * 0.7], 1)
        # Three times as quick in onnxruntime as a power.
        sizes = torch.exp(torch.log((seen * seen).sum(2) + 1e-7) * (COMPRESSION / 2))
        views, at = [], 0
        for count, size in self.groups:
            part = sizes[..., at : at + count * size].reshape(batch, VIEWS, -1, count, size)
            views.append(part.permute(3, 0, 2, 4, 1).reshape(count, -1, size * VIEWS))
            at += count * size
        return views

    def by_time(self, x: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """Logits ``(batch, STEMS, 2, frames, bins)`` of the modelled band, and the next state.

        `x` is ``(batch, 4, frames, bins or more)``: L.re, L.im, R.re, R.im.
        """
        batch = x.shape[0]
        views = self._views(x)
        entered = zip(views, self.enter.weights, self.enter.offsets, strict=True)
        h = torch.cat([torch.baddbmm(offset, view, weight) for view, weight, offset in entered])
        states = []
        for index, layer in enumerate(self.layers):
            h, after = layer(h, None if state is None else state[index : index + 1], batch)
            states.append(after)
        h = self.norm(h)
        out, at = [], 0
        for index, (count, size) in enumerate(self.groups):
            known = torch.cat([h[at : at + count], views[index].to(h.dtype)], 2)
            inner = F.gelu(torch.baddbmm(self.mixed.offsets[index], known, self.mixed.weights[index]))
            logits = torch.baddbmm(self.leave.offsets[index], inner, self.leave.weights[index])
            logits = logits.reshape(count, batch, -1, STEMS, 2, size).permute(1, 3, 4, 2, 0, 5)
            out.append(logits.reshape(batch, STEMS, 2, -1, count * size))
            at += count
        return torch.cat(out, 4), torch.cat(states)

    def masks(self, x: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """`by_time` of ``(batch, 4, bins or more, frames)``, with logits ``(batch, STEMS, 2, bins, frames)``."""
        logits, after = self.by_time(x[:, :, : self.bins].transpose(2, 3), state)
        return logits.transpose(3, 4), after


def masked(x: Tensor, logits: Tensor, top: int) -> Tensor:
    """Spectra ``(batch, STEMS, 4, bins, frames)`` of the stems; above the modelled bins goes the mean of the masks of
    its highest `top`."""
    batch, _, _, frames = x.shape
    bins = logits.shape[3]
    mask = torch.softmax(logits.float(), 1)
    mean = mask[:, :, :, bins - top :].mean(3, keepdim=True)
    low = x[:, :, :bins].reshape(batch, 1, 2, 2, bins, frames) * mask.unsqueeze(3)
    high = x[:, :, bins:].reshape(batch, 1, 2, 2, -1, frames) * mean.unsqueeze(3)
    return torch.cat([low, high], 4).reshape(batch, STEMS, 4, -1, frames)
