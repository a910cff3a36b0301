"""Whether a project is sound: what a file may not hold, and what edits must never make."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from typing import Any, cast

import msgspec

from studio.base.errors import ProjectError
from studio.project import limits
from studio.project.edits.routing import circle, goes_to
from studio.project.edits.rules import lanes_of
from studio.project.model import Automation, Clip, Project, Strip, Track

_OVERLAP_TOLERANCE_S = 1e-6
_WARP_RATIO = (limits.TEMPO_RATIO[0] * (1 - 1e-5), limits.TEMPO_RATIO[1] * (1 + 1e-5))


def check(project: Project) -> None:
    """Make sure that a project can be worked with.

    Raises:
        ProjectError: project-corrupt, with the first problem in `details` and the message.
    """
    for problem in problems(project):
        raise ProjectError(
            f"This project cannot be right: {problem}.",
            remedy="Open one of its backups instead, or recover it from its journal.",
            code="project-corrupt",
            details={"problem": problem},
        )


def problems(project: Project) -> Iterator[str]:
    """What is wrong with a project, in words; nothing when it is sound."""
    yield from _numbers(msgspec.to_builtins(project))
    yield from _whole(project)
    yield from _sources(project)
    yield from _unique("track", (track.id for track in project.tracks))
    lanes = [lane for track in project.tracks for lane in lanes_of(track)]
    yield from _unique("clip", (clip.id for lane in lanes for clip in lane.clips))
    strips = [project.master.strip, *(lane.strip for lane in lanes)]
    yield from _unique("effect", (insert.id for strip in strips for insert in strip.inserts))
    for strip in strips:
        yield from _strip(strip)
    yield from _routes(project)
    yield from _folders(project)
    yield from _automation("the master", project.master.automation)
    parent: str | None = None
    tops = {track.id for track in project.tracks if track.parent is None}
    for track in project.tracks:
        parent = track.id if track.parent is None else parent
        if track.parent is not None and (track.parent not in tops or track.parent != parent):
            yield f"the stem “{track.name}” does not stand below its track"
        yield from _track(project, track)
        yield from _automation(f"“{track.name}”", track.automation)


def _numbers(value: Any, path: str = "project") -> Iterator[str]:
    if isinstance(value, float):
        if not math.isfinite(value):
            yield f"{path} is not a number"
    elif isinstance(value, dict):
        for key, each in cast("dict[str, Any]", value).items():
            yield from _numbers(each, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, each in enumerate(cast("list[Any]", value)):
            yield from _numbers(each, f"{path}[{index}]")


def _whole(project: Project) -> Iterator[str]:
    if not project.id:
        yield "it has no identity"
    if not 8_000 <= project.rate <= 192_000:
        yield f"its rate is {project.rate} Hz"
    starts = [point.at_beats for point in project.tempo]
    if not starts or starts[0] != 0.0 or any(a >= b for a, b in itertools.pairwise(starts)):
        yield "its tempo map is out of order"
    if not all(_within(point.bpm, limits.BPM) for point in project.tempo):
        yield "its tempo is absurd"
    if not _within(project.beats_per_bar, limits.BEATS_PER_BAR) or project.beat_unit not in limits.BEAT_UNITS:
        yield f"its time signature is {project.beats_per_bar}/{project.beat_unit}"
    if not all(_in_time(marker.start_s, marker.length_s) for marker in project.markers):
        yield "a marker lies outside the timeline"
    if not 0.0 <= project.loop.start_s <= project.loop.end_s <= limits.MAX_TIME_S:
        yield "its loop lies outside the timeline"
    if not _within(project.master.ceiling_dbtp, limits.CEILING_DBTP):
        yield f"its ceiling is {project.master.ceiling_dbtp} dBTP"


def _sources(project: Project) -> Iterator[str]:
    for key, source in project.sources.items():
        if key != source.id:
            yield f"the sound “{source.title}” is kept under another identity"
        if not 0.0 < source.duration_s <= limits.MAX_TIME_S:
            yield f"the sound “{source.title}” is {source.duration_s} s long"
        if not 1 <= source.rate <= 1_000_000 or not 1 <= source.channels <= 64:
            yield f"the sound “{source.title}” has {source.channels} channels at {source.rate} Hz"
        if not _is_key(source.blob):
            yield f"the sound “{source.title}” points outside the library"
        if any(parent not in project.sources for parent in source.parents):
            yield f"the sound “{source.title}” was made from one that is not there"
    if _has_cycle({key: source.parents for key, source in project.sources.items()}):
        yield "a sound was made from itself"


def _track(project: Project, track: Track) -> Iterator[str]:
    numbers = [take.number for take in track.takes]
    if len(numbers) != len(set(numbers)) or any(number < 1 for number in numbers):
        yield f"the takes of “{track.name}” are numbered {numbers}"
    if (track.take is None) != (track.original is None) or (track.take is not None and track.take not in numbers):
        yield f"“{track.name}” shows take {track.take}, which is not there"
    for lane in lanes_of(track):
        for clip in lane.clips:
            yield from _clip(project, track, clip)
        for left, right in itertools.pairwise(lane.clips):
            fade_s = min(left.fade_out_s, right.fade_in_s)
            if right.start_s < left.start_s or left.end_s - right.start_s > fade_s + _OVERLAP_TOLERANCE_S:
                yield f"clips overlap on “{track.name}”"


def _routes(project: Project) -> Iterator[str]:
    buses = {track.id for track in project.tracks if track.kind == "bus"}
    for track in project.tracks:
        if track.kind == "bus" and (track.parent is not None or any(lane.clips for lane in lanes_of(track))):
            yield f"the bus “{track.name}” holds clips or is a stem"
        if track.frozen is not None and track.frozen.source not in project.sources:
            yield f"“{track.name}” is frozen to a sound that is not there"
        # Of lanes that do not show, only the strip's sound counts: routes belong to the track.
        strip = track.strip
        if not goes_to(strip) <= buses:
            yield f"“{track.name}” plays into a bus that is not there"
        if len({send.bus for send in strip.sends}) != len(strip.sends):
            yield f"“{track.name}” sends twice to one bus"
        if not all(_within(send.gain_db, limits.GAIN_DB) for send in strip.sends):
            yield f"a send of “{track.name}” is out of range"
    if goes_to(project.master.strip):
        yield "the master plays into a bus"
    name = circle(project.tracks)
    if name is not None:
        yield f"the signal of “{name}” runs in a circle"


def _automation(name: str, lanes: tuple[Automation, ...]) -> Iterator[str]:
    yield from _unique("lane", (lane.target for lane in lanes))
    for lane in lanes:
        times = [point.at_s for point in lane.points]
        if not times or len(times) > limits.MAX_AUTOMATION_POINTS:
            yield f"automation of {name} has {len(times)} points"
        elif times[0] < 0.0 or times[-1] > limits.MAX_TIME_S or any(a > b for a, b in itertools.pairwise(times)):
            yield f"automation of {name} is out of order"


def _warp(name: str, clip: Clip) -> Iterator[str]:
    markers = clip.warp
    if len(markers) == 1 or len(markers) > limits.MAX_WARP_MARKERS:
        yield f"{name} has {len(markers)} warp markers"
    for a, b in itertools.pairwise(markers):
        step_s = b.clip_s - a.clip_s
        if step_s <= 0.0 or not _within((b.source_s - a.source_s) / step_s, _WARP_RATIO):
            yield f"{name} has warp markers out of order"
            return


def _folders(project: Project) -> Iterator[str]:
    buses = {track.id for track in project.tracks if track.kind == "bus"}
    inside = {track.id: track.folder for track in project.tracks}
    for track in project.tracks:
        if track.folder is None:
            continue
        if track.folder not in buses or track.parent is not None:
            yield f"“{track.name}” lies in a folder that is none"
            return
        seen = {track.id}
        above: str | None = track.folder
        while above is not None and above not in seen:
            seen.add(above)
            above = inside.get(above)
        if above is not None:
            yield f"the folder of “{track.name}” lies in itself"
            return


def _clip(project: Project, track: Track, clip: Clip) -> Iterator[str]:
    name = f"a clip on “{track.name}”"
    source = project.sources.get(clip.source)
    if source is None:
        yield f"{name} plays a sound that is not there"
        return
    # As far as edits go: half the shortest clip, for rounding.
    if clip.length_s < limits.MIN_CLIP_S / 2.0 or not _in_time(clip.start_s, clip.length_s):
        yield f"{name} runs from {clip.start_s} s for {clip.length_s} s"
    if not (_within(clip.tempo_ratio, limits.TEMPO_RATIO) and _within(clip.semitones, limits.SEMITONES)):
        yield f"{name} is stretched by {clip.tempo_ratio} and {clip.semitones} semitones"
    elif clip.source_start_s < 0.0 or clip.source_start_s + clip.length_s * clip.tempo_ratio > source.duration_s + 1e-3:
        yield f"{name} plays beyond the end of its sound"
    yield from _warp(name, clip)
    if not _within(clip.gain_db, limits.CLIP_GAIN_DB):
        yield f"{name} has a gain of {clip.gain_db} dB"
    if min(clip.fade_in_s, clip.fade_out_s) < 0.0 or clip.fade_in_s + clip.fade_out_s > clip.length_s + 1e-6:
        yield f"{name} has fades longer than itself"


def _strip(strip: Strip) -> Iterator[str]:
    if not (_within(strip.gain_db, limits.GAIN_DB) and _within(strip.pan, limits.PAN)):
        yield f"a fader stands at {strip.gain_db} dB, pan {strip.pan}"
    if not _within(strip.high_pass_hz, limits.HIGH_PASS_HZ):
        yield f"a high-pass stands at {strip.high_pass_hz} Hz"
    for band in strip.eq:
        shape = _within(band.freq_hz, limits.EQ_FREQ_HZ) and _within(band.q, limits.EQ_Q)
        if not (shape and _within(band.gain_db, limits.EQ_GAIN_DB)):
            yield "an equaliser band is out of range"
    pressed = strip.compressor
    if not (
        _within(pressed.threshold_db, limits.THRESHOLD_DB)
        and _within(pressed.ratio, limits.RATIO)
        and _within(pressed.attack_s, limits.ATTACK_S)
        and _within(pressed.release_s, limits.RELEASE_S)
        and _within(pressed.makeup_db, limits.MAKEUP_DB)
    ):
        yield "a compressor is out of range"


def _unique(what: str, ids: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for each in ids:
        if not each or each in seen:
            yield f"two {what}s share an identity, or one has none"
            return
        seen.add(each)


def _within(value: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= value <= bounds[1]


def _in_time(start_s: float, length_s: float) -> bool:
    return start_s >= 0.0 and length_s >= 0.0 and start_s + length_s <= limits.MAX_TIME_S + 1e-6


def _is_key(blob: str) -> bool:
    # Keys become file names in the library: nothing that could be a path.
    return 1 <= len(blob) <= 128 and all(each.isascii() and (each.isalnum() or each in "-_") for each in blob)


def _has_cycle(parents: dict[str, tuple[str, ...]]) -> bool:
    done: set[str] = set()
    for start in parents:
        path: list[tuple[str, int]] = [(start, 0)]
        on_path = {start}
        while path:
            key, at = path[-1]
            following = parents.get(key, ())
            if key in done or at == len(following):
                done.add(key)
                on_path.discard(key)
                path.pop()
                continue
            path[-1] = (key, at + 1)
            if following[at] in on_path:
                return True
            if following[at] not in done:
                path.append((following[at], 0))
                on_path.add(following[at])
    return False
