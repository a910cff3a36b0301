"""A production style taken from a recording: how each of its stems sounds, and how loud they are beside each other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.dsp.loudness import integrated_lufs
from engine.errors import Cancelled, StyleError
from engine.inference.production_balance import low_and_rest
from engine.inference.production_features import features
from engine.inference.style_reference import Reference
from engine.inference.styles import TYPICAL_BELOW_MIX_DB
from engine.types import STEMS, PcmRef, Progress

QUIETEST_BELOW_MIX_DB = 25.0
"""A stem further below the mix is what the separation left over: it says nothing about the production."""
LARGEST_BALANCE_DB = 6.0


def reference_task(*, stems: dict[str, PcmRef], progress: Progress, cancelled: Callable[[], bool]) -> Reference:
    """Worker task: listen to the stems of a reference.

    Raises:
        StyleError: ``style-unsuitable`` for silence. Cancelled: when the caller wants to stop.
    """
    rate = next(iter(stems.values())).rate
    audio = {role: np.asarray(ref.open()) for role, ref in stems.items()}
    mix = np.sum(list(audio.values()), axis=0).astype(np.float32)
    mix_lufs = integrated_lufs(mix, rate=rate)
    if not np.isfinite(mix_lufs):
        raise StyleError(
            "There is nothing to hear in the reference.",
            remedy="Choose a recording with music in it.",
            code="style-unsuitable",
        )
    targets: dict[str, tuple[float, ...]] = {}
    balance: dict[str, float] = {}
    for number, role in enumerate(r for r in (*STEMS, "mix") if r in audio):
        if cancelled():
            raise Cancelled
        progress(number / len(audio), f"Listening to the reference: {role}")
        lufs = integrated_lufs(audio[role], rate=rate)
        if not np.isfinite(lufs) or lufs < mix_lufs - QUIETEST_BELOW_MIX_DB:
            continue
        named = "other" if role == "mix" else role
        targets[named] = tuple(round(float(v), 2) for v in features(audio[role], rate=rate))
        if role != "mix":
            level = lufs - mix_lufs + TYPICAL_BELOW_MIX_DB[role]
            balance[role] = round(float(np.clip(level, -LARGEST_BALANCE_DB, LARGEST_BALANCE_DB)), 2)
    low, rest = low_and_rest(mix, rate)
    return Reference(targets=targets, balance_db=balance, low_share=low / max(low + rest, 1e-12))
