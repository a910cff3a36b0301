"""Warp markers, the grid, slipping, following the tempo, and the clipboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from studio.base.errors import ProjectError
from studio.project import edits
from studio.project.check import problems
from studio.project.model import Clip, Project, Source, WarpMarker
from studio.project.tempo import TempoMap
from studio.project.usage import usage_of
from studio.project.warp import WarpMap, tempo_range

Markers = list[tuple[float, float]]


def shaker(project: Project) -> Clip:
    return next(clip for track in project.tracks for clip in track.clips if clip.id == "s")


def plays(clip: Clip, at_s: float) -> float:
    """The place of the source that a clip plays at a time of the timeline."""
    within = at_s - clip.start_s
    return WarpMap.of(clip).source_at(clip.length_s - within if clip.reverse else within)


def test_markers_say_what_plays_when(project: Project) -> None:
    warped = edits.set_warp(project, "s", [(8, 9), (2, 1)])
    clip = shaker(warped)
    assert clip.warp == (WarpMarker(source_s=2, clip_s=1), WarpMarker(source_s=8, clip_s=9))
    # The slope goes on beyond the markers: 0.75, so that the clip begins 1.25 s into the sound.
    assert (clip.start_s, clip.length_s) == (20, 10)
    assert clip.source_start_s == pytest.approx(1.25)
    assert clip.tempo_ratio == pytest.approx(0.75)
    assert edits.set_warp(warped, "s", [(8, 9), (2, 1)]) is warped
    even = shaker(edits.clear_warp(warped, "s"))
    assert (even.warp, even.source_start_s, even.tempo_ratio) == ((), pytest.approx(1.25), pytest.approx(0.75))


def test_a_warp_that_asks_for_too_much_is_held(project: Project) -> None:
    clip = shaker(edits.set_warp(project, "s", [(0, 0), (5, 0.1), (10, 9)]))
    slopes = list(WarpMap.of(clip).ratios(-100, 100))
    assert 0.25 <= min(slopes) <= max(slopes) <= 4.0
    assert clip.warp[1].clip_s == pytest.approx(1.25)
    for markers in ([], [(1, 1)], [(1, 1), (1.001, 2)], [(40, 0), (50, 10)], [(float("nan"), 0), (1, 1)]):
        with pytest.raises(ProjectError) as refused:
            edits.set_warp(project, "s", markers)
        assert refused.value.remedy


def test_a_clip_ends_where_its_warped_sound_does(project: Project) -> None:
    clip = shaker(edits.set_warp(project, "s", [(0, 2), (10, 7)]))
    assert (clip.start_s, clip.length_s, clip.source_start_s) == (22, 5, 0)
    turned = edits.set_clip(project, "s", reverse=True)
    clip = shaker(edits.set_warp(turned, "s", [(0, 2), (10, 7)]))
    assert (clip.start_s, clip.end_s) == (23, 28), "of a reversed clip the sound begins at its end"


@pytest.mark.parametrize("reverse", [False, True])
def test_cutting_and_pulling_leave_every_sound_in_its_place(project: Project, reverse: bool) -> None:
    warped = edits.set_warp(edits.set_clip(project, "s", reverse=reverse), "s", [(0, 0), (3, 2), (7, 7), (10, 10)])
    whole = shaker(warped)
    cut = edits.split_clip(warped, "s", 24.5, ids=["r"])
    left, right = cut.track("u").clips
    for at_s in (20.1, 22.0, 24.4):
        assert plays(left, at_s) == pytest.approx(plays(whole, at_s))
    for at_s in (24.6, 27.0, 29.9):
        assert plays(right, at_s) == pytest.approx(plays(whole, at_s))
    trimmed = edits.trim_clip(warped, "s", start_s=23, end_s=26)
    assert plays(shaker(trimmed), 24.0) == pytest.approx(plays(whole, 24.0))
    pulled = edits.trim_clip(trimmed, "s", start_s=0, end_s=99)
    assert (shaker(pulled).start_s, shaker(pulled).end_s) == (pytest.approx(20), pytest.approx(30))
    joined = edits.join_clips(cut, ["s", "r"])
    assert plays(shaker(joined), 27.0) == pytest.approx(plays(whole, 27.0))
    assert shaker(joined).length_s == pytest.approx(10)
    for each in (cut, trimmed, pulled, joined):
        assert list(problems(each)) == []


def test_stems_are_warped_with_their_recording(split: Project) -> None:
    warped = edits.set_warp(split, "a", [(0, 0), (50, 51), (100, 100)])
    assert warped.track("drums").clips[0].warp == warped.track("t").clips[0].warp
    slipped = edits.slip_clip(edits.trim_clip(warped, "a", start_s=10, end_s=90), "a", 2)
    assert slipped.track("drums").clips[0].source_start_s == slipped.track("t").clips[0].source_start_s > 0


def test_licences_see_the_fastest_and_the_slowest_part(project: Project) -> None:
    warped = edits.set_warp(project, "a", [(0, 0), (50, 40), (100, 100)])
    slowest, fastest = usage_of(warped).sources[0].tempo_ratio
    assert (slowest, fastest) == (pytest.approx(50 / 60), pytest.approx(1.25))
    part = edits.trim_clip(warped, "a", end_s=30)
    assert tempo_range(part.track("t").clips[0]) == (pytest.approx(1.25), pytest.approx(1.25))


def test_slipping_moves_the_sound_as_far_as_it_reaches(project: Project) -> None:
    short = edits.trim_clip(project, "s", start_s=22, end_s=27)
    assert shaker(edits.slip_clip(short, "s", 1)).source_start_s == 1
    assert shaker(edits.slip_clip(short, "s", 9)).source_start_s == 0
    assert shaker(edits.slip_clip(short, "s", -9)).source_start_s == 5
    turned = edits.set_clip(short, "s", reverse=True)
    assert plays(shaker(edits.slip_clip(turned, "s", 1)), 25) == pytest.approx(plays(shaker(turned), 24))
    assert edits.slip_clip(project, "s", 3) is project, "all of the sound shows"


@pytest.mark.parametrize(("bpm", "stride"), [(120.0, 1.0), (60.0, 0.5), (240.0, 2.0)])
def test_beats_go_to_the_grid(project: Project, bpm: float, stride: float) -> None:
    project = edits.set_tempo(project, bpm)
    # A player at about 117 BPM who drifts, first beat at 0.3 s.
    beats = [0.3 + 0.512 * i + 0.01 * (i % 3) for i in range(18)]
    clip = shaker(edits.warp_to_grid(project, "s", beats))
    grid = TempoMap.of(project)
    places = [grid.beats(clip.start_s + WarpMap.of(clip).clip_at(beat)) for beat in beats]
    assert places == pytest.approx([round(places[0]) + stride * i for i in range(18)], abs=1e-6)
    assert abs(clip.start_s + WarpMap.of(clip).clip_at(beats[0]) - 20.3) < 0.5 * 60 / bpm
    assert clip.follow_tempo


def test_clips_that_follow_the_tempo_keep_their_bars(project: Project) -> None:
    project = edits.set_follow_tempo(edits.add_marker(project, 20, "Drop", length_s=10), "s", True)
    project = edits.set_loop(project, start_s=20, end_s=29.5, enabled=True)
    project = edits.set_automation(project, "u", "gain_db", [(20, -6), (21.3, 0)])
    project = edits.set_automation(project, "t", "gain_db", [(20, -6), (21.3, 0)])
    faster = edits.set_tempo(project, 150)
    clip = shaker(faster)
    assert (clip.start_s, clip.length_s, clip.tempo_ratio) == (16, 8, 1.25)
    assert faster.track("t").clips[0].start_s == 0
    assert faster.track("t").clips[0].length_s == 100, "what does not follow stays in seconds"
    assert (faster.markers[0].start_s, faster.markers[0].length_s) == (16, 8)
    assert (faster.loop.start_s, faster.loop.end_s) == (16, 29.5), "only what stands on a bar moves"
    assert [p.at_s for p in faster.track("u").automation[0].points] == pytest.approx([16, 17.04])
    assert [p.at_s for p in faster.track("t").automation[0].points] == [16, 21.3]
    back = edits.set_tempo(faster, 120)
    assert (shaker(back).start_s, shaker(back).length_s, shaker(back).tempo_ratio) == (20, 10, 1)
    found = edits.set_tempo(project, 150, move=False)
    assert (shaker(found).start_s, found.markers[0].start_s) == (20, 20)


def test_a_tempo_change_under_a_clip_bends_it(project: Project) -> None:
    project = edits.set_follow_tempo(project, "s", True)
    changed = edits.set_tempo(project, 60, at_beats=50)
    clip = shaker(changed)
    before, after = TempoMap.of(project), TempoMap.of(changed)
    assert (clip.start_s, clip.end_s) == (20, 35)
    for beats in (40, 45, 50, 55, 59):
        assert plays(clip, after.seconds(beats)) == pytest.approx(plays(shaker(project), before.seconds(beats)))
    assert shaker(edits.remove_tempo(changed, 50)).length_s == pytest.approx(10)
    assert list(problems(changed)) == []


def test_clips_go_to_another_project_with_all_that_belongs_to_them(
    split: Project, counted: Callable[[str], object]
) -> None:
    split = edits.add_grant(split, "a" * 64, "gr_1")
    data = edits.copy_clips(split, ["drums-a", "s"])
    other = edits.paste_clips(Project(id="q"), data, 4.0, ids=counted("n"))  # type: ignore[arg-type]
    assert [track.name for track in other.tracks] == ["Drums", "Shaker"]
    assert [track.clips[0].start_s for track in other.tracks] == [4, 24]
    assert set(other.sources) == {"song", "song-drums", "own"}, "with what they were made from"
    assert other.grants == {"a" * 64: "gr_1"}
    assert usage_of(other).sources[0].stems == {"drums"}
    assert list(problems(other)) == []
    there = edits.paste_clips(split, data, 90.0, "u")
    assert [clip.start_s for clip in there.track("u").clips] == [20, 90]
    assert there.tracks[-1].name == "Shaker", "no track below it is left, so that one is added"


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff\xfe", b'{"type":"contrafact-clips"}', b"[" * 10_000])
def test_a_strange_clipboard_is_refused(project: Project, data: bytes) -> None:
    with pytest.raises(ProjectError) as refused:
        edits.paste_clips(project, data, 0.0)
    assert refused.value.code == "edit-invalid"


def test_a_source_that_is_another_one_is_not_taken(project: Project, make_stem: Callable[..., Source]) -> None:
    data = edits.copy_clips(project, ["s"]).replace(b'"title":"Shaker"', b'"title":"Shakes"')
    with pytest.raises(ProjectError):
        edits.paste_clips(project, data, 0.0)
