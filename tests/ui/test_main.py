from __future__ import annotations

import pytest

from ui.__main__ import wants_window
from ui.app import has_display


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
