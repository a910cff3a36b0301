"""What assistive technology is told of painted widgets: their role, beside the name and value that each keeps itself.

One table; `install` makes Qt ask it. A widget says its name by `accessibleName` and its value by
`accessibleDescription`, so that screen readers find both where they look for them.
"""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleInterface
from PySide6.QtWidgets import QAccessibleWidget, QWidget

Role = QAccessible.Role
ROLES: dict[str, QAccessible.Role] = {
    "AutomationHeader": Role.Grouping,
    "Badge": Role.Button,
    "Canvas": Role.Canvas,
    "Chip": Role.Button,
    "ClipView": Role.Canvas,
    "Columns": Role.Chart,
    "CorrelationMeter": Role.Indicator,
    "CurveButton": Role.Button,
    "CurveView": Role.Graphic,
    "EqEditor": Role.Canvas,
    "InsertChip": Role.Button,
    "KeyField": Role.HotkeyField,
    "Knob": Role.Dial,
    "LaneCurve": Role.Graphic,
    "Logo": Role.Graphic,
    "MasterHeader": Role.Grouping,
    "MasterStrip": Role.Grouping,
    "Meter": Role.Indicator,
    "MixerStrip": Role.Grouping,
    "PianoRoll": Role.Canvas,
    "PlayHead": Role.Indicator,
    "ProgressBar": Role.ProgressBar,
    "Readout": Role.SpinBox,
    "ReductionMeter": Role.Indicator,
    "Ruler": Role.Canvas,
    "Segmented": Role.ComboBox,
    "ShareBar": Role.Chart,
    "Sheet": Role.Dialog,
    "StartCard": Role.Button,
    "StepGrid": Role.Table,
    "TakeView": Role.RadioButton,
    "Text": Role.StaticText,
    "Toast": Role.AlertMessage,
    "Toggle": Role.CheckBox,
    "Tour": Role.Dialog,
    "TrackHeader": Role.Grouping,
    "ValueControl": Role.Slider,
    "WaveView": Role.Graphic,
    "_RecentRow": Role.Button,
}
"""By the name of the class, or of the nearest one above it that stands here."""


def role_of(widget: object) -> QAccessible.Role | None:
    """The role of a widget of ours; None leaves it to Qt."""
    for kind in type(widget).__mro__:
        if kind.__module__.startswith("PySide6."):
            return None
        if kind.__name__ in ROLES:
            return ROLES[kind.__name__]
    return None


class Described(QAccessibleWidget):
    """A painted widget: what it is, what it is called, and its value in words."""

    def __init__(self, widget: QWidget, role: QAccessible.Role):
        super().__init__(widget, role)
        self._role = role

    def _value(self) -> str:
        # Asked for each time: an interface must not keep its widget.
        widget = self.object()
        return widget.accessibleDescription() if isinstance(widget, QWidget) else ""

    def text(self, t: QAccessible.Text) -> str:
        return self._value() if t == QAccessible.Text.Value else super().text(t)

    def state(self) -> QAccessible.State:
        state = super().state()
        if self._role == Role.CheckBox:
            state.checkable = True  # type: ignore[attr-defined]
            state.checked = self._value() == "on"  # type: ignore[attr-defined]
        return state


def _interface(_key: str, thing: QObject) -> QAccessibleInterface | None:
    role = role_of(thing)
    return Described(thing, role) if role is not None and isinstance(thing, QWidget) else None


@cache
def install() -> None:
    """Let Qt ask the table, once for the process."""
    QAccessible.installFactory(_interface)


def announce(widget: QWidget, text: str) -> None:
    """Let a screen reader say something at once: a message that came up beside what has the keyboard."""
    if QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, text))
