"""The console script ``contrafact``: a window when called bare or with a project, else the command line."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROJECT_SUFFIX = ".contrafact"


def wants_window(arguments: list[str]) -> bool:
    """True for no arguments, or for exactly one that is a project's path."""
    if not arguments:
        return True
    return len(arguments) == 1 and arguments[0].rstrip("/\\").endswith(PROJECT_SUFFIX)


def main() -> int:
    """Start the window or the command line; returns the exit code."""
    arguments = sys.argv[1:]
    if not wants_window(arguments):
        from studio.cli import main as run_cli

        return run_cli(arguments) or 0
    return run_window(Path(arguments[0]) if arguments else None)


def run_window(project: Path | None = None, started: Callable[[Any], None] | None = None) -> int:
    """The window, until it is closed; `started` is told once it is drawn."""
    # Nothing that a start makes is garbage; looking for it takes a third of the imports. `run` switches it on again.
    gc.disable()
    from ui.app import run

    return run(project, started=started)


if __name__ == "__main__":
    sys.exit(main())
