"""MIDI control in: ports that come and go, messages as light values. Importing this package needs no extra."""

from engine.midi.input import MidiInput
from engine.midi.model import Backend, Connection, Kind, MidiError, MidiMessage, MidiPort
from engine.midi.parsing import parse
from engine.midi.system import SystemBackend, installed

__all__ = [
    "Backend",
    "Connection",
    "Kind",
    "MidiError",
    "MidiInput",
    "MidiMessage",
    "MidiPort",
    "SystemBackend",
    "available",
    "list_ports",
    "parse",
]


def available() -> bool:
    """Whether the extra ``contrafact[midi]`` is installed."""
    return installed()


def list_ports() -> tuple[str, ...]:
    """Stable names of the ports that are there now.

    Raises:
        MidiError: midi-extra-missing.
    """
    backend = SystemBackend()
    try:
        return tuple(backend.names())
    finally:
        backend.close()
