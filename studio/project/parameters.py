"""Every parameter that can be automated or mapped to a controller: one table for the window, the command line and
clamping."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from engine.dsp.effects import EFFECTS
from engine.plan import HEAVY_KINDS
from engine.types import STEMS
from studio.base.errors import ProjectError
from studio.project import limits
from studio.project.model import Compressor, Insert, Project, Strip

MASTER = "master"
"""Stands for the master bus wherever a track id is taken."""

Scale = Literal["linear", "log", "switch"]


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter of a strip; `target` is its path (`engine.plan.AutomationPlan`), `scale` says how a knob moves."""

    target: str
    title: str
    unit: str = ""
    minimum: float
    maximum: float
    default: float
    scale: Scale = "linear"

    def clamped(self, value: float) -> float:
        """`value` within the range; a switch is 0 or 1. NaN becomes the default."""
        if value != value:
            return self.default
        if self.scale == "switch":
            return 1.0 if value >= 0.5 else 0.0
        return min(max(float(value), self.minimum), self.maximum)

    def at(self, fraction: float) -> float:
        """The value at `fraction` (0 to 1) of a knob's way."""
        fraction = min(max(fraction, 0.0), 1.0)
        if self.scale == "log" and self.minimum > 0.0:
            return float(self.minimum * (self.maximum / self.minimum) ** fraction)
        return self.clamped(self.minimum + fraction * (self.maximum - self.minimum))

    def fraction(self, value: float) -> float:
        """Where on a knob's way (0 to 1) `value` lies; the inverse of `at`."""
        value = self.clamped(value)
        if self.maximum <= self.minimum:
            return 0.0
        if self.scale == "log" and self.minimum > 0.0:
            # Through the ratio of two logarithms, so that the ends are exact.
            from math import log

            return log(value / self.minimum) / log(self.maximum / self.minimum)
        return (value - self.minimum) / (self.maximum - self.minimum)


def _row(
    target: str, title: str, unit: str, bounds: tuple[float, float], default: float, scale: Scale = "linear"
) -> Parameter:
    return Parameter(
        target=target, title=title, unit=unit, minimum=bounds[0], maximum=bounds[1], default=default, scale=scale
    )


_NEUTRAL = Compressor()

STRIP: dict[str, Parameter] = {
    row.target: row
    for row in (
        _row("gain_db", "Volume", "dB", limits.GAIN_DB, 0.0),
        _row("pan", "Pan", "", limits.PAN, 0.0),
        _row("mute", "Mute", "", (0.0, 1.0), 0.0, "switch"),
        _row("high_pass_hz", "High-pass", "Hz", limits.HIGH_PASS_HZ, 0.0),
        _row("compressor.threshold_db", "Threshold", "dB", limits.THRESHOLD_DB, _NEUTRAL.threshold_db),
        _row("compressor.ratio", "Ratio", ":1", limits.RATIO, _NEUTRAL.ratio, "log"),
        _row("compressor.attack_s", "Attack", "s", limits.ATTACK_S, _NEUTRAL.attack_s, "log"),
        _row("compressor.release_s", "Release", "s", limits.RELEASE_S, _NEUTRAL.release_s, "log"),
        _row("compressor.makeup_db", "Make-up gain", "dB", limits.MAKEUP_DB, _NEUTRAL.makeup_db),
    )
}
"""The parameters that every strip has."""

EQ_BAND: dict[str, Parameter] = {
    row.target: row
    for row in (
        _row("freq_hz", "frequency", "Hz", limits.EQ_FREQ_HZ, 1000.0, "log"),
        _row("gain_db", "gain", "dB", limits.EQ_GAIN_DB, 0.0),
        _row("q", "width", "", limits.EQ_Q, 0.707, "log"),
    )
}
"""The parameters of one band; their targets are ``eq.N.`` and this name, N from 0."""

SEND_GAIN = _row("gain_db", "Send", "dB", limits.GAIN_DB, 0.0)

LIVE_STEM_DB = (-60.0, 12.0)
"""Of the gains of an insert that separates stems as it plays; at the lower end a stem is silent."""
INSERT_RANGE = (0.0, 1.0)
"""Of the parameters of a plug-in: the plug-in names them, and all of them run from 0 to 1."""
SEPARATION_RANGE = (-60.0, 12.0)
"""Of the gains of an insert that splits a playing track (`engine.inference.live`); the lowest one is silence."""


