"""A slider with a scale of its own, and the row that shows one with its name and value."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ui.theme import Theme
from ui.widgets.control import FINE
from ui.widgets.label import Text
from ui.widgets.slider import Slider

WHEEL = 0.02
"""Part of the travel that one notch of the wheel or one key moves."""


class ScaledSlider(Slider):
    """A slider whose travel follows `position` and `at` (its inverse), as frequencies and times ask for.

    `parse` reads what is typed into the value's own unit.
    """

    def __init__(
        self,
        theme: Theme,
        *,
        name: str,
        minimum: float,
        maximum: float,
        default: float,
        show: Callable[[float], str],
        position: Callable[[float], float],
        at: Callable[[float], float],
        parse: Callable[[str], float | None],
        token: str = "text.muted",
    ):
        self._position, self._at = position, at
        super().__init__(
            theme, name=name, minimum=minimum, maximum=maximum, default=default, step=0.0, show=show, token=token
        )
        self.parse = parse

    def to_position(self, value: float) -> float:
        return self._position(value)

    def to_value(self, position: float) -> float:
        return self._at(position)

    def _turn(self, by: float) -> None:
        self._once(self.to_value(min(max(self.to_position(self._value) + by, 0.0), 1.0)))

    def wheelEvent(self, event: QWheelEvent) -> None:
        fine = FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
        self._turn((event.angleDelta().y() or event.angleDelta().x()) / 120.0 * WHEEL * fine)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: 1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_Left: -1}.get(
            Qt.Key(event.key()), 0
        )
        if step:
            fine = FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
            self._turn(step * WHEEL * fine)
        else:
            super().keyPressEvent(event)


class ValueText(Text):
    """A value beside its control; a click opens the control's field for typing."""

    clicked = Signal()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.clicked.emit()


class SliderRow(QWidget):
    """Name, slider, value."""

    def __init__(self, theme: Theme, slider: Slider, title: str, *, sample: str = "−88.8 dB", title_px: int = 68):
        super().__init__()
        self.slider = slider
        self.title = Text(theme, title, token="text.muted")
        self.title.setFixedWidth(title_px)
        self.value = ValueText(theme, align=Qt.AlignmentFlag.AlignRight, fixed=True).reserve(sample)
        self.value.setCursor(Qt.CursorShape.IBeamCursor)
        self.value.clicked.connect(lambda: slider.edit_value())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.title)
        layout.addWidget(slider, 1)
        layout.addWidget(self.value)
        slider.changed.connect(lambda _: self.refresh())
        slider.cancelled.connect(self.refresh)
        self.refresh()

    def set_value(self, value: float) -> None:
        """Show a value."""
        self.slider.set_value(value)
        self.refresh()

    def refresh(self) -> None:
        """Show the slider's value as text."""
        self.value.set_text(self.slider.shown())
