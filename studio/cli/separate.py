"""Split any file or recording from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from studio.base.errors import ProjectError
from studio.cli.console import (
    HomeOption,
    JsonFlag,
    PlatformOption,
    opened,
    out,
    said_as_json,
    with_progress,
)
from studio.flows import separate_files
from studio.flows.separate_files import Wish


def register(app: typer.Typer) -> None:
    """Add this command to `app`."""
    app.command()(separate)


def separate(
    source: Annotated[
        str, typer.Argument(metavar="INPUT", help="An audio file of your own, or the id of a recording.")
    ],
    out_dir: Annotated[Path, typer.Option("--out", help="Folder for the stems.")],
    stems: Annotated[
        Literal["label", "model"],
        typer.Option(help="Stems as the label delivered them where there are any, or made by the model."),
    ] = "label",
    model: Annotated[
        str | None, typer.Option(help="Id of a model, as `models list` shows them; the default one if absent.")
    ] = None,
    tool: Annotated[
        Literal["stems", "two", "karaoke", "balance"],
        typer.Option(help="All stems; voice and the rest; the rest alone; or one mix with the gains of --gain."),
    ] = "stems",
    gain: Annotated[
        list[str] | None, typer.Option(help="With --tool balance: a stem and its gain in dB, as drums=+3. Repeatable.")
    ] = None,
    clean: Annotated[
        float | None,
        typer.Option(
            min=-60.0,
            max=-6.0,
            help="Take out of each stem what is this many dB below the others; -24 is a good start.",
        ),
    ] = None,
    mono_below: Annotated[
        float | None, typer.Option(min=20.0, max=500.0, help="Make the bass mono below this frequency, in Hz.")
    ] = None,
    provider: Annotated[
        Literal["auto", "cpu", "cuda", "tensorrt"], typer.Option(help="Where the model runs.")
    ] = "auto",
    home: HomeOption = None,
    platform: PlatformOption = None,
    json: JsonFlag = False,
) -> None:
    """Split a song into vocals, drums, bass and other: 32-bit float WAV files that sum to the input.

    Examples: `contrafact separate song.flac --out stems`, `contrafact separate song.mp3 --out k --tool karaoke`,
    `contrafact separate song.wav --out more --tool balance --gain drums=+3 --gain vocals=-60`.
    """
    with opened(home, platform, as_json=json) as session:
        wish = Wish(tool=tool, gains_db=_gains(gain or []), clean_db=clean, mono_below_hz=mono_below)
        result = with_progress(
            "Splitting",
            lambda ctx: separate_files.separate_to_folder(
                session.services, source, out_dir, ctx, prefer=stems, provider=provider, model=model, wish=wish
            ),
            quiet=json,
        )
        if said_as_json(result, as_json=json):
            return
        for name, path in result.stems.items():
            out(f"{name:12s} {path}")
        speed = f", {1 / result.rtf:.0f} x real time" if result.rtf else ""
        exact = "" if result.sum_error_db is None else f"; sum against the input {result.sum_error_db:.0f} dB"
        out(f"made by {result.model} on {result.provider}{speed}{exact}")


def _gains(words: list[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for word in words:
        name, _, value = word.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError as error:
            raise ProjectError(
                f"“{word}” is no gain.", remedy="Write a stem and a number of dB: drums=+3.", code="edit-invalid"
            ) from error
    return found
