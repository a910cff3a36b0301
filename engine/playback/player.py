"""The player that the window's process holds. It owns the engine process, and starts it again should it die.

No method waits for the engine but `devices`. This module imports neither numba nor a device library.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import queue
import threading
import time
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

import msgspec

from engine.plan import LoopPlan, MixPlan
from engine.playback import telemetry
from engine.playback.messages import (
    Command,
    DeviceInfo,
    DeviceLost,
    Devices,
    ListDevices,
    Meters,
    Pause,
    Play,
    Quit,
    Seek,
    SetDevice,
    SetLoop,
    SetPlan,
    Status,
    Stop,
)

DEFAULT_RATE = 48_000
ANSWER_S = 5.0
QUIT_S = 2.0
SHORT_LIFE_S = 5.0
MOST_EARLY_DEATHS = 3
"""An engine that dies this often right after its start is tried once more without a device, then left alone."""

STARTING = "The audio engine is starting."
FAILED = "The audio engine keeps stopping. Save your project, then start the program again."


def _engine_main(connection: Connection, memory: Any, device_id: str | None, rate: int) -> None:
    # Imported in the engine process only: it loads the compiled kernels.
    from engine.playback.process import engine_main

    engine_main(connection, memory, device_id, rate)


class Player:
    """Play-back of plans: transport, loop, device, meters. Thread-safe.

    Args:
        device: see `set_device`.
    """

    def __init__(self, *, device: str | None = None):
        self._context = multiprocessing.get_context("spawn")
        self._memory = self._context.RawArray("B", telemetry.SIZE)
        self._telemetry = telemetry.Telemetry(self._memory)
        self._lock = threading.Lock()
        self._outbox: queue.SimpleQueue[Command | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Devices] = queue.SimpleQueue()
        self._device = device
        self._plan: SetPlan | None = None
        self._ids: dict[int, tuple[str, ...]] = {}
        self._serial = 0
        self._devices: tuple[DeviceInfo, ...] = ()
        self._lost = ""
        self._failed = False
        self._closed = False
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None
        self._threads = [
            threading.Thread(target=self._supervise, name="player-supervisor", daemon=True),
            threading.Thread(target=self._send, name="player-sender", daemon=True),
        ]
        self._ready = threading.Event()
        for thread in self._threads:
            thread.start()

    # -- transport
    # ------------------------------------------------------------------------------------------------------

    @property
    def _rate(self) -> int:
        return self._plan.plan.rate if self._plan is not None else DEFAULT_RATE

    def set_plan(self, plan: MixPlan) -> None:
        """Play `plan` from now on; while it plays, the change is faded over without a gap."""
        with self._lock:
            self._serial += 1
            self._plan = SetPlan(plan, self._serial)
            self._ids[self._serial] = tuple(track.id for track in plan.tracks)
            for old in [serial for serial in self._ids if serial < self._serial - 512]:
                del self._ids[old]
            self._outbox.put(self._plan)

    def play(self, from_s: float | None = None) -> None:
        """Start, at `from_s` seconds or where the play-head is."""
        with self._lock:
            self._outbox.put(Play(None if from_s is None else round(from_s * self._rate)))

    def pause(self) -> None:
        """Stop and stay where it is."""
        with self._lock:
            self._outbox.put(Pause())

    def stop(self) -> None:
        """Stop and go back to where play-back was started; when stopped already, to the beginning."""
        with self._lock:
            self._outbox.put(Stop())

    def seek(self, position_s: float) -> None:
        """Put the play-head at `position_s` seconds; play-back goes on from there."""
        with self._lock:
            self._outbox.put(Seek(round(max(position_s, 0.0) * self._rate)))

    def set_loop(self, start_s: float, end_s: float, enabled: bool) -> None:
        """Loop from `start_s` to `end_s` seconds while `enabled`."""
        with self._lock:
            loop = None
            if enabled and end_s > start_s:
                loop = LoopPlan(start_frame=round(start_s * self._rate), end_frame=round(end_s * self._rate))
            if self._plan is not None:
                self._plan = SetPlan(msgspec.structs.replace(self._plan.plan, loop=loop), self._plan.serial)
            self._outbox.put(SetLoop(loop))

    # -- devices
    # --------------------------------------------------------------------------------------------------------

    def set_device(self, device: str | None) -> None:
        """Play through the device with this id; None is the system's default, "none" runs silently."""
        with self._lock:
            self._device = device
            self._lost = ""
            self._outbox.put(SetDevice(device))

    def devices(self) -> list[DeviceInfo]:
        """The output devices, the silent one last. Waits for the engine for at most 5 s, then tells what it knew."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._answers.get_nowait()
        self._outbox.put(ListDevices())
        with contextlib.suppress(queue.Empty):
            self._devices = self._answers.get(timeout=ANSWER_S).devices
        return list(self._devices)

    # -- telemetry
    # ------------------------------------------------------------------------------------------------------

    def status(self) -> Status:
        """Where the transport is and how the device does; cheap."""
        seen = self._telemetry.read()
        notice = seen["notice"].decode()
        if self._failed:
            notice = FAILED
        elif not self._ready.is_set():
            notice = STARTING
        elif self._lost:
            notice = f"The audio device “{self._lost}” was lost. {notice}".strip()
        return Status(
            playing=bool(seen["playing"]),
            position_s=int(seen["frame"]) / max(int(seen["plan_rate"]), 1),
            rate=int(seen["rate"]) or DEFAULT_RATE,
            block_frames=int(seen["block_frames"]),
            latency_s=float(seen["latency_s"]),
            dsp_load=float(seen["dsp_load"]),
            xruns=int(seen["xruns"]),
            device=seen["device"].decode() or "none",
            device_name=seen["device_name"].decode(),
            notice=notice,
        )

    def meters(self) -> Meters:
        """Levels of what is heard now; cheap."""
        seen = self._telemetry.read()
        if not seen["heartbeat"]:
            return Meters()
        ids = self._ids.get(int(seen["serial"]), ())
        rows = seen["tracks"].tolist()
        return Meters(
            tracks={name: tuple(row) for name, row in zip(ids, rows, strict=False)},
            master=(float(seen["master"][0]), float(seen["master"][1])),
            lufs_m=float(seen["lufs_m"]),
            lufs_s=float(seen["lufs_s"]),
            true_peak_dbtp=float(seen["true_peak_dbtp"]),
        )

    @property
    def pid(self) -> int | None:
        """Process id of the engine while it runs."""
        process = self._process
        return process.pid if process is not None and process.is_alive() else None

    def wait_ready(self, timeout_s: float = 30.0) -> bool:
        """Wait until the engine runs; False when it took longer. A window need not wait."""
        return self._ready.wait(timeout_s)

    # -- the engine process
    # ---------------------------------------------------------------------------------------------

    def _launch(self) -> None:
        """Start an engine that goes on where the last one was."""
        seen = self._telemetry.read()
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_engine_main,
            args=(theirs, self._memory, self._device, self._rate),
            name="contrafact-engine",
            daemon=True,
        )
        process.start()
        theirs.close()
        with self._lock:
            resume: list[Command] = []
            if self._plan is not None:
                resume.append(self._plan)
                resume.append(Seek(int(seen["frame"])))
                if seen["playing"]:
                    resume.append(Play())
            with contextlib.suppress(OSError):
                for command in resume:
                    ours.send(command)
            self._process, self._connection = process, ours
        if self._closed:
            # `close` came before there was a process to end.
            process.kill()

    def _supervise(self) -> None:
        early = 0
        first = True
        while not self._closed:
            born = time.monotonic()
            if not first:
                self._ready.clear()
            self._launch()
            self._watch()
            if self._closed:
                return
            first = False
            early = early + 1 if time.monotonic() - born < SHORT_LIFE_S else 0
            if early > MOST_EARLY_DEATHS:
                self._failed = True
                return
            if early == MOST_EARLY_DEATHS:
                self._device = "none"

    def _watch(self) -> None:
        """Take in answers until the engine is gone."""
        process, connection = self._process, self._connection
        if process is None or connection is None:
            return
        beat = int(self._telemetry.read()["heartbeat"])
        while not self._closed:
            ready = wait([connection, process.sentinel], timeout=0.02 if not self._ready.is_set() else 0.25)
            if not self._ready.is_set() and int(self._telemetry.read()["heartbeat"]) not in (0, beat):
                self._ready.set()
            if connection in ready:
                try:
                    answer = connection.recv()
                except (EOFError, OSError):
                    break
                if isinstance(answer, Devices):
                    self._answers.put(answer)
                elif isinstance(answer, DeviceLost):
                    self._lost = answer.name
                    self._device = None
            elif process.sentinel in ready:
                break
        if not self._closed:
            process.join(QUIT_S)
            if process.is_alive():
                process.kill()
                process.join(QUIT_S)
            # Commands wait for the next engine.
            self._connection = None
            connection.close()

    def _send(self) -> None:
        while (command := self._outbox.get()) is not None:
            connection = self._connection
            while connection is None and not self._closed and not self._failed:
                time.sleep(0.01)
                connection = self._connection
            if isinstance(command, SetPlan) and self._plan is not None and command.serial < self._plan.serial:
                # A newer plan is on its way; a drag makes many.
                continue
            # Lost with a dying engine: the next one is told everything afresh.
            with contextlib.suppress(OSError, ValueError, AttributeError):
                if connection is not None:
                    connection.send(command)

    def close(self) -> None:
        """End the engine process. The player is of no use afterwards."""
        if self._closed:
            return
        self._closed = True
        connection, process = self._connection, self._process
        self._outbox.put(None)
        if connection is not None:
            with contextlib.suppress(OSError, ValueError):
                connection.send(Quit())
        if process is not None:
            process.join(QUIT_S)
            if process.is_alive():
                process.kill()
                process.join(QUIT_S)
        for thread in self._threads:
            thread.join(QUIT_S)
        if connection is not None:
            connection.close()
        if process is not None:
            process.close()
        self._process = self._connection = None

    def __enter__(self) -> Player:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
