"""BandBiGru: the separator of whole songs, whose memory runs both ways along time.

It is grown from the live network (`grown`): its window is twice as long, so each band has twice the bins; backward
halves of the paths along time, and further layers, begin without an effect.
"""

from __future__ import annotations

import torch
from torch import Tensor

from onnx_models.training.separation.bands import STEMS, VIEWS, BandSplit, masked

N_FFT, HOP = 4096, 1024
"""At 44.1 kHz. Training runs at half the rate with half of both, which gives the same bins and frames."""
BINS, TOP = 768, 48
HALF_AS_OFTEN = 0.69
"""Taken from the offsets of the update gates: with frames half as often, what is forgotten in two is in one."""


class BandBiGru(BandSplit):
    """Spectrum of a stereo mixture in, spectra of the four stems out.

    `forward` takes ``(batch, 4, bins, frames)`` (L.re, L.im, R.re, R.im; any number of bins from `bins` up) and returns
    ``(batch, 4, 4, bins, frames)`` in the order vocals, drums, bass, other, whose sum over the stems is the input.
    """

    groups = ((12, 8), (10, 16), (8, 32), (4, 64))
    """86 Hz wide at first, 689 Hz at last."""
    ahead = True

    def __init__(self, width: int = 48, *, hidden: int = 64, layers: int = 4, inner: int = 80):
        super().__init__(width, hidden=hidden, layers=layers, inner=inner)

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


def grown(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights of a `BandBiGru` from those of a `live.BandGru` of the same width.

    The backward halves begin as the forward ones, and their columns of the projection at zero.
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
        elif ".proj_t.weight" in name:
            value = torch.cat([value, torch.zeros_like(value)], 1)
        elif ".time." in name:
            if ".bias_ih" in name:
                reset, update, new = value.chunk(3)
                value = torch.cat([reset, update - HALF_AS_OFTEN, new])
            out[f"{name}_reverse"] = value
        out[name] = value
    return out
