"""Automation lanes as a person draws them: what can be automated, where a point lies, and what a drag makes of it."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from studio.project import edits
from studio.project.edits import MASTER
from studio.project.model import Automation, AutomationPoint, Project
from studio.project.parameters import Parameter, parameters_of, value_of
from ui.viewmodels import words
from ui.widgets.slider import fader_gain_db, fader_position

Points = tuple[AutomationPoint, ...]

SAME_S = 1e-6
"""Points closer than this stand at the same time."""


def position_of(parameter: Parameter, value: float) -> float:
    """Where a value lies on the height of a lane, 0 (bottom) to 1; volumes follow the law of a fader."""
    return fader_position(value) if _is_fader(parameter) else parameter.fraction(value)


def value_of_position(parameter: Parameter, position: float) -> float:
    """The value at a height of a lane."""
    position = min(max(position, 0.0), 1.0)
    return parameter.clamped(fader_gain_db(position)) if _is_fader(parameter) else parameter.at(position)


def _is_fader(parameter: Parameter) -> bool:
    return parameter.target == "gain_db" or (parameter.target.startswith("send.") and parameter.unit == "dB")


def show_value(parameter: Parameter, value: float) -> str:
    """A value with its unit, as a musician reads it."""
    if parameter.scale == "switch":
        return "on" if value >= 0.5 else "off"
    if parameter.target == "pan":
        return words.pan(value)
    if parameter.unit == "dB":
        return words.decibels(value)
    if parameter.unit == "Hz":
        return f"{value / 1000:.2f} kHz" if value >= 1000 else f"{value:.0f} Hz"
    if parameter.unit == "s":
        return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"
    digits = 2 if parameter.maximum - parameter.minimum < 20 else 1
    return f"{words.signed(value, digits)} {parameter.unit}".strip()


def targets_of(project: Project, track_id: str) -> tuple[Parameter, ...]:
    """What can be automated on a track or the master; nothing for a track that is gone."""
    known = track_id == MASTER or any(track.id == track_id for track in project.tracks)
    return parameters_of(project, track_id) if known else ()


def find_parameter(project: Project, track_id: str, target: str) -> Parameter | None:
    """The parameter of a lane, or None for one whose effect, send or track is gone."""
    return next((each for each in targets_of(project, track_id) if each.target == target), None)


def lanes_on(project: Project, track_id: str) -> tuple[Automation, ...]:
    """The lanes of a track or of the master."""
    if track_id == MASTER:
        return project.master.automation
    return next((track.automation for track in project.tracks if track.id == track_id), ())


def lane_of(project: Project, track_id: str, target: str) -> Automation | None:
    """The automation of one parameter of a track or of the master, or None."""
    return next((lane for lane in lanes_on(project, track_id) if lane.target == target), None)


@dataclass(frozen=True, kw_only=True)
class UsedLane:
    """A lane with points, and whose it is."""

    track_id: str
    track_name: str
    role: str
    lane: Automation
    parameter: Parameter | None
    """None where the effect or the send that it moved is gone."""

    @property
    def title(self) -> str:
        """What it moves."""
        return self.parameter.title if self.parameter is not None else "Gone"

    @property
    def span(self) -> str:
        """From its lowest to its highest value: ``−6.0 dB to 0.0 dB``; one value where they are alike."""
        parameter = self.parameter
        if parameter is None:
            return ""
        values = [point.value for point in self.lane.points]
        low, high = show_value(parameter, min(values)), show_value(parameter, max(values))
        return low if low == high else f"{low} to {high}"


def used_lanes(project: Project) -> tuple[UsedLane, ...]:
    """All lanes with points, in the order of the tracks, those of the master last."""
    owners = [(track.id, track.name, track.colour or track.role, track.automation) for track in project.tracks]
    owners.append((MASTER, "Master", "mix", project.master.automation))
    return tuple(
        UsedLane(
            track_id=track_id,
            track_name=name,
            role=role,
            lane=lane,
            parameter=find_parameter(project, track_id, lane.target),
        )
        for track_id, name, role, found in owners
        for lane in found
        if lane.points
    )


def points_of(project: Project, track_id: str, target: str) -> Points:
    """The points of a lane in order; none where it has none."""
    lane = lane_of(project, track_id, target)
    return lane.points if lane is not None else ()


def still_value(project: Project, track_id: str, target: str) -> float:
    """What the parameter stands at without automation."""
    return value_of(project, track_id, target)


def value_at(lane: Automation, at_s: float, parameter: Parameter) -> float | None:
    """The value of a lane at a time, as the engine plays it; None without points."""
    points = lane.points
    if not points:
        return None
    index = bisect_right([point.at_s for point in points], at_s)
    if index == 0:
        return points[0].value
    if index == len(points) or lane.hold:
        return points[index - 1].value
    a, b = points[index - 1], points[index]
    share = (at_s - a.at_s) / max(b.at_s - a.at_s, SAME_S)
    if parameter.unit == "Hz" and a.value > 0 and b.value > 0:
        # Frequencies ramp in octaves.
        return a.value * (b.value / a.value) ** share
    return a.value + (b.value - a.value) * share


def put(points: Points, point: AutomationPoint) -> tuple[Points, int]:
    """The points with one more, which takes the place of one at the same time; and where it stands."""
    kept = [each for each in points if abs(each.at_s - point.at_s) > SAME_S]
    index = bisect_left([each.at_s for each in kept], point.at_s)
    return (*kept[:index], point, *kept[index:]), index


def simplify(points: Sequence[AutomationPoint], parameter: Parameter, *, px_per_s: float, height_px: float) -> Points:
    """Fewer points along the same line, at most a pixel away from it (Ramer-Douglas-Peucker)."""
    if len(points) < 3:
        return tuple(points)
    places = [(point.at_s * px_per_s, position_of(parameter, point.value) * height_px) for point in points]
    keep = {0, len(points) - 1}
    stack = [(0, len(points) - 1)]
    while stack:
        first, last = stack.pop()
        (x0, y0), (x1, y1) = places[first], places[last]
        length = math.hypot(x1 - x0, y1 - y0) or 1.0
        worst, far = first, 1.0
        for index in range(first + 1, last):
            x, y = places[index]
            away = abs((y1 - y0) * x - (x1 - x0) * y + x1 * y0 - y1 * x0) / length
            if away > far:
                worst, far = index, away
        if worst != first:
            keep.add(worst)
            stack += [(first, worst), (worst, last)]
    return tuple(points[index] for index in sorted(keep))


def drawn_over(points: Points, stroke: Iterable[AutomationPoint]) -> Points:
    """The points with those gone that a freehand stroke passes over, and the stroke's in their place."""
    ordered = {point.at_s: point for point in stroke}
    new = [ordered[at_s] for at_s in sorted(ordered)]
    if not new:
        return points
    first_s, last_s = new[0].at_s - SAME_S, new[-1].at_s + SAME_S
    kept = [point for point in points if point.at_s < first_s or point.at_s > last_s]
    return tuple(sorted([*kept, *new], key=lambda point: point.at_s))


