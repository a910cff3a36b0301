"""Edits of tracks: a split track and its stems stand together and move together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from studio.project.edits.automation import retargeted
from studio.project.edits.lanes import Lane, fitted, settle
from studio.project.edits.order import Order, whole_of
from studio.project.edits.project import add_source, add_sources
from studio.project.edits.routing import find_bus, goes_to, rerouted, without_bus
from studio.project.edits.rules import (
    Ids,
    children_of,
    clean_name,
    find_source,
    find_track,
    invalid,
    lanes_of,
    put_track,
    put_tracks,
    require_new,
)
from studio.project.edits.strips import fitted_strip, show_original
from studio.project.model import Clip, Project, Role, Source, Strip, Take, Track

STEM_ORDER: tuple[Role, ...] = ("vocals", "drums", "bass", "other", "own", "mix")
TITLES: dict[Role, str] = {
    "mix": "Mix",
    "vocals": "Vocals",
    "drums": "Drums",
    "bass": "Bass",
    "other": "Other",
    "own": "Own",
}


def add_track(project: Project, track: Track, *, index: int | None = None) -> Project:
    """Add a track with its clips, at the end or at `index` among the top tracks (of its folder); a stem goes below the
    others of its parent.

    Raises:
        ProjectError: edit-invalid for a taken id, an unknown source or parent, or a clip outside its source.
    """
    if track.kind == "bus" and (track.clips or track.takes or track.parent is not None):
        raise invalid(f"“{track.name}” is a bus and holds no clips.", "Put the clips on a track, and send that there.")
    for bus_id in goes_to(track.strip):
        find_bus(project, bus_id)
    require_new(project, [track.id, *(clip.id for clip in track.clips), *(each.id for each in track.strip.inserts)])
    clips = settle(fitted(clip, find_source(project, clip.source)) for clip in track.clips)
    track = replace(track, name=clean_name(track.name, what="track"), clips=clips, strip=fitted_strip(track.strip))
    if track.folder is not None:
        find_bus(project, track.folder)
    order = Order(project)
    if track.parent is None:
        beside = order.beside(track.folder)
        beside.insert(len(beside) if index is None else max(index, 0), [track])
        return order.joined()
    block = order.block(track.parent)
    if block is not None:
        block.append(replace(track, folder=None))
        return order.joined()
    raise invalid("The track that this stem belongs to is not in the project.", "Add that track first, then split it.")


def add_track_for(project: Project, source: Source, *, at_s: float = 0.0, ids: Iterable[str] = ()) -> Project:
    """Add a sound with a new track on which one clip plays all of it from `at_s`. Ids: the track, the clip.

    Raises:
        ProjectError: as `add_source`.
    """
    fresh = Ids(ids)
    project = add_source(project, source)
    track_id = fresh.next()
    clip = Clip(
        id=fresh.next(), source=source.id, start_s=max(at_s, 0.0), length_s=source.duration_s, name=source.title
    )
    return add_track(project, Track(id=track_id, name=source.title.strip() or "Track", role=source.role, clips=(clip,)))


def remove_track(project: Project, track_id: str) -> Project:
    """Remove a track and its stems, a folder with all that lies in it. When the last stem goes, the split track plays
    itself again; what fed a bus that goes plays to the master.

    Raises:
        ProjectError: edit-invalid for an unknown track.
    """
    track = find_track(project, track_id)
    gone = {each.id: each.kind for each in whole_of(project, track_id)}
    for each, kind in gone.items():
        if kind == "bus":
            project = without_bus(project, each)
    if track.parent is not None:
        parent = find_track(project, track.parent)
        if len(children_of(project, parent.id)) == 1:
            project = show_original(project, parent.id)
        elif track.id in parent.muted_stems:
            project = put_track(
                project, replace(parent, muted_stems=tuple(e for e in parent.muted_stems if e != track.id))
            )
    return replace(project, tracks=tuple(each for each in project.tracks if each.id not in gone))


def rename_track(project: Project, track_id: str, name: str) -> Project:
    """Give a track a name of 1 to 200 characters.

    Raises:
        ProjectError: edit-invalid for an unknown track or an empty name.
    """
    track, name = find_track(project, track_id), clean_name(name, what="track")
    return project if name == track.name else put_track(project, replace(track, name=name))


def move_track(project: Project, track_id: str, index: int) -> Project:
    """Move a track, with its stems and all that lies in it, to `index` among the top tracks of its folder; a stem moves
    among the stems of its parent. Clamped.

    Raises:
        ProjectError: edit-invalid for an unknown track.
    """
    track = find_track(project, track_id)
    order = Order(project)
    if track.parent is None:
        beside = order.beside(track.folder)
        block = next(each for each in beside if each[0].id == track_id)
        beside.remove(block)
        beside.insert(max(index, 0), block)
    else:
        block = next(each for each in order.blocks() if each[0].id == track.parent)
        block.remove(track)
        block.insert(1 + max(index, 0), track)
    return order.joined()


def duplicate_track(project: Project, track_id: str, *, ids: Iterable[str] = ()) -> Project:
    """Copy a track with its stems, clips, takes and effects, right below it; a stem is copied among its siblings, a
    folder with all that lies in it.

    Ids: the track, its clips and effects lane by lane, then each stem (each track of the folder) likewise.

    Raises:
        ProjectError: edit-invalid for an unknown track.
    """
    fresh = Ids(ids)
    whole = whole_of(project, track_id)
    copies = [_copied(each, fresh) for each in whole]
    renamed = {old.id: new.id for old, new in zip(whole, copies, strict=True)}
    copies = [_among(copy, renamed) for copy in copies]
    copies[0] = replace(copies[0], name=clean_name(f"{copies[0].name} copy", what="track"))
    at = project.tracks.index(whole[-1]) + 1
    return replace(project, tracks=(*project.tracks[:at], *copies, *project.tracks[at:]))


def attach_stems(project: Project, track_id: str, stems: Mapping[Role, Source], *, ids: Iterable[str] = ()) -> Project:
    """Put the stems of a track's recording below it, one track a role, with clips that mirror its own; the original
    rests, muted.

    The stems take the strip of the track, so that nothing changes to the ear but what separation itself does.
    Ids: for each role in the order of `STEM_ORDER` the track, its clips, its effects.

    Raises:
        ProjectError: edit-invalid for an unknown track, one that is split or a stem, no stems, or clips of another
        recording among its own.
    """
    track = find_track(project, track_id)
    if track.parent is not None:
        raise invalid("A stem cannot be split again.", "Split the track that it came from.")
    if children_of(project, track_id):
        raise invalid("That track is split already.", "Remove its stems first, or undo the split.")
    if not stems or not track.clips:
        raise invalid("There is nothing to split on that track.", "Choose a track with a recording on it.")
    project = add_sources(project, stems.values())
    fresh = Ids(ids)
    children: list[Track] = []
    for role in sorted(stems, key=STEM_ORDER.index):
        source = stems[role]
        child_id = fresh.next()
        clips = tuple(_mirror(clip, source, fresh) for clip in track.clips)
        inserts = tuple(replace(insert, id=fresh.next()) for insert in track.strip.inserts)
        strip = replace(track.strip, mute=False, inserts=inserts)
        automation = retargeted(track.automation, _renamed(track.strip, strip))
        children.append(
            Track(
                id=child_id,
                name=TITLES[role],
                role=role,
                parent=track.id,
                clips=clips,
                strip=strip,
                automation=tuple(lane for lane in automation if lane.target != "mute"),
            )
        )
    require_new(project, [each for child in children for each in (child.id, *(clip.id for clip in child.clips))])
    at = project.tracks.index(track) + 1
    project = replace(project, tracks=(*project.tracks[:at], *children, *project.tracks[at:]))
    return put_tracks(project, [replace(track, strip=replace(track.strip, mute=True), muted_stems=())])


def _mirror(clip: Clip, stem: Source, ids: Ids) -> Clip:
    if clip.source not in stem.parents:
        raise invalid(
            "That track holds clips of more than one recording, and the stems are of one.",
            "Move the other clips to a track of their own, then split.",
        )
    return fitted(replace(clip, id=ids.next(), source=stem.id), stem)


def _copied(track: Track, ids: Ids) -> Track:
    track_id = ids.next()
    clips, strip = _fresh_lane(track.clips, track.strip, ids)
    original = None if track.original is None else _copied_take(track.original, ids)
    takes = tuple(_copied_take(take, ids) for take in track.takes)
    renamed: dict[str, str] = {}
    for old, new in zip(
        lanes_of(track), lanes_of(replace(track, strip=strip, takes=takes, original=original)), strict=True
    ):
        renamed |= _renamed(old.strip, new.strip)
    automation = retargeted(track.automation, renamed)
    return replace(track, id=track_id, clips=clips, strip=strip, takes=takes, original=original, automation=automation)


def _among(copy: Track, renamed: Mapping[str, str]) -> Track:
    """A copy that belongs to the copies of what its original belonged to: parent, folder, routes."""
    targets = {f"send.{old}.gain_db": f"send.{new}.gain_db" for old, new in renamed.items()}
    return replace(
        copy,
        parent=None if copy.parent is None else renamed.get(copy.parent, copy.parent),
        folder=None if copy.folder is None else renamed.get(copy.folder, copy.folder),
        muted_stems=tuple(renamed[each] for each in copy.muted_stems if each in renamed),
        strip=rerouted(copy.strip, renamed),
        original=None if copy.original is None else _rerouted_take(copy.original, renamed),
        takes=tuple(_rerouted_take(take, renamed) for take in copy.takes),
        automation=tuple(replace(lane, target=targets.get(lane.target, lane.target)) for lane in copy.automation),
    )


def _rerouted_take(take: Take, renamed: Mapping[str, str]) -> Take:
    return replace(take, strip=rerouted(take.strip, renamed))


def _renamed(old: Strip, new: Strip) -> dict[str, str]:
    """Old ids of effects to the new ones of a copy."""
    return {a.id: b.id for a, b in zip(old.inserts, new.inserts, strict=True)}


def _copied_take(take: Take, ids: Ids) -> Take:
    clips, strip = _fresh_lane(take.clips, take.strip, ids)
    return replace(take, clips=clips, strip=strip)


def _fresh_lane(clips: Lane, strip: Strip, ids: Ids) -> tuple[Lane, Strip]:
    copies = tuple(replace(clip, id=ids.next()) for clip in clips)
    return copies, replace(strip, inserts=tuple(replace(insert, id=ids.next()) for insert in strip.inserts))
