"""The window on a real session: what a person does in the arrangement, with real events."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QKeyEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QWidget

from studio.project import edits
from studio.session import Session
from tests.ui.driver import Person, drag, renew, send


@pytest.fixture
def session(opened: Session) -> Session:
    """The shared session with an empty project."""
    return renew(opened)


def _clip(window):
    return window.ws.project.tracks[0].clips[0]


def _point(window, share: float, *, y: float = 40.0) -> QPoint:
    """A point over the first clip, `share` of its length in."""
    canvas, clip = window.arrangement.canvas, _clip(window)
    rect = canvas.clip_rect(canvas.lanes()[0], clip)
    return QPoint(round(rect.left() + rect.width() * share), round(rect.top() + y))


def test_a_clip_is_moved_by_one_step_and_undone(person, window) -> None:
    window.ws.set_snap("off")
    canvas = window.arrangement.canvas
    steps = len(window.session.history.entries)
    drag(canvas, _point(window, 0.5), _point(window, 0.5) + QPoint(80, 0))
    moved_s = _clip(window).start_s
    assert moved_s == pytest.approx(80 / window.ws.viewport.px_per_s, rel=0.05)
    assert len(window.session.history.entries) == steps + 1
    assert window.session.history.entries[-1].label == "Move clip"
    window.actions_set.trigger("edit.undo")
    assert _clip(window).start_s == 0.0


def test_escape_gives_a_drag_up(person, window) -> None:
    canvas = window.arrangement.canvas
    steps = len(window.session.history.entries)
    drag(canvas, _point(window, 0.5), _point(window, 0.5) + QPoint(60, 0), release=False)
    assert _clip(window).start_s > 0
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    send(canvas, QEvent.Type.MouseButtonRelease, _point(window, 0.5))
    assert _clip(window).start_s == 0.0
    assert len(window.session.history.entries) == steps


def test_edges_trim_and_handles_fade(person, window) -> None:
    window.ws.set_snap("off")
    canvas = window.arrangement.canvas
    drag(canvas, _point(window, 1.0) - QPoint(2, 0), _point(window, 0.75))
    assert _clip(window).length_s == pytest.approx(3.0, abs=0.15)
    drag(canvas, QPoint(_point(window, 0.0).x() + 8, _point(window, 0.0, y=19).y()), _point(window, 0.5, y=19))
    assert _clip(window).fade_in_s == pytest.approx(1.5, abs=0.15)


def test_a_clip_is_cut_at_the_playhead_duplicated_and_deleted(person, window) -> None:
    canvas = window.arrangement.canvas
    QTest.mouseClick(
        window.arrangement.ruler,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
        QPoint(_point(window, 0.5).x(), 30),
    )
    person.wait(lambda: window.ws.position_s == pytest.approx(2.0, abs=0.1), "the seek")
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, _point(window, 0.2))
    assert window.ws.selected_clips == {_clip(window).id}
    assert window.actions_set.trigger("clip.split")
    assert len(window.ws.project.tracks[0].clips) == 2
    assert window.actions_set.trigger("clip.duplicate")
    assert len(window.ws.project.tracks[0].clips) >= 2
    window.commands.select_all()
    assert window.actions_set.trigger("clip.delete")
    assert window.ws.project.tracks[0].clips == ()


def test_a_band_selects_and_a_click_beside_selects_nothing(person, window) -> None:
    canvas = window.arrangement.canvas
    below = window.theme.size("track") + 40
    right = _point(window, 1.0).x() + 60
    drag(canvas, QPoint(right, below), QPoint(_point(window, 0.4).x(), 20))
    assert window.ws.selected_clips == {_clip(window).id}
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(right, below))
    assert window.ws.selected_clips == frozenset()


def test_the_wheel_zooms_about_the_pointer_and_shift_pans(person, window) -> None:
    panel, view = window.arrangement, window.ws.viewport
    x = window.theme.size("track_header") + 200
    before_s, scale = view.s_of(200), view.px_per_s

    def wheel(modifiers) -> None:
        at = QPointF(x, 200)
        event = QWheelEvent(
            at,
            panel.mapToGlobal(at),
            QPoint(),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            modifiers,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(panel, event)

    wheel(Qt.KeyboardModifier.NoModifier)
    assert view.px_per_s == pytest.approx(scale * 2**0.25)
    assert view.s_of(200) == pytest.approx(before_s)
    origin = view.origin_px
    view.origin_px = 300.0
    wheel(Qt.KeyboardModifier.ShiftModifier)
    assert view.origin_px == pytest.approx(180.0)
    assert origin >= 0


def test_header_and_mixer_show_the_same_strip(person, window) -> None:
    track = window.ws.project.tracks[0].id
    header, strip = window.arrangement.headers[track], window.dock.mixer.strips[track]
    QTest.mouseClick(header.mute, Qt.MouseButton.LeftButton)
    person.wait(strip.mute.isChecked, "the mixer's mute")
    assert window.ws.project.tracks[0].strip.mute
    header.volume.setFocus()
    QTest.keyClick(header.volume, Qt.Key.Key_Down)
    person.wait(lambda: strip.fader.value == pytest.approx(header.volume.value), "the fader")
    assert strip.fader.value < 0


def test_tempo_and_key_are_typed_and_nonsense_is_told(person, window) -> None:
    window.transport.tempo.submitted.emit("96.5")
    assert window.ws.project.tempo[0].bpm == 96.5
    window.transport.key.submitted.emit("f#m")
    assert window.ws.project.key == "F# minor"
    window.transport.tempo.submitted.emit("fast")
    assert window.ws.project.tempo[0].bpm == 96.5
    assert [toast.text for toast in window.toasts] == ["That is not a tempo."]


def test_dropping_a_text_named_wav_says_what_to_do(person, window, tmp_path: Path) -> None:
    fake = tmp_path / "notes.wav"
    fake.write_text("this is no sound")
    tracks = len(window.ws.project.tracks)
    _drop(window.arrangement.canvas, fake)
    person.wait(lambda: window.toasts, "the message")
    toast = window.toasts[-1]
    assert toast.level == "error"
    assert toast.remedy
    assert "Traceback" not in toast.text
    assert len(window.ws.project.tracks) == tracks


def _drop(widget: QWidget, path: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(300, 120), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    # Qt delivers a drop only at the end of a drag of its own; the handler is the same.
    widget.dropEvent(event)


def test_a_file_dropped_on_the_status_bar_is_verified(person, window, sound: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(sound))])
    at = QPointF(window.status.geometry().center())
    event = QDropEvent(at, Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    window.dropEvent(event)
    person.wait(lambda: getattr(window.sheet, "verification", None) is not None, "the verification")
    assert window.sheet.verification.state == "NoCredentials"
    assert window.sheet.title_label.text() == "No credentials"
    QTest.keyClick(window.sheet, Qt.Key.Key_Escape)
    assert window.sheet is None


def test_both_themes_and_the_smallest_size_paint(person, window) -> None:
    for mode in ("light", "dark"):
        window.set_mode(mode)
        window.resize(1024, 640)
        person.settle(50)
        image = window.grab().toImage()
        assert (image.width(), image.height()) == (1024, 640)
        assert image.pixelColor(600, 10).name() == window.theme.color("bg.panel").name()
    for tab in ("mixer", "history", "variations"):
        window.dock.show_tab(tab)
        assert window.dock.tab == tab
        window.grab()


def test_f6_goes_round_the_panels_and_sheets_keep_the_keyboard(person, window) -> None:
    window.activateWindow()
    seen = []
    for _ in range(5):
        window.cycle_panels()
        seen.append(QApplication.focusWidget())
    assert len(set(map(id, seen))) == 5
    window.show_help()
    sheet = window.sheet
    QTest.keyClick(sheet, Qt.Key.Key_Tab)
    assert sheet.isAncestorOf(QApplication.focusWidget())
    assert not window.actions_set["play.toggle"].isEnabled() or window.sheet is sheet
    sheet.dismiss()


def test_the_palette_runs_what_is_chosen(person, window) -> None:
    window.show_palette()
    palette = window.sheet
    QTest.keyClicks(palette.search, "mixer")
    QTest.keyClick(palette.search, Qt.Key.Key_Return)
    person.wait(lambda: window.dock.tab == "mixer", "the mixer")


def test_preferences_change_the_theme_and_keep_it(person, window) -> None:
    window.show_preferences()
    control = window.sheet.controls["appearance.theme"]
    control.changed.emit("light")
    assert window.session.settings.get("appearance.theme") == "light"
    assert window.theme.mode == "light"


def test_every_own_widget_has_a_name(person, window) -> None:
    for widget in window.findChildren(QWidget):
        if (
            widget.isVisible()
            and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
            and type(widget).__module__.startswith("ui.")
        ):
            assert widget.accessibleName(), widget


def test_history_goes_to_a_step(person, window) -> None:
    clip = _clip(window).id
    for semitones in (1.0, 2.0, 3.0):
        window.ws.commit("Pitch", lambda p, s=semitones: edits.set_clip(p, clip, semitones=s))
    history = window.dock.history
    history.refresh()
    history.list.itemActivated.emit(history.list.item(history.list.count() - 2))
    assert _clip(window).semitones == 2.0


def test_the_title_is_typed(person, window) -> None:
    QTest.mouseClick(window.transport.title, Qt.MouseButton.LeftButton)
    editor = next(w for w in window.transport.findChildren(QLineEdit) if w.accessibleName() == "Title of the project")
    editor.setText("Night drive")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert window.ws.project.title == "Night drive"
    person.wait(lambda: window.transport.title.text() == "Night drive", "the title")


def test_a_digit_on_a_focused_control_begins_a_value(person, window) -> None:
    header = next(iter(window.arrangement.headers.values()))
    header.volume.setFocus()
    event = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_3, Qt.KeyboardModifier.NoModifier, "3")
    event.ignore()
    QApplication.sendEvent(header.volume, event)
    assert event.isAccepted()


def test_a_preview_leaves_project_and_playhead_alone(person, window) -> None:
    person.wait(lambda: window.browser.model.rowCount() >= 3, "the catalogue")
    window.ws.seek(1.0)
    steps = len(window.session.history.entries)
    card = window.browser.card
    person.click(card.preview)
    person.wait(lambda: window.ws.previewing and window.session.player.status().playing, "the preview")
    person.settle(300)
    assert window.ws.position_s == pytest.approx(1.0, abs=0.05)
    assert not window.ws.playing
    person.click(card.preview)
    assert not window.ws.previewing
    assert card.preview.text() == "Preview"
    assert len(window.session.history.entries) == steps
    person.wait(lambda: not window.session.player.status().playing, "silence")
    person.no_errors()


def test_the_catalogue_that_was_seen_last_is_there_at_once(window, opened, monkeypatch) -> None:
    person = Person(window)
    person.wait(lambda: window.browser.model.rowCount() >= 3 and opened.account is not None, "the catalogue")
    person.wait(lambda: not person.busy() and opened.known_catalogue(), "what is remembered")
    seen = [item.id for item in opened.known_catalogue()]
    assert seen == [item.id for item in window.browser.model.items()]
    window.browser.model.set_items([])
    monkeypatch.setattr(window.ws, "run", lambda *_args, **_more: None)
    window.browser.start()
    assert [item.id for item in window.browser.model.items()] == seen
    # What one person saw is not shown to another.
    monkeypatch.setattr(opened.services, "subject", lambda: "user:somebody-else")
    assert opened.known_catalogue() == []


def test_filters_and_words_narrow_the_catalogue(person, window) -> None:
    model = window.browser.model
    person.wait(lambda: model.rowCount() >= 3, "the catalogue")
    titles = [item.title for item in model.items()]
    window.browser.search.setText(titles[1].split()[0])
    person.wait(lambda: [item.title for item in model.items()] == [titles[1]], "the search")
    window.browser.search.setText("no such song anywhere")
    person.wait(lambda: model.rowCount() == 0, "nothing")
    assert window.browser.empty.isVisible()
    window.browser.search.clear()
    person.wait(lambda: model.rowCount() == len(titles), "everything again")


def test_a_project_is_saved_and_opened_again(person, window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "Mine"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args, **_more: (str(target), ""))
    assert window.actions_set.trigger("file.save")
    saved = tmp_path / "Mine.contrafact"
    assert saved.is_dir()
    person.wait(lambda: window.transport.state.text() == "saved", "the state")
    tracks = window.ws.project.tracks
    window.files.new_project()
    person.wait(lambda: window.first_run.isVisible(), "the start")
    window.open_project(saved)
    person.wait(lambda: window.ws.project.tracks, "the project")
    assert window.ws.project.tracks == tracks


def test_a_project_that_is_not_there_is_told(person, window, tmp_path: Path) -> None:
    window.open_project(tmp_path / "gone.contrafact")
    person.wait(lambda: window.toasts, "the message")
    assert window.toasts[-1].level == "error"
    assert window.toasts[-1].remedy
    assert window.ws.project.tracks


def test_snap_is_kept_and_can_be_switched_off(person, window) -> None:
    window.ws.set_snap("1/8")
    assert window.session.settings.get("timeline.snap") == "1/8"
    assert window.arrangement.snap_value.text() == "Snap 1/8"
    QTest.mouseClick(window.arrangement.snap_value, Qt.MouseButton.LeftButton)
    assert window.ws.snap_step == "off"
    assert window.ws.snap(1.234) == 1.234
    QTest.mouseClick(window.arrangement.snap_value, Qt.MouseButton.LeftButton)
    assert window.ws.snap_step == "1/8"
