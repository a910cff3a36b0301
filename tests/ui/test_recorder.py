"""Arming tracks in the window: one, several, and the channels of the input that each gets."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from studio.project import edits
from studio.project.model import Track
from studio.session import Session
from tests.ui.driver import Person, renew
from ui.panels.input_menu import fill_inputs

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def session(opened: Session) -> Session:
    """The shared session with an empty project."""
    return renew(opened)


@pytest.fixture
def armed(window, session, monkeypatch) -> list[tuple[int, ...]]:
    """The channels that the player was asked to open, for tracks `a` and `b`, bus `room`."""
    said: list[tuple[int, ...]] = []
    monkeypatch.setattr(session.player, "arm", lambda _input="", channels=(): said.append(channels))
    monkeypatch.setattr(session.player, "disarm", lambda: said.append(()))
    for each in "ab":
        window.ws.commit("Track", lambda p, each=each: edits.add_track(p, Track(id=each, name=each.upper())))
    window.ws.commit("Bus", lambda p: edits.add_bus(p, "Room", ids=["room"]))
    QCoreApplication.processEvents()
    person = Person(window)
    person.wait(lambda: "room" in window.arrangement.headers, "the heads")
    return said


def _press(window, track_id: str, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    button = window.arrangement.headers[track_id].arm
    QTest.mouseClick(button, Qt.MouseButton.LeftButton, modifiers, QPoint(5, 5))


def test_a_press_arms_one_track_and_with_ctrl_another_one_too(window, armed) -> None:
    recorder = window.ws.recorder
    _press(window, "a")
    assert (recorder.armed, armed[-1], recorder.input_of("a")) == (("a",), (0, 1), "both")
    _press(window, "b")
    assert recorder.armed == ("b",)
    _press(window, "a", CTRL)
    assert recorder.armed == ("b", "a")
    assert [recorder.input_of(each) for each in "ba"] == ["first", "second"]
    assert armed[-1] == (0, 1)
    heads = window.arrangement.headers
    assert heads["a"].arm.isChecked()
    assert heads["b"].arm.isChecked()
    _press(window, "b")
    assert (recorder.armed, recorder.input_of("a")) == (("a",), "both")
    recorder.toggle_arm("room")
    assert recorder.armed == ("a",)
    window.ws.commit("Gone", lambda p: edits.remove_track(p, "a"))
    QCoreApplication.processEvents()
    assert (recorder.armed, armed[-1]) == ((), ())


def test_the_key_arms_all_chosen_tracks(window, armed) -> None:
    window.ws.select(track="a", tracks=["b", "room"])
    window.actions_set.trigger("track.arm")
    assert window.ws.recorder.armed == ("a", "b")
    window.actions_set.trigger("track.arm")
    assert window.ws.recorder.armed == ()


def test_the_channels_of_a_track_are_chosen_in_its_menu_and_recorded_from(window, armed, monkeypatch) -> None:
    recorder = window.ws.recorder
    menu = QMenu(window)
    fill_inputs(menu, window.ws, "a")
    next(action for action in menu.actions() if action.text().startswith("Input 2")).trigger()
    menu.deleteLater()
    recorder.arm(["a"])
    assert armed[-1] == (1,)
    recorder.arm(["a", "b"])
    assert (recorder.input_of("a"), recorder.input_of("b"), armed[-1]) == ("second", "first", (0, 1))
    window.ws.select(track="a")
    assert window.inspector.track.record._input.text() == "Default input, 2"
    asked = []
    monkeypatch.setattr(window.session, "record_start", lambda *words, **named: asked.append(named))
    recorder.start()
    assert asked[-1]["inputs"] == {"a": "second", "b": "first"}
    recorder.set_input("a", None)
    assert recorder.input_of("a") == "first"
    recorder.arm([])
    recorder.start()
    assert asked[-1]["inputs"] is None
