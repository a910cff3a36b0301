"""Commands for channel strips: level, equaliser, compressor, effects."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from engine.dsp import effects
from engine.plan import HEAVY_KINDS
from studio.base.errors import ProjectError
from studio.base.ids import uuid7
from studio.cli.console import HomeOption, JsonFlag
from studio.cli.edit.app import app
from studio.cli.edit.names import InsertArg, ProjectArg, TrackArg, apply, find_insert, number, strip_id
from studio.project import edits
from studio.project.model import Insert, PluginRef, Project

insert_app = typer.Typer(help="Effects of a track, a bus or the master.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(insert_app, name="insert")

SetOption = Annotated[list[str] | None, typer.Option("--set", help="NAME=VALUE, repeatable.")]


@app.command()
def strip(
    project: ProjectArg,
    track: TrackArg,
    gain: Annotated[float | None, typer.Option(help="Level in dB, -96 to 12.")] = None,
    pan: Annotated[float | None, typer.Option(help="-1 left to 1 right.")] = None,
    mute: Annotated[bool | None, typer.Option("--mute/--unmute")] = None,
    solo: Annotated[bool | None, typer.Option("--solo/--unsolo")] = None,
    solo_safe: Annotated[
        bool | None, typer.Option("--solo-safe/--no-solo-safe", help="Sound on while others are soloed.")
    ] = None,
    polarity: Annotated[bool | None, typer.Option("--invert/--no-invert", help="Turn the signal upside down.")] = None,
    high_pass: Annotated[float | None, typer.Option(help="Hz, 0 is off.")] = None,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Set level, pan, mute, solo, polarity and high-pass of a track, a bus or the master.

    Example: edit strip Song.contrafact drums --gain -3 --pan 0.2 --solo-safe
    """
    values: dict[str, Any] = {
        "gain_db": gain,
        "pan": pan,
        "mute": mute,
        "solo": solo,
        "solo_safe": solo_safe,
        "polarity": polarity,
        "high_pass_hz": high_pass,
    }
    given = {name: value for name, value in values.items() if value is not None}

    def edit(p: Project) -> Project:
        return edits.set_strip(p, strip_id(p, track), **given)

    apply(project, f"Mix {track}", edit, home, json)


@app.command()
def eq(
    project: ProjectArg,
    track: TrackArg,
    band: Annotated[int, typer.Argument(min=1, max=4, help="Band 1 to 4.")],
    freq: Annotated[float | None, typer.Option(help="Hz.")] = None,
    gain: Annotated[float | None, typer.Option(help="dB, -24 to 24.")] = None,
    q: Annotated[float | None, typer.Option(help="Width, 0.1 to 18.")] = None,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Set one band of the equaliser."""
    apply(
        project,
        f"EQ {track}",
        lambda p: edits.set_eq_band(p, strip_id(p, track), band - 1, freq_hz=freq, gain_db=gain, q=q),
        home,
        json,
    )


@app.command()
def compressor(
    project: ProjectArg,
    track: TrackArg,
    threshold: Annotated[float | None, typer.Option(help="dB.")] = None,
    ratio: Annotated[float | None, typer.Option(help="1 is off.")] = None,
    attack: Annotated[float | None, typer.Option(help="Seconds.")] = None,
    release: Annotated[float | None, typer.Option(help="Seconds.")] = None,
    makeup: Annotated[float | None, typer.Option(help="dB.")] = None,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Set the compressor."""

    def edit(p: Project) -> Project:
        return edits.set_compressor(
            p,
            strip_id(p, track),
            threshold_db=threshold,
            ratio=ratio,
            attack_s=attack,
            release_s=release,
            makeup_db=makeup,
        )

    apply(project, f"Compressor {track}", edit, home, json)


@insert_app.command(name="add")
def insert_add(
    project: ProjectArg,
    track: TrackArg,
    kind: Annotated[
        str, typer.Argument(help="delay, reverb, saturation, limiter, width, lowpass, chorus, vst3 or separation.")
    ],
    parameter: SetOption = None,
    index: Annotated[int | None, typer.Option(min=1, help="Place among the effects; the last if absent.")] = None,
    plugin: Annotated[str, typer.Option(help="Path of the plug-in's file, for vst3 (`contrafact plugins list`).")] = "",
    name: Annotated[str, typer.Option(help="Name of the plug-in, where its file holds several.")] = "",
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Add an effect to a track, a bus or the master.

    Example: edit insert add Song.contrafact vocals reverb --set mix=0.2 --set decay_s=2.4
    """

    def edit(p: Project) -> Project:
        given = _values(parameter)
        if kind == "vst3" and not plugin:
            raise ProjectError(
                "Which plug-in is missing.",
                remedy="Name its file with --plugin; `contrafact plugins list` shows them.",
                code="edit-invalid",
            )
        if kind in HEAVY_KINDS:
            reference = PluginRef(path=plugin, name=name) if kind == "vst3" else None
            made = Insert(id=uuid7(), kind=kind, parameters=given, plugin=reference)
        else:
            # The project takes any kind, so that one from a newer version survives; a person's typing error must not.
            made = Insert(id=uuid7(), kind=kind, parameters=effects.resolve(kind, given))
        return edits.add_insert(p, strip_id(p, track), made, index=None if index is None else index - 1)

    apply(project, f"Insert {kind}", edit, home, json)


@insert_app.command(name="set")
def insert_set(
    project: ProjectArg,
    track: TrackArg,
    effect: InsertArg,
    parameter: SetOption = None,
    bypass: Annotated[bool | None, typer.Option("--bypass/--on", help="Switch it off or on.")] = None,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Change parameters of an effect, or switch it.

    Example: edit insert set Song.contrafact vocals reverb --set mix=0.3 --on
    """

    def edit(p: Project) -> Project:
        strip = strip_id(p, track)
        found = find_insert(p, strip, effect)
        given = _values(parameter)
        if found.kind in effects.EFFECTS and given:
            given = {key: value for key, value in effects.resolve(found.kind, given).items() if key in given}
        return edits.set_insert(p, strip, found.id, parameters=given, bypass=bypass)

    apply(project, f"Change {effect}", edit, home, json)


@insert_app.command(name="move")
def insert_move(
    project: ProjectArg,
    track: TrackArg,
    effect: InsertArg,
    index: Annotated[int, typer.Argument(min=1, help="New place among the effects, from 1.")],
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Move an effect to another place in the signal."""

    def edit(p: Project) -> Project:
        strip = strip_id(p, track)
        return edits.move_insert(p, strip, find_insert(p, strip, effect).id, index - 1)

    apply(project, f"Move {effect}", edit, home, json)


@insert_app.command(name="remove")
def insert_remove(
    project: ProjectArg, track: TrackArg, effect: InsertArg, home: HomeOption = None, json: JsonFlag = False
) -> None:
    """Take an effect away, with its automation."""

    def edit(p: Project) -> Project:
        strip = strip_id(p, track)
        return edits.remove_insert(p, strip, find_insert(p, strip, effect).id)

    apply(project, f"Remove {effect}", edit, home, json)


def _values(texts: list[str] | None) -> dict[str, float]:
    return {name: number(value, name) for name, _, value in (each.partition("=") for each in texts or [])}
