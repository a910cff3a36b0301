from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.errors import AudioFileError
from studio.platform import catalogue, publishing, seed
from studio.platform.catalogue import SearchQuery
from studio.platform.messages import STEM_ROLES
from studio.platform.refusal import Refusal
from studio.platform.song_files import find_stems, read_json, read_meta, read_song, read_song_folder
from studio.platform.state import PlatformState
from studio.platform.terms import parse_terms
from tests.samples.platform import META, TERMS, World, write_song


def publish(world: World, name: str, **change: Any) -> str:
    return seed.publish_files(world.state, world.label, read_song_folder(write_song(world.folder / name, **change)))


def refused(world: World, name: str, **change: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        publish(world, name, **change)
    return caught.value


def test_a_published_song_is_there_with_everything(world: World):
    found = catalogue.detail(world.state, world.recording_id)
    assert found.summary.title == "Low Tide Signal"
    assert found.summary.has_stems
    assert found.summary.isrc == "SEXXA2600001"
    assert found.summary.artwork == META["artwork"]
    assert found.meta.sections[0].name == "verse"
    assert sorted(file.role for file in found.files) == sorted(["mix", *STEM_ROLES])
    assert next(file for file in found.files if file.role == "mix").sha256 == found.summary.asset_sha256
    assert found.terms["splits"]["master_floor_ppm"] == 120_000
    for name in (found.summary.asset_sha256, "SEXXA2600001"):
        assert catalogue.detail(world.state, name) == found


def test_publishing_again_gives_what_stands(world: World):
    assert seed.publish_files(world.state, world.label, world.song) == world.recording_id


def test_another_song_may_not_take_the_isrc(world: World):
    assert refused(world, "copy", seed=2).code == "already-published"


def test_a_listener_may_not_publish(world: World):
    with pytest.raises(Refusal) as caught:
        seed.publish_files(world.state, world.listener, world.song)
    assert caught.value.code == "not-a-rightsholder"


@pytest.mark.parametrize(
    ("terms", "named"),
    [
        ({"permit": ["play", "everything"]}, "everything"),
        ({"permit": ["play", "*"]}, "*"),
        ({"colour": "red"}, "colour"),
        ({"schema": "terms/2"}, "terms/2"),
        ({"offline": {"lease_s": 0, "max_exports": 1}}, "lease"),
        ({"constraints": {"pitch_semitones": [2, 5]}}, "pitch_semitones"),
        ({"constraints": {"territory": ["Sweden"]}}, "Sweden"),
        ({"splits": {"master_floor_ppm": 2_000_000}}, "master_floor_ppm"),
        ({"export": {"formats": ["exe"], "max_sr": 48000, "max_bits": 24, "destinations": []}}, "exe"),
    ],
)
def test_terms_that_no_licence_could_carry_are_refused_by_name(world: World, terms: dict[str, Any], named: str):
    error = refused(world, "bad", seed=2, meta={"isrc": "SEXXA2600002"}, terms=terms)
    assert error.code == "terms-invalid"
    assert named in error.message


@pytest.mark.parametrize(
    ("meta", "named"),
    [
        ({"isrc": "nonsense"}, "ISRC"),
        ({"works": [{"iswc": "T-034.524.680-2", "writers": []}]}, "check digit"),
        ({"works": [{"writers": [{"name": "A", "share_ppm": 1}]}]}, "writers and publishers"),
        ({"master_owners": [{"name": "A", "share_ppm": 999_999}]}, "master_owners"),
        ({"master_owners": []}, "master_owners"),
        ({"performers": [{"name": "A", "isni": "123"}]}, "ISNI"),
        ({"works": [{"writers": [{"name": "A", "ipi": "1", "share_ppm": 1_000_000}]}]}, "IPI"),
    ],
)
def test_wrong_credits_are_refused_by_name(world: World, meta: dict[str, Any], named: str):
    error = refused(world, "bad", seed=2, meta={"isrc": "SEXXA2600002", **meta})
    assert error.code in ("credits-invalid", "terms-invalid")
    assert named in error.message


def test_unknown_words_and_fields_of_credits_are_refused(tmp_path: Path):
    (tmp_path / "meta.json").write_text(json.dumps({**META, "title": 3}))
    with pytest.raises(Refusal) as caught:
        read_meta(tmp_path / "meta.json")
    assert caught.value.code == "credits-invalid"
    with pytest.raises(Refusal):
        parse_terms({**TERMS, "schema": None})


def test_files_that_were_not_uploaded_cannot_be_published(world: World):
    song = read_song_folder(write_song(world.folder / "new", seed=3, meta={"isrc": "SEXXA2600003"}))
    request = publishing.PublishRequest(
        audio=publishing.FileName(sha256="ab" * 32, name="mix.flac"), meta=song.meta, terms=song.terms
    )
    with pytest.raises(Refusal) as caught:
        publishing.publish(world.state, world.label, request)
    assert caught.value.code == "upload-missing"
    with pytest.raises(Refusal) as unknown:
        publishing.publish(world.state, world.label, msgspec.structs.replace(request, stems={"kazoo": request.audio}))
    assert unknown.value.code == "stem-unknown"


def test_a_stem_of_another_length_is_refused(world: World):
    import numpy as np
    import soundfile

    folder = write_song(world.folder / "long", seed=4, meta={"isrc": "SEXXA2600004"})
    soundfile.write(folder / "drums.flac", np.zeros((8000 * 2, 2), np.float32), 8000)
    with pytest.raises(Refusal) as caught:
        seed.publish_files(world.state, world.label, read_song_folder(folder))
    assert (caught.value.code, caught.value.details["role"]) == ("stem-length", "drums")


def test_what_does_not_decode_is_not_published(world: World, monkeypatch: pytest.MonkeyPatch):
    folder = write_song(world.folder / "text", seed=5, meta={"isrc": "SEXXA2600005"})
    (folder / "mix.flac").write_text("this is text")

    def broken(path: Path):
        raise AudioFileError("It is no audio.", remedy="Choose another file.")

    monkeypatch.setattr(world.state, "config", msgspec_replace(world.state, check_audio=broken))
    with pytest.raises(Refusal) as caught:
        seed.publish_files(world.state, world.label, read_song_folder(folder))
    assert (caught.value.code, caught.value.details["reason"]) == ("audio-invalid", "audio-unreadable")
    assert catalogue.search(world.state, SearchQuery(text="SEXXA2600005")).total == 0


def msgspec_replace(state: PlatformState, **change: Any):
    from dataclasses import replace

    return replace(state.config, **change)


def test_the_engine_decides_what_is_audio(world: World):
    facts = publishing.decoded_facts(
        world.state.objects.path(catalogue.detail(world.state, world.recording_id).summary.asset_sha256)
    )
    assert facts.duration_s == pytest.approx(0.5, abs=0.01)
    (world.folder / "text.flac").write_text("this is text")
    with pytest.raises(AudioFileError):
        publishing.decoded_facts(world.folder / "text.flac")


def test_search_by_words_key_tempo_operations_and_stems(world: World):
    bare = write_song(
        world.folder / "second",
        seed=6,
        meta={"isrc": "SEXXA2600006", "title": "Été 100%", "tempo_bpm": 80.0, "key": "C major", "order": 0},
        terms={"permit": ["play", "style:production"]},
    )
    for role in STEM_ROLES:
        (bare / f"{role}.flac").unlink()
    second = seed.publish_files(world.state, world.label, read_song_folder(bare))

    def ids(**query: Any) -> list[str]:
        return [found.id for found in catalogue.search(world.state, SearchQuery(**query)).recordings]

    first = world.recording_id
    assert ids() == [second, first]
    assert ids(text="TIDE house") == [first]
    assert ids(text="ete") == [second]
    assert ids(text="100%") == [second]
    assert ids(text="%") == [second]
    assert ids(text="SEXXA2600006") == [second]
    assert ids(text="d minor") == [first]
    assert ids(key="c MAJOR") == [second]
    assert ids(tempo_from_bpm=100) == [first]
    assert ids(tempo_to_bpm=100) == [second]
    assert ids(operations=("style:arrangement",)) == [first]
    assert ids(operations=("play", "style:production")) == [second]
    assert ids(operations=("style:production", "export")) == []
    assert ids(stems=True) == [first]
    assert ids(stems=False) == [second]
    assert ids(owner_id=world.listener.id) == []
    assert ids(limit=1, offset=1) == [first]
    assert catalogue.search(world.state, SearchQuery(limit=1)).total == 2


def test_titles_come_back_as_the_text_that_they_are(world: World):
    hostile = "<b>Low</b>‮edit‬"
    found = catalogue.detail(
        world.state, publish(world, "hostile", seed=7, meta={"isrc": "SEXXA2600007", "title": hostile})
    )
    assert found.summary.title == hostile
    assert json.loads(msgspec.json.encode(found))["summary"]["title"] == hostile


def test_new_terms_come_with_a_new_revision_and_only_from_the_owner(world: World):
    changed = publishing.change_terms(
        world.state, world.label, world.recording_id, {**TERMS, "permit": ["play"], "deny": []}
    )
    assert changed.terms_rev == 2
    assert changed.summary.permit == ["play"]
    assert catalogue.search(world.state, SearchQuery(operations=("export",))).total == 0
    with pytest.raises(Refusal) as caught:
        publishing.change_terms(world.state, world.listener, world.recording_id, TERMS)
    assert caught.value.code == "not-the-owner"
    with pytest.raises(Refusal) as wrong:
        publishing.change_terms(world.state, world.label, world.recording_id, {**TERMS, "permit": ["fly"]})
    assert wrong.value.code == "terms-invalid"
    with pytest.raises(Refusal) as missing:
        catalogue.require_owner(world.state, world.label, "rec_none")
    assert missing.value.code == "not-found"


def test_a_song_folder_is_read_whole_or_refused_by_name(tmp_path: Path):
    folder = write_song(tmp_path / "song")
    (folder / "artwork.png").write_bytes(b"png")
    song = read_song_folder(folder)
    assert song.artwork is not None
    assert set(song.stems) == set(STEM_ROLES)
    (folder / "mix.flac").unlink()
    for attempt in (
        lambda: read_song_folder(folder),
        lambda: read_song(folder / "none.flac", meta=folder / "meta.json", terms=folder / "terms.json"),
        lambda: find_stems(tmp_path / "none"),
        lambda: read_json(tmp_path / "none.json"),
    ):
        with pytest.raises(Refusal) as caught:
            attempt()
        assert caught.value.code == "file-missing"


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1, "a": 2}', '{"a": NaN}', ""])
def test_json_that_means_two_things_is_refused(tmp_path: Path, text: str):
    (tmp_path / "terms.json").write_text(text)
    with pytest.raises(Refusal) as caught:
        read_json(tmp_path / "terms.json")
    assert caught.value.code == "json-invalid"


def test_the_demo_catalogue_enters_once(world: World, tmp_path: Path):
    write_song(tmp_path / "demo" / "one", seed=8, meta={"isrc": "SEXXA2600008"})
    write_song(tmp_path / "demo" / "two", seed=9, meta={"isrc": "SE-XXA-26-00009"})
    (tmp_path / "demo" / "recipe").mkdir()
    assert len(seed.seed_demo(world.state, tmp_path / "demo")) == 2
    assert seed.seed_demo(world.state, tmp_path / "demo") == []
    write_song(tmp_path / "demo" / "three", seed=10, meta={"isrc": "wrong"})
    with pytest.raises(Refusal) as caught:
        seed.seed_demo(world.state, tmp_path / "demo")
    assert caught.value.code == "credits-invalid"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.flac", "audio/flac"),
        ("a.PNG", "image/png"),
        ("a.html", "application/octet-stream"),
        ("a.svg", "application/octet-stream"),
    ],
)
def test_nothing_is_served_that_a_browser_would_run(name: str, kind: str):
    assert publishing.media_type(name) == kind
