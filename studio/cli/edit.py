"""Edit a project from the command line: each command is one undoable step, written at once.

Tracks and clips are named by id, by name (case does not matter, unique beginnings will do) or by number from 1 in
the order of `edit show`;
stems of one split track among several are written ``Song/drums``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.dsp import effects
from studio.base.errors import ProjectError
from studio.base.ids import uuid7
from studio.cli.console import HomeOption, JsonFlag, opened, out, print_json, table, with_progress
from studio.flows import restyle as restyle_flow
from studio.flows import separate as separate_flow
from studio.project import edits
from studio.project.model import Clip, Insert, Project, Track
from studio.project.tempo import TempoMap

app = typer.Typer(
    help="Change a project; each command is one undoable step.", no_args_is_help=True, rich_markup_mode=None
)

ProjectArg = Annotated[Path, typer.Argument(help="The project's folder, Name.contrafact.")]
TrackArg = Annotated[str, typer.Argument(help="Track: name, id or number; `master` where it applies.")]
ClipArg = Annotated[str, typer.Argument(help="Clip: id, or TRACK:NUMBER such as drums:1.")]

Edit = Callable[[Project], Project]


def find_track(project: Project, text: str) -> Track:
    """The track that a person means.

    Raises:
        ProjectError: edit-invalid, naming what there is.
    """
    names = {track.id: _path_name(project, track) for track in project.tracks}
    wanted = text.strip().lower()
    exact = [t for t in project.tracks if t.id == text or t.name.lower() == wanted or names[t.id].lower() == wanted]
    if not exact and wanted.isdigit() and 1 <= int(wanted) <= len(project.tracks):
        exact = [project.tracks[int(wanted) - 1]]
    if not exact:
        exact = [
            t for t in project.tracks if t.name.lower().startswith(wanted) or names[t.id].lower().startswith(wanted)
        ]
    if len(exact) == 1:
        return exact[0]
    known = ", ".join(names.values()) or "none yet"
    raise ProjectError(
        f"“{text}” names {len(exact)} tracks." if exact else f"There is no track “{text}”.",
        remedy=f"Tracks of this project: {known}.",
        code="edit-invalid",
    )


def _path_name(project: Project, track: Track) -> str:
    return track.name if track.parent is None else f"{edits.find_track(project, track.parent).name}/{track.name}"


def find_clip(project: Project, text: str) -> Clip:
    """The clip that a person means: its id, or TRACK:NUMBER; the track alone where it has one clip."""
    for track in project.tracks:
        for clip in track.clips:
            if clip.id == text:
                return clip
    name, _, number = text.rpartition(":") if ":" in text else (text, "", "1")
    track = find_track(project, name)
    if number.isdigit() and 1 <= int(number) <= len(track.clips):
        return track.clips[int(number) - 1]
    raise ProjectError(
        f"There is no clip {number} on “{track.name}”.",
        remedy=f"It has {len(track.clips)} clips; `edit show` lists them.",
        code="edit-invalid",
    )


def _apply(path: Path, label: str, edit: Edit, home: Path | None, as_json: bool) -> None:
    with opened(home, None, as_json=as_json) as session:
        session.open_project(path)
        session.commit(label, edit(session.project))
        session.save_project()
        report(session.project, as_json=as_json)


def report(project: Project, *, as_json: bool) -> None:
    """Print the project's tracks and clips."""
    if as_json:
        print_json({"project": project, "length_s": project.length_s})
        return
    tempo = TempoMap.of(project)
    rows: list[tuple[str, ...]] = []
    for index, track in enumerate(project.tracks, 1):
        flags = ("M" if track.strip.mute else "-") + ("S" if track.strip.solo else "-")
        take = f"take {track.take}" if track.take else ""
        indent = "  " if track.parent else ""
        rows.append(
            (
                str(index),
                f"{indent}{track.name}",
                flags,
                f"{track.strip.gain_db:+.1f} dB",
                f"pan {track.strip.pan:+.2f}",
                take,
            )
        )
        for number, clip in enumerate(track.clips, 1):
            rows.append(
                (
                    "",
                    f"{indent}  {number}: {clip.name or project.sources[clip.source].title}",
                    "",
                    tempo.text(clip.start_s),
                    f"{clip.length_s:.2f} s",
                    _shape(clip),
                )
            )
    out(
        f"{project.title}: {project.tempo[0].bpm:.2f} BPM, {project.beats_per_bar}/{project.beat_unit}, "
        f"{project.key or 'no key'}, {project.length_s:.2f} s"
    )
    out(table(rows) if rows else "No tracks yet: add one with `contrafact add`.")