def moved(points: Points, chosen: Collection[int], by_s: float, shift: float, parameter: Parameter) -> Points:
    """The chosen points moved by seconds and by a share of the lane's height, kept between those that stay."""
    if not chosen:
        return points
    first, last = min(chosen), max(chosen)
    low_s = points[first - 1].at_s + SAME_S * 2 if first > 0 else 0.0
    high_s = points[last + 1].at_s - SAME_S * 2 if last + 1 < len(points) else math.inf
    by_s = min(max(by_s, low_s - points[first].at_s), high_s - points[last].at_s)
    return tuple(
        AutomationPoint(at_s=p.at_s + by_s, value=value_of_position(parameter, position_of(parameter, p.value) + shift))
        if index in chosen
        else p
        for index, p in enumerate(points)
    )


@dataclass(kw_only=True)
class PointDrag:
    """A drag on one lane, from the project as it was when it began: of points, or freehand."""

    base: Project
    track_id: str
    parameter: Parameter
    points: Points
    chosen: frozenset[int] = frozenset()
    grab_s: float = 0.0
    grab: float = 0.0
    """Where on the lane's height the drag began, 0 to 1."""
    freehand: bool = False
    stroke: list[AutomationPoint] = field(default_factory=list)

    def to(self, at_s: float, position: float, *, snap: Callable[[float], float]) -> Points:
        """The points with the pointer at a time and a share of the height."""
        if self.freehand:
            self.stroke.append(AutomationPoint(at_s=max(at_s, 0.0), value=value_of_position(self.parameter, position)))
            return drawn_over(self.points, self.stroke)
        lead = self.points[min(self.chosen)]
        goal_s = snap(lead.at_s + at_s - self.grab_s)
        return moved(self.points, self.chosen, goal_s - lead.at_s, position - self.grab, self.parameter)

    def project(self, points: Points) -> Project:
        """The project with these points on the lane."""
        return with_points(self.base, self.track_id, self.parameter.target, points)


def with_points(project: Project, track_id: str, target: str, points: Points) -> Project:
    """The project with other points on a lane, its other settings as they were."""
    lane = lane_of(project, track_id, target)
    return edits.set_automation(project, track_id, target, points, hold=lane.hold if lane is not None else False)


def without(points: Points, chosen: Collection[int]) -> Points:
    """The points less the chosen ones."""
    return tuple(point for index, point in enumerate(points) if index not in chosen)
