"""Canonical JSON: what is written is read back as it was, and written the same again."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from studio.base.canonical import canonical_json, es_number, parse_strict

scalars = (
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
)
texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    scalars | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=20,
)


@given(values)
def test_what_is_written_is_read_back(value: Any) -> None:
    raw = canonical_json(value)
    again = parse_strict(raw)
    assert again == value
    assert canonical_json(again) == raw


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_survives_its_text(value: float) -> None:
    assert float(es_number(value)) == value


@given(st.dictionaries(texts, st.integers(0, 9), max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(value: dict[str, int], random: Any) -> None:
    items = list(value.items())
    random.shuffle(items)
    assert canonical_json(dict(items)) == canonical_json(value)
