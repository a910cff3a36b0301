"""How text is fitted into the room that there is."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QFontMetrics

from ui.theme import Theme
from ui.widgets.paint import two_lines, whole_parts


@pytest.fixture
def metrics(qtbot) -> QFontMetrics:
    return QFontMetrics(Theme("dark").font("caption"))


def test_a_line_of_parts_ends_with_a_whole_part(metrics: QFontMetrics) -> None:
    text = "Mira Solvang · 92 · D"
    wide = metrics.horizontalAdvance(text)
    assert whole_parts(text, metrics, wide) == text
    assert whole_parts(text, metrics, wide - 1) == "Mira Solvang · 92"
    assert whole_parts(text, metrics, 10) == "Mira Solvang"


def test_a_name_that_is_too_long_is_broken_at_a_space(metrics: QFontMetrics) -> None:
    wide = metrics.horizontalAdvance("Bright and ")
    assert two_lines("Dub", metrics, wide) == ["Dub"]
    assert two_lines("Bright and wide", metrics, wide) == ["Bright and", "wide"]
    assert two_lines("Donaudampfschiffahrt", metrics, wide) == ["Donaudampfschiffahrt"]
