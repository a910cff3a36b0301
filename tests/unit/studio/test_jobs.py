"""Jobs: lanes, progress, cancel, failure, and an orderly end."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from engine.errors import Cancelled, InferenceError
from studio.base.errors import ProjectError, StudioError
from studio.jobs import Job, JobContext, JobQueue

WAIT_S = 20.0


class Time:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def queue(clock: Time) -> Iterator[JobQueue]:
    queue = JobQueue(monotonic=clock)
    yield queue
    assert queue.shutdown(timeout_s=WAIT_S)


def hold(queue: JobQueue, *, lane="inference") -> tuple[Job[None], threading.Event]:
    """A job that runs until the event is set or it is cancelled."""
    go, started = threading.Event(), threading.Event()

    def work(context: JobContext) -> None:
        started.set()
        while not go.wait(0.005):
            context.checkpoint()

    job = queue.submit(work, title="hold", lane=lane)
    assert started.wait(WAIT_S)
    return job, go


def test_a_result_lands_before_the_job_is_done(queue: JobQueue) -> None:
    states: list[str] = []
    landed: list[tuple[int | None, str]] = []
    queue.events.subscribe(lambda job: states.append(job.state))
    job = queue.submit(lambda context: 6 * 7, title="Sum", on_done=lambda job: landed.append((job.result, job.state)))
    assert job.value(WAIT_S) == 42
    assert landed == [(42, "running")]
    assert (job.state, job.fraction, job.error, job.finished) == ("done", 1.0, None, True)
    assert queue.shutdown(timeout_s=WAIT_S)
    assert states == ["queued", "running", "done"]


def test_progress_says_how_far_and_how_long(queue: JobQueue, clock: Time) -> None:
    seen: list[tuple[float, str, float | None]] = []

    def work(context: JobContext) -> None:
        context.progress(0.01, "Reading")
        seen.append((job.fraction, job.note, job.eta_s))
        clock.now = 10.0
        context.progress(0.25)
        seen.append((job.fraction, job.note, job.eta_s))
        context.progress(0.1)
        context.progress(float("nan"))
        seen.append((job.fraction, job.note, job.eta_s))
        context.progress(7.0, "Writing")
        seen.append((job.fraction, job.note, job.eta_s))

    ready = threading.Event()
    job = queue.submit(lambda context: ready.wait(WAIT_S) and work(context), title="Work")
    ready.set()
    job.value(WAIT_S)
    assert seen == [
        (0.01, "Reading", None),
        (0.25, "Reading", 30.0),
        (0.25, "Reading", 30.0),
        (1.0, "Writing", 0.0),
    ]
    assert job.eta_s is None


def test_listeners_are_not_flooded(queue: JobQueue, clock: Time) -> None:
    heard: list[float] = []
    queue.events.subscribe(lambda job: heard.append(job.fraction))

    def work(context: JobContext) -> None:
        for step in range(1000):
            clock.now += 0.001
            context.progress(step / 1000)

    queue.submit(work, title="Work").value(WAIT_S)
    assert queue.shutdown(timeout_s=WAIT_S)
    assert 20 <= len(heard) <= 40


def test_one_model_runs_at_a_time_and_files_go_on(queue: JobQueue) -> None:
    first, go = hold(queue)
    second = queue.submit(lambda context: "second", title="second", lane="inference")
    assert queue.submit(lambda context: "file", title="file").value(WAIT_S) == "file"
    assert second.state == "queued"
    assert [job.id for job in queue.active] == [first.id, second.id]
    go.set()
    assert second.value(WAIT_S) == "second"


def test_several_files_at_once(queue: JobQueue) -> None:
    meeting = threading.Barrier(3)
    jobs = [queue.submit(lambda context: meeting.wait(WAIT_S), title="meet") for _ in range(3)]
    assert sorted(job.value(WAIT_S) for job in jobs) == [0, 1, 2]


def test_a_waiting_job_is_cancelled_at_once_and_never_runs(queue: JobQueue) -> None:
    first, go = hold(queue)
    ran: list[int] = []
    waiting = queue.submit(lambda context: ran.append(1), title="waiting", lane="inference")
    waiting.cancel()
    assert waiting.state == "cancelled"
    with pytest.raises(Cancelled):
        waiting.value(WAIT_S)
    go.set()
    first.value(WAIT_S)
    assert queue.submit(lambda context: "after", title="after", lane="inference").value(WAIT_S) == "after"
    assert ran == []


def test_a_running_job_stops_at_its_checkpoint_and_lands_nothing(queue: JobQueue) -> None:
    landed: list[object] = []
    go = threading.Event()

    def work(context: JobContext) -> str:
        go.wait(WAIT_S)
        return "made"

    job = queue.submit(work, title="work", on_done=landed.append)
    job.cancel()
    assert job.cancelling or job.finished
    go.set()
    assert job.wait(WAIT_S)
    assert (job.state, job.result, landed) == ("cancelled", None, [])
    job.cancel()
    assert job.state == "cancelled"


@pytest.mark.parametrize("error", [ProjectError("No.", remedy="Yes."), InferenceError("No.", remedy="Use the CPU.")])
def test_a_failure_keeps_its_error(queue: JobQueue, error: Exception) -> None:
    def work(context: JobContext) -> None:
        raise error

    job = queue.submit(work, title="work")
    assert job.wait(WAIT_S)
    assert (job.state, job.error) == ("failed", error)
    with pytest.raises(type(error)):
        job.value(WAIT_S)


def test_an_error_that_nobody_foresaw_is_put_into_words(queue: JobQueue) -> None:
    job = queue.submit(lambda context: 1 / 0, title="Divide")
    assert job.wait(WAIT_S)
    assert job.error is not None
    assert (job.state, job.error.code) == ("failed", "unexpected")
    assert "Divide" in job.error.message
    assert job.error.remedy
    assert isinstance(job.error.__cause__, ZeroDivisionError)


def test_a_landing_that_fails_fails_the_job(queue: JobQueue) -> None:
    def land(job: Job[str]) -> None:
        raise ProjectError("The track is gone.", remedy="Undo.", code="edit-invalid")

    job = queue.submit(lambda context: "made", title="work", on_done=land)
    assert job.wait(WAIT_S)
    assert job.error is not None
    assert (job.state, job.error.code, job.result) == ("failed", "edit-invalid", None)


def test_the_end_cancels_what_runs_and_refuses_what_comes() -> None:
    queue = JobQueue()
    running, _ = hold(queue)
    waiting = queue.submit(lambda context: None, title="waiting", lane="inference")
    assert queue.shutdown(timeout_s=WAIT_S)
    assert (running.state, waiting.state) == ("cancelled", "cancelled")
    with pytest.raises(StudioError) as refused:
        queue.submit(lambda context: None, title="late")
    assert refused.value.code == "jobs-closed"


def test_waiting_can_run_out_of_time(queue: JobQueue) -> None:
    job, go = hold(queue)
    with pytest.raises(TimeoutError):
        job.value(0.0)
    go.set()
    job.value(WAIT_S)
