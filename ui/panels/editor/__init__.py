"""The clip editor at the foot of the window."""

from ui.panels.editor.panel import ClipEditor

__all__ = ["ClipEditor"]
