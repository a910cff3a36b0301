"""Recording from the window: which track is armed, the punch range, and the record button."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal

from studio.session.recording import CHANNELS


class Recorder(QObject):
    """One track is armed at a time: there is one input. Its level is seen from then on."""

    changed = Signal()

    def __init__(self, ws: Any):
        super().__init__(ws)
        self._ws = ws
        self.armed: str | None = None
        """Id of the track that the next recording goes to; None makes a new one."""
        self._listening = False
        self.punch = False
        """Whether only the loop's range is kept."""
        ws.bridge.recording_changed.connect(self.changed)
        ws.bridge.project_changed.connect(self._on_project)

    @property
    def recording(self) -> bool:
        """Whether a recording is being made."""
        return self._ws.session.recording is not None

    def arm(self, track_id: str | None) -> None:
        """Arm a track and open the input, or (None) close it."""
        if track_id == self.armed or self.recording:
            return
        self.armed = track_id
        self.apply_input()
        self.changed.emit()

    def toggle_arm(self, track_id: str | None) -> None:
        """The same as a switch; buses and stems hold no recordings."""
        if track_id is None:
            return
        track = next((t for t in self._ws.project.tracks if t.id == track_id), None)
        if track is None or track.kind == "bus" or track.role != "own":
            self._ws.say(
                "This track cannot be recorded to.", "Arm a track of your own, or record a new one.", "warning"
            )
            return
        self.arm(None if self.armed == track_id else track_id)

    def listen(self, on: bool) -> None:
        """Keep the input open so that its level is seen, also without an armed track."""
        self._listening = on
        self.apply_input()

    def apply_input(self) -> None:
        """Open the input that the settings name while a track is armed, or somebody looks at its level."""
        session = self._ws.session
        if self.recording:
            return
        if self.armed is None and not self._listening:
            session.player.disarm()
            return
        get = session.settings.get
        session.player.arm(str(get("audio.input") or ""), CHANNELS[str(get("audio.channels"))])

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
        """Record onto the armed track, from the play-head on."""
        ws = self._ws
        punch = None
        if self.punch:
            loop = ws.project.loop
            if loop.end_s <= loop.start_s:
                ws.say("Punch needs a range.", "Set the loop where the recording should be, then record.", "warning")
                return
            punch = (loop.start_s, loop.end_s)
        ws.end_preview()
        ws.attempt(lambda: ws.session.record_start(self.armed or "", punch=punch, from_s=ws.position_s))
        self.changed.emit()

    def stop(self) -> None:
        """Stop; the take lands as one step."""
        self._ws.run(self._ws.session.record_stop)
        self.changed.emit()

    def _on_project(self) -> None:
        if self.armed is not None and all(t.id != self.armed for t in self._ws.project.tracks) and not self.recording:
            self.arm(None)
