"""The command line: every job of the window without the window."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import typer

from studio.base.errors import StudioError
from studio.cli import bench, catalog, demo, edit, media, models, plugins, project, separate, sound, style, system
from studio.cli.console import say_error

app = typer.Typer(
    name="contrafact",
    help="Licensed remixing on your own machine. Without arguments it opens the studio.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
catalog.register(app)
separate.register(app)
media.register(app)
style.register(app)
project.register(app)
app.add_typer(edit.app, name="edit")
sound.register(app)
plugins.register(app)
models.register(app)
system.register(app)
demo.register(app)
bench.register(app)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 only on success, 2 for a mistyped command, 130 after Ctrl+C."""
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    # A label's title may hold any script; a terminal that cannot show it must not end the command.
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
    try:
        # Without its own exit, typer answers with the code that the command left with.
        left: object = app(list(argv) if argv is not None else None, prog_name="contrafact", standalone_mode=False)
    except typer.Abort:
        return 130
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except Exception as problem:
        # The command line's own errors know how to show themselves; anything else is ours and keeps its traceback.
        show = getattr(problem, "show", None)
        if show is None:
            raise
        if type(problem).__name__ == "NoArgsIsHelpError":
            show()
        else:
            _show_mistyped(problem, as_json="--json" in (sys.argv if argv is None else argv))
        return int(getattr(problem, "exit_code", 2))
    return left if isinstance(left, int) else 0


def _show_mistyped(problem: Any, *, as_json: bool) -> None:
    """What is wrong with a command as it was typed, and how it is written; as JSON too where that was asked for."""
    message = str(problem.format_message()).replace("Value error, ", "")
    message += "" if message.endswith((".", "?")) else "."
    context = problem.ctx
    remedy = "`contrafact --help` lists the commands."
    if context is not None:
        pieces = re.sub(r"[{}]", "", " ".join(context.command.collect_usage_pieces(context))).upper()
        remedy = f"Write `{context.command_path} {pieces}`; `{context.command_path} --help` says more."
    say_error(StudioError(message, remedy=remedy, code="usage"), as_json=as_json)
