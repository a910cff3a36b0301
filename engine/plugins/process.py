"""A plug-in's process as the engine sees it: start, sound, orders, end."""

from __future__ import annotations

import contextlib
import itertools
import queue
import threading
import time
from collections.abc import Callable
from enum import Enum
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from engine.plugins import spawning, wire
from engine.plugins.host import host_main
from engine.plugins.model import ParameterInfo, PluginError, PluginInfo, PluginSpec, Snapshot
from engine.types import Audio

LOAD_S = 30.0
"""A plug-in that has not loaded by then is given up."""


class Outcome(Enum):
    """What became of a block."""

    DONE = "done"
    LATE = "late"
    """No answer within the deadline; it may still come."""
    BUSY = "busy"
    """Not asked, because it still owes an earlier answer."""
    RAISED = "raised"
    """The plug-in answered with an error."""
    GONE = "gone"
    """The process has ended."""


class PluginProcess:
    """One plug-in in a process of its own. `exchange` and `reset` are for one thread at a time, the rest for any.

    Args:
        on_saved: called on a thread of this object whenever the plug-in told how it stands.
        on_editor_closed: called likewise, with "" or why the window never came.
    """

    def __init__(
        self,
        spec: PluginSpec,
        *,
        on_saved: Callable[[Snapshot], None] | None = None,
        on_editor_closed: Callable[[str], None] | None = None,
    ):
        self.spec = spec
        self._on_saved = on_saved
        self._on_editor_closed = on_editor_closed
        self._serials = itertools.count(1)
        self._waiting_for = 0
        self._asked_at = 0.0
        self._ready = threading.Event()
        self._info: PluginInfo | None = None
        self._problem: PluginError | None = None
        self._gone = threading.Event()
        self._answers: dict[int, wire.Saved | wire.Described] = {}
        self._answered = threading.Condition()
        self._tokens = itertools.count(1)
        self._sending: queue.SimpleQueue[wire.Order | None] = queue.SimpleQueue()
        memory = wire.new_memory(spawning.CONTEXT)
        self._into, self._out = wire.views(memory)
        self._audio, their_audio = spawning.CONTEXT.Pipe()
        self._orders, their_orders = spawning.CONTEXT.Pipe()
        self._process: BaseProcess = spawning.CONTEXT.Process(
            target=host_main, args=(their_audio, their_orders, memory, spec), name="contrafact-plugin", daemon=True
        )
        spawning.start(self._process)
        their_audio.close()
        their_orders.close()
        self.latency_frames = 0
        for work in (self._listen, self._send):
            threading.Thread(target=work, args=(self._orders,), name=f"plugin{work.__name__}", daemon=True).start()

    @property
    def pid(self) -> int | None:
        """Id of the process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """False once the process has ended."""
        return not self._gone.is_set()

    def settled_within(self, timeout_s: float) -> bool:
        """Whether the plug-in has loaded, or failed to, by then."""
        return self._ready.wait(timeout_s)

    def wait_ready(self, timeout_s: float = LOAD_S) -> PluginInfo:
        """What was loaded.

        Raises:
            PluginError: as the loader says; plugin-crashed; plugin-slow (the process is ended then).
        """
        if not self._ready.wait(timeout_s):
            self.kill()
            raise PluginError(
                f"The plug-in {self._name} took more than {timeout_s:.0f} s to load.",
                remedy="Open its maker's own program once, in case it waits for a licence, then try again.",
                code="plugin-slow",
            )
        if self._info is None:
            raise self._problem or self._crashed()
        return self._info

    @property
    def _name(self) -> str:
        return self.spec.name or Path(self.spec.path).stem

    def _crashed(self) -> PluginError:
        return PluginError(
            f"The plug-in {self._name} crashed.",
            remedy="Start it again from its slot, or remove it; nothing else was harmed.",
            code="plugin-crashed",
        )

    def exchange(self, block: Audio, values: dict[int, float], deadline_s: float) -> tuple[Outcome, Audio]:
        """Have a block processed.

        Args:
            block: ``(2, frames)`` with at most `wire.MAX_FRAMES` frames.
            values: parameters to set before, by index.

        Returns:
            The outcome, and for `Outcome.DONE` a view of the result that holds until the next call.
        """
        if (left := self._still_busy()) is not None:
            return left, block
        frames = block.shape[1]
        self._into[:, :frames] = block
        outcome = self._ask(wire.PROCESS, frames, values, deadline_s)
        return outcome, self._out[:, :frames]

    def reset(self, deadline_s: float) -> Outcome:
        """Have the plug-in forget all sound."""
        if (left := self._still_busy()) is not None:
            return left
        return self._ask(wire.RESET, 0, {}, deadline_s)

    @property
    def silent_s(self) -> float:
        """For how long the plug-in has owed an answer, in seconds; 0 if it owes none."""
        return time.monotonic() - self._asked_at if self._waiting_for else 0.0

    def _still_busy(self) -> Outcome | None:
        # One request at a time: a plug-in that hangs must not fill the pipe, and the memory is one block's.
        if self._gone.is_set():
            return Outcome.GONE
        if self._waiting_for and self._await(0.0) is Outcome.LATE:
            return Outcome.BUSY
        return Outcome.GONE if self._gone.is_set() else None

    def _ask(self, kind: int, frames: int, values: dict[int, float], deadline_s: float) -> Outcome:
        serial = next(self._serials) & 0xFFFFFFFF
        try:
            self._audio.send_bytes(wire.request(1 if kind else 0, serial, frames, values))
        except OSError:
            return self._lost()
        self._waiting_for, self._asked_at = serial, time.monotonic()
        return self._await(deadline_s)

    def _await(self, deadline_s: float) -> Outcome:
        try:
            if not self._audio.poll(deadline_s):
                return Outcome.LATE
            serial, failed, self.latency_frames = wire.ANSWER.unpack(self._audio.recv_bytes())
        except (OSError, EOFError):
            return self._lost()
        self._waiting_for = 0
        del serial
        return Outcome.RAISED if failed else Outcome.DONE

    def _lost(self) -> Outcome:
        self._waiting_for = 0
        self._gone.set()
        self._ready.set()
        self._sending.put(None)
        with self._answered:
            self._answered.notify_all()
        return Outcome.GONE

    def _listen(self, connection: Connection) -> None:
        try:
            while True:
                self._hear(wire.decode_report(connection.recv_bytes()))
        except (OSError, EOFError, ValueError):
            # ValueError: bytes that are no report, from a plug-in that wrote over its own memory.
            self._lost()

    def _hear(self, report: wire.Report) -> None:
        match report:
            case wire.Ready(info):
                self._info, self.latency_frames = info, info.latency_frames
                self._ready.set()
            case wire.Failed(message, remedy, code, reason):
                self._problem = PluginError(message, remedy=remedy, code=code, details={"reason": reason})
                self._ready.set()
            case wire.Saved(token, snapshot):
                self._keep(snapshot)
                self._answer(token, report)
            case wire.Described(token):
                self._answer(token, report)
            case wire.EditorClosed(snapshot, problem):
                self._keep(snapshot)
                if self._on_editor_closed is not None:
                    self._on_editor_closed(problem)

    def _keep(self, snapshot: Snapshot) -> None:
        if self._on_saved is not None:
            self._on_saved(snapshot)

    def _answer(self, token: int, report: wire.Saved | wire.Described) -> None:
        if token:
            with self._answered:
                self._answers[token] = report
                self._answered.notify_all()

    def snapshot(self, timeout_s: float = 1.0) -> Snapshot | None:
        """How the plug-in stands, or None if it does not say so in time."""
        report = self._ask_for(wire.GetSnapshot, timeout_s)
        return report.snapshot if isinstance(report, wire.Saved) else None

    def parameters(self, timeout_s: float = 1.0) -> tuple[ParameterInfo, ...]:
        """The parameters with their present values, or as they were at the start if it does not say so in time."""
        report = self._ask_for(wire.GetInfo, timeout_s)
        if isinstance(report, wire.Described):
            return report.info.parameters
        return self._info.parameters if self._info is not None else ()

    def _ask_for(
        self, kind: type[wire.GetSnapshot] | type[wire.GetInfo], timeout_s: float
    ) -> wire.Saved | wire.Described | None:
        token = next(self._tokens)
        if not self.order(kind(token)):
            return None
        with self._answered:
            self._answered.wait_for(lambda: token in self._answers or self._gone.is_set(), timeout_s)
            return self._answers.pop(token, None)

    def order(self, order: wire.Order) -> bool:
        """Send an order, without waiting for a plug-in that hangs; False if the process is gone."""
        if self._gone.is_set():
            return False
        self._sending.put(order)
        return True

    def _send(self, connection: Connection) -> None:
        with contextlib.suppress(OSError):
            while (order := self._sending.get()) is not None:
                connection.send_bytes(wire.encode(order))

    def kill(self) -> None:
        """End the process at once."""
        # The pipes close themselves when the last thread lets go of them: another one may be reading right now.
        self._lost()
        self._process.kill()
        self._process.join(2.0)
