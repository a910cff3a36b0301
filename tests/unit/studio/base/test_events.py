from __future__ import annotations

import logging

import pytest

from studio.base.events import Event


def test_subscribers_hear_in_order_until_they_leave() -> None:
    event: Event[int] = Event("numbers")
    heard: list[tuple[str, int]] = []
    leave = event.subscribe(lambda value: heard.append(("a", value)))
    event.subscribe(lambda value: heard.append(("b", value)))
    event.emit(1)
    leave()
    leave()
    event.emit(2)
    assert heard == [("a", 1), ("b", 1), ("b", 2)]


def test_the_same_function_twice_is_two_subscriptions() -> None:
    event: Event[int] = Event()
    heard: list[int] = []
    leave = event.subscribe(heard.append)
    event.subscribe(heard.append)
    event.emit(1)
    leave()
    event.emit(2)
    assert heard == [1, 1, 2]


def test_one_that_fails_is_logged_and_the_others_hear(caplog: pytest.LogCaptureFixture) -> None:
    event: Event[int] = Event("fragile")
    heard: list[int] = []

    def fail(value: int) -> None:
        raise RuntimeError("no")

    event.subscribe(fail)
    event.subscribe(heard.append)
    with caplog.at_level(logging.ERROR):
        event.emit(3)
    assert heard == [3]
    assert "fragile" in caplog.text


def test_leaving_while_it_is_emitted_does_not_disturb() -> None:
    event: Event[int] = Event()
    heard: list[int] = []
    leave = event.subscribe(lambda value: leave())
    event.subscribe(heard.append)
    event.emit(1)
    assert heard == [1]
