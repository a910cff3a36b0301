"""Undo of everything: the projects that were, with names. Undo gives back the very same value."""

from __future__ import annotations

import threading
from collections.abc import Callable

import msgspec

from studio.base.clock import now_iso
from studio.base.events import Event
from studio.project.model import Project

MAX_ENTRIES = 1000
"""Steps that are kept; projects share what they have in common, so a step costs about as much as what it changed."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the history list."""

    label: str
    at: str
    """UTC time, ISO 8601."""
    project: Project


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What changed from one project to the next, found by identity."""

    before: Project
    after: Project
    label: str
    transient: bool
    """True within a gesture: more is to come, nothing of it is a step yet."""
    tracks: frozenset[str] = frozenset()
    """Ids of the tracks that are new, changed or gone."""
    order: bool = False
    """Tracks were added, removed or moved."""
    master: bool = False
    sources: bool = False
    timeline: bool = False
    """Tempo, metre, markers or loop."""


class History:
    """The project now, the steps that led to it, and those that were undone.

    `changed` is emitted after each change, on the thread that made it.
    """

    def __init__(
        self, project: Project, *, label: str = "Open", now: Callable[[], str] = now_iso, limit: int = MAX_ENTRIES
    ) -> None:
        self._now = now
        self._limit = max(limit, 2)
        self._lock = threading.RLock()
        self._entries: list[Entry] = [Entry(label=label, at=now(), project=project)]
        self._index = 0
        self._gesture: tuple[str, Project] | None = None
        self.changed: Event[Change] = Event("history.changed")

    @property
    def project(self) -> Project:
        """The project as it is now, also in the middle of a gesture."""
        gesture = self._gesture
        return self._entries[self._index].project if gesture is None else gesture[1]

    @property
    def committed(self) -> Project:
        """The project of the last step, without a gesture that is under way."""
        return self._entries[self._index].project

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All steps, the oldest first; those behind `index` were undone."""
        return tuple(self._entries)

    @property
    def index(self) -> int:
        """Which of the entries is the project now."""
        return self._index

    @property
    def can_undo(self) -> bool:
        """Whether there is a step, or a gesture, to take back."""
        return self._index > 0 or self._gesture is not None

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone step."""
        return self._index + 1 < len(self._entries) and self._gesture is None

    @property
    def in_gesture(self) -> bool:
        """Whether a gesture is under way."""
        return self._gesture is not None

    def commit(self, label: str, project: Project) -> bool:
        """Make `project` the present as one step; a gesture under way ends first. False when it is the very same
        project."""
        with self._lock:
            self.end()
            return self._step(label, project, since=self.committed)

    def begin(self, label: str) -> None:
        """Begin a gesture (a drag): updates show at once, and all of them are one step at the end. One under way ends
        first."""
        with self._lock:
            self.end()
            self._gesture = (label, self.committed)

    def update(self, project: Project) -> None:
        """Show `project` within the gesture; without one it is a step of its own."""
        with self._lock:
            if self._gesture is None:
                self.commit("Edit", project)
                return
            label, before = self._gesture
            if project is before:
                return
            self._gesture = (label, project)
            self.changed.emit(difference(before, project, label=label, transient=True))

    def end(self) -> bool:
        """End the gesture as one step; False when there was none or it changed nothing."""
        with self._lock:
            if self._gesture is None:
                return False
            label, project = self._gesture
            self._gesture = None
            return self._step(label, project, since=project)

    def cancel(self) -> None:
        """Leave the gesture and go back to where it began; nothing happens without one."""
        with self._lock:
            if self._gesture is None:
                return
            label, project = self._gesture
            self._gesture = None
            if project is not self.committed:
                self.changed.emit(difference(project, self.committed, label=label, transient=True))

    def undo(self) -> Project:
        """Take the last step back, or leave the gesture under way; at the first step nothing changes."""
        with self._lock:
            if self._gesture is not None:
                self.cancel()
                return self.project
            return self.goto(self._index - 1)

    def redo(self) -> Project:
        """Do the last undone step again; without one nothing changes."""
        with self._lock:
            return self.goto(self._index + 1)

    def goto(self, index: int) -> Project:
        """Go to an entry of the list, clamped to what there is; entries behind it stay until the next commit."""
        with self._lock:
            self.cancel()
            before, came_from = self.committed, self._index
            self._index = min(max(index, 0), len(self._entries) - 1)
            if self._index != came_from:
                entry = self._entries[max(self._index, came_from)]
                self.changed.emit(difference(before, self.committed, label=entry.label, transient=False))
            return self.committed

    def _step(self, label: str, project: Project, *, since: Project) -> bool:
        before = self.committed
        if project is before:
            return False
        del self._entries[self._index + 1 :]
        self._entries.append(Entry(label=label, at=self._now(), project=project))
        # The oldest steps go first; what they alone held is freed.
        del self._entries[: max(len(self._entries) - self._limit, 0)]
        self._index = len(self._entries) - 1
        self.changed.emit(difference(since, project, label=label, transient=False))
        return True


def difference(before: Project, after: Project, *, label: str, transient: bool) -> Change:
    """What changed between two projects; parts that are the same object count as unchanged."""
    old = {track.id: track for track in before.tracks}
    new = {track.id: track for track in after.tracks}
    tracks = {key for key in old.keys() | new.keys() if old.get(key) is not new.get(key)}
    return Change(
        before=before,
        after=after,
        label=label,
        transient=transient,
        tracks=frozenset(tracks),
        order=list(old) != list(new),
        master=before.master is not after.master,
        sources=before.sources is not after.sources,
        timeline=any(
            getattr(before, name) is not getattr(after, name) and getattr(before, name) != getattr(after, name)
            for name in ("tempo", "beats_per_bar", "beat_unit", "markers", "loop")
        ),
    )
