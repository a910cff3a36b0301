"""What the window's process must not load, or it is not up in two seconds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("numba", "librosa", "onnxruntime", "python_stretch", "scipy.signal")
LATER = ("sqlalchemy", "starlette", "uvicorn", "httpx", "rich", "ui.panels.artist", "ui.panels.preferences")
"""What the window comes to need, but not before it is drawn."""


def _loaded(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint('\\n'.join(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, timeout=120, check=True
    )
    return set(result.stdout.split())


def test_the_window_loads_no_heavy_library() -> None:
    loaded = _loaded("import ui.app")
    assert "PySide6.QtWidgets" in loaded
    assert loaded.isdisjoint(HEAVY)
    assert loaded.isdisjoint(LATER)


def test_the_command_line_loads_no_qt() -> None:
    loaded = _loaded("import ui.__main__, studio.cli")
    assert not any(name.startswith("PySide6") for name in loaded)
