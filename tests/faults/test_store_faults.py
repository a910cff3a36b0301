"""Save faults at the n-th call, a full disk, and kill -9: nothing that was committed is lost, nothing half-made
stays."""

from __future__ import annotations

import contextlib
import errno
import os
import pathlib
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.base.errors import ProjectError, StorageError
from studio.project import edits
from studio.project.model import Clip, Project, Source, Track
from studio.store import journal
from studio.store.bundle import PROJECT, Bundle
from studio.store.recovery import Autosave, recover, recoverable


def now() -> str:
    return "2026-01-01T00:00:00Z"


def start(title: str = "Start") -> Project:
    source = Source(
        id="s", title="S", origin="own", role="own", blob="b" * 64, duration_s=100.0, rate=48000, channels=2
    )
    clips = tuple(Clip(id=f"c{index}", source="s", start_s=float(index), length_s=0.5) for index in range(40))
    return edits.add_track(edits.add_source(Project(id="p", title=title), source), Track(id="t", name="T", clips=clips))


class FaultAt:
    """Makes the n-th call that touches the disk fail."""

    def __init__(self, number: int, error: int) -> None:
        self.number, self.error = number, error
        self.calls = 0

    def wrap(self, function: Callable[..., Any], *, partly: bool = False) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            if self.calls == self.number:
                if partly:
                    # A disk that fills up takes the first half.
                    handle, data = args
                    function(handle, bytes(data)[: len(data) // 2])
                raise OSError(self.error, os.strerror(self.error))
            return function(*args, **kwargs)

        return call


@contextlib.contextmanager
def faults(number: int, error: int) -> Iterator[FaultAt]:
    fault = FaultAt(number, error)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", fault.wrap(os.write, partly=True))
        for name in ("fsync", "replace", "open", "ftruncate"):
            patch.setattr(os, name, fault.wrap(getattr(os, name)))
        for name in ("write_bytes", "replace", "rename", "mkdir"):
            patch.setattr(pathlib.Path, name, fault.wrap(getattr(pathlib.Path, name)))
        yield fault


def title_of(path: Path) -> str:
    with Bundle.open(path, now=now) as bundle:
        return bundle.project.title


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_a_save_that_fails_anywhere_loses_nothing(tmp_path: Path, error: int) -> None:
    project = start()
    failed = 0
    for number in range(1, 60):
        path = tmp_path / f"p{number}"
        with Bundle.create(path, project, now=now) as bundle:
            bundle.commit("One", edits.rename_project(project, "One"))
            with faults(number, error) as fault:
                try:
                    bundle.save(edits.rename_project(project, "Two"))
                except StorageError as problem:
                    failed += 1
                    assert problem.code == ("disk-full" if error == errno.ENOSPC else "path-not-writable")  # noqa: PT017
                else:
                    assert bundle.saved.title == "Two"
            reached = fault.calls >= number
            with Bundle.open(bundle.path, write=False) as read:
                assert read.project.title in {"One", "Two"}, number
                assert read.saved == bundle.saved, number
            bundle.commit("Three", edits.rename_project(project, "Three"))
            bundle.save()
        assert title_of(path) == "Three"
        assert not list(bundle.path.rglob("*.part*")), number
        if not reached:
            break
    else:
        pytest.fail("a save never ended")
    assert failed > 5


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_a_commit_that_fails_anywhere_can_be_made_up_for(tmp_path: Path, error: int) -> None:
    project = start()
    failed = 0
    for number in range(1, 20):
        path = tmp_path / f"p{number}"
        with Bundle.create(path, project, now=now) as bundle:
            bundle.commit("One", edits.rename_project(project, "One"))
        with Bundle.open(path, now=now) as bundle:
            with faults(number, error) as fault:
                try:
                    bundle.commit("Two", edits.rename_project(project, "Two"))
                except StorageError:
                    failed += 1
                    assert bundle.project.title == "One"
            with Bundle.open(path, write=False) as read:
                assert read.project.title in {"One", "Two"}, number
                assert read.notice is None
            bundle.commit("Three", edits.rename_project(project, "Three"))
        with Bundle.open(path, now=now) as bundle:
            assert bundle.project.title == "Three"
            assert [entry.label for entry in bundle.unsaved][-1] == "Three"
        if fault.calls < number:
            break
    else:
        pytest.fail("a commit never ended")
    assert failed >= 3


def test_a_bundle_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    failed = 0
    for number in range(1, 40):
        folder = tmp_path / f"f{number}"
        folder.mkdir()
        with faults(number, errno.ENOSPC) as fault:
            try:
                Bundle.create(folder / "p", start(), now=now).close()
            except (StorageError, ProjectError):
                failed += 1
                left = list(folder.iterdir())
                assert left in ([], [folder / "p.contrafact"]), number
                if left:
                    # Made, but not opened: whole all the same.
                    assert title_of(left[0]) == "Start"
        if fault.calls < number:
            break
    assert failed > 5


def test_edits_that_cannot_be_dropped_stay(tmp_path: Path) -> None:
    with Bundle.create(tmp_path / "p", start(), now=now) as bundle:
        bundle.commit("One", edits.rename_project(start(), "One"))
        with faults(1, errno.ENOSPC), pytest.raises(StorageError):
            bundle.discard()
        assert (bundle.project.title, bundle.unsaved_count) == ("One", 1)
    assert title_of(tmp_path / "p") == "One"


def test_a_project_opens_on_a_full_disk(tmp_path: Path) -> None:
    Bundle.create(tmp_path / "p", start(), now=now).close()
    for number in range(2, 4):
        with faults(number, errno.ENOSPC) as fault:
            Bundle.open(tmp_path / "p", now=now).close()
        assert fault.calls >= number


@pytest.mark.skipif(os.name == "nt", reason="Windows has no file size limit per process")
def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    import resource

    project = start()
    with Bundle.create(tmp_path / "p", project, now=now) as bundle:
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        size = (bundle.path / journal.NAME).stat().st_size
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, limits[1]))
        try:
            with pytest.raises(StorageError) as full:
                bundle.commit("One", edits.rename_project(project, "One"))
            assert full.value.code == "disk-full"
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
            with pytest.raises(StorageError) as full:
                bundle.save(edits.rename_project(project, "Two"))
            assert full.value.code == "disk-full"
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, handler)
        assert (bundle.path / journal.NAME).stat().st_size == size
        bundle.commit("Three", edits.rename_project(project, "Three"))
    assert title_of(tmp_path / "p") == "Three"


