"""The engine behind the player: commands in, sound and figures out. It lives in the engine's process."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from typing import Any

from engine.errors import DeviceError, EngineError
from engine.io.wav import WavStream
from engine.playback import deck as words
from engine.playback import latency, native
from engine.playback.clock import ClockOutput
from engine.playback.deck import Deck
from engine.playback.device import DeviceOutput, list_devices
from engine.playback.figures import Figures
from engine.playback.messages import (
    NO_DEVICE_ID,
    Answer,
    Capture,
    Command,
    DeviceInfo,
    Drop,
    ListDevices,
    MeasureLatency,
    Pause,
    Play,
    Plugin,
    PluginQuestion,
    Prepare,
    Quit,
    Record,
    Recorded,
    Seek,
    SetAudio,
    SetLoop,
    SetMetronome,
    SetPlan,
    SetTap,
    SourcesLost,
    Stop,
    StopRecord,
    Switch,
    TestTone,
)
from engine.playback.recorder import RingWriter
from engine.playback.takes import Take
from engine.playback.transport import Transport
from engine.playback.upkeep import Upkeep

DEFAULT_RATE = 48_000
FOLLOW_S = 0.02
THREAD_PRIORITY = 60
"""SCHED_FIFO of the device's thread, where the system allows it."""
NO_DEVICE = DeviceInfo(id=NO_DEVICE_ID, name="No device (silent)", host="", channels=2, rate=DEFAULT_RATE)

Send = Callable[[Answer | SourcesLost], None]


