"""Weights between two checkpoints of one lineage: ``python -m onnx_models.training.separation.blend A B --share S``.

What a run has learned from new material costs it some of what it knew of other music; weights on the line between the
two keep most of both (Wortsman et al. 2022, https://arxiv.org/abs/2109.01903). Shares above 1 go on beyond B: where B
itself was half way from A to the end of a run, 2 is that end.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch

from onnx_models.training.separation import checkpoints
from onnx_models.training.separation.long_bands import grown


def blend(before: dict[str, Any], after: dict[str, Any], share: float) -> dict[str, Any]:
    """The checkpoint `after`, small, with averaged weights that are `share` of its own and the rest of `before`'s.

    The share is 0 to 2.

    A live checkpoint before one of the long band-split network is grown first. Layers, paths and backward halves that
    `before` lacks count as the identity there: their projections are scaled.

    Raises:
        ValueError: `share` is not from 0 to 2, or the two are of different networks.
    """
    if not 0.0 <= share <= 2.0:
        raise ValueError(f"a share is from 0 to 2, not {share:g}")
    old, new = before["average"], after["average"]
    if before.get("model") == "live" and after.get("model") == "bands":
        ahead = bool(after["settings"].get("ahead"))
        old = {
            name: value
            for name, value in grown(old, ahead=ahead).items()
            if ".time." not in name or "_reverse" not in name
        }
    unlike = [name for name in old if name not in new or old[name].shape != new[name].shape]
    unlike += [name for name in new if name not in old and not name.startswith(("layers.", "paths."))]
    if unlike:
        raise ValueError(f"different networks: {unlike[:4]}")
    average = {}
    for name, value in new.items():
        value = value.float()
        if name in old:
            average[name] = torch.lerp(old[name].float(), value, share)
        else:
            average[name] = value * share if ".proj_" in name else value
    return {key: value for key, value in after.items() if key not in ("network", "optimizers")} | {"average": average}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--share", type=float, required=True, help="of the second, 0 to 2")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    try:
        before, after = (checkpoints.read(path) for path in (options.before, options.after))
        checkpoints.write(blend(before, after, options.share), options.out)
    except ValueError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
