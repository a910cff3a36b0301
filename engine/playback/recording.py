"""The player's recordings: inputs, takes, and what is handed to the device."""

from __future__ import annotations

from concurrent.futures import Future

import msgspec

from engine.errors import DeviceError
from engine.playback.link import ANSWER_S, EngineLink
from engine.playback.messages import Capture, Record, Recorded, StopRecord


class Recording(EngineLink):
    """Inputs and recordings of the player."""

    def arm(self, input_device: str | None = "", channels: tuple[int, ...] = (0, 1)) -> None:
        """Open an input, so that its level is seen and `record` can begin; None closes it.

        Args:
            input_device: id of an input of the output's audio system, "" the system's default.
            channels: which of its channels, from 0; one is mono. Those that it does not have are left out.
        """
        with self._lock:
            changed = msgspec.structs.replace(self._audio, input=input_device, input_channels=channels)
            if changed != self._audio:
                self._audio = changed
                self._engine.send(changed)

    def disarm(self) -> None:
        """Close the input."""
        self.arm(None)

    def record(
        self,
        path: str,
        start_s: float,
        punch_in_s: float | None = None,
        punch_out_s: float | None = None,
        latency_s: float | None = None,
        count_in_bars: int = 0,
        loop: bool = False,
    ) -> Future[Recorded]:
        """Write what comes in to a float WAV file while it plays, until `stop_record`, pause, stop, seek or
        `punch_out_s`.

        Play-back that has been asked for before is joined, with its count-in; else it starts at `start_s`.

        The file is written as the sound comes; after a crash it lacks a second at
        most.

        Args:
            path: of a new file.
            start_s: where play-back starts.
            punch_in_s, punch_out_s: what is kept, when not all.
            latency_s: round trip to take out, as `measure_latency` says; None takes what the device reports.
            count_in_bars: bars of clicks before.
            loop: go round the loop, pass after pass, until it is stopped or the loop is changed. Else, and where
                something is punched or it starts behind the loop, the loop is left aside meanwhile.

        Returns:
            What was recorded, once it has ended; fails with `DeviceError` device-input, or an `EncodeError`.
        """
        with self._lock:
            punch = [None if at is None else self._frame(at) for at in (punch_in_s, punch_out_s)]
            start = self._frame(start_s)
            self._recording = self._requests.ask(
                lambda request: Record(request, path, start, punch[0], punch[1], latency_s, count_in_bars, loop)
            )
            return self._recording

    def stop_record(self) -> Recorded:
        """End the recording, or take up the one that has ended last; play-back goes on. Waits at most 5 s.

        Raises:
            DeviceError: code device-input when nothing was being recorded, or no input was open; device-lost.
            EncodeError: codes disk-full and path-not-writable.
        """
        with self._lock:
            recording = self._recording
            self._engine.send(StopRecord())
        if recording is None:
            raise DeviceError(
                "Nothing is being recorded.",
                remedy="Arm a track and start the recording first.",
                code="device-input",
            )
        try:
            return recording.result(ANSWER_S)
        except TimeoutError as error:
            raise DeviceError(
                "The recording could not be finished in time.",
                remedy="What was recorded is in its file; look for it in the folder of recordings.",
                code="device-lost",
            ) from error

    def capture(self, path: str | None) -> Future[int]:
        """Write all that is handed to the device to a new float WAV file, until `capture` of None.

        Returns:
            Done when it has begun, or, for None, has ended: with the frames in the file.
        """
        return self._requests.ask(lambda request: Capture(request, path))
