"""Two networks of different kinds that judge a song together: the mean of their masks.

They fail at different things, so that their mean is better than either (Dietterich 2000,
https://doi.org/10.1007/3-540-45014-9_1): the U-Net knows what it has heard for long, the band-split one, which sees
sizes only and has heard little, takes fewer strange voices for instruments. ``python -m
onnx_models.training.separation.pair --unet FILE --live FILE --share S --out FILE`` makes the pair from two checkpoints.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from onnx_models.training.separation import checkpoints
from onnx_models.training.separation.bands import TOP, masked
from onnx_models.training.separation.long_bands import LongBandGru, grown
from onnx_models.training.separation.unet import SubTdf

SHARE = 0.45
"""Of the band-split network in the masks."""
SURE = 30.0
"""Logits beyond this are masks of zero and one."""
QUIET = 1e-7
"""Added to masks before their logarithm."""


class Pair(nn.Module):
    """`unet.SubTdf` and `long_bands.LongBandGru`, with their inputs and outputs."""

    def __init__(self, unet: dict[str, int] | None = None, bands: dict[str, Any] | None = None, share: float = SHARE):
        super().__init__()
        self.unet, self.bands = SubTdf(**(unet or {})), LongBandGru(**(bands or {}))
        self.share = share
        self.settings = {"unet": self.unet.settings, "bands": self.bands.settings, "share": share}

    def by_time(self, x: Tensor) -> Tensor:
        """``(batch, 4, frames, BINS)`` to masks ``(batch, STEMS, 2, frames, BINS)`` that sum to one."""
        one = _masks(self.unet.logits(x.transpose(2, 3)), 1 - self.share).transpose(3, 4)
        return one + _masks(self.bands.by_time(x, None)[0], self.share)

    def logits(self, x: Tensor) -> Tensor:
        """Logits ``(batch, STEMS, 2, BINS, frames)``; the mask is their softmax over the stems."""
        return torch.log(self.by_time(x[:, :, : self.bands.bins].transpose(2, 3)) + QUIET).transpose(3, 4)

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, 4, bins, frames)`` to the spectra of the stems ``(batch, STEMS, 4, bins, frames)``."""
        return masked(x, self.logits(x), TOP)


def _masks(logits: Tensor, share: float) -> Tensor:
    """A share of the softmax over the stems.

    onnxruntime's own takes ten times as long over an axis that is not the last, its sum five times as long as a
    product with ones.
    """
    sizes = torch.exp(logits.float().clamp(-SURE, SURE))
    batch, stems, *rest = sizes.shape
    total = torch.matmul(sizes.new_ones(1, stems), sizes.reshape(batch, stems, -1))
    return sizes * (share / total).reshape(batch, 1, *rest)


def pair(unet: dict[str, Any], live: dict[str, Any], *, share: float, softness: float) -> dict[str, Any]:
    """The checkpoint of a pair from those of a U-Net and of a live network, or of one that was grown from it.

    Args:
        share: of the band-split network, 0 to 1.
        softness: divisor of the U-Net's logits.

    Raises:
        ValueError: another network, or a share or softness out of range.
    """
    if not softness > 0.0:
        raise ValueError(f"logits are divided by more than nothing, not by {softness:g}")
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"a share is from 0 to 1, not {share:g}")
    bands, settings = live["average"], dict(live["settings"])
    if live.get("model") == "live":
        bands = grown(bands)
        settings["ahead"] = False
    try:
        network = Pair(dict(unet["settings"]), settings, share)
        network.unet.load_state_dict({name: value.float() for name, value in unet["average"].items()})
        network.bands.load_state_dict({name: value.float() for name, value in bands.items()})
    except (RuntimeError, TypeError) as error:
        raise ValueError(f"these are not a U-Net and a band-split network: {error}") from error
    last = network.unet.head[-1]
    with torch.no_grad():
        for weight in last.parameters():
            weight.div_(softness)
    counted = {name: unet.get(name, 0) + live.get(name, 0) for name in ("step", "minutes", "heard_s")}
    return {
        "model": "default",
        "settings": network.settings,
        "average": network.state_dict(),
        "batches": unet.get("batches", 0),
        "best": -99.0,
        **counted,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--unet", type=Path, required=True, help="checkpoint of --model u-net")
    parser.add_argument("--live", type=Path, required=True, help="checkpoint of --model live or --model bands")
    parser.add_argument("--share", type=float, default=SHARE, help="of the band-split network in the masks")
    parser.add_argument("--softness", type=float, default=1.2, help="divisor of the U-Net's logits")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    try:
        unet, live = (checkpoints.read(path) for path in (options.unet, options.live))
        checkpoints.write(pair(unet, live, share=options.share, softness=options.softness), options.out)
    except ValueError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
