from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from ui.viewmodels import words


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00.00"), (33.48, "0:33.48"), (59.999, "1:00.00"), (211.2, "3:31.20"), (-1, "0:00.00")]
)
def test_clock(seconds: float, text: str) -> None:
    assert words.clock(seconds) == text


def test_clock_without_hundredths_and_with_hours() -> None:
    assert words.clock(211.4, hundredths=False) == "3:31"
    assert words.clock(3661, hundredths=False) == "1:01:01"


@pytest.mark.parametrize(
    ("value", "text"),
    [(-1.5, "−1.5 dB"), (0.0, "0.0 dB"), (-0.01, "0.0 dB"), (-96.0, "−∞ dB"), (float("-inf"), "−∞ dB")],
)
def test_decibels(value: float, text: str) -> None:
    assert words.decibels(value) == text


def test_decibels_with_a_plus() -> None:
    assert words.decibels(2.0, unit=False, plus=True) == "+2.0"
    assert words.decibels(-3.2, unit=False, plus=True) == "−3.2"


@pytest.mark.parametrize(
    ("typed", "key", "name"),
    [
        ("f#m", "F# minor", "F♯ minor"),
        ("Bb", "Bb major", "B♭ major"),
        ("c minor", "C minor", "C minor"),
        ("D♭", "Db major", "D♭ major"),
    ],
)
def test_keys_are_parsed_and_spelled(typed: str, key: str, name: str) -> None:
    assert words.parse_key(typed) == key
    assert words.key_name(key) == name


@pytest.mark.parametrize("typed", ["", "H", "F#q", "123", "Cmmm"])
def test_what_is_no_key_is_refused(typed: str) -> None:
    assert words.parse_key(typed) is None


def test_level_of_silence_and_of_nothing() -> None:
    assert words.level(None, "LUFS") == "−∞ LUFS"
    assert words.level(float("-inf"), "dBTP") == "−∞ dBTP"
    assert words.level(-14.24, "LUFS") == "−14.2 LUFS"


def test_time_left_is_told_in_seconds_then_minutes() -> None:
    assert words.time_left(None) == ""
    assert words.time_left(0.2) == "1 s left"
    assert words.time_left(150) == "2 min left"


def test_pan_percent_and_semitones() -> None:
    assert [words.pan(v) for v in (0.0, -0.2, 1.0)] == ["C", "L 20", "R 100"]
    assert words.percent(712_000) == "71.2 %"
    assert [words.semitones(v) for v in (0, 2, -5, 0.5)] == ["0 st", "+2 st", "−5 st", "+0.50 st"]


def test_a_moment_is_told_by_this_computers_clock_and_nonsense_left_as_it_is() -> None:
    here = datetime.datetime(2026, 11, 19, 14, 7).astimezone()
    assert words.moment(here.astimezone(datetime.UTC).isoformat()) == "19 Nov 2026, 14:07"
    assert words.moment("2026-11-19") == "19 Nov 2026"
    assert words.moment("soon") == "soon"
    assert words.moment(None) == ""


def test_a_path_in_the_folder_of_the_person_is_short(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert words.place(tmp_path / "Music" / "a.wav") == str(Path("~") / "Music" / "a.wav")
    assert words.place(Path("/elsewhere/a.wav")) == str(Path("/elsewhere/a.wav"))


def test_what_stands_in_brackets_stays_on_one_line() -> None:
    assert words.together("as Dub (Production style 1.2.0)") == "as Dub (Production\u00a0style\u00a01.2.0)"
