from __future__ import annotations

from types import SimpleNamespace

import pytest
from PySide6.QtCore import QObject, Signal

import ui.app
from studio.project.model import Track
from ui.__main__ import wants_window
from ui.app import has_display, warm_when_needed


@pytest.mark.parametrize(
    ("arguments", "window"),
    [
        ([], True),
        (["My song.contrafact"], True),
        (["/music/My song.contrafact/"], True),
        (["verify", "x.wav"], False),
        (["--help"], False),
        (["styles"], False),
        (["a.contrafact", "b.contrafact"], False),
    ],
)
def test_a_bare_call_or_a_project_opens_the_window(arguments: list[str], window: bool) -> None:
    assert wants_window(arguments) is window


@pytest.mark.parametrize(
    ("environment", "platform", "expected"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"QT_QPA_PLATFORM": "offscreen"}, "linux", True),
        ({}, "darwin", True),
        ({}, "win32", True),
    ],
)
def test_without_a_screen_the_window_says_so(environment: dict[str, str], platform: str, expected: bool) -> None:
    assert has_display(environment, platform) is expected


class Bare(QObject):
    """What of a window the warming of the stem model looks at."""

    project_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.warmed = 0
        self.ws = SimpleNamespace(bridge=self)
        self.session = SimpleNamespace(project=SimpleNamespace(tracks=()), warm_stems=self._warm)

    def _warm(self) -> None:
        self.warmed += 1


def test_the_first_track_makes_the_stem_model_ready_once(qtbot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ui.app, "WARM_AFTER_MS", 0)
    window = Bare()
    warm_when_needed(window)  # pyright: ignore[reportArgumentType]
    bus, song = Track(id="b", name="Bus", kind="bus"), Track(id="s", name="Song")
    window.session.project = SimpleNamespace(tracks=(bus,))
    window.project_changed.emit()
    qtbot.wait(10)
    assert window.warmed == 0
    for _ in range(2):
        window.session.project = SimpleNamespace(tracks=(bus, song))
        window.project_changed.emit()
        qtbot.waitUntil(lambda: window.warmed > 0)
    qtbot.wait(10)
    assert window.warmed == 1
