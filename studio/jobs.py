"""Long work off the calling thread: lanes, progress, time left, and cancel.

One lane runs inference, one job at a time; the other runs input and output, several at once. A job that was cancelled
or failed lands nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Generic, Literal, TypeVar, cast

from engine.errors import Cancelled, EngineError
from studio.base.errors import StudioError
from studio.base.events import Event
from studio.base.ids import uuid7

T = TypeVar("T")

Lane = Literal["io", "inference"]
State = Literal["queued", "running", "done", "failed", "cancelled"]
FINAL: frozenset[State] = frozenset({"done", "failed", "cancelled"})

LANES: Mapping[Lane, int] = {"io": 4, "inference": 1}
"""How many jobs of a lane run at once."""

_ETA_AFTER_S = 1.0
_ETA_AFTER_FRACTION = 0.02
_NOTIFY_EVERY_S = 0.03

_log = logging.getLogger(__name__)


class JobFailure(StudioError):
    """An error that nobody foresaw, in words for a person; the original is its cause."""

    code = "unexpected"


class Job(Generic[T]):
    """One piece of work: what it is, how far it is, and what came of it. Read from any thread."""

    def __init__(self, queue: JobQueue, fn: Callable[[JobContext], T], *, title: str, lane: Lane) -> None:
        self.id = uuid7()
        self.title = title
        self.lane: Lane = lane
        self.state: State = "queued"
        self.fraction = 0.0
        """0 to 1."""
        self.note = ""
        self.result: T | None = None
        self.error: StudioError | EngineError | None = None
        """Of a failed job: code, message, remedy."""
        self._queue = queue
        self._fn = fn
        self._landing: Callable[[Job[T]], object] | None = None
        self._stop = threading.Event()
        self._finished = threading.Event()
        self._began_s: float | None = None

    @property
    def finished(self) -> bool:
        """Whether it is done, failed or cancelled."""
        return self.state in FINAL

    @property
    def cancelling(self) -> bool:
        """Whether it was asked to stop and has not yet."""
        return self._stop.is_set() and not self.finished

    @property
    def eta_s(self) -> float | None:
        """Seconds that are left at the pace so far; None while that cannot be said."""
        began_s, fraction = self._began_s, self.fraction
        if self.state != "running" or began_s is None or fraction < _ETA_AFTER_FRACTION:
            return None
        spent_s = self._queue.monotonic() - began_s
        return None if spent_s < _ETA_AFTER_S else spent_s * (1.0 - fraction) / fraction

    def cancel(self) -> None:
        """Ask it to stop: at once while it waits, else at its next checkpoint. A finished job stays as it is."""
        self._stop.set()
        self._queue.drop(self)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until it is finished and its `on_done` has returned; False when the time ran out first."""
        return self._finished.wait(timeout_s)

    def value(self, timeout_s: float | None = None) -> T:
        """Wait for the result.

        Raises:
            StudioError | EngineError: what it failed with; Cancelled when it was cancelled.
            TimeoutError: when the time ran out first.
        """
        if not self.wait(timeout_s):
            raise TimeoutError(self.title)
        if self.error is not None:
            raise self.error
        return cast("T", self.result)

    def run(self, context: JobContext) -> T:
        """Do the work; for the queue."""
        return self._fn(context)


class JobContext:
    """What a job's function is given: report progress, and stop when asked."""

    def __init__(self, job: Job[Any], queue: JobQueue) -> None:
        self._job = job
        self._queue = queue
        self._told_s = float("-inf")

    @property
    def cancelled(self) -> bool:
        """Whether the job is to stop."""
        return self._job._stop.is_set()  # pyright: ignore[reportPrivateUsage]

    def progress(self, fraction: float, note: str = "") -> None:
        """Say how far it is, 0 to 1, and what is being done; it never goes back, and listeners hear at most 30 times a
        second. Never raises, so that it may be called from anybody's callback."""
        job = self._job
        # NaN compares false and leaves the fraction as it is.
        if fraction > job.fraction:
            job.fraction = min(fraction, 1.0)
        new_note = bool(note) and note != job.note
        if new_note:
            job.note = note
        now_s = self._queue.monotonic()
        if new_note or now_s - self._told_s >= _NOTIFY_EVERY_S:
            self._told_s = now_s
            self._queue.events.emit(job)

    def checkpoint(self) -> None:
        """Stop here if asked.

        Raises:
            Cancelled: once the job is cancelled.
        """
        if self.cancelled:
            raise Cancelled


