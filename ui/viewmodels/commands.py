"""Commands on what is selected, each one step of undo."""

from __future__ import annotations

from collections.abc import Callable

from studio.project import edits
from studio.project.model import Clip, Project
from ui.viewmodels.drags import find_clip, without_mirrored
from ui.viewmodels.workspace import Workspace


class Commands:
    """What keys and menus do to the selection."""

    def __init__(self, ws: Workspace):
        self.ws = ws

    def _each(self, label: str, edit: Callable[[Project, Clip], Project]) -> bool:
        chosen = without_mirrored(self.ws.project, self.ws.selected_clips)

        def run(project: Project) -> Project:
            for clip_id in chosen:
                found = find_clip(project, clip_id)
                if found is not None:
                    project = edit(project, found[1])
            return project

        return bool(chosen) and self.ws.commit(label, run)

    def select_all(self) -> None:
        """Every clip."""
        self.ws.select(track=self.ws.selected_track, clips=[c.id for t in self.ws.project.tracks for c in t.clips])

    def split_at_playhead(self) -> None:
        """Cut the selected clips, or all under the play-head where none is selected."""
        at_s = self.ws.position_s
        project = self.ws.project
        under = [
            clip.id
            for track in project.tracks
            for clip in track.clips
            if clip.start_s + 0.002 < at_s < clip.end_s - 0.002
            and (not self.ws.selected_clips or clip.id in self.ws.selected_clips)
        ]
        if not under:
            self.ws.say(
                "The play-head is not inside a clip.",
                "Click the ruler where the cut should be, then press Ctrl+E.",
                "warning",
            )
            return

        def run(project: Project) -> Project:
            for clip_id in without_mirrored(project, under):
                found = find_clip(project, clip_id)
                if found is not None and found[1].start_s < at_s < found[1].end_s:
                    project = edits.split_clip(project, clip_id, at_s)
            return project

        self.ws.commit("Split clip" if len(under) == 1 else "Split clips", run)

    def duplicate(self) -> None:
        """A copy of each selected clip behind it."""
        self._each("Duplicate", lambda project, clip: edits.duplicate_clip(project, clip.id))

    def delete(self) -> None:
        """Take the selected clips away."""
        self._each("Delete", lambda project, clip: edits.delete_clips(project, [clip.id]))

    def join(self) -> None:
        """Make one clip of those that follow one another."""
        chosen = without_mirrored(self.ws.project, self.ws.selected_clips)
        if chosen:
            self.ws.commit("Join clips", lambda project: edits.join_clips(project, chosen))

    def reverse(self) -> None:
        """Play the selected clips backwards, or forwards again."""
        self._each("Reverse", lambda project, clip: edits.set_clip(project, clip.id, reverse=not clip.reverse))

    def toggle_clips_muted(self) -> None:
        """Mute the selected clips, or let them sound."""
        self._each("Mute clip", lambda project, clip: edits.set_clip(project, clip.id, muted=not clip.muted))

    def toggle_mute(self) -> None:
        """Mute the track in focus."""
        track = self.ws.track()
        if track is not None:
            on = not track.strip.mute
            self.ws.commit("Mute" if on else "Unmute", lambda p: edits.set_strip(p, track.id, mute=on))

    def toggle_solo(self) -> None:
        """Solo the track in focus."""
        track = self.ws.track()
        if track is not None:
            on = not track.strip.solo
            self.ws.commit("Solo" if on else "Unsolo", lambda p: edits.set_strip(p, track.id, solo=on))

    def duplicate_track(self) -> None:
        """A copy of the track in focus below it."""
        track = self.ws.track()
        if track is not None:
            self.ws.commit("Duplicate track", lambda p: edits.duplicate_track(p, track.id))

    def delete_track(self) -> None:
        """Take the track in focus away, with its stems."""
        track = self.ws.track()
        if track is not None:
            self.ws.commit("Delete track", lambda p: edits.remove_track(p, track.id))
