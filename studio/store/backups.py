"""Backups of a bundle: what each save replaced, thinned with age."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from studio.base.atomic import write_bytes
from studio.base.errors import ProjectError
from studio.project.model import Project
from studio.store import codec

FOLDER = "backups"
NEWEST = 8
"""So many of the newest stay in any case; then one an hour for a day, and one a day for a month."""

_NAME = re.compile(r"(\d{8}T\d{6}Z)-(\d{4,})\.json")


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """One backup: its file and when it was made (UTC)."""

    path: Path
    at: datetime


def add(bundle: Path, raw: bytes, *, at: str) -> Path:
    """Keep `raw`, the bytes of a ``project.json`` that is about to be replaced.

    Raises:
        StorageError: `disk-full` or `path-not-writable`.
    """
    folder = bundle / FOLDER
    folder.mkdir(exist_ok=True)
    moment = _moment(at)
    number = 1 + max(
        (int(found.group(2)) for each in folder.iterdir() if (found := _NAME.fullmatch(each.name))), default=0
    )
    path = folder / f"{moment:%Y%m%dT%H%M%SZ}-{number:04d}.json"
    write_bytes(path, raw)
    return path


def backups(bundle: Path) -> list[Backup]:
    """The backups of a bundle, the newest first; links and strangers are left out."""
    found: list[tuple[datetime, int, Path]] = []
    with contextlib.suppress(OSError):
        for path in (bundle / FOLDER).iterdir():
            name = _NAME.fullmatch(path.name)
            if name is None or path.is_symlink() or not path.is_file():
                continue
            with contextlib.suppress(ValueError):
                moment = datetime.strptime(name.group(1), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
                found.append((moment, int(name.group(2)), path))
    # The number counts, not the clock: it may have been turned back.
    found.sort(key=lambda each: each[1], reverse=True)
    return [Backup(path=path, at=at) for at, _, path in found]


def newest_readable(bundle: Path) -> tuple[Backup, Project] | None:
    """The newest backup that holds a sound project."""
    for backup in backups(bundle):
        with contextlib.suppress(OSError, ProjectError):
            return backup, codec.decode_document(backup.path.read_bytes()).project
    return None


def thin(bundle: Path, *, at: str) -> None:
    """Remove the backups that nobody will miss; what cannot be removed stays."""
    found = backups(bundle)
    kept = kept_of([backup.at for backup in found], now=_moment(at))
    for index, backup in enumerate(found):
        if index not in kept:
            with contextlib.suppress(OSError):
                backup.path.unlink()


def kept_of(moments: list[datetime], *, now: datetime) -> set[int]:
    """Indices of the backups to keep; `moments` run from the newest to the oldest."""
    kept = set(range(min(NEWEST, len(moments))))
    slots: set[tuple[str, int]] = set()
    for index, moment in enumerate(moments):
        age = now - moment
        if age <= timedelta(days=1):
            slot = ("hour", int(moment.timestamp() // 3600))
        elif age <= timedelta(days=31):
            slot = ("day", int(moment.timestamp() // 86400))
        else:
            continue
        if slot not in slots:
            slots.add(slot)
            kept.add(index)
    return kept


def _moment(at: str) -> datetime:
    return datetime.fromisoformat(at).astimezone(UTC)
