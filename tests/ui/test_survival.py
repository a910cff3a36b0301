"""Play-back goes on whatever the window does: dragging clips, menus, resizing and a split, at once, by the counter of
gaps. On JACK's dummy driver, whose callbacks come in time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = 8.0
SCRIPT = Path(__file__).with_name("survival.py")


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(shutil.which("jackd") is None, reason="jackd is not installed")
def test_play_back_survives_the_window(tmp_path: Path) -> None:
    environment = {**os.environ, "CONTRAFACT_HOME": str(tmp_path / "home"), "QT_QPA_PLATFORM": "offscreen"}
    (tmp_path / "home").mkdir()
    # A process of its own: audio libraries look for servers once.
    done = subprocess.run(
        [sys.executable, "-m", "tests.ui.survival", "--seconds", str(SECONDS)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    if done.returncode == 77:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stdout + done.stderr
