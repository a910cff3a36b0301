"""The worker process: results, progress, named errors, cancel, and life after death."""

from __future__ import annotations

import os
import threading

import pytest

from engine.errors import AudioFileError, Cancelled, InferenceError
from engine.worker import Worker

TASKS = "tests.unit.engine.worker_tasks"


@pytest.fixture(scope="module")
def worker():
    worker = Worker(nice=0)
    yield worker
    worker.close()


def test_result_and_progress_arrive(worker):
    seen = []
    assert worker.run(f"{TASKS}:add", {"a": 2, "b": 3}, progress=lambda f, note: seen.append((f, note))) == 5
    assert seen[-1] == (1.0, "all")


def test_named_errors_cross_the_process_border_whole(worker):
    with pytest.raises(AudioFileError) as caught:
        worker.run(f"{TASKS}:refuse", {})
    error = caught.value
    assert (error.code, error.message, error.remedy, error.details) == (
        "audio-empty",
        "The file is empty.",
        "Choose another file.",
        {"path": "x"},
    )


@pytest.mark.parametrize(("task", "code"), [("explode", "worker-failed"), ("hungry", "out-of-memory")])
def test_unexpected_failures_get_a_name_and_a_remedy(worker, task, code):
    with pytest.raises(InferenceError) as caught:
        worker.run(f"{TASKS}:{task}", {})
    assert caught.value.code == code
    assert caught.value.remedy


def test_cancel_stops_a_task_that_listens_and_keeps_the_process(worker):
    before = worker.run(f"{TASKS}:pid", {})
    stop = threading.Event()
    with pytest.raises(Cancelled):
        worker.run(f"{TASKS}:polite", {}, progress=lambda *_: stop.set(), cancelled=stop.is_set)
    assert worker.run(f"{TASKS}:pid", {}) == before


def test_cancel_stops_a_task_that_does_not_listen(worker):
    stop = threading.Event()
    with pytest.raises(Cancelled):
        worker.run(f"{TASKS}:stubborn", {}, progress=lambda *_: stop.set(), cancelled=stop.is_set)
    assert worker.pid is None
    assert worker.run(f"{TASKS}:add", {"a": 1, "b": 1}) == 2


def test_a_task_that_never_stops_reporting_is_cancelled_too(worker):
    stop = threading.Event()
    with pytest.raises(Cancelled):
        worker.run(f"{TASKS}:chatty", {}, progress=lambda *_: stop.set(), cancelled=stop.is_set)
    assert worker.run(f"{TASKS}:add", {"a": 2, "b": 2}) == 4


def test_a_listener_that_raises_does_not_leave_the_task_behind(worker):
    stop = threading.Event()

    def progress(fraction, note):
        stop.set()
        raise Cancelled

    with pytest.raises(Cancelled):
        worker.run(f"{TASKS}:chatty", {}, progress=progress, cancelled=stop.is_set)
    assert worker.run(f"{TASKS}:add", {"a": 3, "b": 2}) == 5


def test_a_killed_worker_is_named_and_replaced(worker):
    with pytest.raises(InferenceError) as caught:
        worker.run(f"{TASKS}:killed", {})
    assert caught.value.code == "worker-died"
    assert worker.run(f"{TASKS}:pid", {}) != os.getpid()
