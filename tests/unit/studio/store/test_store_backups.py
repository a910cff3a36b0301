"""Backups are made at each save and thinned with age; migrations go one step at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from studio.project import edits
from studio.project.model import Project
from studio.store import backups
from studio.store.bundle import Bundle
from studio.store.migrations import migrated

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)


def test_each_save_keeps_what_it_replaced(tmp_path: Path, project: Project, now: Callable[[], str]) -> None:
    with Bundle.create(tmp_path / "p", project, now=now) as bundle:
        for title in ("One", "Two"):
            bundle.save(edits.rename_project(project, title))
    found = backups.backups(bundle.path)
    assert [backup.path.name[-10:] for backup in found] == ["-0002.json", "-0001.json"]
    newest = backups.newest_readable(bundle.path)
    assert newest is not None
    assert newest[1].title == "One"
    found[0].path.write_text("broken")
    second = backups.newest_readable(bundle.path)
    assert second is not None
    assert second[1].title == "Night bus"


def test_many_saves_leave_few_backups(tmp_path: Path, project: Project) -> None:
    times = (NOW + timedelta(minutes=15 * index) for index in range(10_000))

    def now() -> str:
        return next(times).isoformat()

    with Bundle.create(tmp_path / "p", project, now=now) as bundle:
        for number in range(60):
            bundle.save(edits.rename_project(project, f"Title {number}"))
    found = backups.backups(bundle.path)
    assert backups.NEWEST < len(found) < 45
    assert found[0].path.name.endswith("-0060.json")


def test_thinning_keeps_the_newest_then_one_an_hour_then_one_a_day() -> None:
    moments = [NOW - timedelta(minutes=10 * index) for index in range(6 * 24 * 40)]
    kept = backups.kept_of(moments, now=NOW)
    assert set(range(backups.NEWEST)) <= kept
    ages = sorted((NOW - moments[index]) for index in kept)
    assert sum(age <= timedelta(days=1) for age in ages) <= backups.NEWEST + 26
    assert sum(age > timedelta(days=1) for age in ages) <= 32
    assert ages[-1] > timedelta(days=29)
    assert backups.kept_of([], now=NOW) == set()


def test_strangers_among_the_backups_stay(tmp_path: Path, project: Project, now: Callable[[], str]) -> None:
    with Bundle.create(tmp_path / "p", project, now=now) as bundle:
        bundle.save(project)
        notes = bundle.path / backups.FOLDER / "notes.txt"
        notes.write_text("mine")
        (bundle.path / backups.FOLDER / "20269999T999999Z-0002.json").write_text("x")
        bundle.save(project)
    assert notes.read_text() == "mine"
    assert len(backups.backups(bundle.path)) == 2


def test_migrations_go_one_step_at_a_time() -> None:
    steps = {1: lambda old: {**old, "one": True}, 2: lambda old: {**old, "two": old["one"]}}
    assert migrated(1, {"schema": 1}, steps=steps, to=3) == {"schema": 3, "one": True, "two": True}
    assert migrated(3, {"schema": 3}, steps=steps, to=3) == {"schema": 3}
