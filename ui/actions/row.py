"""A row of the action table, and when rows are possible."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def always(_window: Any) -> bool:
    """Possible at any time."""
    return True


@dataclass(frozen=True, kw_only=True)
class Action:
    """One thing a person can do. `run` and `enabled` are given the window."""

    id: str
    title: str
    group: str
    run: Callable[[Any], Any]
    keys: tuple[str, ...] = ()
    enabled: Callable[[Any], bool] = always
    in_text: bool = False
    """True for a key that also works while something is typed."""


def has_song(window: Any) -> bool:
    """Possible with something in the project."""
    return bool(window.ws.project.tracks)


def has_clips(window: Any) -> bool:
    """Possible with a clip selected."""
    return bool(window.ws.selected_clips)


def has_selection(window: Any) -> bool:
    """Possible with a clip or an automation point selected."""
    return bool(window.ws.selected_clips) or window.ws.chosen_points is not None


def has_track(window: Any) -> bool:
    """Possible with a track in focus."""
    return window.ws.selected_track is not None


def has_any_track(window: Any) -> bool:
    """Possible with a track in focus, or one that a selected clip lies on."""
    return has_track(window) or has_clips(window)


def has_strip(window: Any) -> bool:
    """Possible with a track in focus, or the master."""
    return has_track(window) or window.ws.master_chosen


def has_notes(window: Any) -> bool:
    """Possible with a clip selected that has notes."""
    return window.ws.notes.active


def has_scores(window: Any) -> bool:
    """Possible with parts in the project that have notes."""
    return any(source.score is not None for source in window.ws.project.sources.values())


def has_chosen_notes(window: Any) -> bool:
    """Possible with notes chosen."""
    return bool(window.ws.notes.chosen)


class Group:
    """Makes rows of one group."""

    def __init__(self, title: str):
        self.title = title

    def __call__(
        self,
        action_id: str,
        title: str,
        keys: str,
        run: Callable[[Any], Any],
        enabled: Callable[[Any], bool] = always,
        *,
        in_text: bool = False,
    ) -> Action:
        """A row; `keys` are separated by spaces, the first one is shown."""
        return Action(
            id=action_id,
            title=title,
            group=self.title,
            keys=tuple(keys.split()),
            run=run,
            enabled=enabled,
            in_text=in_text,
        )