def _shape(clip: Clip) -> str:
    parts = [
        f"x{clip.tempo_ratio:.3f}" if clip.tempo_ratio != 1 else "",
        f"{clip.semitones:+g} st" if clip.semitones else "",
    ]
    parts += [
        f"{clip.gain_db:+.1f} dB" if clip.gain_db else "",
        "reversed" if clip.reverse else "",
        "muted" if clip.muted else "",
    ]
    return " ".join(part for part in parts if part)


@app.command()
def show(project: ProjectArg, home: HomeOption = None, json: JsonFlag = False) -> None:
    """List tracks and clips."""
    with opened(home, None, as_json=json) as session:
        session.open_project(project)
        report(session.project, as_json=json)


@app.command()
def tempo(project: ProjectArg, bpm: float, home: HomeOption = None, json: JsonFlag = False) -> None:
    """Set the tempo."""
    _apply(project, f"Tempo {bpm:g}", lambda p: edits.set_tempo(p, bpm), home, json)


@app.command()
def key(project: ProjectArg, name: str, home: HomeOption = None, json: JsonFlag = False) -> None:
    """Set the key's name."""
    _apply(project, f"Key {name}", lambda p: edits.set_key(p, name), home, json)


@app.command()
def title(project: ProjectArg, name: str, home: HomeOption = None, json: JsonFlag = False) -> None:
    """Rename the project."""
    _apply(project, "Rename", lambda p: edits.rename_project(p, name), home, json)


