"""The command line: every job of the window without the window."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence

import typer

from studio.cli import bench, catalog, demo, edit, media, models, plugins, project, separate, sound, style, system

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
        left: object = app(list(argv) if argv is not None else None, standalone_mode=False)
    except typer.Abort:
        return 130
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except Exception as problem:
        # Click's own errors know how to show themselves; anything else is ours and keeps its traceback.
        show = getattr(problem, "show", None)
        if show is None:
            raise
        show()
        return int(getattr(problem, "exit_code", 2))
    return left if isinstance(left, int) else 0
