"""Freezing: a track plays what it was rendered to, as long as nothing of what went into that changes."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from msgspec.structs import replace

from studio.project.edits.project import add_source
from studio.project.edits.rules import find_track, invalid, put_track
from studio.project.model import Frozen, Project, Source, Track

_AFTER_FREEZE = ("gain_db", "pan", "mute")
"""Automation of these, and of sends, acts on the frozen sound and is not in it."""


def freeze(project: Project, track_id: str, source: Source, *, digest: str | None = None) -> Project:
    """Let a track play `source`, which was rendered through its effects from the project's start on.

    `digest` is that of what was rendered, `freeze_digest` of the project at that time; the present one if absent.

    Raises:
        ProjectError: edit-invalid for an unknown track, a bus, or a source as `add_source` refuses it.
    """
    track = find_track(project, track_id)
    if track.kind == "bus":
        raise invalid(f"“{track.name}” is a bus, and what it plays changes with others.", "Freeze the tracks instead.")
    project = add_source(project, source)
    frozen = Frozen(source=source.id, digest=digest or freeze_digest(project, track))
    return put_track(project, replace(find_track(project, track_id), frozen=frozen))


def unfreeze(project: Project, track_id: str) -> Project:
    """Let a track play its clips and effects again.

    Raises:
        ProjectError: edit-invalid for an unknown track.
    """
    track = find_track(project, track_id)
    return project if track.frozen is None else put_track(project, replace(track, frozen=None))


def plays_frozen(project: Project, track: Track) -> bool:
    """Whether a track is frozen and nothing of what went into that has changed; else it plays live."""
    return (
        track.frozen is not None
        and track.frozen.source in project.sources
        and track.frozen.digest == freeze_digest(project, track)
    )


def freeze_digest(project: Project, track: Track) -> str:
    """A digest of all that a frozen sound is made of: clips, their sounds, and the strip up to its effects.

    Names and identities are not in it, so that a copy of the track plays the same frozen sound.
    """
    strip = track.strip
    order = {insert.id: str(index) for index, insert in enumerate(strip.inserts)}
    clips: list[dict[str, Any]] = []
    for clip in track.clips:
        if clip.muted:
            continue
        plain = msgspec.to_builtins(clip)
        plain.update(id="", name="", follow_tempo=False, source=project.sources[clip.source].blob)
        clips.append(plain)
    made_of = {
        "rate": project.rate,
        "clips": clips,
        "polarity": strip.polarity,
        "high_pass_hz": strip.high_pass_hz,
        "eq": strip.eq,
        "compressor": strip.compressor,
        "inserts": [replace(insert, id="") for insert in strip.inserts],
        "automation": sorted(
            (_by_place(lane.target, order), [(point.at_s, point.value) for point in lane.points], lane.hold)
            for lane in track.automation
            if lane.enabled and lane.points and not after_freeze(lane.target)
        ),
    }
    return hashlib.sha256(msgspec.json.encode(made_of, order="deterministic")).hexdigest()


def after_freeze(target: str) -> bool:
    """Whether automation of `target` acts behind the place where a freeze is taken."""
    return target in _AFTER_FREEZE or target.startswith("send.")


def _by_place(target: str, order: dict[str, str]) -> str:
    for key, place in order.items():
        if target.startswith(f"insert.{key}."):
            return f"insert.{place}.{target[len(key) + 8 :]}"
    return target
