"""Every panel looks as in the stored pictures: the same things in the same places, in both themes, at three scales."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor, QImage

from studio.session import Session
from tests.ui import panel_pictures as pictures
from tests.ui.driver import Person, renew


@pytest.fixture
def session(opened: Session) -> Session:
    """The shared session with an empty project."""
    return renew(opened)


def test_the_comparison_sees_a_panel_that_is_gone() -> None:
    whole = QImage(480, 300, QImage.Format.Format_RGB32)
    whole.fill(QColor("#101418"))
    broken = whole.copy()
    for y in range(100, 160):
        for x in range(200, 300):
            broken.setPixelColor(x, y, QColor("#e0e0e0"))
    assert pictures.difference(whole, whole) == (0.0, 0.0)
    mean, most = pictures.difference(whole, broken)
    assert most > pictures.CELL_LIMIT
    assert mean > 0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_panels_look_as_they_are_stored(window, sound) -> None:
    person = Person(window)
    pictures.prepare(window, person, sound)
    wrong: list[str] = []
    for name, image in pictures.all_of(window, person):
        kept = pictures.stored(name)
        if kept.isNull():
            wrong.append(f"{name}: not stored")
            continue
        mean, most = pictures.difference(kept, image)
        if mean > pictures.MEAN_LIMIT or most > pictures.CELL_LIMIT:
            wrong.append(f"{name}: {mean:.3f}, {most:.2f}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
def test_the_stored_pictures_are_small() -> None:
    files = list(pictures.STORE.glob("*.png"))
    expected = {
        f"{name}-{mode}-{scale:g}x.png"
        for name in pictures.PANELS
        for mode in pictures.MODES
        for scale in pictures.SCALES
    }
    assert {path.name for path in files} == expected
    assert sum(path.stat().st_size for path in files) < 4_000_000
