"""The preferences: pages by subject; a change holds at once."""

from ui.panels.preferences.sheet import Preferences

__all__ = ["Preferences"]
