"""A project to store, and a clock."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from studio.project import edits
from studio.project.model import Insert, Project, Source, Step


@pytest.fixture
def project() -> Project:
    """A song on a track, with something of everything."""
    song = Source(
        id="song",
        title="Glass Harbour",
        origin="licensed",
        role="mix",
        blob="b" * 64,
        duration_s=100.0,
        rate=44100,
        channels=2,
        asset_sha256="a" * 64,
        steps=(Step(operation="x", at="2026-01-01T00:00:00Z", parameters={"deep": {"list": [1, 2.5, None, "ö"]}}),),
    )
    made = edits.add_track_for(Project(id="p", title="Night bus"), song, at_s=0, ids=["t", "c"])
    made = edits.add_insert(made, "t", Insert(id="i", kind="delay", parameters={"mix": 0.5}))
    made = edits.add_take(made, "t", [], name="Silence", style="none", seed=3, intensity=0.5)
    return edits.add_grant(edits.add_marker(made, 8.0, "Drop"), "a" * 64, "gr_1")


@pytest.fixture
def now() -> Callable[[], str]:
    """A clock that moves by a minute at each look."""
    minutes = 0

    def look() -> str:
        nonlocal minutes
        minutes += 1
        return f"2026-01-{1 + minutes // 1440:02d}T{minutes // 60 % 24:02d}:{minutes % 60:02d}:00Z"

    return look
