"""The right side: what is selected, what one may do with it, and who is paid."""

from ui.panels.inspector.panel import InspectorPanel

__all__ = ["InspectorPanel"]
