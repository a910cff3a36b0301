"""BandGru: the causal separator of live playback, recurrent along time within bands and across bands within a frame.

The lineage is BSRNN (Luo, Yu 2022, https://arxiv.org/abs/2209.15174), made causal: the path along time runs forward
only, its state is an input and an output of the graph, and nothing is averaged over time. The weights are our own.

It sees magnitudes of left, right, middle and side, models the lowest `LIVE_BINS` bins (0 to 8.3 kHz at 44.1 kHz) and
carries the mean mask of the highest `LIVE_TOP` upward. Its delay is one window, 2,048 samples: 46 ms.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from onnx_models.training.separation.network import COMPRESSION, STEMS

LIVE_N_FFT, LIVE_HOP = 2048, 512
"""At 44.1 kHz. Training runs at half the rate with half of both."""
LIVE_BINS, LIVE_TOP = 384, 24
BANDS = ((12, 4), (10, 8), (8, 16), (4, 32))
"""Number and width in bins of the bands, from the lowest up: 86 Hz wide at first, 689 Hz at last."""
VIEWS = 4
"""What the network sees of a bin: the sizes of left, right, middle and side."""


class Split(nn.Module):
    """One linear layer for each band, from the bins of the band to `width` features (or back)."""

    def __init__(self, before: int, after: int, *, fixed: int, width: int, into: bool):
        super().__init__()
        self.into = into
        self.weights, self.offsets = nn.ParameterList(), nn.ParameterList()
        for count, size in BANDS:
            inputs, outputs = (before * size + fixed, width) if into else (width, after * size)
            bound = inputs**-0.5
            self.weights.append(nn.Parameter(torch.empty(count, inputs, outputs).uniform_(-bound, bound)))
            self.offsets.append(nn.Parameter(torch.zeros(count, 1, outputs)))


class Layer(nn.Module):
    """A GRU along time, forward only, and a GRU across the bands, both ways, each with a residual path."""

    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.norm_t = nn.LayerNorm(width)
        self.time = nn.GRU(width, hidden)
        self.proj_t = nn.Linear(hidden, width)
        self.norm_b = nn.LayerNorm(width)
        self.bands = nn.GRU(width, hidden // 2, bidirectional=True)
        self.proj_b = nn.Linear(hidden // 2 * 2, width)

    def forward(self, x: Tensor, state: Tensor, batch: int) -> tuple[Tensor, Tensor]:
        """`x` is ``(bands, batch * frames, width)``, `state` ``(1, batch * bands, hidden)``."""
        bands, rows, width = x.shape
        h = self.norm_t(x).reshape(bands, batch, rows // batch, width).permute(2, 1, 0, 3)
        h, state = self.time(h.reshape(rows // batch, batch * bands, width), state)
        h = self.proj_t(h).reshape(rows // batch, batch, bands, width).permute(2, 1, 0, 3)
        x = x + h.reshape(bands, rows, width)
        return x + self.proj_b(self.bands(self.norm_b(x))[0]), state


class BandGru(nn.Module):
    """Spectrum of a stereo mixture in, spectra of the four stems out, with the state of its memory beside both.

    `forward` takes ``(1, 4, bins, frames)`` (L.re, L.im, R.re, R.im) and a state ``(layers, bands, hidden)``, zeros at
    the start; it returns ``(1, 4, 4, bins, frames)`` in the order vocals, drums, bass, other, whose sum over the stems
    is the input, and the next state.
    """

    def __init__(self, width: int = 48, *, hidden: int = 64, layers: int = 3, inner: int = 80):
        super().__init__()
        self.settings = {"width": width, "hidden": hidden, "layers": layers, "inner": inner}
        self.bands = sum(count for count, _ in BANDS)
        self.enter = Split(VIEWS, 0, fixed=0, width=width, into=True)
        self.layers = nn.ModuleList([Layer(width, hidden) for _ in range(layers)])
        self.norm = nn.LayerNorm(width)
        self.mixed = Split(VIEWS, 0, fixed=width, width=inner, into=True)
        self.leave = Split(0, 2 * STEMS, fixed=0, width=inner, into=False)

    def empty(self, batch: int = 1) -> Tensor:
        """The state at the start."""
        rows = batch * self.bands
        return torch.zeros(len(self.layers), rows, self.settings["hidden"], device=self.norm.weight.device)

    def _views(self, x: Tensor) -> list[Tensor]:
        """Compressed sizes, a tensor ``(count, batch * frames, VIEWS * size)`` for each group of bands."""
        batch, _, _, frames = x.shape
        low = x[:, :, :LIVE_BINS]
        left, right = low[:, :2], low[:, 2:]
        seen = torch.stack([left, right, (left + right) * 0.7, (left - right) * 0.7], 1)
        sizes = ((seen * seen).sum(2) + 1e-7) ** (COMPRESSION / 2)
        sizes = sizes.permute(2, 0, 3, 1)
        groups, at = [], 0
        for count, size in BANDS:
            part = sizes[at : at + count * size].reshape(count, size, batch * frames, VIEWS)
            groups.append(part.permute(0, 2, 1, 3).reshape(count, batch * frames, size * VIEWS))
            at += count * size
        return groups

    def masks(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Logits ``(batch, STEMS, 2, LIVE_BINS, frames)`` of the modelled band, and the next state."""
        batch, _, _, frames = x.shape
        groups = self._views(x)
        entered = zip(groups, self.enter.weights, self.enter.offsets, strict=True)
        h = torch.cat([torch.baddbmm(offset, group, weight) for group, weight, offset in entered])
        states = []
        for index, layer in enumerate(self.layers):
            h, after = layer(h, state[index : index + 1], batch)
            states.append(after)
        h = self.norm(h)
        out, at = [], 0
        for index, (count, size) in enumerate(BANDS):
            known = torch.cat([h[at : at + count], groups[index].to(h.dtype)], 2)
            inner = F.gelu(torch.baddbmm(self.mixed.offsets[index], known, self.mixed.weights[index]))
            logits = torch.baddbmm(self.leave.offsets[index], inner, self.leave.weights[index])
            logits = logits.reshape(count, batch, frames, STEMS, 2, size).permute(1, 3, 4, 0, 5, 2)
            out.append(logits.reshape(batch, STEMS, 2, count * size, frames))
            at += count
        return torch.cat(out, 3), torch.cat(states)

    def logits(self, x: Tensor) -> Tensor:
        """The logits of passages that start in silence."""
        return self.masks(x, self.empty(x.shape[0]))[0]

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        logits, after = self.masks(x, state)
        batch, _, _, frames = x.shape
        mask = torch.softmax(logits.float(), 1)
        top = mask[:, :, :, LIVE_BINS - LIVE_TOP :].mean(3, keepdim=True)
        low_in, high_in = x[:, :, :LIVE_BINS], x[:, :, LIVE_BINS:]
        low = low_in.reshape(batch, 1, 2, 2, LIVE_BINS, frames) * mask.unsqueeze(3)
        high = high_in.reshape(batch, 1, 2, 2, -1, frames) * top.unsqueeze(3)
        return torch.cat([low, high], 4).reshape(batch, STEMS, 4, -1, frames), after