class JobQueue:
    """Runs jobs on threads of its own. `events` is emitted with the job at each change, on the thread where it
    happened."""

    def __init__(self, *, lanes: Mapping[Lane, int] = LANES, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.events: Event[Job[Any]] = Event("jobs")
        self.monotonic = monotonic
        self._limits = dict(lanes)
        self._condition = threading.Condition()
        self._waiting: dict[Lane, deque[Job[Any]]] = {lane: deque() for lane in lanes}
        self._running: list[Job[Any]] = []
        self._threads: dict[Lane, list[threading.Thread]] = {lane: [] for lane in lanes}
        self._idle: dict[Lane, int] = dict.fromkeys(lanes, 0)
        self._closed = False

    def submit(
        self,
        fn: Callable[[JobContext], T],
        *,
        title: str,
        lane: Lane = "io",
        on_done: Callable[[Job[T]], object] | None = None,
    ) -> Job[T]:
        """Queue `fn(context)`. `on_done(job)` lands the result, on the worker's thread, before the job counts as done;
        when that fails, the job has failed.

        Raises:
            StudioError: jobs-closed after `shutdown`.
        """
        job: Job[T] = Job(self, fn, title=title, lane=lane)
        job._landing = on_done  # pyright: ignore[reportPrivateUsage]
        with self._condition:
            if self._closed:
                raise StudioError("The studio is closing.", remedy="Open it again, then try again.", code="jobs-closed")
            self._waiting[lane].append(job)
            threads = self._threads[lane]
            if self._idle[lane] < len(self._waiting[lane]) and len(threads) < self._limits[lane]:
                thread = threading.Thread(
                    target=self._work, args=(lane,), name=f"job-{lane}-{len(threads)}", daemon=True
                )
                threads.append(thread)
                thread.start()
            self._condition.notify_all()
        self.events.emit(job)
        return job

    @property
    def active(self) -> tuple[Job[Any], ...]:
        """The jobs that run, then those that wait, in their order."""
        with self._condition:
            return (*self._running, *(job for waiting in self._waiting.values() for job in waiting))

    def drop(self, job: Job[Any]) -> None:
        """Cancel a job at once if it still waits; for `Job.cancel`."""
        with self._condition:
            if job not in self._waiting[job.lane]:
                waiting = False
            else:
                waiting = True
                self._waiting[job.lane].remove(job)
        if waiting:
            self._finish(job, "cancelled", error=Cancelled())
        elif not job.finished:
            self.events.emit(job)

    def cancel_all(self) -> None:
        """Ask every job to stop."""
        for job in self.active:
            job.cancel()

    def shutdown(self, *, timeout_s: float = 5.0) -> bool:
        """Cancel all jobs and wait for the threads; False when one did not end in time (it is left to end with the
        process)."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        self.cancel_all()
        end_s = time.monotonic() + timeout_s
        threads = [
            thread for each in self._threads.values() for thread in each if thread is not threading.current_thread()
        ]
        for thread in threads:
            thread.join(max(end_s - time.monotonic(), 0.0))
        return not any(thread.is_alive() for thread in threads)

    def _work(self, lane: Lane) -> None:
        while True:
            with self._condition:
                self._idle[lane] += 1
                while not self._waiting[lane]:
                    if self._closed:
                        return
                    self._condition.wait()
                self._idle[lane] -= 1
                job = self._waiting[lane].popleft()
                self._running.append(job)
            try:
                self._run(job)
            finally:
                with self._condition:
                    self._running.remove(job)

    def _run(self, job: Job[Any]) -> None:
        context = JobContext(job, self)
        job._began_s = self.monotonic()  # pyright: ignore[reportPrivateUsage]
        job.state = "running"
        self.events.emit(job)
        try:
            context.checkpoint()
            job.result = job.run(context)
            # The last moment to stop: from here on it lands.
            context.checkpoint()
            landing = job._landing  # pyright: ignore[reportPrivateUsage]
            if landing is not None:
                landing(job)
        except Cancelled as stop:
            self._finish(job, "cancelled", error=stop)
        except (StudioError, EngineError) as problem:
            self._finish(job, "failed", error=problem)
        except Exception as problem:
            _log.exception("the job “%s” failed", job.title)
            self._finish(job, "failed", error=_unexpected(job.title, problem))
        else:
            job.fraction = 1.0
            self._finish(job, "done")

    def _finish(self, job: Job[Any], state: State, *, error: StudioError | EngineError | None = None) -> None:
        if state != "done":
            job.result = None
        job.error = error
        job.state = state
        job._finished.set()  # pyright: ignore[reportPrivateUsage]
        self.events.emit(job)


def _unexpected(title: str, problem: Exception) -> JobFailure:
    failure = JobFailure(
        f"“{title}” stopped because of an error in the studio ({type(problem).__name__}).",
        remedy="Try it again. If it happens again, restart the studio; nothing of your project was changed.",
        details={"problem": str(problem)},
    )
    failure.__cause__ = problem
    return failure
