"""Commands for the notes of a part: list, add, move, transpose, lengthen, strike, quantise, humanise, remove, MIDI."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.midi.score import Score, ScoreNote
from studio.base.errors import ProjectError
from studio.cli.console import HomeOption, JsonFlag, opened, out, print_json, table
from studio.cli.edit.app import NEGATIVE, app
from studio.cli.edit.names import ClipArg, ProjectArg, find_clip, find_track
from studio.flows import scores
from studio.project import notes
from studio.project.model import Clip, Project
from studio.project.notes import Edited
from studio.project.tempo import TempoMap
from studio.project.warp import WarpMap

group = typer.Typer(
    help="The notes of a part that a restyle wrote; the sound follows.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(group, name="notes")

WhichOption = Annotated[
    str, typer.Option("--which", help="Numbers as `list` gives them, such as 1,4-9; all where none is given.")
]
RowOption = Annotated[str, typer.Option("--pitch", help="Only notes of this pitch or piece, such as C4 or snare.")]
FromOption = Annotated[float, typer.Option("--from", help="Only notes from here on, in seconds of the timeline.")]
ToOption = Annotated[float | None, typer.Option("--to", help="Only notes before this place.")]

Change = Callable[[Score, frozenset[int]], Edited]


def heard(clip: Clip, score: Score) -> list[int]:
    """The notes that a clip plays, by their places in the score."""
    along = WarpMap.of(clip)
    first, last = sorted((along.source_at(0.0), along.source_at(clip.length_s)))
    return [index for index, note in enumerate(score.notes) if first - 1e-6 <= note.start_s < last]


def chosen(clip: Clip, score: Score, *, which: str, pitch: str, from_s: float, to_s: float | None) -> frozenset[int]:
    """The notes that a person means, by their places in the score.

    Raises:
        ProjectError: edit-invalid for numbers that are none, or where no note is meant.
    """
    known = heard(clip, score)
    picked = known if not which.strip() else [known[number - 1] for number in _numbers(which, len(known))]
    along = WarpMap.of(clip)
    row = notes.pitch_of(score, pitch) if pitch else None
    found = frozenset(
        index
        for index in picked
        if (row is None or (score.notes[index].voice, round(score.notes[index].pitch)) == row)
        and clip.start_s + along.clip_at(score.notes[index].start_s) >= from_s - 1e-9
        and (to_s is None or clip.start_s + along.clip_at(score.notes[index].start_s) < to_s)
    )
    if not found:
        raise ProjectError(
            "No note is meant by that.",
            remedy="`edit notes list` shows them with their numbers, places and pitches.",
            code="edit-invalid",
        )
    return found


def _numbers(text: str, count: int) -> list[int]:
    found: list[int] = []
    for each in text.replace(" ", "").split(","):
        low, _, high = each.partition("-")
        if not low.isdigit() or (high and not high.isdigit()):
            raise ProjectError(f"“{each}” is no number of a note.", remedy="Write them as 1,4-9.", code="edit-invalid")
        found += range(int(low), int(high or low) + 1)
    if found and not 1 <= min(found) <= max(found) <= count:
        raise ProjectError(
            f"There are {count} notes.", remedy=f"Choose numbers from 1 to {count}.", code="edit-invalid"
        )
    return found


def change(
    project: Path,
    clip: str,
    label: str,
    edit: Change,
    *,
    which: str = "",
    pitch: str = "",
    from_s: float = 0.0,
    to_s: float | None = None,
    anything: bool = False,
    home: Path | None,
    json: bool,
) -> None:
    """Open a project, change notes of a clip as one step, save it, and say what there is then."""
    with opened(home, None, as_json=json) as session:
        session.open_project(project)
        found = find_clip(session.project, clip)
        score = scores.score_of(session.services, session.project.sources[found.source])
        meant = (
            frozenset[int]() if anything else chosen(found, score, which=which, pitch=pitch, from_s=from_s, to_s=to_s)
        )
        after, now = edit(score, meant)
        session.set_score(found.id, _with(score, after), label=label)
        session.save_project()
        made = scores.score_of(session.services, session.project.sources[find_clip(session.project, found.id).source])
        if json:
            print_json(
                {"clip": found.id, "changed": len(now) or len(meant), "notes": _rows(session.project, found, made)}
            )
        else:
            out(f"{label}: {len(now) or len(meant)} of {len(made.notes)} notes")


def _shared(
    project: ProjectArg,
    clip: ClipArg,
    which: WhichOption = "",
    pitch: RowOption = "",
    from_s: FromOption = 0.0,
    to_s: ToOption = None,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """What every command has that changes some of the notes of a clip."""


def selection(label: str, **how: Any) -> Callable[[Callable[..., Change]], Callable[..., Change]]:
    """A command that changes the notes which its options choose, as one step of this name: what it decorates takes the
    arguments that are the command's own, and says the change."""

    def made(change_of: Callable[..., Change]) -> Callable[..., Change]:
        own, shared = (inspect.signature(each, eval_str=True) for each in (change_of, _shared))
        first, rest = list(shared.parameters.values())[:2], list(shared.parameters.values())[2:]

        def command(**given: Any) -> None:
            arguments = {name: given.pop(name) for name in own.parameters}
            change(given.pop("project"), given.pop("clip"), label, change_of(**arguments), **given)

        parameters = [
            each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*first, *own.parameters.values(), *rest)
        ]
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {each.name: each.annotation for each in parameters}
        command.__doc__ = change_of.__doc__
        group.command(name=change_of.__name__, **how)(command)
        return change_of

    return made


