"""The timbres that there are. Importing this module is cheap; it belongs in menus."""

from __future__ import annotations

import msgspec

from engine.errors import StyleError

OPERATION = "style:timbre"


class Timbre(msgspec.Struct, frozen=True):
    """An instrument that can take over a voice."""

    id: str
    name: str
    instrument: str
    low: int
    high: int
    """Where it sounds well, MIDI numbers."""


TIMBRES: tuple[Timbre, ...] = (
    Timbre("saxophone", "Tenor saxophone", "sax", 46, 76),
    Timbre("flute", "Flute", "flute", 60, 91),
    Timbre("strings", "Strings", "strings", 48, 88),
    Timbre("horn", "French horn", "horn", 41, 76),
    Timbre("saw", "Saw lead", "lead_saw", 40, 88),
    Timbre("organ", "Organ", "organ", 43, 86),
    Timbre("vibraphone", "Vibraphone", "vibraphone", 55, 89),
)


def find_timbre(timbre_id: str) -> Timbre:
    """The timbre with this id.

    Raises:
        StyleError: ``style-unknown``.
    """
    for timbre in TIMBRES:
        if timbre.id == timbre_id:
            return timbre
    raise StyleError(
        f"There is no timbre called “{timbre_id}”.",
        remedy=f"Choose one of: {', '.join(t.id for t in TIMBRES)}.",
        code="style-unknown",
    )
