"""Verify a file: what it is made of, and who signed it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studio.cli.console import (
    HomeOption,
    JsonFlag,
    PlatformOption,
    opened,
    out,
    print_json,
)
from studio.flows import verify as verify_flow


def register(app: typer.Typer) -> None:
    """Add these commands to `app`."""
    app.command()(verify)


def verify(
    path: Annotated[Path, typer.Argument(help="Any audio file.")],
    home: HomeOption = None,
    platform: PlatformOption = None,
    json: JsonFlag = False,
) -> None:
    """Say what a file is made of, who signed it and whether it was changed since. Exit code 0 only if it is trusted."""
    with opened(home, platform, as_json=json) as session:
        found = verify_flow.verify(session.services, path)
        if json:
            print_json(found)
        else:
            out(verify_flow.as_text(found))
        if found.state != "Trusted":
            raise typer.Exit(1)
