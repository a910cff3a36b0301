"""After a crash: never-saved projects, edits that were not saved, and broken bundles."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from studio.base.atomic import storage_error
from studio.base.clock import now_iso
from studio.base.errors import ProjectError, StudioError
from studio.base.ids import uuid7
from studio.project.model import Project
from studio.store import backups, codec, journal
from studio.store.bundle import PROJECT, SUFFIX, Bundle, located, read_inside, with_way_out
from studio.store.lock import is_locked


class Recoverable(msgspec.Struct, frozen=True, kw_only=True):
    """A project with work in it that was never saved."""

    path: Path
    title: str
    when: str
    """UTC time of the last edit, ISO 8601."""
    edits: int
    """How many edits are not saved."""
    labels: tuple[str, ...]
    """What they were, the oldest first; the last 20."""
    never_saved: bool
    """True when the project has no place of its own yet."""
    length_s: float = 0.0


class Autosave:
    """Bundles of projects that were never saved, in a folder of the studio's own."""

    def __init__(self, folder: Path, *, now: Callable[[], str] = now_iso) -> None:
        self._folder = folder
        self._now = now

    @property
    def folder(self) -> Path:
        """Where they rest."""
        return self._folder

    def begin(self, project: Project) -> Bundle:
        """Open a bundle for a project that has no place yet.

        Raises:
            StorageError: `disk-full` or `path-not-writable`.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise storage_error(problem, self._folder) from problem
        return Bundle.create(self._folder / f"{uuid7()}{SUFFIX}", project, now=self._now)

    def finish(self, bundle: Bundle) -> None:
        """Close and remove the bundle of a project that was saved elsewhere, or that its owner threw away; others are
        only closed."""
        bundle.close()
        if self.holds(bundle.path):
            shutil.rmtree(bundle.path, ignore_errors=True)

    def discard(self, path: Path) -> None:
        """Remove a bundle of this folder that nobody has open; anything else is left alone."""
        if self.holds(path) and not is_locked(path):
            shutil.rmtree(path, ignore_errors=True)

    def holds(self, path: Path) -> bool:
        """Whether a bundle is one of these."""
        return path.parent.absolute() == self._folder.absolute() and path.suffix == SUFFIX

    def bundles(self) -> list[Path]:
        """The bundles that no living process has open, the newest first."""
        with contextlib.suppress(OSError):
            found = [each for each in self._folder.iterdir() if each.suffix == SUFFIX and each.is_dir()]
            return sorted((each for each in found if not each.is_symlink() and not is_locked(each)), reverse=True)
        return []


def recoverable(autosave: Autosave, recent: Iterable[Path] = ()) -> list[Recoverable]:
    """What a crash left: never-saved projects with edits in them, and saved ones (of `recent`) with edits since; the
    latest first.

    Never-saved bundles without any edit are removed on the way.
    """
    found: list[Recoverable] = []
    for path in autosave.bundles():
        item = _look(path, never_saved=True)
        if item is None:
            autosave.discard(path)
        else:
            found.append(item)
    for path in recent:
        if path.is_dir() and not is_locked(path):
            item = _look(path, never_saved=False)
            if item is not None:
                found.append(item)
    return sorted(found, key=lambda item: item.when, reverse=True)


def recover(path: Path) -> Project:
    """The latest project that can be read from a bundle, whatever happened to it: its journal, its last save, its
    backups, in this order.

    Raises:
        ProjectError: project-missing, project-newer, or project-corrupt when nothing can be read.
    """
    path = located(path)
    lines = path / journal.NAME
    found = None if lines.is_symlink() else journal.read(lines)
    try:
        saved = codec.decode_document(read_inside(path, PROJECT)).project
    except ProjectError as problem:
        if problem.code == "project-newer":
            raise
        if found is not None:
            return found.project
        backup = backups.newest_readable(path)
        if backup is not None:
            return backup[1]
        raise with_way_out(problem, path) from problem
    if found is None:
        return saved
    with Bundle.open(path, write=False) as bundle:
        return bundle.project


def versions(path: Path) -> tuple[Project, Project] | None:
    """The project as it was saved last and as it is with all edits since; None where one of them cannot be read."""
    try:
        with Bundle.open(path, write=False) as bundle:
            return bundle.saved, bundle.project
    except StudioError:
        return None


def _look(path: Path, *, never_saved: bool) -> Recoverable | None:
    try:
        with Bundle.open(path, write=False) as bundle:
            project, entries, count = bundle.project, bundle.unsaved, bundle.unsaved_count
            differs = bundle.changed
    except StudioError:
        return _broken(path, never_saved=never_saved)
    if not entries or (not never_saved and not differs):
        return None
    return Recoverable(
        path=path,
        title=project.title,
        when=entries[-1].at,
        edits=count,
        labels=tuple(entry.label for entry in entries[-20:]),
        never_saved=never_saved,
        length_s=project.length_s,
    )


def _broken(path: Path, *, never_saved: bool) -> Recoverable | None:
    found = journal.read(path / journal.NAME)
    if found is None:
        # A folder that cannot be read is not offered, and never removed: it may be a newer version's.
        return None
    project = found.project
    return Recoverable(
        path=path,
        title=project.title,
        when=found.entries[-1].at if found.entries else "",
        edits=len(found.entries),
        labels=tuple(entry.label for entry in found.entries[-20:]),
        never_saved=never_saved,
        length_s=project.length_s,
    )