@app.command()
def strip(
    project: ProjectArg,
    track: TrackArg,
    gain: Annotated[float | None, typer.Option(help="Level in dB, -96 to 12.")] = None,
    pan: Annotated[float | None, typer.Option(help="-1 left to 1 right.")] = None,
    mute: Annotated[bool | None, typer.Option("--mute/--unmute")] = None,
    solo: Annotated[bool | None, typer.Option("--solo/--unsolo")] = None,
    high_pass: Annotated[float | None, typer.Option(help="Hz, 0 is off.")] = None,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Set level, pan, mute, solo and high-pass of a track or of the master."""
    values: dict[str, Any] = {"gain_db": gain, "pan": pan, "mute": mute, "solo": solo, "high_pass_hz": high_pass}
    given = {name: value for name, value in values.items() if value is not None}

    def edit(p: Project) -> Project:
        return edits.set_strip(p, _strip_id(p, track), **given)

    _apply(project, f"Mix {track}", edit, home, json)


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
    _apply(
        project,
        f"EQ {track}",
        lambda p: edits.set_eq_band(p, _strip_id(p, track), band - 1, freq_hz=freq, gain_db=gain, q=q),
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
            _strip_id(p, track),
            threshold_db=threshold,
            ratio=ratio,
            attack_s=attack,
            release_s=release,
            makeup_db=makeup,
        )

    _apply(project, f"Compressor {track}", edit, home, json)


@app.command()
def insert(
    project: ProjectArg,
    track: TrackArg,
    kind: Annotated[str, typer.Argument(help="delay, reverb, saturation, limiter, width, lowpass or chorus.")],
    parameter: Annotated[list[str] | None, typer.Option("--set", help="NAME=VALUE, repeatable.")] = None,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Add an effect to a track."""

    def edit(p: Project) -> Project:
        given = {name: _number(value, name) for name, _, value in (each.partition("=") for each in parameter or [])}
        # The project takes any kind, so that one from a newer version survives; a person's typing error must not.
        made = Insert(id=uuid7(), kind=kind, parameters=effects.resolve(kind, given))
        return edits.add_insert(p, _strip_id(p, track), made)

    _apply(project, f"Insert {kind}", edit, home, json)


@app.command()
def move(
    project: ProjectArg,
    clip: ClipArg,
    start: Annotated[float, typer.Argument(help="New start in seconds.")],
    track: Annotated[str | None, typer.Option(help="Track to move it to.")] = None,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Move a clip; what is in the way makes room."""

    def edit(p: Project) -> Project:
        target = find_track(p, track).id if track is not None else None
        return edits.move_clip(p, find_clip(p, clip).id, start, track_id=target)

    _apply(project, "Move clip", edit, home, json)


@app.command()
def trim(
    project: ProjectArg,
    clip: ClipArg,
    start: Annotated[float | None, typer.Option(help="New start in seconds.")] = None,
    end: Annotated[float | None, typer.Option(help="New end in seconds.")] = None,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Trim a clip on either side; the sound stays where it is."""
    _apply(
        project, "Trim clip", lambda p: edits.trim_clip(p, find_clip(p, clip).id, start_s=start, end_s=end), home, json
    )


@app.command()
def cut(
    project: ProjectArg,
    clip: ClipArg,
    at: Annotated[float, typer.Argument(help="Seconds.")],
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Split a clip in two."""
    _apply(project, "Split clip", lambda p: edits.split_clip(p, find_clip(p, clip).id, at), home, json)


@app.command()
def delete(project: ProjectArg, clip: ClipArg, home: HomeOption = None, json: JsonFlag = False) -> None:
    """Delete a clip."""
    _apply(project, "Delete clip", lambda p: edits.delete_clips(p, [find_clip(p, clip).id]), home, json)


@app.command(name="clip")
def clip_(
    project: ProjectArg,
    clip: ClipArg,
    gain: Annotated[float | None, typer.Option(help="dB.")] = None,
    fade_in: Annotated[float | None, typer.Option(help="Seconds.")] = None,
    fade_out: Annotated[float | None, typer.Option(help="Seconds.")] = None,
    pitch: Annotated[float | None, typer.Option(help="Semitones.")] = None,
    speed: Annotated[
        float | None, typer.Option(help="Tempo ratio: 1.1 plays a tenth faster at the same pitch.")
    ] = None,
    reverse: Annotated[bool | None, typer.Option("--reverse/--forward")] = None,
    mute: Annotated[bool | None, typer.Option("--mute/--unmute")] = None,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Set gain, fades, pitch, speed and direction of a clip."""

    def edit(p: Project) -> Project:
        return edits.set_clip(
            p,
            find_clip(p, clip).id,
            gain_db=gain,
            fade_in_s=fade_in,
            fade_out_s=fade_out,
            semitones=pitch,
            tempo_ratio=speed,
            reverse=reverse,
            muted=mute,
        )

    _apply(project, "Change clip", edit, home, json)


@app.command(name="remove-track")
def remove_track(project: ProjectArg, track: TrackArg, home: HomeOption = None, json: JsonFlag = False) -> None:
    """Remove a track and its stems."""
    _apply(project, f"Remove {track}", lambda p: edits.remove_track(p, find_track(p, track).id), home, json)


@app.command(name="rename-track")
def rename_track(
    project: ProjectArg, track: TrackArg, name: str, home: HomeOption = None, json: JsonFlag = False
) -> None:
    """Rename a track."""
    _apply(project, f"Rename {track}", lambda p: edits.rename_track(p, find_track(p, track).id, name), home, json)


@app.command()
def take(
    project: ProjectArg,
    track: TrackArg,
    number: Annotated[int, typer.Argument(min=0, help="Number of the take; 0 is the original.")],
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Choose a take."""
    _apply(
        project, f"Take {number}", lambda p: edits.choose_take(p, find_track(p, track).id, number or None), home, json
    )


@app.command()
def split(
    project: ProjectArg,
    track: TrackArg,
    stems: Annotated[str, typer.Option(help="label or model.")] = "label",
    provider: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Split a track into stems below it."""
    with opened(home, None, as_json=json) as session:
        session.open_project(project)
        track_id = find_track(session.project, track).id
        prefer = "model" if stems == "model" else "label"
        landing = with_progress(
            "Splitting",
            lambda ctx: separate_flow.split(
                session.services, session.project, track_id, ctx, prefer=prefer, provider=provider
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
        if json:
            print_json(landing.result)
            return
        for notice in landing.result.notices:
            out(f"note: {notice}")
        report(session.project, as_json=False)


def _strip_id(project: Project, text: str) -> str:
    return edits.MASTER if text.strip().lower() == "master" else find_track(project, text).id


def _number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ProjectError(
            f"“{text}” is not a number for {name}.",
            remedy="Write it as NAME=VALUE, such as mix=0.3.",
            code="edit-invalid",
        ) from None
