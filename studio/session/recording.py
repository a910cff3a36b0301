"""Recording from an input: the take lands as a sound of the user's own, with its clip, as one step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from studio.base.errors import StudioError
from studio.flows import record
from studio.flows.landing import Landing
from studio.flows.media import TaskContext
from studio.flows.record import RecordingNote, RecordingResult
from studio.jobs import Job
from studio.session.sound import Sound

Input = Literal["both", "first", "second"]
"""Which channels of the input a track gets."""
CHANNELS: dict[str, tuple[int, ...]] = {"both": (0, 1), "first": (0,), "second": (1,)}


def channels_of(inputs: Iterable[str]) -> tuple[int, ...]:
    """The channels of the device that must be open for tracks with these inputs."""
    return tuple(sorted({channel for each in inputs for channel in CHANNELS[each]})) or CHANNELS["both"]


def _lane(how: str, open_now: tuple[int, ...]) -> int | None:
    """Which channel of the file such a track gets; None for all of it."""
    wanted = CHANNELS[how]
    return None if wanted == open_now else open_now.index(wanted[0])


class Recording(Sound):
    """Record, and take up what a crash left."""

    _recording: RecordingNote | None = None
    _rolling = False
    """Whether the player was told; a project that was just opened is waited for."""

    @property
    def recording(self) -> RecordingNote | None:
        """The recording that is being made, or None."""
        return self._recording

    def record_start(
        self,
        track_id: str = "",
        *,
        punch: tuple[float, float] | None = None,
        from_s: float | None = None,
        passes: bool = True,
        inputs: Mapping[str, Input] | None = None,
    ) -> None:
        """Begin to record onto a track (a new one without), from where the play-head is or `from_s`, after the
        count-in of the settings; with `punch` only what comes between these two times. With `inputs` it is recorded
        onto all these tracks at once, onto each what its channels of the input give.

        With `passes`, while the project loops, it goes round the loop, and each pass lands as a take of the track; else
        the loop is left aside.

        Raises:
            StudioError: recording-running, no-sound, or what the engine says of the input.
            ProjectError: edit-invalid for an unknown track or a bus.
        """
        if self._recording is not None:
            raise StudioError("A recording is being made.", remedy="Stop it first.", code="recording-running")
        player = self.player
        settings = self.settings
        start_s = player.status().position_s if from_s is None else max(from_s, 0.0)
        punch_in, punch_out = (None, None) if punch is None else (min(punch), max(punch))
        input_id = str(settings.get("audio.input") or "")
        wanted = list((inputs or {track_id: settings.get("audio.channels")}).values())
        open_now = channels_of(wanted)
        player.arm(input_id, open_now)
        note = record.begin(
            self.services,
            self.project,
            track_id=track_id if inputs is None else next(iter(inputs), ""),
            start_s=start_s if punch_in is None else punch_in,
            input_name=input_id or "default input",
            channels=None if inputs is None else {each: _lane(how, open_now) for each, how in inputs.items()},
        )
        latency_ms = settings.get("audio.latency_ms")
        latency_s = None if latency_ms is None else float(latency_ms) / 1000.0
        count_in = int(settings.get("transport.count_in"))

        def begin() -> None:
            self._rolling = True
            if from_s is not None:
                # What was asked to play is joined.
                player.play(start_s, count_in)
            player.record(
                note.path, start_s, punch_in, punch_out, latency_s, count_in, passes and self.project.loop.enabled
            )

        self._recording, self._rolling = note, False
        self.events.recording_changed.emit(True)
        self._once_playable(begin)

    def record_stop(self) -> Job[RecordingResult]:
        """Stop recording and playing; what was recorded lands as one undoable step.

        Raises:
            StudioError: recording-none.
        """
        note, self._recording = self._recording, None
        if note is None:
            raise StudioError("No recording is being made.", remedy="Start one first.", code="recording-none")
        player, rolling = self.player, self._rolling
        self.pause()
        self.events.recording_changed.emit(False)

        def work(context: TaskContext) -> Landing[RecordingResult]:
            made = player.stop_record() if rolling else None
            if made is None or made.frames <= 0:
                record.discard(note)
                raise StudioError(
                    "Nothing was recorded.",
                    remedy="Check the input in the settings, and let it play into the part to record.",
                    code="recording-empty",
                )
            passes = [record.PassNote(each.start_s, each.offset_s, each.length_s) for each in made.passes]
            placed = record.placed(note, start_s=made.start_s, passes=passes)
            return record.land(self.services, self.project, placed, context)

        return self._landing_job(f"Keeping {note.title}", work)

    def unlanded_recordings(self) -> list[RecordingNote]:
        """Recordings that a crash kept from their project."""
        running = self._recording
        return [note for note in record.unlanded(self.services) if running is None or note.path != running.path]

    def land_recording(self, note: RecordingNote) -> Job[RecordingResult]:
        """Put such a recording into the project in hand."""
        return self._landing_job(
            f"Keeping {note.title}", lambda context: record.land(self.services, self.project, note, context)
        )
