"""Bindings of controllers, and the file that keeps them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from engine.midi import MidiMessage
from studio.base import atomic

Mode = Literal["absolute", "relative", "toggle", "trigger"]
"""A fader or knob with ends; an endless encoder; a key that switches; a key that does something."""

Encoding = Literal["twos", "offset", "sign"]
"""How an endless encoder counts down from a step of one: 127, 63 or 65."""

SELECTED = "selected"
"""Stands for the track in focus where a binding names a track."""

TRANSPORT: dict[str, str] = {
    "transport.play": "Play and pause",
    "transport.stop": "Stop",
    "transport.record": "Record",
    "transport.loop": "Loop",
    "transport.to_start": "To the start",
    "transport.metronome": "Metronome",
}
"""What can be done by a key, and what it is called."""

SYSTEM: dict[str, str] = {
    "start": "transport.play",
    "continue": "transport.play",
    "stop": "transport.stop",
    "record": "transport.record",
}
"""What the transport keys of a controller say without being learnt."""


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """One control and what it moves: `target` is a path of `studio.project.parameters` on `track`, or one of
    `TRANSPORT`.

    `track` is an id, ``master`` or `SELECTED`. A binding of a track that another project does not have rests there.
    """

    port: str
    kind: Literal["control", "note", "pitch"]
    channel: int
    number: int = 0
    target: str
    track: str = ""
    mode: Mode = "absolute"
    encoding: Encoding = "twos"

    def hears(self, message: MidiMessage) -> bool:
        """Whether a message comes from this control."""
        return (message.port, message.kind, message.channel, message.number) == (
            self.port,
            self.kind,
            self.channel,
            self.number,
        )

    def steps(self, raw: int) -> int:
        """How far an endless encoder was turned, in its own steps."""
        if self.encoding == "offset":
            return raw - 64
        if self.encoding == "sign":
            return -(raw - 64) if raw >= 64 else raw
        return raw if raw < 64 else raw - 128


def learnt(messages: Iterable[MidiMessage], *, target: str, track: str, switch: bool) -> Binding | None:
    """The binding that these messages of one control speak for; None without one that can be bound.

    A key becomes a switch or a trigger. A controller whose first values all lie next to where an endless encoder
    rests (1, 127, 63, 65 ...) is one; any other has ends.
    """
    heard = [each for each in messages if each.kind in ("control", "note", "pitch")]
    if not heard:
        return None
    first = heard[0]
    kind: Literal["control", "note", "pitch"] = (
        "note" if first.kind == "note" else "pitch" if first.kind == "pitch" else "control"
    )
    raws = [each.raw for each in heard if each.kind == first.kind and each.number == first.number]
    mode: Mode = "absolute"
    encoding: Encoding = "twos"
    if target in TRANSPORT:
        mode = "trigger"
    elif switch or first.kind == "note":
        mode = "toggle"
    elif first.kind == "control" and len(raws) >= 2:
        if all(raw <= 3 or raw >= 125 for raw in raws):
            mode = "relative"
        elif all(61 <= raw <= 67 and raw != 64 for raw in raws):
            # 65 is one step up from 64, or one step down by the sign bit: no encoder rests at both.
            mode, encoding = "relative", "offset"
    return Binding(
        port=first.port,
        kind=kind,
        channel=first.channel,
        number=first.number,
        target=target,
        track=track,
        mode=mode,
        encoding=encoding,
    )


class Bindings:
    """All bindings, in the order in which they were learnt; a control moves one thing, a thing may have several."""

    def __init__(self, path: Path):
        self._path = path
        self._lock = threading.Lock()
        self.notice: str | None = None
        self._all: tuple[Binding, ...] = self._read()

    @property
    def all(self) -> tuple[Binding, ...]:
        """The bindings."""
        return self._all

    def of(self, message: MidiMessage) -> Binding | None:
        """What the control that a message comes from is bound to."""
        return next((each for each in self._all if each.hears(message)), None)

    def add(self, binding: Binding) -> None:
        """Bind; what the control moved before, it moves no more.

        Raises:
            StorageError: disk-full or path-not-writable; nothing changes then.
        """
        with self._lock:
            self._write((*(each for each in self._all if not _same_control(each, binding)), binding))

    def remove(self, binding: Binding) -> None:
        """Take a binding away; nothing happens when it is not there.

        Raises:
            StorageError: as `add`.
        """
        with self._lock:
            self._write(tuple(each for each in self._all if each != binding))

    def _write(self, bindings: tuple[Binding, ...]) -> None:
        if bindings == self._all:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise atomic.storage_error(problem, self._path) from problem
        atomic.write_bytes(self._path, msgspec.json.format(msgspec.json.encode(bindings), indent=1) + b"\n")
        self._all = bindings

    def _read(self) -> tuple[Binding, ...]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=tuple[Binding, ...])
        except FileNotFoundError:
            return ()
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.notice = "What your controllers were bound to could not be read. Bind them again."
            with contextlib.suppress(OSError):
                self._path.replace(self._path.with_suffix(".unread.json"))
            return ()


def _same_control(a: Binding, b: Binding) -> bool:
    return (a.port, a.kind, a.channel, a.number) == (b.port, b.kind, b.channel, b.number)
