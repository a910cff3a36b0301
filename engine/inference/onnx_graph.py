"""Look into an ONNX file without running it: what a pack may not contain is found before any runtime sees the bytes.

A small reader of the protobuf wire format (https://protobuf.dev/programming-guides/encoding/) for the few fields of
ONNX's ``onnx.proto`` that matter here, so that the `onnx` package is no run-time dependency and hostile files meet
bounded code.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from engine.errors import PackError

MAX_BYTES = 2 * 1024**3
MAX_NODES = 200_000
MAX_DEPTH = 12
MAX_ELEMENTS = 2**29
MAX_OPSET = 25
PLAIN_DOMAINS = frozenset({"", "ai.onnx"})

_ELEMENT_BYTES = {1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2}


class Port(msgspec.Struct, frozen=True, kw_only=True):
    """An input or output of a graph; a dimension is None where it is dynamic."""

    name: str
    shape: tuple[int | None, ...]


class GraphFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the file says about itself."""

    opset: int
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    nodes: int
    parameters: int
    operators: frozenset[str]
    external: frozenset[str]
    """Locations of weights kept in other files, as the graph writes them."""


def _refuse(reason: str) -> PackError:
    return PackError(
        f"This model was refused: {reason}.",
        remedy="Use a pack from a source you trust, or ask its maker for a plain ONNX export.",
        code="pack-refused",
    )


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise _refuse("its file is damaged")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _fields(data: memoryview) -> Iterator[tuple[int, int, memoryview | int]]:
    """``(field number, wire type, value)`` of one message; fixed-width values come as bytes."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, wire, value
            continue
        if wire == 2:
            size, at = _varint(data, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise _refuse("its file is damaged")
        if size > len(data) - at:
            raise _refuse("its file is cut short or damaged")
        yield number, wire, data[at : at + size]
        at += size


def _text(value: memoryview | int) -> str:
    if isinstance(value, int):
        raise _refuse("its file is damaged")
    try:
        return bytes(value).decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refuse("its file is damaged") from error


def _bytes(value: memoryview | int) -> memoryview:
    if isinstance(value, int):
        raise _refuse("its file is damaged")
    return value


class _Reader:
    def __init__(self) -> None:
        self.nodes = 0
        self.parameters = 0
        self.operators: set[str] = set()
        self.external: set[str] = set()

    def graph(self, data: memoryview, depth: int) -> tuple[list[Port], list[Port]]:
        if depth > MAX_DEPTH:
            raise _refuse("its graphs are nested too deep")
        inputs: list[Port] = []
        outputs: list[Port] = []
        for number, _, value in _fields(data):
            if number == 1:
                self._node(_bytes(value), depth)
            elif number == 5:
                self._tensor(_bytes(value))
            elif number == 11:
                inputs.append(_port(_bytes(value)))
            elif number == 12:
                outputs.append(_port(_bytes(value)))
            elif number == 15:
                self._sparse(_bytes(value))
        return inputs, outputs

    def _node(self, data: memoryview, depth: int) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise _refuse("it has more operations than any model should")
        operator = domain = ""
        for number, _, value in _fields(data):
            if number == 4:
                operator = _text(value)
            elif number == 7:
                domain = _text(value)
            elif number == 5:
                self._attribute(_bytes(value), depth)
        if domain not in PLAIN_DOMAINS:
            raise _refuse(f"it needs code that is not part of ONNX (operator {operator!r} of {domain!r})")
        self.operators.add(operator)

    def _attribute(self, data: memoryview, depth: int) -> None:
        for number, _, value in _fields(data):
            if number in (5, 10):
                self._tensor(_bytes(value))
            elif number in (6, 11):
                self.graph(_bytes(value), depth + 1)
            elif number in (22, 23):
                self._sparse(_bytes(value))

    def _sparse(self, data: memoryview) -> None:
        for number, _, value in _fields(data):
            if number in (1, 2):
                self._tensor(_bytes(value))

    def _tensor(self, data: memoryview) -> None:
        elements, kind, raw, packed, outside = 1, 0, -1, 0, False
        for number, wire, value in _fields(data):
            if number == 1:
                for size in _numbers(value, wire):
                    if size < 0 or size > MAX_ELEMENTS:
                        raise _refuse("one of its tensors has an absurd size")
                    elements *= max(size, 1) if size else 0
                    if elements > MAX_ELEMENTS:
                        raise _refuse("one of its tensors has an absurd size")
            elif number == 2 and isinstance(value, int):
                kind = value
            elif number == 9:
                raw = len(_bytes(value))
            elif number in (4, 5, 6, 7, 10, 11):
                packed += len(value) if isinstance(value, memoryview) else 1
            elif number == 13:
                outside = True
                self._location(_bytes(value))
            elif number == 14 and value == 1:
                outside = True
        width = _ELEMENT_BYTES.get(kind)
        if raw >= 0 and width is not None and raw != elements * width:
            raise _refuse("one of its tensors does not have the size that it claims")
        if raw < 0 and not packed and not outside and elements > 0 and kind != 8:
            raise _refuse("one of its tensors has no data")
        self.parameters += elements

    def _location(self, data: memoryview) -> None:
        key = text = ""
        for number, _, value in _fields(data):
            if number == 1:
                key = _text(value)
            elif number == 2:
                text = _text(value)
        if key == "location":
            self.external.add(text)


def _numbers(value: memoryview | int, wire: int) -> Iterator[int]:
    if isinstance(value, int):
        yield value if value < 2**63 else value - 2**64
        return
    if wire != 2:
        raise _refuse("its file is damaged")
    at = 0
    while at < len(value):
        number, at = _varint(value, at)
        yield number if number < 2**63 else number - 2**64


def _port(data: memoryview) -> Port:
    name, shape = "", ()
    for number, _, value in _fields(data):
        if number == 1:
            name = _text(value)
        elif number == 2:
            shape = _shape(_bytes(value))
    return Port(name=name, shape=shape)


def _shape(data: memoryview) -> tuple[int | None, ...]:
    for number, _, tensor in _fields(data):
        if number != 1:
            continue
        for inner, _, shape in _fields(_bytes(tensor)):
            if inner != 2:
                continue
            sizes: list[int | None] = []
            for part, _, dimension in _fields(_bytes(shape)):
                if part == 1:
                    fixed = [v for n, _, v in _fields(_bytes(dimension)) if n == 1 and isinstance(v, int)]
                    if fixed and fixed[0] > MAX_ELEMENTS:
                        raise _refuse("an input or output has an absurd size")
                    sizes.append(fixed[0] if fixed else None)
            return tuple(sizes)
    return ()


def read_graph(path: Path) -> GraphFacts:
    """Read the facts of the ONNX file at `path`, refusing what no pack may hold.

    Raises:
        PackError: code ``pack-refused`` for operators outside ONNX's own domain, functions of its own, tensors of
            absurd or false size, nesting or counts beyond bounds, and files that are damaged or no ONNX at all;
            ``pack-invalid`` where it cannot be read.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise _refuse("its graph is larger than 2 GB")
        data = memoryview(path.read_bytes())
    except OSError as error:
        raise PackError(
            f"The model file {path.name} cannot be read.", remedy="Install the pack again.", code="pack-invalid"
        ) from error
    reader = _Reader()
    opset, ports = 0, None
    for number, _, value in _fields(data):
        if number == 8:
            domain, version = "", 0
            for inner, _, part in _fields(_bytes(value)):
                if inner == 1:
                    domain = _text(part)
                elif inner == 2 and isinstance(part, int):
                    version = part
            if domain in PLAIN_DOMAINS:
                opset = max(opset, version)
        elif number == 7:
            ports = reader.graph(_bytes(value), 0)
        elif number == 25:
            raise _refuse("it brings functions of its own")
    if ports is None or not reader.nodes or not 1 <= opset <= MAX_OPSET:
        raise _refuse("its file is no ONNX model that this version can run")
    return GraphFacts(
        opset=opset,
        inputs=tuple(ports[0]),
        outputs=tuple(ports[1]),
        nodes=reader.nodes,
        parameters=reader.parameters,
        operators=frozenset(reader.operators),
        external=frozenset(reader.external),
    )
