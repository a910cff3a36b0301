"""The notes of arranged parts: kept beside their sounds, changed by hand, and exchanged as MIDI files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from engine.midi.file import DRUM_CHANNEL, FileNote, FileTrack, read_midi, tempo_of_beats, write_midi
from engine.midi.score import Score, ScoreError, ScoreNote, decode_score, encode_score, kicks_of, ordered
from studio.base import atomic
from studio.base.atomic import storage_error
from studio.base.clock import now_iso
from studio.base.errors import ProjectError
from studio.base.ids import uuid7
from studio.flows.media import PLAYED
from studio.flows.services import Services
from studio.library.blobs import FILE_HEAD
from studio.project import edits
from studio.project.audibility import audible_clips
from studio.project.model import Clip, Project, Source, Step, Track
from studio.project.notes import rows_of
from studio.project.usage import assets_of
from studio.project.warp import WarpMap

EDITED = "edited_by_hand"
"""Parameter of a step: the notes that it wrote were changed by a person."""


class MidiFiles(msgspec.Struct, frozen=True, kw_only=True):
    """MIDI files that were written."""

    files: tuple[str, ...]
    notes: int


# keep and read


def keep_score(services: Services, score: Score, assets: Sequence[str]) -> str:
    """Put notes into the library; returns their key. Those of a licensed song rest under its licence.

    Raises:
        ScoreError: score-invalid. StorageError: disk-full or path-not-writable.
    """
    raw = encode_score(score)
    path = services.paths.scratch / f"{uuid7()}.score.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
        return services.library.blobs.put_file(path, assets=tuple(assets))
    except OSError as problem:
        raise storage_error(problem, path) from problem
    finally:
        path.unlink(missing_ok=True)


def key_of(score: Score) -> str:
    """The key that the library gives to notes.

    Raises:
        ScoreError: score-invalid.
    """
    return hashlib.sha256(FILE_HEAD + encode_score(score)).hexdigest()


def score_of(services: Services, source: Source) -> Score:
    """The notes of a source.

    Raises:
        ProjectError: edit-invalid for a sound without notes.
        LibraryError: they are not in the library. RightsError: no licence that holds. ScoreError: they are damaged.
    """
    if source.score is None:
        raise without_notes(source.title)
    blobs = services.library.blobs
    path = blobs.open_file(source.score)
    try:
        return decode_score(path.read_bytes())
    finally:
        blobs.release(source.score)


def without_notes(title: str) -> ProjectError:
    """The error of a clip that nothing was arranged for."""
    return ProjectError(
        f"“{title}” has no notes.",
        remedy="Choose a clip that a restyle has made: its drums, bass or chords.",
        code="edit-invalid",
    )


def credits_of(score: Score) -> dict[str, Any]:
    """What the manifest says of who plays a part."""
    return {
        "instruments": sorted({voice.instrument for voice in score.voices}),
        "samples": sorted({credit for voice in score.voices for credit in voice.credits}),
    }


# change


def rescored(services: Services, project: Project, clip_id: str, score: Score) -> Project:
    """The project in which a clip plays other notes; the sound is played from them when it is wanted. Where the bass
    drum strikes elsewhere, the side-chain of the parts that were arranged with it follows.

    What it was made from and by which rules stays said, and that a person changed it.

    Raises:
        ProjectError: edit-invalid for a clip without notes. ScoreError: score-invalid.
        StorageError: the notes cannot be kept.
    """
    _, clip = edits.find_clip(project, clip_id)
    before = project.sources[clip.source]
    if before.score is None:
        raise without_notes(clip.name or before.title)
    steps = tuple(_by_hand(step, score) for step in before.steps)
    source = _played(services, project, before, score, steps)
    if source.score == before.score:
        return project
    earlier = score_of(services, before) if score.is_kit else score
    along = WarpMap.of(clip)
    window = sorted((along.source_at(0.0), along.source_at(clip.length_s)))
    return _ducked(services, edits.set_score(project, clip_id, source), earlier, score, window)


def _played(services: Services, project: Project, before: Source, score: Score, steps: tuple[Step, ...]) -> Source:
    """A source that plays a score in place of another one; `before` itself where it is the same."""
    key = keep_score(services, score, assets_of(project, before))
    if key == before.score:
        return before
    services.media.fresh_scores.add(key)
    return msgspec.structs.replace(
        before,
        id=uuid7(),
        blob=f"{PLAYED}{key}",
        score=key,
        rate=score.rate,
        channels=2,
        duration_s=score.frames / score.rate,
        steps=steps,
    )


def _ducked(services: Services, project: Project, before: Score, after: Score, window: Sequence[float]) -> Project:
    """The project in which the parts that went down with the kicks of `before` go down with those of `after`.

    Args:
        before: the drums as they were.
        after: the drums as they are.
        window: what the edited clip plays of them, seconds; other pieces of the part still play the kicks before.
    """

    def inside(kicks: Sequence[float]) -> tuple[float, ...]:
        return tuple(round(k, 4) for k in kicks if window[0] - 1e-3 <= k < window[1])

    old, new = kicks_of(before), kicks_of(after)
    if inside(old) == inside(new):
        return project
    for clip in [clip for track in project.tracks for clip in track.clips]:
        source = project.sources[clip.source]
        if source.score is None:
            continue
        part = score_of(services, source)
        ducking = part.ducking
        if ducking is None or part.song != before.song or inside(ducking.kicks_s) != inside(old):
            continue
        outside = [k for k in ducking.kicks_s if not window[0] - 1e-3 <= k < window[1]]
        kicks = sorted([*outside, *(k for k in new if window[0] - 1e-3 <= k < window[1])])
        follows = msgspec.structs.replace(ducking, kicks_s=tuple(kicks))
        made = _played(services, project, source, msgspec.structs.replace(part, ducking=follows), source.steps)
        project = edits.set_score(project, clip.id, made)
    return project


def _by_hand(step: Step, score: Score) -> Step:
    if step.operation != "style:arrangement" or step.model_id is not None:
        return step
    return msgspec.structs.replace(
        step, at=now_iso(), parameters={**step.parameters, **credits_of(score), EDITED: True}
    )


# MIDI files


def parts_of(services: Services, project: Project, *, track_id: str | None = None) -> list[tuple[Track, Clip, Score]]:
    """The clips with notes that are heard, or those of one track, with their notes.

    Raises:
        as `score_of`.
    """
    found: list[tuple[Track, Clip, Score]] = []
    pairs = (
        list(audible_clips(project))
        if track_id is None
        else [(track, clip) for track in project.tracks for clip in track.clips if track.id == track_id]
    )
    for track, clip in pairs:
        source = project.sources[clip.source]
        if source.score is not None:
            found.append((track, clip, score_of(services, source)))
    return found


def heard_notes(clip: Clip, score: Score) -> tuple[ScoreNote, ...]:
    """The notes that a clip plays, as they lie on the timeline: what begins outside of it is left out, its pitch and
    its warp are followed."""
    along = WarpMap.of(clip)
    found: list[ScoreNote] = []
    for note in score.notes:
        start_s, end_s = along.clip_at(note.start_s), along.clip_at(note.end_s)
        if clip.reverse:
            start_s, end_s = clip.length_s - end_s, clip.length_s - start_s
        if not -1e-6 <= start_s < clip.length_s:
            continue
        pitch = note.pitch if score.voices[note.voice].pieces else min(max(note.pitch + clip.semitones, 0.0), 127.0)
        found.append(
            msgspec.structs.replace(
                note,
                start_s=clip.start_s + max(start_s, 0.0),
                duration_s=min(end_s, clip.length_s) - max(start_s, 0.0),
                pitch=pitch,
            )
        )
    return ordered(found)


def midi_bytes(project: Project, parts: Sequence[tuple[Track, Clip, Score]]) -> bytes:
    """A MIDI file of parts, each track of the project on one of its own, with the tempo map of the song.

    Raises:
        ProjectError: edit-invalid where there are no notes.
    """
    if not parts:
        raise ProjectError(
            "There are no notes to export.",
            remedy="Restyle the song first: its new drums, bass and chords come with their notes.",
            code="edit-invalid",
        )
    by_track: dict[str, tuple[Track, list[FileNote], bool]] = {}
    for track, clip, score in parts:
        _, notes, _ = by_track.setdefault(track.id, (track, [], score.is_kit))
        for note in heard_notes(clip, score):
            pitch = round(note.pitch)
            notes.append(
                FileNote(start_s=note.start_s, duration_s=note.duration_s, pitch=pitch, velocity=note.velocity)
            )
    _, clip, score = parts[0]
    along = WarpMap.of(clip)
    beats = [clip.start_s + along.clip_at(beat) for beat in score.song.beats_s]
    beats = [beat for beat in beats if beat >= 0.0] if not clip.reverse else []
    melodic = iter([*range(DRUM_CHANNEL), *range(DRUM_CHANNEL + 1, 16)] * (1 + len(by_track) // 15))
    tracks = [
        FileTrack(name=track.name, notes=tuple(notes), channel=DRUM_CHANNEL if kit else next(melodic))
        for track, notes, kit in by_track.values()
    ]
    per_bar = score.song.beats_per_bar
    return write_midi(tracks, tempo=tempo_of_beats(beats, beats_per_bar=per_bar), beats_per_bar=per_bar)


def export_midi(services: Services, project: Project, out_file: Path, *, track_id: str | None = None) -> MidiFiles:
    """Write the parts that are heard, or those of one track, into one MIDI file.

    Raises:
        ProjectError: edit-invalid where there are no notes. StorageError: the file cannot be written.
    """
    parts = parts_of(services, project, track_id=track_id)
    _write(out_file, midi_bytes(project, parts))
    return MidiFiles(files=(str(out_file),), notes=sum(len(heard_notes(clip, score)) for _, clip, score in parts))


def make_folder(folder: Path) -> None:
    """Make a folder where it is missing; asked before minutes of work.

    Raises:
        StorageError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise storage_error(problem, folder) from problem


