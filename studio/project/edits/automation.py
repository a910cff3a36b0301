"""Edits of automation lanes: those of tracks by their id, those of the master bus by the id `MASTER`.

A lane is named by its target, a path of `studio.project.parameters`; points are named by their index.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from studio.project.edits.inserts import set_insert
from studio.project.edits.rules import clamp, find_track, invalid, number, put_track
from studio.project.edits.strips import put_strip, set_compressor, set_eq_band, set_strip
from studio.project.limits import EPSILON_S, MAX_AUTOMATION_POINTS, MAX_TIME_S
from studio.project.model import Automation, AutomationPoint, Project
from studio.project.parameters import MASTER, Parameter, parameter_of, split_insert, strip_at


def automation_of(project: Project, track_id: str) -> tuple[Automation, ...]:
    """The lanes of a track, or of the master bus for `MASTER`.

    Raises:
        ProjectError: edit-invalid for an unknown track.
    """
    return project.master.automation if track_id == MASTER else find_track(project, track_id).automation


def lane_of(project: Project, track_id: str, target: str) -> Automation | None:
    """The lane of a parameter, or None where it has none.

    Raises:
        ProjectError: edit-invalid for an unknown track.
    """
    return next((lane for lane in automation_of(project, track_id) if lane.target == target), None)


def set_automation(
    project: Project,
    track_id: str,
    target: str,
    points: Iterable[AutomationPoint | tuple[float, float]],
    *,
    hold: bool | None = None,
) -> Project:
    """Give a parameter these points, ``(seconds, value)``, in place of those that it had; none removes the lane.

    Points are sorted, values held within the parameter's range; at most two points share a time (a step), the first
    and the last given.

    Raises:
        ProjectError: edit-invalid for an unknown track or target, too many points, or a value that is not a number.
    """
    parameter = parameter_of(project, track_id, target)
    made = [_point(parameter, each) for each in points]
    if len(made) > MAX_AUTOMATION_POINTS:
        raise invalid(
            f"That are {len(made)} points, more than the {MAX_AUTOMATION_POINTS} that a lane holds.",
            "Draw with fewer points: the value moves in a straight line between them.",
        )
    old = lane_of(project, track_id, target)
    if not made:
        return project if old is None else remove_automation(project, track_id, target)
    base = old or Automation(target=target)
    new = replace(base, points=_settled(made), hold=base.hold if hold is None else hold)
    return _put(project, track_id, new)


def add_automation_point(project: Project, track_id: str, target: str, at_s: float, value: float) -> Project:
    """Add a point; one at the same time is moved instead. The first point of a parameter makes its lane.

    Raises:
        ProjectError: as `set_automation`.
    """
    lane = lane_of(project, track_id, target)
    at_s = clamp(at_s, (0.0, MAX_TIME_S), what="place")
    kept = [each for each in (lane.points if lane else ()) if abs(each.at_s - at_s) > EPSILON_S]
    return set_automation(project, track_id, target, [*kept, AutomationPoint(at_s=at_s, value=value)])


def move_automation_point(
    project: Project,
    track_id: str,
    target: str,
    index: int,
    *,
    at_s: float | None = None,
    value: float | None = None,
) -> Project:
    """Move one point, in time no further than its neighbours.

    Raises:
        ProjectError: edit-invalid for an unknown track, lane or point, or a value that is not a number.
    """
    lane = _find(project, track_id, target)
    point = _at(lane, index)
    low_s = lane.points[index - 1].at_s if index > 0 else 0.0
    high_s = lane.points[index + 1].at_s if index + 1 < len(lane.points) else MAX_TIME_S
    moved = AutomationPoint(
        at_s=point.at_s if at_s is None else clamp(at_s, (low_s, high_s), what="place"),
        value=point.value if value is None else value,
    )
    points = [moved if i == index else each for i, each in enumerate(lane.points)]
    return set_automation(project, track_id, target, points)


def move_automation_points(
    project: Project,
    track_id: str,
    target: str,
    indices: Iterable[int],
    *,
    by_s: float = 0.0,
    by_value: float = 0.0,
) -> Project:
    """Move several points together: in time until the first or last of them meets a point that stays, in value each
    within the range.

    Raises:
        ProjectError: edit-invalid for an unknown track, lane or point, or a value that is not a number.
    """
    lane = _find(project, track_id, target)
    chosen = sorted(set(indices))
    moving = {index: _at(lane, index) for index in chosen}
    by_value = number(by_value, what="value")
    low_s, high_s = -MAX_TIME_S, MAX_TIME_S
    for index, point in moving.items():
        before = next((lane.points[i].at_s for i in range(index - 1, -1, -1) if i not in moving), 0.0)
        after = next((lane.points[i].at_s for i in range(index + 1, len(lane.points)) if i not in moving), MAX_TIME_S)
        low_s, high_s = max(low_s, before - point.at_s), min(high_s, after - point.at_s)
    by_s = clamp(by_s, (low_s, high_s), what="distance")
    points = [
        AutomationPoint(at_s=each.at_s + by_s, value=each.value + by_value) if i in moving else each
        for i, each in enumerate(lane.points)
    ]
    return set_automation(project, track_id, target, points)


def delete_automation_points(project: Project, track_id: str, target: str, indices: Iterable[int]) -> Project:
    """Remove points; the lane goes with its last one.

    Raises:
        ProjectError: edit-invalid for an unknown track, lane or point.
    """
    lane = _find(project, track_id, target)
    gone = set(indices)
    for index in gone:
        _at(lane, index)
    return set_automation(project, track_id, target, [each for i, each in enumerate(lane.points) if i not in gone])


def remove_automation(project: Project, track_id: str, target: str) -> Project:
    """Remove the lane of a parameter, also of one that the track does not have any more.

    Raises:
        ProjectError: edit-invalid for an unknown track or lane.
    """
    _find(project, track_id, target)
    kept = tuple(lane for lane in automation_of(project, track_id) if lane.target != target)
    return put_automation(project, track_id, kept)


def set_automation_enabled(project: Project, track_id: str, target: str, enabled: bool) -> Project:
    """Let the lane move its parameter, or let the parameter stand where it is.

    Raises:
        ProjectError: edit-invalid for an unknown track or lane.
    """
    return _put(project, track_id, replace(_find(project, track_id, target), enabled=enabled))


def set_parameter(project: Project, track_id: str, target: str, value: float) -> Project:
    """Set any parameter by its path, held within its range: what a controller and the command line call.

    Raises:
        ProjectError: edit-invalid for an unknown track or target, or a value that is not a number.
    """
    value = parameter_of(project, track_id, target).clamped(number(value))
    head, _, rest = target.partition(".")
    given: Mapping[str, float] = {rest: value}
    if head == "eq":
        band, _, name = rest.partition(".")
        by_name: dict[str, float] = {name: value}
        return set_eq_band(project, track_id, int(band), **by_name)  # pyright: ignore[reportArgumentType]
    if head == "compressor":
        return set_compressor(project, track_id, **given)
    strip = strip_at(project, track_id)
    if head == "insert":
        insert, name = split_insert(strip, rest)
        return set_insert(project, track_id, insert.id, parameters={name: value})
    if head == "send":
        bus = rest.removesuffix(".gain_db")
        sends = tuple(replace(send, gain_db=value) if send.bus == bus else send for send in strip.sends)
        return put_strip(project, track_id, replace(strip, sends=sends))
    if target == "mute":
        return set_strip(project, track_id, mute=value >= 0.5)
    return set_strip(project, track_id, **{target: value})  # pyright: ignore[reportArgumentType]


def put_automation(project: Project, track_id: str, lanes: tuple[Automation, ...]) -> Project:
    """The project with these lanes on the track or the master bus; the same project when nothing changed."""
    if lanes == automation_of(project, track_id):
        return project
    if track_id == MASTER:
        return replace(project, master=replace(project.master, automation=lanes))
    return put_track(project, replace(find_track(project, track_id), automation=lanes))


def retargeted(lanes: Iterable[Automation], renamed: Mapping[str, str]) -> tuple[Automation, ...]:
    """The lanes with the effects that they move under their new ids (old -> new)."""
    new: list[Automation] = []
    for lane in lanes:
        target = lane.target
        for old, fresh in renamed.items():
            if target.startswith(f"insert.{old}."):
                target = f"insert.{fresh}.{target[len(old) + 8 :]}"
                break
        new.append(replace(lane, target=target))
    return tuple(new)


def _put(project: Project, track_id: str, lane: Automation) -> Project:
    lanes = automation_of(project, track_id)
    if any(each.target == lane.target for each in lanes):
        lanes = tuple(lane if each.target == lane.target else each for each in lanes)
    else:
        lanes = (*lanes, lane)
    return put_automation(project, track_id, lanes)


def _find(project: Project, track_id: str, target: str) -> Automation:
    lane = lane_of(project, track_id, target)
    if lane is None:
        raise invalid("That parameter is not automated.", "Add a point to it first.")
    return lane


def _at(lane: Automation, index: int) -> AutomationPoint:
    if not 0 <= index < len(lane.points):
        raise invalid("That point is no longer on the lane.", "Choose a point that is there.")
    return lane.points[index]


def _point(parameter: Parameter, given: AutomationPoint | tuple[float, float]) -> AutomationPoint:
    at_s, value = (given.at_s, given.value) if isinstance(given, AutomationPoint) else given
    return AutomationPoint(
        at_s=clamp(at_s, (0.0, MAX_TIME_S), what="place"),
        value=parameter.clamped(number(value, what=parameter.title.lower())),
    )


def _settled(points: list[AutomationPoint]) -> tuple[AutomationPoint, ...]:
    ordered = sorted(points, key=lambda each: each.at_s)
    kept: list[AutomationPoint] = []
    for each in ordered:
        # Of three at one time only the way in and the way out can be heard.
        if len(kept) >= 2 and kept[-1].at_s == each.at_s == kept[-2].at_s:
            kept[-1] = each
        else:
            kept.append(each)
    return tuple(kept)
