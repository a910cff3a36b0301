"""Equaliser, compressor, effects and sends: what a person turns is what the project says, one step each."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtTest import QTest

from studio.project import edits
from studio.project.parameters import STRIP, parameters_of
from studio.session import Session
from tests.ui.driver import drag, renew, send
from tests.ui.songs import song
from ui.viewmodels import plugins
from ui.viewmodels.parameters import parse_value, value_text
from ui.viewmodels.routing import buses, outputs_for, with_send_to_new_bus
from ui.widgets.eq_editor import HIGH_PASS, EqEditor, Node
from ui.widgets.insert_chip import InsertChip


@pytest.fixture
def session(opened: Session) -> Session:
    """The shared session with an empty project."""
    return renew(opened)


def test_values_are_read_as_they_are_shown() -> None:
    project = edits.add_insert(song(), "drums", plugins.fresh_insert("delay"))
    for parameter in parameters_of(project, "drums"):
        for fraction in (0.1, 0.5, 0.9):
            value = parameter.at(fraction)
            read = parse_value(parameter, value_text(parameter, value))
            assert read is not None, (parameter.target, value_text(parameter, value))
            span = parameter.maximum - parameter.minimum
            assert parameter.fraction(parameter.clamped(read)) == pytest.approx(parameter.fraction(value), abs=0.02), (
                parameter.target,
                value,
                span,
            )
    attack = STRIP["compressor.attack_s"]
    assert parse_value(attack, "8") == parse_value(attack, "8 ms") == 0.008
    assert parse_value(STRIP["high_pass_hz"], "1.2k") == 1200.0
    assert parse_value(STRIP["pan"], "L 20") == -0.2
    assert parse_value(attack, "soon") is None


def test_the_nodes_of_the_equaliser_are_dragged_and_take_keys(qapp, theme, keep) -> None:
    editor = keep(EqEditor(theme, name="Equaliser"))
    editor.resize(260, 150)
    node = Node(index=1, freq_hz=500.0, gain_db=0.0, q=0.7, name="Band 2")
    editor.set_nodes([Node(index=HIGH_PASS, freq_hz=20, gain_db=0, q=0.7, name="High-pass"), node], [0.0] * 8)
    moved: list[tuple[int, float, float]] = []
    widths: list[float] = []
    over: list[str] = []
    editor.moved.connect(lambda *values: moved.append(values))
    editor.width_changed.connect(lambda _, q: widths.append(q))
    editor.pressed.connect(lambda: over.append("pressed"))
    editor.released.connect(lambda: over.append("released"))
    at = editor.place(node).toPoint()
    drag(editor, at, at + QPoint(30, -20))
    assert over == ["pressed", "released"]
    index, freq_hz, gain_db = moved[-1]
    assert (index, editor.chosen_index) == (1, 1)
    assert editor.x_of(freq_hz) == pytest.approx(at.x() + 30, abs=1.5)
    assert editor.y_of(gain_db) == pytest.approx(at.y() - 20, abs=1.5)
    QTest.keyClick(editor, Qt.Key.Key_Up)
    assert moved[-1] == (1, 500.0, 0.5)
    QTest.keyClick(editor, Qt.Key.Key_PageUp)
    assert widths == [pytest.approx(0.7 * 2**0.25)]
    assert "500 Hz" in editor.accessibleDescription()


def test_the_spectrum_rises_at_once_and_falls_slowly(qapp, theme, keep) -> None:
    editor = keep(EqEditor(theme, name="Equaliser"))
    editor.feed([-20.0] * 128, 0.016)
    editor.feed([-90.0] * 128, 0.1)
    assert editor._shown[5] == pytest.approx(-20.0 - 3.6)
    editor.grab()


def test_an_effect_is_switched_opened_and_dragged(qapp, theme, keep) -> None:
    chip = keep(InsertChip(theme, "Delay", on=True, name="Drums", problem="Late"))
    chip.resize(80, 18)
    heard: list[object] = []
    chip.toggled.connect(lambda: heard.append("toggled"))
    chip.opened.connect(lambda: heard.append("opened"))
    chip.moved.connect(heard.append)
    QTest.mouseClick(chip, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(6, 9))
    QTest.mouseClick(chip, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(40, 9))
    drag(chip, QPoint(40, 9), QPoint(40, 52))
    assert heard == ["toggled", "opened", 2]
    assert chip.accessibleDescription() == "Late"


def test_a_new_bus_takes_a_send_and_no_circle_is_offered() -> None:
    project = with_send_to_new_bus(song(), "drums")
    (bus,) = buses(project)
    assert [send.bus for send in edits.find_track(project, "drums").strip.sends] == [bus.id]
    assert (bus.id, bus.name) in outputs_for(project, "vocals")
    project = edits.add_bus(project, "Second", ids=["second"])
    project = edits.set_output(project, bus.id, "second")
    assert bus.id not in [each for each, _ in outputs_for(project, "second")]


def test_the_effects_of_a_track_in_the_window(person, window) -> None:
    ws = window.ws
    track = ws.project.tracks[0].id
    ws.select(track=track)
    window.inspector.show_tab("effects")
    tab = window.inspector.effects
    person.wait(tab.isVisible, "the tab")
    editor = tab.equaliser.editor
    node = editor.node(1)
    at = editor.place(node).toPoint()
    steps = len(window.session.history.entries)
    drag(editor, at, at + QPoint(0, -30))
    assert ws.project.tracks[0].strip.eq[1].gain_db > 3.0
    assert len(window.session.history.entries) == steps + 1
    tab.equaliser.fields["freq_hz"].submitted.emit("2.4 kHz")
    assert ws.project.tracks[0].strip.eq[1].freq_hz == pytest.approx(2400.0)
    send(tab.dynamics.switch, QEvent.Type.MouseButtonPress, QPoint(5, 5))
    assert ws.project.tracks[0].strip.compressor.ratio == 3.0
    plugins.add_insert(ws, track, plugins.fresh_insert("reverb"))
    person.wait(lambda: tab.effects.cards and tab.effects.cards[0].rows, "the effect's parameters")
    row = next(iter(tab.effects.cards[0].rows.values()))
    row.slider.setFocus()
    before = row.slider.value
    QTest.keyClick(row.slider, Qt.Key.Key_Right)
    assert row.slider.value > before
    ws.commit("bus", lambda p: with_send_to_new_bus(p, track))
    person.wait(lambda: tab.routing.rows, "the send")
    strip = window.dock.mixer.strips[track]
    assert strip.rack.chips[0].title == "Compressor"
    assert len(window.dock.mixer.strips) == 2
    window.dock.mixer.master.mousePressEvent(_press())
    assert ws.strip_id == edits.MASTER
    person.wait(lambda: not tab.routing.isVisible(), "the master")
    person.no_errors()


def _press():
    from PySide6.QtCore import QPointF
    from PySide6.QtGui import QMouseEvent

    return QMouseEvent(
        QEvent.Type.MouseButtonPress,
        QPointF(5, 5),
        QPointF(5, 5),
        Qt.MouseButton.LeftButton,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )


def test_arming_metronome_and_preferences(person, window) -> None:
    ws = window.ws
    track = ws.project.tracks[0].id
    ws.recorder.toggle_arm(track)
    assert ws.recorder.armed == (track,)
    ws.recorder.toggle_arm(track)
    assert ws.recorder.armed == ()
    QTest.mouseClick(window.transport.metronome, Qt.MouseButton.LeftButton)
    assert window.session.settings.get("transport.metronome") is True
    window.transport.toggle_metronome()
    assert window.session.settings.get("transport.metronome") is False
    for page in ("Audio", "Controllers", "Models", "Storage", "Keys", "Rights and privacy"):
        window.show_preferences(page)
        assert window.sheet.page == page
        window.sheet.grab()
    person.wait(lambda: not person.busy(), "the counting")
    window.sheet.dismiss()
    window.show_about()
    window.sheet.dismiss()
    window.show_tour()
    person.no_errors()


def test_keys_are_changed_and_kept(person, window) -> None:
    window.show_preferences("Keys")
    field = window.sheet.pages["Keys"].fields["play.loop"]
    field.assigned.emit("M")
    actions = window.actions_set
    assert actions["play.loop"].shortcut().toString() == "M"
    assert actions["track.mute"].shortcut().isEmpty()
    window.sheet.pages["Keys"].layouts.changed.emit("live")
    assert actions["play.record"].shortcut().toString() == "F9"
    window.sheet.pages["Keys"].layouts.changed.emit("contrafact")
    assert actions["play.loop"].shortcut().toString() == "L"
    window.sheet.dismiss()
