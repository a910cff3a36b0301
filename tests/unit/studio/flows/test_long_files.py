"""What runs through a whole recording keeps no more of it in memory than a block: two hours of stereo are 2.5 GB."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.errors import Cancelled
from engine.io import wav
from engine.io.pcm import write_pcm
from studio.flows import tasks

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


def test_stems_beyond_four_gigabytes_are_rf64(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wav, "_LIMIT", 100_000)
    sound = np.random.default_rng(0).uniform(-0.9, 0.9, (2, 30_000)).astype(np.float32)
    pcm = write_pcm(sound, tmp_path / "x.f32", rate=192_000)
    quiet = {"progress": lambda done, note: None, "cancelled": lambda: False}
    out = tmp_path / "x.wav"
    out.write_text("another file that was there")
    tasks.write_float_wav(pcm=pcm, out_path=str(out), **quiet)
    assert out.read_bytes()[:4] == b"RF64"
    assert tasks.sum_error_db(mixture=pcm, files={"all": str(out)}, **quiet) == -200.0
    out.unlink()
    with pytest.raises(Cancelled):
        tasks.write_float_wav(pcm=pcm, out_path=str(out), progress=quiet["progress"], cancelled=lambda: True)
    assert [path.name for path in tmp_path.iterdir()] == ["x.f32"]
