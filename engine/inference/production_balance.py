"""Levels of a restyled mix: layers share a role's loudness, and the whole is as loud as the source was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine.dsp.loudness import integrated_lufs
from engine.inference.production_chain import apply_strip
from engine.types import Audio

MEASURED_S = 20.0
"""Length of the stretch on which the whole mix is measured."""
_CHANGE_DB = (-12.0, 6.0)


def shares(levels_db: Sequence[float]) -> list[float]:
    """Levels of a role's layers so that together they have the role's loudness, dB.

    Args:
        levels_db: how loud the layers are beside each other.
    """
    powers = np.array([10.0 ** (level / 10.0) for level in levels_db])
    return [float(v) for v in 10.0 * np.log10(powers / powers.sum())]


def balance(
    stems: dict[str, Audio],
    parts: Sequence[tuple[Audio, dict[str, Any]]],
    *,
    strips: dict[str, dict[str, Any]],
    muted: Sequence[str],
    rate: int,
    tick: Callable[[], None],
) -> None:
    """Change the gain of all strips alike, in place, so that the whole is as loud as the source.

    Parts that each match a stem can be louder together than the stems were. Measured on the loudest stretch of the
    source; stems without a
    strip keep their level, what is new makes room for them.

    Args:
        stems: the source by role, ``(channels, frames) float32``.
        parts: new sounds with their strips.
        strips: strips of the stems that are treated.
        muted: stems that fall silent.
        rate: frames per second.
        tick: called between measurements; may raise to stop.
    """
    if not parts and not strips:
        return
    frames = next(iter(stems.values())).shape[-1]
    length = min(frames, round(MEASURED_S * rate))
    source = np.zeros((2, frames), dtype=np.float32)
    for stem in stems.values():
        source += stem
    start = _loudest_stretch(source, length, rate)
    window = slice(start, start + length)
    fixed = np.zeros((2, length), dtype=np.float32)
    movable = np.zeros((2, length), dtype=np.float32)
    for role, stem in stems.items():
        tick()
        if role in strips:
            movable += apply_strip(_stereo(stem[:, window]), strips[role], rate=rate)
        elif role not in muted:
            fixed += stem[:, window]
    for audio, strip in parts:
        tick()
        movable += apply_strip(_stereo(audio[:, window]), strip, rate=rate)
    wanted = integrated_lufs(source[:, window], rate=rate)
    if not np.isfinite(wanted):
        return
    low, high = _CHANGE_DB
    # Loudness rises with the gain: halve the range until a step cannot be heard.
    for _ in range(8):
        change_db = 0.5 * (low + high)
        tick()
        moved = (movable * np.float32(10.0 ** (change_db / 20.0))).astype(np.float32)
        if integrated_lufs(fixed + moved, rate=rate) > wanted:
            high = change_db
        else:
            low = change_db
    change_db = 0.5 * (low + high)
    for strip in [*strips.values(), *[strip for _, strip in parts]]:
        strip["gain_db"] = float(np.clip(strip["gain_db"] + change_db, -96.0, 12.0))


def _stereo(audio: Audio) -> Audio:
    """A stereo copy."""
    return np.array(audio if audio.shape[0] == 2 else np.repeat(audio[:1], 2, axis=0), dtype=np.float32, order="C")


def _loudest_stretch(audio: Audio, length: int, rate: int) -> int:
    """Where the loudest `length` frames begin, to a second."""
    if audio.shape[1] <= length:
        return 0
    power = np.array([float(np.mean(np.square(audio[:, i : i + rate : 16]))) for i in range(0, audio.shape[1], rate)])
    total = np.convolve(power, np.ones(max(1, length // rate)), mode="valid")
    return min(int(np.argmax(total)) * rate, audio.shape[1] - length)
