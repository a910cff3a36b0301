"""Commands for clips: place, cut, gain, fades, pitch, speed, direction, and how they follow time."""

from __future__ import annotations

from typing import Annotated

import typer

from studio.base.errors import ProjectError
from studio.cli.console import HomeOption, JsonFlag
from studio.cli.edit.app import NEGATIVE, app
from studio.cli.edit.names import AtArg, ClipArg, ProjectArg, apply, find_clip, find_track, pairs_of, seconds_of
from studio.project import edits
from studio.project.model import FadeCurve, Project


@app.command()
def move(
    project: ProjectArg,
    clip: ClipArg,
    start: AtArg,
    track: Annotated[str | None, typer.Option(help="Track to move it to.")] = None,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Move a clip; what is in the way makes room.

    Examples: edit move Song.contrafact drums:1 5.1.0; edit move Song.contrafact drums:1 12.5 --track "Drums 2"
    """

    def edit(p: Project) -> Project:
        target = find_track(p, track).id if track is not None else None
        return edits.move_clip(p, find_clip(p, clip).id, seconds_of(p, start), track_id=target)

    apply(project, "Move clip", edit, home, json)


@app.command()
def trim(
    project: ProjectArg,
    clip: ClipArg,
    start: Annotated[str | None, typer.Option(help="New start: seconds, m:ss or bar.beat.tick.")] = None,
    end: Annotated[str | None, typer.Option(help="New end.")] = None,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Trim a clip on either side; the sound stays where it is."""

    def edit(p: Project) -> Project:
        start_s, end_s = (None if at is None else seconds_of(p, at) for at in (start, end))
        return edits.trim_clip(p, find_clip(p, clip).id, start_s=start_s, end_s=end_s)

    apply(project, "Trim clip", edit, home, json)


@app.command()
def cut(
    project: ProjectArg,
    clip: ClipArg,
    at: AtArg,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Split a clip in two."""
    apply(project, "Split clip", lambda p: edits.split_clip(p, find_clip(p, clip).id, seconds_of(p, at)), home, json)


@app.command()
def delete(project: ProjectArg, clip: ClipArg, home: HomeOption = None, json: JsonFlag = False) -> None:
    """Delete a clip."""
    apply(project, "Delete clip", lambda p: edits.delete_clips(p, [find_clip(p, clip).id]), home, json)


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

    apply(project, "Change clip", edit, home, json)


@app.command()
def fade(
    project: ProjectArg,
    clip: ClipArg,
    in_s: Annotated[float | None, typer.Option("--in", min=0.0, help="Fade-in in seconds.")] = None,
    out_s: Annotated[float | None, typer.Option("--out", min=0.0, help="Fade-out in seconds.")] = None,
    in_curve: Annotated[FadeCurve | None, typer.Option(help="Shape of the fade-in.")] = None,
    out_curve: Annotated[FadeCurve | None, typer.Option(help="Shape of the fade-out.")] = None,
    into: Annotated[str | None, typer.Option(help="Cross-fade into this clip instead, which it must touch.")] = None,
    length: Annotated[float, typer.Option(min=0.0, help="Seconds of the cross-fade.")] = 0.02,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Set the fades of a clip, or cross-fade it into the next.

    Examples: edit fade Song.contrafact vocals:1 --in 0.5 --in-curve s_curve;
    edit fade Song.contrafact drums:1 --into drums:2 --length 0.05
    """

    def edit(p: Project) -> Project:
        found = find_clip(p, clip).id
        if into is not None:
            p = edits.crossfade(p, found, find_clip(p, into).id, length_s=length)
        return edits.set_clip(
            p, found, fade_in_s=in_s, fade_out_s=out_s, fade_in_curve=in_curve, fade_out_curve=out_curve
        )

    apply(project, "Fade", edit, home, json)


@app.command(context_settings=NEGATIVE)
def transpose(
    project: ProjectArg,
    clip: ClipArg,
    semitones: Annotated[float, typer.Argument(help="-24 to 24.")],
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Move the pitch of a clip; its tempo stays.

    Example: edit transpose Song.contrafact vocals:1 2
    """
    apply(
        project,
        f"Transpose {semitones:+g}",
        lambda p: edits.set_clip(p, find_clip(p, clip).id, semitones=semitones),
        home,
        json,
    )


@app.command()
def reverse(project: ProjectArg, clip: ClipArg, home: HomeOption = None, json: JsonFlag = False) -> None:
    """Play a clip from its end to its start, or forwards again."""

    def edit(p: Project) -> Project:
        found = find_clip(p, clip)
        return edits.set_clip(p, found.id, reverse=not found.reverse)

    apply(project, "Reverse", edit, home, json)


@app.command(context_settings=NEGATIVE)
def slip(
    project: ProjectArg,
    clip: ClipArg,
    by: Annotated[float, typer.Argument(help="Seconds that the sound moves later under the clip.")],
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Move the sound under a clip; the clip stays where it is.

    Example: edit slip Song.contrafact vocals:2 0.25
    """
    apply(project, "Slip", lambda p: edits.slip_clip(p, find_clip(p, clip).id, by), home, json)


@app.command()
def warp(
    project: ProjectArg,
    clip: ClipArg,
    marker: Annotated[
        list[str] | None, typer.Argument(help="SOURCE=CLIP in seconds: this place of the sound plays then.")
    ] = None,
    beats: Annotated[
        str | None, typer.Option(help="Beats of the sound in seconds, separated by commas: put them on the grid.")
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Take all markers away.")] = False,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Stretch a clip so that places of its sound play at chosen times.

    Examples: edit warp Song.contrafact vocals:1 0=0 4.02=4 8.1=8; edit warp Song.contrafact drums:1 --clear
    """

    def edit(p: Project) -> Project:
        found = find_clip(p, clip).id
        if clear:
            return edits.clear_warp(p, found)
        if beats is not None:
            places = [float(each) for each in beats.split(",") if _is_number(each)]
            return edits.warp_to_grid(p, found, places)
        return edits.set_warp(p, found, pairs_of(p, marker or []))

    apply(project, "Remove warp" if clear else "Warp", edit, home, json)


@app.command()
def follow(
    project: ProjectArg,
    clip: ClipArg,
    on: Annotated[bool, typer.Option("--on/--off", help="Keep it on its bars, or in seconds.")] = True,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Let a clip follow the tempo of the project.

    Example: edit follow Song.contrafact drums:1 && edit tempo Song.contrafact 128
    """
    apply(
        project,
        "Follow the tempo" if on else "Stay in seconds",
        lambda p: edits.set_follow_tempo(p, find_clip(p, clip).id, on),
        home,
        json,
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        raise ProjectError(
            f"“{text.strip()[:40]}” is no time of a beat.",
            remedy="Write seconds, such as 0.5,1.02.",
            code="edit-invalid",
        ) from None
    return True
