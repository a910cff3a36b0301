"""Stems while a model makes them: heard and seen as far as they are there, before they are part of the project.

The project itself is not touched until all is made: what grows lies over it, in what is shown and in what is played.
Mutes, solos and levels that a person sets on the way land with the stems.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from engine.errors import EngineError
from engine.io.pyramid import Growing
from engine.types import PcmRef
from studio.base.errors import StudioError
from studio.base.ids import uuid7
from studio.flows.media import MediaCache
from studio.flows.separate import SplitPartial, recording_of
from studio.project import edits
from studio.project.model import Clip, Project, Role, Source, Step, Strip, Track
from studio.session.prepared import Prepared

Spans = tuple[tuple[float, float], ...]

ROLES: tuple[Role, ...] = ("vocals", "drums", "bass", "other")
MIN_PIECE_S = 0.02


class Forming:
    """The stems of one track in the making. Thread-safe: the job reports, the window and the follower read."""

    def __init__(self, project: Project, track_id: str, *, media: MediaCache, folder: Path):
        self.track_id, self._rate, self._media = track_id, project.rate, media
        self._project = project
        self._token = uuid7()
        self._folder = folder / f"forming-{self._token}"
        self._lock = threading.Lock()
        self._sources: dict[Role, Source] = {}
        self._peaks: dict[Role, Growing] = {}
        self._drawn: Spans = ()
        self._ids: list[str] = [uuid7() for _ in range(400)]
        self._strips: dict[Role, dict[str, Any]] = {}
        self._cache: dict[str, tuple[Project, int, Project]] = {}
        self._version = 0
        self.ready: Spans = ()
        """The stretches of the recording that are final, in seconds of it."""

    # the job

    def take(self, partial: SplitPartial, peaks: Prepared[Any]) -> None:
        """Take in what has been made by now.

        Raises:
            ProjectError: the track holds no recording that can be split.
        """
        for role in ROLES:
            ref = partial.stems.get(role)
            if ref is not None:
                self._take_stem(role, ref, partial, peaks)
        with self._lock:
            self.ready = self._drawn = partial.ready
            self._version += 1

    def _take_stem(self, role: Role, ref: PcmRef, partial: SplitPartial, peaks: Prepared[Any]) -> None:
        source = self._sources.get(role)
        if source is None:
            origin = recording_of(self._project, self.track_id)
            source = replace(
                origin,
                id=uuid7(),
                title=f"{origin.title} ({role})",
                role=role,
                blob=f"forming-{self._token}-{role}",
                duration_s=partial.duration_s,
                rate=ref.rate,
                channels=ref.channels,
                parents=(origin.id,),
                steps=(Step(operation=f"stem:{role}", at="", model_id="separation"),),
            )
            self._media.lend(source.blob, self._rate, self._own(ref))
            self._peaks[role] = Growing(frames=ref.frames, channels=ref.channels, rate=ref.rate)
            with self._lock:
                self._sources[role] = source
        growing, samples = self._peaks[role], ref.open()
        for start_s, end_s in _new(self._drawn, partial.ready):
            growing.add(samples, round(start_s * ref.rate), min(round(end_s * ref.rate), ref.frames))
        peaks.put(source, growing.pyramid())

    def _own(self, ref: PcmRef) -> PcmRef:
        """The same sound under a name of our own, so that play-back keeps it when the job moves its files."""
        self._folder.mkdir(parents=True, exist_ok=True)
        name = self._folder / f"{len(self._sources)}.f32"
        try:
            os.link(ref.path, name)
        except OSError:
            return ref
        return replace(ref, path=str(name))

    def end(self) -> None:
        """The stems have landed, or never will."""
        for source in self._sources.values():
            self._media.take_back(source.blob, self._rate)
        shutil.rmtree(self._folder, ignore_errors=True)

    # what lies over the project

    def shown(self, project: Project) -> Project:
        """The project with the growing stems below their track, as it is drawn."""
        return self._cached("shown", project, self._attach)

    def played(self, project: Project) -> Project:
        """The project as it is played: stems where they are made, the recording elsewhere."""
        return self._cached("played", project, self._playable)

    def _cached(self, name: str, project: Project, make: Callable[[Project], Project]) -> Project:
        with self._lock:
            version, known = self._version, self._cache.get(name)
        if known is not None and known[0] is project and known[1] == version:
            return known[2]
        if not self._sources or all(track.id != self.track_id for track in project.tracks):
            return project
        try:
            made = make(project)
        except (StudioError, EngineError):
            # The track has changed in a way that the stems will not fit: what lands will say so.
            made = project
        with self._lock:
            self._cache[name] = (project, version, made)
        return made

    def _attach(self, project: Project) -> Project:
        parent = project.track(self.track_id)
        with self._lock:
            sources = dict(self._sources)
        made = edits.attach_stems(edits.add_sources(project, sources.values()), self.track_id, sources, ids=self._ids)
        tracks = tuple(self._as_set(track, parent) for track in made.tracks)
        return replace(made, tracks=tracks)

    def _as_set(self, track: Track, parent: Track) -> Track:
        if track.id == parent.id:
            return parent
        if track.parent != parent.id or track.role not in self._strips:
            return track
        return replace(track, strip=replace(track.strip, **self._strips[track.role]))

    def _playable(self, project: Project) -> Project:
        made = self._attach(project)
        parent = project.track(self.track_id)
        if any(clip.tempo_ratio != 1.0 or clip.semitones or clip.warp or clip.reverse for clip in parent.clips):
            # What is stretched or turned has to be whole first.
            return project
        rest = _complement(self.ready, max(source.duration_s for source in self._sources.values()))
        tracks: list[Track] = []
        for track in made.tracks:
            if track.id == parent.id:
                track = replace(track, clips=_cut(track.clips, rest))
            elif track.parent == parent.id:
                track = replace(track, clips=_cut(track.clips, self.ready))
            tracks.append(track)
        return replace(made, tracks=tuple(tracks))

    # what a person sets on the way

    def holds(self, track_id: str, project: Project) -> bool:
        """Whether this is the track of a growing stem."""
        return self._role(track_id, project) is not None

    def _role(self, track_id: str, project: Project) -> Role | None:
        for track in self.shown(project).tracks:
            if track.id == track_id and track.parent == self.track_id:
                return track.role if track.role in self._sources else None
        return None

    def set_strip(self, project: Project, track_id: str, values: dict[str, Any]) -> None:
        """Mute, solo or level a growing stem."""
        role = self._role(track_id, project)
        if role is None:
            return
        with self._lock:
            self._strips.setdefault(role, {}).update(values)
            self._version += 1

    def land(self, project: Project) -> Project:
        """The project with what was set on the way, on the stems that have landed."""
        for track in project.tracks:
            values = self._strips.get(track.role)
            if track.parent == self.track_id and values:
                with contextlib.suppress(StudioError):
                    project = edits.set_strip(project, track.id, **values)
        return project


STRIP_FIELDS = frozenset({"mute", "solo", "gain_db", "pan"})


def strip_changes(before: Strip, after: Strip) -> dict[str, Any]:
    """What of mute, solo, level and pan differs."""
    return {name: getattr(after, name) for name in STRIP_FIELDS if getattr(before, name) != getattr(after, name)}


def _new(known: Spans, now: Spans) -> list[tuple[float, float]]:
    """The parts of `now` that are not in `known`."""
    found: list[tuple[float, float]] = []
    for start_s, end_s in now:
        at_s = start_s
        for a, b in known:
            if b <= at_s or a >= end_s:
                continue
            if a > at_s:
                found.append((at_s, a))
            at_s = max(at_s, b)
        if at_s < end_s:
            found.append((at_s, end_s))
    return found


def _complement(spans: Spans, duration_s: float) -> Spans:
    return tuple(_new(spans, ((0.0, duration_s),)))


def _cut(clips: tuple[Clip, ...], spans: Spans) -> tuple[Clip, ...]:
    """The pieces of clips whose sound lies in the spans, in seconds of the source; all play evenly at their speed."""
    pieces: list[Clip] = []
    for clip in clips:
        first_s, last_s = clip.source_start_s, clip.source_start_s + clip.length_s
        for number, (start_s, end_s) in enumerate(spans):
            a, b = max(start_s, first_s), min(end_s, last_s)
            if b - a < MIN_PIECE_S:
                continue
            pieces.append(
                replace(
                    clip,
                    id=clip.id if number == 0 else f"{clip.id}-{number}",
                    start_s=clip.start_s + a - first_s,
                    length_s=b - a,
                    source_start_s=a,
                    fade_in_s=clip.fade_in_s if a == first_s else 0.0,
                    fade_out_s=clip.fade_out_s if b == last_s else 0.0,
                )
            )
    return tuple(pieces)
