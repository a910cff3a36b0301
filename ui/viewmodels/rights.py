"""Rights and shares as lines, bars and rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from studio.project.model import Project
from ui.widgets.bars import Segment

LINE_ICONS: dict[str, tuple[str, str]] = {
    "allowed": ("check", "ok"),
    "limited": ("sliders-horizontal", "warn"),
    "exceeded": ("triangle-alert", "warn"),
    "forbidden": ("lock", "block"),
    "time": ("hourglass", "warn"),
}
"""State of a line of the rights panel -> icon and token; the text says the same in words."""

PALETTE = ("stem.vocals", "stem.other", "stem.bass", "stem.drums")
"""Colours of sources in bars, by their order; what is the user's own is `stem.own`."""


def line_icon(state: str) -> tuple[str, str]:
    """Icon and token of a line's state."""
    return LINE_ICONS.get(state, ("info", "text.muted"))


def segments(shares: Iterable[Any]) -> list[Segment]:
    """The shares of one side as segments, the largest first, with the user's own last."""
    ordered = sorted(shares, key=lambda share: (_own(share), -share.ppm))
    out: list[Segment] = []
    others = 0
    for share in ordered:
        if share.ppm <= 0:
            continue
        if _own(share):
            out.append(Segment(label=share.name, ppm=share.ppm, token="stem.own"))
            continue
        out.append(
            Segment(label=share.name, ppm=share.ppm, token=PALETTE[(others // 2) % len(PALETTE)], dim=others % 2 == 1)
        )
        others += 1
    return out


def _own(share: Any) -> bool:
    return share.kind == "own"


def used_assets(project: Project) -> list[str]:
    """The licensed recordings of a project in the order of its tracks."""
    found: dict[str, None] = {}
    for track in project.tracks:
        for clip in track.clips:
            source = project.sources.get(clip.source)
            if source is not None and source.asset_sha256:
                found[source.asset_sha256] = None
    return list(found)


def asset_title(project: Project, asset_sha256: str) -> str:
    """The title of a licensed recording in a project."""
    sources: Sequence[Any] = sorted(
        (s for s in project.sources.values() if s.asset_sha256 == asset_sha256), key=lambda s: len(s.parents)
    )
    return sources[0].title if sources else ""
