from __future__ import annotations

import datetime
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.ui.driver import Person, renew
from ui.viewmodels import artist

TERMS = {"permit": ["play", "stem:drums", "export"], "deny": ["train"], "constraints": {"pitch_semitones": [-2, 2]}}


def test_switches_move_words_between_permit_and_deny() -> None:
    changed = artist.with_allowed(TERMS, ("export",), False)
    assert not artist.allowed(changed, ("export",))
    assert changed["deny"] == ["train", "export"]
    assert artist.with_allowed(changed, ("export",), True)["permit"] == ["play", "stem:drums", "export"]
    assert TERMS["permit"] == ["play", "stem:drums", "export"]
    assert not artist.restyles_vocals(artist.with_restyled_vocals(TERMS, False))


def test_limits_and_places_in_words() -> None:
    assert artist.limits_of(TERMS, "pitch_semitones", (-48.0, 48.0)) == (-2.0, 2.0)
    assert artist.limits_of(TERMS, "tempo_ratio", (0.1, 10.0)) == (0.1, 10.0)
    assert artist.with_range(TERMS, "tempo_ratio", 1.2, 0.8)["constraints"]["tempo_ratio"] == [0.8, 1.2]
    assert artist.territory_words(TERMS) == "Everywhere"
    many = {"constraints": {"territory": ["SE", "US", "DE", "FR"]}}
    assert artist.territory_words(many) == "SE, US and 2 more"
    assert artist.with_floor(TERMS, 2_000_000)["splits"]["master_floor_ppm"] == 1_000_000


def test_shares_add_up_exactly_by_day() -> None:
    today = datetime.date(2026, 11, 21)
    uses = [
        SimpleNamespace(at="2026-11-21T10:00:00Z", master_ppm=712_345, publishing_ppm=415_000),
        SimpleNamespace(at="2026-11-21T12:00:00Z", master_ppm=900_001, publishing_ppm=1),
        SimpleNamespace(at="2026-01-01T12:00:00Z", master_ppm=1, publishing_ppm=1),
        SimpleNamespace(at="soon", master_ppm=1, publishing_ppm=1),
    ]
    days = artist.by_day(uses, days=30, today=today)
    assert len(days) == 30
    assert days[-1] == (today, 1_612_346, 415_001)
    assert sum(day[1] for day in days) == 1_612_346
    assert artist.shares(1_612_346) == "1.612346"


@pytest.fixture
def session(opened):
    return renew(opened)


def test_the_artists_view_fills_the_window_between_the_bars(window) -> None:
    person = Person(window)
    person.wait(lambda: window.session.account is not None and not person.busy(), "the demo account")
    window.show_artist()
    sheet = window.sheet
    person.wait(lambda: sheet.detail is not None and not person.busy(), "the catalogue of the label")
    assert sheet.model.rowCount() >= 3
    assert sheet.detail.summary.id == sheet.model.item(0).id
    top, foot = window.transport.height(), window.status.height()
    assert sheet.geometry().getRect() == (0, top, window.width(), window.height() - top - foot)
    window.resize(1200, 800)
    assert sheet.geometry().getRect() == (0, top, 1200, 800 - top - foot)
    sheet.list.setCurrentIndex(sheet.model.index(1, 0))
    person.wait(lambda: sheet.detail.summary.id == sheet.model.item(1).id, "the second recording")
    window.grab()
    QTest.mouseClick(sheet.close_button, Qt.MouseButton.LeftButton)
    assert window.sheet is None
