"""A service without a network (`world`) and one on the loopback (`served`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio.platform.client import PlatformClient
from tests.samples.platform import PASSWORD, Served, World, serve


@pytest.fixture(autouse=True)
def _keys_in_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTRAFACT_KEYSTORE", "file")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A service with one song, fresh for each test."""
    made = World.make(tmp_path)
    yield made
    made.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A service on the loopback, fresh for each test."""
    made = serve(tmp_path)
    yield made
    made.server.stop()


@pytest.fixture
def client(served: Served) -> Iterator[PlatformClient]:
    """A listener who is signed in."""
    served.account("ada@example.org")
    made = served.client("ada")
    made.password_login("ada@example.org", PASSWORD)
    yield made
    made.close()


@pytest.fixture
def rightsholder(served: Served) -> Iterator[PlatformClient]:
    """A rightsholder who is signed in."""
    served.account("second@example.org", role="rightsholder")
    made = served.client("second")
    made.password_login("second@example.org", PASSWORD)
    yield made
    made.close()


@pytest.fixture
def somebody(served: Served) -> Iterator[Callable[[str], PlatformClient]]:
    """Clients of further people, nobody signed in."""
    made: list[PlatformClient] = []

    def make(name: str) -> PlatformClient:
        made.append(served.client(name))
        return made[-1]

    yield make
    for each in made:
        each.close()
