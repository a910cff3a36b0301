"""The MIDI ports of the computer through python-rtmidi: the only module that imports it."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.midi.model import MidiError

CLIENT = "contrafact"

OWN = re.compile(rf"^(?:{CLIENT}|RtMidiIn Client|RtMidi Input Client|Midi Through)\b", re.IGNORECASE)
"""Ports that are ours, or lead back to what other programs send."""

NUMBER = re.compile(r" \d+:\d+$")
"""ALSA's numbers of client and port, which change whenever a device is plugged in."""


def installed() -> bool:
    """Whether the extra is there."""
    return importlib.util.find_spec("rtmidi") is not None


def require() -> None:
    """Raise a named error where the extra is missing.

    Raises:
        MidiError: midi-extra-missing.
    """
    if not installed():
        raise MidiError(
            "MIDI controllers need an extra that is not installed.",
            remedy="Install it with: pip install contrafact[midi]",
            code="midi-extra-missing",
        )


def stable_names(names: list[str]) -> list[str]:
    """Names that stay the same when a device is plugged in again, in the order given; equal ones are numbered.

    >>> stable_names(["nanoKONTROL2:nanoKONTROL2 MIDI 1 20:0", "Pads 24:0", "Pads 28:0"])
    ['nanoKONTROL2 MIDI 1', 'Pads', 'Pads (2)']
    """
    seen: dict[str, int] = {}
    found: list[str] = []
    for name in names:
        base = NUMBER.sub("", name).strip()
        client, colon, port = base.partition(":")
        if colon and port.startswith(client):
            base = port
        seen[base] = seen.get(base, 0) + 1
        found.append(base if seen[base] == 1 else f"{base} ({seen[base]})")
    return found


class SystemBackend:
    """ALSA or JACK on Linux, Core MIDI on macOS, Windows Multimedia.

    Raises:
        MidiError: midi-extra-missing.
    """

    def __init__(self) -> None:
        require()
        import rtmidi  # pyright: ignore[reportMissingTypeStubs]

        self._rtmidi: Any = rtmidi
        self._lister: Any = None
        self._api: int | None = None

    def names(self) -> list[str]:
        """Stable names of the ports that are there now."""
        return [name for name, _ in self._ports()]

    def _ports(self) -> list[tuple[str, int]]:
        api = self._system()
        if api is None:
            self.close()
            return []
        try:
            if self._lister is None or api != self._api:
                self._lister, self._api = self._rtmidi.MidiIn(api, CLIENT), api
            names: list[str] = list(self._lister.get_ports())
        except (RuntimeError, UnicodeDecodeError, self._rtmidi.RtMidiError):
            # The MIDI system has gone; it is asked for anew at the next poll.
            self.close()
            return []
        places = [i for i, name in enumerate(names) if not OWN.match(name)]
        return list(zip(stable_names([names[i] for i in places]), places, strict=True))

    def _system(self) -> int | None:
        """The system to use; None where there is none: asking a missing one makes its library complain aloud."""
        if not sys.platform.startswith("linux"):
            return int(self._rtmidi.API_UNSPECIFIED)
        apis: list[int] = list(self._rtmidi.get_compiled_api())
        if Path("/dev/snd/seq").exists() and self._rtmidi.API_LINUX_ALSA in apis:
            return int(self._rtmidi.API_LINUX_ALSA)
        server = os.environ.get("JACK_DEFAULT_SERVER", "default")
        running = any(Path("/dev/shm").glob(f"jack_{server}_{os.getuid()}_*")) or any(
            Path("/dev/shm").glob("pipewire-*")
        )
        return int(self._rtmidi.API_UNIX_JACK) if running and self._rtmidi.API_UNIX_JACK in apis else None

    def open(self, name: str, heard: Callable[[bytes], None]) -> SystemConnection:
        """Listen to a port.

        Raises:
            OSError: if it has gone or another program holds it.
        """
        for found, place in self._ports():
            if found == name:
                port: Any = None
                try:
                    port = self._rtmidi.MidiIn(self._api, CLIENT)
                    # System exclusive messages carry machine control; active sensing carries nothing.
                    port.ignore_types(sysex=False, timing=True, active_sense=True)
                    port.set_callback(_forwarding(heard))
                    port.open_port(place, name)
                except (RuntimeError, self._rtmidi.RtMidiError) as problem:
                    raise OSError(str(problem)) from problem
                return SystemConnection(port)
        raise OSError("the port has gone")

    def close(self) -> None:
        """Let go of the system."""
        if self._lister is not None:
            self._lister.delete()
            self._lister = None


def _forwarding(heard: Callable[[bytes], None]) -> Callable[[tuple[list[int], float], object], None]:
    def forward(event: tuple[list[int], float], data: object) -> None:
        del data
        heard(bytes(event[0]))

    return forward


class SystemConnection:
    """An open port of the computer."""

    def __init__(self, port: Any):
        self._port = port

    @property
    def alive(self) -> bool:
        """Always true: a port that goes leaves the list."""
        return True

    def close(self) -> None:
        """Stop listening."""
        self._port.cancel_callback()
        self._port.close_port()
        self._port.delete()
