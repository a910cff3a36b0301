"""What keys do on the piano roll while it has the keyboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

_CTRL, _SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
_KEY = Qt.Key


def doing(roll: Any, event: QKeyEvent) -> Callable[[], object] | None:
    """What a key does to the notes of a roll, or to what is in sight; None where it does nothing."""
    desk, key = roll.desk, Qt.Key(event.key())
    held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    some = bool(desk.chosen)
    plain = {
        _KEY.Key_Left: lambda: desk.move(-1) if some else desk.choose_beside(-1),
        _KEY.Key_Right: lambda: desk.move(1) if some else desk.choose_beside(1),
        _KEY.Key_Up: lambda: desk.transpose(1),
        _KEY.Key_Down: lambda: desk.transpose(-1),
        _KEY.Key_Comma: lambda: desk.choose_beside(-1),
        _KEY.Key_Period: lambda: desk.choose_beside(1),
        _KEY.Key_Delete: desk.remove,
        _KEY.Key_Backspace: desk.remove,
        _KEY.Key_Return: desk.add_at_playhead,
        _KEY.Key_Enter: desk.add_at_playhead,
        _KEY.Key_PageUp: lambda: roll.page(-1),
        _KEY.Key_PageDown: lambda: roll.page(1),
        _KEY.Key_Plus: lambda: roll.zoom(2),
        _KEY.Key_Equal: lambda: roll.zoom(2),
        _KEY.Key_Minus: lambda: roll.zoom(-2),
    }
    shifted = {
        _KEY.Key_Left: lambda: desk.move(-1, fine=True),
        _KEY.Key_Right: lambda: desk.move(1, fine=True),
        _KEY.Key_Up: lambda: desk.octave(1),
        _KEY.Key_Down: lambda: desk.octave(-1),
        _KEY.Key_Plus: lambda: roll.zoom(2),
    }
    control = {
        _KEY.Key_A: desk.choose_all,
        _KEY.Key_C: desk.copy,
        _KEY.Key_X: desk.cut,
        _KEY.Key_V: desk.paste,
        _KEY.Key_D: desk.duplicate,
        _KEY.Key_Up: lambda: desk.strike(1),
        _KEY.Key_Down: lambda: desk.strike(-1),
    }
    if held == Qt.KeyboardModifier.NoModifier:
        return plain.get(key)
    if held == _SHIFT:
        return shifted.get(key)
    if held == _CTRL:
        return control.get(key)
    return desk.choose_none if held == _CTRL | _SHIFT and key == _KEY.Key_A else None
