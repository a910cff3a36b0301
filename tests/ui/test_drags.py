from __future__ import annotations

import pytest

from studio.project.model import Project
from tests.ui.songs import song
from ui.viewmodels.drags import ClipDrag, find_clip, without_mirrored


def _drag(project: Project, clip_id: str, zone: str, grab_s: float, ids: tuple[str, ...] = ()) -> ClipDrag:
    found = find_clip(project, clip_id)
    assert found is not None
    track, clip = found
    return ClipDrag(base=project, zone=zone, track=track, clip=clip, clip_ids=ids or (clip_id,), grab_s=grab_s)


def _snap(at_s: float) -> float:
    return round(at_s / 0.5) * 0.5


def _clip(project: Project, clip_id: str):
    found = find_clip(project, clip_id)
    assert found is not None
    return found[1]


def test_a_move_snaps_the_start() -> None:
    drag = _drag(song(), "c-own", "body", 10.0)
    assert _clip(drag.to(11.7, snap=_snap), "c-own").start_s == pytest.approx(9.5)


def test_a_move_never_goes_before_the_start() -> None:
    drag = _drag(song(), "c-own", "body", 10.0)
    assert _clip(drag.to(-50.0, snap=_snap), "c-own").start_s == 0.0


def test_moving_the_song_moves_its_stems() -> None:
    moved = _drag(song(), "c-mix", "body", 0.0).to(4.0, snap=_snap)
    assert [_clip(moved, c).start_s for c in ("c-mix", "c-vocals", "c-drums")] == [4.0, 4.0, 4.0]


def test_a_selection_of_song_and_stems_moves_once() -> None:
    project = song()
    ids = ("c-mix", "c-vocals", "c-drums")
    assert without_mirrored(project, ids) == ["c-mix"]
    moved = _drag(project, "c-mix", "body", 0.0, ids).to(2.0, snap=_snap)
    assert [_clip(moved, c).start_s for c in ids] == [2.0, 2.0, 2.0]


def test_trims_follow_the_pointer() -> None:
    project = song()
    assert _clip(_drag(project, "c-own", "start", 8.0).to(9.1, snap=_snap), "c-own").start_s == pytest.approx(9.0)
    assert _clip(_drag(project, "c-own", "end", 16.0).to(14.9, snap=_snap), "c-own").end_s == pytest.approx(15.0)


def test_fades_stay_within_the_clip() -> None:
    project = song()
    assert _clip(_drag(project, "c-own", "fade_in", 8.0).to(10.0, snap=_snap), "c-own").fade_in_s == pytest.approx(2.0)
    assert _clip(_drag(project, "c-own", "fade_out", 16.0).to(0.0, snap=_snap), "c-own").fade_out_s == pytest.approx(
        8.0
    )


def test_nothing_is_dragged_of_a_clip_that_is_gone() -> None:
    assert find_clip(song(), "nothing") is None
