"""Recording: from the input's ring to files that stand where they were played."""

from __future__ import annotations

from collections.abc import Callable

from engine.errors import DeviceError, EngineError
from engine.io.wav import WavStream
from engine.plan import LoopPlan
from engine.playback import deck as words
from engine.playback.deck import Deck
from engine.playback.messages import Pass, Record, Recorded
from engine.playback.recorder import RingWriter
from engine.playback.transport import Transport

Finished = Callable[[Recorded | None, EngineError | None], None]


def passes_of(first: int, loop: LoopPlan, frames: float, *, rate: int) -> tuple[Pass, ...]:
    """The passes of a recording that began at frame `first` of the timeline, before the loop's end, and went on for
    `frames`.
    """
    found: list[Pass] = []
    start, offset = first, 0
    while offset < frames:
        length = min(float(loop.end_frame - start), frames - offset)
        found.append(Pass(start / rate, offset / rate, length / rate))
        offset += loop.end_frame - start
        start = loop.start_frame
    return tuple(found)


class Take:
    """One recording: it starts the transport where it does not run yet, finds out which frame of the input belongs to
    which frame of the timeline, and writes.

    What a person plays to the frame that leaves now comes back a round trip later: through the output to the ear, and
    through the input into the computer. So the file's first frame is the one that came in that much later.

    Args:
        command: what is asked.
        deck, transport: the input and the timeline.
        latency_s: round trip that is taken out.
        done: called once, from any thread.

    Raises:
        DeviceError: code ``device-input`` without an open input.
        EncodeError: codes ``disk-full`` and ``path-not-writable``.
    """

    def __init__(self, command: Record, deck: Deck, transport: Transport, *, latency_s: float, done: Finished):
        self.latency_s = latency_s
        self._command, self._deck, self._transport, self._done = command, deck, transport, done
        self._first = command.start_frame
        if command.punch_in_frame is not None:
            self._first = max(command.punch_in_frame, command.start_frame)
        self._writer: RingWriter | None = None
        if deck.word(words.INPUTS) == 0:
            raise DeviceError(
                "No input is open, so there is nothing to record.",
                remedy="Choose an input in the audio settings and arm the track again.",
                code="device-input",
            )
        mono = deck.word(words.INPUT_LEFT) == deck.word(words.INPUT_RIGHT)
        self._stream = WavStream(command.path, rate=deck.rate, channels=1 if mono else 2)
        self._loop = self._loop_of(command, transport)
        if self._loop is None:
            transport.hold_loop(True)
        if not transport.asked_playing:
            transport.play(command.start_frame, count_in_bars=command.count_in_bars)

    @staticmethod
    def _loop_of(command: Record, transport: Transport) -> LoopPlan | None:
        """The loop that is gone round."""
        loop = transport.loop
        punched = command.punch_in_frame is not None or command.punch_out_frame is not None
        if not command.loop or punched or loop is None or loop.end_frame <= loop.start_frame:
            return None
        start = transport.position if transport.asked_playing else command.start_frame
        return loop if start < loop.end_frame else None

    @property
    def running(self) -> bool:
        """Whether what comes in is kept by now."""
        return self._writer is not None and not self._writer.over

    @property
    def frames(self) -> int:
        """Frames in the file so far."""
        return self._stream.frames

    def follow(self) -> bool:
        """Called every few milliseconds; False once it needs no more calls."""
        transport, session = self._transport, self._transport.session
        if self._writer is None:
            if transport.waiting:
                return True
            if session is None or not transport.asked_playing:
                # Stopped before it began.
                self.finish()
                return False
            run = transport.places.run_start
            if run is not None and session.tick >= run[0]:
                self._begin(*run)
            return True
        if not transport.asked_playing:
            self.finish()
            return False
        if self._loop is not None and transport.loop != self._loop:
            # Where the passes lie would not be known any more.
            self.finish()
            return False
        if self._writer.over:
            # Punched out, or the disk is full; play-back goes on.
            self._transport.hold_loop(False)
            return False
        return True

    def _begin(self, tick: int, frame: int) -> None:
        """Play-back runs: `frame` sounds at `tick`."""
        self._tick, self._frame = tick, frame
        self._first = max(self._first, frame)
        self._writer = RingWriter(
            self._deck.recorded,
            self._stream,
            start=self._ring_frame(self._first),
            channels=self._stream.channels,
            done=self._finished,
        )
        if self._command.punch_out_frame is not None:
            self._writer.finish(self._ring_frame(max(self._command.punch_out_frame, self._first)))

    def _ring_frame(self, frame: int) -> int:
        """The frame of the input's ring that holds what was played to a frame of the timeline."""
        clock = self._transport.places.clock_at(self._tick + frame - self._frame)
        return round(clock + self.latency_s * self._deck.rate)

    def finish(self) -> None:
        """End with what is played now; what is still on its way through the input comes along."""
        self._transport.hold_loop(False)
        if self._writer is None:
            self._stream.close()
            self._finished(0, 0, None)
            return
        now = self._deck.word(words.CLOCK)
        self._writer.finish(now + round(self.latency_s * self._deck.rate))

    def abandon(self) -> None:
        """End at once with what has come in, before the device is closed."""
        self._transport.hold_loop(False)
        if self._writer is None:
            self._stream.close()
            self._finished(0, 0, None)
            return
        self._writer.finish(self._deck.word(words.CLOCK))
        self._writer.join(2.0)

    def _finished(self, frames: int, lost: int, error: EngineError | None) -> None:
        if error is not None and frames == 0:
            self._done(None, error)
            return
        rate = self._transport.rate
        passes: tuple[Pass, ...] = ()
        if self._loop is not None and self._first < self._loop.end_frame:
            passes = passes_of(self._first, self._loop, frames * rate / self._stream.rate, rate=rate)
        self._done(
            Recorded(
                path=self._command.path,
                start_s=self._first / self._transport.rate,
                frames=frames,
                rate=self._stream.rate,
                channels=self._stream.channels,
                latency_s=self.latency_s,
                lost_frames=lost,
                passes=passes,
                notice=f"{error.message} {error.remedy}" if error is not None else "",
            ),
            None,
        )
