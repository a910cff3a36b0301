"""Random events: whatever a person presses, the project stays whole and Qt has nothing to complain about."""

from __future__ import annotations

import random
import sys
import traceback
from pathlib import Path
from typing import Any
from unittest import mock

from PySide6.QtCore import QPoint, QPointF, Qt, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QDesktopServices, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QWidget

from studio.base.errors import ProjectError
from studio.project.check import check
from tests.ui.driver import Person, drag

HARMLESS = ("propagateSizeHints", "This plugin does not support")
"""What the offscreen platform says of itself."""
LOOK_EVERY = 100
KEYS = [
    "Space",
    "M",
    "S",
    "L",
    "R",
    "A",
    "U",
    "N",
    "F",
    "C",
    "E",
    "Z",
    "X",
    "1",
    "2",
    "3",
    "0",
    "Home",
    "End",
    "Del",
    "Esc",
    "Up",
    "Down",
    "Left",
    "Right",
    "Return",
    "Tab",
    "F6",
    "F8",
    "F9",
    "F10",
    "F11",
    "+",
    "-",
    "Ctrl+Z",
    "Ctrl+Shift+Z",
    "Ctrl+E",
    "Ctrl+D",
    "Ctrl+J",
    "Ctrl+A",
    "Ctrl+X",
    "Ctrl+C",
    "Ctrl+V",
    "Ctrl+M",
    "Ctrl+K",
    "Ctrl+F",
    "Ctrl+,",
    "F1",
    "Shift+M",
    "Shift+V",
    "Alt+Up",
    "Alt+Down",
    "Alt+Right",
    "Ctrl+Up",
    "Ctrl+Down",
    "Ctrl+Shift+B",
    "Ctrl+Shift+D",
    "Ctrl+L",
    "Shift+T",
    "Shift+X",
    "Ctrl+Alt+T",
    "Ctrl+Alt+Z",
]
NEVER = (
    "Split into stems",
    "Restyle as",
    "Make a take",
    "Fill up",
    "Export",
    "Measure",
    "Test tone",
    "Sign",
    "Empty the",
)
"""Buttons that begin minutes of work or leave the program; they have tests of their own."""


def run(window: Any, folder: Path, *, events: int, seed: int) -> dict[str, int]:
    """Send so many events; how many warnings Qt gave, and how often something was not as it must be."""
    person, ws, session = Person(window), window.ws, window.session
    warnings: list[str] = []
    wrong: list[str] = []

    def heard(kind: QtMsgType, _context: Any, text: str) -> None:
        if kind != QtMsgType.QtDebugMsg and not any(word in text for word in HARMLESS):
            warnings.append(text)

    def raised(kind: Any, error: Any, trace: Any) -> None:
        wrong.append("".join(traceback.format_exception(kind, error, trace)))

    before_hook, before_handler = sys.excepthook, qInstallMessageHandler(heard)
    sys.excepthook = raised
    chance = random.Random(seed)
    window.intake.open_demo()
    person.wait(lambda: ws.project.tracks and not person.busy(), "the demo song", timeout_s=400)
    nothing = ("", "")
    try:
        with (
            mock.patch.object(QFileDialog, "getOpenFileName", return_value=nothing),
            mock.patch.object(QFileDialog, "getOpenFileNames", return_value=([], "")),
            mock.patch.object(QFileDialog, "getSaveFileName", return_value=nothing),
            mock.patch.object(QFileDialog, "getExistingDirectory", return_value=""),
            mock.patch.object(QDesktopServices, "openUrl", return_value=True),
        ):
            for number in range(events):
                _one(window, chance)
                if number % 10 == 9:
                    QApplication.processEvents()
                if number % LOOK_EVERY == LOOK_EVERY - 1:
                    _close_menus()
                    wrong.extend(problems_of(session))
        _close_menus()
        for job in session.jobs.active:
            job.cancel()
        session.stop()
        person.wait(lambda: not person.busy(), "rest", timeout_s=120)
        person.settle(300)
        if session.history.in_gesture:
            wrong.append("a gesture was left open")
        wrong.extend(problems_of(session))
    finally:
        qInstallMessageHandler(before_handler)
        sys.excepthook = before_hook
    for text in [*warnings[:5], *wrong[:5]]:
        print(text, file=sys.stderr)
    return {"events": events, "qt_warnings": len(warnings), "inconsistencies": len(wrong)}


def problems_of(session: Any) -> list[str]:
    """What is wrong with the project as it is."""
    try:
        check(session.history.committed)
    except ProjectError as error:
        return [str(error.details or error.message)]
    return []


def _one(window: Any, chance: random.Random) -> None:
    popup = QApplication.activePopupWidget()
    host = popup if popup is not None and chance.random() < 0.5 else window
    if popup is not None and host is window:
        popup.close()
    kind = chance.choices(("click", "double", "right", "drag", "wheel", "key"), (30, 6, 6, 20, 14, 24))[0]
    if kind == "key":
        _key(window, chance)
        return
    target, at = _target(host, chance)
    if target is None:
        return
    if kind == "click":
        QTest.mouseClick(target, Qt.MouseButton.LeftButton, _modifiers(chance), at)
    elif kind == "double":
        QTest.mouseDClick(target, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    elif kind == "right":
        QTest.mouseClick(target, Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier, at)
    elif kind == "drag" and not isinstance(target, QMenu):
        end = at + QPoint(chance.randint(-200, 200), chance.randint(-90, 90))
        drag(target, at, end, modifiers=_modifiers(chance), release=True)
    elif kind == "wheel":
        place = QPointF(at)
        event = QWheelEvent(
            place,
            target.mapToGlobal(place),
            QPoint(),
            QPoint(0, 120 * chance.choice((-2, -1, 1, 2))),
            Qt.MouseButton.NoButton,
            _modifiers(chance),
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(target, event)


def _target(host: QWidget, chance: random.Random) -> tuple[QWidget | None, QPoint]:
    """A widget under a random place, and the place in it."""
    place = QPoint(chance.randrange(max(host.width(), 1)), chance.randrange(max(host.height(), 1)))
    target = host.childAt(place) or host
    names = (target.accessibleName(), target.text() if hasattr(target, "text") and callable(target.text) else "")
    if not target.isEnabled() or any(word in name for name in names for word in NEVER):
        return None, place
    return target, target.mapFrom(host, place)


def _modifiers(chance: random.Random) -> Qt.KeyboardModifier:
    return chance.choices(
        (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.ShiftModifier,
            Qt.KeyboardModifier.ControlModifier,
            Qt.KeyboardModifier.AltModifier,
        ),
        (70, 12, 10, 8),
    )[0]


def _key(window: Any, chance: random.Random) -> None:
    from PySide6.QtGui import QKeySequence

    combination = QKeySequence(chance.choice(KEYS))[0]
    target = QApplication.focusWidget() or window.arrangement.canvas
    QTest.keyClick(target, combination.key(), combination.keyboardModifiers())


def _close_menus() -> None:
    while (popup := QApplication.activePopupWidget()) is not None:
        popup.close()
