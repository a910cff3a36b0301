"""What a person types, and what it means in a project: tracks, clips, effects, parameters, times."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from studio.base.errors import ProjectError
from studio.cli.console import opened, out, plural, print_json, table
from studio.project import edits
from studio.project.model import Clip, Insert, Project, Track
from studio.project.parameters import Parameter, parameters_of
from studio.project.tempo import TempoMap

ProjectArg = Annotated[Path, typer.Argument(help="The project's folder, Name.contrafact.")]
TrackArg = Annotated[str, typer.Argument(help="Track: name, id or number; `master` where it applies.")]
ClipArg = Annotated[str, typer.Argument(help="Clip: id, or TRACK:NUMBER such as drums:1.")]
BusArg = Annotated[str, typer.Argument(help="Bus: name, id or number.")]
FolderArg = Annotated[str, typer.Argument(help="Folder: name, id or number.")]
InsertArg = Annotated[str, typer.Argument(help="Effect: its number on the track from 1, its kind, or its id.")]
AtArg = Annotated[str, typer.Argument(help="Seconds, m:ss, or bar.beat.tick such as 5.1.0.")]

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
        remedy=f"It has {plural(len(track.clips), 'clip')}; `edit show` lists them.",
        code="edit-invalid",
    )


def find_insert(project: Project, track_id: str, text: str) -> Insert:
    """The effect that a person means: its number from 1, its kind where only one is of it, or its id.

    Raises:
        ProjectError: edit-invalid, naming what there is.
    """
    inserts = edits.strip_of(project, track_id).inserts
    wanted = text.strip().lower()
    if wanted.isdigit() and 1 <= int(wanted) <= len(inserts):
        return inserts[int(wanted) - 1]
    found = [each for each in inserts if each.id == text] or [each for each in inserts if each.kind == wanted]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{number} {each.kind}" for number, each in enumerate(inserts, 1)) or "none yet"
    raise ProjectError(
        f"“{text}” names {len(found)} effects." if found else f"There is no effect “{text}” on that track.",
        remedy=f"Its effects: {known}.",
        code="edit-invalid",
    )


def targets_of(project: Project, track_id: str) -> list[tuple[str, Parameter]]:
    """The parameters of a track with short names: ``band1.gain_db``, ``delay.mix`` (``delay2.mix`` for the second
    delay), ``send.Room``."""
    strip = edits.strip_of(project, track_id)
    short: dict[str, str] = {}
    count: dict[str, int] = {}
    for each in strip.inserts:
        count[each.kind] = count.get(each.kind, 0) + 1
        short[each.id] = each.kind + (str(count[each.kind]) if count[each.kind] > 1 else "")
    found: list[tuple[str, Parameter]] = []
    for each in parameters_of(project, track_id):
        name = each.target
        if name.startswith("eq."):
            _, band, rest = name.split(".", 2)
            name = f"band{int(band) + 1}.{rest}"
        elif name.startswith("send."):
            bus = name.removeprefix("send.").removesuffix(".gain_db")
            name = f"send.{edits.find_track(project, bus).name}"
        else:
            for key, kind in short.items():
                if name.startswith(f"insert.{key}."):
                    name = f"{kind}.{name[len(key) + 8 :]}"
        found.append((name, each))
    return found


def find_target(project: Project, track_id: str, text: str) -> str:
    """The parameter that a person means, as its path: a short name of `targets_of` or the path itself.

    Raises:
        ProjectError: edit-invalid, naming what there is.
    """
    wanted = text.strip().lower()
    table_ = targets_of(project, track_id)
    for name, each in table_:
        if wanted in {name.lower(), each.target.lower()}:
            return each.target
    raise ProjectError(
        f"There is no parameter “{text}” on that track.",
        remedy="Its parameters: " + ", ".join(name for name, _ in table_) + ".",
        code="edit-invalid",
    )


def strip_id(project: Project, text: str) -> str:
    """The id of the strip that a person means: of a track, or of the master bus.

    Raises:
        ProjectError: edit-invalid, naming what there is.
    """
    return edits.MASTER if text.strip().lower() == "master" else find_track(project, text).id


def seconds_of(project: Project, text: str) -> float:
    """A place on the timeline in seconds: ``12.5``, ``1:02.5`` (minutes), ``5.1.0`` (bar, beat, tick).

    Raises:
        ProjectError: edit-invalid for anything else.
    """
    word = text.strip()
    if re.fullmatch(r"\d+\.\d+\.\d+", word):
        return TempoMap.of(project).parse(word)
    minutes = re.fullmatch(r"(\d+):(\d{1,2}(?:\.\d*)?)", word)
    if minutes is not None:
        return 60.0 * float(minutes[1]) + float(minutes[2])
    return number(word, "a time", "Write seconds, m:ss, or bar.beat.tick such as 5.1.0.")


def pairs_of(project: Project, texts: list[str]) -> list[tuple[float, float]]:
    """``TIME=VALUE`` as numbers, times as in `seconds_of`.

    Raises:
        ProjectError: edit-invalid for anything else.
    """
    found: list[tuple[float, float]] = []
    for each in texts:
        at, equals, value = each.partition("=")
        if not equals:
            raise ProjectError(
                f"“{each}” is no point.", remedy="Write points as TIME=VALUE, such as 4.5=-6.", code="edit-invalid"
            )
        found.append((seconds_of(project, at), number(value, "a value", "Write points as TIME=VALUE, such as 4.5=-6.")))
    return found


def number(text: str, name: str, remedy: str = "Write it as NAME=VALUE, such as mix=0.3.") -> float:
    """A number that a person typed.

    Raises:
        ProjectError: edit-invalid for anything else.
    """
    try:
        return float(text)
    except ValueError:
        raise ProjectError(
            f"“{text}” is not a number for {name}.",
            remedy=remedy,
            code="edit-invalid",
        ) from None


def apply(path: Path, label: str, edit: Edit, home: Path | None, as_json: bool) -> None:
    """Open a project, make one undoable step of `edit`, save it, and show what there is then."""
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
        take = " ".join(_state(project, track))
        indent = "  " * _depth(project, track)
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


def _depth(project: Project, track: Track) -> int:
    above = track.parent or track.folder
    return 0 if above is None else 1 + _depth(project, edits.find_track(project, above))


def _shape(clip: Clip) -> str:
    parts = [
        f"warped x{clip.tempo_ratio:.3f}" if clip.warp else f"x{clip.tempo_ratio:.3f}" if clip.tempo_ratio != 1 else "",
        f"{clip.semitones:+g} st" if clip.semitones else "",
    ]
    parts += [
        f"{clip.gain_db:+.1f} dB" if clip.gain_db else "",
        "reversed" if clip.reverse else "",
        "muted" if clip.muted else "",
    ]
    return " ".join(part for part in parts if part)


def _state(project: Project, track: Track) -> Iterator[str]:
    if track.kind == "bus":
        yield "folder" if edits.members_of(project, track.id) else "bus"
    if track.take:
        yield f"take {track.take}"
    if track.frozen is not None:
        yield "frozen" if edits.plays_frozen(project, track) else "frozen, out of date"
    if track.strip.output:
        yield f"to {edits.find_track(project, track.strip.output).name}"
    for send in track.strip.sends:
        yield f"sends {edits.find_track(project, send.bus).name} {send.gain_db:+.1f} dB{' pre' if send.pre else ''}"
    if track.automation:
        yield f"automated: {len(track.automation)}"
