"""Commands for tracks: buses, folders, sends, automation, takes, splitting, restyling and freezing."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from studio.base.errors import ProjectError
from studio.cli.console import HomeOption, JsonFlag, opened, out, print_json, said_as_json, table, with_progress
from studio.cli.edit.app import NEGATIVE, app
from studio.cli.edit.names import (
    BusArg,
    FolderArg,
    ProjectArg,
    TrackArg,
    apply,
    find_target,
    find_track,
    pairs_of,
    report,
    strip_id,
    targets_of,
)
from studio.flows import freeze as freeze_flow
from studio.flows import restyle as restyle_flow
from studio.flows import separate as separate_flow
from studio.project import edits
from studio.project.model import Project
from studio.project.parameters import value_of

Colour = Literal["none", "mix", "vocals", "drums", "bass", "other", "own"]


@app.command()
def bus(
    project: ProjectArg,
    name: Annotated[str, typer.Argument(help="Name of the new bus.")],
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Add a bus: other tracks play into it or send to it. `remove-track` removes it.

    Example: edit bus Song.contrafact Room && edit insert add Song.contrafact Room reverb --set mix=1
    """
    apply(project, f"Add bus {name}", lambda p: edits.add_bus(p, name), home, json)


@app.command()
def send(
    project: ProjectArg,
    track: TrackArg,
    to: BusArg,
    gain: Annotated[float | None, typer.Option(help="Level in dB, -96 to 12.")] = None,
    pre: Annotated[bool | None, typer.Option("--pre/--post", help="Before or after the fader.")] = None,
    mute: Annotated[bool | None, typer.Option("--mute/--unmute")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Stop sending there.")] = False,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Send a copy of a track to a bus, or change or remove the send.

    Example: edit send Song.contrafact vocals Room --gain -12 --post
    """

    def edit(p: Project) -> Project:
        source, target = find_track(p, track).id, find_track(p, to).id
        if remove:
            return edits.remove_send(p, source, target)
        return edits.set_send(p, source, target, gain_db=gain, pre=pre, mute=mute)

    apply(project, f"Send {track} to {to}", edit, home, json)


@app.command()
def output(
    project: ProjectArg,
    track: TrackArg,
    to: Annotated[str, typer.Argument(help="Bus: name, id or number; `master`.")],
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Let a track play into a bus or the master.

    Example: edit output Song.contrafact drums Beat
    """

    def edit(p: Project) -> Project:
        target = "" if to.strip().lower() == "master" else find_track(p, to).id
        return edits.set_output(p, find_track(p, track).id, target)

    apply(project, f"Output of {track}", edit, home, json)


@app.command()
def group(
    project: ProjectArg,
    tracks: Annotated[list[str], typer.Argument(help="Tracks: names, ids or numbers.")],
    name: Annotated[str, typer.Option(help="Name of the folder.")] = "Group",
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Put tracks into a new folder: they stand below it and play into it. `ungroup` takes it away again.

    Example: edit group Song.contrafact guitar "guitar 2" --name Guitars
    """

    def edit(p: Project) -> Project:
        return edits.group_tracks(p, [find_track(p, each).id for each in tracks], name)

    apply(project, f"Group {name}", edit, home, json)


@app.command()
def ungroup(project: ProjectArg, folder: FolderArg, home: HomeOption = None, json: JsonFlag = False) -> None:
    """Take a folder away and leave its tracks, which play where it did."""
    apply(project, f"Ungroup {folder}", lambda p: edits.ungroup(p, find_track(p, folder).id), home, json)


@app.command(name="put-in-folder")
def put_in_folder(
    project: ProjectArg,
    folder: Annotated[str, typer.Argument(help="Folder or bus: name, id or number; `none` takes them out.")],
    tracks: Annotated[list[str], typer.Argument(help="Tracks: names, ids or numbers.")],
    place: Annotated[int | None, typer.Option(min=1, help="Place within the folder, from 1; its end without.")] = None,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Move tracks into a folder, or out of all.

    Examples: edit put-in-folder Song.contrafact Guitars banjo --place 1; edit put-in-folder Song.contrafact none banjo
    """

    def edit(p: Project) -> Project:
        target = None if folder.strip().lower() == "none" else find_track(p, folder).id
        index = None if place is None else place - 1
        return edits.put_in_folder(p, [find_track(p, each).id for each in tracks], target, index=index)

    apply(project, f"Put into {folder}", edit, home, json)


@app.command(name="move-track")
def move_track(
    project: ProjectArg,
    track: TrackArg,
    place: Annotated[int, typer.Argument(min=1, help="Place among the tracks beside it, from 1.")],
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Move a track among those beside it, with its stems and all that lies in it."""
    apply(project, f"Move {track}", lambda p: edits.move_track(p, find_track(p, track).id, place - 1), home, json)


@app.command(name="set-colour")
def set_colour(
    project: ProjectArg,
    track: TrackArg,
    colour: Annotated[Colour, typer.Argument(help="Colour of this role; `none` is that of the track's own.")],
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Show a track or folder in another colour."""
    role = None if colour == "none" else colour
    apply(project, f"Colour of {track}", lambda p: edits.set_colour(p, find_track(p, track).id, role), home, json)


@app.command()
def parameters(project: ProjectArg, track: TrackArg, home: HomeOption = None, json: JsonFlag = False) -> None:
    """List what can be set and automated on a track, a bus or the master, with ranges and values."""
    with opened(home, None, as_json=json) as session:
        session.open_project(project)
        p = session.project
        strip = strip_id(p, track)
        rows = targets_of(p, strip)
        automated = {lane.target for lane in edits.automation_of(p, strip)}
        if json:
            print_json(
                [
                    {
                        "name": name,
                        "target": each.target,
                        "title": each.title,
                        "unit": each.unit,
                        "minimum": each.minimum,
                        "maximum": each.maximum,
                        "default": each.default,
                        "scale": each.scale,
                        "value": value_of(p, strip, each.target),
                        "automated": each.target in automated,
                    }
                    for name, each in rows
                ]
            )
            return
        out(
            table(
                [
                    (
                        name,
                        f"{value_of(p, strip, each.target):g} {each.unit}".strip(),
                        f"{each.minimum:g} to {each.maximum:g}",
                        "automated" if each.target in automated else "",
                    )
                    for name, each in rows
                ],
                header=("parameter", "value", "range", ""),
            )
        )


@app.command(name="set", context_settings=NEGATIVE)
def set_(
    project: ProjectArg,
    track: TrackArg,
    parameter: Annotated[str, typer.Argument(help="Parameter, as `edit parameters` lists it.")],
    value: Annotated[float, typer.Argument(help="Value in its own unit.")],
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Set any parameter of a track, a bus or the master.

    Example: edit set Song.contrafact vocals reverb.mix 0.3
    """

    def edit(p: Project) -> Project:
        strip = strip_id(p, track)
        return edits.set_parameter(p, strip, find_target(p, strip, parameter), value)

    apply(project, f"Set {parameter}", edit, home, json)


@app.command()
def automate(
    project: ProjectArg,
    track: TrackArg,
    parameter: Annotated[str, typer.Argument(help="Parameter, as `edit parameters` lists it.")],
    point: Annotated[
        list[str] | None, typer.Argument(help="TIME=VALUE: seconds, m:ss or bar.beat.tick, and the value.")
    ] = None,
    add: Annotated[bool, typer.Option("--add", help="Add to the points that are there.")] = False,
    hold: Annotated[bool | None, typer.Option("--hold/--ramp", help="Keep each value until the next point.")] = None,
    enabled: Annotated[bool | None, typer.Option("--on/--off", help="Switch the lane.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the lane.")] = False,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Move a parameter over time.

    Examples: edit automate Song.contrafact vocals gain_db 0=-96 2=0; edit automate Song.contrafact Room reverb.mix
    1.1.0=0.2 9.1.0=0.6 --hold; edit automate Song.contrafact vocals gain_db --off
    """

    def edit(p: Project) -> Project:
        strip = strip_id(p, track)
        target = find_target(p, strip, parameter)
        if remove:
            return edits.remove_automation(p, strip, target)
        points = pairs_of(p, point or [])
        if add:
            for at_s, value in points:
                p = edits.add_automation_point(p, strip, target, at_s, value)
        lane = edits.lane_of(p, strip, target)
        if points and not add:
            p = edits.set_automation(p, strip, target, points, hold=hold)
        elif hold is not None and lane is not None:
            p = edits.set_automation(p, strip, target, lane.points, hold=hold)
        if enabled is not None:
            p = edits.set_automation_enabled(p, strip, target, enabled)
        if not points and hold is None and enabled is None:
            raise ProjectError("There are no points.", remedy="Write them as TIME=VALUE.", code="edit-invalid")
        return p

    apply(project, f"Automate {parameter}", edit, home, json)


@app.command(name="remove-track")
def remove_track(project: ProjectArg, track: TrackArg, home: HomeOption = None, json: JsonFlag = False) -> None:
    """Remove a track and its stems, a folder with all that lies in it."""
    apply(project, f"Remove {track}", lambda p: edits.remove_track(p, find_track(p, track).id), home, json)


@app.command(name="rename-track")
def rename_track(
    project: ProjectArg, track: TrackArg, name: str, home: HomeOption = None, json: JsonFlag = False
) -> None:
    """Rename a track."""
    apply(project, f"Rename {track}", lambda p: edits.rename_track(p, find_track(p, track).id, name), home, json)


@app.command()
def take(
    project: ProjectArg,
    track: TrackArg,
    number: Annotated[int, typer.Argument(min=0, help="Number of the take; 0 is the original.")],
    remove: Annotated[bool, typer.Option("--remove", help="Remove this take.")] = False,
    star: Annotated[bool | None, typer.Option("--star/--unstar", help="Mark it as a favourite.")] = None,
    name: Annotated[str | None, typer.Option(help="Rename it.")] = None,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Choose a take; or remove, mark or rename it.

    Examples: edit take Song.contrafact song 2; edit take Song.contrafact song 2 --star --name "Night house"
    """

    def edit(p: Project) -> Project:
        found = find_track(p, track).id
        if remove:
            return edits.remove_take(p, found, number)
        if star is not None:
            p = edits.star_take(p, found, number, star)
        if name is not None:
            p = edits.rename_take(p, found, number, name)
        return p if star is not None or name is not None else edits.choose_take(p, found, number or None)

    apply(project, f"Remove take {number}" if remove else f"Take {number}", edit, home, json)


@app.command()
def freeze(
    project: ProjectArg,
    track: TrackArg,
    off: Annotated[bool, typer.Option("--off", help="Play clips and effects again.")] = False,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Render a track through its effects, so that it plays without them; an edit brings them back.

    Example: edit freeze Song.contrafact vocals
    """
    if off:
        apply(project, f"Unfreeze {track}", lambda p: edits.unfreeze(p, find_track(p, track).id), home, json)
        return
    with opened(home, None, as_json=json) as session:
        session.open_project(project)
        track_id = find_track(session.project, track).id
        landing = with_progress(
            "Freezing",
            lambda ctx: freeze_flow.freeze(session.services, session.project, track_id, ctx),
            quiet=json,
        )
        session.commit(landing.label, landing.apply(session.project))
        session.save_project()
        report(session.project, as_json=json)


@app.command()
def split(
    project: ProjectArg,
    track: TrackArg,
    stems: Annotated[
        Literal["label", "model"], typer.Option(help="The label's own stems, where there are any, or the model's.")
    ] = "label",
    provider: Annotated[
        Literal["auto", "cpu", "cuda", "tensorrt"], typer.Option(help="Where the model runs.")
    ] = "auto",
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Split a track into stems below it."""
    with opened(home, None, as_json=json) as session:
        session.open_project(project)
        track_id = find_track(session.project, track).id
        landing = with_progress(
            "Splitting",
            lambda ctx: separate_flow.split(
                session.services, session.project, track_id, ctx, prefer=stems, provider=provider
            ),
            quiet=json,
        )
        session.commit(landing.label, landing.apply(session.project))
        session.save_project()
        if json:
            print_json(landing.result)
        else:
            report(session.project, as_json=False)


@app.command()
def restyle(
    project: ProjectArg,
    track: TrackArg,
    style: Annotated[str, typer.Option(help="Id of the style.")],
    intensity: Annotated[float, typer.Option(min=0.0, max=1.0)] = 1.0,
    seed: int = 0,
    keep: Annotated[str, typer.Option(help="Stems that stay, separated by commas.")] = "vocals",
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Restyle a track; the result is its next take."""
    with opened(home, None, as_json=json) as session:
        session.open_project(project)
        track_id = find_track(session.project, track).id
        kept = tuple(word.strip() for word in keep.split(",") if word.strip())
        landing = with_progress(
            "Restyling",
            lambda ctx: restyle_flow.restyle(
                session.services, session.project, track_id, ctx, style=style, intensity=intensity, seed=seed, keep=kept
            ),
            quiet=json,
        )
        session.commit(landing.label, landing.apply(session.project))
        session.save_project()
        if said_as_json(landing.result, as_json=json):
            return
        report(session.project, as_json=False)
