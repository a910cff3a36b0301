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
    ):
        assert changed != style
        check_style(changed)
    steps = model.with_step(style, 0, 1, "o").arrangement.drums.lanes[0].steps  # type: ignore[union-attr]
    assert steps == "Xo--X---X---X---"
    assert model.with_step(style, 99, 0, "x") is style
    assert model.with_step(style, 0, 99, "x") is style


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
