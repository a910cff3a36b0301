"""Clips: they make room, stay within their sources, and say no with a way out."""

from __future__ import annotations

import math

import pytest
from msgspec.structs import replace

from studio.base.errors import ProjectError
from studio.project import edits
from studio.project.model import Clip, Project


def spans(project: Project, track_id: str) -> list[tuple[str, float, float, float]]:
    return [
        (c.id, round(c.start_s, 6), round(c.end_s, 6), round(c.source_start_s, 6))
        for c in project.track(track_id).clips
    ]


def test_a_clip_is_cut_to_its_source(project: Project) -> None:
    added = edits.add_clip(project, "u", Clip(id="n", source="own", start_s=40, length_s=60, source_start_s=4))
    assert spans(added, "u")[-1] == ("n", 40, 46, 4)
    early = edits.add_clip(project, "u", Clip(id="n", source="own", start_s=-3, length_s=2))
    assert spans(early, "u")[0] == ("n", 0, 2, 0)


def test_a_clip_beyond_its_source_is_refused(project: Project) -> None:
    with pytest.raises(ProjectError) as refused:
        edits.add_clip(project, "u", Clip(id="n", source="own", start_s=0, length_s=1, source_start_s=10))
    assert refused.value.code == "edit-invalid"
    assert refused.value.remedy


@pytest.mark.parametrize(
    "clip",
    [
        Clip(id="a", source="own", start_s=0, length_s=1),
        Clip(id="n", source="gone", start_s=0, length_s=1),
        Clip(id="n", source="own", start_s=math.nan, length_s=1),
        Clip(id="n", source="own", start_s=0, length_s=math.inf, gain_db=math.nan),
    ],
)
def test_an_impossible_clip_is_refused(project: Project, clip: Clip) -> None:
    with pytest.raises(ProjectError) as refused:
        edits.add_clip(project, "u", clip)
    assert refused.value.code == "edit-invalid"


def test_a_clip_in_the_middle_splits_what_is_under_it(project: Project) -> None:
    moved = edits.move_clip(project, "s", 30, track_id="t", ids=["right"])
    assert spans(moved, "t") == [("a", 0, 30, 0), ("s", 30, 40, 0), ("right", 40, 100, 40)]
    assert spans(moved, "u") == []


def test_moving_clamps_at_the_start_and_trims_what_it_covers(project: Project) -> None:
    moved = edits.move_clip(project, "s", -5, track_id="t")
    assert spans(moved, "t") == [("s", 0, 10, 0), ("a", 10, 100, 10)]
    assert edits.move_clip(project, "a", -1) is project


def test_a_clip_that_is_covered_is_removed(project: Project) -> None:
    small = edits.add_clip(project, "u", Clip(id="n", source="own", start_s=40, length_s=2))
    covered = edits.move_clip(small, "s", 38)
    assert spans(covered, "u") == [("s", 38, 48, 0)]


def test_several_clips_move_together(project: Project) -> None:
    two = edits.add_clip(project, "u", Clip(id="n", source="own", start_s=30, length_s=5))
    right = edits.move_clips(two, ["n", "s"], 4)
    assert spans(right, "u") == [("s", 24, 34, 0), ("n", 34, 39, 0)]
    left = edits.move_clips(two, ["s", "n"], -50)
    assert spans(left, "u") == [("s", 0, 10, 0), ("n", 10, 15, 0)]
    assert edits.move_clips(two, [], 1) is two


def test_trimming_stops_at_the_source(project: Project) -> None:
    short = edits.trim_clip(project, "s", start_s=22, end_s=27)
    assert spans(short, "u") == [("s", 22, 27, 2)]
    assert spans(edits.trim_clip(short, "s", start_s=-9, end_s=99), "u") == [("s", 20, 30, 0)]
    assert edits.trim_clip(project, "s", end_s=99) is project
    tiny = edits.trim_clip(project, "s", end_s=0)
    assert tiny.track("u").clips[0].length_s == pytest.approx(0.001)


def test_a_reversed_clip_is_trimmed_at_the_right_end_of_its_source(project: Project) -> None:
    turned = edits.set_clip(project, "s", reverse=True)
    shorter = edits.trim_clip(turned, "s", start_s=23)
    assert spans(shorter, "u") == [("s", 23, 30, 0)], "its start plays the end of the source"
    assert spans(edits.trim_clip(turned, "s", end_s=27), "u") == [("s", 20, 27, 3)]
    assert spans(edits.trim_clip(shorter, "s", start_s=0), "u") == [("s", 20, 30, 0)]


