"""What a person may do to the window that nobody meant: projects of tomorrow, dialogues that close before their job has
ended, double clicks on every button, names of any script on everything that has one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from studio.base.errors import StudioError
from studio.project import edits
from studio.project.check import problems
from studio.project.model import SCHEMA, Insert
from studio.session import Session
from tests.ui.driver import Person, renew
from ui.widgets.button import Button


@pytest.fixture
def session(opened: Session) -> Session:
    """The shared session with an empty project."""
    return renew(opened)


def _drop(widget: Any, *paths: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    event = QDropEvent(
        QPointF(300, 120), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    # Qt delivers a drop only at the end of a drag of its own; the handler is the same.
    widget.dropEvent(event)


def test_a_project_of_a_newer_version_is_refused_and_left_alone(person: Person, window, tmp_path: Path) -> None:
    saved = window.session.save_project(tmp_path / "Tomorrow")
    window.session.new_project()
    document = json.loads((saved / "project.json").read_text())
    (saved / "project.json").write_text(json.dumps(document | {"schema": SCHEMA + 1}))
    before = (saved / "project.json").read_bytes()
    here = window.ws.project
    _drop(window.arrangement.canvas, saved)
    person.wait(lambda: window.toasts, "the message")
    toast = window.toasts[-1]
    assert (toast.level, "newer version" in toast.text, "Update" in toast.remedy) == ("error", True, True)
    assert window.ws.project is here
    assert (saved / "project.json").read_bytes() == before


def test_what_only_looks_like_a_project_is_refused(person: Person, window, tmp_path: Path) -> None:
    here = window.ws.project
    for name, body in (("empty", None), ("torn", b'{"schema": 3, "kind"'), ("other", b"[]")):
        folder = tmp_path / f"{name}.contrafact"
        folder.mkdir()
        if body is not None:
            (folder / "project.json").write_bytes(body)
        said = len(window.toasts)
        _drop(window.arrangement.canvas, folder)
        person.wait(lambda said=said: len(window.toasts) > said or said == 3, name)
        assert window.toasts[-1].level == "error"
        assert window.toasts[-1].remedy
    assert window.ws.project is here


def test_a_dialogue_that_is_closed_before_its_job_has_ended_leaves_nothing(person: Person, window, sound: Path) -> None:
    for show in (
        lambda: window.verify_file(sound),
        window.review_and_export,
        window.show_artist,
        lambda: window.show_preferences("Storage"),
        lambda: window.show_preferences("Models"),
        lambda: window.edit_style("house"),
    ):
        show()
        assert window.sheet is not None
        window.sheet.dismiss()
        person.settle(30)
        assert window.sheet is None
    person.wait(lambda: not person.busy(), "the jobs")
    person.settle(100)
    person.no_errors()


def test_a_job_that_fails_after_its_dialogue_was_closed_says_so_or_nothing(
    person: Person, window, sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = window.session

    def failing(*_words: Any, **_named: Any) -> Any:
        def work(_context: Any) -> None:
            raise StudioError("The disk went away.", remedy="Plug it in again.", code="path-not-writable")

        return session.jobs.submit(work, title="Failing", lane="io")

    for name, show in (("verify", lambda: window.verify_file(sound)), ("review", window.review_and_export)):
        if not hasattr(session, name):
            continue
        monkeypatch.setattr(session, name, failing)
        show()
        window.sheet.dismiss()
        person.wait(lambda: not person.busy(), name)
        person.settle(50)
    assert all("Traceback" not in toast.text for toast in window.toasts)
    assert window.sheet is None


@pytest.fixture
def no_file_dialogues(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dialogues of the desktop that are given up at once."""
    for name in ("getOpenFileName", "getSaveFileName"):
        monkeypatch.setattr(QFileDialog, name, lambda *_words, **_named: ("", ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_words, **_named: ([], ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_words, **_named: "")


@pytest.mark.qt_log_ignore("This plugin does not support")
@pytest.mark.usefixtures("no_file_dialogues")
def test_double_clicks_on_every_button_leave_a_sound_project(person: Person, window) -> None:
    pressed: set[str] = set()
    for tab in ("mixer", "clip", "automation", "variations", "history"):
        for shown in ("clip", "track", "effects"):
            window.dock.show_tab(tab)
            window.inspector.show_tab(shown)
            person.settle(10)
            for button in window.findChildren(Button):
                name = f"{button.accessibleName()} {button.text()}".strip()
                if name in pressed or not button.isVisible() or not button.isEnabled():
                    continue
                pressed.add(name)
                centre = QPoint(button.width() // 2, button.height() // 2)
                QTest.mouseClick(button, Qt.MouseButton.LeftButton, pos=centre)
                if button.isVisible():
                    QTest.mouseDClick(button, Qt.MouseButton.LeftButton, pos=centre)
                while (popup := QApplication.activePopupWidget()) is not None:
                    popup.close()
                if window.sheet is not None:
                    window.sheet.dismiss()
                if window.session.recording is not None:
                    window.ws.recorder.stop()
    window.session.player.pause()
    for job in window.session.jobs.active:
        job.cancel()
    person.wait(lambda: not person.busy(), "the jobs")
    assert len(pressed) > 30, pressed
    assert list(problems(window.ws.project)) == []
    assert all("Error" not in toast.text for toast in window.toasts)


NAMES = (
    "שיר ארוך מאוד מימין לשמאל",
    "أغنية طويلة جدا",
    "夜のフェリー 🎹🎧",
    "\u202eabc\u202c",
    "e\u0301" * 90,
    "W" * 200,
)


@pytest.mark.parametrize("name", NAMES, ids=("hebrew", "arabic", "kana", "override", "combining", "long"))
def test_names_of_any_script_stay_within_their_room(person: Person, window, name: str) -> None:
    track = window.ws.project.tracks[0].id
    made: tuple[tuple[str, Callable[[Any], Any]], ...] = (
        ("Bus", lambda p: edits.add_bus(p, name, ids=["bus"])),
        ("Send", lambda p: edits.set_send(p, track, "bus")),
        ("Insert", lambda p: edits.add_insert(p, track, Insert(id="fx", kind="delay"))),
        ("Group", lambda p: edits.group_tracks(p, [track], name, ids=["folder"])),
        ("Marker", lambda p: edits.add_marker(p, 1.0, name)),
        ("Section", lambda p: edits.add_marker(p, 0.0, name, length_s=2.0)),
        ("Automation", lambda p: edits.set_automation(p, track, "gain_db", [(0, 0), (1, -6)])),
    )
    for label, edit in made:
        assert window.ws.commit(label, edit), label
    window.ws.show_automation(track, ["gain_db"])
    person.settle(30)
    for tab in ("mixer", "automation", "variations", "history"):
        window.dock.show_tab(tab)
        person.settle(20)
        assert (window.width(), window.height()) == (1440, 900)
        for each in (window.dock, window.inspector, window.browser, window.transport, window.status):
            assert window.rect().contains(each.geometry().topLeft())
        window.grab()
    window.review_and_export()
    person.wait(lambda: not person.busy(), "the review")
    window.grab()
    window.sheet.dismiss()
    assert window.arrangement.headers["folder"].accessibleName() == f"Folder {name}"
    person.no_errors()


def test_the_mix_is_looked_at_once_for_each_project_and_choice(
    person: Person, window, session: Session, sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.import_file(sound).wait(60.0)
    person.wait(lambda: window.ws.project.tracks and not person.busy(), "a track")
    asked: list[str] = []
    review = session.review
    monkeypatch.setattr(session, "review", lambda options: (asked.append(options.format), review(options))[1])
    window.review_and_export()
    sheet = window.sheet
    window.ws.bridge.project_changed.emit()
    sheet.form.changed.emit()
    person.wait(lambda: not person.busy(), "the review")
    assert asked == ["wav"]
    sheet.form.format.set_value("flac")
    sheet.form.changed.emit()
    project = window.ws.project
    session.commit("Softer", edits.set_strip(project, project.tracks[0].id, gain_db=-3.0))
    person.wait(lambda: len(asked) == 3 and not person.busy(), "two more reviews")
    assert asked == ["wav", "flac", "flac"]
    person.no_errors()
