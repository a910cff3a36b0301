"""Sign in, search the catalogue, license and download."""

from __future__ import annotations

from typing import Annotated

import typer

from studio.cli.console import HomeOption, JsonFlag, PlatformOption, opened, out, print_json, table, with_progress
from studio.flows import acquire

catalog_app = typer.Typer(help="The platform's catalogue.", no_args_is_help=True, rich_markup_mode=None)


_MARKS = {"allowed": "✓", "limited": "✓", "exceeded": "!", "forbidden": "✗", "time": "·"}


def register(app: typer.Typer) -> None:
    """Add these commands to `app`."""
    app.command()(login)
    app.command(name="license")(license_)
    app.command()(download)
    catalog_app.command()(search)
    app.add_typer(catalog_app, name="catalog")


def login(
    email: Annotated[
        str | None, typer.Option(help="Account; the demo account of the embedded platform if absent.")
    ] = None,
    password: Annotated[
        str | None,
        typer.Option(envvar="CONTRAFACT_PASSWORD", help="Password; asked for on a terminal, or the browser is used."),
    ] = None,
    device: Annotated[bool, typer.Option("--device", help="Show a code to type in on another device.")] = False,
    home: HomeOption = None,
    platform: PlatformOption = None,
    json: JsonFlag = False,
) -> None:
    """Sign in to the platform. Without options the demo account is used on the embedded platform, and the device
    flow on any other."""
    with opened(home, platform, as_json=json) as session:
        if email is not None and password is None:
            password = typer.prompt("Password", hide_input=True)
        account = session.sign_in_now(email=email, password=password, device=device, show=out)
        if json:
            print_json({"account": account})
        else:
            out(f"Signed in as {account.name} <{account.email}>.")


def search(
    text: Annotated[str, typer.Argument(help="Title, artist, ISRC or key; everything if absent.")] = "",
    may: Annotated[
        list[str] | None, typer.Option(help="Only what may be done, such as style:arrangement. Repeatable.")
    ] = None,
    min_bpm: Annotated[float | None, typer.Option(help="Slowest tempo.")] = None,
    max_bpm: Annotated[float | None, typer.Option(help="Fastest tempo.")] = None,
    stems: Annotated[bool, typer.Option("--stems", help="Only recordings that come with stems.")] = False,
    home: HomeOption = None,
    platform: PlatformOption = None,
    json: JsonFlag = False,
) -> None:
    """Search the catalogue."""
    with opened(home, platform, as_json=json) as session:
        bpm = None if min_bpm is None and max_bpm is None else (min_bpm or 0.0, max_bpm or 1000.0)
        items = acquire.search(
            session.services, text, operations=tuple(may or ()), bpm=bpm, has_stems=True if stems else None
        )
        if json:
            print_json({"recordings": items})
            return
        if not items:
            out("Nothing found. Try fewer words, or no filter.")
            return
        rows = [
            (
                item.id,
                item.title,
                ", ".join(item.artists),
                f"{item.bpm:.1f}" if item.bpm else "-",
                item.key or "-",
                f"{round(item.duration_s) // 60}:{round(item.duration_s) % 60:02d}",
                item.badge,
            )
            for item in items
        ]
        out(table(rows, header=("id", "title", "artist", "BPM", "key", "length", "licence")))


def license_(
    recording: Annotated[str, typer.Argument(help="Id of the recording, as `catalog search` shows it.")],
    home: HomeOption = None,
    platform: PlatformOption = None,
    json: JsonFlag = False,
) -> None:
    """Ask the platform for a licence of a recording, and say what it allows."""
    with opened(home, platform, as_json=json) as session:
        signed = acquire.license_recording(session.services, recording)
        summary = session.rights_summary(signed.grant.resource.asset_sha256)
        if json:
            print_json({"grant": signed.grant, "digest": signed.digest, "summary": summary})
            return
        out(f"{signed.grant.resource.title}: licence {signed.grant.grant_id}, revision {signed.grant.rev}")
        if summary is not None:
            for line in summary.lines:
                out(f"  {_MARKS[line.state]} {line.text}{'  ' + line.note if line.note else ''}")


def download(
    recording: Annotated[str, typer.Argument(help="Id of the recording.")],
    home: HomeOption = None,
    platform: PlatformOption = None,
    json: JsonFlag = False,
) -> None:
    """License and download a recording with its stems; it rests encrypted in the library."""
    with opened(home, platform, as_json=json) as session:
        asset = with_progress("Downloading", lambda ctx: acquire.fetch(session.services, recording, ctx), quiet=json)
        if json:
            print_json({"asset": asset})
        else:
            out(f"{asset.title} is in your library ({', '.join(asset.stems) or 'no stems'}).")
