"""The headless twin of the window."""

from studio.cli.main import main

__all__ = ["main"]
