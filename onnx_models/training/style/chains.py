"""Random but plausible settings of the channel strip: what the model has to recognise."""

from __future__ import annotations

import numpy as np

from engine.inference.production_chain import SETTINGS, Vector, decode, encode


def draw(rng: np.random.Generator, *, strength: float = 1.0) -> Vector:
    """Coded settings; each block of the strip is at rest for a part of the draws.

    Args:
        rng: where every choice comes from.
        strength: 1 for targets, less for the processing that a recording already has.
    """
    by_id = {s.id: s for s in SETTINGS}

    def log(name: str) -> float:
        return by_id[name].decode(float(rng.uniform(0.0, 1.0)))

    def gain() -> float:
        return float(np.clip(rng.normal(0.0, 4.5 * strength), -10.0, 10.0)) if rng.random() < 0.8 else 0.0

    values: dict[str, float] = {}
    if rng.random() < 0.45 * strength:
        values["high_pass_hz"] = log("high_pass_hz")
    for band in ("low_shelf", "low_mid", "high_mid", "high_shelf"):
        values[f"{band}_hz"] = log(f"{band}_hz")
        values[f"{band}_db"] = gain()
        if f"{band}_q" in by_id:
            values[f"{band}_q"] = log(f"{band}_q")
    if rng.random() < 0.3 * strength:
        values["low_pass_hz"] = log("low_pass_hz")
    if rng.random() < 0.6 * strength:
        values["threshold_over_lufs_db"] = float(rng.uniform(-8.0, 10.0))
        values["ratio"] = float(np.exp(rng.uniform(np.log(1.3), np.log(8.0))))
        values["attack_s"], values["release_s"] = log("attack_s"), log("release_s")
    if rng.random() < 0.45 * strength:
        values["drive_db"] = float(rng.uniform(1.0, 24.0))
    if rng.random() < 0.55:
        values["width"] = float(np.clip(rng.normal(1.0, 0.5 * strength), 0.0, 2.0))
    if rng.random() < 0.5 * strength:
        values["reverb_mix"] = float(rng.uniform(0.03, 0.5))
        values["reverb_decay_s"] = log("reverb_decay_s")
    return encode(values)


def describe(coded: Vector) -> str:
    """One line for the log."""
    return " ".join(f"{k}={v:.3g}" for k, v in decode(coded).items())
