"""Examples for the fit: features of an input, features of a processed reference, and the settings that processed it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from engine.dsp.loudness import integrated_lufs
from engine.inference.production_chain import Vector, apply_strip, to_strip
from engine.inference.production_features import FEATURES_VERSION, features
from onnx_models.training.style.chains import draw
from onnx_models.training.style.material import RATE, ROLES, SECONDS, Library, Samples, Stem

STEMS_A_SHARD = 32
CHAINS_A_STEM = 6


def process(audio: Samples, coded: Vector) -> Samples:
    """`audio` through the chain with these settings."""
    return apply_strip(audio, to_strip(coded, lufs=integrated_lufs(audio, rate=RATE)), rate=RATE)


def stem_sections(
    library: Library, role: str, rng: np.random.Generator, *, held_out: bool, count: int, seconds: float
) -> list[Samples] | None:
    """`count` sections of one new stem, each of so many seconds, some of them with processing that all share; None when
    it came out silent."""
    stem = Stem(library, role, rng, held_out=held_out)
    sections = [stem.section(rng, seconds=seconds) for _ in range(count)]
    if rng.random() < 0.5:
        before = draw(rng, strength=0.5)
        sections = [process(s, before) for s in sections]
    if any(not np.isfinite(integrated_lufs(s, rate=RATE)) for s in sections):
        return None
    return sections


def render_shard(library: Library, *, seed: int, index: int) -> dict[str, np.ndarray]:
    """One shard of examples; the same seed and index give the same shard."""
    rng = np.random.default_rng([seed, index])
    rows: dict[str, list[np.ndarray]] = {"given": [], "reference": [], "coded": [], "role": []}
    for k in range(STEMS_A_SHARD):
        role = k % len(ROLES)
        sections = stem_sections(library, ROLES[role], rng, held_out=False, count=3, seconds=SECONDS)
        if sections is None:
            continue
        given = features(sections[0], rate=RATE)
        for j in range(CHAINS_A_STEM):
            coded = draw(rng)
            rows["given"].append(given)
            rows["reference"].append(features(process(sections[1 + j % 2], coded), rate=RATE))
            rows["coded"].append(coded)
            rows["role"].append(np.array(role))
    return {name: np.stack(values) for name, values in rows.items()}


def render(library: Library, folder: Path, *, seed: int, minutes: float) -> Iterator[int]:
    """Render shards that are not there yet until the time is up; yields the number of examples after each."""
    folder.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + 60.0 * minutes
    index, total = 0, 0
    while time.monotonic() < until:
        path = folder / f"shard_v{FEATURES_VERSION}_{seed}_{index:05d}.npz"
        if not path.exists():
            shard = render_shard(library, seed=seed, index=index)
            half = path.with_suffix(".half.npz")
            np.savez(half, **shard)  # type: ignore[arg-type]
            half.replace(path)
            total += shard["coded"].shape[0]
            yield total
        index += 1


def load(folder: Path, *, seed: int) -> dict[str, np.ndarray]:
    """All examples rendered so far."""
    paths = sorted(folder.glob(f"shard_v{FEATURES_VERSION}_{seed}_*[0-9].npz"))
    shards = [dict(np.load(p)) for p in paths]
    return {name: np.concatenate([s[name] for s in shards]) for name in shards[0]}
