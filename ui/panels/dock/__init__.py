"""Below the arrangement: mixer, variations and history."""

from ui.panels.dock.panel import DockPanel

__all__ = ["DockPanel"]
