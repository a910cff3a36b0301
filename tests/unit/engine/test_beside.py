"""Work beside the caller: order, errors in their place, and no thread that stays."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from engine.beside import ahead, each


def numbers(count: int, *, fails_at: int = -1) -> Iterator[int]:
    for k in range(count):
        if k == fails_at:
            raise ValueError("no more")
        yield k


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


def test_items_come_in_order_and_are_made_on_another_thread() -> None:
    makers: set[int] = set()

    def made() -> Iterator[int]:
        for k in range(20):
            makers.add(threading.get_ident())
            yield k

    assert list(ahead(made())) == list(range(20))
    assert threading.get_ident() not in makers


def test_results_come_in_order() -> None:
    assert list(each(lambda k: k * k, numbers(30), threads=3)) == [k * k for k in range(30)]
    assert list(each(lambda k: k, numbers(0), threads=3)) == []


def test_an_error_is_raised_where_the_item_would_have_come() -> None:
    seen: list[int] = []
    with pytest.raises(ValueError, match="no more"):
        seen.extend(ahead(numbers(9, fails_at=4)))
    with pytest.raises(ZeroDivisionError):
        seen.extend(each(lambda k: 1 // (2 - k), numbers(9), threads=2))


def test_who_goes_early_leaves_nothing_running() -> None:
    endless = iter(range(10**9))
    items = ahead(endless)
    assert next(items) == 0
    items.close()
    squares = each(lambda k: k, endless, threads=2)
    assert next(squares) > 0
    squares.close()
    assert next(endless) < 20
