"""What moves with the music when the tempo map changes: clips that follow it, and what stands on bars."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from studio.base.errors import ProjectError
from studio.project.edits.lanes import Lane, fitted, settle, with_fades
from studio.project.limits import MAX_TIME_S, MIN_CLIP_S
from studio.project.model import Automation, AutomationPoint, Clip, Project, Take, TempoPoint, Track, WarpMarker
from studio.project.tempo import TempoMap
from studio.project.warp import WarpMap

ON_BAR_S = 0.001
"""Nearer to a bar line than this stands on it."""


def retimed(project: Project, tempo: Sequence[TempoPoint]) -> Project:
    """The project with another tempo map: clips that follow the tempo keep their bars, with their warp; markers, loop
    ends and automation points that stand on a bar line stay on it. All else stays in seconds.

    All automation of a track whose clips all follow the tempo moves, wherever its points stand.
    """
    before = TempoMap.of(project)
    project = replace(project, tempo=tuple(tempo))
    after = TempoMap.of(project)

    def with_music(at_s: float) -> float:
        return min(max(after.seconds(before.beats(at_s)), 0.0), MAX_TIME_S)

    def on_bars(at_s: float) -> float:
        beats = before.beats(at_s)
        bar = round(beats / before.beats_per_bar) * before.beats_per_bar
        return min(after.seconds(bar), MAX_TIME_S) if abs(before.seconds(bar) - at_s) < ON_BAR_S else at_s

    joints = sorted({point.at_beats for point in (*before.points, *tempo)})

    def track_of(track: Track) -> Track:
        clips = _lane(project, track.clips, before, after, joints)
        original = None if track.original is None else _take(project, track.original, before, after, joints)
        takes = tuple(_take(project, take, before, after, joints) for take in track.takes)
        follows = bool(track.clips) and all(clip.follow_tempo for clip in track.clips)
        automation = _lanes(track.automation, with_music if follows else on_bars)
        new = replace(track, clips=clips, original=original, takes=takes, automation=automation)
        return track if new == track else new

    tracks = tuple(track_of(track) for track in project.tracks)
    if any(a is not b for a, b in zip(tracks, project.tracks, strict=True)):
        project = replace(project, tracks=tracks)
    markers = tuple(
        replace(
            each,
            start_s=(start_s := on_bars(each.start_s)),
            length_s=max(on_bars(each.start_s + each.length_s) - start_s, 0.0) if each.length_s else 0.0,
        )
        for each in project.markers
    )
    markers = tuple(sorted(markers, key=lambda each: (each.start_s, -each.length_s)))
    if markers != project.markers:
        project = replace(project, markers=markers)
    start_s, end_s = on_bars(project.loop.start_s), on_bars(project.loop.end_s)
    loop = replace(
        project.loop,
        start_s=min(start_s, end_s),
        end_s=max(start_s, end_s),
        enabled=project.loop.enabled and start_s != end_s,
    )
    if loop != project.loop:
        project = replace(project, loop=loop)
    lanes = _lanes(project.master.automation, on_bars)
    if lanes != project.master.automation:
        project = replace(project, master=replace(project.master, automation=lanes))
    return project


def _take(project: Project, take: Take, before: TempoMap, after: TempoMap, joints: Sequence[float]) -> Take:
    return replace(take, clips=_lane(project, take.clips, before, after, joints))


def _lane(project: Project, lane: Lane, before: TempoMap, after: TempoMap, joints: Sequence[float]) -> Lane:
    if not any(clip.follow_tempo for clip in lane):
        return lane
    moved = tuple(
        new
        for clip in lane
        if (new := _clip(project, clip, before, after, joints) if clip.follow_tempo else clip) is not None
    )
    return lane if moved == lane else settle(moved)


def _clip(project: Project, clip: Clip, before: TempoMap, after: TempoMap, joints: Sequence[float]) -> Clip | None:
    """The clip on its bars under the new map; None when nothing of it is left before the end of the timeline."""

    def moved(at_s: float) -> float:
        return after.seconds(before.beats(at_s))

    start_s, end_s = moved(clip.start_s), moved(clip.end_s)
    if start_s > MAX_TIME_S - MIN_CLIP_S:
        return None
    track = WarpMap.of(clip)
    # Where the slope of the map may change: at its own markers, at tempo changes under the clip, and at its ends.
    inner = [at for each in joints if clip.start_s < (at := before.seconds(each)) < clip.end_s]
    places = {0.0, clip.length_s, *(marker.clip_s for marker in clip.warp)}
    places |= {clip.end_s - at if clip.reverse else at - clip.start_s for at in inner}

    def forward(clip_s: float) -> float:
        if clip.reverse:
            return end_s - moved(clip.end_s - clip_s)
        return moved(clip.start_s + clip_s) - start_s

    markers = [WarpMarker(source_s=track.source_at(at), clip_s=forward(at)) for at in sorted(places)]
    length_s = end_s - start_s
    new = replace(clip, start_s=start_s, length_s=length_s)
    straight = not clip.warp and not _bends(markers)
    if straight:
        ratio = clip.tempo_ratio * clip.length_s / length_s
        new = replace(new, tempo_ratio=ratio)
    else:
        new = replace(new, warp=tuple(markers))
    try:
        return with_fades(fitted(new, project.sources[clip.source]))
    except ProjectError:
        # At an absurd tempo nothing of a very short clip is left.
        return None


def _bends(markers: Sequence[WarpMarker]) -> bool:
    slopes = [(b.source_s - a.source_s) / (b.clip_s - a.clip_s) for a, b in itertools.pairwise(markers)]
    return max(slopes) - min(slopes) > 1e-9 * max(slopes)


def _lanes(lanes: Sequence[Automation], move: Callable[[float], float]) -> tuple[Automation, ...]:
    new: list[Automation] = []
    for lane in lanes:
        points = tuple(AutomationPoint(at_s=move(each.at_s), value=each.value) for each in lane.points)
        # What stays in seconds may have been overtaken by what moved.
        points = tuple(sorted(points, key=lambda each: each.at_s))
        new.append(lane if points == lane.points else replace(lane, points=points))
    return tuple(new)
