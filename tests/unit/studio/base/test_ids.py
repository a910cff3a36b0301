from __future__ import annotations

import uuid

import pytest

from studio.base.ids import uuid7


def test_it_is_a_uuid_of_version_7() -> None:
    found = uuid.UUID(uuid7())
    assert found.variant == uuid.RFC_4122
    assert found.int >> 76 & 0xF == 7


def test_later_ids_sort_later_and_all_differ() -> None:
    ids = [uuid7(at_ms=at) for at in range(0, 5000, 7)]
    assert ids == sorted(ids)
    assert len({uuid7(at_ms=1) for _ in range(1000)}) == 1000


def test_the_example_of_rfc_9562() -> None:
    assert uuid7(at_ms=0x017F22E279B0).startswith("017f22e2-79b0-7")


@pytest.mark.parametrize("at_ms", [-1, 1 << 48])
def test_a_time_beyond_48_bits_is_refused(at_ms: int) -> None:
    with pytest.raises(OverflowError):
        uuid7(at_ms=at_ms)
