"""Questions to the engine that wait for an answer."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from engine.errors import DeviceError
from engine.playback.messages import Answer, Command


class Requests:
    """Hands out numbers and futures. Thread-safe.

    Args:
        send: gets the commands.
    """

    def __init__(self, send: Callable[[Command], None]):
        self._send = send
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[Any]] = {}
        self._lock = threading.Lock()

    def ask(self, make: Callable[[int], Command]) -> Future[Any]:
        """Send ``make(number)``; done when it is answered."""
        answer: Future[Any] = Future()
        with self._lock:
            number = next(self._numbers)
            self._waiting[number] = answer
        self._send(make(number))
        return answer

    def answered(self, answer: Answer) -> None:
        """An answer has come."""
        with self._lock:
            waiting = self._waiting.pop(answer.request, None)
        if waiting is None:
            return
        if answer.error is not None:
            waiting.set_exception(answer.error)
        else:
            waiting.set_result(answer.value)

    def fail(self) -> None:
        """The engine is gone, with what it was asked for."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for each in waiting.values():
            each.set_exception(
                DeviceError(
                    "The audio engine stopped before it was done.",
                    remedy="Try it again; what was recorded until then is in its file.",
                    code="device-lost",
                )
            )
