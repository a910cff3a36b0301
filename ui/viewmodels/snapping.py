"""Where a drag comes to rest: edges of other clips, markers and the play-head nearby, else the grid."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from studio.project.model import Project

REACH_PX = 6.0
"""How near an edge or a marker must be to win over the grid, in pixels."""


@dataclass(frozen=True, kw_only=True)
class Snapped:
    """A time that a drag came to, and the place that drew it there (None for the grid or none)."""

    at_s: float
    guide_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Snap:
    """Draws times to the grid and to places nearby.

    `grid` is the nearest line of the grid for a time in seconds, None where nothing snaps; `places_s` ascend; `reach_s`
    is how far a place draws.
    """

    grid: Callable[[float], float] | None
    places_s: tuple[float, ...] = ()
    reach_s: float = 0.0

    def point(self, at_s: float) -> Snapped:
        """A single time, never below 0."""
        if self.grid is None:
            return Snapped(at_s=max(at_s, 0.0))
        place_s = self._nearest(at_s)
        if place_s is not None:
            return Snapped(at_s=place_s, guide_s=place_s)
        return Snapped(at_s=max(self.grid(at_s), 0.0))

    def span(self, start_s: float, length_s: float) -> Snapped:
        """The start of something `length_s` long, of which either edge may be drawn to a place."""
        if self.grid is None:
            return Snapped(at_s=max(start_s, 0.0))
        found = [
            (abs(place_s - edge_s), place_s - edge_s, place_s)
            for edge_s in (start_s, start_s + length_s)
            if (place_s := self._nearest(edge_s)) is not None and start_s + place_s - edge_s >= 0.0
        ]
        if found:
            _, by_s, place_s = min(found)
            return Snapped(at_s=start_s + by_s, guide_s=place_s)
        return Snapped(at_s=max(self.grid(start_s), 0.0))

    def _nearest(self, at_s: float) -> float | None:
        index = bisect.bisect_left(self.places_s, at_s)
        near = [
            place_s for place_s in self.places_s[max(index - 1, 0) : index + 1] if abs(place_s - at_s) <= self.reach_s
        ]
        return min(near, key=lambda place_s: abs(place_s - at_s), default=None)


FREE = Snap(grid=None)
"""Nothing draws."""


def places_of(project: Project, *, without: Collection[str] = (), more_s: Iterable[float] = ()) -> tuple[float, ...]:
    """Edges of all clips but those in `without`, markers, sections and loop, and `more_s`; ascending."""
    places = {edge for t in project.tracks for c in t.clips if c.id not in without for edge in (c.start_s, c.end_s)}
    places.update(edge for marker in project.markers for edge in (marker.start_s, marker.start_s + marker.length_s))
    if project.loop.end_s > project.loop.start_s:
        places.update((project.loop.start_s, project.loop.end_s))
    places.update(more_s)
    return tuple(sorted(places))
