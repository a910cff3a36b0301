"""What these packages must not load into the process that owns the window."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [("engine.plugins", ("pedalboard", "numba", "librosa")), ("engine.midi", ("mido", "rtmidi", "numpy"))],
)
def test_importing_a_package_loads_neither_its_extra_nor_anything_heavy(
    package: str, forbidden: tuple[str, ...]
) -> None:
    code = f"import sys, {package}; print([name for name in {forbidden!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60.0, check=True)
    assert done.stdout.strip() == "[]"