def strip_at(project: Project, track_id: str) -> Strip:
    """The strip of a track, or of the master bus for `MASTER`.

    Raises:
        ProjectError: edit-invalid for an unknown track.
    """
    if track_id == MASTER:
        return project.master.strip
    for track in project.tracks:
        if track.id == track_id:
            return track.strip
    raise ProjectError(
        "That track is no longer in the project.",
        remedy="Choose a track that is there, or undo until it is back.",
        code="edit-invalid",
    )


def parameters_of(project: Project, track_id: str) -> tuple[Parameter, ...]:
    """All parameters of a track or the master bus, in the order of the signal; sends last.

    Raises:
        ProjectError: edit-invalid for an unknown track.
    """
    return tuple(_all(project, strip_at(project, track_id)))


def parameter_of(project: Project, track_id: str, target: str) -> Parameter:
    """The parameter of this path.

    Raises:
        ProjectError: edit-invalid for an unknown track or target.
    """
    strip = strip_at(project, track_id)
    found = known(project, strip, target)
    if found is None:
        raise ProjectError(
            f"There is nothing called “{target[:80]}” to control on that track.",
            remedy="Choose one of: " + ", ".join(each.target for each in _all(project, strip)) + ".",
            code="edit-invalid",
            details={"target": target[:200]},
        )
    return found


def known(project: Project, strip: Strip, target: str) -> Parameter | None:
    """The parameter of this path on a strip, or None."""
    if target in STRIP:
        return STRIP[target]
    return next((each for each in _all(project, strip) if each.target == target), None)


def value_of(project: Project, track_id: str, target: str) -> float:
    """What a parameter stands at without automation.

    Raises:
        ProjectError: edit-invalid for an unknown track or target.
    """
    parameter = parameter_of(project, track_id, target)
    strip = strip_at(project, track_id)
    head, _, rest = target.partition(".")
    if head == "eq":
        number, _, name = rest.partition(".")
        return float(getattr(strip.eq[int(number)], name))
    if head == "compressor":
        return float(getattr(strip.compressor, rest))
    if head == "insert":
        insert, name = split_insert(strip, rest)
        return float(insert.parameters.get(name, parameter.default))
    if head == "send":
        return next(send.gain_db for send in strip.sends if send.bus == rest.removesuffix(".gain_db"))
    return float(getattr(strip, target))


def split_insert(strip: Strip, rest: str) -> tuple[Insert, str]:
    """The insert and the parameter of ``ID.PARAMETER``; both may hold dots.

    Raises:
        KeyError: when no insert of the strip has this id.
    """
    for insert in strip.inserts:
        if rest.startswith(f"{insert.id}."):
            return insert, rest[len(insert.id) + 1 :]
    raise KeyError(rest)


def _all(project: Project, strip: Strip) -> Iterator[Parameter]:
    yield from STRIP.values()
    for number, _ in enumerate(strip.eq):
        for name, row in EQ_BAND.items():
            yield msgspec.structs.replace(
                row, target=f"eq.{number}.{name}", title=f"Equaliser {number + 1} {row.title}"
            )
    for insert in strip.inserts:
        yield from _insert(insert)
    names = {track.id: track.name for track in project.tracks}
    for send in strip.sends:
        yield msgspec.structs.replace(
            SEND_GAIN, target=f"send.{send.bus}.gain_db", title=f"Send to {names.get(send.bus, send.bus)}"
        )


def _insert(insert: Insert) -> Iterator[Parameter]:
    spec = EFFECTS.get(insert.kind)
    if spec is not None:
        for each in spec.parameters:
            yield Parameter(
                target=f"insert.{insert.id}.{each.id}",
                title=f"{spec.title} {each.title.lower()}",
                unit=each.unit,
                minimum=each.minimum,
                maximum=each.maximum,
                default=each.default,
                scale=each.scale,
            )
    elif insert.kind == "separation":
        for stem in ("vocals", "drums", "bass", "other"):
            yield _row(f"insert.{insert.id}.{stem}_db", f"Live {stem}", "dB", SEPARATION_RANGE, 0.0)
    elif insert.kind == "separation":
        for stem in STEMS:
            yield _row(f"insert.{insert.id}.{stem}_db", f"Live stems {stem}", "dB", LIVE_STEM_DB, 0.0)
    elif insert.kind in HEAVY_KINDS:
        title = insert.plugin.name if insert.plugin is not None and insert.plugin.name else insert.kind
        for name in insert.parameters:
            yield _row(f"insert.{insert.id}.{name}", f"{title} {name}", "", INSERT_RANGE, 0.0)
