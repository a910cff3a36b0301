"""Tasks for test_worker: what a worker process may meet."""

from __future__ import annotations

import os
import signal
import time

from engine.errors import AudioFileError, Cancelled


def add(*, a, b, progress, cancelled):
    progress(0.5, "half")
    progress(1.0, "all")
    return a + b


def refuse(*, progress, cancelled):
    raise AudioFileError("The file is empty.", remedy="Choose another file.", code="audio-empty", details={"path": "x"})


def explode(*, progress, cancelled):
    raise RuntimeError("boom")


def hungry(*, progress, cancelled):
    raise MemoryError


def polite(*, progress, cancelled):
    progress(1.0, "started")
    while not cancelled():
        time.sleep(0.01)
    raise Cancelled


def stubborn(*, progress, cancelled):
    progress(1.0, "started")
    while True:
        time.sleep(0.01)


def killed(*, progress, cancelled):
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


def pid(*, progress, cancelled):
    return os.getpid()


def chatty(*, progress, cancelled):
    while not cancelled():
        progress(1.0, "busy")
    raise Cancelled
