"""A voice of one's own beside a song: put on its beats and into its key, and doubled in harmony.

What lands are clips: their place, warp markers and transposition, which a person can change one by one.
"""

from __future__ import annotations

import itertools
from typing import Any

import msgspec

from studio.base.errors import ProjectError, RightsError
from studio.base.ids import uuid7
from studio.flows import rights, separate
from studio.flows.landing import Landing
from studio.flows.media import TaskContext, share_of, span, stop_of
from studio.flows.names import HARMONY_TITLES
from studio.flows.restyle import stated_of
from studio.flows.services import Services
from studio.project import edits
from studio.project.model import Clip, Project, Source, Track
from studio.project.warp import WarpMap
from studio.rights.usage import SourceUse, Usage

_STEPS = {
    "third-above": 2,
    "third-below": -2,
    "fifth-above": 4,
    "sixth-above": 5,
    "sixth-below": -5,
    "octave-below": -7,
}
HARMONIES: dict[str, tuple[str, int]] = {name: (title, _STEPS[name]) for name, title in HARMONY_TITLES.items()}
"""Name, and steps of the scale."""
HARMONY_DB = -7.0
_JOIN_S = 0.03
_SHORTEST_S = 0.12


class AlignResult(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to the voice."""

    clip_id: str
    moved_s: float
    phrases: int
    off_grid_before_ms: float
    off_grid_after_ms: float
    semitones: float
    """Transposition into the song's key and tuning."""
    in_key: float
    key: str
    tempo_bpm: float
    notices: tuple[str, ...] = ()


class HarmonyResult(msgspec.Struct, frozen=True, kw_only=True):
    """The new track with the harmony."""

    track_id: str
    name: str
    pieces: int
    lowest: float
    highest: float
    key: str


def align(
    services: Services, project: Project, clip_id: str, song_track_id: str, context: TaskContext, *, pitch: bool = True
) -> Landing[AlignResult]:
    """Put a recorded voice on the beats of a song and into its key: the clip moves by at most an eighth, its phrases to
    the nearest sixteenths by warp markers, and it is transposed where that brings it into the key.

    Raises:
        StyleError: style-unsuitable where nothing is sung.
        ProjectError: edit-invalid for a clip that is warped already, or a track without one recording.
        RightsError: the licence of the voice does not allow it.
    """
    _, clip = edits.find_clip(project, clip_id)
    if clip.warp or clip.reverse:
        raise ProjectError(
            "This clip is warped or reversed already.",
            remedy="Take its markers away first, or choose another clip.",
            code="edit-invalid",
        )
    song = _song(services, project, song_track_id, share_of(context, 0.0, 0.5))
    found = _followed(services, project, clip, song, share_of(context, 0.5, 1.0), pitch=pitch)
    semitones = round(found.key_semitones + found.tuning_semitones, 2) if pitch else 0.0
    start_s = max(clip.start_s + found.move_s, 0.0)
    # A clip cannot begin before the timeline does: what is left of the move is one of its sound.
    rest_s = clip.start_s + found.move_s - start_s
    markers = [
        (at_s, (at_s - clip.source_start_s) / clip.tempo_ratio + phrase.by_s + rest_s)
        for phrase in found.phrases
        for at_s in (phrase.start_s, phrase.end_s)
    ]
    moves = any(abs(phrase.by_s + rest_s) > 0.002 for phrase in found.phrases)
    source = project.sources[clip.source]
    _require_pitch(services, source, (clip.semitones + semitones, clip.semitones + semitones))
    notices: list[str] = []
    if not song.beats_s:
        notices.append("No steady beat was found in the song: the timing stays as it was sung.")
    if not song.key:
        notices.append("No clear key was found in the song: the pitch stays as it was sung.")

    def apply(now: Project) -> Project:
        now = edits.move_clip(now, clip_id, start_s)
        if semitones:
            now = edits.set_clip(now, clip_id, semitones=clip.semitones + semitones)
        return edits.set_warp(now, clip_id, markers) if moves else now

    return Landing(
        label=f"Align {clip.name or 'the voice'} with the song",
        apply=apply,
        result=AlignResult(
            clip_id=clip_id,
            moved_s=round(found.move_s, 4),
            phrases=len(found.phrases),
            off_grid_before_ms=round(1000.0 * found.off_grid_before_s, 1),
            off_grid_after_ms=round(1000.0 * found.off_grid_after_s, 1),
            semitones=semitones,
            in_key=round(found.in_key, 3),
            key=song.key,
            tempo_bpm=song.tempo_bpm,
            notices=tuple(notices),
        ),
    )


def harmonise(
    services: Services,
    project: Project,
    clip_id: str,
    song_track_id: str,
    context: TaskContext,
    *,
    harmony: str = "third-above",
) -> Landing[HarmonyResult]:
    """Double a sung clip on a track of its own, note by note at a step of the song's scale, where the licence of the
    voice allows such a change of pitch.

    Raises:
        StyleError: style-unsuitable where nothing is sung.
        ProjectError: edit-invalid for an unknown harmony or clip.
        RightsError: the harmony is out of the range that the licence allows.
    """
    if harmony not in HARMONIES:
        raise ProjectError(
            f"There is no harmony called “{harmony}”.",
            remedy=f"Choose one of: {', '.join(HARMONIES)}.",
            code="edit-invalid",
        )
    track, clip = edits.find_clip(project, clip_id)
    title, steps = HARMONIES[harmony]
    song = _song(services, project, song_track_id, share_of(context, 0.0, 0.5))
    found = _followed(services, project, clip, song, share_of(context, 0.5, 1.0), steps=steps, pitch=False)
    semitones = [clip.semitones + each.semitones for each in found.harmony]
    _require_pitch(services, project.sources[clip.source], (min(semitones), max(semitones)))
    new_track, new_clip = uuid7(), uuid7()
    along = WarpMap.of(clip)
    borders = [clip.start_s + along.clip_at(each.start_s) for each in found.harmony[1:]]
    name = f"{track.name}, {title}"

    def apply(now: Project) -> Project:
        fresh = msgspec.structs.replace(clip, id=new_clip, name=name)
        made = Track(id=new_track, name=name, role=track.role, clips=(fresh,))
        now = edits.set_strip(edits.add_track(now, made), new_track, gain_db=HARMONY_DB)
        return _in_intervals(now, new_clip, borders, semitones)

    return Landing(
        label=f"Harmony {title}",
        apply=apply,
        result=HarmonyResult(
            track_id=new_track,
            name=name,
            pieces=len(found.harmony),
            lowest=min(semitones),
            highest=max(semitones),
            key=song.key,
        ),
    )


class _Song(msgspec.Struct, frozen=True, kw_only=True):
    """Beats on the timeline and key of a track's recording."""

    beats_s: tuple[float, ...]
    key: str
    tempo_bpm: float


def _song(services: Services, project: Project, track_id: str, context: TaskContext) -> _Song:
    group = edits.group_of(project, track_id)[0]
    source = separate.recording_of(project, group.id)
    pcm = services.media.pcm(source, project.rate, share_of(context, 0.0, 0.3))
    heard: Any = services.inference.run(
        "engine.analysis.task:stated_task",
        {"pcm": pcm, "stated": stated_of(source)},
        progress=span(context, 0.3, 1.0),
        cancelled=stop_of(context),
    )
    beats: list[float] = []
    for clip in group.clips:
        along = WarpMap.of(clip)
        places = (along.clip_at(beat) for beat in heard.beats_s)
        beats += [clip.start_s + at for at in places if -1e-6 <= at <= clip.length_s]
    ratio = group.clips[0].tempo_ratio if group.clips else 1.0
    return _Song(beats_s=tuple(sorted(beats)), key=heard.key, tempo_bpm=round(heard.tempo_bpm * ratio, 2))


def _followed(
    services: Services,
    project: Project,
    clip: Clip,
    song: _Song,
    context: TaskContext,
    *,
    pitch: bool,
    steps: int = 2,
) -> Any:
    source = project.sources[clip.source]
    along = WarpMap.of(clip)
    return services.inference.run(
        "engine.analysis.singing:singing_task",
        {
            "voice": services.media.pcm(source, project.rate, share_of(context, 0.0, 0.3)),
            "from_s": max(along.source_at(0.0), 0.0),
            "to_s": min(along.source_at(clip.length_s), source.duration_s),
            "at_s": clip.start_s,
            "speed": clip.tempo_ratio,
            "beats_s": list(song.beats_s),
            "key": song.key,
            "steps": steps,
            "transpose": pitch,
            "transposed": clip.semitones,
        },
        progress=span(context, 0.3, 1.0),
        cancelled=stop_of(context),
    )


def _in_intervals(project: Project, clip_id: str, borders_s: list[float], semitones: list[float]) -> Project:
    """Cut a clip at borders and transpose each piece; pieces too short to be cut off keep the interval before."""
    last, value = clip_id, semitones[0]
    pieces: list[tuple[str, float]] = []
    for at_s, then in zip(borders_s, semitones[1:], strict=True):
        _, piece = edits.find_clip(project, last)
        if at_s - piece.start_s < _SHORTEST_S or piece.end_s - at_s < _SHORTEST_S:
            value = then if at_s - piece.start_s < _SHORTEST_S else value
            continue
        right = uuid7()
        project = edits.split_clip(project, last, at_s, ids=[right])
        pieces.append((last, value))
        last, value = right, then
    pieces.append((last, value))
    for piece_id, shift in pieces:
        project = edits.set_clip(project, piece_id, semitones=shift)
    for (left, _), (right, _) in itertools.pairwise(pieces):
        project = edits.crossfade(project, left, right, length_s=_JOIN_S)
    return project


def _require_pitch(services: Services, source: Source, semitones: tuple[float, float]) -> None:
    if source.asset_sha256 is None:
        return
    low, high = min(semitones[0], 0.0), max(semitones[1], 0.0)
    use = SourceUse(asset_sha256=source.asset_sha256, title=source.title, semitones=(low, high))
    verdict = rights.decide_usage(services, Usage(sources=(use,)))
    if not verdict.allowed:
        raise RightsError(
            verdict.why, remedy="Choose a nearer harmony, or ask the rightsholder.", details={"semitones": [low, high]}
        )
