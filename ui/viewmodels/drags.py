"""What a drag in the arrangement does to the project: pure steps from the project as it was when the drag began."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from msgspec.structs import replace

from studio.project import edits
from studio.project.model import Clip, Project, Track
from ui.viewmodels.snapping import Snap, Snapped

Zone = Literal["body", "start", "end", "fade_in", "fade_out", "slip"]
LABELS: dict[Zone, str] = {
    "body": "Move clip",
    "start": "Trim start",
    "end": "Trim end",
    "fade_in": "Fade in",
    "fade_out": "Fade out",
    "slip": "Slip clip",
}
_TOUCH_S = 1e-6


def find_clip(project: Project, clip_id: str) -> tuple[Track, Clip] | None:
    """A clip and its track, or None."""
    for track in project.tracks:
        for clip in track.clips:
            if clip.id == clip_id:
                return track, clip
    return None


def without_mirrored(project: Project, clip_ids: Iterable[str]) -> list[str]:
    """The ids less the stem clips whose song has a selected clip at the same place: an edit of that one moves them."""
    chosen = [found for each in dict.fromkeys(clip_ids) if (found := find_clip(project, each)) is not None]
    starts = {(track.id, clip.start_s) for track, clip in chosen}
    return [clip.id for track, clip in chosen if (track.parent, clip.start_s) not in starts]


def crossfade_overlaps(project: Project, clip_ids: Iterable[str], moved: Mapping[str, tuple[str, float]]) -> Project:
    """The project with fades as long as the overlaps that a move will make, so that the move keeps both clips.

    `moved` says for each id of `clip_ids` which track it goes to and where it will start. An overlap of more than half
    of either clip is no cross-fade: there the moved clip wins, as ever.
    """
    into: dict[str, float] = {}
    out: dict[str, float] = {}
    ids = set(clip_ids)
    for clip_id in ids:
        found = find_clip(project, clip_id)
        if found is None or clip_id not in moved:
            continue
        clip, (track_id, start_s) = found[1], moved[clip_id]
        end_s = start_s + clip.length_s
        for other in project.track(track_id).clips:
            if other.id in ids:
                continue
            most_s = min(clip.length_s, other.length_s) / 2.0
            before_s, after_s = other.end_s - start_s, end_s - other.start_s
            if other.start_s < start_s and _TOUCH_S < before_s <= most_s:
                into[clip.id] = out[other.id] = before_s
            elif other.end_s > end_s and _TOUCH_S < after_s <= most_s:
                out[clip.id] = into[other.id] = after_s
    for clip_id in into | out:
        project = edits.set_clip(project, clip_id, fade_in_s=into.get(clip_id), fade_out_s=out.get(clip_id))
    return project


def _without_crossfades(project: Project, clip_ids: Iterable[str]) -> Project:
    """The project with the fades gone that only belonged to cross-fades of these clips with others."""
    ids = set(clip_ids)
    for clip_id in ids:
        found = find_clip(project, clip_id)
        if found is None:
            continue
        track, clip = found
        for other in track.clips:
            if other.id in ids:
                continue
            if other.start_s < clip.start_s < other.end_s - _TOUCH_S:
                project = edits.set_clip(edits.set_clip(project, clip.id, fade_in_s=0.0), other.id, fade_out_s=0.0)
            elif clip.start_s < other.start_s < clip.end_s - _TOUCH_S:
                project = edits.set_clip(edits.set_clip(project, clip.id, fade_out_s=0.0), other.id, fade_in_s=0.0)
    return project


@dataclass(frozen=True, kw_only=True)
class ClipDrag:
    """A drag of one or more clips, begun on `clip` at `grab_s`.

    `rows` are the ids of the tracks from top to bottom that clips can be moved to, `copies` the ids that copies get.
    """

    base: Project
    zone: Zone
    track: Track
    clip: Clip
    clip_ids: tuple[str, ...]
    grab_s: float
    rows: tuple[str, ...] = ()
    copies: Mapping[str, str] = field(default_factory=dict)
    crossfades: bool = True
    """Whether clips that come to overlap a little cross-fade instead of making room."""

    def label(self, *, copy: bool = False) -> str:
        """The name of the step in the history."""
        if copy and self.zone == "body":
            return "Copy clip" if len(self.clip_ids) < 2 else "Copy clips"
        many = len(self.clip_ids) > 1 and self.zone in ("body", "slip")
        return LABELS[self.zone] + ("s" if many else "")

    def to(
        self, at_s: float, *, snap: Snap, track_id: str | None = None, copy: bool = False
    ) -> tuple[Project, Snapped | None]:
        """The project with the pointer at `at_s` (and over `track_id`), and what the drag was drawn to."""
        clip, moved_s = self.clip, at_s - self.grab_s
        if self.zone == "body":
            snapped = snap.span(max(clip.start_s + moved_s, 0.0), clip.length_s)
            return self._moved(snapped.at_s - clip.start_s, self._shift(track_id), copy=copy), snapped
        if self.zone == "slip":
            project = self.base
            for each in without_mirrored(self.base, self.clip_ids):
                project = edits.slip_clip(project, each, moved_s)
            return project, None
        if self.zone in ("start", "end"):
            edge_s = clip.start_s if self.zone == "start" else clip.end_s
            snapped = snap.point(edge_s + moved_s)
            return self._trimmed(snapped.at_s - edge_s), snapped
        return self._faded(at_s), None

    def _shift(self, track_id: str | None) -> int:
        """By how many rows the pointer has left the row where the drag began, as far as all clips can follow."""
        if track_id is None or track_id not in self.rows or self.track.id not in self.rows:
            return 0
        shift = self.rows.index(track_id) - self.rows.index(self.track.id)
        chosen = set(self.clip_ids)
        here = [
            self.rows.index(t.id)
            for t in self.base.tracks
            if t.id in self.rows and any(c.id in chosen for c in t.clips)
        ]
        return max(min(shift, len(self.rows) - 1 - max(here)), -min(here)) if here else 0

    def _moved(self, by_s: float, shift: int, *, copy: bool) -> Project:
        ids = without_mirrored(self.base, self.clip_ids)
        found = [pair for each in ids if (pair := find_clip(self.base, each)) is not None]
        if not found:
            return self.base
        by_s = max(by_s, -min(clip.start_s for _, clip in found))
        if copy:
            return self._copied(found, by_s, shift)
        if by_s == 0.0 and shift == 0:
            return self.base
        goal = {clip.id: (self._row(track, shift), clip.start_s + by_s) for track, clip in found}
        project = self.base
        if self.crossfades:
            project = crossfade_overlaps(_without_crossfades(project, ids), ids, goal)
        if shift == 0:
            return edits.move_clips(project, ids, by_s)
        # The row that moves on first makes room for the one behind it.
        for track, clip in sorted(found, key=lambda pair: self._rank(pair[0]), reverse=shift > 0):
            track_id, start_s = goal[clip.id]
            other = track_id if track_id != track.id else None
            project = edits.move_clip(project, clip.id, start_s, track_id=other)
        return project

    def _copied(self, found: list[tuple[Track, Clip]], by_s: float, shift: int) -> Project:
        project = self.base
        for track, clip in found:
            copy_id, goal = self.copies[clip.id], self._row(track, shift)
            if goal == track.id:
                project = edits.duplicate_clip(project, clip.id, at_s=clip.start_s + by_s, ids=[copy_id])
            else:
                moved = replace(clip, id=copy_id, start_s=clip.start_s + by_s)
                project = edits.add_clip(project, goal, moved)
        return project

    def _rank(self, track: Track) -> int:
        return self.rows.index(track.id) if track.id in self.rows else 0

    def _row(self, track: Track, shift: int) -> str:
        if shift == 0 or track.id not in self.rows:
            return track.id
        return self.rows[self.rows.index(track.id) + shift]

    def _trimmed(self, by_s: float) -> Project:
        """One edge of every selected clip, by the same distance."""
        project = self.base
        for each in without_mirrored(self.base, self.clip_ids):
            found = find_clip(project, each)
            if found is None:
                continue
            clip = found[1]
            if self.zone == "start":
                project = edits.trim_clip(project, each, start_s=clip.start_s + by_s)
            else:
                project = edits.trim_clip(project, each, end_s=clip.end_s + by_s)
        return project

    def _faded(self, at_s: float) -> Project:
        """The same fade on every selected clip."""
        clip, project = self.clip, self.base
        length_s = at_s - clip.start_s if self.zone == "fade_in" else clip.end_s - at_s
        for each in without_mirrored(self.base, self.clip_ids):
            found = find_clip(self.base, each)
            if found is None:
                continue
            fade_s = min(max(length_s, 0.0), found[1].length_s)
            if self.zone == "fade_in":
                project = edits.set_clip(project, each, fade_in_s=fade_s)
            else:
                project = edits.set_clip(project, each, fade_out_s=fade_s)
        return project
