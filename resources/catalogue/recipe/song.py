"""What a song gives to the desk."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from resources.catalogue.recipe.mixing import Space, Track
from resources.catalogue.recipe.score import Grid


@dataclasses.dataclass
class Arrangement:
    """The tracks and rooms of a song, ready for the desk."""

    grid: Grid
    tracks: list[Track]
    spaces: dict[str, Space]
    frames: int
    glue_db: float = 2.0
    fade_out_s: float = 0.0
    master_bands: tuple[npt.NDArray[np.float64], ...] = ()
    silent_stems: tuple[str, ...] = ()
    """Stems that the song has no sound for; no file is written for them."""
