"""Parameters of strips and effects as a person reads, types and turns them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from studio.project import edits
from studio.project.model import Project
from studio.project.parameters import Parameter, parameter_of, value_of
from ui.viewmodels import words
from ui.widgets.control import parse_number

_SUFFIXES: tuple[tuple[str, float], ...] = (("khz", 1000.0), ("hz", 1.0), ("ms", 0.001), ("s", 1.0), ("k", 1000.0))


def value_text(parameter: Parameter, value: float) -> str:
    """``−3.1 dB``, ``1.20 kHz``, ``8 ms``, ``3.0 : 1``, ``25 %``, ``on``."""
    if parameter.scale == "switch":
        return "on" if value >= 0.5 else "off"
    unit = parameter.unit
    if unit in ("dB", "dBTP"):
        if parameter.minimum <= -96.0:
            return words.decibels(value)
        return f"{words.signed(value, plus=parameter.minimum < 0 < parameter.maximum)} {unit}"
    if unit == "Hz":
        return frequency(value) if value > 0.0 else "off"
    if unit == "s":
        return f"{value * 1000:.3g} ms" if value < 1.0 else f"{value:.2f} s"
    if unit == ":1":
        return f"{value:.1f} : 1"
    if parameter.target == "pan":
        return words.pan(value)
    if is_share(parameter):
        return f"{value * 100:.0f} %"
    return f"{value:.2f} {unit}".rstrip()


def frequency(hz: float) -> str:
    """``112 Hz``, ``2.40 kHz``."""
    return f"{hz / 1000:.2f} kHz" if hz >= 1000.0 else f"{hz:.3g} Hz" if hz < 10.0 else f"{hz:.0f} Hz"


def is_share(parameter: Parameter) -> bool:
    """Whether a value is shown in per cent: a bare number from 0 to 1 or 2, but no width of a band."""
    bare = parameter.unit == "" and parameter.minimum == 0.0 and parameter.maximum <= 2.0
    return bare and parameter.scale != "switch" and not parameter.target.endswith(".q")


def parse_value(parameter: Parameter, text: str) -> float | None:
    """What a person typed, in the parameter's own unit; without a suffix it counts in the unit that is shown."""
    word = text.strip().lower().replace(" ", "")
    if parameter.scale == "switch":
        return {"on": 1.0, "yes": 1.0, "1": 1.0, "off": 0.0, "no": 0.0, "0": 0.0}.get(word)
    if "∞" in word or word == "off":
        return parameter.minimum
    if parameter.target == "pan":
        amount = 0.0 if word == "c" else parse_number(word.lstrip("lr"))
        return None if amount is None else (-amount if word.startswith("l") else amount) / 100.0
    value = parse_number(word)
    if value is None:
        return None
    if parameter.unit in ("Hz", "s"):
        for suffix, factor in _SUFFIXES:
            if word.endswith(suffix):
                return value * factor
        # A time below a second is shown in milliseconds.
        if parameter.unit == "s" and (parameter.maximum <= 1.0 or value > parameter.maximum):
            return value / 1000.0
        return value
    return value / 100.0 if is_share(parameter) else value


class Gesture:
    """A drag of one value or of several, such as a node of an equaliser: one step of undo, and Esc takes it back."""

    def __init__(self, ws: Any, label: str):
        self._ws, self._label = ws, label
        self._base: Project | None = None

    def begin(self) -> None:
        """Start the gesture."""
        self._base = self._ws.project
        self._ws.session.begin_gesture(self._label)

    def update(self, edit: Callable[[Project], Project]) -> None:
        """Show the project as it was at the start, with `edit`; a step of its own where no gesture is under way."""
        base = self._base
        if base is None:
            self._ws.commit(self._label, edit)
            return
        shown = self._ws.attempt(lambda: edit(base))
        if shown is not None:
            self._ws.session.update_gesture(shown)

    def end(self) -> None:
        """Keep it."""
        if self._base is not None:
            self._base = None
            self._ws.session.end_gesture()

    def cancel(self) -> None:
        """Take it back."""
        if self._base is not None:
            self._base = None
            self._ws.session.cancel_gesture()


class ControlGesture(Gesture, ABC):
    """Of a control for one value; `change` is given what it stands at."""

    def bind(self, control: Any) -> None:
        """Connect a `ui.widgets.control.ValueControl`."""
        control.pressed.connect(self.begin)
        control.changed.connect(self.change)
        control.released.connect(self.end)
        control.cancelled.connect(self.cancel)

    def change(self, value: float) -> None:
        """Show a value while the gesture lasts."""
        if self._base is not None:
            self.update(lambda project: self._with(project, value))

    @abstractmethod
    def _with(self, project: Project, value: float) -> Project:
        """The project in which the control stands at a value."""


class ParameterGesture(ControlGesture):
    """Binds a control to one parameter."""

    def __init__(self, ws: Any, track_id: str, target: str, label: str):
        super().__init__(ws, label)
        self.track_id, self.target = track_id, target

    def _with(self, project: Project, value: float) -> Project:
        return edits.set_parameter(project, self.track_id, self.target, value)


def parameter_and_value(project: Project, track_id: str, target: str) -> tuple[Parameter, float]:
    """A parameter with what it stands at.

    Raises:
        ProjectError: edit-invalid for an unknown track or target.
    """
    return parameter_of(project, track_id, target), value_of(project, track_id, target)
