"""Sample-rate conversion: libsoxr at its very high quality."""

from __future__ import annotations

import numpy as np
import soxr  # pyright: ignore[reportMissingTypeStubs]

from engine.types import Audio


def resample(x: Audio, *, from_rate: int, to_rate: int) -> Audio:
    """Convert `x` ``(channels, frames) float32`` to `to_rate` Hz; the length is ``round(frames * to_rate /
    from_rate)``.

    The same rate gives the same array back.
    """
    if from_rate == to_rate:
        return x
    frames = round(x.shape[1] * to_rate / from_rate)
    if x.shape[1] == 0:
        return np.zeros((x.shape[0], 0), dtype=np.float32)
    y = soxr.resample(np.ascontiguousarray(x.T), from_rate, to_rate, quality="VHQ").T
    if y.shape[1] < frames:
        y = np.pad(y, ((0, 0), (0, frames - y.shape[1])))
    return np.ascontiguousarray(y[:, :frames], dtype=np.float32)
