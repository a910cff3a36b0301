"""The process of one plug-in: it loads it, runs its sound on one thread, its orders on another, and its window on the
main one."""

from __future__ import annotations

import contextlib
import importlib
import os
import queue
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from engine.errors import EngineError
from engine.plugins import wire
from engine.plugins.adapter import Adapter
from engine.plugins.model import PluginSpec, Snapshot

SAVE_EVERY_S = 5.0
"""How often a state that has changed is told, so that little is lost with a crash."""


def host_main(audio: Connection, orders: Connection, memory: Any, spec: PluginSpec) -> None:
    """Load a plug-in and serve it until a pipe closes.

    Ends the process without a farewell to the plug-in: some crash as they are taken down, and by then everything worth
    keeping has been told.
    """
    quiet()
    try:
        Host(audio, orders, memory, spec).run()
    finally:
        os._exit(0)


def quiet() -> None:
    """Ctrl+C is for the program, and plug-ins write to the terminal: neither belongs here."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, 1)
        os.dup2(sink, 2)


def load(spec: PluginSpec) -> Adapter:
    """Load what `spec` says by the loader that it names.

    Raises:
        EngineError: as the loader says.
    """
    module, _, name = spec.loader.partition(":")
    loader: Callable[[PluginSpec], Adapter] = getattr(importlib.import_module(module), name)
    return loader(spec)


class Host:
    """One loaded plug-in and its threads."""

    def __init__(self, audio: Connection, orders: Connection, memory: Any, spec: PluginSpec):
        self._audio = audio
        self._orders = orders
        self._into, self._out = wire.views(memory)
        self._spec = spec
        self._windows: queue.Queue[bool] = queue.Queue()
        self._close = threading.Event()
        self._told = threading.Lock()
        self._last = Snapshot()
        self._touched = threading.Event()
        self._showing = False

    def run(self) -> None:
        """Load, then serve; returns when the other side is gone."""
        try:
            self._plugin = load(self._spec)
            info = self._plugin.describe()
        except EngineError as error:
            self._tell(wire.Failed(error.message, error.remedy, error.code, str(error.details.get("reason", ""))))
            return
        except Exception as error:
            self._tell(
                wire.Failed(
                    f"The plug-in {self._spec.name or self._spec.path} could not be loaded.",
                    "Install it again, or choose another one.",
                    "plugin-failed",
                    f"{type(error).__name__}: {error}",
                )
            )
            return
        self._latency = info.latency_frames
        self._last = self._snapshot()
        self._tell(wire.Ready(info))
        self._tell(wire.Saved(0, self._last))
        for work in (self._serve_sound, self._serve_orders, self._save):
            threading.Thread(target=_or_end, args=(work,), name=work.__name__, daemon=True).start()
        while True:
            self._windows.get()
            self._show()

    def _serve_sound(self) -> None:
        while True:
            data = self._audio.recv_bytes()
            kind, serial, frames = wire.REQUEST.unpack_from(data)
            failed = 0
            try:
                if len(data) > wire.REQUEST.size:
                    self._plugin.set_values(dict(wire.VALUE.iter_unpack(data[wire.REQUEST.size :])))
                    self._touched.set()
                if kind == wire.RESET:
                    self._plugin.reset()
                    self._latency = self._plugin.latency_frames
                else:
                    self._out[:, :frames] = self._plugin.process(self._into[:, :frames])
            except Exception:
                failed = 1
            self._audio.send_bytes(wire.ANSWER.pack(serial, failed, self._latency))

    def _serve_orders(self) -> None:
        while True:
            order = wire.decode_order(self._orders.recv_bytes())
            # A plug-in that fails to say how it stands may still sound.
            with contextlib.suppress(Exception):
                self._obey(order)

    def _obey(self, order: wire.Order) -> None:
        match order:
            case wire.GetSnapshot(token):
                self._last = self._snapshot()
                self._tell(wire.Saved(token, self._last))
            case wire.GetInfo(token):
                self._tell(wire.Described(token, self._plugin.describe()))
            case wire.LoadState(spec):
                self._plugin.load_state(spec.state)
                places = {parameter.id: parameter.index for parameter in self._plugin.describe().parameters}
                self._plugin.set_values({places[k]: v for k, v in spec.values.items() if k in places})
                self._touched.set()
            case wire.OpenEditor():
                self._close.clear()
                self._windows.put(True)
            case wire.CloseEditor():
                self._close.set()

    def _save(self) -> None:
        while True:
            time.sleep(SAVE_EVERY_S)
            if self._touched.is_set() or self._showing:
                self._touched.clear()
                with contextlib.suppress(Exception):
                    found = self._snapshot()
                    if found != self._last:
                        self._last = found
                        self._tell(wire.Saved(0, found))

    def _show(self) -> None:
        problem = ""
        self._showing = True
        try:
            self._plugin.show_editor(self._close)
        except Exception as error:
            problem = error.message if isinstance(error, EngineError) else f"The window failed: {error}"
        finally:
            self._showing = False
        with contextlib.suppress(Exception):
            self._last = self._snapshot()
        self._tell(wire.EditorClosed(self._last, problem))

    def _snapshot(self) -> Snapshot:
        return Snapshot(state=self._plugin.state(), values=self._plugin.values())

    def _tell(self, report: wire.Report) -> None:
        with self._told, contextlib.suppress(OSError):
            self._orders.send_bytes(wire.encode(report))


def _or_end(work: Callable[[], None]) -> None:
    try:
        work()
    finally:
        # The other side closed its pipe, or died: nothing is left to do, whatever the plug-in's window is at.
        os._exit(0)