def test_splitting_keeps_every_frame(project: Project) -> None:
    faded = edits.set_clip(project, "s", fade_in_s=1, fade_out_s=2)
    cut = edits.split_clip(faded, "s", 24, ids=["r"])
    assert spans(cut, "u") == [("s", 20, 24, 0), ("r", 24, 30, 4)]
    left, right = cut.track("u").clips
    assert (left.fade_in_s, left.fade_out_s, right.fade_in_s, right.fade_out_s) == (1, 0, 0, 2)
    turned = edits.split_clip(edits.set_clip(project, "s", reverse=True), "s", 24, ids=["r"])
    assert spans(turned, "u") == [("s", 20, 24, 6), ("r", 24, 30, 0)]
    for place in (20, 30, 50, math.nan):
        with pytest.raises(ProjectError, match=r"split|number"):
            edits.split_clip(project, "s", place)


def test_a_new_tempo_keeps_the_piece_of_the_source(project: Project) -> None:
    fast = edits.set_clip(project, "s", tempo_ratio=2)
    assert fast.track("u").clips[0].length_s == 5
    slow = edits.set_clip(fast, "s", tempo_ratio=0.01)
    clip = slow.track("u").clips[0]
    assert (clip.tempo_ratio, clip.length_s) == (0.25, 40)
    cut = edits.split_clip(fast, "s", 22, ids=["r"])
    assert spans(cut, "u") == [("s", 20, 22, 0), ("r", 22, 25, 4)]


def test_values_are_clamped(project: Project) -> None:
    changed = edits.set_clip(project, "s", gain_db=99, semitones=-99, fade_in_s=99, name=" Hat ", muted=True)
    clip = changed.track("u").clips[0]
    assert (clip.gain_db, clip.semitones, clip.fade_in_s, clip.fade_out_s) == (24, -24, 10, 0)
    assert (clip.name, clip.muted) == ("Hat", True)
    out = edits.set_clip(changed, "s", fade_out_s=4).track("u").clips[0]
    assert (out.fade_in_s, out.fade_out_s) == (6, 4)
    with pytest.raises(ProjectError, match="must be a number"):
        edits.set_clip(project, "s", gain_db=math.nan)
    assert edits.set_clip(project, "s", gain_db=0) is project


def test_a_copy_lands_behind_its_original(project: Project) -> None:
    twice = edits.duplicate_clip(project, "s", ids=["d"])
    assert spans(twice, "u") == [("s", 20, 30, 0), ("d", 30, 40, 0)]
    over = edits.duplicate_clip(project, "s", at_s=25, ids=["d"])
    assert spans(over, "u") == [("s", 20, 25, 0), ("d", 25, 35, 0)]


@pytest.mark.parametrize("reverse", [False, True])
def test_joining_undoes_a_split(project: Project, reverse: bool) -> None:
    before = edits.set_clip(project, "s", reverse=reverse, fade_out_s=1)
    cut = edits.split_clip(edits.split_clip(before, "s", 24, ids=["r"]), "r", 27, ids=["q"])
    assert edits.join_clips(cut, ["q", "s", "r"]).track("u") == before.track("u")


def test_joining_what_does_not_follow_is_refused(project: Project) -> None:
    cut = edits.split_clip(project, "s", 24, ids=["r"])
    for clips in (["s"], ["s", "a"]):
        with pytest.raises(ProjectError, match=r"join|become one"):
            edits.join_clips(cut, clips)
    with pytest.raises(ProjectError, match="become one"):
        edits.join_clips(edits.set_clip(cut, "r", semitones=1), ["s", "r"])
    with pytest.raises(ProjectError, match="become one"):
        edits.join_clips(edits.move_clip(cut, "r", 50), ["s", "r"])


def test_deleting_leaves_the_rest(project: Project) -> None:
    cut = edits.split_clip(project, "s", 24, ids=["r"])
    assert spans(edits.delete_clips(cut, ["s", "s"]), "u") == [("r", 24, 30, 4)]
    with pytest.raises(ProjectError, match="no longer"):
        edits.delete_clips(cut, ["gone"])


def test_a_crossfade_pulls_both_clips_over_the_other(project: Project) -> None:
    cut = edits.split_clip(project, "s", 25, ids=["r"])
    faded = edits.crossfade(cut, "s", "r", length_s=1)
    assert spans(faded, "u") == [("s", 20, 25.5, 0), ("r", 24.5, 30, 4.5)]
    left, right = faded.track("u").clips
    assert (left.fade_out_s, right.fade_in_s) == (1, 1)
    assert spans(edits.trim_clip(faded, "s", start_s=21), "u") == [("s", 21, 25.5, 1), ("r", 24.5, 30, 4.5)]
    unfaded = edits.set_clip(faded, "r", fade_in_s=0)
    assert spans(unfaded, "u") == [("s", 20, 24.5, 0), ("r", 24.5, 30, 4.5)], "without the fade there is no overlap"