def _with(score: Score, after: tuple[ScoreNote, ...]) -> Score:
    from msgspec.structs import replace

    return replace(score, notes=after)


def _rows(project: Project, clip: Clip, score: Score) -> list[dict[str, object]]:
    along, tempo = WarpMap.of(clip), TempoMap.of(project)
    rows: list[dict[str, object]] = []
    for number, index in enumerate(heard(clip, score), 1):
        note = score.notes[index]
        at_s = clip.start_s + along.clip_at(note.start_s)
        rows.append(
            {
                "number": number,
                "at_s": round(at_s, 6),
                "at": tempo.text(max(at_s, 0.0)),
                "length_s": round(note.duration_s, 6),
                "note": notes.note_name(score, note),
                "pitch": note.pitch,
                "velocity": round(note.velocity, 4),
                "instrument": score.voices[note.voice].instrument,
            }
        )
    return rows


@group.command(name="list")
def list_(project: ProjectArg, clip: ClipArg, home: HomeOption = None, json: JsonFlag = False) -> None:
    """Show the notes that a clip plays.

    Example: contrafact edit notes list Remix.contrafact drums:1
    """
    with opened(home, None, as_json=json) as session:
        session.open_project(project)
        found = find_clip(session.project, clip)
        score = scores.score_of(session.services, session.project.sources[found.source])
        rows = _rows(session.project, found, score)
        if json:
            print_json({"clip": found.id, "title": score.title, "notes": rows})
            return
        out(f"{score.title}: {len(rows)} notes, played by {', '.join(voice.name for voice in score.voices)}")
        lines = [
            (
                str(row["number"]),
                str(row["at"]),
                f"{row['at_s']:.3f} s",
                f"{row['length_s']:.3f} s",
                str(row["note"]),
                f"{float(str(row['velocity'])):.0%}",
            )
            for row in rows
        ]
        out(table(lines, header=("", "bar", "at", "length", "note", "velocity")) if lines else "No notes.")


