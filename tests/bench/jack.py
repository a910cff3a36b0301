"""A JACK server on the dummy driver: callbacks in time on a machine without a sound card."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
from collections.abc import Generator

_numbers = itertools.count()


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
    process = subprocess.Popen(
        [program, "-n", name, "-r", "-d", "dummy", "-r", str(rate), "-p", str(frames)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        seen: list[str] = []
        for line in process.stdout:
            seen.append(line)
            if "driver is running" in line or "self-connect" in line.lower():
                break
        if process.poll() is not None:
            raise NoJack(f"jackd does not start here: {' '.join(seen)[-200:]}")
        yield name
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value
