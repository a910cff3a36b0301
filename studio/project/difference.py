"""How two states of a project differ, in plain words."""

from __future__ import annotations

from collections.abc import Iterable

from studio.project.model import Clip, Project, Track

NAMED = 3
"""So many tracks are named before the rest is only counted."""


def differences(before: Project, after: Project) -> tuple[str, ...]:
    """What `after` has that `before` has not, a line for each kind of change; nothing when they are the same."""
    lines: list[str] = []
    if before.title != after.title:
        lines.append(f"Title: “{after.title}”, before “{before.title}”")
    if before.tempo != after.tempo:
        lines.append(f"Tempo: {_tempo(after)}, before {_tempo(before)}")
    if before.key != after.key:
        lines.append(f"Key: {after.key or 'none'}, before {before.key or 'none'}")
    lines += _tracks(before, after)
    lines += _clips(before, after)
    if before.master != after.master:
        lines.append("The master was changed")
    if before.markers != after.markers:
        lines.append("Markers and sections were changed")
    return tuple(lines)


def _tempo(project: Project) -> str:
    changes = len(project.tempo) - 1
    return f"{project.tempo[0].bpm:g}" + (f" with {_plural(changes, 'change')}" if changes else "")


def _tracks(before: Project, after: Project) -> Iterable[str]:
    old = {track.id: track for track in before.tracks}
    new = {track.id: track for track in after.tracks}
    added = [track for track in after.tracks if track.id not in old]
    gone = [track for track in before.tracks if track.id not in new]
    mixed = [track for track in after.tracks if track.id in old and _setting(track) != _setting(old[track.id])]
    if added:
        yield f"{_plural(len(added), 'track')} more: {_names(added)}"
    if gone:
        yield f"{_plural(len(gone), 'track')} less: {_names(gone)}"
    if mixed:
        yield f"Mix changed on {_plural(len(mixed), 'track')}: {_names(mixed)}"


def _setting(track: Track) -> tuple[object, ...]:
    return (track.name, track.strip, track.automation, track.take)


def _clips(before: Project, after: Project) -> Iterable[str]:
    old = _by_id(before)
    new = _by_id(after)
    added = sum(key not in old for key in new)
    gone = sum(key not in new for key in old)
    changed = sum(key in old and old[key] != clip for key, clip in new.items())
    if added:
        yield f"{_plural(added, 'clip')} more"
    if gone:
        yield f"{_plural(gone, 'clip')} less"
    if changed:
        yield f"{_plural(changed, 'clip')} moved or changed"


def _by_id(project: Project) -> dict[str, tuple[str, Clip]]:
    return {clip.id: (track.id, clip) for track in project.tracks for clip in track.clips}


def _names(tracks: list[Track]) -> str:
    names = ", ".join(track.name for track in tracks[:NAMED])
    return f"{names} and {len(tracks) - NAMED} others" if len(tracks) > NAMED else names


def _plural(count: int, one: str) -> str:
    return f"{count} {one}" + ("" if count == 1 else "s")
