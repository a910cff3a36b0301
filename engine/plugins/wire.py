"""What goes between the engine and a plug-in's process.

Sound lies in shared memory; one pipe carries a few bytes for each block and back, another one everything that is not in
a hurry. Neither carries pickled objects: a plug-in's process is not trusted with the memory of the program.
"""

from __future__ import annotations

import struct
from typing import Any, Literal

import msgspec
import numpy as np

from engine.plugins.model import PluginInfo, PluginSpec, Snapshot
from engine.types import Audio

MAX_FRAMES = 8192
"""Most frames of one exchange; longer blocks take several."""

PROCESS, RESET = 0, 1
"""Kinds of requests for sound."""

REQUEST = struct.Struct("<BII")
"""Kind, serial number, frames; then any number of `VALUE`."""

VALUE = struct.Struct("<If")
"""Index of a parameter, normalised value; set before the block."""

ANSWER = struct.Struct("<IBI")
"""Serial number, 1 for a plug-in that raised an error, latency in frames."""


class GetSnapshot(msgspec.Struct, frozen=True, tag=True):
    """Ask for `Saved` with this token."""

    token: int


class GetInfo(msgspec.Struct, frozen=True, tag=True):
    """Ask for `Described` with this token."""

    token: int


class LoadState(msgspec.Struct, frozen=True, tag=True):
    """Take up a state and values."""

    spec: PluginSpec


class OpenEditor(msgspec.Struct, frozen=True, tag=True):
    """Show the plug-in's window; `EditorClosed` follows when it is gone."""


class CloseEditor(msgspec.Struct, frozen=True, tag=True):
    """Close the plug-in's window."""


Order = GetSnapshot | GetInfo | LoadState | OpenEditor | CloseEditor


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The plug-in is loaded."""

    info: PluginInfo


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The plug-in could not be loaded; the fields of an `engine.errors.EngineError`."""

    message: str
    remedy: str
    code: str
    reason: str = ""


class Saved(msgspec.Struct, frozen=True, tag=True):
    """How the plug-in stands; token 0 is told without asking, after something changed."""

    token: int
    snapshot: Snapshot


class Described(msgspec.Struct, frozen=True, tag=True):
    """The plug-in with its present values."""

    token: int
    info: PluginInfo


class EditorClosed(msgspec.Struct, frozen=True, tag=True):
    """The window is gone; `problem` says why it never came, else it is empty."""

    snapshot: Snapshot
    problem: str = ""


Report = Ready | Failed | Saved | Described | EditorClosed

_ENCODER = msgspec.msgpack.Encoder()
_ORDERS: msgspec.msgpack.Decoder[Order] = msgspec.msgpack.Decoder(Order)
_REPORTS: msgspec.msgpack.Decoder[Report] = msgspec.msgpack.Decoder(Report)


def encode(message: Order | Report) -> bytes:
    """A message for the pipe."""
    return _ENCODER.encode(message)


def decode_order(data: bytes) -> Order:
    """What the plug-in's process was asked."""
    return _ORDERS.decode(data)


def decode_report(data: bytes) -> Report:
    """What the plug-in's process said."""
    return _REPORTS.decode(data)


def new_memory(context: Any) -> Any:
    """Shared memory for one plug-in, from a `multiprocessing` context."""
    return context.RawArray("f", 4 * MAX_FRAMES)


def views(memory: Any) -> tuple[Audio, Audio]:
    """Sound into the plug-in and out of it, each of shape ``(2, MAX_FRAMES)``."""
    both = np.frombuffer(memory, dtype=np.float32).reshape(2, 2, MAX_FRAMES)
    return both[0], both[1]


def request(kind: Literal[0, 1], serial: int, frames: int, values: dict[int, float]) -> bytes:
    """The bytes of a request for sound."""
    return REQUEST.pack(kind, serial, frames) + b"".join(VALUE.pack(i, v) for i, v in values.items())
