"""How far the engine is from a family's own way of running, relative to the loudest stem."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.inference.separation import separate_pcm
from engine.types import PcmRef
from tests.families.signal import music

BOUND = 1e-3


def engine_stems(pack: Path, names: list[str], frames: int, scratch: Path) -> np.ndarray:
    """``(stems, 2, frames)`` in the order of `names`, by the product's runner on the CPU."""
    scratch.mkdir(parents=True, exist_ok=True)
    music(frames).astype("<f4").tofile(scratch / "mixture.f32")
    result = separate_pcm(
        pcm=PcmRef(path=str(scratch / "mixture.f32"), rate=44100, channels=2, frames=frames),
        out_dir=str(scratch / "stems"),
        pack_dir=str(pack),
        provider="cpu",
        progress=lambda fraction, note: None,
        cancelled=lambda: False,
    )
    return np.stack([np.array(result.stems[name].open()) for name in names])


def deviation(got: np.ndarray, wanted: np.ndarray) -> float:
    """Largest difference over the largest value."""
    return float(np.abs(got - wanted).max() / np.abs(wanted).max())
