"""Bundles: what is saved comes back, what was committed comes back too, and what is broken is refused by name."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.base.errors import ProjectError
from studio.project import edits
from studio.project.model import Project
from studio.store import backups, codec, journal
from studio.store.bundle import PROJECT, Bundle

Now = Callable[[], str]


def titled(project: Project, title: str) -> Project:
    return edits.rename_project(project, title)


@pytest.fixture
def saved(tmp_path: Path, project: Project, now: Now) -> Path:
    """A bundle that was saved twice and closed."""
    with Bundle.create(tmp_path / "Night bus", project, now=now) as bundle:
        bundle.save(titled(project, "Second"))
        return bundle.path


def test_what_is_saved_comes_back(tmp_path: Path, project: Project, now: Now) -> None:
    with Bundle.create(tmp_path / "Night bus", project, now=now) as bundle:
        assert bundle.path == tmp_path / "Night bus.contrafact"
        assert (bundle.project, bundle.saved, bundle.unsaved, bundle.notice) == (project, project, (), None)
    with Bundle.open(tmp_path / "Night bus", now=now) as bundle:
        assert bundle.project == project
    raw = (bundle.path / PROJECT).read_text()
    assert raw.lstrip("{ \n").startswith('"schema": 3,'), "the schema number stands first"
    assert json.loads(raw)["project"]["title"] == "Night bus"


def test_the_same_project_is_the_same_bytes(tmp_path: Path, project: Project) -> None:
    paths = [Bundle.create(tmp_path / name, project, now=lambda: "2026-01-01T00:00:00Z") for name in "ab"]
    files = [(bundle.path / PROJECT).read_bytes() for bundle in paths]
    for bundle in paths:
        bundle.close()
    assert files[0] == files[1]


def test_committed_edits_come_back_without_a_save(tmp_path: Path, project: Project, now: Now) -> None:
    one = edits.set_strip(project, "t", gain_db=-3)
    two = edits.choose_take(one, "t", None)
    with Bundle.create(tmp_path / "p", project, now=now) as bundle:
        bundle.commit("Gain", one)
        bundle.commit("Take", two)
    with Bundle.open(tmp_path / "p", now=now) as bundle:
        assert (bundle.saved, bundle.project) == (project, two)
        assert [(entry.label, entry.at[:10]) for entry in bundle.unsaved] == [
            ("Gain", "2026-01-01"),
            ("Take", "2026-01-01"),
        ]
        assert bundle.changed
        bundle.commit("Back", project)
        assert not bundle.changed
        assert bundle.unsaved_count == 3
        bundle.save(two)
        assert (bundle.saved, bundle.unsaved) == (two, ())
    with Bundle.open(tmp_path / "p", now=now) as bundle:
        assert (bundle.project, bundle.unsaved) == (two, ())


def test_edits_can_be_dropped(tmp_path: Path, project: Project, now: Now) -> None:
    with Bundle.create(tmp_path / "p", project, now=now) as bundle:
        bundle.commit("Title", titled(project, "X"))
        assert bundle.discard() == project
        assert bundle.unsaved_count == 0
    with Bundle.open(tmp_path / "p", now=now) as bundle:
        assert bundle.project == project


def test_a_cut_off_last_line_is_left_out(tmp_path: Path, project: Project, now: Now) -> None:
    with Bundle.create(tmp_path / "p", project, now=now) as bundle:
        bundle.commit("One", titled(project, "One"))
        bundle.commit("Two", titled(project, "Two"))
    lines = bundle.path / journal.NAME
    whole = lines.read_bytes()
    for end in range(len(whole) - 1, whole.rindex(b"\n", 0, -1), -7):
        lines.write_bytes(whole[:end])
        with Bundle.open(bundle.path, write=False) as read:
            assert (read.project.title, read.notice) == ("One", None)
    with Bundle.open(bundle.path, now=now) as again:
        again.commit("Three", titled(project, "Three"))
    with Bundle.open(bundle.path, now=now) as again:
        assert [entry.label for entry in again.unsaved] == ["One", "Three"]


def test_a_broken_line_ends_the_journal_with_a_notice(tmp_path: Path, project: Project, now: Now) -> None:
    with Bundle.create(tmp_path / "p", project, now=now) as bundle:
        for title in ("One", "Two", "Three"):
            bundle.commit(title, titled(project, title))
    lines = bundle.path / journal.NAME
    good = lines.read_bytes()
    lines.write_bytes(good.replace(b'"Two"', b'"Owt"'))
    with Bundle.open(bundle.path, write=False) as again:
        assert (again.project.title, again.notice) == ("Three", None), "it leads to where it says that it leads"
    lines.write_bytes(good.replace(b'"Three"', b'"Eerht"'))
    with Bundle.open(bundle.path, write=False) as again:
        assert (again.project.title, bool(again.notice)) == ("Two", True), (
            "a patch that leads elsewhere is not believed"
        )
    second = good.index(b'"patch"', good.index(b'"patch"') + 1)
    lines.write_bytes(good[:second] + b'"patsh"' + good[second + 7 :])
    with Bundle.open(bundle.path, write=False) as again:
        assert (again.project.title, bool(again.notice)) == ("One", True), "what follows a broken line is not believed"
    lines.write_bytes(good)
    lines.write_bytes(lines.read_bytes().replace(b'"patch"', b'"patsh"'))
    with Bundle.open(bundle.path, now=now) as again:
        assert (again.project.title, bool(again.notice)) == ("Night bus", True)
    assert len(list(bundle.path.glob("journal-unread-*.jsonl"))) == 1, "what cannot be read is kept"


def test_a_journal_of_another_project_is_put_aside(saved: Path, tmp_path: Path, project: Project, now: Now) -> None:
    with Bundle.create(tmp_path / "other", titled(project, "Other"), now=now) as other:
        other.commit("X", titled(project, "X"))
    shutil.copy(other.path / journal.NAME, saved / journal.NAME)
    with Bundle.open(saved, write=False) as bundle:
        assert (bundle.project.title, bool(bundle.notice)) == ("Second", True)
    with Bundle.open(saved, now=now) as bundle:
        assert bundle.project.title == "Second"
        bundle.commit("Y", titled(project, "Y"))
    assert len(list(saved.glob("journal-unread-*.jsonl"))) == 1
    with Bundle.open(saved, now=now) as bundle:
        assert bundle.project.title == "Y"


def test_a_crash_between_the_two_writes_of_a_save_loses_nothing(tmp_path: Path, project: Project, now: Now) -> None:
    with Bundle.create(tmp_path / "p", project, now=now) as bundle:
        bundle.commit("One", titled(project, "One"))
        old_journal = (bundle.path / journal.NAME).read_bytes()
        bundle.save()
    (bundle.path / journal.NAME).write_bytes(old_journal)
    with Bundle.open(bundle.path, now=now) as again:
        assert (again.project.title, again.saved.title, again.unsaved, again.notice) == ("One", "One", (), None)


def test_two_windows_do_not_write_the_same_bundle(saved: Path, now: Now) -> None:
    with Bundle.open(saved, now=now) as bundle:
        with pytest.raises(ProjectError) as refused:
            Bundle.open(saved, now=now)
        assert (refused.value.code, refused.value.details) == ("project-in-use", {"pid": os.getpid()})
        with Bundle.open(saved, write=False) as read:
            assert read.project == bundle.project
            for write in (read.save, read.discard, lambda: read.commit("X", read.project)):
                with pytest.raises(ProjectError) as refused:
                    write()
                assert refused.value.code == "project-read-only"
    Bundle.open(saved, now=now).close()


def test_a_new_bundle_takes_nobodys_place(tmp_path: Path, saved: Path, project: Project, now: Now) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "song.wav").write_bytes(b"")
    (tmp_path / "full").rename(tmp_path / "full.contrafact")
    for path in (saved, tmp_path / "full"):
        with pytest.raises(ProjectError) as refused:
            Bundle.create(path, project, now=now)
        assert refused.value.code == "project-exists"
    with pytest.raises(ProjectError, match="already something"):
        Bundle.create(tmp_path / "full", project, overwrite=True, now=now)
    (tmp_path / "empty.contrafact").mkdir()
    Bundle.create(tmp_path / "empty", project, now=now).close()
    with Bundle.create(saved, titled(project, "New"), overwrite=True, now=now) as bundle:
        assert bundle.project.title == "New"
    newest = backups.newest_readable(saved)
    assert newest is not None
    assert newest[1].title == "Second", "what was there became a backup"
    with Bundle.open(saved, now=now) as bundle:
        assert (bundle.project.title, bundle.notice) == ("New", None)


def test_what_is_no_bundle_is_named(tmp_path: Path, saved: Path) -> None:
    (tmp_path / "file.contrafact").write_text("x")
    (tmp_path / "empty.contrafact").mkdir()
    for path, code in (
        (tmp_path / "gone", "project-missing"),
        (tmp_path / "file.contrafact", "project-corrupt"),
        (tmp_path / "empty.contrafact", "project-corrupt"),
    ):
        with pytest.raises(ProjectError) as refused:
            Bundle.open(path, write=False)
        assert (refused.value.code, bool(refused.value.remedy)) == (code, True)
    assert Bundle.open(saved / PROJECT, write=False).path == saved


def broken(**changes: Any) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        for key, value in changes.items():
            at: Any = document
            *parents, last = [int(part) if part.isdigit() else part for part in key.split("__")]
            for part in parents:
                at = at[part]
            at[last] = value

    return change


ZOO: dict[str, Callable[[dict[str, Any]], None]] = {
    "schema is a word": broken(schema="one"),
    "schema is true": broken(schema=True),
    "schema is 0": broken(schema=0),
    "no schema": lambda document: document.pop("schema"),
    "another kind": broken(kind="invoice"),
    "no project": broken(project=None),
    "a list for a project": broken(project=[]),
    "no id": broken(project__id=""),
    "an endless number": broken(project__tracks__0__strip__gain_db=1e999),
    "a number too large": broken(project__tracks__0__strip__gain_db=1e6),
    "null for a number": broken(project__tracks__0__strip__pan=None),
    "a text for a number": broken(project__rate="48000"),
    "negative rate": broken(project__rate=-1),
    "negative length": broken(project__tracks__0__original__clips__0__length_s=-4),
    "no length": broken(project__tracks__0__original__clips__0__length_s=0),
    "before the start": broken(project__tracks__0__original__clips__0__start_s=-1),
    "beyond the source": broken(project__tracks__0__original__clips__0__source_start_s=50),
    "absurd tempo": broken(project__tracks__0__original__clips__0__tempo_ratio=0),
    "absurd pitch": broken(project__tracks__0__original__clips__0__semitones=900),
    "absurd gain": broken(project__tracks__0__original__clips__0__gain_db=90),
    "endless fade": broken(project__tracks__0__original__clips__0__fade_in_s=101),
    "unknown source": broken(project__tracks__0__original__clips__0__source="gone"),
    "take that is not there": broken(project__tracks__0__take=9),
    "take without original": broken(project__tracks__0__original=None),
    "take number 0": broken(project__tracks__0__takes__0__number=0),
    "parent that is not there": broken(project__tracks__0__parent="gone"),
    "own parent": broken(project__tracks__0__parent="t"),
    "source under another id": lambda document: document["project"]["sources"].update(
        other=document["project"]["sources"]["song"]
    ),
    "source without length": broken(project__sources__song__duration_s=0),
    "source of a million channels": broken(project__sources__song__channels=10**6),
    "source at 0 Hz": broken(project__sources__song__rate=0),
    "blob outside": broken(project__sources__song__blob="../../etc/passwd"),
    "blob absolute": broken(project__sources__song__blob="/etc/passwd"),
    "blob empty": broken(project__sources__song__blob=""),
    "source made from itself": broken(project__sources__song__parents=["song"]),
    "source made from nothing known": broken(project__sources__song__parents=["gone"]),
    "no tempo": broken(project__tempo=[]),
    "tempo 0": broken(project__tempo=[{"at_beats": 0, "bpm": 0}]),
    "tempo out of order": broken(project__tempo=[{"at_beats": 4, "bpm": 100}]),
    "metre": broken(project__beats_per_bar=0),
    "beat unit": broken(project__beat_unit=3),
    "marker": broken(project__markers=[{"start_s": -1, "name": "x"}]),
    "loop": broken(project__loop={"start_s": 5, "end_s": 1}),
    "ceiling": broken(project__master__ceiling_dbtp=30),
    "equaliser": broken(project__master__strip__eq__0__q=0),
    "compressor": broken(project__master__strip__compressor__ratio=-1),
    "high-pass": broken(project__master__strip__high_pass_hz=-20),
    "the same track twice": lambda document: document["project"]["tracks"].append(document["project"]["tracks"][0]),
    "the same clip twice": lambda document: document["project"]["tracks"][0].update(
        clips=document["project"]["tracks"][0]["original"]["clips"]
    ),
    "the same effect twice": lambda document: document["project"]["master"]["strip"].update(
        inserts=document["project"]["tracks"][0]["original"]["strip"]["inserts"] * 2
    ),
}


@pytest.mark.parametrize("kind", ZOO)
def test_an_unsound_project_is_refused_and_its_backup_named(saved: Path, kind: str) -> None:
    document = json.loads((saved / PROJECT).read_text())
    ZOO[kind](document)
    text = json.dumps(document, allow_nan=True)
    (saved / PROJECT).write_text(text.replace("Infinity", "1e999"))
    (saved / journal.NAME).unlink()
    with pytest.raises(ProjectError) as refused:
        Bundle.open(saved, write=False)
    assert refused.value.code == "project-corrupt"
    assert backups.backups(saved)[0].path.name in refused.value.remedy


@pytest.mark.parametrize(
    "raw",
    [b"", b"\x00" * 100, b"{", b"null", b"[[[[", b"\xff\xfe", b'{"schema": 1', b"[" * 200_000, b'{"schema": NaN}'],
    ids=["empty", "zeros", "cut", "null", "brackets", "not-utf8", "half", "deep", "nan"],
)
def test_broken_text_is_refused(saved: Path, raw: bytes) -> None:
    (saved / PROJECT).write_bytes(raw)
    with pytest.raises(ProjectError) as refused:
        Bundle.open(saved, write=False)
    assert refused.value.code == "project-corrupt"
    assert "journal" in refused.value.remedy


def test_without_backup_and_journal_that_is_said(saved: Path) -> None:
    shutil.rmtree(saved / backups.FOLDER)
    (saved / journal.NAME).unlink()
    (saved / PROJECT).unlink()
    with pytest.raises(ProjectError, match="missing") as refused:
        Bundle.open(saved, write=False)
    assert "no backup" in refused.value.remedy


def test_a_project_of_a_newer_version_is_left_alone(saved: Path) -> None:
    document = json.loads((saved / PROJECT).read_text())
    document["schema"] = 4
    document["project"]["holograms"] = True
    (saved / PROJECT).write_text(json.dumps(document))
    before = {path.name: path.read_bytes() for path in saved.iterdir() if path.is_file() and path.name != "lock"}
    with pytest.raises(ProjectError) as refused:
        Bundle.open(saved)
    assert refused.value.code == "project-newer"
    assert {
        path.name: path.read_bytes() for path in saved.iterdir() if path.is_file() and path.name != "lock"
    } == before


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_links_that_lead_outside_are_not_followed(saved: Path, tmp_path: Path, now: Now) -> None:
    outside = tmp_path / "outside.json"
    shutil.move(saved / PROJECT, outside)
    (saved / PROJECT).symlink_to(outside)
    with pytest.raises(ProjectError, match="outside"):
        Bundle.open(saved, write=False)
    (saved / PROJECT).unlink()
    shutil.move(outside, saved / PROJECT)
    lines = tmp_path / "lines.jsonl"
    shutil.move(saved / journal.NAME, lines)
    (saved / journal.NAME).symlink_to(lines)
    kept = lines.read_bytes()
    with Bundle.open(saved, now=now) as bundle:
        assert bundle.notice
        bundle.commit("X", titled(bundle.project, "X"))
    assert lines.read_bytes() == kept, "nothing is written through a link"


def test_an_unsound_project_is_never_written(tmp_path: Path, project: Project, now: Now) -> None:
    import msgspec

    unsound = msgspec.structs.replace(project, rate=-1)
    with pytest.raises(ProjectError):
        Bundle.create(tmp_path / "p", unsound, now=now)
    assert list(tmp_path.iterdir()) == []
    with Bundle.create(tmp_path / "p", project, now=now) as bundle:
        with pytest.raises(ProjectError):
            bundle.save(unsound)
        endless = msgspec.structs.replace(project, loop=msgspec.structs.replace(project.loop, end_s=float("nan")))
        with pytest.raises(ProjectError):
            bundle.commit("X", endless)
        assert (bundle.saved, bundle.project) == (project, project)


def test_a_long_journal_begins_anew(
    tmp_path: Path, project: Project, now: Now, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "COMPACT_BYTES", 4000)
    with Bundle.create(tmp_path / "p", project, now=now) as bundle:
        for number in range(60):
            bundle.commit("Title", titled(project, f"Title {number}"))
        assert (bundle.path / journal.NAME).stat().st_size < 9000
        assert bundle.unsaved_count == 60
    with Bundle.open(bundle.path, now=now) as again:
        assert again.project.title == "Title 59"
        assert (again.saved, again.changed) == (project, True)
        assert 60 >= again.unsaved_count > len(again.unsaved)


def test_a_replacement_that_fails_leaves_the_bundle(saved: Path, project: Project, now: Now) -> None:
    import msgspec

    with pytest.raises(ProjectError):
        Bundle.create(saved, msgspec.structs.replace(project, rate=-1), overwrite=True, now=now)
    with Bundle.open(saved, now=now) as bundle:
        assert bundle.project.title == "Second"


def test_a_bundle_without_its_project_file_is_replaced_all_the_same(tmp_path: Path, project: Project, now: Now) -> None:
    with Bundle.create(tmp_path / "p", project, now=now) as bundle:
        (bundle.path / PROJECT).write_bytes(b"")
    with Bundle.create(bundle.path, titled(project, "New"), overwrite=True, now=now) as again:
        assert again.project.title == "New"
        assert backups.backups(again.path) == []


def test_a_journal_that_says_nothing_is_put_aside(saved: Path, project: Project, now: Now) -> None:
    for raw in (b"", b"no newline", b"5\n"):
        (saved / journal.NAME).write_bytes(raw)
        with Bundle.open(saved, now=now) as bundle:
            assert (bundle.project.title, bool(bundle.notice)) == ("Second", True)


def test_an_absurdly_large_file_is_not_read(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "MAX_BYTES", 100)
    with pytest.raises(ProjectError, match="too large"):
        Bundle.open(saved, write=False)


def test_a_patch_that_does_not_fit_ends_the_journal(tmp_path: Path, project: Project, now: Now) -> None:
    with Bundle.create(tmp_path / "p", project, now=now) as bundle:
        bundle.commit("One", titled(project, "One"))
        bundle.commit("Two", titled(project, "Two"))
    lines = bundle.path / journal.NAME
    raw = lines.read_bytes()
    last = raw.rindex(b'"patch":')
    lines.write_bytes(raw[:last] + b'"patch":["[",9,9,[]]}\n')
    with Bundle.open(bundle.path, now=now) as again:
        assert (again.project.title, bool(again.notice)) == ("One", True)
