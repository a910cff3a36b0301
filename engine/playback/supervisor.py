"""The engine process as the player sees it: started, watched, started again should it die."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Protocol

from engine.playback import telemetry
from engine.playback.messages import Answer, Begin, Command, DeviceLost, Quit, SetAudio, SetPlan, SourcesLost

QUIT_S = 2.0
SHORT_LIFE_S = 5.0
MOST_EARLY_DEATHS = 3
"""An engine that dies this often right after its start is tried once more without a device, then left alone."""


class Resume(Protocol):
    """Says with what a new engine goes on, given what the last one published."""

    def __call__(self, seen: Any, *, without_device: bool) -> tuple[SetAudio, int, list[Command]]: ...


SPARE_AFTER_S = 5.0
"""A second engine process is started this long after the first one runs. It waits, with everything loaded, and takes
over at once should the first one die or lose its device.
"""
HIGHEST_PRIORITY = -11


def _engine_main(connection: Connection, memory: Any, urgent: bool) -> None:
    if urgent:
        _come_first()
    # Imported in the engine process only: it loads the compiled kernels.
    from engine.playback.process import engine_main

    _come_first()
    engine_main(connection, memory)


def _come_first() -> None:
    """Sound comes before everything else, only where the system allows it."""
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(HIGHEST_PRIORITY - os.nice(0))


class Supervisor:
    """Owns the process.

    Args:
        resume: see `Resume`.
        answered: gets each answer, from a thread of this object.
        lost: gets the name of a device that vanished, before the next engine is started.
        died: called when an engine is gone that was not asked to go.
    """

    def __init__(
        self,
        *,
        resume: Resume,
        answered: Callable[[Answer], None],
        lost: Callable[[str], None],
        died: Callable[[], None],
    ):
        self._resume, self._answered, self._lost, self._died = resume, answered, lost, died
        self._context = multiprocessing.get_context("spawn")
        self._memory = self._context.RawArray("B", telemetry.SIZE)
        self.telemetry = telemetry.Telemetry(self._memory)
        self.ready = threading.Event()
        """Set while the engine runs."""
        self.lost_sources: tuple[str, ...] = ()
        """As the engine told last."""
        self.failed = False
        """True once it is left alone."""
        self._lock = threading.Lock()
        self._outbox: queue.SimpleQueue[Command | None] = queue.SimpleQueue()
        self._newest_plan = 0
        self._closed = False
        self._born = False
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None
        self._spare: tuple[BaseProcess, Connection] | None = None
        self._threads = [
            threading.Thread(target=self._supervise, name="player-supervisor", daemon=True),
            threading.Thread(target=self._send, name="player-sender", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int | None:
        """Process id of the engine while it runs."""
        process = self._process
        return process.pid if process is not None and process.is_alive() else None

    def send(self, command: Command) -> None:
        """Hand a command over; it waits while there is no engine."""
        if isinstance(command, SetPlan):
            self._newest_plan = command.serial
        self._outbox.put(command)

    def _launch(self, *, without_device: bool) -> None:
        """Start an engine that goes on where the last one was."""
        spare, self._spare = self._spare, None
        # The first one loads beside the window that opens, and does not hold it up; one that has to come back does.
        urgent = self._born
        self._born = True
        process, ours = spare if spare is not None and spare[0].is_alive() else self._spawn(urgent=urgent)
        audio, rate, commands = self._resume(self.telemetry.read(), without_device=without_device)
        with contextlib.suppress(OSError):
            ours.send(Begin(audio, rate))
            for command in commands:
                ours.send(command)
        with self._lock:
            self._process, self._connection = process, ours
        if self._closed:
            # `close` came before there was a process to end.
            process.kill()

    def _spawn(self, *, urgent: bool = False) -> tuple[BaseProcess, Connection]:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_engine_main, args=(theirs, self._memory, urgent), name="contrafact-engine", daemon=True
        )
        process.start()
        theirs.close()
        return process, ours

    def _supervise(self) -> None:
        early = 0
        while not self._closed:
            born = time.monotonic()
            self.ready.clear()
            self.lost_sources = ()
            self._launch(without_device=early == MOST_EARLY_DEATHS)
            self._watch()
            if self._closed:
                return
            self._died()
            early = early + 1 if time.monotonic() - born < SHORT_LIFE_S else 0
            if early > MOST_EARLY_DEATHS:
                self.failed = True
                return

    def _watch(self) -> None:
        """Take in answers until the engine is gone."""
        process, connection = self._process, self._connection
        if process is None or connection is None:
            return
        beat = int(self.telemetry.read()["heartbeat"])
        ran_since: float | None = None
        while not self._closed:
            arrived = wait([connection, process.sentinel], timeout=0.25 if self.ready.is_set() else 0.02)
            if not self.ready.is_set() and int(self.telemetry.read()["heartbeat"]) not in (0, beat):
                self.ready.set()
                ran_since = time.monotonic()
            if self._spare is None and ran_since is not None and time.monotonic() - ran_since > SPARE_AFTER_S:
                self._spare = self._spawn()
            if connection in arrived:
                try:
                    message = connection.recv()
                except (EOFError, OSError):
                    break
                if isinstance(message, Answer):
                    self._answered(message)
                elif isinstance(message, DeviceLost):
                    self._lost(message.name)
                elif isinstance(message, SourcesLost):
                    self.lost_sources = message.paths
            elif process.sentinel in arrived:
                break
        if not self._closed:
            # Commands wait for the next engine.
            self._connection = None
            process.join(QUIT_S)
            if process.is_alive():
                process.kill()
                process.join(QUIT_S)
            connection.close()

    def _send(self) -> None:
        while (command := self._outbox.get()) is not None:
            connection = self._connection
            while connection is None and not self._closed and not self.failed:
                time.sleep(0.005)
                connection = self._connection
            if isinstance(command, SetPlan) and command.serial < self._newest_plan:
                # A newer plan is on its way; a drag makes many.
                continue
            # Lost with a dying engine: the next one is told everything afresh.
            with contextlib.suppress(OSError, ValueError, AttributeError):
                if connection is not None:
                    connection.send(command)

    def close(self) -> None:
        """End the engine process."""
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
        if self._spare is not None:
            self._spare[0].kill()
            self._spare[0].join(QUIT_S)
            self._spare[1].close()
        if connection is not None:
            connection.close()
        if process is not None:
            process.close()
        self._process = self._connection = None
