"""Make a project, fill it, render it, export it, and see who is paid."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
import typer

from studio.base.errors import ProjectError
from studio.cli.console import HomeOption, JsonFlag, PlatformOption, opened, out, print_json, say_notices, with_progress
from studio.cli.edit import ProjectArg, report
from studio.flows import acquire, export, import_own, shares

FormatOption = Annotated[
    Literal["wav", "flac", "mp3"] | None, typer.Option("--format", help="By the file's name if absent.")
]


def register(app: typer.Typer) -> None:
    """Add these commands to `app`."""
    app.command()(new)
    app.command()(add)
    app.command()(render)
    app.command(name="export")(export_)
    app.command(name="shares")(shares_)


def new(
    project: ProjectArg,
    title: Annotated[str | None, typer.Option(help="Title; the folder's name if absent.")] = None,
    tempo: Annotated[float | None, typer.Option(help="BPM.")] = None,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Make an empty project."""
    with opened(home, None, as_json=json) as session:
        if project.exists():
            raise ProjectError(
                f"“{project.name}” is there already.", remedy="Choose another name, or open it.", code="project-exists"
            )
        session.new_project(title or project.stem, tempo_bpm=tempo)
        session.save_project(project)
        report(session.project, as_json=json)


def add(
    project: ProjectArg,
    source: Annotated[
        str, typer.Argument(metavar="INPUT", help="An audio file of your own, or the id of a recording.")
    ],
    at: Annotated[float, typer.Option(help="Where it starts, in seconds.")] = 0.0,
    home: HomeOption = None,
    platform: PlatformOption = None,
    json: JsonFlag = False,
) -> None:
    """Add a track with a recording or a file of your own."""
    with opened(home, platform, as_json=json) as session:
        session.open_project(project)
        path = Path(source)
        notices: tuple[str, ...] = ()
        if path.exists() or path.suffix:
            landing = with_progress(
                "Importing",
                lambda ctx: import_own.import_file(session.services, session.project, path, ctx, at_s=at),
                quiet=json,
            )
            notices = landing.result.notices
            session.commit(landing.label, landing.apply(session.project))
        else:
            asset = with_progress("Downloading", lambda ctx: acquire.fetch(session.services, source, ctx), quiet=json)
            placed = acquire.place(session.services, asset, at_s=at)
            session.commit(placed.label, placed.apply(session.project))
        session.save_project()
        if not json:
            say_notices(notices)
        report(session.project, as_json=json)


def render(
    project: ProjectArg,
    out_file: Annotated[Path, typer.Option("--out", help="The file to write: .wav, .flac or .mp3.")],
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Render the mix as it plays. Only projects of your own material: what is licensed leaves by `export`, signed."""
    with opened(home, None, as_json=json) as session:
        session.open_project(project)
        made = with_progress(
            "Rendering", lambda ctx: export.render_own(session.services, session.project, out_file, ctx), quiet=json
        )
        if json:
            print_json(made)
        else:
            out(f"{made.path}: {made.lufs:.1f} LUFS, {made.true_peak_dbtp:.1f} dBTP")


def export_(
    project: ProjectArg,
    out_file: Annotated[Path, typer.Option("--out", help="The file to write.")],
    format_: FormatOption = None,
    rate: Annotated[int | None, typer.Option(help="Sample rate in Hz.")] = None,
    bits: Annotated[int | None, typer.Option(help="16 or 24.")] = None,
    loudness: Annotated[float | None, typer.Option(help="Target in LUFS; 0 keeps it as it is.")] = None,
    destination: Annotated[Literal["platform", "local_preview"], typer.Option(help="Where it goes.")] = "platform",
    artist: Annotated[str | None, typer.Option(help="Your artist name, for the tags.")] = None,
    home: HomeOption = None,
    platform: PlatformOption = None,
    json: JsonFlag = False,
) -> None:
    """Export the mix: checked against the licences, signed, queued, and sent when the platform is there."""
    with opened(home, platform, as_json=json) as session:
        session.open_project(project)
        options = export.options_for(session.services, out_file, format=format_)
        changes = {
            "rate": rate,
            "bits": bits,
            "destination": destination,
            "title": session.project.title,
            "artist": artist,
        }
        options = msgspec.structs.replace(
            options, **{name: value for name, value in changes.items() if value is not None}
        )
        if loudness is not None:
            options = msgspec.structs.replace(options, loudness_lufs=loudness or None)
        made = with_progress(
            "Exporting",
            lambda ctx: export.export(session.services, session.project, out_file, options, ctx),
            quiet=json,
        )
        made = session.deliver(made)
        if json:
            print_json(made)
            return
        out(f"{made.path}: {made.state}, {made.lufs:.1f} LUFS, {made.true_peak_dbtp:.1f} dBTP")
        out(shares.as_text(made.shares))
        out(
            f"receipt {made.receipt_id}"
            if made.receipt_id
            else "queued: it is sent when the platform is there (`contrafact sync`)"
        )


def shares_(project: ProjectArg, home: HomeOption = None, json: JsonFlag = False) -> None:
    """Show who is paid for the mix as it is now."""
    with opened(home, None, as_json=json) as session:
        session.open_project(project)
        found = with_progress(
            "Listening", lambda ctx: shares.shares_of(session.services, session.project, ctx), quiet=json
        )
        if json:
            print_json(found)
        else:
            out(shares.as_text(found))
