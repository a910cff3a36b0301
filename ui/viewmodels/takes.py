"""The numbered takes of a song as cards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from studio.project import edits
from studio.project.model import Project
from ui.viewmodels.lanes import track_token


@dataclass(frozen=True, kw_only=True)
class TakeCard:
    """What a card shows: the style, how it was made, whether it plays now, and a sound to draw."""

    number: int
    title: str
    note: str
    shown: bool
    starred: bool
    source: str | None
    token: str


def take_cards(project: Project, track_id: str, styles: Iterable[Any], *, heard: int | None = None) -> list[TakeCard]:
    """The takes of a track, or of all stems of a split one, by number; `heard` is the one that plays."""
    names = {style.id: style.name for style in styles}
    cards: list[TakeCard] = []
    for number in edits.take_numbers(project, track_id):
        pairs = [
            (track, take)
            for track in edits.group_of(project, track_id)
            for take in track.takes
            if take.number == number
        ]
        # The drums tell two takes apart best at a glance; else whatever has a new sound.
        order = {"drums": 0, "bass": 1, "other": 2, "vocals": 3}
        pairs.sort(key=lambda pair: (not _new(project, pair[1]), order.get(pair[0].role, 4)))
        track, take = pairs[0]
        first = next((t for _, t in pairs if t.style), take)
        parts = []
        if first.intensity is not None and first.intensity < 0.995:
            parts.append(f"{first.intensity:.2f}")
        if first.seed is not None:
            parts.append(f"seed {first.seed}")
        cards.append(
            TakeCard(
                number=number,
                title=_title(first, names),
                note=" · ".join(parts),
                shown=number == heard,
                starred=any(t.starred for _, t in pairs),
                source=take.clips[0].source if take.clips else None,
                token=track_token(track),
            )
        )
    return cards


def _new(project: Project, take: Any) -> bool:
    sources = [project.sources.get(clip.source) for clip in take.clips]
    return any(source is not None and source.origin == "generated" for source in sources)


def _title(take: Any, names: dict[str, str]) -> str:
    """The name that a person gave, else that of the style."""
    style = names.get(take.style or "", "")
    return take.name if take.name and not _is_given(take.name, style) else style or take.name


def _is_given(name: str, style: str) -> bool:
    return not style or name.startswith(style) or name.lower().startswith("take ")
