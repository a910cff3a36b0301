"""What the panels share: the session, its events, the theme, and what is selected and in sight."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from PySide6.QtCore import QObject, QTimer, Signal

from engine.errors import EngineError
from studio.base.errors import StudioError
from studio.project import edits
from studio.project.model import Clip, Project, Track
from studio.project.tempo import Division
from ui.bridge import Bridge
from ui.theme import Theme
from ui.viewmodels.automation import lanes_on, points_of
from ui.viewmodels.comparing import Comparing
from ui.viewmodels.notes import NoteDesk
from ui.viewmodels.plugins import PluginWatch
from ui.viewmodels.recorder import Recorder
from ui.viewmodels.snapping import FREE, REACH_PX, Snap, places_of
from ui.viewmodels.timeline import BarGrid, GridLine, Viewport

SNAP_KEY = "timeline.snap"
CROSSFADE_KEY = "timeline.crossfade"
LANE_PX = (36, 180)
"""How low and how high tracks can be, in pixels."""
LINE_MARGIN_PX = 60
FRAME_MS = 16
REST_MS = 66
SEEK_SLACK_S = 0.25
SEEK_TICKS = 15
"""For how many ticks a seek is waited for; an engine that restarts may lose one."""


@dataclass(frozen=True, kw_only=True)
class PointChoice:
    """The chosen points of one automation lane."""

    track_id: str
    target: str
    indices: frozenset[int]


class Workspace(QObject):
    """State of the window that is not part of the project. Panels talk to each other through it, never directly."""

    selection_changed = Signal()
    view_changed = Signal()
    lanes_changed = Signal()
    """Other lanes are open, or they are of another height."""
    snap_changed = Signal()
    tick = Signal(float, object, object)
    """Seconds since the last tick, the player's Status and Meters."""
    said = Signal(str, str, str)
    """Level (info, ok, warning, error), text, remedy: a message for the person."""
    preview_ended = Signal()
    styles_changed = Signal()
    """A style of one's own came, changed or went: `styles` are those that there are now."""
    dock_asked = Signal(str)
    preferences_asked = Signal(str)
    """Show this page of the preferences."""
    inspector_asked = Signal(str)
    variations_asked = Signal(str, int)
    """Make so many takes in this style (its id; "" is any)."""
    intensity_asked = Signal(float)
    """By how much the next restyle changes the song, 0 to 1."""
    effect_asked = Signal(str)
    """Show this in the panel of effects: ``equaliser``, ``compressor`` or the id of an effect."""

    def __init__(self, session: Any, theme: Theme, bridge: Bridge, parent: QObject | None = None):
        super().__init__(parent)
        self.session = session
        self.theme = theme
        self.bridge = bridge
        self.viewport = Viewport()
        self.selected_clips: frozenset[str] = frozenset()
        self.selected_track: str | None = None
        """The track in focus."""
        self.selected_tracks: frozenset[str] = frozenset()
        """All tracks whose heads are chosen: that in focus is one of them."""
        self.master_chosen = False
        """Whether the panels of effects are about the master bus."""
        self.collapsed: set[str] = set()
        self.automation: dict[str, tuple[str, ...]] = {}
        """Open automation lanes: the targets below each track."""
        self.lane_px = theme.size("track")
        self.chosen_points: PointChoice | None = None
        self.snap_step: Division | Literal["off"] = session.settings.get(SNAP_KEY)
        self._snap_before: Division = "beat" if self.snap_step == "off" else self.snap_step
        self.follow = True
        self.playing = False
        self.previewing = False
        self._preview_heard = False
        self.position_s = 0.0
        self._sought_ticks = 0
        self.styles = tuple(session.styles())
        self.quiet: set[str] = set()
        """Ids of jobs that need no place in the tray."""
        self._grid: tuple[Project, BarGrid] | None = None
        self._lines: tuple[BarGrid, tuple[int, float, int], tuple[GridLine, ...]] | None = None
        self._length: tuple[Project, float] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(REST_MS)
        self._timer.timeout.connect(self._tick)
        bridge.project_changed.connect(self._prune)
        self.plugins = PluginWatch(self)
        self.recorder = Recorder(self)
        self.comparing = Comparing(self)
        self.notes = NoteDesk(self)

    def reload_styles(self) -> None:
        """Look at the styles anew."""
        self.styles = tuple(self.session.styles())
        self.styles_changed.emit()

    # project

    @property
    def project(self) -> Project:
        """The project as it is now."""
        return self.session.project

    @property
    def shown(self) -> Project:
        """The project with stems that are being made: what is drawn. Edits always begin from `project`."""
        return self.session.shown

    def is_forming(self, track_id: str) -> bool:
        """Whether a track is a stem that is still being made."""
        forming = self.session.forming
        return forming is not None and forming.holds(track_id, self.project)

    def set_strip(self, label: str, track_id: str, **values: Any) -> None:
        """Mute, solo or level a track; a stem that is still being made lands so."""
        if not self.session.set_forming_strip(track_id, **values):
            self.commit(label, lambda p: edits.set_strip(p, track_id, **values))

    @property
    def grid(self) -> BarGrid:
        """Bars and beats of the project as it is now."""
        project = self.project
        if self._grid is None or self._grid[0] is not project:
            self._grid = (project, BarGrid(project))
        return self._grid[1]

    @property
    def length_s(self) -> float:
        """Where the last clip of the project ends, in seconds: asked at every turn of the wheel."""
        project = self.project
        if self._length is None or self._length[0] is not project:
            self._length = (project, project.length_s)
        return self._length[1]

    def grid_lines(self) -> tuple[GridLine, ...]:
        """Lines of the grid in sight, and of a little before it (where the name of one may begin)."""
        view, grid = self.viewport, self.grid
        key = (view.level, view.origin_px, view.width)
        if self._lines is None or self._lines[0] is not grid or self._lines[1] != key:
            margin_s = LINE_MARGIN_PX / view.px_per_s
            self._lines = (grid, key, tuple(grid.lines(view.start_s - margin_s, view.end_s, view.px_per_s)))
        return self._lines[2]

    def commit(self, label: str, edit: Callable[[Project], Project]) -> bool:
        """Make one edit one step of undo; says why where it is not possible."""
        try:
            project = edit(self.project)
            if project is not self.project:
                self.session.commit(label, project)
        except (StudioError, EngineError) as error:
            self.fail(error)
            return False
        return True

    def snap(self, at_s: float) -> float:
        """The nearest line of the grid while snapping is on."""
        if self.snap_step == "off":
            return max(at_s, 0.0)
        return self.grid.snap(at_s, self.snap_step)

    def set_snap(self, step: Division | Literal["off"]) -> None:
        """Snap to another step, also after a restart."""
        if self.attempt(lambda: (self.session.settings.set(SNAP_KEY, step), step)) is None:
            return
        if self.snap_step != "off":
            self._snap_before = self.snap_step
        self.snap_step = step
        self.snap_changed.emit()

    def toggle_snap(self) -> None:
        """Off, or the step that was used last."""
        self.set_snap(self._snap_before if self.snap_step == "off" else "off")

    def snapper(self, *, without: Iterable[str] = (), free: bool = False) -> Snap:
        """What drags are drawn to now: the grid, edges of clips but those in `without`, markers, the play-head."""
        if free or self.snap_step == "off":
            return FREE
        step, grid = self.snap_step, self.grid
        return Snap(
            grid=lambda at_s: grid.snap(at_s, step),
            places_s=places_of(self.project, without=frozenset(without), more_s=(self.position_s,)),
            reach_s=REACH_PX / self.viewport.px_per_s,
        )

    @property
    def crossfades(self) -> bool:
        """Whether clips that come to overlap a little cross-fade."""
        return bool(self.session.settings.get(CROSSFADE_KEY))

    def set_crossfades(self, on: bool) -> None:
        """Cross-fade overlaps or let the moved clip win, also after a restart."""
        self.attempt(lambda: self.session.settings.set(CROSSFADE_KEY, on))

    def set_lane_px(self, height: int) -> None:
        """Another height of all tracks, in pixels."""
        height = min(max(height, LANE_PX[0]), LANE_PX[1])
        if height != self.lane_px:
            self.lane_px = height
            self.lanes_changed.emit()

    def choose_points(self, choice: PointChoice | None) -> None:
        """Choose points of an automation lane, or none."""
        if choice != self.chosen_points:
            self.chosen_points = choice
            self.selection_changed.emit()

    def show_automation(self, track_id: str, targets: Iterable[str]) -> None:
        """Open these automation lanes below a track, and no others."""
        targets = tuple(dict.fromkeys(targets))
        if self.automation.get(track_id, ()) == targets:
            return
        if targets:
            self.automation[track_id] = targets
        else:
            del self.automation[track_id]
        self.lanes_changed.emit()

    def toggle_automation(self, track_id: str) -> None:
        """Close the automation lanes of a track, or open those with points; its volume where there are none."""
        used = [lane.target for lane in lanes_on(self.project, track_id)]
        self.show_automation(track_id, [] if track_id in self.automation else used or ["gain_db"])

    # selection

    def select(self, *, track: str | None = None, clips: Iterable[str] = (), tracks: Iterable[str] = ()) -> None:
        """Select clips, the track in focus and, beside it, other `tracks`; the lane of the master chooses the
        master."""
        if track == edits.MASTER:
            self.choose_master()
            return
        chosen = frozenset(clips)
        heads = frozenset(tracks) | ({track} if track is not None else set())
        before = (self.selected_clips, self.selected_track, self.selected_tracks)
        if (chosen, track, heads) != before or self.master_chosen:
            self.master_chosen = False
            if chosen - self.selected_clips:
                self.chosen_points = None
            self.selected_clips, self.selected_track, self.selected_tracks = chosen, track, heads
            self.selection_changed.emit()

    def chosen_tracks(self) -> list[Track]:
        """The tracks whose heads are chosen, from top to bottom; where clips are selected, those that they lie on
        too."""
        clips = self.selected_clips
        return [
            track
            for track in self.project.tracks
            if track.id in self.selected_tracks or (clips and any(clip.id in clips for clip in track.clips))
        ]

    def choose_master(self) -> None:
        """Let the panels of effects be about the master bus, until a track is selected."""
        if not self.master_chosen:
            self.master_chosen = True
            self.selection_changed.emit()

    @property
    def strip_id(self) -> str | None:
        """The strip that the panels of effects are about: that of the master, of the track in focus, or of the song."""
        if self.master_chosen:
            return edits.MASTER
        track = self.track() or self.song_track()
        return track.id if track is not None else None

    def chosen(self) -> list[tuple[Track, Clip]]:
        """All selected clips with their tracks, from top to bottom."""
        return [(t, c) for t in self.project.tracks for c in t.clips if c.id in self.selected_clips]

    def clip(self) -> tuple[Track, Clip] | None:
        """The one clip that the inspector is about: the first of the selected ones."""
        for track in self.project.tracks:
            for clip in track.clips:
                if clip.id in self.selected_clips:
                    return track, clip
        return None

    def track(self) -> Track | None:
        """The track in focus."""
        for track in self.shown.tracks:
            if track.id == self.selected_track:
                return track
        return None

    def song_track(self) -> Track | None:
        """The track that Split and Restyle are about: the one in focus, its parent, or the first one."""
        project = self.project
        track = self.track()
        if track is not None and track.parent is not None:
            track = next((t for t in project.tracks if t.id == track.parent), track)
        if track is not None:
            return track
        tops = [t for t in project.tracks if t.parent is None]
        return next((t for t in tops if t.kind == "audio"), tops[0] if tops else None)

    def _prune(self) -> None:
        tracks = {track.id for track in self.shown.tracks}
        clips = {clip.id for track in self.project.tracks for clip in track.clips}
        kept = self.selected_clips & clips
        track = self.selected_track if self.selected_track in tracks else None
        if kept != self.selected_clips or track != self.selected_track or not self.selected_tracks <= tracks:
            self.select(track=track, clips=kept, tracks=self.selected_tracks & tracks)
        choice = self.chosen_points
        if choice is not None:
            lane = points_of(self.project, choice.track_id, choice.target)
            if max(choice.indices, default=-1) >= len(lane):
                self.choose_points(None)

    # jobs and messages

    def run(
        self,
        start: Callable[[], Any],
        done: Callable[[Any], None] | None = None,
        failed: Callable[[Any], None] | None = None,
        *,
        quiet: bool = False,
    ) -> Any | None:
        """Start a flow of the session; its result goes to `done`, its error to `failed` or to the person."""
        try:
            job = start()
        except (StudioError, EngineError) as error:
            (failed or self.fail)(error)
            return None
        if quiet:
            self.quiet.add(job.id)
        self.bridge.when_done(job, done or (lambda _result: None), failed or self.fail)
        return job

    def attempt(self, action: Callable[[], Any]) -> Any | None:
        """Call something of the session that may refuse; the refusal goes to the person."""
        try:
            return action()
        except (StudioError, EngineError) as error:
            self.fail(error)
            return None

    def fail(self, error: Any) -> None:
        """Say what went wrong and what to do."""
        message = getattr(error, "message", None) or "Something went wrong."
        remedy = getattr(error, "remedy", None) or "Try again; if it fails the same way, the log says more."
        self.said.emit("error", message, remedy)

    def say(self, text: str, remedy: str = "", level: str = "info") -> None:
        """A message for the person."""
        self.said.emit(level, text, remedy)

    # time

    def start_clock(self) -> None:
        """Begin to follow the player."""
        self._timer.start()

    def stop_clock(self) -> None:
        """Stop following."""
        self._timer.stop()

    def _tick(self) -> None:
        player = self.session.player
        status, meters = player.status(), player.meters()
        elapsed_s = self._timer.interval() / 1000.0
        if self.previewing:
            if status.playing:
                self._preview_heard = True
            elif self._preview_heard:
                self.end_preview()
        playing = status.playing and not self.previewing
        if playing != self.playing:
            self.playing = playing
        interval = FRAME_MS if status.playing else REST_MS
        if self._timer.interval() != interval:
            self._timer.setInterval(interval)
        if not self.previewing and self._arrived(status.position_s):
            self.position_s = status.position_s
        self.tick.emit(elapsed_s, status, meters)

    def show_now(self) -> None:
        """Show where the player is at once, not at the next frame."""
        self._tick()

    def _arrived(self, position_s: float) -> bool:
        """Whether the engine has carried out the last seek: until then the play-head stays where it was put."""
        if self._sought_ticks > 0 and abs(position_s - self.position_s) > SEEK_SLACK_S:
            self._sought_ticks -= 1
            return False
        self._sought_ticks = 0
        return True

    def begin_preview(self) -> None:
        """The player plays something that is not the project: the play-head rests meanwhile."""
        self.previewing, self._preview_heard = True, False

    def end_preview(self) -> None:
        """Back to the project, with the play-head where it was."""
        if self.previewing:
            self.previewing = False
            self.session.stop_preview()
            self._sought_ticks = SEEK_TICKS
            self.session.player.seek(self.position_s)
            self.preview_ended.emit()

    def seek(self, at_s: float) -> None:
        """Move the play-head."""
        self.end_preview()
        self.position_s = max(at_s, 0.0)
        self._sought_ticks = SEEK_TICKS
        self.session.player.seek(self.position_s)
        self._tick()

    def play_when_ready(self) -> None:
        """Play from the start as soon as the engine has the new project's plan, which is made in the background."""
        self.attempt(lambda: self.session.play(0.0))

    def toggle_play(self) -> None:
        """Play from the play-head, or stop and keep the place."""
        if self.previewing:
            self.end_preview()
        elif self.recorder.recording:
            self.recorder.stop()
        elif self.playing:
            self.session.pause()
        else:
            self.attempt(self.session.play)
        self._tick()
