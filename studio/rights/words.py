"""How the terms of a grant are written for people: stems, operations, days, ranges."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

OPERATION_WORDS: dict[str, str] = {
    "play": "play it",
    "stem:vocals": "use its vocals",
    "stem:drums": "use its drums",
    "stem:bass": "use its bass",
    "stem:other": "use its other instruments",
    "time_stretch": "change its tempo",
    "pitch_shift": "change its pitch",
    "style:timbre": "change its timbre",
    "style:production": "restyle its production",
    "style:arrangement": "restyle its arrangement",
    "mix_with_licensed": "mix it with other licensed songs",
    "mix_with_own": "mix it with material of your own",
    "export": "export it",
    "stem_export": "export its stems as files of their own",
    "train": "train models with it",
    "voice_clone": "imitate its voice",
}

_STEM_WORDS = {
    "vocals": "vocals",
    "drums": "drums",
    "bass": "bass",
    "other": "other instruments",
    "mix": "whole recording",
}


def stem_word(name: str) -> str:
    """A stem in words: ``other`` is "other instruments"."""
    return _STEM_WORDS.get(name, name)


def day(at_s: float) -> str:
    """A day in words, UTC: ``28 Nov 2026``."""
    moment = datetime.fromtimestamp(at_s, UTC)
    return f"{moment.day} {moment:%b %Y}"


def semitones(value: float) -> str:
    """A transposition in words: ``+5``, ``−3.5``, ``0``, with a true minus sign."""
    text = f"{abs(value):.2f}".rstrip("0").rstrip(".")
    if text == "0":
        return "0"
    return f"{'−' if value < 0 else '+'}{text}"


def ratio(value: float) -> str:
    """A tempo ratio in words: two or more decimals, as in ``1.25``."""
    text = f"{value:.4f}".rstrip("0")
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.ljust(2, '0')}"


def listed(words: Sequence[str]) -> str:
    """``wav, flac or mp3``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
