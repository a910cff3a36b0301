"""The worker that empties the outbox: in order, with patience, and never twice."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec import Struct

from engine.errors import EngineError
from studio.base.errors import PlatformDown, PlatformError, StudioError
from studio.base.events import Event
from studio.platform.messages import Account, ExportRequest
from studio.platform.receipts import Receipt, verify_receipt
from studio.sync.chain import SyncError
from studio.sync.outbox import Outbox, Row

BASE_S = 5.0
CAP_S = 3600.0

_AGAIN = frozenset({408, 425, 429})
"""Statuses below 500 that ask to come again."""


class Sender(Protocol):
    """What the worker needs of `studio.platform.client.PlatformClient`."""

    def account(self) -> Account: ...

    def trusted_keys(self) -> dict[str, bytes]: ...

    def upload(self, path: Path, /) -> Receipt: ...

    def submit_export(self, request: ExportRequest, *, key: str) -> Receipt: ...


class Report(Struct, frozen=True, kw_only=True):
    """What one round did. `state` is idle (nothing waits), waiting (something waits for its time), offline,
    signed-out or parked."""

    sent: int = 0
    waiting: int = 0
    parked: int = 0
    state: str = "idle"
    problem: str = ""
    next_s: float | None = None
    """When the next attempt is due, seconds since 1970."""


class SyncWorker:
    """Sends what is due. `client_factory` gives a client or raises; it is asked each round.

    `changed` is emitted after every round with its report, on the worker's thread.
    """

    def __init__(
        self,
        outbox: Outbox,
        client_factory: Callable[[], Sender],
        *,
        now: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
        poll_s: float = 30.0,
    ):
        self.changed: Event[Report] = Event()
        self._outbox = outbox
        self._client_factory = client_factory
        self._now = now
        self._jitter = jitter
        self._poll_s = poll_s
        self._paused = False
        self._round = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._force = False
        self._thread: threading.Thread | None = None
        self._report = Report()

    @property
    def report(self) -> Report:
        """What the last round did."""
        return self._report

    def resume(self) -> None:
        """Somebody signed in: go on."""
        self._paused = False
        self.wake()

    def wake(self, *, force: bool = False) -> None:
        """Do a round now; with `force` also what would wait for its next attempt."""
        self._force = self._force or force
        self._wake.set()

    def run_once(self, *, force: bool = False) -> Report:
        """One round: send everything that is due, in order."""
        with self._round:
            report = self._run(force)
            self._report = report
        self.changed.emit(report)
        return report

    def start(self) -> None:
        """Work in the background until `stop`."""
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._loop, name="contrafact-sync", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the background work after the row that is under way."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        self._thread = None

    def _loop(self) -> None:
        while not self._stop.is_set():
            force, self._force = self._force, False
            report = self.run_once(force=force)
            pause_s = self._poll_s
            # What is due already and was not sent waits for a person, or for somebody else to sign in: no hurry.
            if report.next_s is not None and report.next_s > self._now():
                pause_s = min(pause_s, report.next_s - self._now())
            if self._wake.wait(pause_s):
                self._wake.clear()

    def _run(self, force: bool) -> Report:
        if not self._outbox.rows("queued"):
            return self._summary(0, "idle", "")
        if self._paused and not force:
            return self._summary(0, "signed-out", "")
        sent = 0
        try:
            self._outbox.check()
            client = self._client_factory()
            subject = client.account().subject
            self._paused = False
            tried: set[str] = set()
            # Asked again after each row: what was sent may be what another one needs.
            while not self._stop.is_set() and (row := self._next(subject, force, tried)) is not None:
                tried.add(row.key)
                sent += self._send(client, row)
        except _Interrupted as stopped:
            return self._summary(sent, stopped.state, stopped.problem)
        except StudioError as error:
            state = _state_of(error)
            self._paused = state == "signed-out"
            return self._summary(sent, state, error.message)
        return self._summary(sent, "", "")

    def _next(self, subject: str, force: bool, tried: set[str]) -> Row | None:
        due = self._outbox.due(self._now(), subject=subject, force=force)
        return next((row for row in due if row.key not in tried), None)

    def _send(self, client: Sender, row: Row) -> int:
        self._outbox.sending(row.key)
        try:
            receipt = self._deliver(client, row)
        except (StudioError, EngineError) as problem:
            error = problem if isinstance(problem, StudioError) else _stopped(problem)
            self._handle(row, error)
            return 0
        self._outbox.done(row.key, receipt.raw)
        return 1

    def _deliver(self, client: Sender, row: Row) -> Receipt:
        if row.kind == "asset":
            if row.file is None:
                raise _incomplete(row)
            sha256 = str(row.body["sha256"])
            receipt = client.upload(row.file)
            return verify_receipt(receipt.raw, client.trusted_keys(), kind="upload", sha256=sha256)
        request = msgspec.convert(
            {
                **row.body,
                "chain": self._outbox.chain_id,
                "sequence": row.sequence,
                "previous_hash": row.previous_hash,
                "entry_hash": row.entry_hash,
            },
            ExportRequest,
        )
        receipt = client.submit_export(request, key=row.key)
        return verify_receipt(receipt.raw, client.trusted_keys(), kind="export", sha256=request.export_sha256)

    def _handle(self, row: Row, error: StudioError) -> None:
        status = error.details.get("status")
        if error.code == "signed-out" or status == 401:
            self._outbox.failed(row.key, error, not_before_s=0.0)
            self._paused = True
            raise _Interrupted("signed-out", error.message)
        if isinstance(error, PlatformDown) or status in _AGAIN:
            self._outbox.failed(row.key, error, not_before_s=self._now() + self._delay_s(row, error))
            # One row that cannot be sent now means that no other can.
            raise _Interrupted("offline" if status is None else "waiting", error.message)
        if error.code == "cancelled":
            self._outbox.failed(row.key, error, not_before_s=0.0)
            raise _Interrupted("waiting", error.message)
        self._outbox.park(row.key, error)

    def _delay_s(self, row: Row, error: StudioError) -> float:
        asked = error.details.get("retry_after_s")
        backoff = min(CAP_S, BASE_S * 2.0 ** min(row.attempts, 20)) * (0.5 + 0.5 * self._jitter())
        return max(backoff, float(asked)) if isinstance(asked, int) else backoff

    def _summary(self, sent: int, state: str, problem: str) -> Report:
        queued = self._outbox.rows("queued", "sending")
        parked = self._outbox.rows("parked")
        parked_keys = {row.key for row in parked}
        next_s = min((row.not_before_s for row in queued if row.needs not in parked_keys), default=None)
        if not state or state == "idle":
            state = "parked" if parked else "waiting" if queued else "idle"
        if parked and not problem and parked[0].problem is not None:
            problem = parked[0].problem.message
        return Report(sent=sent, waiting=len(queued), parked=len(parked), state=state, problem=problem, next_s=next_s)


class _Interrupted(Exception):
    def __init__(self, state: str, problem: str):
        super().__init__(problem)
        self.state = state
        self.problem = problem


def _state_of(error: StudioError) -> str:
    if isinstance(error, PlatformDown):
        return "offline"
    if isinstance(error, PlatformError) and error.code == "signed-out":
        return "signed-out"
    return "parked" if isinstance(error, SyncError) else "waiting"


def _stopped(problem: EngineError) -> StudioError:
    return StudioError(problem.message, remedy=problem.remedy, code=problem.code)


def _incomplete(row: Row) -> SyncError:
    return SyncError(
        f"The file of “{row.title}” is not in the outbox any more.", remedy="Export it again.", code="delivery-unknown"
    )
