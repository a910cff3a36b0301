"""Measure the program on this machine: figures for engine, separation, style and window, and an endurance run.

The measuring code stands with the tests of a source checkout, in ``tests/bench``; an installed program has none.
"""

from __future__ import annotations

import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

import studio
from studio.base.errors import StudioError
from studio.cli.console import JsonFlag, errors_shown

PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


class Subject(StrEnum):
    """What can be measured."""

    engine = "engine"
    separation = "separation"
    style = "style"
    ui = "ui"


def register(app: typer.Typer) -> None:
    """Add these commands to `app`."""
    app.command(context_settings=PASSED_ON)(bench)
    app.command(context_settings=PASSED_ON)(soak)


def bench(
    context: typer.Context,
    subject: Annotated[Subject, typer.Argument(help="What to measure.")],
    json: JsonFlag = False,
) -> None:
    """Measure a part of the program (source checkouts only). More options are passed on; see `… SUBJECT --help`."""
    with errors_shown(as_json=json):
        raise typer.Exit(run_module(subject.value, [*context.args, *(["--json"] if json else [])]))


def soak(
    context: typer.Context,
    minutes: Annotated[float, typer.Option(min=0.05, help="How long to play.")] = 30.0,
    json: JsonFlag = False,
) -> None:
    """Play for a long time with random edits and listen for glitches (source checkouts only). Exit code 0 only without
    any.
    """
    with errors_shown(as_json=json):
        arguments = ["--minutes", str(minutes), *context.args, *(["--json"] if json else [])]
        raise typer.Exit(run_module("soak", arguments))


def run_module(name: str, arguments: list[str], *, root: Path | None = None) -> int:
    """Run ``tests.bench.<name>`` of the checkout and return its exit code.

    Raises:
        StudioError: code ``bench-missing`` where there is none.
    """
    root = root if root is not None else Path(studio.__file__).resolve().parents[1]
    if not (root / "tests" / "bench" / f"{name}.py").is_file():
        raise StudioError(
            f"This installation has no measuring code for “{name}”.",
            remedy="Run it from a source checkout of the program, which holds it in tests/bench.",
            code="bench-missing",
        )
    return subprocess.run([sys.executable, "-m", f"tests.bench.{name}", *arguments], cwd=root, check=False).returncode
