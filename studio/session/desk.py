"""The desk: the project in hand, its steps, and its place on disk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from studio.base.errors import ProjectError, StudioError
from studio.base.ids import uuid7
from studio.base.paths import AppPaths
from studio.project import edits
from studio.project.difference import differences
from studio.project.history import Change, History
from studio.project.model import Project
from studio.session.values import Notice, SessionEvents
from studio.store.bundle import Bundle
from studio.store.recent import RecentProject, RecentProjects
from studio.store.recovery import Autosave, Recoverable, recover, recoverable, versions

ProjectState = Literal["saved", "unsaved"]


class Desk:
    """One project at a time: every committed edit is undoable and on disk at once, also of a project never saved."""

    def __init__(self, paths: AppPaths):
        self.paths = paths
        self.events = SessionEvents()
        self._autosave = Autosave(paths.data / "autosave")
        self._recent = RecentProjects(paths.data / "recent.json")
        self._lock = threading.RLock()
        self._bundle: Bundle | None = None
        self._history = History(Project(id=uuid7()))
        self._unsubscribe: Callable[[], None] = lambda: None
        self._adopt()

    def close(self) -> None:
        """Close the project; nothing committed is lost."""
        self._unsubscribe()
        self._leave_bundle()

    @property
    def project(self) -> Project:
        """The project as it is now."""
        return self._history.project

    @property
    def history(self) -> History:
        """The steps that led here; change it through the session."""
        return self._history

    @property
    def project_path(self) -> Path | None:
        """Where the project is saved; None for one that never was (its edits are kept all the same)."""
        bundle = self._bundle
        return None if bundle is None or self._autosave.holds(bundle.path) else bundle.path

    def project_state(self) -> ProjectState:
        """Whether everything is in the last save; edits are on disk in either case."""
        bundle = self._bundle
        return "saved" if bundle is None or (self.project_path is not None and not bundle.changed) else "unsaved"

    def new_project(self, title: str = "New project", *, tempo_bpm: float | None = None) -> None:
        """Leave the project and begin an empty one; it is kept from the first edit on."""
        project = Project(id=uuid7(), title=title)
        if tempo_bpm is not None:
            project = edits.set_tempo(project, tempo_bpm)
        self._replace(project, None)

    def open_project(self, path: Path) -> None:
        """Open a saved project, with the edits that a crash left in its journal.

        Raises:
            ProjectError: project-missing, project-corrupt, project-newer, project-in-use.
        """
        bundle = Bundle.open(path)
        if bundle.notice:
            self.events.notice.emit(Notice(level="warning", text=bundle.notice))
        self._replace(bundle.project, bundle)
        self._recent.add(bundle.path, title=bundle.project.title, length_s=bundle.project.length_s)

    def save_project(self, path: Path | None = None, *, overwrite: bool = False) -> Path:
        """Save to where it is, or to `path` (the suffix is added); returns the bundle. `overwrite` replaces another
        project there, once a person has agreed; its last save becomes a backup.

        Raises:
            ProjectError: project-exists, project-nowhere for a project without a place and no `path`.
            StorageError: disk-full, path-not-writable; the last save stands.
        """
        with self._lock:
            project = self._history.committed
            if path is None or (self._bundle is not None and path.absolute() == self._bundle.path.absolute()):
                if self._bundle is None or self.project_path is None:
                    raise StudioError(
                        "This project has no place yet.", remedy="Choose where to save it.", code="project-nowhere"
                    )
                self._bundle.save(project)
            else:
                fresh = Bundle.create(path, project, overwrite=overwrite)
                before, self._bundle = self._bundle, fresh
                if before is not None:
                    # A never-saved project has its place now and need not be offered as unsaved work.
                    self._autosave.finish(before)
            where = self._bundle.path
        self._recent.add(where, title=project.title, length_s=project.length_s)
        self.events.history_changed.emit(None)
        return where

    def recent_projects(self) -> list[RecentProject]:
        """Projects that were open lately, the newest first."""
        return self._recent.items()

    def recoverable(self) -> list[Recoverable]:
        """What a crash left behind."""
        return recoverable(self._autosave, [item.path for item in self._recent.items()])

    def recover(self, item: Recoverable) -> None:
        """Open what a crash left behind, with every committed edit.

        Raises:
            ProjectError: when nothing can be read.
        """
        try:
            bundle = Bundle.open(item.path)
        except ProjectError:
            # Too broken to go on in place: what can be read goes on in a bundle of its own, and the broken one stays.
            project = recover(item.path)
            self._replace(project, self._autosave.begin(project))
            return
        self._replace(bundle.project, bundle)

    def recovered_changes(self, item: Recoverable) -> tuple[str, ...]:
        """What a crash left behind has that the last save has not, in plain words; nothing where it cannot be told."""
        found = versions(item.path)
        return () if found is None else differences(*found)

    def discard_recoverable(self, item: Recoverable) -> None:
        """Throw away a never-saved project that a crash left behind; a saved one is left alone."""
        self._autosave.discard(item.path)

    # Edits

    def commit(self, label: str, project: Project) -> None:
        """Make `project` the present as one undoable step; it is on disk when this returns."""
        with self._lock:
            if self._history.commit(label, project):
                self._write(label)

    def begin_gesture(self, label: str) -> None:
        """Begin a drag: its updates show at once and are one step at its end."""
        self._history.begin(label)

    def update_gesture(self, project: Project) -> None:
        """Show `project` within the gesture."""
        self._history.update(project)

    def end_gesture(self) -> None:
        """End the gesture as one step."""
        with self._lock:
            if self._history.end():
                self._write(self._history.entries[self._history.index].label)

    def cancel_gesture(self) -> None:
        """Leave the gesture; nothing happened."""
        self._history.cancel()

    def undo(self) -> None:
        """Take back the last step, or leave the drag that is under way."""
        if self._history.in_gesture:
            self._history.cancel()
        else:
            self.goto(self._history.index - 1)

    def redo(self) -> None:
        """Do the undone step again."""
        self.goto(self._history.index + 1)

    def goto(self, index: int) -> None:
        """Go to a step of the history."""
        with self._lock:
            before = self._history.committed
            self._history.goto(index)
            if self._history.committed is not before:
                self._write("Undo")

    def project_replaced(self) -> None:
        """Another project is in hand now; for those who follow it."""

    def project_edited(self) -> None:
        """The project in hand changed, perhaps in the middle of a drag; for those who follow it."""

    def _replace(self, project: Project, bundle: Bundle | None) -> None:
        with self._lock:
            self._leave_bundle()
            self._bundle = bundle
            self._history = History(project)
            self._adopt()
        self.project_replaced()
        self.events.project_changed.emit(None)
        self.events.history_changed.emit(None)

    def _adopt(self) -> None:
        self._unsubscribe()
        self._unsubscribe = self._history.changed.subscribe(self._changed)

    def _changed(self, change: Change) -> None:
        self.project_edited()
        self.events.project_changed.emit(change)
        if not change.transient:
            self.events.history_changed.emit(None)

    def _write(self, label: str) -> None:
        project = self._history.committed
        if self._bundle is None:
            self._bundle = self._autosave.begin(Project(id=project.id, title=project.title))
        self._bundle.commit(label, project)

    def _leave_bundle(self) -> None:
        bundle, self._bundle = self._bundle, None
        if bundle is not None:
            bundle.close()
