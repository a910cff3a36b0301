"""A production style taken from a recording: how each of its stems sounds, and how loud they are beside each other."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np

from engine.dsp.loudness import integrated_lufs
from engine.errors import Cancelled, StyleError
from engine.inference.production_balance import low_and_rest
from engine.inference.production_features import features
from engine.inference.styles import PRODUCTION, SCHEMA, TYPICAL_BELOW_MIX_DB, Production, Style, check_style
from engine.types import STEMS, PcmRef, Progress

QUIETEST_BELOW_MIX_DB = 25.0
"""A stem further below the mix is what the separation left over: it says nothing about the production."""
LARGEST_BALANCE_DB = 6.0


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """What was heard in a reference."""

    targets: dict[str, tuple[float, ...]]
    balance_db: dict[str, float]
    low_share: float
    """Share of its energy below 120 Hz."""


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


def style_like(reference: Reference, *, style_id: str, name: str, title: str) -> Style:
    """A production style that aims at a reference.

    Args:
        reference: as `reference_task` heard it.
        style_id: id of the style, small letters, digits and hyphens.
        name: of the style, for menus.
        title: of the recording, for the description.

    Raises:
        StyleError: ``style-invalid`` for an id or a name that cannot be used.
    """
    style = Style(
        schema=SCHEMA,
        id=style_id,
        version=1,
        name=name,
        description=f"Production alone: mixed like “{title[:120]}”.",
        operators=(PRODUCTION,),
        needs_beat=False,
        tempo_bpm=(40.0, 250.0),
        production=Production(targets=reference.targets, balance_db=reference.balance_db, amount=1.0),
    )
    check_style(style)
    return style
