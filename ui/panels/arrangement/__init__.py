"""The arrangement: ruler, track headers, lanes with clips, play-head."""

from ui.panels.arrangement.panel import ArrangementPanel

__all__ = ["ArrangementPanel"]
