"""A person at the window: real Qt events, counted."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

STEP_MS = 20
PATIENCE_S = 240.0
"""A wait ends when what it waits for happens: this long only where something is broken, or a machine very slow."""


PLAIN = Qt.KeyboardModifier.NoModifier


def pause(ms: int) -> None:
    """Let the event loop run for a while, as the program does. `QTest.qWait` keeps the interpreter's lock meanwhile,
    and makes all other threads of the program ten times slower than they are."""
    loop = QEventLoop()
    QTimer.singleShot(ms, loop.quit)
    loop.exec()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def send(widget: QWidget, kind: QEvent.Type, at: QPoint, modifiers: Qt.KeyboardModifier = PLAIN) -> None:
    """One mouse event of the left button."""
    buttons = Qt.MouseButton.LeftButton
    button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else buttons
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else buttons
    event = QMouseEvent(kind, QPointF(at), QPointF(widget.mapToGlobal(at)), button, held, modifiers)
    QApplication.sendEvent(widget, event)


def drag(
    widget: QWidget,
    start: QPoint,
    end: QPoint,
    *,
    release: bool = True,
    modifiers: Qt.KeyboardModifier = PLAIN,
    through: tuple[QPoint, ...] = (),
) -> None:
    """Press, move (by way of `through`, or straight on) and, unless told otherwise, let go."""
    send(widget, QEvent.Type.MouseButtonPress, start, modifiers)
    way = through or tuple(start + (end - start) * step for step in (0.3, 0.7))
    for at in (*way, end):
        send(widget, QEvent.Type.MouseMove, at, modifiers)
    if release:
        send(widget, QEvent.Type.MouseButtonRelease, end, modifiers)


def renew(session: Any) -> Any:
    """A session that other tests have used, as if it were new: nothing runs, no project, every setting at its
    default."""
    for job in session.jobs.active:
        job.cancel()
    if session.recording is not None:
        session.record_stop()
    session.stop()
    session.player.disarm()
    session.settings.reset()
    session.new_project()
    return session


class Person:
    """Clicks and keys, and waiting for what they bring about."""

    def __init__(self, window: Any):
        self.window = window
        self.clicks = 0
        self.keys = 0

    def click(self, widget: QWidget, at: QPoint | None = None) -> None:
        """One click on a widget that can be seen and used."""
        assert widget.isVisible(), f"{widget.accessibleName()} is not in sight"
        assert widget.isEnabled(), f"{widget.accessibleName()} cannot be used"
        self.clicks += 1
        where = at if at is not None else widget.rect().center()
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, where)

    def key(
        self, widget: QWidget, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> None:
        """One key."""
        self.keys += 1
        QTest.keyClick(widget, key, modifiers)

    def wait(self, condition: Callable[[], Any], what: str, *, timeout_s: float = PATIENCE_S) -> None:
        """Let the program run until `condition` holds.

        Raises:
            AssertionError: with what the window says, when the time ran out.
        """
        end = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > end:
                said = [f"{toast.text} {toast.remedy}" for toast in self.window.toasts]
                raise AssertionError(f"{what} did not happen in {timeout_s:g} s; the window says: {said}")
            pause(STEP_MS)

    def settle(self, ms: int = 200) -> None:
        """Let posted events and repaints happen."""
        pause(ms)

    def busy(self) -> bool:
        """Whether a job runs or waits."""
        return bool(self.window.session.jobs.active)

    def no_errors(self) -> None:
        """The window has said nothing that went wrong."""
        errors = [f"{toast.text} {toast.remedy}" for toast in self.window.toasts if toast.level == "error"]
        assert errors == []
