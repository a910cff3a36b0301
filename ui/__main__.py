"""The console script ``contrafact``: a window when called bare or with a project, else the command line."""

from __future__ import annotations

import sys
from pathlib import Path

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
    from ui.app import run

    return run(Path(arguments[0]) if arguments else None)


if __name__ == "__main__":
    sys.exit(main())
