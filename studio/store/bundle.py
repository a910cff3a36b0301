"""A project on disk: the folder ``Name.contrafact`` with its last save, the journal of edits since, backups and a
lock."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from studio.base.atomic import storage_error, sync_folder, write_bytes
from studio.base.clock import now_iso
from studio.base.errors import ProjectError, StorageError
from studio.project.model import SCHEMA, Project
from studio.store import backups, codec, journal
from studio.store.journal import Journal, JournalEntry
from studio.store.lock import BundleLock

SUFFIX = ".contrafact"
PROJECT = "project.json"


class Bundle:
    """An open bundle. `commit` makes an edit durable at once, `save` makes the present project the saved one.

    Made by `create` and `open`; use it as a context manager, or `close` it. Calls from several threads take turns.
    """

    def __init__(self, path: Path, *, lock: BundleLock | None, now: Callable[[], str]) -> None:
        self.path = path
        self.notice: str | None = None
        """What a person should know about how it was opened."""
        self._lock = lock
        self._now = now
        self._turn = threading.RLock()
        self._journal: Journal | None = None
        self._unsaved: list[JournalEntry] = []
        self._earlier = 0
        self._saved_raw = b""

    saved: Project
    """The project of the last save."""
    project: Project
    """The project with all edits that were committed, saved or not."""

    @classmethod
    def create(
        cls, path: Path, project: Project, *, overwrite: bool = False, now: Callable[[], str] = now_iso
    ) -> Bundle:
        """Make a new bundle at `path` (the suffix is added) and open it. With `overwrite` a bundle there is replaced;
        its last save becomes one of the backups.

        Raises:
            ProjectError: project-exists when something is there, project-in-use, project-corrupt for an unsound
            project. StorageError: `disk-full` or `path-not-writable`; nothing is left behind.
        """
        path = with_suffix(path)
        if path.exists() or path.is_symlink():
            if overwrite and _is_bundle(path):
                return cls._replace(path, project, now)
            if not _is_empty_folder(path):
                raise ProjectError(
                    f"There is already something called “{path.name}”.",
                    remedy="Choose another name or another folder.",
                    code="project-exists",
                    details={"path": str(path)},
                )
        part = path.with_name(f".{path.stem[:80]}.{secrets.token_hex(6)}.part")
        try:
            part.mkdir()
            at = now()
            write_bytes(part / PROJECT, codec.encode_document(project, saved_at=at))
            Journal.begin(part / journal.NAME, project, saved=codec.digest(project), at=at)
            if path.is_dir():
                path.rmdir()
            part.rename(path)
            sync_folder(path.parent)
        except OSError as problem:
            raise storage_error(problem, path) from problem
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return cls.open(path, now=now)

    @classmethod
    def open(cls, path: Path, *, write: bool = True, now: Callable[[], str] = now_iso) -> Bundle:
        """Open the bundle at `path`, with the edits that were committed after its last save. Without `write` it is only
        read, and may be open elsewhere.

        Raises:
            ProjectError: project-missing, project-newer, project-in-use, or project-corrupt with a remedy that names
            the newest backup. StorageError: when the lock cannot be written.
        """
        path = located(path)
        lock = BundleLock(path) if write else None
        if lock is not None:
            lock.take(at=now())
        bundle = cls(path, lock=lock, now=now)
        try:
            bundle._load()
        except BaseException:
            bundle.close()
            raise
        return bundle

    @classmethod
    def _replace(cls, path: Path, project: Project, now: Callable[[], str]) -> Bundle:
        lock = BundleLock(path)
        lock.take(at=now())
        bundle = cls(path, lock=lock, now=now)
        try:
            with contextlib.suppress(OSError):
                bundle._saved_raw = (path / PROJECT).read_bytes()
            bundle.save(project)
        except BaseException:
            bundle.close()
            raise
        return bundle

    @property
    def unsaved(self) -> tuple[JournalEntry, ...]:
        """The edits that were committed after the last save, the oldest first."""
        return tuple(self._unsaved)

    @property
    def unsaved_count(self) -> int:
        """How many edits were committed after the last save."""
        return self._earlier + len(self._unsaved)

    @property
    def changed(self) -> bool:
        """Whether the project differs from its last save."""
        return self.project != self.saved

    def commit(self, label: str, project: Project) -> None:
        """Make an edit durable: when this returns, it survives any crash.

        Raises:
            StorageError: `disk-full` or `path-not-writable`; what was committed before is safe, and the next commit
            carries this edit too.
        """
        with self._turn:
            lines = self._writable()
            at = self._now()
            if lines.size > journal.COMPACT_BYTES:
                self._begin_journal(before=self.unsaved_count)
                lines = self._writable()
            digest = lines.append(label, project, at=at)
            self.project = project
            self._unsaved.append(JournalEntry(label=label, at=at, digest=digest))

    def save(self, project: Project | None = None) -> None:
        """Make `project` (or the present one) the saved one; what was saved before becomes a backup.

        Raises:
            StorageError: `disk-full` or `path-not-writable`; nothing that was saved or committed is lost.
            ProjectError: project-corrupt for an unsound project.
        """
        with self._turn:
            self._require_write()
            saving = self.project if project is None else project
            at = self._now()
            raw = codec.encode_document(saving, saved_at=at)
            if self._journal is not None and saving != self.project:
                self.commit("Save", saving)
            try:
                if self._saved_raw:
                    backups.add(self.path, self._saved_raw, at=at)
                write_bytes(self.path / PROJECT, raw)
            except (OSError, StorageError) as problem:
                self._note_disk(saving, raw)
                if isinstance(problem, OSError):
                    raise storage_error(problem, self.path / PROJECT) from problem
                raise
            self._saved_raw = raw
            self.saved = self.project = saving
            self._unsaved.clear()
            self._earlier = 0
            # From here on the save stands. An old journal that stays leads up to this very project; readers see that.
            with contextlib.suppress(StorageError):
                self._begin_journal(before=0)
            backups.thin(self.path, at=at)

    def discard(self) -> Project:
        """Drop the edits since the last save, and return to it.

        Raises:
            StorageError: `disk-full` or `path-not-writable`; nothing is dropped.
        """
        with self._turn:
            self._require_write()
            dropped = self.project
            self.project = self.saved
            try:
                self._begin_journal(before=0)
            except StorageError:
                self.project = dropped
                raise
            self._unsaved.clear()
            self._earlier = 0
            return self.saved

    def close(self) -> None:
        """Close the files and give the lock back; may be called twice."""
        with self._turn:
            if self._journal is not None:
                self._journal.close()
                self._journal = None
            if self._lock is not None:
                self._lock.release()
                self._lock = None

    def __enter__(self) -> Bundle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _load(self) -> None:
        try:
            self._saved_raw = read_inside(self.path, PROJECT)
            self.saved = self.project = codec.decode_document(self._saved_raw).project
        except ProjectError as problem:
            raise with_way_out(problem, self.path) from problem
        lines = self.path / journal.NAME
        found = None if lines.is_symlink() else journal.read(lines)
        start = None if found is None else _continues(found, self._saved_digest(found.schema))
        if found is None or start is None:
            if lines.exists() or lines.is_symlink():
                self._put_aside(lines)
            return
        self._unsaved = list(found.entries[start:])
        self._earlier = found.before if start == 0 and found.saved != found.base else 0
        self.project = found.project
        if not found.whole:
            self._put_aside(lines, copy=True)
            self.notice = "Some of the last edits could not be read; the project is as it was before them."
        # A journal of an older schema cannot go on; the next edit begins a new one with all that this one led to.
        if self._lock is not None and found.schema == SCHEMA:
            self._journal = Journal(lines, size=found.size, plain=codec.image(self.project)[0])

    def _saved_digest(self, schema: int) -> str:
        return codec.digest(self.saved) if schema == SCHEMA else codec.document_digest(self._saved_raw)

    def _put_aside(self, lines: Path, *, copy: bool = False) -> None:
        self.notice = "The edits since the last save could not be read; the project is as it was saved."
        if self._lock is not None:
            aside = lines.with_name(f"journal-unread-{secrets.token_hex(4)}.jsonl")
            with contextlib.suppress(OSError):
                shutil.copyfile(lines, aside) if copy else lines.replace(aside)

    def _note_disk(self, saving: Project, raw: bytes) -> None:
        # A rename that could not be synced may have taken place; what follows must start from what is there.
        with contextlib.suppress(ProjectError):
            if read_inside(self.path, PROJECT) == raw:
                self._saved_raw, self.saved = raw, saving

    def _begin_journal(self, *, before: int) -> None:
        if self._journal is not None:
            self._journal.close()
            self._journal = None
        saved = codec.digest(self.saved)
        lines = self.path / journal.NAME
        self._journal = Journal.begin(lines, self.project, saved=saved, at=self._now(), before=before)

    def _writable(self) -> Journal:
        self._require_write()
        if self._journal is None:
            self._begin_journal(before=self.unsaved_count)
        assert self._journal is not None
        return self._journal

    def _require_write(self) -> None:
        if self._lock is None:
            raise ProjectError(
                "This project is open for reading only.",
                remedy="Open it for editing first.",
                code="project-read-only",
                details={"path": str(self.path)},
            )


def with_suffix(path: Path) -> Path:
    """`path` with the suffix of a bundle."""
    path = Path(path)
    return path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX)


def located(path: Path) -> Path:
    """The folder of the bundle that `path` names: with or without its suffix, or a file within it.

    Raises:
        ProjectError: project-missing, or project-corrupt when it is something else.
    """
    path = Path(path)
    if path.name == PROJECT and path.is_file():
        path = path.parent
    if not path.exists() and with_suffix(path).exists():
        path = with_suffix(path)
    if not path.exists():
        raise ProjectError(
            f"There is no project “{path.name}” in {path.parent}.",
            remedy="Check the name, or look for it in the list of recent projects.",
            code="project-missing",
            details={"path": str(path)},
        )
    if not path.is_dir():
        raise ProjectError(
            f"“{path.name}” is a file, and a project is a folder.",
            remedy="Choose a folder that ends in .contrafact; `contrafact new` and `add` make one of a sound.",
            code="project-corrupt",
            details={"path": str(path)},
        )
    return path


def read_inside(bundle: Path, name: str) -> bytes:
    """The bytes of a file of the bundle; links are refused, because they may lead outside.

    Raises:
        ProjectError: project-corrupt.
    """
    path = bundle / name
    if path.is_symlink():
        raise codec.corrupt(f"its “{name}” leads outside of the project")
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as file:
            return file.read(codec.MAX_BYTES + 1)
    except FileNotFoundError as problem:
        raise codec.corrupt(f"its “{name}” is missing") from problem
    except OSError as problem:
        raise codec.corrupt(f"its “{name}” cannot be read ({problem.strerror})") from problem


def with_way_out(problem: ProjectError, path: Path) -> ProjectError:
    """The same error, with a remedy that names what this bundle can be recovered from."""
    if problem.code != "project-corrupt":
        return problem
    found = backups.newest_readable(path)
    lines = path / journal.NAME
    if not lines.is_symlink() and journal.read(lines) is not None:
        remedy = "Recover it: its journal holds everything up to the last edit."
    elif found is not None:
        remedy = f"Recover it from its newest backup, “{found[0].path.name}” in {found[0].path.parent}."
    else:
        remedy = "It has no backup that can be read. Look for a copy of the folder elsewhere."
    details = {**problem.details, "path": str(path), "backup": None if found is None else str(found[0].path)}
    return ProjectError(problem.message, remedy=remedy, code=problem.code, details=details)


def _continues(found: journal.Replay, saved: str) -> int | None:
    """From which entry on the journal holds edits beyond the saved project; None when it belongs to another one."""
    # After a crash between the two writes of a save, the journal leads up to what is saved now.
    for index in range(len(found.entries), 0, -1):
        if found.entries[index - 1].digest == saved:
            return index
    return 0 if saved in {found.saved, found.base} else None


def _is_bundle(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and (path / PROJECT).exists()


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and not any(path.iterdir())
