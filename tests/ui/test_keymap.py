from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from ui.actions import ACTIONS
from ui.actions.keymap import LAYOUTS, KeyMap


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_layout_gives_a_key_twice(layout: str, tmp_path: Path) -> None:
    keymap = KeyMap(tmp_path / "keys.json", ACTIONS)
    keymap.set_layout(layout)
    keys = Counter(key for keys in keymap.all().values() for key in keys)
    assert [key for key, count in keys.items() if count > 1] == []
    assert set(keymap.all()) == {row.id for row in ACTIONS}


def test_a_key_moves_to_its_new_action_and_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    keymap = KeyMap(path, ACTIONS)
    assert keymap.assign("play.loop", "M") == ["track.mute"]
    again = KeyMap(path, ACTIONS)
    assert (again.keys("play.loop"), again.keys("track.mute")) == (("M",), ())
    again.reset("play.loop")
    assert again.keys("play.loop") == ("L",)
    assert again.assign("play.loop", "") == []
    assert again.keys("play.loop") == ()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"layout": 3, "keys": {"play.loop": 5, "nothing": ["A"]}}'])
def test_a_broken_file_counts_as_empty(text: str, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    keymap = KeyMap(path, ACTIONS)
    assert (keymap.layout, keymap.changes) == ("contrafact", {})
