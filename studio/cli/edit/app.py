"""The group of commands that `edit` is."""

from __future__ import annotations

from typing import Any

import typer

app = typer.Typer(
    help="Change a project; each command is one undoable step.", no_args_is_help=True, rich_markup_mode=None
)

NEGATIVE: dict[str, Any] = {"ignore_unknown_options": True}
"""For commands that take a number which may begin with a minus."""
