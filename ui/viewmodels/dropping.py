"""What a dropped file is."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from engine.io.containers import FOREIGN_SUFFIXES, SUFFIXES

WINDOW = 1 << 20
MARKS = (b"c2pa", b"C2PA")
AUDIO = SUFFIXES | FOREIGN_SUFFIXES
PROJECT = ".contrafact"
MOST_FILES = 500
MOST_ENTRIES = 20_000
"""A whole disk that is dropped by mistake is not walked to its end."""
FRESH_S = 3.0
"""A file that changed this lately may still be being written."""


def carries_credential(path: str | Path) -> bool:
    """Whether a file seems to hold a C2PA credential: its mark stands in the first or last MiB."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(WINDOW)
            file.seek(0, 2)
            size = file.tell()
            file.seek(max(size - WINDOW, 0))
            tail = file.read(WINDOW)
    except OSError:
        return False
    return any(mark in head or mark in tail for mark in MARKS)


def is_audio(path: str | Path) -> bool:
    """Whether a file's name says audio that the studio reads."""
    return Path(path).suffix.lower() in AUDIO


@dataclass(kw_only=True)
class Dropped:
    """What a drop comes to: audio files in the order of their names, projects, and the rest by name."""

    audio: list[str] = field(default_factory=list)
    projects: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    more: bool = False
    """True when there was more than the studio takes at once."""


def sort_drop(paths: Iterable[str | Path]) -> Dropped:
    """Sort dropped files and folders; folders are walked, hidden files in them are passed over.

    At most 500 audio files are taken. A file that was dropped itself and is no audio is named in `refused`; one that
    only lay in a folder is not.
    """
    found = Dropped()
    for path in map(Path, paths):
        if path.suffix.lower() == PROJECT and path.is_dir():
            found.projects.append(str(path))
        elif path.is_dir():
            before = len(found.audio)
            for each in _walk(path):
                if len(found.audio) >= MOST_FILES:
                    found.more = True
                    break
                found.audio.append(str(each))
            if len(found.audio) == before and not found.more:
                found.refused.append(path.name)
        elif not is_audio(path):
            found.refused.append(path.name)
        elif len(found.audio) >= MOST_FILES:
            found.more = True
        else:
            found.audio.append(str(path))
    return found


def _walk(folder: Path) -> Iterator[Path]:
    seen = 0
    for where, folders, files in os.walk(folder, followlinks=False):
        folders[:] = sorted(each for each in folders if not each.startswith(".") and not each.endswith(PROJECT))
        for name in sorted(files):
            seen += 1
            if seen > MOST_ENTRIES:
                return
            if not name.startswith(".") and is_audio(name):
                yield Path(where) / name


def size_if_fresh(path: str | Path) -> int | None:
    """The size of a file that may still be being written, in bytes; None for one that rests or is not there."""
    try:
        facts = Path(path).stat()
    except OSError:
        return None
    return facts.st_size if abs(time.time() - facts.st_mtime) < FRESH_S else None


def size_of(path: str | Path) -> int | None:
    """The size of a file in bytes; None for one that is not there."""
    try:
        return Path(path).stat().st_size
    except OSError:
        return None
