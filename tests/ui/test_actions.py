from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from tests.ui.driver import renew
from ui.actions import ACTIONS
from ui.actions.row import always
from ui.panels.menus import GROUPS
from ui.viewmodels.fuzzy import rank, score


def test_ids_and_keys_are_unique() -> None:
    assert max(Counter(row.id for row in ACTIONS).values()) == 1
    keys = Counter(QKeySequence(key).toString() for row in ACTIONS for key in row.keys)
    assert max(keys.values()) == 1, keys.most_common(3)


def test_every_key_is_one_that_qt_knows() -> None:
    for row in ACTIONS:
        for key in row.keys:
            assert not QKeySequence(key).isEmpty(), (row.id, key)


def test_tab_stays_navigation() -> None:
    assert not any(key == "Tab" for row in ACTIONS for key in row.keys)


def test_the_palette_finds_by_a_few_letters() -> None:
    titles = [row.title for row in ACTIONS]
    assert rank("exp", titles, str)[0] == "Review and export …"
    assert "Split clips at the play-head" in rank("spl cl", titles, str)[:2]
    assert rank("zzzz", titles, str) == []
    assert score("", "anything") == 0


def test_every_action_has_a_key_a_name_of_its_own_and_a_group_with_a_menu() -> None:
    assert all(row.keys for row in ACTIONS), [row.id for row in ACTIONS if not row.keys]
    assert max(Counter(row.title for row in ACTIONS).values()) == 1
    assert {row.group for row in ACTIONS} <= {"File", *GROUPS}


def _reachable(menu: QMenu) -> set[str]:
    found: set[str] = set()
    for action in menu.actions():
        below = action.menu()
        found |= _reachable(below) if isinstance(below, QMenu) else {action.objectName()}
    return found - {""}


def test_every_action_is_in_the_menu_the_palette_and_the_sheet_of_keys(window, opened) -> None:
    opened.new_project()
    menu = window.menus.main_menu()
    every = {row.id for row in ACTIONS}
    assert _reachable(menu) == every
    menu.close()
    menu.deleteLater()
    window.show_palette()
    palette = window.sheet
    possible = {row.id for row in ACTIONS if row.enabled(window)} - {"app.palette"}
    assert {palette.list.item(i).data(Qt.ItemDataRole.UserRole) for i in range(palette.list.count())} == possible
    palette.dismiss()
    # A key that a person presses is one that the window's own actions listen to.
    heard = {key.toString() for action in window.actions() for key in action.shortcuts()}
    assert {QKeySequence(row.keys[0]).toString() for row in ACTIONS} <= heard


@pytest.fixture
def heard(window, monkeypatch) -> list[str]:
    """Ids of the actions that were asked for; all are possible, and none is carried out."""
    asked: list[str] = []
    actions = window.actions_set
    monkeypatch.setattr(actions, "trigger", asked.append)
    monkeypatch.setattr(actions, "table", tuple(replace(row, enabled=always) for row in ACTIONS))
    return asked


def test_every_key_of_every_action_is_heard(person, window, heard) -> None:
    window.activateWindow()
    person.wait(window.isActiveWindow, "the window in front")
    canvas = window.arrangement.canvas
    canvas.setFocus()
    window.actions_set.refresh()
    missed = []
    for row in ACTIONS:
        for key in row.keys:
            heard.clear()
            combination = QKeySequence(key)[0]
            QTest.keyClick(canvas, combination.key(), combination.keyboardModifiers())
            if heard != [row.id]:
                missed.append((row.id, key, list(heard)))
    assert missed == []
    assert len(ACTIONS) > 90


def test_every_action_is_found_by_its_name_in_the_palette(person, window, heard) -> None:
    missed = []
    for row in ACTIONS:
        if row.id == "app.palette":
            continue
        heard.clear()
        window.show_palette()
        palette = window.sheet
        palette.search.setText(row.title)
        QTest.keyClick(palette.search, Qt.Key.Key_Return)
        person.wait(lambda: heard, row.title)
        if heard != [row.id]:
            missed.append((row.id, list(heard)))
    assert missed == []


def test_every_action_of_the_menu_is_the_one_that_the_key_stands_for(window, opened) -> None:
    menu = window.menus.main_menu()
    found: list[QAction] = []

    def walk(part: QMenu) -> None:
        for action in part.actions():
            below = action.menu()
            if isinstance(below, QMenu):
                walk(below)
            elif action.objectName():
                found.append(action)

    walk(menu)
    own = {id(action) for action in window.actions()}
    assert len(found) == len(ACTIONS)
    assert all(action is window.actions_set[action.objectName()] and id(action) in own for action in found)
    menu.close()
    menu.deleteLater()


def test_every_action_that_is_possible_can_be_done_without_harm(window, opened, person) -> None:
    """Everything but leaving, files and the network, on a project with one clip."""
    aside = {
        "app.quit",
        "file.export",
        "file.open",
        "file.save",
        "file.save_as",
        "file.import",
        "file.verify",
        "app.sign_in",
    }
    for row in ACTIONS:
        if row.id in aside or row.id in {"file.new", "file.demo", "file.sync", "track.split"}:
            continue
        window.commands.select_all()
        window.ws.select(track=window.ws.project.tracks[0].id, clips=window.ws.selected_clips)
        window.actions_set.trigger(row.id)
        if window.sheet is not None:
            window.sheet.dismiss()
        if not window.ws.project.tracks or not any(t.clips for t in window.ws.project.tracks):
            window.ws.attempt(window.session.undo)
    person.settle(100)
    # What is not possible is said with a way out; what goes wrong inside would be named by its type.
    assert all(toast.remedy and "Error" not in toast.text for toast in window.toasts if toast.level == "error")


@pytest.fixture
def session(opened):
    return renew(opened)
