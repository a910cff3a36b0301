from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from studio.project.model import Project, TempoPoint
from ui.viewmodels.timeline import MAX_LEVEL, MIN_LEVEL, BarGrid, Viewport


def _project(**more) -> Project:
    return Project(id="p", tempo=(TempoPoint(bpm=120.0),), **more)


def test_zoom_keeps_the_time_under_the_pointer() -> None:
    view = Viewport(level=20, origin_px=400.0, width=800)
    before = view.s_of(300)
    assert view.zoom(3, 300)
    assert view.s_of(300) == pytest.approx(before)


def test_four_notches_double_the_scale() -> None:
    view = Viewport(level=8)
    scale = view.px_per_s
    view.zoom(4, 0)
    assert view.px_per_s == pytest.approx(2 * scale)


def test_zoom_stops_at_its_limits() -> None:
    view = Viewport(level=MAX_LEVEL)
    assert not view.zoom(1, 0)
    view.level = MIN_LEVEL
    assert not view.zoom(-1, 0)


@given(level=st.integers(MIN_LEVEL, MAX_LEVEL), origin=st.floats(0, 1e5), at_s=st.floats(0, 3600))
def test_pixels_and_seconds_are_inverse(level: int, origin: float, at_s: float) -> None:
    view = Viewport(level=level, origin_px=origin)
    assert view.s_of(view.x_of(at_s)) == pytest.approx(at_s, abs=1e-6)


def test_fit_shows_the_whole_span() -> None:
    view = Viewport(width=700)
    view.fit(0.0, 180.0)
    assert view.x_of(180.0) <= 700
    assert view.x_of(180.0) > 700 * 0.7


def test_following_turns_the_page_only_when_the_playhead_leaves() -> None:
    view = Viewport(level=24, width=640)
    assert not view.follow(1.0)
    assert view.follow(60.0)
    assert 0 < view.x_of(60.0) < 640


def test_position_is_read_as_it_is_written() -> None:
    grid = BarGrid(_project())
    assert grid.position(33.0) == "17.3.000"
    assert grid.parse_position("17.3.000") == pytest.approx(33.0)
    assert grid.parse_position("2") == pytest.approx(2.0)
    assert grid.parse_position("2.2") == pytest.approx(2.5)


@pytest.mark.parametrize("text", ["", "x", "0.1", "1.0", "1.1.1.1", "-2"])
def test_what_is_no_position_is_refused(text: str) -> None:
    assert BarGrid(_project()).parse_position(text) is None


def test_snap_goes_to_the_nearest_line_and_never_below_zero() -> None:
    grid = BarGrid(_project())
    assert grid.snap(1.26, "beat") == pytest.approx(1.5)
    assert grid.snap(0.1, "beat") == 0.0
    assert grid.snap(3.2, "bar") == pytest.approx(4.0)


def test_grid_lines_thin_out() -> None:
    grid = BarGrid(_project())
    near = list(grid.lines(0.0, 4.0, 100.0))
    far = list(grid.lines(0.0, 64.0, 2.0))
    assert [line.beat for line in near[:5]] == [1, 2, 3, 4, 1]
    assert all(line.beat == 1 for line in far)
    gaps = [b.at_s - a.at_s for a, b in pairwise(far)]
    assert min(gaps) * 2.0 >= 9.0


def test_labels_have_room() -> None:
    grid = BarGrid(_project())
    for scale in (0.5, 2.0, 20.0, 300.0):
        assert grid.label_step(scale) * 2.0 * scale >= 56


def test_a_tempo_change_moves_what_comes_after() -> None:
    project = replace(_project(), tempo=(TempoPoint(bpm=120.0), TempoPoint(at_beats=4.0, bpm=60.0)))
    grid = BarGrid(project)
    assert grid.seconds(4.0) == pytest.approx(2.0)
    assert grid.seconds(5.0) == pytest.approx(3.0)
