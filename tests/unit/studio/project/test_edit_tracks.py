"""Tracks, strips, stems, takes and restyles."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from studio.base.errors import ProjectError
from studio.project import edits
from studio.project.audibility import audible_clips, audible_track_ids
from studio.project.model import Clip, Insert, Marker, Project, Source, Strip, TempoPoint, Track

MakePart = Callable[..., Source]


def order(project: Project) -> list[str]:
    return [track.id for track in project.tracks]


def heard(project: Project) -> set[str]:
    return set(audible_track_ids(project))


def test_a_sound_comes_with_its_track(empty: Project) -> None:
    song = empty.sources["song"]
    added = edits.add_track_for(empty, song, at_s=2, ids=["t", "c"])
    assert added.track("t").role == "mix"
    assert added.track("t").clips == (Clip(id="c", source="song", start_s=2, length_s=100, name="Glass Harbour"),)


def test_a_track_that_cannot_be_is_refused(project: Project) -> None:
    for track in (
        Track(id="t", name="Again"),
        Track(id="v", name="  "),
        Track(id="v", name="Stem", parent="gone"),
        Track(id="v", name="Clip", clips=(Clip(id="a", source="song", start_s=0, length_s=1),)),
        Track(id="v", name="Clip", clips=(Clip(id="n", source="gone", start_s=0, length_s=1),)),
    ):
        with pytest.raises(ProjectError) as refused:
            edits.add_track(project, track)
        assert refused.value.code == "edit-invalid"


def test_a_split_track_and_its_stems_stay_together(split: Project) -> None:
    group = ["t", "vocals", "drums", "bass", "other"]
    assert order(split) == [*group, "u"]
    assert order(edits.move_track(split, "t", 9)) == ["u", *group]
    assert order(edits.move_track(split, "other", 0)) == ["t", "other", "vocals", "drums", "bass", "u"]
    assert edits.move_track(split, "t", 0) is split
    assert order(edits.remove_track(split, "t")) == ["u"]
    last = edits.add_track(split, Track(id="x", name="X", role="own", parent="t"))
    assert order(last) == [*group, "x", "u"]
    assert order(edits.add_track(split, Track(id="x", name="X"), index=1)) == [*group, "x", "u"]


def test_stems_mirror_the_clips_and_sound_like_the_track(project: Project, make_stem: MakePart) -> None:
    cut = edits.split_clip(edits.set_strip(project, "t", gain_db=-4, pan=0.5), "a", 40, ids=["b"])
    cut = edits.set_clip(cut, "b", semitones=2, gain_db=-1)
    stems = {"drums": make_stem("drums"), "vocals": make_stem("vocals", duration_s=99.999)}
    split = edits.attach_stems(cut, "t", stems, ids=["v", "v1", "v2", "d", "d1", "d2"])
    assert [c.id for c in split.track("v").clips] == ["v1", "v2"]
    second = split.track("v").clips[1]
    assert (second.start_s, round(second.end_s, 6), second.semitones, second.gain_db) == (40, 99.999, 2, -1)
    assert (split.track("v").strip.gain_db, split.track("v").strip.pan) == (-4, 0.5)
    assert heard(split) == {"v", "d", "u"}


def test_splitting_what_cannot_be_split_is_refused(split: Project, project: Project, make_stem: MakePart) -> None:
    mixed = edits.move_clip(project, "s", 20, track_id="t")
    for base, track in ((split, "t"), (split, "drums"), (mixed, "t"), (mixed, "u")):
        with pytest.raises(ProjectError) as refused:
            edits.attach_stems(base, track, {"vocals": make_stem("vocals")})
        assert refused.value.code == "edit-invalid"


def test_original_and_stems_stay_in_step(split: Project) -> None:
    stems = {"vocals", "drums", "bass", "other"}
    assert heard(split) == stems | {"u"}
    quiet = edits.set_strip(split, "drums", mute=True)
    original = edits.show_original(quiet, "t")
    assert heard(original) == {"t", "u"}
    assert edits.plays_original(original, "t")
    assert edits.show_original(original, "t") is original
    assert heard(edits.show_original(original, "t", False)) == (stems - {"drums"}) | {"u"}
    assert heard(edits.set_strip(quiet, "t", mute=False)) == {"t", "u"}, "opening the recording shows it"
    assert heard(edits.set_strip(original, "drums", mute=False)) == stems | {"u"}, "opening a stem shows the stems"
    silent = edits.set_strip(original, "t", mute=True)
    assert heard(silent) == {"u"}
    assert heard(edits.show_original(silent, "t", False)) == (stems - {"drums"}) | {"u"}
    with pytest.raises(ProjectError, match="not split"):
        edits.show_original(split, "u")


def test_all_stems_muted_by_hand_come_back(split: Project) -> None:
    for role in ("vocals", "drums", "bass", "other"):
        split = edits.set_strip(split, role, mute=True)
    back = edits.show_original(edits.show_original(split, "t"), "t", False)
    assert heard(back) == {"vocals", "drums", "bass", "other", "u"}


def test_solo_stays_in_step(split: Project) -> None:
    soloed = edits.set_strip(split, "drums", solo=True)
    assert heard(soloed) == {"drums"}
    assert heard(edits.show_original(soloed, "t")) == {"t"}
    assert heard(edits.show_original(edits.show_original(soloed, "t"), "t", False)) == {"drums"}
    group = edits.set_strip(split, "t", solo=True)
    assert heard(group) == {"vocals", "drums", "bass", "other"}
    less = edits.set_strip(group, "bass", solo=False)
    assert heard(less) == {"vocals", "drums", "other"}
    assert not less.track("t").strip.solo
    assert heard(edits.set_strip(edits.show_original(split, "t"), "bass", solo=True)) == {"bass"}
    assert edits.set_strip(group, "t", solo=False) == split


def test_removing_the_last_stem_brings_the_original_back(split: Project) -> None:
    for role in ("vocals", "drums", "bass", "other"):
        split = edits.remove_track(split, role)
    assert heard(split) == {"t", "u"}


def test_a_copy_of_a_split_track_is_whole_and_new(split: Project, make_part: MakePart) -> None:
    styled = edits.apply_restyle(
        split, "t", [edits.RestyledPart(source=make_part("bass"), replaces="bass")], style="dub"
    )
    twice = edits.duplicate_track(styled, "t", ids=["t2"])
    assert [t.id == "t2" or t.parent == "t2" for t in twice.tracks] == [False] * 5 + [True] * 5 + [False]
    ids = [clip.id for track in twice.tracks for clip in track.clips]
    assert len(ids) == len(set(ids))
    assert twice.track("t2").name == "Glass Harbour copy"
    stem = edits.duplicate_track(split, "drums", ids=["drums2"])
    assert order(stem)[:4] == ["t", "vocals", "drums", "drums2"]
    assert stem.track("drums2").parent == "t"


def test_strips_are_clamped(project: Project) -> None:
    loud = edits.set_strip(project, "t", gain_db=40, pan=-3, high_pass_hz=9e9)
    assert loud.track("t").strip == Strip(gain_db=12, pan=-1, high_pass_hz=2000)
    banded = edits.set_eq_band(loud, "t", 1, freq_hz=1, gain_db=99, q=0)
    assert banded.track("t").strip.eq[1].freq_hz == 20
    pressed = edits.set_compressor(banded, edits.MASTER, ratio=99, threshold_db=9, attack_s=0)
    assert (pressed.master.strip.compressor.ratio, pressed.master.strip.compressor.attack_s) == (20, 0.0001)
    assert edits.set_master(pressed, ceiling_dbtp=5, gain_db=-99, mute=True).master.ceiling_dbtp == 0
    assert audible_clips(edits.set_master(project, gain_db=-99)) == []
    assert audible_clips(edits.set_master(project, mute=True)) == []
    assert edits.reset_strip(edits.set_strip(loud, "t", mute=True), "t").track("t").strip == Strip(mute=True)
    for band in (-1, 4):
        with pytest.raises(ProjectError, match="no such band"):
            edits.set_eq_band(project, "t", band)
    with pytest.raises(ProjectError, match="must be a number"):
        edits.set_strip(project, "t", gain_db=math.nan)
    assert edits.set_strip(project, "t", gain_db=0, mute=False, solo=False) is project


def test_inserts_come_move_change_and_go(project: Project) -> None:
    one = edits.add_insert(project, "t", Insert(id="i", kind="delay", parameters={"time_s": 0.3}))
    two = edits.add_insert(one, "t", Insert(id="j", kind="reverb"), index=0)
    assert [i.id for i in two.track("t").strip.inserts] == ["j", "i"]
    swapped = edits.move_insert(two, "t", "j", 9)
    assert [i.id for i in swapped.track("t").strip.inserts] == ["i", "j"]
    tuned = edits.set_insert(swapped, "t", "i", parameters={"mix": 0.5}, bypass=True)
    assert tuned.track("t").strip.inserts[0] == Insert(
        id="i", kind="delay", parameters={"time_s": 0.3, "mix": 0.5}, bypass=True
    )
    assert edits.remove_insert(edits.remove_insert(tuned, "t", "i"), "t", "j") == project
    with pytest.raises(ProjectError, match="already"):
        edits.add_insert(one, "u", Insert(id="i", kind="delay"))
    with pytest.raises(ProjectError, match="no longer"):
        edits.set_insert(one, "t", "x", bypass=True)
    with pytest.raises(ProjectError, match="must be a number"):
        edits.set_insert(one, "t", "i", parameters={"mix": math.inf})


def test_settings_of_a_style_become_a_strip() -> None:
    strip = edits.strip_from(
        {"gain_db": 99, "compressor": {"ratio": 3}, "inserts": [{"kind": "width", "parameters": {"width": 1}}]},
        ids=["i"],
    )
    assert (strip.gain_db, strip.compressor.ratio) == (12, 3)
    assert strip.inserts == (Insert(id="i", kind="width", parameters={"width": 1.0}),)
    for wrong in ({"pan": "left"}, {"inserts": [3]}, {"eq": 5}):
        with pytest.raises(ProjectError, match="cannot be read"):
            edits.strip_from(wrong)


def test_takes_are_numbered_and_switch_without_loss(project: Project) -> None:
    one = edits.add_take(project, "u", [Clip(id="x", source="own", start_s=5, length_s=2)], name="Early")
    assert (one.track("u").take, one.track("u").clips[0].id) == (1, "x")
    louder = edits.set_strip(one, "u", gain_db=-6, mute=True)
    original = edits.choose_take(louder, "u", None)
    assert original.track("u").clips == project.track("u").clips
    assert original.track("u").strip == Strip(mute=True), "mute belongs to the track"
    again = edits.choose_take(original, "u", 1)
    assert again.track("u").strip == Strip(gain_db=-6, mute=True)
    assert edits.choose_take(again, "u", 1) is again
    two = edits.add_take(again, "u", [], show=False)
    assert edits.take_numbers(two, "u") == [1, 2]
    starred = edits.rename_take(edits.star_take(two, "u", 2), "u", 2, "Silence")
    assert (starred.track("u").takes[1].starred, starred.track("u").takes[1].name) == (True, "Silence")
    gone = edits.remove_take(starred, "u", 1)
    assert (gone.track("u").take, gone.track("u").clips) == (None, project.track("u").clips)
    for call in (edits.choose_take, edits.star_take, edits.remove_take):
        with pytest.raises(ProjectError, match="no take 7"):
            call(two, "u", 7)


def test_a_restyle_lands_as_a_take(split: Project, make_part: MakePart) -> None:
    turned = edits.set_strip(edits.split_clip(split, "a", 30, ids=["b"]), "vocals", gain_db=-2)
    parts = [
        edits.RestyledPart(source=make_part("drums"), replaces="drums", strip=Strip(gain_db=-3)),
        edits.RestyledPart(source=make_part("other"), replaces="other"),
        edits.RestyledPart(
            source=make_part("other", name="pad"),
            replaces="other",
            title="Pad",
            strip=Strip(inserts=(Insert(id="r", kind="reverb"),)),
        ),
    ]
    styled = edits.apply_restyle(
        turned, "t", parts, style="house", strips={"vocals": Strip(gain_db=1, high_pass_hz=90)}, muted=["bass"], seed=7
    )
    assert [t.name for t in edits.children_of(styled, "t")] == ["Vocals", "Drums", "Bass", "Other", "Pad"]
    assert [c.source for c in styled.track("drums").clips] == ["part-drums", "part-drums"]
    assert [c.start_s for c in styled.track("drums").clips] == [0, 30]
    assert styled.track("bass").clips == ()
    assert [c.source for c in styled.track("vocals").clips] == ["song-vocals"] * 2
    assert (styled.track("vocals").strip.gain_db, styled.track("vocals").strip.high_pass_hz) == (-1, 90)
    take = styled.track("drums").takes[0]
    assert (take.number, take.style, take.seed, take.intensity) == (1, "house", 7, 1.0)
    original = edits.choose_take(styled, "t", None)
    for track in edits.children_of(turned, "t"):
        assert original.track(track.id).clips == track.clips
        assert original.track(track.id).strip == track.strip
    assert edits.children_of(original, "t")[-1].clips == ()
    assert edits.remove_take(styled, "t", 1) == replace(turned, sources=styled.sources)


def test_a_second_restyle_starts_from_the_original(split: Project, make_part: MakePart) -> None:
    one = edits.apply_restyle(
        split, "drums", [edits.RestyledPart(source=make_part("drums"), replaces="drums")], style="a"
    )
    two = edits.apply_restyle(
        one, "t", [edits.RestyledPart(source=make_part("bass", name="q"), replaces="bass")], style="b"
    )
    assert edits.take_numbers(two, "t") == [1, 2]
    assert edits.shown_take(two, "t") == 2
    assert [c.source for c in two.track("drums").clips] == ["song-drums"]
    back = edits.choose_take(two, "t", 1)
    assert [c.source for c in back.track("drums").clips] == ["part-drums"]
    alone = edits.choose_take(back, "drums", None)
    assert edits.shown_take(alone, "t") == 1, "the other stems stay in the take"
    shown = edits.choose_take(edits.show_original(two, "t"), "t", 1)
    assert heard(shown) == {"vocals", "drums", "bass", "other", "u"}, "choosing a take shows the stems"


def test_a_restyle_needs_its_stems(project: Project, split: Project, make_part: MakePart) -> None:
    with pytest.raises(ProjectError, match="not split"):
        edits.apply_restyle(project, "t", [], style="a")
    with pytest.raises(ProjectError, match="does not have"):
        edits.apply_restyle(
            edits.remove_track(split, "bass"),
            "t",
            [edits.RestyledPart(source=make_part("bass"), replaces="bass")],
            style="a",
        )


def test_the_same_ids_give_the_same_project(split: Project, make_part: MakePart, counted) -> None:
    parts = [edits.RestyledPart(source=make_part("drums"), replaces="drums")]
    made = [edits.apply_restyle(split, "t", parts, style="a", ids=counted("n")) for _ in range(2)]
    assert made[0] == made[1]


def test_tempo_key_markers_and_loop(project: Project) -> None:
    faster = edits.set_tempo(edits.set_tempo(project, 999), 90, at_beats=16)
    assert faster.tempo == (TempoPoint(bpm=400), TempoPoint(at_beats=16, bpm=90))
    assert edits.remove_tempo(faster, 16).tempo == (TempoPoint(bpm=400),)
    with pytest.raises(ProjectError, match="no tempo change"):
        edits.remove_tempo(faster, 0)
    assert edits.set_tempo(project, 120) is project
    odd = edits.set_time_signature(project, 99, 6)
    assert (odd.beats_per_bar, odd.beat_unit) in {(32, 4), (32, 8)}
    assert edits.set_key(project, " F#m ").key == "F#m"
    assert edits.set_key(project, "") is project
    assert edits.rename_project(project, "  Night   bus ").title == "Night bus"
    with pytest.raises(ProjectError, match="needs a name"):
        edits.rename_project(project, "\n")
    marked = edits.add_marker(edits.add_marker(project, 8, "Drop"), 4, "Verse", length_s=8)
    assert [m.name for m in marked.markers] == ["Verse", "Drop"]
    assert edits.remove_marker(marked, Marker(start_s=8, name="Drop")).markers[-1].name == "Verse"
    looped = edits.set_loop(project, start_s=8, end_s=4, enabled=True)
    assert (looped.loop.start_s, looped.loop.end_s, looped.loop.enabled) == (4, 8, True)
    assert not edits.set_loop(looped, start_s=8).loop.enabled, "an empty range cannot loop"


def test_sources_and_grants_only_grow(project: Project, make_stem: MakePart) -> None:
    song = project.sources["song"]
    assert edits.add_source(project, song) is project
    for wrong in (
        replace(song, title="Other"),
        replace(song, id="x", duration_s=0),
        replace(song, id="x", parents=("y",)),
    ):
        with pytest.raises(ProjectError) as refused:
            edits.add_source(project, wrong)
        assert refused.value.code == "edit-invalid"
    granted = edits.add_grant(project, "a" * 64, "gr_1")
    assert granted.grants == {"a" * 64: "gr_1"}
    assert edits.add_grant(granted, "a" * 64, "gr_1") is granted
    with pytest.raises(ProjectError, match="licence"):
        edits.add_grant(project, "", "gr_1")


def test_what_changes_nothing_is_the_same_project(split: Project, project: Project) -> None:
    assert edits.show_original(split, "t", False) is split
    assert edits.rename_track(project, "t", "Glass Harbour") is project
    assert edits.rename_project(project, project.title) is project
    assert edits.set_time_signature(project, 4, 4) is project
    assert edits.set_master(project, ceiling_dbtp=-1) is project
    assert edits.set_markers(project, ()) is project
    assert edits.star_take(edits.add_take(project, "u", []), "u", 1, False).track("u").takes[0].starred is False


def test_a_muted_stem_that_is_removed_is_forgotten(split: Project) -> None:
    original = edits.show_original(edits.set_strip(split, "drums", mute=True), "t")
    without = edits.remove_track(original, "drums")
    assert without.track("t").muted_stems == ()
    with pytest.raises(ProjectError, match="no longer"):
        edits.rename_track(without, "drums", "X")
    with pytest.raises(KeyError):
        without.track("drums")


def test_a_restyle_after_a_copied_stem_replaces_it_once(split: Project, make_part: MakePart) -> None:
    twice = edits.duplicate_track(split, "drums", ids=["drums2"])
    part = edits.RestyledPart(source=make_part("drums"), replaces="drums")
    styled = edits.apply_restyle(twice, "t", [part], style="house")
    assert [len(styled.track(track).clips) for track in ("drums", "drums2")] == [1, 0]
    own = edits.move_clip(split, "s", 0, track_id="bass")
    mixed = edits.apply_restyle(
        own, "t", [edits.RestyledPart(source=make_part("bass"), replaces="bass")], style="house"
    )
    assert [clip.source for clip in mixed.track("bass").clips] == ["own", "part-bass"], "what is not of the song stays"
