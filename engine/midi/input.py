"""Listening to MIDI controllers, also to those that are plugged in later."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Collection

from engine.midi.model import Backend, Connection, MidiMessage, MidiPort
from engine.midi.parsing import parse
from engine.midi.system import SystemBackend

POLL_S = 1.0

log = logging.getLogger(__name__)


class MidiInput:
    """All wanted ports, opened as they come.

    Args:
        on_message: called on a MIDI thread for each message; must return at once.
        on_ports: called on the polling thread when ports come, go, open or fail.
        wanted: names of the ports to listen to; None listens to all.
        poll_s: how often the ports are looked at, in seconds.
        backend: makes the system of ports; the computer's own if absent.
    """

    def __init__(
        self,
        on_message: Callable[[MidiMessage], None],
        on_ports: Callable[[tuple[MidiPort, ...]], None] | None = None,
        *,
        wanted: Collection[str] | None = None,
        poll_s: float = POLL_S,
        backend: Callable[[], Backend] | None = None,
    ):
        self._on_message = on_message
        self._on_ports = on_ports
        self._wanted = None if wanted is None else frozenset(wanted)
        self._poll_s = poll_s
        self._make = backend or SystemBackend
        self._connections: dict[str, Connection] = {}
        self._ports: tuple[MidiPort, ...] = ()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def ports(self) -> tuple[MidiPort, ...]:
        """The ports that are there, and the wanted ones that are waited for."""
        return self._ports

    def start(self) -> None:
        """Begin to listen. Once is enough.

        Raises:
            MidiError: midi-extra-missing.
        """
        if self._thread is not None:
            return
        backend = self._make()
        self._closing.clear()
        self._thread = threading.Thread(target=self._run, args=(backend,), name="midi-ports", daemon=True)
        self._thread.start()

    def set_wanted(self, wanted: Collection[str] | None) -> None:
        """Choose other ports; None listens to all."""
        self._wanted = None if wanted is None else frozenset(wanted)
        self._wake.set()

    def refresh(self) -> None:
        """Look at the ports now."""
        self._wake.set()

    def close(self) -> None:
        """Stop listening; no message comes after this."""
        self._closing.set()
        self._wake.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(5.0)
        self._thread = None

    def _run(self, backend: Backend) -> None:
        try:
            while not self._closing.is_set():
                self._look(backend)
                self._wake.wait(self._poll_s)
                self._wake.clear()
        finally:
            for connection in self._connections.values():
                with contextlib.suppress(OSError, RuntimeError):
                    connection.close()
            self._connections.clear()
            backend.close()

    def _look(self, backend: Backend) -> None:
        there = backend.names()
        wanted = self._wanted
        for name in list(self._connections):
            if name not in there or not self._connections[name].alive or (wanted is not None and name not in wanted):
                with contextlib.suppress(OSError, RuntimeError):
                    self._connections.pop(name).close()
        ports: list[MidiPort] = []
        for name in there:
            problem = ""
            if name not in self._connections and (wanted is None or name in wanted):
                problem = self._open(backend, name)
            ports.append(MidiPort(name=name, open=name in self._connections, problem=problem))
        absent = sorted((wanted or frozenset[str]()) - set(there))
        ports += [MidiPort(name=name, problem="It is not plugged in.") for name in absent]
        if tuple(ports) != self._ports:
            self._ports = tuple(ports)
            if self._on_ports is not None:
                self._tell(self._on_ports, self._ports)

    def _open(self, backend: Backend, name: str) -> str:
        try:
            self._connections[name] = backend.open(name, lambda data: self._heard(name, data))
        except OSError:
            return "It cannot be opened: another program may be using it."
        return ""

    def _heard(self, name: str, data: bytes) -> None:
        if self._closing.is_set():
            return
        message = parse(data, port=name, time=time.monotonic())
        if message is not None:
            self._tell(self._on_message, message)

    @staticmethod
    def _tell(listener: Callable[..., None], value: object) -> None:
        # A listener that fails must not end the listening.
        try:
            listener(value)
        except Exception:
            log.exception("a listener to MIDI failed")
