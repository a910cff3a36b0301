"""Levels of a restyled mix: layers share a role's loudness, and the whole is as loud as the source was."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine.beside import each
from engine.dsp.loudness import Blend, integrated_lufs
from engine.inference.production_chain import apply_strip
from engine.types import Audio

MEASURED_S = 20.0
"""Length of the stretch on which the whole mix is measured."""
LOW_HZ = 120.0
_DEEPEST_SHELF_DB = 12.0
CHANGE_DB = (-12.0, 6.0)


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
    low_ceiling: float = 1.0,
    change_db: tuple[float, float] = CHANGE_DB,
) -> None:
    """Turn down what is too much of the low end, then change the gain of all strips alike, so that the whole is as loud
    as the source; strips are changed in place.

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
        low_ceiling: largest share of the energy below `LOW_HZ`.
        change_db: lowest and highest change of level.
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
    treated: list[tuple[Audio, dict[str, Any]]] = []
    for role, stem in stems.items():
        if role in strips:
            treated.append((_stereo(stem[:, window]), strips[role]))
        elif role not in muted:
            fixed += stem[:, window]
    treated += [(_stereo(audio[:, window]), strip) for audio, strip in parts]
    processed: list[Audio] = []

    def behind(pair: tuple[Audio, dict[str, Any]]) -> Audio:
        return apply_strip(pair[0], pair[1], rate=rate)

    for sound in each(behind, iter(treated), threads=min(2, os.cpu_count() or 1)):
        tick()
        processed.append(sound)
    _tame_lows(treated, processed, fixed, rate=rate, ceiling=low_ceiling, tick=tick)
    movable = np.sum(processed, axis=0).astype(np.float32)
    wanted = integrated_lufs(source[:, window], rate=rate)
    if not np.isfinite(wanted):
        return
    low, high = change_db
    blend = Blend(fixed, movable, rate=rate)
    # Loudness rises with the gain: halve the range until a step cannot be heard.
    for _ in range(10):
        middle_db = 0.5 * (low + high)
        if blend.lufs(10.0 ** (middle_db / 20.0)) > wanted:
            high = middle_db
        else:
            low = middle_db
    for strip in [*strips.values(), *[strip for _, strip in parts]]:
        strip["gain_db"] = float(np.clip(strip["gain_db"] + 0.5 * (low + high), -96.0, 12.0))


def _tame_lows(
    treated: list[tuple[Audio, dict[str, Any]]],
    processed: list[Audio],
    fixed: Audio,
    *,
    rate: int,
    ceiling: float,
    tick: Callable[[], None],
) -> None:
    """Lower the low shelves of what carries the low end, in place, until its share of the energy fits."""
    for _ in range(3):
        low_fixed, rest_fixed = low_and_rest(fixed, rate)
        lows = [low_and_rest(sound, rate) for sound in processed]
        low, rest = sum(a for a, _ in lows), rest_fixed + sum(b for _, b in lows)
        if low <= 0.0 or (low + low_fixed) <= ceiling * (low + low_fixed + rest):
            return
        wanted = max(ceiling / max(1.0 - ceiling, 1e-3) * rest - low_fixed, 0.1 * low)
        change_db = max(10.0 * float(np.log10(wanted / low)), -6.0) - 0.3
        for index, (sound, strip) in enumerate(treated):
            if lows[index][0] < 0.08 * low:
                continue
            tick()
            shelf = strip["eq"][0]
            shelf["freq_hz"] = max(float(shelf["freq_hz"]), LOW_HZ)
            shelf["gain_db"] = max(float(shelf["gain_db"]) + change_db, -_DEEPEST_SHELF_DB)
            processed[index] = apply_strip(sound, strip, rate=rate)


def low_and_rest(audio: Audio, rate: int) -> tuple[float, float]:
    """Energy of a sound below `LOW_HZ` and above it."""
    size = 1 << int(np.ceil(np.log2(rate / 4.0)))
    edge = int(LOW_HZ * size / rate)
    low = rest = 0.0
    window = np.hanning(size).astype(np.float32)
    for start in range(0, max(audio.shape[1] - size, 1), size):
        power = np.square(
            np.abs(np.fft.rfft(audio[:, start : start + size] * window[: audio.shape[1] - start], axis=1))
        )
        low += float(power[:, 1 : edge + 1].sum())
        rest += float(power[:, edge + 1 :].sum())
    return low, rest


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
