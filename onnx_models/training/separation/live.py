"""BandGru: the causal separator of live playback.

Its paths along time run forward only, its state is an input and an output of the graph, and nothing is averaged over
time. Its delay is one window, 2,048 samples at 44.1 kHz: 46 ms.
"""

from __future__ import annotations

import torch
from torch import Tensor

from onnx_models.training.separation.bands import BandSplit, masked

LIVE_N_FFT, LIVE_HOP = 2048, 512
"""At 44.1 kHz. Training runs at half the rate with half of both."""
LIVE_BINS, LIVE_TOP = 384, 24


class BandGru(BandSplit):
    """Spectrum of a stereo mixture in, spectra of the four stems out, with the state of its memory beside both.

    `forward` takes ``(1, 4, bins, frames)`` (L.re, L.im, R.re, R.im) and a state ``(layers, bands, hidden)``, zeros at
    the start; it returns ``(1, 4, 4, bins, frames)`` in the order vocals, drums, bass, other, whose sum over the stems
    is the input, and the next state.
    """

    groups = ((12, 4), (10, 8), (8, 16), (4, 32))
    """86 Hz wide at first, 689 Hz at last."""

    def __init__(self, width: int = 48, *, hidden: int = 64, layers: int = 3, inner: int = 80):
        super().__init__(width, hidden=hidden, layers=layers, inner=inner)

    def empty(self, batch: int = 1) -> Tensor:
        """The state at the start."""
        rows = batch * self.bands
        return torch.zeros(len(self.layers), rows, self.settings["hidden"], device=self.norm.weight.device)

    def logits(self, x: Tensor) -> Tensor:
        """The logits of passages that start in silence."""
        return self.masks(x, self.empty(x.shape[0]))[0]

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        logits, after = self.masks(x, state)
        return masked(x, logits, LIVE_TOP), after
