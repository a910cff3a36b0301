"""Undo of everything, exact by identity."""

from __future__ import annotations

from studio.project import edits
from studio.project.history import Change, History
from studio.project.model import Project


def named(project: Project, count: int) -> list[Project]:
    return [edits.rename_project(project, f"Title {index}") for index in range(count)]


def test_undo_gives_back_the_very_same_project(project: Project) -> None:
    history = History(project, now=lambda: "2026-01-01T00:00:00Z")
    one, two = named(project, 2)
    assert history.commit("Rename", one)
    assert history.commit("Rename again", two)
    assert history.undo() is one
    assert history.undo() is project
    assert history.undo() is project
    assert not history.can_undo
    assert history.redo() is one
    assert history.can_redo
    assert history.goto(99) is two
    assert history.goto(0) is project
    assert [entry.label for entry in history.entries] == ["Open", "Rename", "Rename again"]
    assert history.entries[1].at == "2026-01-01T00:00:00Z"


def test_a_new_step_drops_what_was_undone(project: Project) -> None:
    history = History(project)
    one, two, three = named(project, 3)
    history.commit("One", one)
    history.commit("Two", two)
    history.undo()
    history.commit("Three", three)
    assert [entry.label for entry in history.entries] == ["Open", "One", "Three"]
    assert not history.can_redo
    assert not history.commit("Nothing", three), "the very same project is no step"


def test_a_gesture_is_one_step(project: Project) -> None:
    history = History(project)
    seen: list[Change] = []
    history.changed.subscribe(seen.append)
    history.begin("Move clip")
    for place in (21, 22, 23):
        history.update(edits.move_clip(project, "s", place))
    assert history.project.track("u").clips[0].start_s == 23
    assert history.committed is project
    assert history.end()
    assert [entry.label for entry in history.entries] == ["Open", "Move clip"]
    assert [change.transient for change in seen] == [True, True, True, False]
    assert history.undo() is project
    assert not history.end()


def test_a_gesture_can_be_left(project: Project) -> None:
    history = History(project)
    moved = edits.move_clip(project, "s", 22)
    history.begin("Move")
    history.update(moved)
    assert history.undo() is project, "undo within a gesture leaves it"
    assert not history.in_gesture
    history.begin("Move")
    history.update(moved)
    history.cancel()
    assert history.project is project
    history.cancel()
    history.begin("Nothing")
    history.update(history.project)
    assert not history.end()
    history.update(moved)
    assert history.committed is moved, "without a gesture an update is a step"
    history.begin("Rename")
    history.update(edits.rename_project(moved, "X"))
    history.commit("Key", edits.set_key(history.project, "Am"))
    assert [entry.label for entry in history.entries] == ["Open", "Edit", "Rename", "Key"]


def test_a_change_says_what_it_touched(project: Project) -> None:
    history = History(project)
    seen: list[Change] = []
    unsubscribe = history.changed.subscribe(seen.append)
    history.commit("Gain", edits.set_strip(project, "u", gain_db=-3))
    history.commit("Remove", edits.remove_track(history.project, "u"))
    history.commit("Tempo", edits.set_tempo(history.project, 90))
    history.commit("Master", edits.set_master(history.project, gain_db=-1))
    assert [sorted(change.tracks) for change in seen] == [["u"], ["u"], [], []]
    assert [change.order for change in seen] == [False, True, False, False]
    assert [change.timeline for change in seen] == [False, False, True, False]
    assert [change.master for change in seen] == [False, False, False, True]
    history.undo()
    assert (seen[-1].label, seen[-1].master) == ("Master", True)
    unsubscribe()
    history.undo()
    assert len(seen) == 5


def test_the_list_is_bounded(project: Project) -> None:
    history = History(project, limit=3)
    for each in named(project, 5):
        history.commit("Rename", each)
    assert len(history.entries) == 3
    assert history.index == 2
    assert history.goto(0).title == "Title 2"