def test_a_crossfade_takes_the_sound_where_there_is_some(project: Project) -> None:
    cut = edits.split_clip(project, "s", 25, ids=["r"])
    moved = edits.move_clip(edits.trim_clip(cut, "r", start_s=27), "r", 25)
    at_end = edits.move_clip(edits.duplicate_clip(project, "s", ids=["d"]), "d", 30)
    with pytest.raises(ProjectError, match="Neither clip"):
        edits.crossfade(at_end, "s", "d")
    faded = edits.crossfade(edits.trim_clip(moved, "s", end_s=25), "s", "r", length_s=1)
    assert spans(faded, "u")[1][1] == 24.5
    with pytest.raises(ProjectError, match="two clips that touch"):
        edits.crossfade(project, "a", "s")


def test_cutting_the_song_cuts_its_stems_in_every_take(split: Project, make_part) -> None:
    part = edits.RestyledPart(source=make_part("drums"), replaces="drums")
    styled = edits.apply_restyle(split, "t", [part], style="house")
    cut = edits.split_clip(styled, "a", 10, ids=["b"])
    cut = edits.delete_clips(cut, ["a"])
    for number in (None, 1):
        shown = edits.choose_take(cut, "t", number)
        for track in edits.group_of(shown, "t"):
            assert [(c.start_s, c.end_s, c.source_start_s) for c in track.clips] == [(10, 100, 10)], (
                number,
                track.name,
            )


def test_a_stem_that_went_its_own_way_stays(split: Project) -> None:
    own_way = edits.trim_clip(split, "drums-a", start_s=30)
    cut = edits.trim_clip(own_way, "a", start_s=5)
    assert spans(cut, "drums") == [("drums-a", 30, 100, 30)]
    assert spans(cut, "vocals") == [("vocals-a", 5, 100, 5)]


def test_edits_of_a_thousand_clips_share_what_they_do_not_touch(project: Project) -> None:
    clips = tuple(Clip(id=f"c{i}", source="own", start_s=i * 0.1, length_s=0.1) for i in range(1000))
    track = replace(project.track("u"), clips=clips)
    big = replace(project, tracks=(project.tracks[0], track))
    moved = edits.set_clip(big, "c500", gain_db=-3)
    same = sum(a is b for a, b in zip(moved.track("u").clips, clips, strict=True))
    assert same == 999
    assert moved.tracks[0] is project.tracks[0]


def test_a_selection_across_a_recording_and_its_stems_moves_and_goes_once(split: Project) -> None:
    short = edits.trim_clip(split, "a", end_s=40)
    moved = edits.move_clips(short, ["a", "drums-a", "vocals-a"], 7)
    assert {track.clips[0].start_s for track in edits.group_of(moved, "t")} == {7}
    gone = edits.delete_clips(moved, ["a", "drums-a"])
    assert not any(track.clips for track in edits.group_of(gone, "t"))


def test_a_stem_that_is_a_little_shorter_survives_cuts_near_the_end(project: Project, make_stem) -> None:
    split = edits.attach_stems(project, "t", {"drums": make_stem("drums", duration_s=99.995)}, ids=["d", "d1"])
    cut = edits.split_clip(split, "a", 99.996, ids=["r"])
    assert spans(cut, "d") == [("d1", 0, 99.995, 0)]
    trimmed = edits.trim_clip(split, "a", start_s=99.998)
    assert spans(trimmed, "d") == []


def test_every_take_that_does_not_show_is_cut_too(split: Project, make_part) -> None:
    styled = split
    for name in ("one", "two"):
        part = edits.RestyledPart(source=make_part("drums", name=name), replaces="drums")
        styled = edits.apply_restyle(styled, "t", [part], style=name)
    cut = edits.trim_clip(styled, "a", start_s=10)
    for number in (None, 1, 2):
        shown = edits.choose_take(cut, "t", number)
        assert {clip.start_s for track in edits.group_of(shown, "t") for clip in track.clips} == {10}, number


def test_crossfades_reach_the_stems(split: Project) -> None:
    cut = edits.split_clip(split, "a", 50, ids=["b"])
    cut = edits.trim_clip(cut, "b", start_s=51)
    cut = edits.move_clip(cut, "b", 50)
    faded = edits.crossfade(cut, "a", "b", length_s=1)
    shapes = {
        tuple((c.start_s, round(c.end_s, 6), c.fade_in_s, c.fade_out_s) for c in track.clips)
        for track in edits.group_of(faded, "t")
    }
    assert shapes == {((0, 50.5, 0, 1), (49.5, 99, 1, 0))}


def test_a_clip_that_begins_with_another_takes_its_place(project: Project) -> None:
    from studio.project.edits.lanes import settle

    first = Clip(id="x", source="own", start_s=1, length_s=2)
    second = Clip(id="y", source="own", start_s=1, length_s=3)
    assert settle([first, second]) == (second,)
