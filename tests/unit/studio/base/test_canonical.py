"""RFC 8785: its own vectors, and what is refused."""

from __future__ import annotations

import struct

import pytest

from studio.base.canonical import MAX_DEPTH, CanonicalError, canonical_json, es_number, parse_strict

# RFC 8785, appendix B: IEEE 754 bits and their ECMAScript form.
NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}


@pytest.mark.parametrize(("bits", "text"), NUMBERS.items())
def test_numbers_of_the_rfc(bits: str, text: str) -> None:
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert es_number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(1e30, "1e+30"), (4.5, "4.5"), (2e-3, "0.002"), (1e-27, "1e-27"), (1.0, "1")]
)
def test_numbers_of_the_rfc_example(value: float, text: str) -> None:
    assert es_number(value) == text


def test_the_example_of_the_rfc() -> None:
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"\u002f",
        "literals": [None, True, False],
    }
    assert canonical_json(value) == (
        b'{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        b'"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_keys_are_sorted_by_their_utf_16_units() -> None:
    value = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    expected = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(parse_strict(canonical_json(value))) == expected


def test_tuples_are_lists_and_big_integers_are_written_in_full() -> None:
    assert canonical_json((2**53 - 1, -1, "\u2028")) == '[9007199254740991,-1,"\u2028"]'.encode()


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        -float("inf"),
        2**53,
        -(2**53),
        "\ud800",
        {"\ud800": 1},
        {1: 2},
        b"x",
        {1, 2},
        object(),
    ],
)
def test_values_without_a_canonical_form_are_refused(value: object) -> None:
    with pytest.raises(CanonicalError):
        canonical_json(value)


def test_deep_nesting_is_refused() -> None:
    value: object = 1
    for _ in range(MAX_DEPTH + 1):
        value = [value]
    with pytest.raises(CanonicalError):
        canonical_json(value)
    with pytest.raises(CanonicalError):
        parse_strict("[" * 100_000)


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}',
        '{"x":{"a":1,"a":2}}',
        "[NaN]",
        "[Infinity]",
        "[-Infinity]",
        "[1e999]",
        "[9007199254740993]",
        "[-9007199254740993]",
        "[100000000000000000000000]",
        '["\\ud800"]',
        "",
        "{",
        "[1,]",
        "01",
        '{"a":1} x',
        "[" + "9" * 5000 + "]",
    ],
)
def test_ambiguous_text_is_refused(text: str) -> None:
    with pytest.raises(CanonicalError):
        parse_strict(text)


def test_bytes_that_are_not_utf_8_are_refused() -> None:
    with pytest.raises(CanonicalError):
        parse_strict(b'"\xff"')
    assert parse_strict('{"ä": [1, 2.5, null]}'.encode()) == {"ä": [1, 2.5, None]}


def test_a_large_double_is_read_in_its_canonical_spelling() -> None:
    assert parse_strict("[9007199254740992,-295147905179352830000]") == [2.0**53, -295147905179352830000.0]
    assert isinstance(parse_strict("9007199254740992"), float)
    assert isinstance(parse_strict("-9007199254740991"), int)
