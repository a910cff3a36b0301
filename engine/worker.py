"""A worker process that runs named functions with progress, cancel and crash recovery.

Models, time-stretching, analysis and the decoding of untrusted files run here, so that the process which owns the
window imports neither numba nor librosa nor onnxruntime, and none of them can take the window down.

A task is named by ``"package.module:function"``. The function takes keyword arguments, of which ``progress``
(`engine.types.Progress`) and ``cancelled`` (`engine.types.Cancelled`) are supplied by the worker. It returns anything
that can be pickled: paths and figures, never large arrays.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from engine.errors import Cancelled, EngineError, InferenceError
from engine.types import Progress

CANCEL_GRACE_S = 0.45
"""A task that ignores a cancel for this long is stopped with its process, so that cancel always answers within 500
ms."""


def _worker_main(connection: Connection, cancel: Any, nice: int) -> None:
    """Serve tasks until the pipe closes."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(nice)
    parent = os.getppid()
    while True:
        try:
            while not connection.poll(1.0):
                if os.getppid() != parent:
                    return
            task, kwargs = connection.recv()
        except (EOFError, OSError):
            return
        last = [0.0]

        def progress(fraction: float, note: str, last: list[float] = last) -> None:
            now = time.monotonic()
            if fraction >= 1.0 or now - last[0] >= 0.05:
                last[0] = now
                connection.send(("progress", (float(min(max(fraction, 0.0), 1.0)), note)))

        try:
            module, _, name = task.partition(":")
            function: Callable[..., Any] = getattr(importlib.import_module(module), name)
            result = function(**kwargs, progress=progress, cancelled=cancel.is_set)
            connection.send(("done", result))
        except EngineError as error:
            connection.send(("error", error))
        except MemoryError:
            connection.send(
                (
                    "error",
                    InferenceError(
                        "There was not enough memory for this.",
                        remedy="Close other programs, or work on a shorter part, then try again.",
                        code="out-of-memory",
                    ),
                )
            )
        except Exception as error:
            connection.send(
                (
                    "error",
                    InferenceError(
                        f"The worker failed: {type(error).__name__}: {error}",
                        remedy="Try again; if it fails the same way, send the log to support.",
                        code="worker-failed",
                        details={"traceback": traceback.format_exc()},
                    ),
                )
            )


def _tell(progress: Progress, value: tuple[float, str]) -> None:
    # A listener that stops by raising is heard through `cancelled`; leaving here would leave the task running.
    with contextlib.suppress(Cancelled):
        progress(*value)


class Worker:
    """One worker process, started at first use and again after it died. Thread-safe: tasks run one after another."""

    def __init__(self, *, nice: int = 10):
        self._nice = nice
        self._context = multiprocessing.get_context("spawn")
        self._lock = threading.Lock()
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None
        self._cancel: Any = None

    @property
    def pid(self) -> int | None:
        """Process id while the worker runs, else None."""
        return self._process.pid if self._process is not None and self._process.is_alive() else None

    def _start(self) -> Connection:
        if self._process is not None and self._process.is_alive() and self._connection is not None:
            return self._connection
        self._discard()
        ours, theirs = self._context.Pipe()
        self._cancel = self._context.Event()
        process = self._context.Process(
            target=_worker_main, args=(theirs, self._cancel, self._nice), name="contrafact-worker", daemon=True
        )
        process.start()
        theirs.close()
        self._process, self._connection = process, ours
        return ours

    def _discard(self) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            if self._process.is_alive():
                self._process.kill()
            self._process.join(5.0)
            self._process.close()
        self._process = self._connection = None

    def run(
        self,
        task: str,
        kwargs: dict[str, Any],
        *,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Any:
        """Run ``task(**kwargs, progress=..., cancelled=...)`` in the worker and return its result.

        Raises:
            Cancelled: within 500 ms after `cancelled` turned true.
            InferenceError: code ``worker-died`` when the process was killed; it starts afresh at the next call.
            EngineError: whatever the task raised.
        """
        with self._lock:
            connection = self._start()
            self._cancel.clear()
            asked_at = 0.0
            try:
                connection.send((task, kwargs))
                while True:
                    if connection.poll(0.05):
                        kind, value = connection.recv()
                        if kind == "done":
                            if asked_at:
                                raise Cancelled
                            return value
                        if kind == "error":
                            raise value
                        if progress is not None and not asked_at:
                            _tell(progress, value)
                    # Asked after each message too: a task that reports without a pause must not outrun its cancel.
                    if cancelled is not None and not asked_at and cancelled():
                        asked_at = time.monotonic()
                        self._cancel.set()
                    if asked_at and time.monotonic() - asked_at > CANCEL_GRACE_S:
                        self._discard()
                        raise Cancelled
            except (EOFError, OSError) as error:
                self._discard()
                if asked_at:
                    raise Cancelled from error
                raise InferenceError(
                    "The worker process ended unexpectedly.",
                    remedy="Nothing was lost. Try again; if it happens again, choose the CPU in the settings.",
                    code="worker-died",
                ) from error

    def close(self) -> None:
        """Stop the process. A later `run` starts a new one."""
        with self._lock:
            if self._connection is not None:
                with contextlib.suppress(OSError):
                    self._connection.close()
                self._connection = None
            if self._process is not None and self._process.is_alive():
                self._process.join(0.3)
            self._discard()
