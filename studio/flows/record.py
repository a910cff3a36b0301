"""Recordings: what an input gave, on its way from the file that was written to a clip on a track.

The file is written into a folder of its own while it is recorded, with a note beside it that says where it belongs. It
goes only when its sound is in the library, so that a crash costs nothing that was heard.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
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


class LaneNote(msgspec.Struct, frozen=True, kw_only=True):
    """What of a recording goes to one of several tracks: `channel` of the file alone, or (None) all of it."""

    track_id: str
    title: str
    channel: int | None = None


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
    lanes: tuple[LaneNote, ...] = ()
    """The tracks of a recording onto several; none is one onto `track_id`."""


class RecordingResult(msgspec.Struct, frozen=True, kw_only=True):
    """The clip that a recording became, and its track; of several passes, the clip of the take that shows."""

    track_id: str
    clip_id: str
    takes: tuple[int, ...] = ()
    """Numbers of the takes that the passes became."""
    track_ids: tuple[str, ...] = ()
    """All tracks that were recorded to, the first of them `track_id`."""
    notices: tuple[str, ...] = ()


def begin(
    services: Services,
    project: Project,
    *,
    track_id: str,
    start_s: float,
    input_name: str,
    channels: Mapping[str, int | None] | None = None,
) -> RecordingNote:
    """A place for a recording that is about to be made, and its note, on disk.

    `channels` says of a recording onto several tracks which channel of the file goes to which of them.

    Raises:
        ProjectError: edit-invalid for an unknown track or a bus.
        StorageError: disk-full or path-not-writable.
    """
    made = sum(any(step.operation == OPERATION for step in source.steps) for source in project.sources.values())
    lanes = tuple(
        LaneNote(track_id=each, title=f"{_takes_clips(project, each).name} {made + k}", channel=channel)
        for k, (each, channel) in enumerate((channels or {}).items(), 1)
    )
    title = _takes_clips(project, track_id).name if track_id else "Recording"
    folder = services.paths.data / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise atomic.storage_error(problem, folder) from problem
    note = RecordingNote(
        path=str(folder / f"{uuid7()}.wav"),
        project_id=project.id,
        track_id=track_id,
        start_s=start_s,
        title=f"{title} {made + 1}" if len(lanes) < 2 else f"{len(lanes)} tracks",
        at=now_iso(),
        input=input_name,
        lanes=lanes,
    )
    _write(note)
    return note


def _takes_clips(project: Project, track_id: str) -> Track:
    track = edits.find_track(project, track_id)
    if track.kind == "bus":
        raise StudioError(f"“{track.name}” is a bus and holds no clips.", remedy="Choose a track.", code="edit-invalid")
    return track


def placed(note: RecordingNote, *, start_s: float, passes: Iterable[PassNote] = ()) -> RecordingNote:
    """The note with the places that the engine found after compensating latency, on disk.

    Raises:
        StorageError: disk-full or path-not-writable.
    """
    found = replace(note, start_s=start_s, passes=tuple(passes))
    _write(found)
    return found


def land(services: Services, project: Project, note: RecordingNote, context: TaskContext) -> Landing[RecordingResult]:
    """Put a recording into the library and onto its tracks, or new ones where these are gone; its file goes.

    Raises:
        AudioFileError: nothing was recorded, or the file is broken.
    """
    lanes = note.lanes or (LaneNote(track_id=note.track_id, title=note.title),)
    parts = [_part(services, project, note, lane, context) for lane in lanes]

    def apply(now: Project) -> Project:
        for part in parts:
            now = part.onto(now)
        return now

    discard(note)
    first = parts[0]
    return Landing(
        label=f"Record {note.title}",
        apply=apply,
        result=RecordingResult(
            track_id=first.track_id,
            clip_id=first.clips[-1].id,
            takes=first.takes,
            track_ids=tuple(part.track_id for part in parts),
            notices=tuple(dict.fromkeys(each for part in parts for each in part.notices)),
        ),
    )


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one track gets of a recording."""

    track_id: str
    source: Source
    clips: tuple[Clip, ...]
    takes: tuple[int, ...]
    notices: tuple[str, ...]

    def onto(self, now: Project) -> Project:
        """The project with this on its track."""
        now = edits.add_source(now, self.source)
        if any(track.id == self.track_id for track in now.tracks):
            if not self.takes:
                return edits.add_clip(now, self.track_id, self.clips[0])
        elif not self.takes:
            return edits.add_track(now, Track(id=self.track_id, name=self.source.title, clips=self.clips))
        else:
            now = edits.add_track(now, Track(id=self.track_id, name=self.source.title))
        return _with_passes(now, self.track_id, self.clips)


def _part(services: Services, project: Project, note: RecordingNote, lane: LaneNote, context: TaskContext) -> _Part:
    source, notices = import_own.load(
        services, Path(note.path), rate=project.rate, channel=lane.channel, context=context
    )
    step = Step(operation=OPERATION, at=note.at or now_iso(), parameters={"input": note.input})
    source = replace(source, title=lane.title, steps=(step,))
    if source.duration_s < MIN_CLIP_S:
        raise StudioError("Nothing was recorded.", remedy="Record again, for longer.", code="recording-empty")
    clips = tuple(_clips_of(note, source))
    there = lane.track_id and any(track.id == lane.track_id for track in project.tracks)
    track_id = lane.track_id if there else uuid7()
    first = edits.next_take_number(project, track_id) if there else 1
    takes = tuple(range(first, first + len(clips))) if len(clips) > 1 else ()
    return _Part(track_id=track_id, source=source, clips=clips, takes=takes, notices=notices)


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
