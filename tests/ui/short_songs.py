"""The songs of the demo catalogue, cut short: whoever tests the window need not wait for two minutes of music."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import resources
from engine.io.decode import decode
from engine.io.encode import encode

BARS = (8, 20)
"""From which bar on to which: of every song some bars in which all play."""


def short_catalogue(catalogue: Path, out: Path) -> Path:
    """The same catalogue with a few bars of each song."""
    for folder in sorted(path.parent for path in catalogue.glob("*/meta.json")):
        target = out / folder.name
        target.mkdir(parents=True)
        meta = json.loads((folder / "meta.json").read_bytes())
        bar_s = 60.0 / meta["tempo_bpm"] * meta["beats_per_bar"]
        start_s, end_s = (meta["first_beat_s"] + bar * bar_s for bar in BARS)
        for path in sorted(folder.glob("*.ogg")):
            sound = decode(path)
            part = sound.samples[:, round(start_s * sound.rate) : round(end_s * sound.rate)]
            encode(part, target / f"{path.stem}.flac", rate=sound.rate, format="flac", bits=16)
        shutil.copy(folder / "terms.json", target)
        (target / "meta.json").write_text(json.dumps(_cut(meta, start_s, end_s)), "utf-8")
    return out


@contextmanager
def shorter(folder: Path) -> Iterator[None]:
    """Sessions that are opened meanwhile have an embedded platform with such a catalogue, made in `folder`."""
    from studio.session import session

    folder_of = session._folder_of
    short_catalogue(folder_of(resources) / "catalogue", folder / "catalogue")
    with mock.patch.object(session, "_folder_of", lambda each: folder if each is resources else folder_of(each)):
        yield


def _cut(meta: dict[str, Any], start_s: float, end_s: float) -> dict[str, Any]:
    sections = []
    for each in meta["sections"]:
        left, right = max(each["start_s"], start_s), min(each["start_s"] + each["length_s"], end_s)
        if right - left > 0.5:
            sections.append({**each, "start_s": round(left - start_s, 3), "length_s": round(right - left, 3)})
    return {**meta, "duration_s": round(end_s - start_s, 3), "first_beat_s": 0.0, "sections": sections}
