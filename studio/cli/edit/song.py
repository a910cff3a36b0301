"""Commands for the project as a whole: its name, tempo, metre, markers and loop."""

from __future__ import annotations

from typing import Annotated

import typer

from studio.base.errors import ProjectError
from studio.cli.console import HomeOption, JsonFlag, opened
from studio.cli.edit.app import app
from studio.cli.edit.names import AtArg, ProjectArg, apply, report, seconds_of
from studio.project import edits
from studio.project.model import Project


@app.command()
def show(project: ProjectArg, home: HomeOption = None, json: JsonFlag = False) -> None:
    """List tracks and clips."""
    with opened(home, None, as_json=json) as session:
        session.open_project(project)
        report(session.project, as_json=json)


@app.command()
def tempo(
    project: ProjectArg,
    bpm: Annotated[float | None, typer.Argument(help="Beats a minute, 20 to 400; leave it out with --remove.")] = None,
    bar: Annotated[int, typer.Option(min=1, help="The bar from which it holds.")] = 1,
    stay: Annotated[
        bool, typer.Option("--stay", help="Leave everything in seconds, also clips that follow the tempo.")
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the tempo change at --bar instead.")] = False,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Set the tempo, from the start or from a bar on.

    Clips that follow the tempo (`edit follow`) keep their bars, and so does what stands on bar lines.

    Examples: edit tempo Song.contrafact 124; edit tempo Song.contrafact 140 --bar 33
    """

    def edit(p: Project) -> Project:
        at_beats = float((bar - 1) * p.beats_per_bar)
        if remove:
            return edits.remove_tempo(p, at_beats)
        if bpm is None:
            raise ProjectError("A tempo is missing.", remedy="Write it in beats a minute.", code="edit-invalid")
        return edits.set_tempo(p, bpm, at_beats=at_beats, move=not stay)

    apply(project, "Remove tempo change" if remove else f"Tempo {bpm:g}", edit, home, json)


@app.command()
def signature(
    project: ProjectArg,
    metre: Annotated[str, typer.Argument(help="Beats and unit, such as 3/4 or 7/8.")],
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Set the time signature.

    Example: edit signature Song.contrafact 6/8
    """

    def edit(p: Project) -> Project:
        beats, slash, unit = metre.partition("/")
        if not slash or not beats.strip().isdigit() or not unit.strip().isdigit():
            raise ProjectError(f"“{metre}” is no metre.", remedy="Write it as 4/4 or 6/8.", code="edit-invalid")
        return edits.set_time_signature(p, int(beats), int(unit))

    apply(project, f"Metre {metre}", edit, home, json)


@app.command()
def marker(
    project: ProjectArg,
    at: AtArg,
    name: Annotated[str | None, typer.Argument(help="Its name; leave it out with --remove.")] = None,
    length: Annotated[float, typer.Option(min=0.0, help="Seconds, for a section.")] = 0.0,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the markers at this place instead.")] = False,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Set or remove a marker or a section.

    Examples: edit marker Song.contrafact 17.1.0 Drop; edit marker Song.contrafact 32 Chorus --length 16
    """

    def edit(p: Project) -> Project:
        at_s = seconds_of(p, at)
        if not remove:
            return edits.add_marker(p, at_s, name or "", length_s=length)
        found = [each for each in p.markers if abs(each.start_s - at_s) < 0.0005]
        if not found:
            known = ", ".join(f"{each.start_s:.3f} {each.name}" for each in p.markers) or "none yet"
            raise ProjectError("There is no marker there.", remedy=f"Markers: {known}.", code="edit-invalid")
        for each in found:
            p = edits.remove_marker(p, each)
        return p

    apply(project, "Remove marker" if remove else f"Marker {name}", edit, home, json)


@app.command()
def loop(
    project: ProjectArg,
    start: Annotated[str | None, typer.Argument(help="Where it begins: seconds, m:ss or bar.beat.tick.")] = None,
    end: Annotated[str | None, typer.Argument(help="Where it ends.")] = None,
    off: Annotated[bool, typer.Option("--off", help="Switch the loop off.")] = False,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Set the loop and switch it on, or off.

    Examples: edit loop Song.contrafact 9.1.0 17.1.0; edit loop Song.contrafact --off
    """

    def edit(p: Project) -> Project:
        return edits.set_loop(
            p,
            start_s=None if start is None else seconds_of(p, start),
            end_s=None if end is None else seconds_of(p, end),
            enabled=not off,
        )

    apply(project, "Loop", edit, home, json)


@app.command()
def key(project: ProjectArg, name: str, home: HomeOption = None, json: JsonFlag = False) -> None:
    """Set the key's name."""
    apply(project, f"Key {name}", lambda p: edits.set_key(p, name), home, json)


@app.command()
def title(project: ProjectArg, name: str, home: HomeOption = None, json: JsonFlag = False) -> None:
    """Rename the project."""
    apply(project, "Rename", lambda p: edits.rename_project(p, name), home, json)
