from __future__ import annotations

import pytest

from studio.project import edits
from studio.project.model import Project
from tests.ui.songs import song
from ui.viewmodels.drags import ClipDrag, find_clip, without_mirrored
from ui.viewmodels.snapping import FREE, Snap, places_of

GRID = Snap(grid=lambda at_s: round(at_s / 0.5) * 0.5)
ROWS = ("song", "vocals", "drums", "mine")


def _drag(
    project: Project, clip_id: str, zone: str, grab_s: float, ids: tuple[str, ...] = (), *, crossfades: bool = True
) -> ClipDrag:
    found = find_clip(project, clip_id)
    assert found is not None
    track, clip = found
    chosen = ids or (clip_id,)
    return ClipDrag(
        base=project,
        zone=zone,
        track=track,
        clip=clip,
        clip_ids=chosen,
        grab_s=grab_s,
        rows=ROWS,
        copies={each: f"copy-{each}" for each in chosen},
        crossfades=crossfades,
    )


def _to(drag: ClipDrag, at_s: float, snap: Snap = GRID, **more) -> Project:
    return drag.to(at_s, snap=snap, **more)[0]


def _two(gap_s: float = 0.0) -> Project:
    """Two pieces of one's own sound, the first at 8 to 12 s, the second behind it."""
    project = edits.split_clip(song(), "c-own", 12.0, ids=["c-right"])
    return edits.move_clip(project, "c-right", 12.0 + gap_s)


def _clip(project: Project, clip_id: str):
    found = find_clip(project, clip_id)
    assert found is not None
    return found[1]


def test_a_move_snaps_the_start() -> None:
    drag = _drag(song(), "c-own", "body", 10.0)
    assert _clip(_to(drag, 11.7), "c-own").start_s == pytest.approx(9.5)


def test_a_move_never_goes_before_the_start() -> None:
    drag = _drag(song(), "c-own", "body", 10.0)
    assert _clip(_to(drag, -50.0), "c-own").start_s == 0.0


def test_moving_the_song_moves_its_stems() -> None:
    moved = _to(_drag(song(), "c-mix", "body", 0.0), 4.0)
    assert [_clip(moved, c).start_s for c in ("c-mix", "c-vocals", "c-drums")] == [4.0, 4.0, 4.0]


def test_a_selection_of_song_and_stems_moves_once() -> None:
    project = song()
    ids = ("c-mix", "c-vocals", "c-drums")
    assert without_mirrored(project, ids) == ["c-mix"]
    moved = _to(_drag(project, "c-mix", "body", 0.0, ids), 2.0)
    assert [_clip(moved, c).start_s for c in ids] == [2.0, 2.0, 2.0]


def test_trims_follow_the_pointer() -> None:
    project = song()
    assert _clip(_to(_drag(project, "c-own", "start", 8.0), 9.1), "c-own").start_s == pytest.approx(9.0)
    assert _clip(_to(_drag(project, "c-own", "end", 16.0), 14.9), "c-own").end_s == pytest.approx(15.0)


def test_fades_stay_within_the_clip() -> None:
    project = song()
    assert _clip(_to(_drag(project, "c-own", "fade_in", 8.0), 10.0), "c-own").fade_in_s == pytest.approx(2.0)
    assert _clip(_to(_drag(project, "c-own", "fade_out", 16.0), 0.0), "c-own").fade_out_s == pytest.approx(8.0)


def test_nothing_is_dragged_of_a_clip_that_is_gone() -> None:
    assert find_clip(song(), "nothing") is None


def test_the_edge_of_another_clip_wins_over_the_grid() -> None:
    project = _two(gap_s=2.3)
    snap = Snap(grid=GRID.grid, places_s=places_of(project, without={"c-own"}), reach_s=0.1)
    moved, snapped = _drag(project, "c-own", "body", 8.0).to(10.27, snap=snap)
    assert _clip(moved, "c-own").end_s == pytest.approx(14.3)
    assert snapped is not None
    assert snapped.guide_s == pytest.approx(14.3)
    moved, snapped = _drag(project, "c-own", "body", 8.0).to(9.1, snap=snap)
    assert _clip(moved, "c-own").start_s == pytest.approx(9.0)
    assert snapped is not None
    assert snapped.guide_s is None


