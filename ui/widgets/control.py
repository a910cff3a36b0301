"""The behaviour that sliders, knobs and faders share: drag, fine drag, wheel, keys, reset and typing a value."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from ui.theme import Theme

FINE = 0.1
"""How much slower a drag is while Shift is held."""


class ValueControl(QWidget):
    """A value in ``[minimum, maximum]`` that a person changes.

    Each drag is one gesture: `pressed`, any number of `changed`, then `released` or, after Esc, `cancelled`. Wheel,
    keys, reset and typed values are gestures of their own, so that each is one step of undo.
    """

    pressed = Signal()
    changed = Signal(float)
    released = Signal()
    cancelled = Signal()

    def __init__(
        self,
        theme: Theme,
        *,
        name: str,
        minimum: float,
        maximum: float,
        default: float,
        step: float,
        show: Callable[[float], str],
        drag_px: float = 160.0,
        vertical: bool = True,
    ):
        super().__init__()
        self.theme = theme
        self.minimum, self.maximum, self.default, self.step = minimum, maximum, default, step
        self._show = show
        self._value = default
        self._drag_px = drag_px
        self._vertical = vertical
        self.parse: Callable[[str], float | None] = parse_number
        """Reads what is typed."""
        self._drag_from: QPointF | None = None
        self._drag_position = 0.0
        self._value_before = default
        self._editor: QLineEdit | None = None
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(name)
        self._describe()

    # value

    @property
    def value(self) -> float:
        """The present value."""
        return self._value

    @property
    def dragging(self) -> bool:
        """True between press and release."""
        return self._drag_from is not None

    def set_value(self, value: float) -> None:
        """Show `value`, clamped; without a signal, and not while a person holds the control."""
        if self._drag_from is not None:
            return
        self._store(value)

    def _store(self, value: float) -> None:
        value = min(max(value, self.minimum), self.maximum)
        if value != self._value:
            self._value = value
            self._describe()
            self.update()

    def _describe(self) -> None:
        text = self._show(self._value)
        self.setAccessibleDescription(text)
        self.setToolTip(f"{self.accessibleName()}: {text}")

    def shown(self) -> str:
        """The value as text with its unit."""
        return self._show(self._value)

    # the mapping between value and travel; faders override it

    def to_position(self, value: float) -> float:
        """Travel 0..1 of a value."""
        return (value - self.minimum) / (self.maximum - self.minimum)

    def to_value(self, position: float) -> float:
        """Value of a travel 0..1."""
        return self.minimum + min(max(position, 0.0), 1.0) * (self.maximum - self.minimum)

    def _rounded(self, value: float) -> float:
        return round(value / self.step) * self.step if self.step else value

    # gestures

    def _once(self, value: float) -> None:
        """A whole gesture with one value."""
        before = self._value
        self._store(self._rounded(value))
        if self._value != before:
            self.pressed.emit()
            self.changed.emit(self._value)
            self.released.emit()

    def reset(self) -> None:
        """Back to the default."""
        before = self._value
        self._store(self.default)
        if self._value != before:
            self.pressed.emit()
            self.changed.emit(self._value)
            self.released.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._drag_from = event.position()
        self._drag_position = self.to_position(self._value)
        self._value_before = self._value
        self.pressed.emit()
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag_from is None:
            return
        delta = event.position() - self._drag_from
        travel = -delta.y() if self._vertical else delta.x()
        fine = FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
        # Moving the anchor makes the switch to fine and back free of jumps.
        self._drag_position = min(max(self._drag_position + travel / self._drag_px * fine, 0.0), 1.0)
        self._drag_from = event.position()
        before = self._value
        self._store(self._rounded(self.to_value(self._drag_position)))
        if self._value != before:
            self.changed.emit(self._value)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._drag_from is not None and event.button() == Qt.MouseButton.LeftButton:
            self._drag_from = None
            self.released.emit()
            self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.edit_value()
        else:
            self.reset()

    def wheelEvent(self, event: QWheelEvent) -> None:
        fine = FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
        # Qt turns Shift+wheel into a horizontal one.
        turn = (event.angleDelta().y() or event.angleDelta().x()) / 120.0
        step = self.step if fine != 1.0 and self.step else max((self.maximum - self.minimum) * 0.02, self.step)
        self._once(self._value + turn * step)
        event.accept()

    def event(self, event: QEvent) -> bool:
        # A digit typed on a focused control begins a value; it must not choose a take.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = not event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier & ~Qt.KeyboardModifier.KeypadModifier
            if plain and (_types(event) or event.key() in (Qt.Key.Key_Backspace, Qt.Key.Key_Delete)):
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        step = max(self.step, (self.maximum - self.minimum) * 0.01)
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            step = self.step or step * FINE
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Right):
            self._once(self._value + step)
        elif key in (Qt.Key.Key_Down, Qt.Key.Key_Left):
            self._once(self._value - step)
        elif key == Qt.Key.Key_Escape and self._drag_from is not None:
            self._drag_from = None
            self._store(self._value_before)
            self.cancelled.emit()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) or _types(event):
            self.edit_value("" if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) else event.text())
        elif key in (Qt.Key.Key_Backspace, Qt.Key.Key_Delete):
            self.reset()
        else:
            super().keyPressEvent(event)

    # typing

    def edit_value(self, typed: str = "") -> None:
        """Open a field over the control in which the value is typed."""
        window = self.window()
        editor = QLineEdit(window)
        editor.setAccessibleName(f"Value of {self.accessibleName()}")
        corner = self.mapTo(window, self.rect().center())
        editor.setFixedWidth(64)
        editor.move(corner.x() - 32, corner.y() - 12)
        editor.setText(typed or self._show(self._value))
        editor.editingFinished.connect(self._take_typed)
        self._editor = editor
        editor.show()
        editor.setFocus()
        if not typed:
            editor.selectAll()

    def _take_typed(self) -> None:
        editor, self._editor = self._editor, None
        if editor is None:
            return
        value = self.parse(editor.text())
        editor.deleteLater()
        if value is not None:
            self._once(value)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusOutEvent(event)


def _types(event: QKeyEvent) -> bool:
    """Whether a key begins a number."""
    return bool(event.text()) and event.text() in "0123456789-+."


def parse_number(text: str) -> float | None:
    """The number at the start of `text`, with a real minus or a decimal comma accepted; None where there is none."""
    cleaned = text.strip().replace("−", "-").replace(",", ".").lstrip("+")
    end = len(cleaned)
    while end > 0:
        try:
            value = float(cleaned[:end])
        except ValueError:
            end -= 1
            continue
        return value if value == value and abs(value) != float("inf") else None
    return None
