"""Recording from the window: which tracks are armed, the punch range, and the record button."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QObject, Signal

from studio.session.recording import Input, channels_of

ALTERNATELY: tuple[Input, ...] = ("first", "second")


class Recorder(QObject):
    """The armed tracks, each with the channels of the input that it gets; the level is seen from then on."""

    changed = Signal()

    def __init__(self, ws: Any):
        super().__init__(ws)
        self._ws = ws
        self.armed: tuple[str, ...] = ()
        """Ids of the tracks that the next recording goes to, in the order in which they were armed; none makes a new
        one."""
        self._inputs: dict[str, Input] = {}
        self._listening = False
        self.punch = False
        """Whether only the loop's range is kept."""
        ws.bridge.recording_changed.connect(self.changed)
        ws.bridge.project_changed.connect(self._on_project)

    @property
    def recording(self) -> bool:
        """Whether a recording is being made."""
        return self._ws.session.recording is not None

    def arm(self, track_ids: Iterable[str]) -> None:
        """Arm these tracks and open the input, or (none) close it."""
        wanted = tuple(dict.fromkeys(track_ids))
        if wanted == self.armed or self.recording:
            return
        self.armed = wanted
        self.apply_input()
        self.changed.emit()

    def toggle_arm(self, track_id: str | None, *, also: bool = False) -> None:
        """The same as a switch: this track alone, or `also` beside those that are armed; buses and stems hold no
        recordings."""
        if track_id is None:
            return
        if not self._possible(track_id):
            self._ws.say(
                "This track cannot be recorded to.", "Arm a track of your own, or record a new one.", "warning"
            )
        elif track_id in self.armed:
            self.arm(each for each in self.armed if each != track_id)
        else:
            self.arm((*self.armed, track_id) if also else (track_id,))

    def toggle_arm_chosen(self) -> None:
        """Arm all chosen tracks of one's own, or none where they are armed already."""
        chosen = [track.id for track in self._ws.project.tracks if track.id in self._ws.selected_tracks]
        possible = [each for each in chosen if self._possible(each)]
        if len(possible) < 2:
            self.toggle_arm(possible[0] if possible else self._ws.selected_track)
        else:
            self.arm(() if set(possible) == set(self.armed) else possible)

    def input_of(self, track_id: str) -> Input:
        """The channels that a track gets: those that were chosen for it; else those of the settings while it is armed
        alone, and one channel after the other among several."""
        if track_id in self._inputs:
            return self._inputs[track_id]
        if track_id in self.armed and len(self.armed) > 1:
            others = [each for each in self.armed if each not in self._inputs]
            return ALTERNATELY[others.index(track_id) % 2]
        return self._ws.session.settings.get("audio.channels")

    def set_input(self, track_id: str, channels: Input | None) -> None:
        """Choose the channels of a track; None leaves it to `input_of`."""
        if self.recording:
            return
        if channels is None:
            self._inputs.pop(track_id, None)
        else:
            self._inputs[track_id] = channels
        self.apply_input()
        self.changed.emit()

    def chosen_input(self, track_id: str) -> Input | None:
        """The channels that were chosen for a track, or None."""
        return self._inputs.get(track_id)

    def _possible(self, track_id: str) -> bool:
        track = next((t for t in self._ws.project.tracks if t.id == track_id), None)
        return track is not None and track.kind == "audio" and track.role == "own"

    def listen(self, on: bool) -> None:
        """Keep the input open so that its level is seen, also without an armed track."""
        self._listening = on
        self.apply_input()

    def apply_input(self) -> None:
        """Open the input that the settings name while a track is armed, or somebody looks at its level."""
        session = self._ws.session
        if self.recording:
            return
        if not self.armed and not self._listening:
            session.player.disarm()
            return
        get = session.settings.get
        inputs = [self.input_of(each) for each in self.armed] or [str(get("audio.channels"))]
        session.player.arm(str(get("audio.input") or ""), channels_of(inputs))

    def set_punch(self, on: bool) -> None:
        """Keep only what comes within the loop's range, or everything."""
        if on != self.punch:
            self.punch = on
            self.changed.emit()

    def toggle(self) -> None:
        """Start to record, or stop and keep what was recorded."""
        if self.recording:
            self.stop()
        else:
            self.start()

    def start(self) -> None:
        """Record onto the armed tracks, from the play-head on."""
        ws = self._ws
        punch = None
        if self.punch:
            loop = ws.project.loop
            if loop.end_s <= loop.start_s:
                ws.say("Punch needs a range.", "Set the loop where the recording should be, then record.", "warning")
                return
            punch = (loop.start_s, loop.end_s)
        ws.end_preview()
        inputs = {each: self.input_of(each) for each in self.armed} or None
        ws.attempt(lambda: ws.session.record_start(punch=punch, from_s=ws.position_s, inputs=inputs))
        self.changed.emit()

    def stop(self) -> None:
        """Stop; the take lands as one step."""
        self._ws.run(self._ws.session.record_stop)
        self.changed.emit()

    def _on_project(self) -> None:
        there = {track.id for track in self._ws.project.tracks}
        if not self.recording and not there.issuperset(self.armed):
            self.arm(each for each in self.armed if each in there)
