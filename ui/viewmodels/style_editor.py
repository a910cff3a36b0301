"""A style of one's own, as it is being made: plain changes of a recipe, each of which gives a recipe that plays."""

from __future__ import annotations

import re
from collections.abc import Collection

from msgspec.structs import replace

from engine.inference.styles import Style

BASS_CYCLE = "-RFOTSA="
"""Of the bass: rest, root, fifth, octave, third, seventh, step towards the next chord, hold; Shift makes it soft."""
BASS_WORDS = {
    "-": "rest",
    "=": "held",
    **{
        letter: name + soft
        for letters, soft in (("RFOTSA", ""), ("rfotsa", ", soft"))
        for letter, name in zip(
            letters, ("root", "fifth", "octave", "third", "seventh", "step to the next chord"), strict=True
        )
    },
}
CHORD_CYCLE = "-xXo="
CHORD_WORDS = {"-": "rest", "x": "plain", "X": "accent", "o": "soft", "=": "held"}
CYCLE = "-xXo"
"""What a press on a step makes of it, in this order: rest, plain, accent, ghost."""
STEP_WORDS = {"-": "rest", "x": "plain", "X": "accent", "o": "ghost"}
ROLES = ("vocals", "drums", "bass", "other")
MOST_TITLE = 60


def own_copy(style: Style, taken: Collection[str]) -> Style:
    """The same recipe under a name and an id of its own, to be changed."""
    name = f"My {style.name}"
    number = 1
    while slug(name) in taken:
        number += 1
        name = f"My {style.name} {number}"
    return replace(style, id=slug(name), name=name, version=1)


def slug(name: str) -> str:
    """The id that a name gives: small letters, digits and hyphens."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return plain[:40].rstrip("-") or "my-style"


def renamed(style: Style, name: str, description: str, taken: Collection[str]) -> Style:
    """The style with another name; its id follows, unless it is another style's."""
    name = " ".join(name.split())[:MOST_TITLE] or style.name
    wanted = slug(name)
    free = style.id if wanted in taken and wanted != style.id else wanted
    return replace(style, name=name, description=" ".join(description.split())[:400], id=free)


def next_step(step: str) -> str:
    """What a press makes of a step."""
    return CYCLE[(CYCLE.find(step) + 1) % len(CYCLE)]


def with_step(style: Style, lane: int, index: int, step: str) -> Style:
    """One step of a drum lane set; unchanged where there is no such step."""
    arrangement = style.arrangement
    if arrangement is None or arrangement.drums is None or step not in CYCLE:
        return style
    drums = arrangement.drums
    if not 0 <= lane < len(drums.lanes) or not 0 <= index < len(drums.lanes[lane].steps):
        return style
    old = drums.lanes[lane]
    new = replace(old, steps=old.steps[:index] + step + old.steps[index + 1 :])
    lanes = (*drums.lanes[:lane], new, *drums.lanes[lane + 1 :])
    return replace(style, arrangement=replace(arrangement, drums=replace(drums, lanes=lanes)))


def with_bass_step(style: Style, pattern: int, index: int, step: str) -> Style:
    """One step of a bass pattern set; unchanged where there is no such step."""
    made = style.arrangement
    if made is None or made.bass is None or step not in BASS_WORDS:
        return style
    patterns = _with_mark(made.bass.patterns, pattern, index, step)
    if patterns == made.bass.patterns:
        return style
    return replace(style, arrangement=replace(made, bass=replace(made.bass, patterns=patterns)))


def chord_rows(style: Style) -> tuple[tuple[int, int], ...]:
    """The chord patterns that can be changed: (layer, pattern). Pads have none: they hold each chord."""
    made = style.arrangement
    if made is None:
        return ()
    return tuple(
        (number, pattern)
        for number, layer in enumerate(made.harmony)
        if layer.kind not in ("pad", "lead")
        for pattern in range(len(layer.patterns))
    )


def with_chord_step(style: Style, row: int, index: int, step: str) -> Style:
    """One step of a row of `chord_rows` set; unchanged where there is no such step."""
    made, rows = style.arrangement, chord_rows(style)
    if made is None or step not in CHORD_WORDS or not 0 <= row < len(rows):
        return style
    number, pattern = rows[row]
    layer = made.harmony[number]
    patterns = _with_mark(layer.patterns, pattern, index, step)
    if patterns == layer.patterns:
        return style
    harmony = (*made.harmony[:number], replace(layer, patterns=patterns), *made.harmony[number + 1 :])
    return replace(style, arrangement=replace(made, harmony=harmony))


def _with_mark(patterns: tuple[str, ...], pattern: int, index: int, step: str) -> tuple[str, ...]:
    if not 0 <= pattern < len(patterns) or not 0 <= index < len(patterns[pattern]):
        return patterns
    old = patterns[pattern]
    return (*patterns[:pattern], old[:index] + step + old[index + 1 :], *patterns[pattern + 1 :])


def with_level(style: Style, lane: int, level: float) -> Style:
    """A drum lane louder or softer, 0 to 1.5."""
    arrangement = style.arrangement
    if arrangement is None or arrangement.drums is None or not 0 <= lane < len(arrangement.drums.lanes):
        return style
    drums = arrangement.drums
    new = replace(drums.lanes[lane], level=round(min(max(level, 0.0), 1.5), 3))
    lanes = (*drums.lanes[:lane], new, *drums.lanes[lane + 1 :])
    return replace(style, arrangement=replace(arrangement, drums=replace(drums, lanes=lanes)))


def with_sidechain(style: Style, sidechain_db: float) -> Style:
    """By how much the music makes room for the kick, 0 to 12 dB."""
    if style.arrangement is None:
        return style
    value = round(min(max(sidechain_db, 0.0), 12.0), 2)
    return replace(style, arrangement=replace(style.arrangement, sidechain_db=value))


def with_swing(style: Style, swing: float) -> Style:
    """Where the off-beats fall: 0.5 is straight, 2/3 a triplet."""
    return replace(style, swing=round(min(max(swing, 0.5), 0.75), 4))


def with_amount(style: Style, amount: float) -> Style:
    """How far the sound of each stem goes towards the style's, 0 to 1."""
    return replace(style, production=replace(style.production, amount=round(min(max(amount, 0.0), 1.0), 4)))


def with_low_ceiling(style: Style, share: float) -> Style:
    """The largest share of the low end, 0.05 to 1."""
    return replace(style, production=replace(style.production, low_ceiling=round(min(max(share, 0.05), 1.0), 4)))


def with_balance(style: Style, role: str, gain_db: float) -> Style:
    """A stem louder or softer by up to 12 dB."""
    balance = {**style.production.balance_db, role: round(min(max(gain_db, -12.0), 12.0), 2)}
    return replace(style, production=replace(style.production, balance_db=balance))


def piece_title(piece: str) -> str:
    """``Hat, closed`` of ``hat_closed``."""
    first, _, rest = piece.partition("_")
    title = first.capitalize()
    return f"{title}, {rest.replace('_', ' ')}" if rest else title


def density_words(since: int, until: int) -> str:
    """When a lane plays, by the density of the section: ``density 2+``, ``density 1``, ``density 1–2``; "" for
    always."""
    if since <= 1 and until >= 9:
        return ""
    if until >= 9:
        return f"density {since}+"
    return f"density {since}" if since == until else f"density {since}–{until}"
