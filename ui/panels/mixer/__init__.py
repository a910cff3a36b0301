"""The mixer: strips with effects, sends and outputs, and the master with its loudness."""

from ui.panels.mixer.panel import Mixer

__all__ = ["Mixer"]
