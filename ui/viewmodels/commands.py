"""Commands on what is selected, each one step of undo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from studio.base.ids import uuid7
from studio.project import edits
from studio.project.model import Clip, FadeCurve, Project, Role, Track
from ui.viewmodels import automation
from ui.viewmodels.drags import find_clip, without_mirrored
from ui.viewmodels.workspace import Workspace

FINE_NUDGE_S = 0.01
COLOURS: tuple[Role | None, ...] = (None, "vocals", "drums", "bass", "other", "mix")
MIN_CUT_S = 0.002
"""How far inside a clip a cut must lie."""


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

    # selection

    def select_all(self) -> None:
        """Every clip."""
        self.ws.select(track=self.ws.selected_track, clips=[c.id for t in self.ws.project.tracks for c in t.clips])

    def select_none(self) -> None:
        """No clip and no point."""
        self.ws.choose_points(None)
        self.ws.select(track=self.ws.selected_track)

    # pieces

    def split_at_playhead(self) -> None:
        """Cut the selected clips, or all under the play-head where none is selected."""
        at_s = self.ws.position_s
        project = self.ws.project
        under = [
            clip.id
            for track in project.tracks
            for clip in track.clips
            if clip.start_s + MIN_CUT_S < at_s < clip.end_s - MIN_CUT_S
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
        """Take the chosen automation points away, else the selected clips."""
        choice = self.ws.chosen_points
        if choice is not None:
            self.ws.choose_points(None)
            self.ws.commit(
                "Delete automation points",
                lambda p: edits.delete_automation_points(p, choice.track_id, choice.target, choice.indices),
            )
            return
        self._each("Delete", lambda project, clip: edits.delete_clips(project, [clip.id]))

    def ripple_delete(self) -> None:
        """Take the selected clips away and close the gaps on their tracks."""
        chosen = without_mirrored(self.ws.project, self.ws.selected_clips)

        def run(project: Project) -> Project:
            found = [pair for each in chosen if (pair := find_clip(project, each)) is not None]
            # From the last one on, so that what moves up has already lost its own gaps.
            for track, clip in sorted(found, key=lambda pair: pair[1].start_s, reverse=True):
                if find_clip(project, clip.id) is None:
                    continue
                project = edits.delete_clips(project, [clip.id])
                later = [c.id for c in project.track(track.id).clips if c.start_s >= clip.end_s - 1e-6]
                project = edits.move_clips(project, later, -clip.length_s)
            return project

        if chosen:
            self.ws.commit("Delete and close the gap", run)

    def join(self) -> None:
        """Make one clip of those that follow one another."""
        chosen = without_mirrored(self.ws.project, self.ws.selected_clips)
        if chosen:
            self.ws.commit("Join clips", lambda project: edits.join_clips(project, chosen))

    def crossfade(self) -> None:
        """Fade from each selected clip into the next one that it touches."""
        chosen = without_mirrored(self.ws.project, self.ws.selected_clips)
        pairs = [
            (left.id, right.id)
            for track in self.ws.project.tracks
            for left, right in zip(track.clips, track.clips[1:], strict=False)
            if left.id in chosen and (right.id in chosen or len(chosen) == 1)
        ]

        def run(project: Project) -> Project:
            for left_id, right_id in pairs:
                project = edits.crossfade(project, left_id, right_id)
            return project

        if pairs:
            self.ws.commit("Cross-fade", run)
        else:
            self.ws.say("A cross-fade needs two clips that touch.", "Select two neighbours of one track.", "warning")

    # values

    def reverse(self) -> None:
        """Play the selected clips backwards, or forwards again."""
        self._each("Reverse", lambda project, clip: edits.set_clip(project, clip.id, reverse=not clip.reverse))

    def toggle_clips_muted(self) -> None:
        """Mute the selected clips, or let them sound where all are muted."""
        on = not all(clip.muted for _, clip in self.ws.chosen())
        self._each("Mute clip" if on else "Unmute clip", lambda p, clip: edits.set_clip(p, clip.id, muted=on))

    def gain(self, by_db: float) -> None:
        """Make the selected clips louder or softer."""
        self._each("Clip gain", lambda p, clip: edits.set_clip(p, clip.id, gain_db=clip.gain_db + by_db))

    def transpose(self, by: float) -> None:
        """Shift the pitch of the selected clips by semitones."""
        self._each("Transpose", lambda p, clip: edits.set_clip(p, clip.id, semitones=clip.semitones + by))

    def fade_curve(self, side: Literal["in", "out"], curve: FadeCurve) -> None:
        """Another shape for one fade of the selected clips."""
        if side == "in":
            self._each("Fade curve", lambda p, clip: edits.set_clip(p, clip.id, fade_in_curve=curve))
        else:
            self._each("Fade curve", lambda p, clip: edits.set_clip(p, clip.id, fade_out_curve=curve))

    def no_fades(self) -> None:
        """Take the fades of the selected clips away."""
        self._each("No fades", lambda p, clip: edits.set_clip(p, clip.id, fade_in_s=0.0, fade_out_s=0.0))

    def follow_tempo(self) -> None:
        """Let the selected clips stay on their bars when the tempo changes, or let go of them where all do."""
        on = not all(clip.follow_tempo for _, clip in self.ws.chosen())
        label = "Follow the tempo" if on else "Do not follow the tempo"
        self._each(label, lambda p, clip: edits.set_follow_tempo(p, clip.id, on))

    # places

    def nudge(self, direction: int, *, fine: bool = False) -> None:
        """Move the selected clips, or the chosen automation points, a step of the grid or 10 ms."""
        if self.ws.chosen_points is not None:
            self._nudge_points(direction, fine=fine)
            return
        chosen = without_mirrored(self.ws.project, self.ws.selected_clips)
        found = [clip for _, clip in self.ws.chosen()]
        if not found:
            return
        by_s = direction * self._step(min(clip.start_s for clip in found), fine=fine)
        self.ws.commit("Nudge", lambda project: edits.move_clips(project, chosen, by_s))

    def _step(self, at_s: float, *, fine: bool) -> float:
        if fine:
            return FINE_NUDGE_S
        grid = self.ws.grid
        beats = grid.step_beats("beat" if self.ws.snap_step == "off" else self.ws.snap_step)
        return grid.seconds(grid.beats(at_s) + beats) - at_s

    def _nudge_points(self, direction: int, *, fine: bool) -> None:
        choice = self.ws.chosen_points
        if choice is None:
            return
        points = automation.points_of(self.ws.project, choice.track_id, choice.target)
        by_s = direction * self._step(points[min(choice.indices)].at_s, fine=fine)
        self.ws.commit(
            "Move automation points",
            lambda p: edits.move_automation_points(p, choice.track_id, choice.target, choice.indices, by_s=by_s),
        )

    def loop_selection(self) -> None:
        """Loop what is selected."""
        clips = [clip for _, clip in self.ws.chosen()]
        if clips:
            start_s, end_s = min(c.start_s for c in clips), max(c.end_s for c in clips)
            self.ws.commit(
                "Loop the selection", lambda p: edits.set_loop(p, start_s=start_s, end_s=end_s, enabled=True)
            )

    def add_marker(self) -> None:
        """A marker at the play-head."""
        at_s = self.ws.position_s
        count = sum(marker.length_s == 0 for marker in self.ws.project.markers) + 1
        self.ws.commit("Add marker", lambda p: edits.add_marker(p, at_s, f"Marker {count}"))

    def go_to_marker(self, direction: int) -> None:
        """The next or the last marker or section."""
        here = self.ws.position_s
        places = sorted({marker.start_s for marker in self.ws.project.markers})
        beyond = [p for p in places if p > here + 0.05] if direction > 0 else [p for p in places if p < here - 0.3]
        if beyond:
            self.ws.seek(beyond[0] if direction > 0 else beyond[-1])

    # tracks

    def toggle_mute(self) -> None:
        """Mute the track in focus, and all others that are chosen."""
        track = self.ws.track()
        if track is not None:
            on = not track.strip.mute
            self._switch("Mute" if on else "Unmute", mute=on)

    def toggle_solo(self) -> None:
        """Solo the track in focus, and all others that are chosen."""
        track = self.ws.track()
        if track is not None:
            on = not track.strip.solo
            self._switch("Solo" if on else "Unsolo", solo=on)

    def _switch(self, label: str, **values: bool) -> None:
        heads = [track.id for track in self.ws.shown.tracks if track.id in self.ws.selected_tracks]
        if len(heads) == 1 or any(self.ws.is_forming(each) for each in heads):
            self.ws.set_strip(label, self.ws.selected_track or heads[0], **values)
            return

        def run(project: Project) -> Project:
            for each in heads:
                project = edits.set_strip(project, each, **values)
            return project

        self.ws.commit(label, run)

    def duplicate_track(self) -> None:
        """A copy of the track in focus below it."""
        track = self.ws.track()
        if track is not None:
            self.ws.commit("Duplicate track", lambda p: edits.duplicate_track(p, track.id))

    def delete_track(self) -> None:
        """Take the chosen tracks away, with their stems and all that lies in them."""
        heads = self.ws.selected_tracks

        def run(project: Project) -> Project:
            for each in heads:
                if any(track.id == each for track in project.tracks):
                    project = edits.remove_track(project, each)
            return project

        if heads:
            self.ws.commit("Delete track" if len(heads) == 1 else "Delete tracks", run)

    def move_track(self, by: int) -> None:
        """Move the track in focus up or down among its neighbours, into an open folder beside it, or out of its own at
        the end of that."""
        track = self.ws.track()
        if track is None or all(each.id != track.id for each in self.ws.project.tracks):
            return
        project = self.ws.project
        beside = [each for each in project.tracks if (each.parent, each.folder) == (track.parent, track.folder)]
        index = beside.index(track) + by
        if not 0 <= index < len(beside):
            if track.folder is None:
                return
            above = edits.find_track(project, track.folder)
            around = [each.id for each in project.tracks if each.parent is None and each.folder == above.folder]
            place = around.index(above.id) + (by > 0)
            self.ws.commit("Move track", lambda p: edits.put_in_folder(p, [track.id], above.folder, index=place))
            return
        other = beside[index]
        if edits.members_of(project, other.id) and other.id not in self.ws.collapsed:
            end = 0 if by > 0 else None
            self.ws.commit("Move track", lambda p: edits.put_in_folder(p, [track.id], other.id, index=end))
            return
        self.ws.commit("Move track", lambda p: edits.move_track(p, track.id, index))

    # folders

    def group_tracks(self) -> None:
        """Put the chosen tracks into a new folder, and let it be chosen."""
        tracks = [track.id for track in self.ws.chosen_tracks()]
        names = {track.name for track in self.ws.project.tracks}
        name = next(each for n in range(1, 10_000) if (each := f"Group {n}") not in names)
        folder_id = uuid7()
        if tracks and self.ws.commit("Group tracks", lambda p: edits.group_tracks(p, tracks, name, ids=(folder_id,))):
            self.ws.select(track=folder_id)

    def ungroup(self) -> None:
        """Take the folder in focus, or that of the track in focus, away and leave what lies in it."""
        folder = self._folder()
        if folder is None:
            self.ws.say("That track lies in no folder.", "Choose a folder, or a track in one.", "warning")
            return
        members = [track.id for track in edits.members_of(self.ws.project, folder.id)]
        if self.ws.commit("Ungroup tracks", lambda p: edits.ungroup(p, folder.id)):
            self.ws.select(track=members[0], tracks=members)

    def can_ungroup(self) -> bool:
        """Whether a folder, or a track in one, is in focus."""
        return self._folder() is not None

    def _folder(self) -> Track | None:
        track = self.ws.track()
        if track is None or all(each.id != track.id for each in self.ws.project.tracks):
            return None
        project = self.ws.project
        folder_id = track.id if edits.members_of(project, track.id) else edits.folder_of(project, track.id)
        return None if folder_id is None else edits.find_track(project, folder_id)

    def set_colour(self, colour: Role | None) -> None:
        """Show the chosen tracks in the colour of a role, or (None) of their own."""
        heads = [track.id for track in self.ws.project.tracks if track.id in self.ws.selected_tracks]

        def run(project: Project) -> Project:
            for each in heads:
                project = edits.set_colour(project, each, colour)
            return project

        self.ws.commit("Track colour", run)

    def next_colour(self) -> None:
        """The next colour for the chosen tracks, after the last one their own."""
        track = self.ws.track()
        if track is not None:
            self.set_colour(COLOURS[(COLOURS.index(track.colour) + 1) % len(COLOURS)])

    def add_bus(self) -> None:
        """A bus that other tracks can be sent or routed to."""
        count = sum(track.kind == "bus" for track in self.ws.project.tracks) + 1
        self.ws.commit("Add bus", lambda p: edits.add_bus(p, f"Bus {count}"))

    def freeze(self) -> None:
        """Render the track in focus to spare the processor, or let it play its clips again."""
        track = self.ws.track()
        if track is None or track.kind == "bus":
            return
        if track.frozen is not None:
            self.ws.attempt(lambda: self.ws.session.unfreeze(track.id))
        elif track.clips:
            self.ws.run(lambda: self.ws.session.freeze(track.id))

    def toggle_automation(self) -> None:
        """Open or close the automation lanes of the track in focus, or of the master where that is chosen."""
        track_id = edits.MASTER if self.ws.master_chosen else self.ws.selected_track
        if track_id is not None:
            self.ws.toggle_automation(track_id)

    def fold(self) -> None:
        """Fold the stems of the song in focus, or what lies in the folder in focus or around it, away, or show them."""
        project = self.ws.project
        track = self.ws.song_track()
        if track is None:
            return
        if not edits.children_of(project, track.id) and not edits.members_of(project, track.id):
            track = self._folder()
        if track is not None:
            self.ws.collapsed ^= {track.id}
            if track.id in self.ws.collapsed and track.id != self.ws.selected_track:
                self.ws.select(track=track.id)
            self.ws.lanes_changed.emit()
