"""Edits of buses: where a track's signal goes, and what it sends beside. Signals never run in a circle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from studio.project.edits.rules import (
    Ids,
    chosen,
    clamp,
    clean_name,
    find_track,
    invalid,
    put_track,
    require_new,
)
from studio.project.edits.strips import put_strip
from studio.project.limits import GAIN_DB
from studio.project.model import Project, Send, Strip, Take, Track


def add_bus(project: Project, name: str, *, ids: Iterable[str] = ()) -> Project:
    """Add a bus at the end of the tracks; it plays to the master. Its id is the first of `ids`.

    Raises:
        ProjectError: edit-invalid for an empty name or a taken id.
    """
    bus_id = Ids(ids).next()
    require_new(project, [bus_id])
    bus = Track(id=bus_id, name=clean_name(name, what="bus"), kind="bus")
    return replace(project, tracks=(*project.tracks, bus))


def set_send(
    project: Project,
    track_id: str,
    bus_id: str,
    *,
    gain_db: float | None = None,
    pre: bool | None = None,
    mute: bool | None = None,
) -> Project:
    """Send a copy of a track into a bus, or change the send that is there: `gain_db` [-96, 12], before the fader with
    `pre`, `mute`.

    Raises:
        ProjectError: edit-invalid for an unknown track or bus, a circle, or a value that is not a number.
    """
    track = find_track(project, track_id)
    find_bus(project, bus_id)
    _no_circle(project, track_id, bus_id)
    strip = track.strip
    old = next((send for send in strip.sends if send.bus == bus_id), None) or Send(bus=bus_id)
    new = Send(
        bus=bus_id,
        gain_db=clamp(chosen(gain_db, old.gain_db), GAIN_DB, what="gain"),
        pre=chosen(pre, old.pre),
        mute=chosen(mute, old.mute),
    )
    if any(send.bus == bus_id for send in strip.sends):
        sends = tuple(new if send.bus == bus_id else send for send in strip.sends)
    else:
        sends = (*strip.sends, new)
    return put_strip(project, track_id, replace(strip, sends=sends))


def remove_send(project: Project, track_id: str, bus_id: str) -> Project:
    """Stop sending a track into a bus; automation of the send goes with it.

    Raises:
        ProjectError: edit-invalid for an unknown track or a send that is not there.
    """
    track = find_track(project, track_id)
    kept = tuple(send for send in track.strip.sends if send.bus != bus_id)
    if len(kept) == len(track.strip.sends):
        raise invalid("That track does not send there.", "Choose one of its sends.")
    lanes = tuple(lane for lane in track.automation if lane.target != f"send.{bus_id}.gain_db")
    return put_track(project, replace(track, strip=replace(track.strip, sends=kept), automation=lanes))


def set_output(project: Project, track_id: str, bus_id: str) -> Project:
    """Let a track play into a bus, or into the master for "".

    Raises:
        ProjectError: edit-invalid for an unknown track or bus, or a circle.
    """
    track = find_track(project, track_id)
    if bus_id:
        find_bus(project, bus_id)
        _no_circle(project, track_id, bus_id)
    return put_strip(project, track_id, replace(track.strip, output=bus_id))


def find_bus(project: Project, bus_id: str) -> Track:
    """The bus with this id.

    Raises:
        ProjectError: edit-invalid when there is none.
    """
    track = find_track(project, bus_id)
    if track.kind != "bus":
        raise invalid(f"“{track.name}” is no bus.", "Choose a bus, or add one first.")
    return track


def goes_to(strip: Strip) -> frozenset[str]:
    """Ids of the buses that a strip feeds, by its output or a send."""
    return frozenset({send.bus for send in strip.sends} | ({strip.output} - {""}))


def rerouted(strip: Strip, renamed: Mapping[str, str]) -> Strip:
    """A strip that feeds other buses: those of `renamed`, old ids to new ones."""
    if not goes_to(strip) & renamed.keys():
        return strip
    sends = tuple(replace(send, bus=renamed.get(send.bus, send.bus)) for send in strip.sends)
    return replace(strip, sends=sends, output=renamed.get(strip.output, strip.output))


def without_bus(project: Project, bus_id: str) -> Project:
    """The project in which nothing feeds this bus: its users play to the master, their sends to it are gone."""
    changed: list[Track] = []
    for track in project.tracks:
        new = replace(
            track,
            strip=_unrouted(track.strip, bus_id),
            original=None if track.original is None else _unrouted_take(track.original, bus_id),
            takes=tuple(_unrouted_take(take, bus_id) for take in track.takes),
            automation=tuple(lane for lane in track.automation if lane.target != f"send.{bus_id}.gain_db"),
        )
        changed.append(track if new == track else new)
    if all(a is b for a, b in zip(changed, project.tracks, strict=True)):
        return project
    return replace(project, tracks=tuple(changed))


def circle(tracks: Iterable[Track]) -> str | None:
    """The name of a track whose signal comes back to it, or None."""
    routes = {track.id: goes_to(track.strip) for track in tracks}
    names = {track.id: track.name for track in tracks}
    for start in routes:
        waiting, seen = list(routes[start]), set[str]()
        while waiting:
            each = waiting.pop()
            if each == start:
                return names[start]
            if each not in seen:
                seen.add(each)
                waiting.extend(routes.get(each, ()))
    return None


def _no_circle(project: Project, track_id: str, bus_id: str) -> None:
    routes = {track.id: goes_to(track.strip) for track in project.tracks}
    waiting, seen = [bus_id], set[str]()
    while waiting:
        each = waiting.pop()
        if each == track_id:
            raise invalid(
                "The signal would run in a circle.", "Choose a bus that does not play into this track, or the master."
            )
        if each not in seen:
            seen.add(each)
            waiting.extend(routes.get(each, ()))


def _unrouted(strip: Strip, bus_id: str) -> Strip:
    if bus_id not in goes_to(strip):
        return strip
    sends = tuple(send for send in strip.sends if send.bus != bus_id)
    return replace(strip, sends=sends, output="" if strip.output == bus_id else strip.output)


def _unrouted_take(take: Take, bus_id: str) -> Take:
    return replace(take, strip=_unrouted(take.strip, bus_id))
