"""What a command says, and how: plain text for a person, JSON for a program, progress on a terminal, errors with a
remedy."""

from __future__ import annotations

import json
import os
import sys
import threading
import unicodedata
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import msgspec
import typer

from engine.errors import Cancelled, EngineError
from studio.base.errors import StudioError
from studio.session import Session

T = TypeVar("T")

JsonFlag = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
HomeOption = Annotated[
    Path | None,
    typer.Option("--home", envvar="CONTRAFACT_HOME", help="Folder for settings, library and keys.", show_default=False),
]
PlatformOption = Annotated[
    str | None,
    typer.Option(
        "--platform", envvar="CONTRAFACT_PLATFORM", help="Address of the platform; the embedded one if absent."
    ),
]


def to_json(value: Any) -> str:
    """Any result as indented JSON."""
    return json.dumps(msgspec.to_builtins(value, str_keys=True, enc_hook=str), indent=2, ensure_ascii=False)


def print_json(value: Any) -> None:
    """Write a result to standard output as JSON, whatever the terminal's encoding."""
    sys.stdout.write(to_json(value) + "\n")
    sys.stdout.flush()


def said_as_json(result: Any, *, as_json: bool) -> bool:
    """Print a result as JSON, where that was asked for; else its notices, which come before what a person reads."""
    if as_json:
        print_json(result)
    else:
        say_notices(result.notices)
    return as_json


def plural(count: int, one: str, many: str | None = None) -> str:
    """``no phrases``, ``1 phrase``, ``3 phrases``."""
    return f"{count or 'no'} {one if count == 1 else many or one + 's'}"


def say_notices(notices: Iterable[str]) -> None:
    """What a person should know beside the result."""
    for notice in notices:
        out(f"note: {notice}")


def describe_error(error: StudioError | EngineError) -> dict[str, Any]:
    """An error as the JSON object that every ``--json`` command prints on failure."""
    body: dict[str, Any] = {"code": error.code, "message": error.message, "remedy": error.remedy}
    shown = {key: value for key, value in error.details.items() if key != "traceback"}
    if shown:
        body["details"] = shown
    return {"error": body}


def say_error(error: StudioError | EngineError, *, as_json: bool) -> None:
    """Print the error and its remedy to standard error, and as JSON to standard output."""
    sys.stderr.write(f"error: {error.message}\n  what to do: {error.remedy}\n")
    if as_json:
        print_json(describe_error(error))


def fail(error: StudioError | EngineError, *, as_json: bool) -> NoReturn:
    """Say what is wrong, and leave with exit code 1."""
    say_error(error, as_json=as_json)
    raise typer.Exit(130 if isinstance(error, Cancelled) else 1)


@contextmanager
def errors_shown(*, as_json: bool) -> Generator[None]:
    """Turn named errors into a message, a remedy and an exit code."""
    try:
        yield
    except (StudioError, EngineError) as error:
        fail(error, as_json=as_json)
    except KeyboardInterrupt:
        fail(Cancelled(), as_json=as_json)


@contextmanager
def opened(home: Path | None, platform: str | None, *, as_json: bool, headless: bool = True) -> Generator[Session]:
    """A session for the length of one command, with its errors shown and its processes stopped; `headless` ones have
    no sound."""
    with errors_shown(as_json=as_json):
        session = Session.open(home, platform_url=platform, headless=headless)
        try:
            yield session
        finally:
            session.close()


class Terminal:
    """The context that a flow reports to on the command line: a progress bar on a terminal, silence elsewhere;
    Ctrl+C cancels."""

    def __init__(self, title: str, *, quiet: bool = False):
        self._title = title
        self._stop = threading.Event()
        self._shown = not quiet and sys.stderr.isatty() and not os.environ.get("CONTRAFACT_NO_PROGRESS")
        self._last = -1

    @property
    def cancelled(self) -> bool:
        """True after Ctrl+C."""
        return self._stop.is_set()

    def cancel(self) -> None:
        """Ask the flow to stop."""
        self._stop.set()

    def checkpoint(self) -> None:
        """Raise `Cancelled` after Ctrl+C."""
        if self._stop.is_set():
            raise Cancelled

    def progress(self, fraction: float, note: str = "") -> None:
        """Redraw the bar when a whole per cent has passed."""
        if not self._shown:
            return
        percent = int(fraction * 100)
        if percent == self._last:
            return
        self._last = percent
        filled = percent // 4
        sys.stderr.write(f"\r\x1b[2K{self._title} [{'█' * filled}{'·' * (25 - filled)}] {percent:3d} % {note[:48]}")
        sys.stderr.flush()

    def finish(self) -> None:
        """Clear the bar."""
        if self._shown:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()


def with_progress(title: str, work: Callable[[Terminal], T], *, quiet: bool = False) -> T:
    """Run `work(context)` in a thread, so that Ctrl+C can cancel it in order, and return its result."""
    terminal = Terminal(title, quiet=quiet)
    outcome: dict[str, Any] = {}

    def body() -> None:
        try:
            outcome["value"] = work(terminal)
        except BaseException as error:
            outcome["error"] = error

    thread = threading.Thread(target=body, name="contrafact-command", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(0.1)
    except KeyboardInterrupt:
        terminal.cancel()
        thread.join(5.0)
        raise Cancelled from None
    finally:
        terminal.finish()
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]


def table(rows: list[tuple[str, ...]], *, header: tuple[str, ...] | None = None) -> str:
    """Left-aligned columns, two spaces apart."""
    lines = [header, *rows] if header else rows
    if not lines:
        return ""
    widths = [max(_columns(row[i]) for row in lines) for i in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell + " " * (width - _columns(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in lines
    )


def _columns(text: str) -> int:
    """Columns of a terminal that a text takes: two for wide letters, none for marks over others."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


def out(text: str) -> None:
    """Print a line for a person."""
    typer.echo(text)
