"""Recordings: what an input gave, on its way from the file that was written to a clip on a track.

The file is written into a folder of its own while it is recorded, with a note beside it that says where it belongs. It
goes only when its sound is in the library, so that a crash costs nothing that was heard.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec.structs import replace

from studio.base import atomic
from studio.base.clock import now_iso
from studio.base.errors import StudioError
from studio.base.ids import uuid7
from studio.flows import import_own
from studio.flows.landing import Landing
from studio.flows.media import TaskContext
from studio.flows.services import Services
from studio.project import edits
from studio.project.limits import MIN_CLIP_S
from studio.project.model import Clip, Project, Source, Step, Track

FOLDER = "recordings"
OPERATION = "record"
LEAST_PASS_S = 0.25
"""A pass that is shorter is what is left when somebody stops just after the loop has turned."""


class PassNote(msgspec.Struct, frozen=True):
    """One time through the loop within a recording: where it lies on the timeline, and in the file."""

    start_s: float
    offset_s: float
    length_s: float


class RecordingNote(msgspec.Struct, frozen=True, kw_only=True):
    """Where a recording belongs: on which track of which project, and where its first frame lies on the timeline.

    `track_id` "" is a new track.
    """

    path: str
    project_id: str
    track_id: str = ""
    start_s: float = 0.0
    title: str = "Recording"
    at: str = ""
    """When it began, UTC, ISO 8601."""
    input: str = ""
    """Name of the device."""
    passes: tuple[PassNote, ...] = ()
    """Of a recording through the loop; more than one become takes of the track."""


class RecordingResult(msgspec.Struct, frozen=True, kw_only=True):
    """The clip that a recording became, and its track; of several passes, the clip of the take that shows."""

    track_id: str
    clip_id: str
    takes: tuple[int, ...] = ()
    """Numbers of the takes that the passes became."""
    notices: tuple[str, ...] = ()


def begin(services: Services, project: Project, *, track_id: str, start_s: float, input_name: str) -> RecordingNote:
    """A place for a recording that is about to be made, and its note, on disk.

    Raises:
        ProjectError: edit-invalid for an unknown track or a bus.
        StorageError: disk-full or path-not-writable.
    """
    title = "Recording"
    if track_id:
        track = edits.find_track(project, track_id)
        if track.kind == "bus":
            raise StudioError(
                f"“{track.name}” is a bus and holds no clips.", remedy="Choose a track.", code="edit-invalid"
            )
        title = track.name
    folder = services.paths.data / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise atomic.storage_error(problem, folder) from problem
    made = sum(any(step.operation == OPERATION for step in source.steps) for source in project.sources.values())
    note = RecordingNote(
        path=str(folder / f"{uuid7()}.wav"),
        project_id=project.id,
        track_id=track_id,
        start_s=start_s,
        title=f"{title} {made + 1}",
        at=now_iso(),
        input=input_name,
    )
    _write(note)
    return note


def placed(note: RecordingNote, *, start_s: float, passes: Iterable[PassNote] = ()) -> RecordingNote:
    """The note with the places that the engine found after compensating latency, on disk.

    Raises:
        StorageError: disk-full or path-not-writable.
    """
    found = replace(note, start_s=start_s, passes=tuple(passes))
    _write(found)
    return found


def land(services: Services, project: Project, note: RecordingNote, context: TaskContext) -> Landing[RecordingResult]:
    """Put a recording into the library and onto its track, or a new one where that is gone; its file goes.

    Raises:
        AudioFileError: nothing was recorded, or the file is broken.
    """
    path = Path(note.path)
    source, notices = import_own.load(services, path, rate=project.rate, context=context)
    step = Step(operation=OPERATION, at=note.at or now_iso(), parameters={"input": note.input})
    source = replace(source, title=note.title, steps=(step,))
    if source.duration_s < MIN_CLIP_S:
        raise StudioError("Nothing was recorded.", remedy="Record again, for longer.", code="recording-empty")
    clips = _clips_of(note, source)
    new_track = uuid7()
    there = note.track_id and any(track.id == note.track_id for track in project.tracks)
    track_id = note.track_id if there else new_track
    first = edits.next_take_number(project, track_id) if there else 1
    takes = tuple(range(first, first + len(clips))) if len(clips) > 1 else ()

    def apply(now: Project) -> Project:
        now = edits.add_source(now, source)
        here = any(track.id == track_id for track in now.tracks)
        if takes:
            now = now if here else edits.add_track(now, Track(id=track_id, name=note.title))
            return _with_passes(now, track_id, clips)
        if here:
            return edits.add_clip(now, track_id, clips[0])
        return edits.add_track(now, Track(id=track_id, name=note.title, clips=tuple(clips)))

    discard(note)
    return Landing(
        label=f"Record {note.title}",
        apply=apply,
        result=RecordingResult(track_id=track_id, clip_id=clips[-1].id, takes=takes, notices=notices),
    )


def _clips_of(note: RecordingNote, source: Source) -> list[Clip]:
    """One clip, or one for each pass that is long enough to be one."""
    whole = PassNote(note.start_s, 0.0, source.duration_s)
    ends = source.duration_s
    kept = [
        replace(each, length_s=min(each.length_s, ends - each.offset_s))
        for each in note.passes
        if min(each.length_s, ends - each.offset_s) >= LEAST_PASS_S
    ]
    several = len(kept) > 1
    return [
        Clip(
            id=uuid7(),
            source=source.id,
            start_s=max(each.start_s, 0.0),
            length_s=each.length_s,
            source_start_s=each.offset_s,
            name=f"{source.title}, pass {k + 1}" if several else source.title,
        )
        for k, each in enumerate(kept if several else [whole])
    ]


def _with_passes(project: Project, track_id: str, clips: Iterable[Clip]) -> Project:
    """A take for each pass, of what the track plays now and the pass; the last one shows."""
    shown = edits.find_track(project, track_id)
    for clip in clips:
        around = (replace(each, id=uuid7()) for each in shown.clips)
        strip = replace(shown.strip, inserts=tuple(replace(insert, id=uuid7()) for insert in shown.strip.inserts))
        project = edits.add_take(project, track_id, around, strip=strip, name=clip.name)
        project = edits.add_clip(project, track_id, clip)
    return project


def unlanded(services: Services) -> list[RecordingNote]:
    """Recordings that a crash kept from their project, the oldest first; those of which nothing was written go."""
    found: list[RecordingNote] = []
    folder = services.paths.data / FOLDER
    for each in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        try:
            note = msgspec.json.decode(each.read_bytes(), type=RecordingNote)
        except (OSError, msgspec.DecodeError):
            continue
        path = each.with_suffix(".wav")
        if not path.exists() or path.stat().st_size < 1024:
            discard(replace(note, path=str(path)))
            continue
        # The note may be an older one: what counts is the file beside it.
        found.append(replace(note, path=str(path)))
    return found


def discard(note: RecordingNote) -> None:
    """Throw a recording's file and note away."""
    path = Path(note.path)
    for each in (path, path.with_suffix(".json")):
        with contextlib.suppress(OSError):
            each.unlink(missing_ok=True)


def _write(note: RecordingNote) -> None:
    atomic.write_bytes(Path(note.path).with_suffix(".json"), msgspec.json.encode(note))
