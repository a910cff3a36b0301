"""Bytes of the MIDI 1.0 specification, and bytes of none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.midi import parse


@pytest.mark.parametrize(
    ("data", "kind", "channel", "number", "value", "raw"),
    [
        ([0xB0, 7, 0], "control", 0, 7, 0.0, 0),
        ([0xBF, 119, 127], "control", 15, 119, 1.0, 127),
        ([0x90, 60, 127], "note", 0, 60, 1.0, 127),
        ([0x90, 60, 0], "note", 0, 60, 0.0, 0),
        ([0x83, 60, 64], "note", 3, 60, 0.0, 64),
        ([0xE0, 0, 64], "pitch", 0, 0, 0.0, 8192),
        ([0xE0, 0, 0], "pitch", 0, 0, -1.0, 0),
        ([0xE0, 127, 127], "pitch", 0, 0, 1.0, 16383),
        ([0xD1, 127], "pressure", 1, 0, 1.0, 127),
        ([0xA1, 61, 127], "pressure", 1, 61, 1.0, 127),
        ([0xC2, 9], "program", 2, 9, 9.0, 9),
        ([0xFA], "start", -1, 0, 0.0, 0),
        ([0xFB], "continue", -1, 0, 0.0, 0),
        ([0xFC], "stop", -1, 0, 0.0, 0),
        ([0xF8], "clock", -1, 0, 0.0, 0),
        ([0xF2, 1, 2], "position", -1, 0, 257.0, 257),
        ([0xF0, 0x7F, 0x7F, 0x06, 0x02, 0xF7], "start", -1, 0, 0.0, 0),
        ([0xF0, 0x7F, 0x10, 0x06, 0x06, 0xF7], "record", -1, 0, 0.0, 0),
    ],
)
def test_messages_of_the_specification(
    data: list[int], kind: str, channel: int, number: int, value: float, raw: int
) -> None:
    found = parse(bytes(data), port="Knobs", time=3.0)
    assert found is not None
    assert (found.kind, found.channel, found.number, found.raw) == (kind, channel, number, raw)
    assert found.value == pytest.approx(value)
    assert (found.port, found.time) == ("Knobs", 3.0)


@pytest.mark.parametrize(
    "data",
    [[], [7], [0xB0], [0xB0, 7], [0xB0, 7, 200], [0xB0, 120, 0], [0xFE], [0xF0, 1, 2, 0xF7], [0xC0, 1, 2], [0xF4]],
)
def test_what_is_no_message_is_none(data: list[int]) -> None:
    assert parse(bytes(data), port="Knobs", time=0.0) is None


@given(st.binary(max_size=8))
def test_any_bytes_are_in_range_or_none(data: bytes) -> None:
    found = parse(data, port="", time=0.0)
    if found is not None:
        assert -1 <= found.channel <= 15
        assert 0 <= found.number <= 127
        assert 0 <= found.raw <= 16383
        if found.kind not in ("program", "position"):
            assert -1.0 <= found.value <= 1.0