@group.command()
def add(
    project: ProjectArg,
    clip: ClipArg,
    pitch: Annotated[str, typer.Argument(help="C4, F#3, 60, or a piece such as snare.")],
    at: Annotated[float, typer.Argument(help="Where, in seconds of the timeline.")],
    length: Annotated[float, typer.Option(min=0.02, help="Seconds.")] = 0.25,
    velocity: Annotated[float, typer.Option(min=0.01, max=1.0, help="0.01 to 1.")] = 0.7,
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Add a note."""
    with opened(home, None, as_json=json) as session:
        session.open_project(project)
        found = find_clip(session.project, clip)
        start_s = WarpMap.of(found).source_at(at - found.start_s)
        if not 0.0 <= at - found.start_s < found.length_s:
            raise ProjectError(
                f"The clip plays from {found.start_s:.2f} to {found.end_s:.2f} s.",
                remedy="Choose a place within it.",
                code="edit-invalid",
            )

    def edit(score: Score, _: frozenset[int]) -> Edited:
        voice, key = notes.pitch_of(score, pitch)
        return notes.added(score, [ScoreNote(start_s, length, float(key), velocity, voice)])

    change(project, clip, "Add a note", edit, anything=True, home=home, json=json)


@selection("Move notes", context_settings=NEGATIVE)
def move(seconds: Annotated[float, typer.Argument(help="By how much; less than 0 is earlier.")]) -> Change:
    """Move notes in time."""
    return lambda score, meant: notes.moved(score, meant, by_s=seconds)


@selection("Transpose notes", context_settings=NEGATIVE)
def transpose(
    steps: Annotated[int, typer.Argument(help="Semitones, or pieces of a kit; less than 0 is down.")],
) -> Change:
    """Move notes up or down."""
    return lambda score, meant: notes.moved(score, meant, by_rows=steps)


@selection("Length of notes", context_settings=NEGATIVE)
def length(seconds: Annotated[float, typer.Argument(help="By how much longer; less than 0 is shorter.")]) -> Change:
    """Hold notes longer or shorter."""
    return lambda score, meant: notes.resized(score, meant, by_s=seconds)


@selection("Velocity")
def velocity(value: Annotated[float, typer.Argument(min=0.01, max=1.0, help="0.01 to 1.")]) -> Change:
    """Strike notes with this velocity."""
    return lambda score, meant: notes.with_velocity(score.notes, meant, to=value)


@selection("Quantise")
def quantise(
    grid: Annotated[str, typer.Option(help="1/4, 1/8, 1/8T, 1/16, 1/16T or 1/32.")] = "1/16",
    strength: Annotated[float, typer.Option(min=0.0, max=1.0, help="1 is on the grid, 0.5 half the way.")] = 1.0,
) -> Change:
    """Draw notes to the grid of the song."""
    return lambda score, meant: notes.quantised(score, meant, step=grid, strength=strength)


@selection("Humanise")
def humanise(
    timing_ms: Annotated[float, typer.Option(min=0.0, max=60.0, help="How far starts are spread.")] = 8.0,
    velocity: Annotated[float, typer.Option(min=0.0, max=0.5, help="How far velocities are spread.")] = 0.06,
    seed: Annotated[int, typer.Option(help="Another number, another hand.")] = 1,
) -> Change:
    """Play notes as hands do."""
    return lambda score, meant: notes.humanised(score, meant, timing_s=timing_ms / 1000.0, velocity=velocity, seed=seed)


@selection("Delete notes")
def remove() -> Change:
    """Take notes away."""
    return lambda score, meant: notes.removed(score.notes, meant)


@group.command(name="import")
def import_(
    project: ProjectArg,
    clip: ClipArg,
    file: Annotated[Path, typer.Argument(help="A standard MIDI file.")],
    track: Annotated[str, typer.Option(help="Name or number of the track in the file.")] = "",
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Put the notes of a MIDI file in place of those of a clip; the file begins where the timeline does."""
    with opened(home, None, as_json=json) as session:
        session.open_project(project)
        found = find_clip(session.project, clip)
        session.import_notes(found.id, file, track=track)
        session.save_project()
        score = scores.score_of(session.services, session.project.sources[find_clip(session.project, found.id).source])
        if json:
            print_json({"clip": found.id, "notes": _rows(session.project, found, score)})
        else:
            out(f"{score.title}: {len(heard(found, score))} notes from {file.name}")


@app.command(name="export-midi")
def export_midi(
    project: ProjectArg,
    out_file: Annotated[Path, typer.Option("--out", help="The .mid file to write.")],
    track: Annotated[str, typer.Option(help="Only this track; all that are heard where none is given.")] = "",
    home: HomeOption = None,
    json: JsonFlag = False,
) -> None:
    """Write notes as a standard MIDI file, with the tempo map of the song.

    Example: contrafact edit export-midi Remix.contrafact --out remix.mid
    """
    with opened(home, None, as_json=json) as session:
        session.open_project(project)
        track_id = find_track(session.project, track).id if track else None
        made = session.export_midi(out_file, track_id=track_id)
        if json:
            print_json(made)
        else:
            out(f"{made.files[0]}: {made.notes} notes")
