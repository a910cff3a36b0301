"""What a screen reader is told: every painted widget in sight has a name and a role, and all can be reached by Tab."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from studio.session import Session
from tests.ui.driver import renew
from tests.ui.panel_pictures import PANELS
from ui.viewmodels import words
from ui.widgets import roles
from ui.widgets.slider import Knob, Slider
from ui.widgets.toggle import Toggle

DECORATION = {"Surface", "Card", "_Line", "_RoundIcon", "_Nothing", "_Dot", "Artwork", "PlayHead", "HeaderDrag"}
"""Faces, lines and marks: what they show is said by what lies on them or beside them."""


@pytest.fixture
def session(opened: Session) -> Session:
    """The shared session with an empty project."""
    return renew(opened)


def _painted(widget: QWidget) -> bool:
    """Whether a class of ours draws it."""
    return any("paintEvent" in vars(kind) for kind in type(widget).__mro__ if kind.__module__.startswith("ui."))


def _nameless(root: QWidget) -> set[str]:
    found: set[str] = set()
    for widget in root.findChildren(QWidget):
        kinds = {kind.__name__ for kind in type(widget).__mro__}
        if not widget.isVisible() or not _painted(widget) or type(widget).__name__ in DECORATION:
            continue
        if kinds & DECORATION and not roles.role_of(widget):
            continue
        interface = QAccessible.queryAccessibleInterface(widget)
        name = interface.text(QAccessible.Text.Name)
        role = interface.role()
        if role in (QAccessible.Role.Client, QAccessible.Role.NoRole):
            found.add(f"{type(widget).__name__} has no role")
        if not name.strip() and "Text" not in kinds:
            found.add(f"{type(widget).__name__} has no name ({role})")
    return found


def test_every_painted_widget_of_every_panel_has_a_name_and_a_role(person, window) -> None:
    missing: set[str] = set()
    for name, show in PANELS.items():
        show(window)
        person.wait(lambda: not person.busy(), name)
        missing |= {f"{name}: {each}" for each in _nameless(window)}
        if window.sheet is not None:
            window.sheet.dismiss()
    assert sorted(missing) == []


def test_roles_values_and_states_are_those_that_a_reader_asks_for(theme, keep: Callable[[QWidget], QWidget]) -> None:
    slider = keep(Slider(theme, name="Volume", minimum=-96, maximum=12, default=0, step=0.1, show=words.decibels))
    slider.set_value(-6.0)
    knob = keep(Knob(theme, name="Pan", show=words.pan, size=20))
    toggle = keep(Toggle(theme, name="Pick up"))
    said = [QAccessible.queryAccessibleInterface(each) for each in (slider, knob, toggle)]
    assert [each.role() for each in said] == [
        QAccessible.Role.Slider,
        QAccessible.Role.Dial,
        QAccessible.Role.CheckBox,
    ]
    assert [each.text(QAccessible.Text.Name) for each in said] == ["Volume", "Pan", "Pick up"]
    assert said[0].text(QAccessible.Text.Value) == "−6.0 dB"
    assert not said[2].state().checked
    toggle.set_on(True)
    assert said[2].state().checked


def test_tab_comes_to_every_control_and_back_to_the_first(person, window) -> None:
    window.activateWindow()
    person.wait(window.isActiveWindow, "the window in front")
    start = window.browser.search
    start.setFocus(Qt.FocusReason.TabFocusReason)
    passed: list[QWidget] = []
    for _ in range(400):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        now = QApplication.focusWidget()
        if now is start:
            break
        passed.append(now)
    assert QApplication.focusWidget() is start, "Tab goes round"
    assert len(passed) == len(set(passed))
    assert all(each.isVisible() and each.accessibleName() for each in passed), [
        type(each).__name__ for each in passed if not each.accessibleName()
    ]
    wanted = {
        each
        for each in window.findChildren(QAbstractButton)
        if each.isVisible() and each.isEnabled() and each.focusPolicy() & Qt.FocusPolicy.TabFocus
    }
    assert wanted <= set(passed)
