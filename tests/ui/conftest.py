"""The window's tests: offscreen Qt with the shipped fonts, leak checks, and a real session in a temporary home."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QThread, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from ui.app import prepare
from ui.theme import Theme


@pytest.fixture
def theme(qapp: QApplication) -> Theme:
    """The dark theme, with fonts and style sheet of the program."""
    theme = Theme("dark")
    prepare(qapp, theme)
    return theme


def _alive() -> dict[str, set[str]]:
    gc.collect()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    found: dict[str, set[str]] = {"threads": set(), "timers": set(), "windows": set()}
    for each in shiboken6.getAllValidWrappers():
        if isinstance(each, QThread) and each.isRunning() and each is not QCoreApplication.instance().thread():
            found["threads"].add(repr(each))
        elif isinstance(each, QTimer) and each.isActive():
            found["timers"].add(repr(each))
        elif isinstance(each, QWidget) and each.isWindow():
            found["windows"].add(f"{type(each).__name__} {each.objectName()} {hex(id(each))}")
    return found


@pytest.fixture(autouse=True)
def no_leaks(qapp: QApplication) -> Iterator[None]:
    """A test leaves no running QThread, no active QTimer and no window behind."""
    before = _alive()
    yield
    after = _alive()
    for kind, objects in after.items():
        assert objects <= before[kind], f"leaked {kind}: {sorted(objects - before[kind])}"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home of the studio."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("CONTRAFACT_HOME", str(folder))
    return folder


@pytest.fixture
def session(home: Path) -> Iterator[Any]:
    """A real session with its embedded platform."""
    from studio.session import Session

    opened = Session.open(home)
    yield opened
    opened.close()


@pytest.fixture
def window(qapp: QApplication, theme: Theme, session: Any) -> Iterator[Any]:
    """The real window at 1440 x 900."""
    from ui.window import MainWindow

    made = MainWindow(session, theme)
    made.resize(1440, 900)
    made.show()
    made.start()
    yield made
    made.close()
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def keep(qapp: QApplication) -> Iterator[Callable[[QWidget], QWidget]]:
    """Shows widgets and deletes them at the end."""
    widgets: list[QWidget] = []

    def show(widget: QWidget) -> QWidget:
        widgets.append(widget)
        widget.show()
        return widget

    yield show
    for widget in widgets:
        widget.close()
        widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
