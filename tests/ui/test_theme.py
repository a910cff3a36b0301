from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QColor

from ui.theme import Theme
from ui.theme.style import style_sheet

MODES = ("dark", "light")


def _luminance(color: QColor) -> float:
    parts = (color.redF(), color.greenF(), color.blueF())
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: QColor, b: QColor) -> float:
    high, low = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", MODES)
def test_named_pairs_keep_their_contrast(qapp, mode) -> None:
    theme = Theme(mode)
    for pair, floor in theme.contrast_floor().items():
        front, back = pair.split("/")
        assert contrast(theme.color(front), theme.color(back)) >= floor, (mode, pair)


@pytest.mark.parametrize("mode", MODES)
def test_style_sheet_leaves_no_placeholder(qapp, mode) -> None:
    sheet = style_sheet(Theme(mode))
    assert "$" not in sheet
    assert Theme(mode).value("accent") in sheet


def test_both_modes_have_the_same_tokens(qapp) -> None:
    dark, light = Theme("dark"), Theme("light")
    for token in dark._tokens["dark"]:
        assert light.color(token).isValid()
    assert set(dark._tokens["dark"]) == set(dark._tokens["light"])


def test_icons_take_the_colour_of_their_token(qapp, theme) -> None:
    image = theme.pixmap("play", "accent", 32, ratio=1.0).toImage()
    drawn = [image.pixelColor(x, y) for x in range(32) for y in range(32) if image.pixelColor(x, y).alpha() == 255]
    assert drawn
    assert all(color.name() == theme.color("accent").name() for color in drawn)


def test_alpha_in_a_token_is_kept(qapp) -> None:
    assert Theme("dark").color("selection").alpha() == 0x33


def test_font_has_tabular_digits_and_is_shipped(qapp, theme) -> None:
    font = theme.font("counter", "semibold")
    assert font.family() == "Inter"
    assert font.exactMatch() or font.family() == "Inter"
    from PySide6.QtGui import QFontMetricsF

    metrics = QFontMetricsF(font)
    assert metrics.horizontalAdvance("1111") == pytest.approx(metrics.horizontalAdvance("0000"), abs=0.01)


def test_every_shipped_icon_is_used_and_its_licence_is_there() -> None:
    root = Path(__file__).resolve().parents[2]
    sources = "\n".join(path.read_text("utf-8") for path in (root / "ui").rglob("*.py"))
    icons = {path.stem for path in (root / "resources" / "icons").glob("*.svg")}
    assert {name for name in icons if f'"{name}"' not in sources} == set()
    assert "ISC License" in (root / "resources" / "icons" / "LICENSE.txt").read_text("utf-8")
    assert "SIL OPEN FONT LICENSE" in (root / "resources" / "fonts" / "OFL.txt").read_text("utf-8")
