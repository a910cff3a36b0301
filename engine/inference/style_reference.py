"""A style from what was heard in a reference. Importing this module is cheap."""

from __future__ import annotations

import msgspec

from engine.inference.styles import PRODUCTION, SCHEMA, Production, Style, check_style


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """What was heard in a reference."""

    targets: dict[str, tuple[float, ...]]
    balance_db: dict[str, float]
    low_share: float
    """Share of its energy below 120 Hz."""


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
