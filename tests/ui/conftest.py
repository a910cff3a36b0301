"""The window's tests: offscreen Qt with the shipped fonts, leak checks, and a real session in a temporary home."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shiboken6
from msgspec.structs import replace
from PySide6.QtCore import QCoreApplication, QEvent, QThread, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from engine.io.encode import encode
from studio.project.model import Project
from tests.ui.driver import Person
from tests.ui.short_songs import shorter
from ui.app import open_window, prepare
from ui.theme import Theme

RATE = 44_100
IMPORTED: dict[int, tuple[Any, Project]] = {}
"""The project of each session after the import of `sound`; the session itself is kept, so that its id stays its own."""


@pytest.fixture(scope="session", autouse=True)
def no_clipboard_at_the_end(qapp: QApplication) -> Iterator[None]:
    """The offscreen platform deletes what was copied when the process ends, after Python has gone: that would crash."""
    yield
    qapp.clipboard().clear()


@pytest.fixture
def theme(qapp: QApplication) -> Theme:
    """The dark theme, with fonts and style sheet of the program."""
    theme = Theme("dark")
    prepare(qapp, theme)
    return theme


@pytest.fixture(scope="session", autouse=True)
def lasting() -> Iterator[None]:
    """What is imported stays until the end: the collections of garbage of every test need not look at it."""
    import ui.window

    assert ui.window
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


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


@pytest.fixture(scope="session", autouse=True)
def short_songs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The embedded platform of every session of these tests publishes a few bars of each demo song."""
    with shorter(tmp_path_factory.mktemp("resources")):
        yield


@pytest.fixture
def session(home: Path) -> Iterator[Any]:
    """A real session with its embedded platform."""
    from studio.session import Session

    opened = Session.open(home)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory, short_songs: None) -> Iterator[Any]:
    """One real session for all tests that ask for it: opening one takes seconds."""
    from studio.session import Session

    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONTRAFACT_HOME", str(home))
        session = Session.open(home)
        yield session
        session.close()


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """A file of one's own: four seconds of two tones."""
    t = np.arange(RATE * 4) / RATE
    samples = np.stack([np.sin(2 * np.pi * 220 * t), np.sin(2 * np.pi * 330 * t)]).astype(np.float32) * 0.3
    path = tmp_path / "mine.wav"
    encode(samples, path, rate=RATE, format="wav", bits=16)
    return path


@pytest.fixture
def person(window: Any, sound: Path) -> Person:
    """A person with that file in the arrangement; the same session imports it once."""
    someone = Person(window)
    session = window.session
    known = IMPORTED.get(id(session))
    if known is None:
        window.intake.files([str(sound)])
        someone.wait(lambda: window.ws.project.tracks and not someone.busy(), "the import")
        IMPORTED[id(session)] = (session, session.project)
    else:
        made = replace(session.project, sources=known[1].sources, tracks=known[1].tracks)
        session.commit("Import", made)
        window.ws.select(track=made.tracks[0].id)
    someone.wait(lambda: window.arrangement.isVisible() and window.arrangement.headers, "the arrangement")
    return someone


@pytest.fixture
def window(qapp: QApplication, theme: Theme, session: Any) -> Iterator[Any]:
    """The real window at 1440 x 900."""
    made = open_window(qapp, session, theme)
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
