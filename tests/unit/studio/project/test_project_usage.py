"""What of a project the rights question is asked about."""

from __future__ import annotations

from msgspec.structs import replace

from studio.project import edits
from studio.project.model import Clip, Project, Source, Step, Strip, Track
from studio.project.usage import rights_groups, sources_in_use, usage_of
from studio.rights.usage import OperationUse

ASSET = "a" * 64


def test_a_song_with_own_material(project: Project) -> None:
    usage = usage_of(project)
    assert usage.own_material
    assert [(u.asset_sha256, u.title, u.stems) for u in usage.sources] == [(ASSET, "Glass Harbour", {"mix"})]
    assert usage.sources[0].operations == frozenset()
    assert rights_groups(project) == {ASSET: [("t", "a")], "you": [("u", "s")]}


def test_only_what_is_heard_counts(split: Project) -> None:
    assert usage_of(split).sources[0].stems == {"vocals", "drums", "bass", "other"}
    quiet = edits.set_strip(edits.set_strip(split, "vocals", mute=True), "bass", gain_db=-96)
    quiet = edits.set_clip(edits.set_clip(quiet, "other-a", muted=True), "s", gain_db=-96)
    usage = usage_of(quiet)
    assert usage.sources[0].stems == {"drums"}
    assert not usage.own_material
    assert sources_in_use(quiet) == {"song", "song-drums"}
    soloed = edits.set_strip(split, "u", solo=True)
    assert usage_of(soloed).sources == ()
    assert usage_of(edits.set_master(split, mute=True)).own_material is False


def test_ranges_span_all_clips(project: Project) -> None:
    cut = edits.split_clip(project, "a", 50, ids=["b"])
    bent = edits.set_clip(edits.set_clip(cut, "a", semitones=-3), "b", semitones=4, tempo_ratio=1.25)
    use = usage_of(bent).sources[0]
    assert (use.semitones, use.tempo_ratio) == ((-3, 4), (1, 1.25))
    whole = edits.set_clip(project, "a", semitones=2)
    assert usage_of(whole).sources[0].semitones == (2, 2)


def test_what_a_model_made_is_traced_to_its_recording(split: Project, make_part) -> None:
    made = make_part("drums", parents=("song-drums", "song-other"))
    styled = edits.apply_restyle(
        split,
        "t",
        [edits.RestyledPart(source=made, replaces="drums")],
        style="house",
        strips={"bass": Strip(gain_db=-1)},
    )
    use = usage_of(styled).sources[0]
    assert use.stems == {"vocals", "drums", "bass", "other"}
    assert use.operations == {
        OperationUse("style:arrangement", "drums"),
        OperationUse("stem:other", "other"),
        OperationUse("style:production", "bass"),
    }
    assert rights_groups(styled)[ASSET] == [("vocals", c) for c in [styled.track("vocals").clips[0].id]] + [
        (t, styled.track(t).clips[0].id) for t in ("drums", "bass", "other")
    ]
    original = edits.choose_take(styled, "t", None)
    assert usage_of(original).sources[0].operations == frozenset()
    assert usage_of(edits.show_original(styled, "t")).sources[0].stems == {"mix"}


def test_each_recording_answers_for_itself(split: Project) -> None:
    second = Source(
        id="two", title="Second", origin="licensed", role="mix", blob="e" * 64, duration_s=5, rate=44100, channels=2,
        asset_sha256="f" * 64,
    )  # fmt: skip
    voice = Source(
        id="v2", title="Voice", origin="generated", role="vocals", blob="e" * 64, duration_s=5, rate=44100, channels=2,
        parents=("song-vocals", "two"), steps=(Step(operation="style:timbre", at="", model_id="voice-1"),),
    )  # fmt: skip
    added = edits.add_sources(split, [second, voice])
    added = edits.add_track(added, Track(id="w", name="W", clips=(Clip(id="w1", source="v2", start_s=0, length_s=5),)))
    song, two = usage_of(added).sources
    assert song.voice_models == two.voice_models == {"voice-1"}
    assert two.stems == {"vocals"}
    assert OperationUse("style:timbre", "vocals") in two.operations
    assert rights_groups(added)[ASSET][-1] == ("w", "w1")


def test_sound_from_nothing_belongs_to_the_pool(project: Project) -> None:
    made = Source(
        id="m", title="Pad", origin="generated", role="other", blob="e" * 64, duration_s=5, rate=44100, channels=2,
        steps=(Step(operation="style:arrangement", at="", model_id="pad-1"),),
    )  # fmt: skip
    nameless = replace(made, id="n", steps=())
    child = replace(project.sources["own"], id="o", parents=("own",), origin="generated")
    added = project
    for source in (made, nameless, child):
        added = edits.add_track_for(added, source, ids=[f"t-{source.id}", f"c-{source.id}"])
    groups = rights_groups(added)
    assert groups["pool:pad-1"] == [("t-m", "c-m")]
    assert groups["you"] == [("u", "s"), ("t-n", "c-n"), ("t-o", "c-o")]
    assert [use.asset_sha256 for use in usage_of(added).sources] == [ASSET]
