"""A service without a network (`world`) and one on the loopback (`served`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio.platform import passwords
from studio.platform.client import PlatformClient
from tests.samples.platform import PASSWORD, Served, World, serve

CHEAP = (2**4, 8, 1)


@pytest.fixture(autouse=True)
def _keys_in_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTRAFACT_KEYSTORE", "file")
    monkeypatch.setattr(passwords, "COST", CHEAP)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A service with one song, made once and copied for each test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "COST", CHEAP)
        made = World.make(tmp_path_factory.mktemp("world"))
        made.close()
        return made


@pytest.fixture
def world(tmp_path: Path, template: World) -> Iterator[World]:
    """A service with one song, fresh for each test."""
    made = World.copy(tmp_path, template)
    yield made
    made.close()


@pytest.fixture(scope="session")
def served_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a service with one song, made once and copied for each test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "COST", CHEAP)
        made = serve(tmp_path_factory.mktemp("served"))
        made.server.stop()
        return made.folder


@pytest.fixture
def served(tmp_path: Path, served_template: Path) -> Iterator[Served]:
    """A service on the loopback, fresh for each test."""
    made = serve(tmp_path, template=served_template)
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
