"""Time that a turned-back clock cannot fool (RIGHTS.md 4)."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from studio.base.atomic import write_json
from studio.base.errors import StorageError

TOLERANCE_S = 300.0
"""A wall clock this far behind the effective time counts as turned back."""


def iso(at_s: float) -> str:
    """Seconds since 1970 as UTC, ISO 8601, whole seconds: ``2026-11-21T10:32:17Z``."""
    return datetime.fromtimestamp(int(at_s // 1), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_iso(text: str) -> float:
    """Seconds since 1970 of an ISO 8601 time that names its zone.

    Raises:
        ValueError: for anything else; a time without a zone means different moments in different places.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} names no time zone")
    return moment.timestamp()


def now_iso() -> str:
    """The wall clock in UTC, ISO 8601, whole seconds. For rights use `Clock`."""
    return iso(time.time())


class Clock:
    """Effective time = max(wall clock, last signed server time + monotonic time since, last ledger time).

    The last server and ledger times are kept in `state_path`, so that the time does not go back with a restart. A fresh
    signed server time is the truth: it also lowers ledger times that a wrong wall clock set ahead.
    """

    def __init__(
        self,
        state_path: Path | None = None,
        *,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = state_path
        self._wall = wall
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._server_s = 0.0
        self._server_at = monotonic()
        self._ledger_s = 0.0
        self._load()

    def now(self) -> float:
        """Effective time in seconds since 1970."""
        return max(self._wall(), self._floor())

    def now_iso(self) -> str:
        """Effective time in UTC, ISO 8601."""
        return iso(self.now())

    def turned_back(self) -> bool:
        """Whether the wall clock is more than 5 minutes behind what is known: playing and saving go on, exports need a
        renewal."""
        return self._wall() < self._floor() - TOLERANCE_S

    def ok(self) -> bool:
        """The opposite of `turned_back`: what `rights.policy.Context.clock_ok` takes."""
        return not self.turned_back()

    def note_server_time(self, at_s: float) -> None:
        """Take a time whose signature by the platform was checked, in seconds since 1970."""
        with self._lock:
            self._server_s = at_s
            self._server_at = self._monotonic()
            self._ledger_s = min(self._ledger_s, at_s)
            self._save()

    def note_ledger_time(self, at_s: float) -> None:
        """Take the time of an entry of the ledger (an export, a receipt), in seconds since 1970."""
        with self._lock:
            if at_s > self._ledger_s:
                self._ledger_s = at_s
                self._save()

    def _floor(self) -> float:
        since = max(0.0, self._monotonic() - self._server_at)
        return max(self._server_s + since if self._server_s else 0.0, self._ledger_s)

    def _load(self) -> None:
        if self._path is None:
            return
        # An absent or broken file means that nothing is known; it is written again with the next signed time.
        with contextlib.suppress(OSError, ValueError, TypeError):
            found: Any = json.loads(self._path.read_bytes())
            if isinstance(found, dict):
                state = cast("dict[str, Any]", found)
                self._server_s = _moment(state.get("server_s"))
                self._ledger_s = _moment(state.get("ledger_s"))

    def _save(self) -> None:
        if self._path is None:
            return
        # A full disk must not keep a person from going on: what is known holds for this process.
        with contextlib.suppress(StorageError):
            write_json(self._path, {"server_s": self._server_s, "ledger_s": self._ledger_s})


def _moment(value: object) -> float:
    return float(value) if isinstance(value, int | float) and 0 <= value < 1e11 else 0.0
