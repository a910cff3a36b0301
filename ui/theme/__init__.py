"""Colours, type, icons and the style sheet, all from `resources/theme/tokens.json`."""

from ui.theme.fonts import load_fonts
from ui.theme.theme import Theme

__all__ = ["Theme", "load_fonts"]
