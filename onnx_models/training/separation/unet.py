"""SubTDF: a small U-Net of convolutions and frequency-wise linear layers over folded sub-bands of the spectrum.

The lineage is TFC-TDF v3 (Kim, Lee, Jung 2023, https://arxiv.org/abs/2306.09382), DTTNet (Chen, Vekkot, Shukla 2023,
https://arxiv.org/abs/2309.08684) and BSRNN's dual path (Luo, Yu 2022, https://arxiv.org/abs/2209.15174). The weights
are our own.

It models the lowest `BINS` bins (0 to 8.3 kHz at 44.1 kHz) and carries the mean mask of the highest `TOP` upward.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from onnx_models.training.separation.bands import BINS, COMPRESSION, STEMS, TOP, masked

FOLD = 4
STEPS = (4, 4, 2)
"""Down-sampling in frequency between the levels; time keeps its resolution."""


class Norm(nn.GroupNorm):
    """Group normalisation (Wu, He 2018, https://arxiv.org/abs/1803.08494), exported so that onnxruntime passes over the
    values three times and not four: its operators for it come with a product and a sum of their own."""

    def forward(self, input: Tensor) -> Tensor:
        if not torch.onnx.is_in_onnx_export():
            return super().forward(input)
        # Of one passage, as graphs are. A product with itself is quicker there than a sum of squares.
        each = self.num_channels // self.num_groups
        flat = input.reshape(self.num_channels, 1, -1)
        power = torch.matmul(flat, flat.transpose(1, 2)) / flat.shape[2]
        groups = torch.block_diag(*(torch.full((each, each), 1.0 / each) for _ in range(self.num_groups)))
        mean, square = (torch.matmul(groups, part.reshape(self.num_channels)) for part in (flat.mean(2), power))
        return F.batch_norm(input, mean, square - mean * mean, self.weight, self.bias, False, 0.0, self.eps)


class Tfc(nn.Module):
    """Two 3x3 convolutions around a frequency-wise bottleneck (TDF), each with a residual path."""

    def __init__(self, channels: int, bins: int):
        super().__init__()
        hidden = max(bins // 8, 12)
        self.norm1 = Norm(4, channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm2 = Norm(4, channels)
        self.down = nn.Conv2d(bins, hidden, 1)
        self.up = nn.Conv2d(hidden, bins, 1)
        self.norm3 = Norm(4, channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.conv1(F.gelu(self.norm1(x)))
        # Products along the bins, not convolutions: those would want bins and channels exchanged, twice.
        h = F.gelu(_along_bins(self.down, F.gelu(self.norm2(x))))
        x = x + _along_bins(self.up, h)
        return x + self.conv2(F.gelu(self.norm3(x)))


def _along_bins(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """``(batch, channels, bins, frames)`` through the layer, whose channels are bins."""
    return torch.matmul(layer.weight[:, :, 0, 0], x) + cast("Tensor", layer.bias)[:, None]


class Light(nn.Module):
    """One residual 3x3 convolution: what a decoder level needs beside the skip."""

    def __init__(self, channels: int):
        super().__init__()
        self.norm = Norm(4, channels)
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(F.gelu(self.norm(x)))


class DualPath(nn.Module):
    """A GRU along time and a GRU along frequency, both bidirectional and residual."""

    def __init__(self, channels: int, hidden: int):
        super().__init__()
        self.norm_t = nn.LayerNorm(channels)
        self.time = nn.GRU(channels, hidden, bidirectional=True)
        self.proj_t = nn.Linear(2 * hidden, channels)
        self.norm_f = nn.LayerNorm(channels)
        self.freq = nn.GRU(channels, hidden // 2, bidirectional=True)
        self.proj_f = nn.Linear(hidden, channels)

    def silence(self) -> None:
        """Begin as the identity, so that a trained network may be given another pair."""
        for layer in (self.proj_t, self.proj_f):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        batch, channels, bins, _ = x.shape
        y = x.permute(3, 0, 2, 1).reshape(-1, batch * bins, channels)
        y = y + self.proj_t(self.time(self.norm_t(y))[0])
        y = y.reshape(-1, bins, channels).transpose(0, 1)
        y = y + self.proj_f(self.freq(self.norm_f(y))[0])
        return y.reshape(bins, -1, batch, channels).permute(2, 3, 0, 1)


class SubTdf(nn.Module):
    """Spectrum of a stereo mixture in, spectra of the four stems out.

    `forward` takes ``(batch, 4, bins, frames)`` (L.re, L.im, R.re, R.im; any number of bins from `BINS` up) and returns
    ``(batch, 4, 4, bins, frames)`` in the order vocals, drums, bass, other, whose sum over the stems is the input.
    """

    def __init__(self, width: int = 32, *, hidden: int = 64, paths: int = 3):
        super().__init__()
        self.settings = {"width": width, "hidden": hidden, "paths": paths}
        bins = BINS // FOLD
        sizes = [width, width * 2, width * 3, width * 4]
        self.stem = nn.Conv2d(4 * FOLD, width, 1)
        # Convolutions do not know at which frequency they are.
        self.place = nn.Parameter(torch.zeros(1, width, bins, 1))
        self.encoder, self.downs = nn.ModuleList(), nn.ModuleList()
        self.ups, self.decoder = nn.ModuleList(), nn.ModuleList()
        for level, step in enumerate(STEPS):
            self.encoder.append(Tfc(sizes[level], bins))
            self.downs.append(nn.Conv2d(sizes[level], sizes[level + 1], (step, 1), stride=(step, 1)))
            bins //= step
        self.middle = Tfc(sizes[-1], bins)
        self.paths = nn.ModuleList([DualPath(sizes[-1], hidden) for _ in range(paths)])
        for path in self.paths[1:]:
            cast("DualPath", path).silence()
        for level in reversed(range(len(STEPS))):
            step = STEPS[level]
            bins *= step
            self.ups.append(nn.ConvTranspose2d(sizes[level + 1], sizes[level], (step, 1), stride=(step, 1)))
            self.decoder.append(Light(sizes[level]) if level else Tfc(sizes[level], bins))
        self.head = nn.Sequential(nn.Conv2d(width + 4 * FOLD, 64, 1), nn.GELU(), nn.Conv2d(64, 2 * STEMS * FOLD, 1))

    def logits(self, x: Tensor) -> Tensor:
        """Logits ``(batch, STEMS, 2, BINS, frames)`` of the modelled band; the mask is their softmax over the stems."""
        batch = x.shape[0]
        low = x[:, :, :BINS]
        pair = low.reshape(batch, 2, 2, BINS, -1)
        power = (pair * pair).sum(2, keepdim=True)
        # Without compression the loudest bins are all that the first layers see, and training diverges.
        low = (pair * torch.exp(torch.log(power + 1e-7) * ((COMPRESSION - 1.0) / 2.0))).reshape(
            batch, 4 * FOLD, BINS // FOLD, -1
        )
        h = self.stem(low)
        h = h + self.place.to(h.dtype)
        skips: list[Tensor] = []
        for block, down in zip(self.encoder, self.downs, strict=True):
            h = block(h)
            skips.append(h)
            h = down(h)
        h = self.middle(h)
        for path in self.paths:
            h = path(h)
        for up, block in zip(self.ups, self.decoder, strict=True):
            h = block(up(h) + skips.pop())
        out = self.head(torch.cat([h, low.to(h.dtype)], 1))
        return out.reshape(batch, STEMS, 2, BINS, -1)

    def forward(self, x: Tensor) -> Tensor:
        return masked(x, self.logits(x), TOP)
