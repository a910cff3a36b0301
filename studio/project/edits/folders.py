"""Edits of folders: a folder is a bus in which tracks lie.

They stand below it, fold away with it, and play into it, so that its fader, mute, solo, pan, effects and sends work on
all of them; one that plays somewhere else goes on doing so. A folder whose last track left is a plain bus.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from studio.project.edits.order import Order, members_of, whole_of
from studio.project.edits.routing import add_bus, set_output
from studio.project.edits.rules import Ids, children_of, find_track, invalid, put_track, put_tracks
from studio.project.edits.tracks import remove_track
from studio.project.model import Project, Role, Track


def group_tracks(
    project: Project, track_ids: Iterable[str], name: str = "Group", *, ids: Iterable[str] = ()
) -> Project:
    """Put tracks into a new folder, which stands where the first of them stood and plays where that folder did.

    Stems stand for their song, and what lies in a folder that is chosen too stays there. The folder's id is the first
    of `ids`.

    Raises:
        ProjectError: edit-invalid for an unknown track, none, an empty name or a taken id.
    """
    chosen = _outermost(project, track_ids)
    if not chosen:
        raise invalid("There is nothing to group.", "Select one or several tracks first.")
    home = chosen[0].folder
    before = [block[0].id for block in Order(project).beside(home)]
    folder_id = Ids(ids).next()
    project = add_bus(project, name, ids=(folder_id,))
    folder = replace(find_track(project, folder_id), folder=home)
    if home is not None:
        folder = replace(folder, strip=replace(folder.strip, output=home))
    project = _placed(put_track(project, folder), [folder_id], home, before.index(chosen[0].id))
    return put_in_folder(project, [track.id for track in chosen], folder_id)


def put_in_folder(
    project: Project, track_ids: Iterable[str], folder_id: str | None, *, index: int | None = None
) -> Project:
    """Move tracks into a folder, or out of all (None), at its end or before what stands at `index` there now; a bus
    that has none becomes a folder.

    What played into the folder it leaves, or to the master where it lay in none, plays into the new one; what plays
    elsewhere goes on doing so. Stems stand for their song.

    Raises:
        ProjectError: edit-invalid for an unknown track, a folder that is no bus or lies in what is moved, or a signal
        that would run in a circle.
    """
    if folder_id is not None and (target := find_track(project, folder_id)).kind != "bus":
        raise invalid(f"“{target.name}” is no folder.", "Choose a folder or a bus, or group some tracks first.")
    chosen = _outermost(project, track_ids)
    if any(each.id == folder_id for track in chosen for each in whole_of(project, track.id)):
        raise invalid("A folder cannot lie in itself.", "Choose a folder that does not lie in the tracks to move.")
    moved = {track.id for track in chosen}
    beside = [block[0].id for block in Order(project).beside(folder_id)]
    at = len(beside) if index is None else min(max(index, 0), len(beside))
    at -= sum(each in moved for each in beside[:at])
    for track in chosen:
        if track.folder != folder_id:
            project = _homed(project, track, folder_id)
    return _placed(project, [track.id for track in chosen], folder_id, at)


def ungroup(project: Project, folder_id: str) -> Project:
    """Take a folder away and leave what lay in it in its place; what played into it plays where it did.

    Its fader, effects and sends go with it.

    Raises:
        ProjectError: edit-invalid for an unknown track, or one in which nothing lies.
    """
    folder, members = find_track(project, folder_id), members_of(project, folder_id)
    if not members:
        raise invalid(f"“{folder.name}” is no folder.", "Choose a folder: a bus in which tracks lie.")
    place = [block[0].id for block in Order(project).beside(folder.folder)].index(folder_id)
    fed = [track for track in project.tracks if track.strip.output == folder_id]
    project = put_tracks(
        project, [replace(track, strip=replace(track.strip, output=folder.strip.output)) for track in fed]
    )
    project = put_tracks(project, [replace(track, folder=folder.folder) for track in members_of(project, folder_id)])
    project = _placed(project, [member.id for member in members], folder.folder, place)
    return remove_track(project, folder_id)


def set_colour(project: Project, track_id: str, colour: Role | None) -> Project:
    """Show a track in the colour of a role, or (None) of its own.

    Raises:
        ProjectError: edit-invalid for an unknown track.
    """
    track = find_track(project, track_id)
    return project if colour == track.colour else put_track(project, replace(track, colour=colour))


def folder_of(project: Project, track_id: str) -> str | None:
    """Id of the folder that a track lies in, a stem by its song; None for none.

    Raises:
        ProjectError: edit-invalid for an unknown track.
    """
    track = find_track(project, track_id)
    return find_track(project, track.parent).folder if track.parent is not None else track.folder


def _outermost(project: Project, track_ids: Iterable[str]) -> list[Track]:
    """The top tracks among these, in the order of the project; stems by their song, nothing within another one."""
    wanted = {track.parent or track.id for track in (find_track(project, each) for each in track_ids)}
    folders = {track.id: track.folder for track in project.tracks}

    def covered(track_id: str) -> bool:
        above = folders[track_id]
        return above is not None and (above in wanted or covered(above))

    return [track for track in project.tracks if track.id in wanted and not covered(track.id)]


def _homed(project: Project, track: Track, folder_id: str | None) -> Project:
    """The track, with its stems, in another folder, and playing into it where it played into that which it leaves."""
    old, new = track.folder or "", folder_id or ""
    for each in (track, *children_of(project, track.id)):
        if each.strip.output == old:
            project = set_output(project, each.id, new)
    return put_track(project, replace(find_track(project, track.id), folder=folder_id))


def _placed(project: Project, track_ids: Sequence[str], folder_id: str | None, index: int) -> Project:
    """The tracks, which lie in this folder already, side by side from `index` on among the others there."""
    order = Order(project)
    beside = order.beside(folder_id)
    blocks = {block[0].id: block for block in beside}
    rest = [block for block in beside if block[0].id not in track_ids]
    beside[:] = [*rest[:index], *(blocks[each] for each in track_ids), *rest[index:]]
    return order.joined()
