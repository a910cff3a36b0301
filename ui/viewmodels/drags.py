"""What a drag in the arrangement does to the project: pure steps from the project as it was when the drag began."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from studio.project import edits
from studio.project.model import Clip, Project, Track

Zone = Literal["body", "start", "end", "fade_in", "fade_out"]
LABELS: dict[Zone, str] = {
    "body": "Move clip",
    "start": "Trim start",
    "end": "Trim end",
    "fade_in": "Fade in",
    "fade_out": "Fade out",
}


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


@dataclass(frozen=True, kw_only=True)
class ClipDrag:
    """A drag of one or more clips, begun on `clip` at `grab_s`."""

    base: Project
    zone: Zone
    track: Track
    clip: Clip
    clip_ids: tuple[str, ...]
    grab_s: float

    @property
    def label(self) -> str:
        """The name of the step in the history."""
        return LABELS[self.zone] if len(self.clip_ids) < 2 or self.zone != "body" else "Move clips"

    def to(self, at_s: float, *, snap: Callable[[float], float], track_id: str | None = None) -> Project:
        """The project with the pointer at `at_s` (and over `track_id`)."""
        clip, moved_s = self.clip, at_s - self.grab_s
        if self.zone == "body":
            start_s = snap(max(clip.start_s + moved_s, 0.0))
            if len(self.clip_ids) > 1:
                earliest_s = min(c.start_s for t in self.base.tracks for c in t.clips if c.id in self.clip_ids)
                by_s = max(start_s - clip.start_s, -earliest_s)
                return edits.move_clips(self.base, without_mirrored(self.base, self.clip_ids), by_s)
            other = track_id if track_id != self.track.id else None
            return edits.move_clip(self.base, clip.id, start_s, track_id=other)
        if self.zone == "start":
            return edits.trim_clip(self.base, clip.id, start_s=snap(clip.start_s + moved_s))
        if self.zone == "end":
            return edits.trim_clip(self.base, clip.id, end_s=snap(clip.end_s + moved_s))
        if self.zone == "fade_in":
            return edits.set_clip(self.base, clip.id, fade_in_s=min(max(at_s - clip.start_s, 0.0), clip.length_s))
        return edits.set_clip(self.base, clip.id, fade_out_s=min(max(clip.end_s - at_s, 0.0), clip.length_s))
