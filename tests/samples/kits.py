"""Small kits of sounds, decoded as the training of the separators keeps them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Recording:
    """One mono file of a kit, full scale at 1, at the training rate."""

    path: str
    sound: npt.NDArray[np.float64]
    note: int = -1
    velocity: str = "medium"
    world: str = ""


def write_library(folder: Path, recordings: list[Recording]) -> None:
    """Write `recordings` to `folder` as `onnx_models.training.separation.library` decodes a kit."""
    rows, start = [], 0
    with (folder / "library.i16").open("wb") as out:
        for recording in recordings:
            data = np.round(recording.sound * 32767.0).astype("<i2")
            out.write(data.tobytes())
            kind, name = recording.path.split("/")[:2]
            rows.append(
                {
                    "path": recording.path,
                    "kind": kind,
                    "folder": name,
                    "note": recording.note,
                    "velocity": recording.velocity,
                    "start": start,
                    "frames": data.size,
                    "channels": 1,
                    "world": recording.world,
                }
            )
            start += data.size
    (folder / "library.json").write_text(json.dumps(rows), encoding="utf-8")
