"""The stages of a block, by number and by name."""

from __future__ import annotations

from engine.dsp.effects import EFFECTS as EFFECTS_OF

_NAMES = (
    "",
    "entry",
    "input",
    "exchange",
    "requests",
    "mix",
    "limiter at the end",
    "leave",
    "silence",
    "rate",
    "output",
)
ENTRY, INPUT, SWAP, REQUESTS, MIX, LIMITER, LEAVE, SILENCE, RATE, OUTPUT = range(1, 11)
EFFECTS = 32
"""And the number of the effect: one effect of a lane."""
FADES = 64
"""Faders and ways of eight lanes after their effects; 1 more for buses."""
STRIPS = 128
"""Eight lanes from their input up to their effects, or all of them where there is none. `strips_kind` tells filters,
compressors and buses apart."""
KINDS = 256
SWAP_MOVES = 8
"""An exchange of plans is a stage for each so many lanes, or whole groups, that it carries over."""

STRIPS_COMPRESSOR, STRIPS_BUSES, STRIPS_ALONE = 8, 16, 32

CLASS_EFFECTS, CLASS_STRIPS, CLASS_FADES, CLASSES = 16, 44, 46, 48
"""Stages of the same class are counted together: strips, and fades, of tracks, and 1 more of buses; each effect. The
class of every other kind is its number."""


def strips_kind(*, stages: int, compressor: bool, buses: bool, alone: bool) -> int:
    """The kind of a group's strips.

    Args:
        stages: bit mask of the filters in use.
        alone: no lane of the group has effects, ways, taps or automation of its own.
    """
    flags = STRIPS_COMPRESSOR * compressor + STRIPS_BUSES * buses + STRIPS_ALONE * alone
    return STRIPS + stages.bit_count() + flags


def class_of(kind: int) -> int:
    """The class of a kind; compiled code calls it too."""
    if kind >= STRIPS:
        return CLASS_STRIPS + int((kind - STRIPS) & STRIPS_BUSES != 0)
    if kind >= FADES:
        return CLASS_FADES + (kind & 1)
    if kind >= EFFECTS:
        return min(CLASS_EFFECTS + kind - EFFECTS, CLASS_STRIPS - 1)
    return kind


def name_of(kind: int) -> str:
    """What a person calls stages of that kind."""
    if kind >= STRIPS:
        flags = kind - STRIPS
        parts = ["buses" if flags & STRIPS_BUSES else "strips", f"{flags % STRIPS_COMPRESSOR} filters"]
        return " ".join([*parts, *(["compressor"] if flags & STRIPS_COMPRESSOR else [])])
    if kind >= FADES:
        return "fades of buses" if kind & 1 else "fades"
    if kind >= EFFECTS:
        return _effect(kind - EFFECTS)
    return _NAMES[kind]


def class_name(number: int) -> str:
    """What a person calls a class of stages."""
    if number >= CLASS_FADES:
        return name_of(FADES + number - CLASS_FADES)
    if number >= CLASS_STRIPS:
        return ("strips", "buses")[number - CLASS_STRIPS]
    if number >= CLASS_EFFECTS:
        return _effect(number - CLASS_EFFECTS)
    return _NAMES[number] if number < len(_NAMES) else ""


def _effect(number: int) -> str:
    effects = list(EFFECTS_OF)
    return effects[number] if number < len(effects) else ""
