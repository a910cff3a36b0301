"""The architectures of MODELS.md 2 in torch, with random weights: what the public graphs look like from outside and
inside. Widths are parameters; numbers that the host side must know (sizes of transforms, passages) are those of the
real models in the full test and small ones in the fixtures."""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class TfcTdf(nn.Module):
    """Two convolutions over time and frequency, then a bottleneck along frequency; of MDX-Net."""

    def __init__(self, channels: int, bins: int, bottleneck: int):
        super().__init__()
        self.tfc = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        )
        self.tdf = nn.Sequential(
            nn.Linear(bins, bottleneck, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Linear(bottleneck, bins, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.tfc(x)
        return x + self.tdf(x)


class ConvTdfNet(nn.Module):
    """MDX-Net (KUIELab): a U-Net that multiplies its skips; ``(1, 4, dim_f, dim_t)`` to the same."""

    def __init__(self, dim_f: int, *, width: int = 4, bottleneck: int = 4, levels: int = 2):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(4, width, 1), nn.BatchNorm2d(width), nn.ReLU())
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        self.encoder, self.decoder = nn.ModuleList(), nn.ModuleList()
        channels, bins = width, dim_f
        for _ in range(levels):
            self.encoder.append(TfcTdf(channels, bins, bottleneck))
            self.down.append(nn.Sequential(nn.Conv2d(channels, channels + width, 2, stride=2), nn.ReLU()))
            channels, bins = channels + width, bins // 2
        self.middle = TfcTdf(channels, bins, bottleneck)
        for _ in range(levels):
            self.up.append(nn.Sequential(nn.ConvTranspose2d(channels, channels - width, 2, stride=2), nn.ReLU()))
            channels, bins = channels - width, bins * 2
            self.decoder.append(TfcTdf(channels, bins, bottleneck))
        self.last = nn.Conv2d(width, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.first(x).transpose(-1, -2)
        skips: list[Tensor] = []
        for block, down in zip(self.encoder, self.down, strict=True):
            h = block(h)
            skips.append(h)
            h = down(h)
        h = self.middle(h)
        for up, block in zip(self.up, self.decoder, strict=True):
            h = block(up(h) * skips.pop())
        return self.last(h.transpose(-1, -2))


class TfcTdf3(nn.Module):
    """The block of TFC-TDF v3: instance norm and GELU before each convolution, all of it residual."""

    def __init__(self, channels: int, bins: int, bottleneck: int):
        super().__init__()

        def norm() -> nn.Module:
            return nn.InstanceNorm2d(channels, affine=True)

        def conv() -> nn.Module:
            return nn.Sequential(norm(), nn.GELU(), nn.Conv2d(channels, channels, 3, padding=1, bias=False))

        self.one, self.two = conv(), conv()
        self.tdf = nn.Sequential(
            norm(), nn.GELU(), nn.Linear(bins, bottleneck, bias=False), norm(), nn.GELU(), nn.Linear(bottleneck, bins)
        )
        self.short = nn.Conv2d(channels, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        short = self.short(x)
        x = self.one(x)
        x = x + self.tdf(x)
        return self.two(x) + short


class TfcTdfV3(nn.Module):
    """MDX23C: sub-bands as channels, ``(1, 4, dim_f, dim_t)`` to ``(1, stems, 4, dim_f, dim_t)``."""

    def __init__(self, dim_f: int, stems: int, *, width: int = 8, bottleneck: int = 4, bands: int = 4):
        super().__init__()
        self.stems, self.bands = stems, bands
        bins = dim_f // bands
        self.first = nn.Conv2d(4 * bands, width, 1, bias=False)
        self.encoder = TfcTdf3(width, bins, bottleneck)
        self.down = nn.Sequential(nn.InstanceNorm2d(width, affine=True), nn.GELU(), nn.Conv2d(width, 2 * width, 2, 2))
        self.middle = TfcTdf3(2 * width, bins // 2, bottleneck)
        self.up = nn.Sequential(
            nn.InstanceNorm2d(2 * width, affine=True), nn.GELU(), nn.ConvTranspose2d(2 * width, width, 2, 2)
        )
        self.decoder = TfcTdf3(width, bins, bottleneck)
        self.last = nn.Sequential(
            nn.Conv2d(width + 4 * bands, width, 1), nn.GELU(), nn.Conv2d(width, stems * 4 * bands, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        batch, channels, dim_f, dim_t = x.shape
        h = x.reshape(batch, channels * self.bands, dim_f // self.bands, dim_t)
        mix = first = self.first(h)
        inner = mix.transpose(-1, -2)
        skip = self.encoder(inner)
        inner = self.up(self.middle(self.down(skip)))
        inner = self.decoder(inner + skip).transpose(-1, -2) * first
        out = self.last(torch.cat([h, inner], 1))
        return out.reshape(batch, self.stems, 4, dim_f, dim_t)


class RmsNorm(nn.Module):
    """Of the RoFormers: unit length times the root of the size."""

    def __init__(self, size: int):
        super().__init__()
        self.gain = nn.Parameter(1 + 0.1 * torch.randn(size))

    def forward(self, x: Tensor) -> Tensor:
        length = (x * x).sum(-1, keepdim=True).clamp_min(1e-24).sqrt()
        return x / length * math.sqrt(x.shape[-1]) * self.gain


class Attention(nn.Module):
    """Self-attention with rotary positions and a gate for each head."""

    def __init__(self, size: int, heads: int, head: int):
        super().__init__()
        self.heads, self.head = heads, head
        self.norm = RmsNorm(size)
        self.qkv = nn.Linear(size, 3 * heads * head, bias=False)
        self.gates = nn.Linear(size, heads)
        self.out = nn.Linear(heads * head, size, bias=False)
        self.register_buffer("speed", 1.0 / (10000 ** (torch.arange(0, head, 2).float() / head)))

    def _turned(self, x: Tensor) -> Tensor:
        # Axes are counted from the front and nothing is stacked: the exporter is wrong about the last axis there.
        angle = torch.arange(x.shape[2]).float()[:, None] * self.speed[None]
        one, two = x[:, :, :, : self.head // 2], x[:, :, :, self.head // 2 :]
        cos, sin = angle.cos(), angle.sin()
        return torch.cat([one * cos - two * sin, two * cos + one * sin], 3)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, _ = x.shape
        h = self.norm(x)
        q, k, v = (
            part.reshape(batch, length, self.heads, self.head).transpose(1, 2) for part in self.qkv(h).chunk(3, -1)
        )
        q, k = self._turned(q), self._turned(k)
        weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(self.head), -1)
        out = (weights @ v) * torch.sigmoid(self.gates(h)).transpose(1, 2)[..., None]
        return x + self.out(out.transpose(1, 2).reshape(batch, length, -1))


class FeedForward(nn.Module):
    """Norm, wide, GELU, narrow; residual."""

    def __init__(self, size: int):
        super().__init__()
        self.net = nn.Sequential(RmsNorm(size), nn.Linear(size, 4 * size), nn.GELU(), nn.Linear(4 * size, size))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.net(x)


BS_BANDS = (2,) * 24 + (4,) * 12 + (12,) * 8 + (24,) * 8 + (48,) * 8 + (128, 129)
"""Bins of the 62 bands of BS-RoFormer; 1,025 in all."""


class RoFormerNet(nn.Module):
    """BS-RoFormer, and with overlapping `bands` (lists of bins) Mel-Band RoFormer: ``(1, 2 bins, times, 2)`` to masks
    ``(1, stems, 2 bins, times, 2)``. Where bands overlap the mean of their masks counts."""

    def __init__(self, bands: list[list[int]], bins: int, stems: int, *, size: int = 8, heads: int = 2, depth: int = 1):
        super().__init__()
        self.stems, self.bins = stems, bins
        self.widths = [len(band) * 4 for band in bands]
        flat = torch.tensor([2 * b + side for band in bands for b in band for side in range(2)])
        count = torch.zeros(2 * bins).scatter_add(0, flat, torch.ones(len(flat)))
        self.register_buffer("flat", flat)
        self.register_buffer("count", count.clamp_min(1))
        self.split = nn.ModuleList([nn.Sequential(RmsNorm(w), nn.Linear(w, size)) for w in self.widths])
        self.layers = nn.ModuleList(
            [
                nn.ModuleList(
                    [
                        nn.Sequential(Attention(size, heads, 8), FeedForward(size)),
                        nn.Sequential(Attention(size, heads, 8), FeedForward(size)),
                    ]
                )
                for _ in range(depth)
            ]
        )
        self.norm = RmsNorm(size)
        self.heads = nn.ModuleList(
            [
                nn.ModuleList(
                    [
                        nn.Sequential(nn.Linear(size, 2 * size), nn.Tanh(), nn.Linear(2 * size, 2 * w))
                        for w in self.widths
                    ]
                )
                for _ in range(stems)
            ]
        )

    def forward(self, x: Tensor) -> Tensor:
        times = x.shape[2]
        chosen = torch.index_select(x[0], 0, self.flat).permute(1, 0, 2).flatten(1)
        parts = torch.split(chosen, self.widths, -1)
        h = torch.stack([net(part) for net, part in zip(self.split, parts, strict=True)], 0)
        for along_time, along_bands in self.layers:
            h = along_time(h)
            h = along_bands(h.transpose(0, 1)).transpose(0, 1)
        h = self.norm(h)
        masks: list[Tensor] = []
        for nets in self.heads:
            flat = torch.cat([F.glu(net(h[index]), -1) for index, net in enumerate(nets)], -1)
            values = flat.reshape(times, -1, 2).permute(1, 0, 2)
            index = self.flat[:, None, None].expand_as(values)
            summed = torch.zeros(2 * self.bins, times, 2).scatter_add(0, index, values)
            masks.append(summed / self.count[:, None, None])
        return torch.stack(masks)[None]


class SpleeterNet(nn.Module):
    """Spleeter's U-Net with strided convolutions; ``(2, passages, times, bins)`` magnitudes to the same."""

    def __init__(self, *, width: int = 4, levels: int = 3):
        super().__init__()
        sizes = [2] + [width * 2**level for level in range(levels)]
        self.down = nn.ModuleList([nn.Conv2d(a, b, 5, stride=2, padding=2) for a, b in itertools.pairwise(sizes)])
        self.norms = nn.ModuleList([nn.BatchNorm2d(b) for b in sizes[1:]])
        ups = [(sizes[-1], sizes[-2])] + [(2 * sizes[i], max(sizes[i - 1], 1)) for i in range(levels - 1, 0, -1)]
        self.up = nn.ModuleList([nn.ConvTranspose2d(a, b, 5, stride=2, padding=2, output_padding=1) for a, b in ups])
        self.last = nn.Conv2d(2, 2, 4, dilation=2, padding=3)

    def forward(self, x: Tensor) -> Tensor:
        h = magnitude = x.transpose(0, 1)
        skips: list[Tensor] = []
        for conv, norm in zip(self.down, self.norms, strict=True):
            h = conv(h)
            skips.append(h)
            h = F.leaky_relu(norm(h), 0.2)
        h = skips.pop()
        for index, up in enumerate(self.up):
            h = F.relu(up(h))
            if index < len(self.up) - 1:
                h = torch.cat([skips.pop(), h], 1)
        # Random weights would drive the sigmoid into saturation, where ratios of its values mean nothing.
        return (torch.sigmoid(0.02 * self.last(h)) * magnitude).transpose(0, 1)


class WaveNet(nn.Module):
    """A small network on the waveform, ``(1, 2, n)`` to ``(1, stems, 2, n)``: from outside, a Demucs."""

    def __init__(self, stems: int, width: int = 8):
        super().__init__()
        self.stems = stems
        self.down = nn.Conv1d(2, width, 8, stride=4, padding=2)
        self.rnn = nn.LSTM(width, width, batch_first=True, bidirectional=True)
        self.mix = nn.Conv1d(2 * width, width, 1)
        self.up = nn.ConvTranspose1d(width, 2 * stems, 8, stride=4, padding=2)

    def forward(self, x: Tensor) -> Tensor:
        h = F.gelu(self.down(x))
        h = h + self.mix(self.rnn(h.transpose(1, 2))[0].transpose(1, 2))
        return self.up(h).reshape(1, self.stems, 2, -1)


class CoreNet(nn.Module):
    """Waveform and spectrum in, both out: the signature of Demucs without its transforms. With `outside` it leaves the
    normalisation of both to the host, as OpenVINO's export does, and joins stems and channels in one axis."""

    def __init__(self, stems: int, *, width: int = 8, outside: bool = False):
        super().__init__()
        self.stems, self.outside = stems, outside
        self.wave = WaveNet(stems, width)
        self.first = nn.Conv2d(4, width, 3, padding=1)
        self.last = nn.Conv2d(width, 4 * stems, 3, padding=1)

    def forward(self, mix: Tensor, spectrum: Tensor) -> tuple[Tensor, Tensor]:
        x, xt = spectrum, mix
        if not self.outside:
            mean, std = x.mean(dim=(1, 2, 3), keepdim=True), x.std(dim=(1, 2, 3), keepdim=True)
            mean_t, std_t = xt.mean(dim=(1, 2), keepdim=True), xt.std(dim=(1, 2), keepdim=True)
            x, xt = (x - mean) / (1e-5 + std), (xt - mean_t) / (1e-5 + std_t)
        spectra = self.last(F.gelu(self.first(x)))
        waves = self.wave(xt)
        if self.outside:
            return spectra, waves.reshape(1, 2 * self.stems, -1)
        spectra = spectra.reshape(1, self.stems, 4, *spectra.shape[2:]) * std[:, None] + mean[:, None]
        return spectra, waves * std_t[:, None] + mean_t[:, None]


class UmxNet(nn.Module):
    """Open-Unmix's network, for where its package is not installed; ``(1, 2, bins, times)`` magnitudes."""

    def __init__(self, bins: int, *, hidden: int = 8, seen: int = 32):
        super().__init__()
        self.bins, self.seen, self.hidden = bins, seen, hidden
        self.fc1, self.bn1 = nn.Linear(2 * seen, hidden, bias=False), nn.BatchNorm1d(hidden)
        self.lstm = nn.LSTM(hidden, hidden // 2, num_layers=2, bidirectional=True)
        self.fc2, self.bn2 = nn.Linear(2 * hidden, hidden, bias=False), nn.BatchNorm1d(hidden)
        self.fc3, self.bn3 = nn.Linear(hidden, 2 * bins, bias=False), nn.BatchNorm1d(2 * bins)
        self.scale, self.mean = nn.Parameter(torch.ones(bins)), nn.Parameter(torch.ones(bins))

    def forward(self, x: Tensor) -> Tensor:
        h = x.permute(3, 0, 1, 2)
        mix = h
        times = h.shape[0]
        h = torch.tanh(self.bn1(self.fc1(h[..., : self.seen].reshape(-1, 2 * self.seen)))).reshape(times, 1, -1)
        h = torch.cat([h, self.lstm(h)[0]], -1)
        h = F.relu(self.bn2(self.fc2(h.reshape(times, -1))))
        h = self.bn3(self.fc3(h)).reshape(times, 1, 2, self.bins) * self.scale + self.mean
        return (F.relu(h) * mix).permute(1, 2, 3, 0)


def shaken(network: nn.Module, seed: int) -> nn.Module:
    """Random weights and running statistics that do something, and no training mode."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in network.named_parameters():
            if value.dim() > 1:
                fan = value[0].numel()
                value.copy_(torch.randn(value.shape, generator=generator) * (1.4 / math.sqrt(fan)))
            elif "bias" in name or "mean" in name:
                value.copy_(torch.randn(value.shape, generator=generator) * 0.1)
            else:
                value.copy_(1 + 0.1 * torch.randn(value.shape, generator=generator))
        for module in network.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                module.running_mean.copy_(torch.randn(module.running_mean.shape, generator=generator) * 0.1)
                module.running_var.copy_(torch.rand(module.running_var.shape, generator=generator) * 0.5 + 0.75)
    return network.eval()
