"""From bytes to messages (MIDI 1.0 Detailed Specification; MMC: RP-013)."""

from __future__ import annotations

from engine.midi.model import Kind, MidiMessage

SYSTEM: dict[int, Kind] = {0xFA: "start", 0xFB: "continue", 0xFC: "stop", 0xF8: "clock"}

MACHINE_CONTROL: dict[int, Kind] = {0x01: "stop", 0x02: "start", 0x03: "start", 0x06: "record", 0x09: "stop"}
"""Commands of MMC: stop, play, deferred play, record strobe, pause."""


def parse(data: bytes, *, port: str, time: float) -> MidiMessage | None:
    """The message in these bytes, or None for one that controls nothing here or is no message.

    >>> parse(bytes([0xB2, 7, 127]), port="Knobs", time=0.0).value
    1.0
    """
    if not data:
        return None
    status, rest = data[0], data[1:]
    if status == 0xF0:
        return _machine_control(data, port, time)
    if any(byte > 0x7F for byte in rest):
        return None
    if status in SYSTEM:
        return MidiMessage(port=port, kind=SYSTEM[status], time=time)
    if status == 0xF2 and len(rest) == 2:
        position = rest[0] | rest[1] << 7
        return MidiMessage(port=port, kind="position", value=float(position), raw=position, time=time)
    return _channel(status, rest, port, time)


def _channel(status: int, rest: bytes, port: str, time: float) -> MidiMessage | None:
    command, channel = status & 0xF0, status & 0x0F
    if len(rest) != (1 if command in (0xC0, 0xD0) else 2) or not 0x80 <= command < 0xF0:
        return None
    kind: Kind
    number, raw = (rest[0], rest[1]) if len(rest) == 2 else (0, rest[0])
    value = raw / 127.0
    match command:
        case 0x80:
            kind, value = "note", 0.0
        case 0x90:
            kind = "note"
        case 0xA0 | 0xD0:
            kind = "pressure"
        case 0xB0:
            if number >= 120:
                # Channel mode messages (all notes off and the like) are no controllers.
                return None
            kind = "control"
        case 0xC0:
            kind, number, value = "program", raw, float(raw)
        case _:
            kind, raw, number = "pitch", rest[0] | rest[1] << 7, 0
            # 8,192 is the centre, and both ends are to be reached.
            value = (raw - 8192) / (8191.0 if raw > 8192 else 8192.0)
    return MidiMessage(port=port, kind=kind, channel=channel, number=number, value=value, raw=raw, time=time)


def _machine_control(data: bytes, port: str, time: float) -> MidiMessage | None:
    if len(data) != 6 or data[1] != 0x7F or data[3] != 0x06 or data[5] != 0xF7:
        return None
    kind = MACHINE_CONTROL.get(data[4])
    return None if kind is None else MidiMessage(port=port, kind=kind, time=time)
