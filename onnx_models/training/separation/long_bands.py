"""LongBandGru: the band-split network of whole songs, whose window is twice as long as the live one's.

It is grown from the live network (`grown`), with twice the bins in each band. Its paths along time may run both ways;
backward halves, and further layers, begin without an effect.
"""

from __future__ import annotations

import torch
from torch import Tensor

from onnx_models.training.separation.bands import STEMS, TOP, VIEWS, BandSplit, masked

HALF_AS_OFTEN = 0.69
"""Taken from the offsets of the update gates: with frames half as often, what is forgotten in two is in one."""


class LongBandGru(BandSplit):
    """Spectrum of a stereo mixture in, spectra of the four stems out.

    `forward` takes ``(batch, 4, bins, frames)`` (L.re, L.im, R.re, R.im; any number of bins from `BINS` up) and returns
    ``(batch, 4, 4, bins, frames)`` in the order vocals, drums, bass, other, whose sum over the stems is the input.
    """

    groups = ((12, 8), (10, 16), (8, 32), (4, 64))
    """86 Hz wide at first, 689 Hz at last."""

    def __init__(self, width: int = 48, *, hidden: int = 64, layers: int = 3, inner: int = 80, ahead: bool = False):
        super().__init__(width, hidden=hidden, layers=layers, inner=inner, ahead=ahead)
        self.settings["ahead"] = ahead

    def logits(self, x: Tensor) -> Tensor:
        """Logits ``(batch, STEMS, 2, bins, frames)``; the mask is their softmax over the stems."""
        return self.masks(x, None)[0]

    def forward(self, x: Tensor) -> Tensor:
        return masked(x, self.logits(x), TOP)


def _finer(rows: Tensor) -> Tensor:
    """Weights ``(count, size * VIEWS, ...)`` of bins for the two bins that each becomes, which share its part."""
    count, inputs, outputs = rows.shape
    bins = rows.reshape(count, inputs // VIEWS, VIEWS, outputs) / 2
    return bins.repeat_interleave(2, 1).reshape(count, 2 * inputs, outputs)


def _shared(columns: Tensor) -> Tensor:
    """Weights ``(..., stems * sides * size)`` of bins for the two bins that each becomes, which are masked alike."""
    sides = columns.reshape(*columns.shape[:-1], STEMS * 2, -1)
    return sides.repeat_interleave(2, -1).reshape(*columns.shape[:-1], -1)


def grown(weights: dict[str, Tensor], *, ahead: bool = False) -> dict[str, Tensor]:
    """Weights of a `LongBandGru` from those of a `live.BandGru` of the same width.

    With `ahead` the backward halves begin as the forward ones, and their columns of the projection at zero.
    """
    out: dict[str, Tensor] = {}
    width = weights["norm.weight"].numel()
    for name, held in weights.items():
        value = held.float()
        if name.startswith("enter.weights"):
            value = _finer(value)
        elif name.startswith("mixed.weights"):
            value = torch.cat([value[:, :width], _finer(value[:, width:])], 1)
        elif name.startswith("leave."):
            value = _shared(value)
        elif ".proj_t.weight" in name and ahead:
            value = torch.cat([value, torch.zeros_like(value)], 1)
        elif ".time." in name:
            if ".bias_ih" in name:
                reset, update, new = value.chunk(3)
                value = torch.cat([reset, update - HALF_AS_OFTEN, new])
            if ahead:
                out[f"{name}_reverse"] = value
        out[name] = value
    return out
