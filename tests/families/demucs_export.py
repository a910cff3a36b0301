"""The real HTDemucs of the package `demucs`, small and with random weights, and its core without transforms."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


def small_htdemucs(seed: int) -> Any:
    """The architecture of htdemucs at an eighth of its width and with one transformer layer."""
    from demucs.htdemucs import HTDemucs

    torch.manual_seed(seed)
    model = HTDemucs(
        sources=["drums", "bass", "other", "vocals"],
        channels=8,
        growth=2,
        nfft=4096,
        depth=4,
        t_layers=1,
        t_heads=2,
        bottom_channels=32,
        segment=7.8,
        samplerate=44100,
        use_train_segment=True,
    )
    return model.eval()


class Core(nn.Module):
    """`HTDemucs.forward` between its transforms: waveform and spectrum in, spectra and waveforms out."""

    def __init__(self, model: Any):
        super().__init__()
        self.model = model

    def forward(self, mix: Tensor, spectrum: Tensor) -> tuple[Tensor, Tensor]:
        held: dict[str, Tensor] = {}
        model = self.model

        def spec(x: Tensor) -> Tensor:
            return spectrum

        def magnitude(z: Tensor) -> Tensor:
            return z

        def mask(z: Tensor, m: Tensor) -> Tensor:
            held["spectra"] = m
            return m

        def inverse(z: Tensor, length: int | None = None, scale: int = 0) -> Tensor:
            return torch.zeros(1, len(model.sources), 2, mix.shape[-1])

        names = {"_spec": spec, "_magnitude": magnitude, "_mask": mask, "_ispec": inverse}
        kept = {name: getattr(model, name) for name in names}
        try:
            for name, function in names.items():
                object.__setattr__(model, name, function)
            waves = model(mix)
        finally:
            for name, function in kept.items():
                object.__setattr__(model, name, function)
        return held["spectra"], waves


def core_of(model: Any) -> Core:
    """The core of a model, to be exported."""
    return Core(model).eval()