CHILD = """
import sys
from pathlib import Path
from studio.project import edits
from studio.project.model import Project
from studio.store import Autosave, Bundle

kind, path = sys.argv[1], Path(sys.argv[2])
project = Project(id="p", title="0")
bundle = Autosave(path).begin(project) if kind == "autosave" else Bundle.open(path)
number = 0
while True:
    number += 1
    project = edits.rename_project(bundle.project, str(number))
    if kind == "save":
        bundle.save(project)
    else:
        bundle.commit("Rename", project)
    print(number, flush=True)
"""


def killed_after(kind: str, path: Path, count: int) -> int:
    """Run the child, kill -9 it after it reported `count` steps, and return the last step that it reported."""
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, kind, str(path)], stdout=subprocess.PIPE, cwd=root, text=True
    ) as child:
        assert child.stdout is not None
        last = 0
        for line in child.stdout:
            last = int(line)
            if last >= count:
                break
        child.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        for line in child.stdout:
            with contextlib.suppress(ValueError):
                last = int(line)
    assert last >= count
    return last


@pytest.mark.parametrize("count", [1, 17])
def test_kill_9_loses_no_commit_of_a_project_that_was_never_saved(tmp_path: Path, count: int) -> None:
    last = killed_after("autosave", tmp_path / "autosave", count)
    (item,) = recoverable(Autosave(tmp_path / "autosave"))
    assert item.never_saved
    assert int(recover(item.path).title) >= last
    assert item.edits >= last


@pytest.mark.parametrize("kind", ["save", "commit"])
def test_kill_9_during_saves_and_commits(tmp_path: Path, kind: str) -> None:
    Bundle.create(tmp_path / "p", Project(id="p", title="0"), now=now).close()
    path = tmp_path / "p.contrafact"
    reached = 0
    for count in (3, 8):
        last = killed_after(kind, path, count)
        reached = last
        with Bundle.open(path, now=now) as bundle:
            assert int(bundle.project.title) >= reached
            assert bundle.notice is None
            if kind == "save":
                assert int(bundle.saved.title) >= reached
    assert (path / PROJECT).exists()
