"""Where strips go: their outputs, the buses that they may send to, and the words for both."""

from __future__ import annotations

from engine.dsp.effects import EFFECTS
from studio.base.errors import ProjectError
from studio.project import edits
from studio.project.model import Insert, Project, Strip, Track


def buses(project: Project) -> list[Track]:
    """All buses in their order."""
    return [track for track in project.tracks if track.kind == "bus"]


def may_feed(project: Project, track_id: str, bus_id: str) -> bool:
    """Whether a track may play into a bus: no signal runs in a circle."""
    try:
        edits.set_output(project, track_id, bus_id)
    except ProjectError:
        return False
    return True


def outputs_for(project: Project, track_id: str) -> list[tuple[str, str]]:
    """The places that a track may play to, as (bus id, title); the master is ""."""
    found = [("", "Master")]
    found += [
        (bus.id, bus.name) for bus in buses(project) if bus.id != track_id and may_feed(project, track_id, bus.id)
    ]
    return found


def output_title(project: Project, strip: Strip) -> str:
    """The name of a strip's output."""
    return next((bus.name for bus in buses(project) if bus.id == strip.output), "Master")


def insert_title(insert: Insert) -> str:
    """What an effect is called."""
    if insert.plugin is not None:
        return insert.plugin.name or insert.kind
    spec = EFFECTS.get(insert.kind)
    return spec.title if spec is not None else insert.kind.capitalize()


def bus_name(project: Project) -> str:
    """A name for the next bus."""
    names = {bus.name for bus in buses(project)}
    return next(name for number in range(1, 1000) if (name := f"Bus {number}") not in names)


def with_send_to_new_bus(project: Project, track_id: str) -> Project:
    """A new bus, and a send of the track into it."""
    known = {bus.id for bus in buses(project)}
    project = edits.add_bus(project, bus_name(project))
    new = next(bus.id for bus in buses(project) if bus.id not in known)
    return edits.set_send(project, track_id, new, gain_db=-12.0)
