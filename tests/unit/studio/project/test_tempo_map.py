"""Musical time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.base.errors import ProjectError
from studio.project.model import Project, TempoPoint
from studio.project.tempo import DIVISIONS, TempoMap

TWO = TempoMap([TempoPoint(bpm=120), TempoPoint(at_beats=8, bpm=60)])


def test_seconds_and_beats_follow_the_tempo() -> None:
    assert TWO.beats(2) == 4
    assert TWO.seconds(8) == 4
    assert TWO.beats(6) == 10
    assert TWO.seconds(10) == 6
    assert TWO.seconds(-2) == -1
    assert (TWO.bpm_at(3.9), TWO.bpm_at(4)) == (120, 60)


def test_positions_read_back() -> None:
    assert TWO.text(0) == "1.1.000"
    assert TWO.text(3.75) == "2.4.480"
    assert TWO.text(-1) == "1.1.000"
    assert TWO.parse("2.4.480") == 3.75
    assert TWO.parse(" 3 ") == 4
    assert TWO.parse("3.2") == 5
    assert TempoMap([TempoPoint(bpm=120)], beats_per_bar=7, beat_unit=8).text(4) == "2.2.000"
    assert TWO.text(TWO.seconds(4 - 1e-9)) == "2.1.000", "rounding never shows a beat of 960 ticks"


@pytest.mark.parametrize("text", ["", "0", "1.5", "1.1.960", "x", "1.0", "1.1.1.1", "99999999"])
def test_a_place_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ProjectError) as refused:
        TWO.parse(text)
    assert refused.value.code == "edit-invalid"


def test_snapping_goes_to_the_nearest_line() -> None:
    assert TWO.snap(0.26, "beat") == 0.5
    assert TWO.snap(0.26, "1/16") == 0.25
    assert TWO.snap(1.1, "bar") == 2
    assert TWO.snap(-3, "beat") == 0
    assert TWO.snap(0.15, "1/8t") == pytest.approx(1 / 6)
    seven = TempoMap([TempoPoint(bpm=120)], beats_per_bar=7, beat_unit=8)
    assert seven.snap(3.4, "1/4") == 3.5, "the next bar is nearer than a step across it"


def test_the_grid_says_what_begins() -> None:
    lines = list(TWO.grid(1.5, 2.5, "1/8"))
    assert [(line.at_s, line.level, line.bar, line.beat) for line in lines] == [
        (1.5, "beat", 1, 4),
        (1.75, "division", 1, 4),
        (2.0, "bar", 2, 1),
        (2.25, "division", 2, 1),
        (2.5, "beat", 2, 2),
    ]
    assert [line.bar for line in TempoMap.of(Project(id="p")).grid(-5, 4.1, "bar")] == [1, 2, 3]


@given(
    bpms=st.lists(st.floats(20, 400), min_size=1, max_size=4),
    seconds=st.floats(0, 600),
    division=st.sampled_from(DIVISIONS),
    metre=st.sampled_from([(4, 4), (3, 4), (7, 8), (5, 4)]),
)
def test_time_there_and_back(bpms: list[float], seconds: float, division, metre: tuple[int, int]) -> None:
    points = [TempoPoint(at_beats=index * 16.0, bpm=bpm) for index, bpm in enumerate(bpms)]
    tempo = TempoMap(points, beats_per_bar=metre[0], beat_unit=metre[1])
    assert tempo.seconds(tempo.beats(seconds)) == pytest.approx(seconds, abs=1e-9)
    snapped = tempo.snap(seconds, division)
    assert tempo.snap(snapped, division) == pytest.approx(snapped, abs=1e-6)
    bar_s = tempo.division_beats(division) * 60 / min(bpms)
    assert abs(snapped - seconds) <= bar_s / 2 + 1e-6 or snapped in {
        line.at_s for line in tempo.grid(max(seconds - 60, 0), seconds + 60, "bar")
    }
