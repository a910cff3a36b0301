"""What keeps work safe, in sight: recovery after a crash, sounds that are gone, text and windows of any size."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from studio.project import edits
from studio.session import Session
from studio.store.recovery import Recoverable
from tests.ui.driver import Person, renew


@pytest.fixture
def session(opened: Session) -> Session:
    """The shared session with an empty project."""
    return renew(opened)


def test_recovery_says_what_differs_and_opens_it(person: Person, window, tmp_path: Path) -> None:
    session = window.session
    saved = session.save_project(tmp_path / "Song")
    window.ws.commit("Louder", lambda p: edits.set_strip(p, p.tracks[0].id, gain_db=-6.0))
    window.ws.commit("Title", lambda p: edits.rename_project(p, "Night"))
    session.new_project()
    item = next(each for each in session.recoverable() if each.path == saved)
    assert isinstance(item, Recoverable)
    window.ask_recover(item)
    sheet = window.sheet
    assert "Title: “Night”, before “New project”" in sheet.changes
    assert any(line.startswith("Mix changed on 1 track") for line in sheet.changes)
    assert not sheet.discard.isVisible()
    person.click(sheet.recover)
    person.wait(lambda: window.ws.project.title == "Night", "the project")
    assert window.sheet is None


def test_sounds_that_are_gone_are_found_in_a_folder(person: Person, window, sound: Path, tmp_path: Path) -> None:
    session = window.session
    saved = session.save_project(tmp_path / "Gone")
    source = next(iter(window.ws.project.sources.values()))
    session.new_project()
    session.library.blobs.remove(source.blob)
    window.open_project(saved)
    sheet = window.sheet
    assert [row.own for row in sheet.rows.values()] == [True]
    sheet.look_in(tmp_path)
    person.wait(lambda: all(row.found for row in sheet.rows.values()), "the sound")
    assert session.missing_sounds() == ()
    person.click(sheet.done)
    assert window.sheet is None


def test_a_file_of_another_length_is_not_taken(person: Person, window, tmp_path: Path) -> None:
    session = window.session
    source = next(iter(window.ws.project.sources.values()))
    longer = replace(source, id="longer", duration_s=9.0, blob="f" * 64, title="Longer")
    window.ws.commit("x", lambda p: edits.add_track_for(p, longer))
    assert [each.id for each in session.missing_sounds()] == ["longer"]
    window.ws.run(lambda: session.relink("longer", tmp_path / "mine.wav"))

    def said() -> list[str]:
        return [toast.remedy for toast in window.toasts if "4.0 s long" in toast.text]

    person.wait(said, "the message")
    assert said()[0]


TITLES = (
    "שיר ארוך מאוד עם כותרת מימין לשמאל " * 4,
    "أغنية طويلة جدا " * 10,
    "夜のフェリー 🎹 \u202eabc",
    "A" * 200,
    "<b>bold</b> & <img src=x>",
)


def test_titles_of_any_script_and_length_are_drawn_and_never_read_as_markup(person: Person, window) -> None:
    track = window.ws.project.tracks[0]
    for title in TITLES:
        window.ws.commit("Names", lambda p, title=title: edits.rename_project(p, title))
        window.ws.commit("Names", lambda p, title=title: edits.rename_track(p, track.id, title))
        window.ws.commit("Names", lambda p, title=title: edits.set_clip(p, track.clips[0].id, name=title))
        person.settle(30)
        for tab in ("mixer", "clip", "variations", "history"):
            window.dock.show_tab(tab)
            assert not window.grab().isNull()
        header = window.arrangement.headers[track.id]
        assert header.accessibleName() == f"Track {title.strip()}"
        assert window.width() == 1440


@pytest.mark.qt_log_ignore("This plugin does not support")
@pytest.mark.parametrize("size", [(1024, 640), (640, 400), (1, 1)])
def test_a_window_smaller_than_the_minimum_still_paints(person: Person, window, size: tuple[int, int]) -> None:
    window.setMinimumSize(0, 0)
    window.resize(*size)
    person.settle(30)
    for tab in ("mixer", "clip", "history"):
        window.dock.show_tab(tab)
        window.grab()
    window.arrangement.zoom_to_fit()
    window.resize(1440, 900)
    person.settle(30)


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_double_clicks_on_everything_do_no_harm(person: Person, window) -> None:
    """Every own widget in sight, twice, in its middle; dialogues that open are closed again."""
    skipped = {"LogoMark"}
    before = {clip.id for track in window.ws.project.tracks for clip in track.clips}
    window.session.player.pause()
    for tab in ("mixer", "clip", "variations", "history"):
        window.dock.show_tab(tab)
        person.settle(20)
        for widget in window.findChildren(QWidget):
            name = type(widget).__name__
            own = type(widget).__module__.startswith("ui.")
            if not own or name in skipped or not widget.isVisible() or not widget.isEnabled():
                continue
            if name in ("Button", "StartCard", "Badge", "Chip"):
                # What they start is tested elsewhere; a second click on its way must find them unharmed.
                continue
            QTest.mouseDClick(widget, Qt.MouseButton.LeftButton, pos=QPoint(widget.width() // 2, widget.height() // 2))
            while (popup := QApplication.activePopupWidget()) is not None:
                popup.close()
            if window.sheet is not None:
                window.sheet.dismiss()
    person.settle(100)
    assert {clip.id for track in window.ws.project.tracks for clip in track.clips} == before
    assert all("Error" not in toast.text for toast in window.toasts)
