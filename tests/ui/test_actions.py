from __future__ import annotations

from collections import Counter

from PySide6.QtGui import QKeySequence

from ui.actions import ACTIONS
from ui.viewmodels.fuzzy import rank, score


def test_ids_and_keys_are_unique() -> None:
    assert max(Counter(row.id for row in ACTIONS).values()) == 1
    keys = Counter(QKeySequence(key).toString() for row in ACTIONS for key in row.keys)
    assert max(keys.values()) == 1, keys.most_common(3)


def test_every_key_is_one_that_qt_knows() -> None:
    for row in ACTIONS:
        for key in row.keys:
            assert not QKeySequence(key).isEmpty(), (row.id, key)


def test_tab_stays_navigation() -> None:
    assert not any(key == "Tab" for row in ACTIONS for key in row.keys)


def test_the_palette_finds_by_a_few_letters() -> None:
    titles = [row.title for row in ACTIONS]
    assert rank("exp", titles, str)[0] == "Review and export …"
    assert "Split clips at the play-head" in rank("spl cl", titles, str)[:2]
    assert rank("zzzz", titles, str) == []
    assert score("", "anything") == 0