class Engine:
    """Device, transport, recordings and meters.

    Args:
        memory: the telemetry's buffer.
        send: gets the answers to requests, and other news, from any thread.
    """

    def __init__(self, memory: Any, send: Send):
        self.deck = Deck()
        self.transport = Transport(self.deck)
        self.output: DeviceOutput | ClockOutput | None = None
        self._send = send
        self._figures = Figures(memory, self.deck, self.transport)
        self._upkeep = Upkeep(self.transport)
        self._audio = SetAudio(None)
        self._notice = ""
        self._take: Take | None = None
        self._capture: RingWriter | None = None
        self._probes: list[tuple[int, int, int, Callable[[], Answer]]] = []
        """Test signals under way: request, serial, clock at which it is judged (-1 not begun), and how."""
        self._ranked = 0
        self._sources_lost: tuple[str, ...] = ()
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follow", daemon=True)

    # -- device
    # ----------------------------------------------------------------------------------------------------

    def open(self, audio: SetAudio, *, default_rate: int = DEFAULT_RATE) -> None:
        """Play through a device, or on the clock with a notice when there is none; play-back goes on where it was."""
        with self._lock:
            self._shut()
            self._audio, self._notice = audio, ""
            rate = audio.rate or (self.transport.session.rate if self.transport.session is not None else default_rate)
            output: DeviceOutput | ClockOutput
            if self.transport.session is not None:
                self.transport.connect()
            if audio.device == NO_DEVICE_ID:
                output = ClockOutput(self.deck, rate=rate, block_frames=audio.block_frames)
                self._notice = "Sound is switched off: no device is chosen."
            else:
                output = self._open_device(audio, rate)
            self.output = output
            self._figures.device(output)
            self._ranked = 0
            if output.rate != rate:
                self._notice = (
                    f"“{output.name}” does not take {rate} Hz; it plays at {output.rate} Hz, converted."
                    if audio.rate is None
                    else f"“{output.name}” does not take {rate} Hz. Choose {output.rate} Hz in the audio settings."
                )

    def _open_device(self, audio: SetAudio, rate: int) -> DeviceOutput | ClockOutput:
        try:
            return DeviceOutput(
                audio.device,
                self.deck,
                rate=rate,
                input_id=audio.input,
                input_channels=audio.input_channels,
                block_frames=audio.block_frames,
            )
        except DeviceError as error:
            self._notice = f"{error.message} {error.remedy}"
        if audio.input is not None:
            # Better heard without its input than not at all.
            with contextlib.suppress(DeviceError):
                return DeviceOutput(audio.device, self.deck, rate=rate, block_frames=audio.block_frames)
        return ClockOutput(self.deck, rate=rate, block_frames=audio.block_frames)

    def _shut(self) -> None:
        """Close the device, with what hangs on it."""
        if self._take is not None:
            self._take.abandon()
            self._take = None
        if self._capture is not None:
            self._capture.finish(self.deck.word(words.CLOCK))
            self._capture.join(2.0)
            self._capture = None
        for request, *_ in self._probes:
            self._fail(request, DeviceError("The device was changed meanwhile.", remedy="Try it again."))
        self._probes.clear()
        if self.output is not None:
            self.deck.disconnect()
            self.output.close()
            self.output = None

    @property
    def lost(self) -> str | None:
        """Name of the device when it has stopped by itself."""
        return None if self.output is None or self.output.alive else self.output.name

    def start(self) -> None:
        """Begin to publish figures."""
        self._thread.start()
        self._upkeep.start()

    def close(self) -> None:
        """End all threads and close the device."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join(2.0)
        self._upkeep.close()
        with self._lock:
            self._shut()
        self.transport.heavy.close()

    # -- commands
    # --------------------------------------------------------------------------------------------------

    def do(self, command: Command) -> None:
        """Carry out one command. What has a request is answered, also with an error."""
        transport = self.transport
        try:
            match command:
                case SetPlan():
                    transport.set_plan(command)
                case Prepare():
                    transport.prepare(command)
                case Switch(name, at):
                    transport.switch(name, at)
                case Drop(name):
                    transport.drop(name)
                case SetLoop(loop):
                    transport.set_loop(loop)
                case SetMetronome(enabled, gain_db):
                    transport.set_metronome(enabled, gain_db)
                case Play(frame, bars):
                    transport.play(frame, count_in_bars=bars)
                case Pause():
                    transport.pause()
                case Stop():
                    transport.stop()
                case Seek(frame):
                    self._finish_take()
                    transport.seek(frame)
                case SetAudio():
                    self.open(command)
                case SetTap(track):
                    transport.set_tap(track)
                case Record():
                    self._record(command)
                case StopRecord():
                    self._finish_take()
                case Plugin(request, what, insert):
                    self._send(Answer(request, self._plugin(what, insert)))
                case Capture(request, path):
                    self._capture_output(request, path)
                case ListDevices(request):
                    self._send(Answer(request, self._devices()))
                case TestTone(request, seconds):
                    self._test_tone(request, seconds)
                case MeasureLatency(request):
                    self._measure(request)
                case Quit():
                    pass
        except EngineError as error:
            request = getattr(command, "request", None)
            if request is None:
                transport.notice = f"{error.message} {error.remedy}"
            else:
                self._fail(request, error)
        if isinstance(command, SetPlan | Prepare | SetLoop | Play | Seek):
            self._upkeep.wake()

    def _fail(self, request: int, error: EngineError) -> None:
        self._send(Answer(request, error=error))

    def _devices(self) -> tuple[DeviceInfo, ...]:
        with contextlib.suppress(DeviceError):
            return (*list_devices(busy=self.output.id if self.output is not None else ""), NO_DEVICE)
        return (NO_DEVICE,)

    def _plugin(self, what: PluginQuestion, insert: str) -> Any:
        method = getattr(self.transport.heavy.rack, what)
        return method(insert) if insert else method()

    # -- recording
    # -------------------------------------------------------------------------------------------------

    @property
    def round_trip_s(self) -> float:
        """Through output and input, as the device tells it."""
        return self.output.latency_s + self.output.input_latency_s if self.output is not None else 0.0

    def _record(self, command: Record) -> None:
        def done(recorded: Recorded | None, error: EngineError | None) -> None:
            self._send(Answer(command.request, recorded, error))

        with self._lock:
            self._finish_take()
            wanted = command.latency_s
            round_trip = self.round_trip_s if wanted is None else max(wanted, 0.0)
            self._take = Take(command, self.deck, self.transport, latency_s=round_trip, done=done)

    def _finish_take(self) -> None:
        with self._lock:
            if self._take is not None:
                self._take.finish()
                self._take = None

    def _capture_output(self, request: int, path: str | None) -> None:
        with self._lock:
            running, self._capture = self._capture, None
            if running is not None:
                running.finish(self.deck.word(words.CLOCK))
                running.join(10.0)
            if path is None:
                self._send(Answer(request, running.frames if running is not None else 0))
                return
            stream = WavStream(path, rate=self.deck.rate, channels=2)
            self._capture = RingWriter(self.deck.heard, stream, start=self.deck.word(words.CLOCK))
            self._send(Answer(request, 0))

    # -- test signals
    # ----------------------------------------------------------------------------------------------

    def _test_tone(self, request: int, seconds: float) -> None:
        signal = latency.tone(min(max(seconds, 0.05), 60.0), rate=self.deck.rate)
        with self._lock:
            serial = self.deck.play_probe(signal)
            self._probes.append((request, serial, 0, lambda: Answer(request)))

    def _measure(self, request: int) -> None:
        if self.deck.word(words.INPUTS) == 0:
            raise DeviceError(
                "No input is open, so nothing can come back.",
                remedy="Choose an input in the audio settings, connect it to the output, and measure again.",
                code="device-input",
            )
        signal = latency.chirp(rate=self.deck.rate)

        def judge() -> Answer:
            began = self.deck.word(words.PROBE_CLOCK)
            heard, after = self.deck.recorded(began)
            heard = heard[:, max(began - (after - heard.shape[1]), 0) :]
            try:
                return Answer(request, latency.find(heard, signal) / self.deck.rate)
            except EngineError as error:
                return Answer(request, error=error)

        self.transport.pause()
        with self._lock:
            listen = round((latency.CHIRP_S + latency.LISTEN_S) * self.deck.rate)
            self._probes.append((request, self.deck.play_probe(signal), listen, judge))

    def _follow_probes(self) -> None:
        clock = self.deck.word(words.CLOCK)
        for probe in list(self._probes):
            _, serial, listen, judge = probe
            if self.deck.probe_over(serial) and clock >= self.deck.word(words.PROBE_CLOCK) + listen:
                self._probes.remove(probe)
                self._send(judge())

    # -- the following thread
    # --------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closed.wait(FOLLOW_S):
            self.follow()

    def follow(self) -> None:
        """Publish figures, end what is over."""
        with self._lock:
            if self.output is None:
                return
            if self._take is not None and not self._take.follow():
                self._take = None
            self._follow_probes()
            self._rank()
            notice = self._notice or self.transport.notice or self._upkeep.notice
            recording = self._take is not None and self._take.running
        lost = self._upkeep.lost
        if lost != self._sources_lost:
            self._sources_lost = lost
            self._send(SourcesLost(lost))
        peak = self._figures.publish(notice=notice, recording=recording)
        self.transport.follow(peak)

    def _rank(self) -> None:
        """Ask the system to run the device's thread before all others; audio systems often have done so."""
        thread = self.deck.word(words.THREAD)
        if not native.LINUX or thread in (0, self._ranked):
            return
        self._ranked = thread
        with contextlib.suppress(OSError):
            if os.sched_getscheduler(thread) == os.SCHED_OTHER:
                os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(THREAD_PRIORITY))
