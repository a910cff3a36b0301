"""A plain observer: who wants to hear of something subscribes, and may be called from any thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Event(Generic[T]):
    """Something that happens, with a value.

    Subscribers are called in the order of their subscription, on the thread that emits. One that fails is logged and
    does not keep the others from hearing.
    """

    def __init__(self, name: str = "event") -> None:
        self.name = name
        self._lock = threading.Lock()
        self._subscribers: tuple[Callable[[T], object], ...] = ()

    def subscribe(self, fn: Callable[[T], object]) -> Callable[[], None]:
        """Call `fn` with each value from now on; the returned function ends that and may be called twice."""
        # A wrapper of its own, so that the same function subscribed twice is two subscriptions.
        entry: Callable[[T], object] = lambda value: fn(value)  # noqa: E731
        with self._lock:
            self._subscribers = (*self._subscribers, entry)

        def unsubscribe() -> None:
            with self._lock:
                self._subscribers = tuple(each for each in self._subscribers if each is not entry)

        return unsubscribe

    def emit(self, value: T) -> None:
        """Tell every subscriber."""
        for each in self._subscribers:
            try:
                each(value)
            except Exception:
                _log.exception("a subscriber of %s failed", self.name)
