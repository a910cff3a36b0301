from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from ui.viewmodels import words
from ui.widgets.control import parse_number
from ui.widgets.slider import Fader, Knob, Slider, fader_gain_db, fader_position


class _Heard:
    def __init__(self, control) -> None:
        self.events: list[str] = []
        self.values: list[float] = []
        control.pressed.connect(lambda: self.events.append("pressed"))
        control.changed.connect(self.values.append)
        control.released.connect(lambda: self.events.append("released"))
        control.cancelled.connect(lambda: self.events.append("cancelled"))


@pytest.fixture
def knob(theme, keep):
    return keep(Knob(theme, name="Pan", show=words.pan, size=40))


def _drag(widget, start: QPoint, end: QPoint, *, modifier=Qt.KeyboardModifier.NoModifier) -> None:
    QTest.mousePress(widget, Qt.MouseButton.LeftButton, modifier, start)
    move = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(end),
        widget.mapToGlobal(QPointF(end)),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.LeftButton,
        modifier,
    )
    QApplication.sendEvent(widget, move)


def test_a_drag_is_one_gesture(knob) -> None:
    heard = _Heard(knob)
    _drag(knob, QPoint(20, 20), QPoint(20, 4))
    QTest.mouseRelease(knob, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(20, 4))
    assert heard.events == ["pressed", "released"]
    assert knob.value == pytest.approx(0.2, abs=0.02)


def test_escape_gives_a_drag_up(knob) -> None:
    heard = _Heard(knob)
    _drag(knob, QPoint(20, 20), QPoint(20, 4))
    QTest.keyClick(knob, Qt.Key.Key_Escape)
    assert heard.events == ["pressed", "cancelled"]
    assert knob.value == 0.0


def test_shift_is_ten_times_finer(knob) -> None:
    _drag(knob, QPoint(20, 20), QPoint(20, 4), modifier=Qt.KeyboardModifier.ShiftModifier)
    QTest.mouseRelease(knob, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(20, 4))
    assert knob.value == pytest.approx(0.02, abs=0.01)


def test_double_click_resets(knob) -> None:
    knob.set_value(0.5)
    QTest.mouseDClick(knob, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(20, 20))
    assert knob.value == 0.0


def test_the_wheel_turns(knob) -> None:
    event = QWheelEvent(
        QPointF(5, 5),
        QPointF(5, 5),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(knob, event)
    assert knob.value == pytest.approx(0.04)


def test_a_typed_value_is_one_gesture(knob) -> None:
    heard = _Heard(knob)
    knob.setFocus()
    QTest.keyClick(knob, Qt.Key.Key_Return)
    editor = next(w for w in knob.window().findChildren(QLineEdit))
    editor.setText("−0,25")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert knob.value == pytest.approx(-0.25)
    assert heard.events == ["pressed", "released"]


def test_keys_move_by_steps_and_stay_in_range(knob) -> None:
    knob.set_value(1.0)
    heard = _Heard(knob)
    QTest.keyClick(knob, Qt.Key.Key_Up)
    assert heard.values == []
    QTest.keyClick(knob, Qt.Key.Key_Down)
    assert knob.value < 1.0


def test_name_and_value_are_there_for_assistive_technology(knob) -> None:
    knob.set_value(-0.2)
    assert knob.accessibleName() == "Pan"
    assert knob.accessibleDescription() == "L 20"


def test_a_press_beside_a_sliders_handle_brings_it_there(theme, keep) -> None:
    slider = keep(Slider(theme, name="Intensity", minimum=0, maximum=1, default=0, step=0.01, show=str))
    slider.resize(112, 18)
    QTest.mouseClick(slider, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(56, 9))
    assert slider.value == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("gain_db", [6.0, 0.0, -3.3, -6.0, -20.0, -60.0, -96.0])
def test_the_faders_law_has_an_inverse(gain_db: float) -> None:
    assert fader_gain_db(fader_position(gain_db)) == pytest.approx(gain_db)


def test_a_fader_shows_its_unit(theme, keep) -> None:
    fader = keep(Fader(theme, name="Volume", show=words.decibels))
    fader.set_value(-1.5)
    assert fader.accessibleDescription() == "−1.5 dB"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("−1.5 dB", -1.5),
        ("+2", 2.0),
        ("0,5 st", 0.5),
        ("12 dB", 12.0),
        ("dB", None),
        ("", None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_numbers_are_read_as_people_type_them(text: str, value: float | None) -> None:
    assert parse_number(text) == value
