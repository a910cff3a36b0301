"""The journal of committed edits: one line each, appended and synced before the edit counts as done.

The first line holds a whole project, so that the journal can stand for itself when ``project.json`` is lost. Every line
names the digest of the project that it leads to. A last line that was cut off is a commit that never returned, and is
left out.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any, cast

import msgspec

from studio.base.atomic import storage_error, write_bytes
from studio.base.errors import ProjectError
from studio.project.model import SCHEMA, Project
from studio.store import codec, delta

NAME = "journal.jsonl"
COMPACT_BYTES = 32 * 1024 * 1024
"""A journal that grew beyond this begins anew from the present project."""


class JournalEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One committed edit, as it is shown after a crash."""

    label: str
    at: str
    digest: str


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """What a journal says."""

    schema: int
    """Of the version that wrote it; digests are of projects in this schema."""
    base: str
    """Digest of the project that it begins with."""
    saved: str
    """Digest of ``project.json`` when it began."""
    before: int
    """Edits since the last save that an earlier journal held."""
    entries: tuple[JournalEntry, ...]
    project: Project
    """The project after the last entry."""
    whole: bool
    """False when a line before the last one could not be read: what came after it is lost."""
    size: int
    """Bytes up to the end of the last good line."""


class Journal:
    """Writes the journal of one bundle."""

    def __init__(self, path: Path, *, size: int, plain: dict[str, Any]) -> None:
        self._path = path
        self._size = size
        self._plain = plain
        self._handle: int | None = None

    @classmethod
    def begin(cls, path: Path, project: Project, *, saved: str, at: str, before: int = 0) -> Journal:
        """Begin anew with `project`, in place of what is there, atomically.

        Raises:
            StorageError: `disk-full` or `path-not-writable`; the old journal stays.
        """
        plain, base = codec.image(project)
        header = {"schema": SCHEMA, "at": at, "saved": saved, "base": base, "before": before, "project": plain}
        line = msgspec.json.encode(header) + b"\n"
        write_bytes(path, line)
        return cls(path, size=len(line), plain=plain)

    @property
    def size(self) -> int:
        """Bytes of good lines."""
        return self._size

    def append(self, label: str, project: Project, *, at: str) -> str:
        """Append one edit and sync it; when this returns, the edit survives any crash. Returns the project's digest.

        Raises:
            StorageError: `disk-full` or `path-not-writable`; the journal is as it was.
        """
        plain, digest = codec.image(project)
        entry = {"label": label, "at": at, "digest": digest, "patch": delta.diff(self._plain, plain)}
        line = msgspec.json.encode(entry) + b"\n"
        try:
            handle = self._open()
            _write_all(handle, line)
            os.fsync(handle)
        except OSError as problem:
            self._take_back()
            raise storage_error(problem, self._path) from problem
        self._size += len(line)
        self._plain = plain
        return digest

    def close(self) -> None:
        """Close the file; may be called twice."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _open(self) -> int:
        if self._handle is None:
            flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
            self._handle = os.open(self._path, flags, 0o644)
        # Whatever a failed or cut off append left behind goes before the next line is written.
        os.ftruncate(self._handle, self._size)
        os.lseek(self._handle, self._size, os.SEEK_SET)
        return self._handle

    def _take_back(self) -> None:
        if self._handle is not None:
            # If even this fails, the half line is left out by every reader and cut off by the next append.
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, self._size)


def read(path: Path) -> Replay | None:
    """What the journal says, as far as it can be read; None when there is none or not even its first line is sound."""
    try:
        raw = path.read_bytes()
    except OSError:
        return None
    lines = raw.split(b"\n")
    # What follows the last newline was cut off; it is empty after a clean end.
    lines.pop()
    if not lines:
        return None
    try:
        header = cast("dict[str, Any]", msgspec.json.decode(lines[0]))
        schema = header["schema"]
        base = codec.project_of(schema, header["project"])
        saved, before = str(header["saved"]), int(header["before"])
        # An older version's journal is replayed in its own shape, and what it leads to is brought up to date.
        plain: Any = header["project"]
        base_digest = codec.plain_digest(plain)
        if schema == SCHEMA:
            plain, base_digest = codec.image(base)
    except (msgspec.DecodeError, ProjectError, KeyError, TypeError, ValueError, RecursionError):
        return None
    steps: list[tuple[JournalEntry, delta.Patch]] = []
    for line in lines[1:]:
        step = _step(line)
        if step is None:
            break
        steps.append(step)
    project, good = base, 0
    if steps:
        # Each line names where it leads; usually it is enough to look at the last one.
        found = _replayed(plain, steps, schema)
        if found is None:
            project, good = _replayed_as_far_as_possible(base, plain, steps, schema)
        else:
            project, good = found[0], len(steps)
    return Replay(
        schema=schema,
        base=base_digest,
        saved=saved,
        before=before,
        entries=tuple(entry for entry, _ in steps[:good]),
        project=project,
        whole=good == len(lines) - 1,
        size=sum(len(line) + 1 for line in lines[: 1 + good]),
    )


def _step(line: bytes) -> tuple[JournalEntry, delta.Patch] | None:
    try:
        found = cast("dict[str, Any]", msgspec.json.decode(line))
        entry = JournalEntry(label=str(found["label"]), at=str(found["at"]), digest=str(found["digest"]))
        return entry, found["patch"]
    except (msgspec.DecodeError, KeyError, TypeError, RecursionError):
        return None


def _replayed(
    plain: dict[str, Any], steps: list[tuple[JournalEntry, delta.Patch]], schema: int
) -> tuple[Project, dict[str, Any]] | None:
    """The project after all steps, and its plain values; None when it is not the one that the last step names, or
    unsound."""
    try:
        after: Any = plain
        for _, patch in steps:
            after = delta.apply(after, patch)
        project = codec.project_of(schema, after)
        reached = codec.digest(project) if schema == SCHEMA else codec.plain_digest(after)
        return (project, after) if reached == steps[-1][0].digest else None
    except (ProjectError, ValueError, RecursionError):
        return None


def _replayed_as_far_as_possible(
    base: Project, plain: dict[str, Any], steps: list[tuple[JournalEntry, delta.Patch]], schema: int
) -> tuple[Project, int]:
    project, good = base, 0
    for number, step in enumerate(steps, start=1):
        found = _replayed(plain, [step], schema)
        if found is None:
            break
        (project, plain), good = found, number
    return project, good


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