def test_a_little_overlap_cross_fades_and_a_move_away_takes_the_fades_back() -> None:
    moved = _to(_drag(_two(), "c-right", "body", 12.0), 11.0, FREE)
    left, right = _clip(moved, "c-own"), _clip(moved, "c-right")
    assert (left.end_s, right.start_s) == (pytest.approx(12.0), pytest.approx(11.0))
    assert left.fade_out_s == pytest.approx(1.0)
    assert right.fade_in_s == pytest.approx(1.0)
    away = _to(_drag(moved, "c-right", "body", 11.0), 13.0, FREE)
    assert _clip(away, "c-own").fade_out_s == 0.0
    assert _clip(away, "c-right").fade_in_s == 0.0


def test_a_large_overlap_makes_room_and_so_does_any_when_cross_fades_are_off() -> None:
    moved = _to(_drag(_two(), "c-right", "body", 12.0), 9.0, FREE)
    assert _clip(moved, "c-own").end_s == pytest.approx(9.0)
    moved = _to(_drag(_two(), "c-right", "body", 12.0, crossfades=False), 11.0, FREE)
    assert _clip(moved, "c-own").end_s == pytest.approx(11.0)
    assert _clip(moved, "c-own").fade_out_s == 0.0


def test_several_clips_move_to_other_tracks_together() -> None:
    project = song()
    drag = _drag(project, "c-vocals", "body", 0.0, ("c-vocals", "c-drums"))
    moved = _to(drag, 0.0, FREE, track_id="drums")
    assert [clip.id for clip in moved.track("drums").clips] == ["c-vocals"]
    assert "c-drums" in [clip.id for clip in moved.track("mine").clips]
    assert moved.track("vocals").clips == ()


def test_no_clip_leaves_the_rows() -> None:
    drag = _drag(song(), "c-vocals", "body", 0.0, ("c-vocals", "c-own"))
    moved = _to(drag, 0.0, FREE, track_id="mine")
    assert [clip.id for clip in moved.track("vocals").clips] == ["c-vocals"]


def test_a_copy_leaves_the_clip_where_it_is() -> None:
    drag = _drag(_two(gap_s=10.0), "c-own", "body", 8.0)
    copied = _to(drag, 13.0, FREE, copy=True)
    assert _clip(copied, "c-own").start_s == 8.0
    assert _clip(copied, "copy-c-own").start_s == pytest.approx(13.0)
    across = _to(drag, 8.0, FREE, track_id="drums", copy=True)
    assert "copy-c-own" in [clip.id for clip in across.track("drums").clips]


def test_a_slip_moves_the_sound_and_not_the_clip() -> None:
    project = edits.trim_clip(song(), "c-own", start_s=9.0)
    slipped = _to(_drag(project, "c-own", "slip", 10.0), 10.5, FREE)
    before, after = _clip(project, "c-own"), _clip(slipped, "c-own")
    assert (after.start_s, after.length_s) == (before.start_s, before.length_s)
    assert after.source_start_s == pytest.approx(before.source_start_s - 0.5)


def test_fades_and_trims_reach_all_that_is_selected() -> None:
    project = _two(gap_s=1.0)
    both = ("c-own", "c-right")
    faded = _to(_drag(project, "c-own", "fade_in", 8.0, both), 8.75)
    assert [_clip(faded, each).fade_in_s for each in both] == [pytest.approx(0.75)] * 2
    trimmed = _to(_drag(project, "c-own", "start", 8.0, both), 9.0)
    assert [_clip(trimmed, each).start_s for each in both] == [pytest.approx(9.0), pytest.approx(14.0)]
