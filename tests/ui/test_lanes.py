from __future__ import annotations

from msgspec.structs import replace

from studio.project import edits
from tests.ui.songs import song
from ui.viewmodels.lanes import clip_look, describe_clip, lanes_of


def test_stems_stand_below_their_song() -> None:
    lanes = lanes_of(song(), height=64)
    assert [(lane.track.id, lane.depth, lane.y) for lane in lanes] == [
        ("song", 0, 0),
        ("vocals", 1, 64),
        ("drums", 1, 128),
        ("mine", 0, 192),
    ]
    assert lanes[0].has_children
    assert not lanes[1].has_children


def test_a_folded_song_hides_its_stems() -> None:
    lanes = lanes_of(song(), height=64, collapsed={"song"})
    assert [lane.track.id for lane in lanes] == ["song", "mine"]
    assert lanes[0].collapsed


def test_the_muted_original_is_dimmed_and_solo_silences_the_rest() -> None:
    heard = {lane.track.id: lane.audible for lane in lanes_of(song(), height=1)}
    assert heard == {"song": False, "vocals": True, "drums": True, "mine": True}
    soloed = edits.set_strip(song(), "mine", solo=True)
    heard = {lane.track.id: lane.audible for lane in lanes_of(soloed, height=1)}
    assert heard == {"song": False, "vocals": False, "drums": False, "mine": True}


def _look(track_id: str):
    project = song()
    track = project.track(track_id)
    return clip_look(project, track, track.clips[0], audible=True), track.clips[0]


def test_what_a_model_made_carries_the_sign_and_says_so() -> None:
    look, _ = _look("drums")
    assert look.generated
    assert look.note == "separation 1.0"
    assert look.token == "stem.drums"


def test_a_delivered_stem_is_no_model_work() -> None:
    look, clip = _look("vocals")
    assert not look.generated
    assert look.note == "from the label"
    assert describe_clip(look, clip) == "Vocals, 0:00-0:32, from the label"


def test_pitch_and_tempo_stand_in_the_note() -> None:
    project = song()
    track = project.track("vocals")
    clip = replace(track.clips[0], semitones=2.0, tempo_ratio=1.04)
    look = clip_look(project, track, clip, audible=True)
    assert look.note == "+2 st · 1.04× · from the label"


def test_a_clip_whose_sound_is_missing_says_so() -> None:
    project = replace(song(), sources={})
    track = project.track("vocals")
    assert clip_look(project, track, track.clips[0], audible=True).note == "sound missing"
