"""Controllers: which knob, fader or key moves what, and how."""

from studio.midi.bindings import TRANSPORT, Binding, Bindings, Mode
from studio.midi.control import Control

__all__ = ["TRANSPORT", "Binding", "Bindings", "Control", "Mode"]
