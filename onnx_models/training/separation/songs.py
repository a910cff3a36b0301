"""Songs for training: composed from templates, played by the kit and by synthesis, rendered as four true stems.

One song is `SECONDS` long and comes from one seed. The parts share key, chords, tempo and form, so that masks must be
learned where sounds really overlap; the mixer (`mixing`) also tears songs apart and pairs strangers.
"""

from __future__ import annotations

import numpy as np

from onnx_models.training.separation import effects
from onnx_models.training.separation.accompaniment import other
from onnx_models.training.separation.form import Samples, compose
from onnx_models.training.separation.library import Library
from onnx_models.training.separation.rhythm import bass, drums
from onnx_models.training.separation.singing import vocals

MODERN_FROM, MODERN_TO = 350, 443
"""These songs all may have the parts that came later (`accompaniment.layer`); those before stay as they were."""
MODERN_SHARE = 0.2
"""How many of the songs after these may: with all of them bass and voices were told worse (docs/separation.md)."""

STEMS = ("vocals", "drums", "bass", "other")


def level(stem: Samples) -> Samples:
    """Bring the loud parts of a stem to -20 dBFS RMS, peaks below full scale."""
    blocks = stem[:, : stem.shape[1] // 2205 * 2205].reshape(2, -1, 2205)
    power = (blocks**2).mean((0, 2))
    loud = power[power > power.max() * 0.02] if power.max() > 0 else power
    if loud.size == 0 or loud.mean() <= 0:
        return stem
    gain = 0.1 / np.sqrt(loud.mean())
    return (stem * min(gain, 0.99 / (np.abs(stem).max() + 1e-9))).astype(np.float32)


def modern(seed: int) -> bool:
    """Whether the accompaniment of song `seed` may have the parts that came later."""
    if seed < MODERN_TO:
        return seed >= MODERN_FROM
    return bool(np.random.default_rng([23, seed]).random() < MODERN_SHARE)


def render(seed: int, library: Library) -> Samples:
    """One song: ``(stems, 2, FRAMES) float32`` in the order of `STEMS`."""
    rng = np.random.default_rng([7, seed])
    form = compose(rng)
    beat = drums(form, library, rng)
    line = bass(form, library, rng)
    rest = other(form, library, rng, modern=modern(seed))
    song = np.stack([vocals(form, library, rng), beat, line, rest])
    return np.stack([level(effects.highpass(stem, 20.0)) for stem in song])
