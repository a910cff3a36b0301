"""Canonical JSON (RFC 8785) and a parser that takes nothing ambiguous: what is signed is exactly what is evaluated."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, cast

_SAFE = 2**53 - 1
"""Integers beyond this have no exact IEEE 754 double and no canonical form (RFC 7493)."""

MAX_DEPTH = 64


class CanonicalError(ValueError):
    """A value without a canonical form, or text that is not unambiguous JSON. Callers turn it into their own named
    error."""


def canonical_json(value: Any) -> bytes:
    """The canonical bytes of a JSON value: UTF-8, no spaces, keys in the order of their UTF-16 code units, numbers as
    in ECMAScript.

    Takes None, bool, int, float, str, mappings with str keys, lists and tuples.

    Raises:
        CanonicalError: for NaN, infinities, integers beyond 2**53 - 1, lone surrogates, other types, or nesting above
        `MAX_DEPTH`.
    """
    parts: list[str] = []
    _write(value, parts, 0)
    try:
        return "".join(parts).encode("utf-8")
    except UnicodeEncodeError as problem:
        raise CanonicalError("a string with half a surrogate pair") from problem


def _write(value: Any, parts: list[str], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise CanonicalError("nested too deeply")
    if value is None:
        parts.append("null")
    elif isinstance(value, bool):
        parts.append("true" if value else "false")
    elif isinstance(value, str):
        parts.append(json.dumps(value, ensure_ascii=False))
    elif isinstance(value, int):
        if abs(value) > _SAFE:
            raise CanonicalError("an integer beyond 2**53 - 1")
        parts.append(str(int(value)))
    elif isinstance(value, float):
        parts.append(es_number(value))
    elif isinstance(value, Mapping):
        _write_object(cast("Mapping[Any, Any]", value), parts, depth)
    elif isinstance(value, list | tuple):
        parts.append("[")
        for index, item in enumerate(cast("Sequence[Any]", value)):
            if index:
                parts.append(",")
            _write(item, parts, depth + 1)
        parts.append("]")
    else:
        raise CanonicalError(f"a {type(value).__name__} has no JSON form")


def _write_object(value: Mapping[Any, Any], parts: list[str], depth: int) -> None:
    for key in value:
        if not isinstance(key, str):
            raise CanonicalError("a key that is not a string")
    # UTF-16 order differs from code point order above U+FFFF; big-endian bytes compare like code units.
    keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
    parts.append("{")
    for index, key in enumerate(keys):
        if index:
            parts.append(",")
        parts.append(json.dumps(key, ensure_ascii=False))
        parts.append(":")
        _write(value[key], parts, depth + 1)
    parts.append("}")


def es_number(value: float) -> str:
    """A double as ECMAScript's Number::toString writes it: the shortest digits that round-trip, exponents from 1e21 and
    below 1e-6.

    Raises:
        CanonicalError: for NaN and infinities.
    """
    if not math.isfinite(value):
        raise CanonicalError("NaN and infinities are not JSON")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    # Python's repr has the same shortest digits; only the lay-out differs.
    mantissa, _, exponent = f"{abs(value)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    power = point - 1
    tail = f"e{'+' if power > 0 else '-'}{abs(power)}"
    return f"{sign}{digits[0]}{'.' + digits[1:] if count > 1 else ''}{tail}"


def parse_strict(raw: bytes | str) -> Any:
    """Parse JSON that means one thing only.

    Raises:
        CanonicalError: for anything but UTF-8 JSON without duplicate keys, NaN, infinities (also by overflow, as
        1e999), huge integers, lone
            surrogates or nesting above `MAX_DEPTH`.
    """
    try:
        text = raw.decode("utf-8") if isinstance(raw, bytes) else raw
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_whole
        )
    except CanonicalError:
        raise
    except (ValueError, RecursionError) as problem:
        raise CanonicalError("not JSON") from problem
    canonical_json(value)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise CanonicalError("a key appears twice")
    return found


def _refuse_constant(text: str) -> NoReturn:
    raise CanonicalError(f"{text} is not JSON")


def _whole(text: str) -> int | float:
    if len(text) <= 17 and abs(value := int(text)) <= _SAFE:
        return value
    # The canonical form of a large double has no point; any other spelling would lose digits.
    if len(text) <= 22 and es_number(found := float(text)) == text:
        return found
    raise CanonicalError(f"{text[:40]} has more digits than a double")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise CanonicalError(f"{text} is beyond a double")
    return value
