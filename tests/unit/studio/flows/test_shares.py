"""Shares of a mix are worked out once, also for those who ask at the same time."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from engine.errors import Cancelled
from studio.flows import shares
from studio.flows.media import Silent
from studio.flows.services import ShareMemo
from studio.project.model import Project


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(shares, "rights_groups", lambda project: {"own": [("track", "clip")]})
    return SimpleNamespace(shares=ShareMemo(), library=SimpleNamespace(grants=dict))


def test_who_asks_at_the_same_time_waits_for_the_same_answer(services: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    project, begun, go = Project(id="p"), threading.Event(), threading.Event()
    made: list[object] = []

    def listened(*_: object) -> Any:
        begun.set()
        assert go.wait(20.0)
        made.append(object())
        return made[-1]

    monkeypatch.setattr(shares, "_listened", listened)
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(shares.shares_of(services, project))) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert begun.wait(20.0)
    go.set()
    for thread in threads:
        thread.join(20.0)
    assert len(made) == 1
    assert found == made * 3


def test_who_waits_can_be_cancelled_and_a_failure_leaves_the_turn_free(
    services: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopped(Silent):
        def checkpoint(self) -> None:
            raise Cancelled

    project = Project(id="p")
    with services.shares.turn, pytest.raises(Cancelled):
        shares.shares_of(services, project, Stopped())

    def fails(*_: object) -> Any:
        raise ValueError

    monkeypatch.setattr(shares, "_listened", fails)
    with pytest.raises(ValueError):
        shares.shares_of(services, project)
    monkeypatch.setattr(shares, "_listened", lambda *_: "found")
    assert shares.shares_of(services, project) == "found"
