from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from engine.inference.styles import check_style, load_style
from studio.session import Session
from tests.ui.driver import drag, renew
from ui.viewmodels import style_editor as model
from ui.widgets.step_grid import StepGrid, StepRow


def test_a_copy_has_a_name_and_an_id_of_its_own() -> None:
    house = load_style("house")
    first = model.own_copy(house, {"house"})
    second = model.own_copy(house, {"house", first.id})
    assert (first.id, first.name, second.id) == ("my-house", "My House", "my-house-2")
    check_style(first)
    assert house.id == "house"


def test_a_name_that_is_taken_changes_no_other_style() -> None:
    mine = model.own_copy(load_style("house"), {"house"})
    assert model.renamed(mine, "Night drive!", "x", {"house"}).id == "night-drive"
    assert model.renamed(mine, "House", "x", {"house"}).id == "my-house"
    assert model.renamed(mine, "¡¿", "x", set()).id == "my-style"
    assert model.renamed(mine, "   ", "x", set()).name == "My House"


def test_every_change_gives_a_recipe_that_plays() -> None:
    style = model.own_copy(load_style("house"), ())
    assert style.arrangement is not None
    for changed in (
        model.with_step(style, 0, 1, "o"),
        model.with_swing(style, 9.0),
        model.with_amount(style, -1.0),
        model.with_low_ceiling(style, 0.0),
        model.with_balance(style, "vocals", 99.0),
        model.with_sidechain(style, 99.0),
        model.with_level(style, 0, 99.0),
        model.with_bass_step(style, 0, 0, "t"),
        model.with_bass_step(style, 0, 1, "A"),
        model.with_chord_step(style, 0, 0, "o"),
    ):
        assert changed != style
        check_style(changed)
    steps = model.with_step(style, 0, 1, "o").arrangement.drums.lanes[0].steps  # type: ignore[union-attr]
    assert steps == "Xo--X---X---X---"
    assert model.with_step(style, 99, 0, "x") is style
    assert model.with_step(style, 0, 99, "x") is style


def test_patterns_of_bass_and_chords_are_set_one_by_one() -> None:
    house = load_style("house")
    assert house.arrangement is not None
    assert house.arrangement.bass is not None
    changed = model.with_bass_step(house, 0, 3, "f").arrangement.bass.patterns  # type: ignore[union-attr]
    assert changed[0] == house.arrangement.bass.patterns[0][:3] + "f" + house.arrangement.bass.patterns[0][4:]
    assert changed[1:] == house.arrangement.bass.patterns[1:]
    rows = model.chord_rows(house)
    assert rows
    assert all(house.arrangement.harmony[layer].kind not in ("pad", "lead") for layer, _ in rows)
    assert any(layer.kind == "pad" for layer in house.arrangement.harmony)
    layer, pattern = rows[-1]
    last = model.with_chord_step(house, len(rows) - 1, 2, "=").arrangement.harmony[layer]  # type: ignore[union-attr]
    assert last.patterns[pattern][2] == "="
    for same in (
        model.with_bass_step(house, 0, 0, "q"),
        model.with_bass_step(house, 9, 0, "R"),
        model.with_bass_step(house, 0, 99, "R"),
        model.with_chord_step(house, len(rows), 0, "x"),
        model.with_chord_step(house, 0, 0, "R"),
        model.with_bass_step(load_style("tape"), 0, 0, "R"),
    ):
        assert same in (house, load_style("tape"))


