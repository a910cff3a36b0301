"""What a crash left is found, offered, and brought back."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.base.errors import ProjectError, StorageError
from studio.project import edits
from studio.project.model import Project
from studio.store import journal
from studio.store.bundle import PROJECT, Bundle
from studio.store.recent import LIMIT, RecentProjects
from studio.store.recovery import Autosave, recover, recoverable

Now = Callable[[], str]


def titled(project: Project, title: str) -> Project:
    return edits.rename_project(project, title)


@pytest.fixture
def autosave(tmp_path: Path, now: Now) -> Autosave:
    return Autosave(tmp_path / "data" / "autosave", now=now)


def test_a_project_that_was_never_saved_is_offered_and_comes_back(autosave: Autosave, project: Project) -> None:
    bundle = autosave.begin(Project(id="p"))
    bundle.commit("Add song", project)
    bundle.commit("Rename", titled(project, "Two"))
    assert recoverable(autosave) == [], "what is open in a window is not offered"
    bundle.close()
    (item,) = recoverable(autosave)
    assert (item.title, item.edits, item.labels, item.never_saved, item.length_s) == (
        "Two",
        2,
        ("Add song", "Rename"),
        True,
        0.0,
    )
    assert recover(item.path) == titled(project, "Two")
    with Bundle.open(item.path) as again:
        autosave.finish(again)
    assert recoverable(autosave) == []
    assert not item.path.exists()


def test_untouched_ones_are_swept_away(autosave: Autosave) -> None:
    bundle = autosave.begin(Project(id="p"))
    assert recoverable(autosave) == []
    assert bundle.path.exists()
    bundle.close()
    assert recoverable(autosave) == []
    assert not bundle.path.exists()


def test_saved_projects_with_edits_since_are_offered(
    autosave: Autosave, tmp_path: Path, project: Project, now: Now
) -> None:
    with Bundle.create(tmp_path / "a", project, now=now) as changed:
        changed.commit("Rename", titled(project, "Changed"))
    with Bundle.create(tmp_path / "b", project, now=now) as back:
        back.commit("Rename", titled(project, "X"))
        back.commit("Undo", project)
    with Bundle.create(tmp_path / "c", project, now=now) as clean:
        pass
    (item,) = recoverable(autosave, [changed.path, back.path, clean.path, tmp_path / "gone"])
    assert (item.path, item.title, item.never_saved) == (changed.path, "Changed", False)


def test_bundles_of_others_are_never_removed(autosave: Autosave, tmp_path: Path, project: Project, now: Now) -> None:
    bundle = Bundle.create(tmp_path / "mine", project, now=now)
    autosave.finish(bundle)
    autosave.discard(bundle.path)
    assert bundle.path.exists()
    assert Autosave(tmp_path / "none").bundles() == []
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        Autosave(tmp_path / "file" / "x").begin(project)


def test_everything_that_can_be_read_is_tried(tmp_path: Path, project: Project, autosave: Autosave, now: Now) -> None:
    with Bundle.create(tmp_path / "p", project, now=now) as bundle:
        bundle.save(titled(project, "Second"))
        bundle.commit("Third", titled(project, "Third"))
    path = bundle.path
    assert recover(path).title == "Third"
    (path / PROJECT).write_bytes(b"broken")
    assert recover(path).title == "Third", "the journal stands for itself"
    shown = recoverable(autosave, [path])
    assert [(item.title, item.edits) for item in shown] == [("Third", 1)]
    (path / journal.NAME).write_bytes(b"broken\n")
    assert recover(path) == project, "then the newest backup"
    assert recoverable(autosave, [path]) == []
    shutil.rmtree(path / "backups")
    with pytest.raises(ProjectError) as refused:
        recover(path)
    assert refused.value.code == "project-corrupt"
    with pytest.raises(ProjectError) as refused:
        recover(tmp_path / "gone")
    assert refused.value.code == "project-missing"


def test_what_a_newer_version_made_is_left_alone(tmp_path: Path, project: Project, now: Now) -> None:
    with Bundle.create(tmp_path / "p", project, now=now) as bundle:
        bundle.commit("X", titled(project, "X"))
    text = (bundle.path / PROJECT).read_text().replace('"schema": 3', '"schema": 9', 1)
    (bundle.path / PROJECT).write_text(text)
    with pytest.raises(ProjectError) as refused:
        recover(bundle.path)
    assert refused.value.code == "project-newer"


def test_without_a_journal_the_last_save_counts(tmp_path: Path, project: Project, now: Now) -> None:
    with Bundle.create(tmp_path / "p", project, now=now) as bundle:
        pass
    (bundle.path / journal.NAME).unlink()
    assert recover(bundle.path) == project
    with Bundle.open(bundle.path, now=now) as again:
        again.commit("X", titled(project, "X"))
    assert recover(bundle.path).title == "X"


def test_recent_projects_stand_in_order(tmp_path: Path, now: Now) -> None:
    recent = RecentProjects(tmp_path / "recent.json", now=now)
    assert recent.items() == []
    for number in range(LIMIT + 3):
        recent.add(tmp_path / f"p{number}", title=f"P {number}", length_s=number)
    recent.add(tmp_path / "p5", title="Five")
    items = recent.items()
    assert len(items) == LIMIT
    assert [item.title for item in items[:2]] == ["Five", f"P {LIMIT + 2}"]
    assert not items[0].exists
    (tmp_path / "p5").mkdir()
    assert recent.items()[0].exists
    recent.remove(tmp_path / "p5")
    assert recent.items()[0].title == f"P {LIMIT + 2}"
    (tmp_path / "recent.json").write_text("{broken")
    assert recent.items() == []
    recent.add(tmp_path / "p1", title="One")
    assert [item.title for item in recent.items()] == ["One"]
