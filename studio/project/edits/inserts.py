"""Edits of the effects in a strip: those of tracks by their id, those of the master bus by the id `MASTER`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from studio.project.edits.rules import chosen, invalid, require_new
from studio.project.edits.strips import fitted_insert, put_strip, strip_of, without_automation_of
from studio.project.model import Insert, Project

MAX_STATE_BYTES = 16 << 20


def add_insert(project: Project, track_id: str, insert: Insert, *, index: int | None = None) -> Project:
    """Put an effect into the strip, at the end or at `index`.

    Raises:
        ProjectError: edit-invalid for an unknown track, a taken id, or parameters that are not numbers.
    """
    require_new(project, [insert.id])
    insert = fitted_insert(insert)

    def added(inserts: list[Insert]) -> list[Insert]:
        inserts.insert(len(inserts) if index is None else max(index, 0), insert)
        return inserts

    return _inserts(project, track_id, added)


def remove_insert(project: Project, track_id: str, insert_id: str) -> Project:
    """Take an effect out of the strip, with its automation.

    Raises:
        ProjectError: edit-invalid for an unknown track or effect.
    """
    find_insert(project, track_id, insert_id)
    project = _inserts(project, track_id, lambda inserts: [each for each in inserts if each.id != insert_id])
    return without_automation_of(project, track_id, [insert_id])


def move_insert(project: Project, track_id: str, insert_id: str, index: int) -> Project:
    """Move an effect to `index` in its strip, clamped to what there is.

    Raises:
        ProjectError: edit-invalid for an unknown track or effect.
    """
    insert = find_insert(project, track_id, insert_id)

    def moved(inserts: list[Insert]) -> list[Insert]:
        inserts.remove(insert)
        inserts.insert(max(index, 0), insert)
        return inserts

    return _inserts(project, track_id, moved)


def set_insert(
    project: Project,
    track_id: str,
    insert_id: str,
    *,
    parameters: Mapping[str, float] | None = None,
    bypass: bool | None = None,
) -> Project:
    """Change parameters of an effect (those that are given) and switch it. The effect's registry knows the ranges.

    Raises:
        ProjectError: edit-invalid for an unknown track or effect, or a value that is not a number.
    """
    insert = find_insert(project, track_id, insert_id)
    changed = replace(
        insert, parameters={**insert.parameters, **(parameters or {})}, bypass=chosen(bypass, insert.bypass)
    )
    changed = fitted_insert(changed)
    return _inserts(project, track_id, lambda inserts: [changed if each.id == insert_id else each for each in inserts])


def set_plugin_state(project: Project, track_id: str, insert_id: str, state: bytes) -> Project:
    """Keep the state that a plug-in gave, so that it comes back as it was.

    Raises:
        ProjectError: edit-invalid for an unknown track or effect, an effect that is no plug-in, or a state of more
        than 16 MiB.
    """
    insert = find_insert(project, track_id, insert_id)
    if insert.plugin is None:
        raise invalid("That effect is no plug-in.", "Choose an effect that is one.")
    if len(state) > MAX_STATE_BYTES:
        raise invalid(
            f"The plug-in's state is {len(state) >> 20} MiB long, too much to keep in a project.",
            "Load a smaller preset in the plug-in, or freeze the track and remove it.",
        )
    if state == insert.plugin.state:
        return project
    changed = replace(insert, plugin=replace(insert.plugin, state=state))
    return _inserts(project, track_id, lambda inserts: [changed if each.id == insert_id else each for each in inserts])


def find_insert(project: Project, track_id: str, insert_id: str) -> Insert:
    """The effect with this id on a track or the master bus.

    Raises:
        ProjectError: edit-invalid for an unknown track or effect.
    """
    for insert in strip_of(project, track_id).inserts:
        if insert.id == insert_id:
            return insert
    raise invalid("That effect is no longer on the track.", "Choose an effect that is there, or undo until it is back.")


def _inserts(project: Project, track_id: str, change: Callable[[list[Insert]], list[Insert]]) -> Project:
    strip = strip_of(project, track_id)
    return put_strip(project, track_id, replace(strip, inserts=tuple(change(list(strip.inserts)))))
