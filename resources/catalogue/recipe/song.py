"""What a song gives to the desk, and its credits and terms."""

from __future__ import annotations

import dataclasses
from typing import Any

from engine.types import Audio
from resources.catalogue.recipe.mixing import Space, Track
from resources.catalogue.recipe.score import Grid


@dataclasses.dataclass(frozen=True)
class Credits:
    """Everything about a song that is not sound."""

    id: str
    order: int
    title: str
    artists: tuple[str, ...]
    key: str
    isrc: str
    works: tuple[dict[str, Any], ...]
    master_owners: tuple[dict[str, Any], ...]
    performers: tuple[dict[str, str], ...]
    artwork: dict[str, str]
    year: int
    label: str
    description: str
    style: str


@dataclasses.dataclass
class Arrangement:
    """The tracks and rooms of a song, ready for the desk."""

    grid: Grid
    tracks: list[Track]
    spaces: dict[str, Space]
    frames: int
    glue_db: float = 2.0
    fade_out_s: float = 0.0
    silent_stems: tuple[str, ...] = ()
    """Stems that the song has no sound for; no file is written for them."""


Stereo = Audio
