"""A small project: one licensed song of 100 s, an own recording of 10 s, and the stems of the song."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from studio.project import edits
from studio.project.model import Clip, Project, Role, Source, Step, Track

SONG = Source(
    id="song",
    title="Glass Harbour",
    origin="licensed",
    role="mix",
    blob="b" * 64,
    duration_s=100.0,
    rate=44100,
    channels=2,
    asset_sha256="a" * 64,
)
OWN = Source(id="own", title="Shaker", origin="own", role="own", blob="c" * 64, duration_s=10.0, rate=48000, channels=2)


def stem(role: Role, *, duration_s: float = 100.0) -> Source:
    """A separated stem of the song."""
    return Source(
        id=f"song-{role}",
        title=f"Glass Harbour {role}",
        origin="licensed",
        role=role,
        blob=role[0] * 64,
        duration_s=duration_s,
        rate=48000,
        channels=2,
        asset_sha256="a" * 64,
        parents=("song",),
        steps=(Step(operation=f"stem:{role}", at="2026-01-01T00:00:00Z", model_id="sep", model_version="1"),),
    )


def part(role: Role, *, name: str = "part", parents: tuple[str, ...] | None = None) -> Source:
    """A sound that a restyle made."""
    return Source(
        id=f"{name}-{role}",
        title=f"House {role}",
        origin="generated",
        role=role,
        blob="d" * 64,
        duration_s=100.0,
        rate=48000,
        channels=2,
        asset_sha256="a" * 64,
        parents=parents or (f"song-{role}",),
        steps=(Step(operation="style:arrangement", at="2026-01-01T00:00:00Z"),),
    )


@pytest.fixture
def empty() -> Project:
    """A project with both recordings known and no tracks."""
    return edits.add_sources(Project(id="p"), [SONG, OWN])


@pytest.fixture
def project(empty: Project) -> Project:
    """Track `t` with clip `a` of the whole song from 0; track `u` with clip `s` of the own recording at 20 s."""
    song = Track(
        id="t", name="Glass Harbour", role="mix", clips=(Clip(id="a", source="song", start_s=0, length_s=100),)
    )
    own = Track(id="u", name="Shaker", clips=(Clip(id="s", source="own", start_s=20, length_s=10),))
    return edits.add_track(edits.add_track(empty, song), own)


@pytest.fixture
def split(project: Project) -> Project:
    """The project with its song split; the stems' tracks are `vocals`, `drums`, `bass`, `other`, their clips `vocals-a`
    ..."""
    roles: tuple[Role, ...] = ("vocals", "drums", "bass", "other")
    ids = [each for role in roles for each in (role, f"{role}-a")]
    return edits.attach_stems(project, "t", {role: stem(role) for role in reversed(roles)}, ids=ids)


@pytest.fixture
def make_part() -> Callable[..., Source]:
    """Makes sounds as a restyle does."""
    return part


@pytest.fixture
def make_stem() -> Callable[..., Source]:
    """Makes separated stems."""
    return stem


@pytest.fixture
def counted() -> Callable[[str], Iterator[str]]:
    """Endless ids with a prefix."""

    def ids(prefix: str) -> Iterator[str]:
        number = 0
        while True:
            number += 1
            yield f"{prefix}{number}"

    return ids
