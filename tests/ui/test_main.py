from __future__ import annotations

import pytest

from ui.__main__ import wants_window


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
