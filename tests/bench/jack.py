"""A JACK server on the dummy driver: callbacks in time on a machine without a sound card."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator
from typing import IO

_numbers = itertools.count()
START_S = 20.0


class NoJack(RuntimeError):
    """jackd is not there or does not start."""


@contextlib.contextmanager
def server(*, frames: int = 128, rate: int = 48_000) -> Generator[str]:
    """Run a server of our own; programs that are started meanwhile find it, and this process, too, if it has not looked
    before.

    Raises:
        NoJack: it cannot be had here.
    """
    program = shutil.which("jackd")
    if program is None:
        raise NoJack("jackd is not installed")
    name = f"contrafact-{os.getpid()}-{next(_numbers)}"
    wanted = {"JACK_DEFAULT_SERVER": name, "JACK_NO_START_SERVER": "1", "JACK_NO_AUDIO_RESERVATION": "1"}
    before = {key: os.environ.get(key) for key in wanted}
    os.environ.update(wanted)
    with tempfile.TemporaryFile() as said:
        # Into a file: a pipe that nobody reads would stop the server once it is full of complaints.
        command = [program, "-n", name, *(["-R", "-P", "60"] if _realtime() else ["-r"])]
        process = subprocess.Popen(
            [*command, "-d", "dummy", "-r", str(rate), "-p", str(frames)], stdout=said, stderr=subprocess.STDOUT
        )
        try:
            deadline = time.monotonic() + START_S
            while not any(word in (text := _read(said)) for word in (b"driver is running", b"self-connect")):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise NoJack(f"jackd does not start here: {text[-200:].decode(errors='replace')}")
                time.sleep(0.05)
            yield name
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
            for key, value in before.items():
                if value is None:
                    os.environ.pop(key, None)
                else:
                    os.environ[key] = value


def _read(file: IO[bytes]) -> bytes:
    return os.pread(file.fileno(), 1 << 20, 0)


def _realtime() -> bool:
    """Whether this user may run threads before all others."""
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError:
        return False
    os.sched_setscheduler(0, *before)
    return True
