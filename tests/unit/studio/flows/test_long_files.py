"""What runs through a whole recording keeps no more of it in memory than a block: two hours of stereo are 2.5 GB."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FRAMES = 24_000_000
"""Eight minutes at 48 kHz, 192 MB; holes of the file, so that they cost no disk."""

PROGRAM = """
import resource, sys
from engine.types import PcmRef
from studio.flows import tasks

path, out, frames = sys.argv[1], sys.argv[2], int(sys.argv[3])
def pcm(count):
    return PcmRef(path=path, rate=48_000, channels=2, frames=count)
def run(count):
    quiet = {"progress": lambda done, note: None, "cancelled": lambda: False}
    tasks.write_float_wav(pcm=pcm(count), out_path=out, **quiet)
    assert tasks.sum_error_db(mixture=pcm(count), files={"all": out}, **quiet) == -200.0
def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)
run(2_000_000)
before = peak_mb()
run(frames)
print(peak_mb() - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the resource module is of Unix")
def test_stems_are_written_and_summed_in_the_memory_of_a_block(tmp_path: Path) -> None:
    path = tmp_path / "long.pcm"
    with path.open("wb") as file:
        file.truncate(FRAMES * 8)
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path), str(tmp_path / "out.wav"), str(FRAMES)],
        check=True,
        capture_output=True,
        text=True,
    )
    # The file is 192 MB; before, all of it lay in the process as mapped pages.
    assert float(told.stdout) < 60.0
