"""Restyle any file or recording, and verify what came out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from engine.inference.styles import list_styles
from studio.cli.console import (
    HomeOption,
    JsonFlag,
    PlatformOption,
    errors_shown,
    opened,
    out,
    print_json,
    table,
    with_progress,
)
from studio.flows import audition
from studio.flows import verify as verify_flow

ProviderOption = Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where the model runs.")]


def register(app: typer.Typer) -> None:
    """Add these commands to `app`."""
    app.command()(styles)
    app.command()(restyle)
    app.command()(verify)


def styles(json: JsonFlag = False) -> None:
    """List the styles."""
    with errors_shown(as_json=json):
        known = list_styles()
        if json:
            print_json(known)
        else:
            out(table([(s.id, s.name, s.description) for s in known], header=("id", "name", "description")))


def restyle(
    source: Annotated[
        str, typer.Argument(metavar="INPUT", help="An audio file of your own, or the id of a recording.")
    ],
    style: Annotated[str, typer.Option(help="Id of the style, as `styles` lists them.")],
    out_file: Annotated[Path, typer.Option("--out", help="The file to write: .wav, .flac or .mp3.")],
    intensity: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="0 changes nothing, 1 is the style in full.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Another number gives another variation.")] = 0,
    keep: Annotated[str, typer.Option(help="Stems that stay as they are, separated by commas.")] = "vocals",
    provider: ProviderOption = "auto",
    home: HomeOption = None,
    platform: PlatformOption = None,
    json: JsonFlag = False,
) -> None:
    """Play a song in another style; the result is signed and says what it is made of."""
    with opened(home, platform, as_json=json) as session:
        kept = tuple(word.strip() for word in keep.split(",") if word.strip())
        result = with_progress(
            "Restyling",
            lambda ctx: audition.restyle_to_file(
                session.services,
                source,
                out_file,
                ctx,
                style=style,
                intensity=intensity,
                seed=seed,
                keep=kept,
                provider=provider,
            ),
            quiet=json,
        )
        if json:
            print_json(result)
            return
        for notice in result.notices:
            out(f"note: {notice}")
        out(
            f"{result.out}: {result.style} at {result.tempo_bpm:.1f} BPM in {result.key or 'no clear key'}, "
            f"{result.state}, {result.lufs:.1f} LUFS"
        )


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