def test_letters_are_typed_and_softened(theme, keep) -> None:
    grid = StepGrid(theme, cycle=model.BASS_CYCLE, words=model.BASS_WORDS, name="Bass pattern", letters=True)
    keep(grid)
    grid.resize(500, 24)
    grid.set_rows((StepRow(title="Pattern 1", note="", steps="R=-f", steps_per_beat=4),))
    heard: list[tuple[int, int, str]] = []
    grid.stepped.connect(lambda *values: heard.append(values))
    at = grid.cell(0, 0).center().toPoint()
    QTest.mouseClick(grid, Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseClick(grid, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, at)
    QTest.keyClicks(grid, "S")
    QTest.keyClick(grid, Qt.Key.Key_Right)
    QTest.keyClicks(grid, "t")
    assert heard == [(0, 0, "F"), (0, 0, "r"), (0, 0, "S"), (0, 1, "t")]
    grid.grab()


def test_a_style_without_drums_stays_as_it_is() -> None:
    plain = load_style("tape")
    assert plain.arrangement is None
    assert model.with_step(plain, 0, 0, "x") is plain
    assert model.with_sidechain(plain, 3.0) is plain


def test_words_of_pieces_and_densities() -> None:
    assert [model.piece_title(each) for each in ("kick", "hat_closed")] == ["Kick", "Hat, closed"]
    assert [model.density_words(*each) for each in ((1, 9), (2, 9), (1, 1), (1, 2))] == [
        "",
        "density 2+",
        "density 1",
        "density 1–2",
    ]


@pytest.fixture
def grid(theme, keep) -> StepGrid:
    made = StepGrid(theme, cycle=model.CYCLE, words=model.STEP_WORDS)
    keep(made)
    made.resize(500, 60)
    row = StepRow(title="Kick", note="", steps="x---", steps_per_beat=4)
    made.set_rows((row, row))
    return made


def test_steps_are_pressed_painted_and_reached_by_keys(grid: StepGrid) -> None:
    heard: list[tuple[int, int, str]] = []
    grid.stepped.connect(lambda *values: heard.append(values))
    QTest.mouseClick(grid, Qt.MouseButton.LeftButton, pos=grid.cell(0, 0).center().toPoint())
    assert heard == [(0, 0, "X")]
    heard.clear()
    drag(grid, grid.cell(1, 1).center().toPoint(), grid.cell(1, 3).center().toPoint())
    assert set(heard) == {(1, 1, "x"), (1, 2, "x"), (1, 3, "x")}
    heard.clear()
    QTest.keyClick(grid, Qt.Key.Key_Up)
    QTest.keyClick(grid, Qt.Key.Key_Space)
    assert heard == [(0, 3, "x")]
    assert grid.accessibleDescription() == "Kick, step 4 of 4, rest"
    grid.grab()


@pytest.fixture
def session(opened: Session) -> Session:
    return renew(opened)


def test_a_style_is_edited_saved_and_there_at_once(window, session) -> None:
    window.edit_style("house")
    sheet = window.sheet
    cell = sheet.grid.cell(0, 1).center().toPoint()
    QTest.mouseClick(sheet.grid, Qt.MouseButton.LeftButton, pos=cell)
    sheet.sliders["swing"].changed.emit(0.6)
    sheet.name.submitted.emit("Night drive")
    window.grab()
    QTest.mouseClick(sheet.save, Qt.MouseButton.LeftButton)
    try:
        style = session.style("night-drive")
        assert style.arrangement.drums.lanes[0].steps == "Xx--X---X---X---"
        assert style.swing == 0.6
        assert "night-drive" in window.inspector.track.style_buttons
        assert "night-drive" in window.browser.styles.rows
        assert window.dock.variations.style_choice.findData("night-drive") >= 0
        # Another name is the same style, not a second one.
        window.edit_style("night-drive")
        window.sheet.name.submitted.emit("Day drive")
        QTest.mouseClick(window.sheet.save, Qt.MouseButton.LeftButton)
        own = [each.id for each in session.styles() if session.is_own_style(each.id)]
        assert own == ["day-drive"]
    finally:
        for each in [each.id for each in session.styles() if session.is_own_style(each.id)]:
            session.remove_style(each)
    window.ws.reload_styles()
    assert "day-drive" not in window.inspector.track.style_buttons


def test_bass_and_chords_are_edited_and_kept(window, session) -> None:
    window.edit_style("house")
    sheet = window.sheet
    before = sheet.style_now.arrangement
    QTest.mouseClick(sheet.bass, Qt.MouseButton.LeftButton, pos=sheet.bass.cell(0, 0).center().toPoint())
    QTest.mouseClick(sheet.chords, Qt.MouseButton.LeftButton, pos=sheet.chords.cell(0, 1).center().toPoint())
    after = sheet.style_now.arrangement
    assert after.bass.patterns[0][1:] == before.bass.patterns[0][1:]
    assert after.bass.patterns[0] != before.bass.patterns[0]
    assert after.harmony[0].patterns[0][1] != before.harmony[0].patterns[0][1]
    window.grab()
    QTest.mouseClick(sheet.save, Qt.MouseButton.LeftButton)
    try:
        kept = session.style("my-house").arrangement
        assert (kept.bass.patterns, kept.harmony) == (after.bass.patterns, after.harmony)
    finally:
        session.remove_style("my-house")
        window.ws.reload_styles()


def test_closing_with_something_to_lose_asks_first(window, session) -> None:
    window.edit_style("house")
    sheet = window.sheet
    QTest.keyClick(sheet, Qt.Key.Key_Escape)
    assert window.sheet is None  # nothing was changed
    window.edit_style("house")
    sheet = window.sheet
    sheet.sliders["swing"].changed.emit(0.61)
    QTest.keyClick(sheet, Qt.Key.Key_Escape)
    assert window.sheet is sheet
    assert sheet.discard.isVisible()
    assert "Save what you changed" in sheet._said.text()
    # Esc on the question, and Cancel, go on with the style; another dialogue or leaving asks too.
    QTest.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.discard.isVisible()
    QTest.mouseClick(sheet.close_button, Qt.MouseButton.LeftButton)
    QTest.mouseClick(sheet.stay, Qt.MouseButton.LeftButton)
    window.show_palette()
    assert window.sheet is sheet
    window.quit()
    assert window.isVisible()
    QTest.mouseClick(sheet.discard, Qt.MouseButton.LeftButton)
    assert window.sheet is None
    assert not any(session.is_own_style(each.id) for each in session.styles())
    window.edit_style("house")
    sheet = window.sheet
    sheet.sliders["swing"].changed.emit(0.62)
    QTest.keyClick(sheet, Qt.Key.Key_Escape)
    QTest.mouseClick(sheet.save, Qt.MouseButton.LeftButton)
    try:
        assert window.sheet is None
        assert session.style("my-house").swing == 0.62
    finally:
        session.remove_style("my-house")
        window.ws.reload_styles()
