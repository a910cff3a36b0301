"""What comes in from a MIDI controller, as light values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

import msgspec

from engine.errors import EngineError

Kind = Literal[
    "control", "note", "pitch", "pressure", "program", "start", "continue", "stop", "record", "clock", "position"
]
"""Start, stop and record come as system messages or as MIDI Machine Control (MMC)."""


class MidiError(EngineError):
    """MIDI that cannot be used. Codes: midi-extra-missing, midi-port."""

    code = "midi-port"


class MidiMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message."""

    port: str
    """Stable name of the port that it came from."""
    kind: Kind
    channel: int = -1
    """0 to 15; -1 where a message has none."""
    number: int = 0
    """Of the controller, note, or key; 0 where a message has none."""
    value: float = 0.0
    """0 to 1; -1 to 1 for the pitch wheel, the number of a program, sixteenths for a song position. A note of 0 is one
    that ends."""
    raw: int = 0
    """The value as it came: 0 to 127, of the pitch wheel 0 to 16,383. Relative encoders are told by it."""
    time: float = 0.0
    """When it arrived, in seconds of `time.monotonic`."""


class MidiPort(msgspec.Struct, frozen=True, kw_only=True):
    """A port that is there, or is waited for."""

    name: str
    open: bool = False
    problem: str = ""
    """Why it is not open although it should be."""


class Connection(Protocol):
    """An open port."""

    @property
    def alive(self) -> bool:
        """False once the port has gone without its name leaving the list."""
        ...

    def close(self) -> None:
        """Stop listening."""
        ...


class Backend(Protocol):
    """A system of MIDI ports. It may be made on any thread; all calls come from one."""

    def names(self) -> list[str]:
        """Stable names of the ports that are there now; [] where there is no MIDI."""
        ...

    def open(self, name: str, heard: Callable[[bytes], None]) -> Connection:
        """Listen to a port; `heard` gets whole messages, on any thread.

        Raises:
            OSError: if it cannot be opened.
        """
        ...

    def close(self) -> None:
        """Let go of the system."""
        ...