def export_parts(services: Services, project: Project, folder: Path) -> MidiFiles:
    """Write each part that is heard into a MIDI file of its own, called like its track.

    Raises:
        ProjectError: edit-invalid where there are no notes. StorageError: the folder cannot be written.
    """
    by_track: dict[str, list[tuple[Track, Clip, Score]]] = {}
    for part in parts_of(services, project):
        by_track.setdefault(part[0].id, []).append(part)
    if not by_track:
        midi_bytes(project, ())
    make_folder(folder)
    files: list[str] = []
    count = 0
    for number, parts in enumerate(by_track.values(), 1):
        title = re.sub(r"[^\w -]+", "", parts[0][2].title).strip() or "part"
        target = folder / f"{number} {title}.mid"
        _write(target, midi_bytes(project, parts))
        files.append(str(target))
        count += sum(len(heard_notes(clip, score)) for _, clip, score in parts)
    return MidiFiles(files=tuple(files), notes=count)


def imported(project: Project, clip: Clip, score: Score, path: Path, *, track: str = "") -> Score:
    """The score with the notes of a MIDI file in place of those that the clip plays; the file begins where the timeline
    does. Drums go by General MIDI's numbers, as the kits do; what a kit lacks is played by its nearest piece.

    Raises:
        ScoreError: midi-invalid for a file that cannot be read. ProjectError: edit-invalid for a track that is not in
        it, or a file whose notes lie beside the clip.
    """
    try:
        raw = path.read_bytes()
    except OSError as problem:
        raise ScoreError(
            f"“{path.name}” cannot be read.",
            remedy="Choose a file that is there and that you may read.",
            code="midi-invalid",
        ) from problem
    tracks = read_midi(raw)
    chosen = _chosen(tracks, track, kit=score.is_kit)
    along = WarpMap.of(clip)
    first_s, last_s = sorted((along.source_at(0.0), along.source_at(clip.length_s)))
    kept = [n for n in score.notes if not first_s - 1e-6 <= n.start_s < last_s]
    new: list[ScoreNote] = []
    for each in chosen.notes:
        at_s = each.start_s - clip.start_s
        if not -1e-6 <= at_s < clip.length_s or clip.reverse:
            continue
        start_s = max(along.source_at(at_s), 0.0)
        end_s = min(along.source_at(at_s + each.duration_s), score.duration_s)
        voice, pitch = _voice_for(score, each.pitch)
        new.append(ScoreNote(start_s, max(end_s - start_s, 0.02), float(pitch), max(each.velocity, 0.01), voice))
    if not new:
        raise ProjectError(
            f"None of the notes of “{path.name}” lie where the clip plays.",
            remedy="Move the notes to the bars of the clip; the file begins where the timeline does.",
            code="edit-invalid",
        )
    return msgspec.structs.replace(score, notes=ordered([*kept, *new]))


def _chosen(tracks: Sequence[FileTrack], wanted: str, *, kit: bool) -> FileTrack:
    if wanted:
        named = [each for each in tracks if each.name.lower() == wanted.lower()]
        if not named and wanted.isdigit() and 1 <= int(wanted) <= len(tracks):
            named = [tracks[int(wanted) - 1]]
        if named:
            return named[0]
        raise ProjectError(
            f"The file has no track “{wanted}”.",
            remedy="Its tracks: " + ", ".join(f"{n} {each.name}" for n, each in enumerate(tracks, 1)) + ".",
            code="edit-invalid",
        )
    fitting = [each for each in tracks if (each.channel == DRUM_CHANNEL) == kit] or list(tracks)
    return max(fitting, key=lambda each: len(each.notes))


def _voice_for(score: Score, pitch: int) -> tuple[int, int]:
    """Who plays a pitch of a file: (voice, pitch of the instrument)."""
    if not score.is_kit:
        return 0, pitch
    row = min(rows_of(score), key=lambda row: (abs(row.pitch - pitch), row.voice))
    return row.voice, row.pitch


def _write(path: Path, raw: bytes) -> None:
    try:
        atomic.write_bytes(path, raw)
    except OSError as problem:
        raise storage_error(problem, path) from problem
