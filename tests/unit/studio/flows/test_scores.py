"""Notes beside the sounds of a project: kept, changed, played again, exchanged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from engine.inference.performance import perform, scored
from engine.instruments import Note, load
from engine.io.pcm import write_pcm
from engine.midi.file import FileNote, FileTrack, TempoAt, read_midi, write_midi
from engine.midi.score import Score, ScoreError, SongGrid
from studio.base.errors import ProjectError, RightsError
from studio.base.ids import uuid7
from studio.flows import account, relink, scores
from studio.flows.media import PLAYED
from studio.flows.services import Services
from studio.project import edits, notes
from studio.project.check import problems
from studio.project.model import Project, Source, Step
from studio.provenance.steps import describe
from studio.session import Session
from studio.store import codec

RATE, SECONDS = 48_000, 4
KIT = load("kit_electronic")
KICK, SNARE = float(KIT.pitch_of("kick")), float(KIT.pitch_of("snare"))


@dataclass
class Bench:
    session: Session
    clip: str
    score: Score

    @property
    def services(self) -> Services:
        return self.session.services

    @property
    def source(self) -> Source:
        return self.session.project.sources[edits.find_clip(self.session.project, self.clip)[1].source]

    def sound(self) -> np.ndarray:
        return np.asarray(self.services.media.pcm(self.source, RATE).open())


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONTRAFACT_KEYSTORE", "file")
        session = Session.open(tmp_path_factory.mktemp("home"), headless=True)
        yield session
        session.close()


@pytest.fixture
def bench(opened: Session, tmp_path: Path) -> Bench:
    """A project with a beat that a restyle could have made."""
    beat = tuple(Note(0.5 * k, 0.25, SNARE if k % 2 else KICK, 0.7) for k in range(8))
    made = scored({"kit_electronic": beat}, title="House drums", role="drums", rate=RATE, frames=SECONDS * RATE, seed=0)
    grid = SongGrid(beats_s=tuple(0.5 * k for k in range(8)), downbeats_s=(0.0, 2.0), key="C major")
    sound, scale = perform(made)
    made = replace(made, scale=scale, song=grid)
    pcm = write_pcm(sound, tmp_path / "beat.f32", rate=RATE)
    source = Source(
        id=uuid7(),
        title="House drums",
        origin="generated",
        role="drums",
        blob=opened.library.blobs.put_pcm(pcm),
        duration_s=SECONDS,
        rate=RATE,
        channels=2,
        score=scores.keep_score(opened.services, made, ()),
        steps=(
            Step(
                operation="style:arrangement",
                at="2026-01-01T00:00:00Z",
                parameters={"style": "house", "style_name": "House", **scores.credits_of(made)},
            ),
        ),
    )
    opened.new_project()
    clip = uuid7()
    opened.commit("Land", edits.add_track_for(opened.project, source, ids=[uuid7(), clip]))
    return Bench(opened, clip, made)


def test_an_edit_is_one_step_that_sounds_and_undo_takes_it_back(bench: Bench) -> None:
    session, before, first = bench.session, bench.source, bench.sound().copy()
    assert session.score(before) == bench.score
    moved, chosen = notes.moved(bench.score, {7}, by_s=0.25)
    assert chosen == {7}
    session.set_score(bench.clip, replace(bench.score, notes=moved), label="Move notes")
    after = bench.source
    assert session.history.entries[session.history.index].label == "Move notes"
    assert (after.duration_s, after.title, after.origin) == (before.duration_s, before.title, "generated")
    assert after.id != before.id
    assert before.id not in session.project.sources
    assert list(problems(session.project)) == []
    changed = bench.sound()
    at = round(3.5 * RATE)
    assert np.array_equal(first[:, : at - RATE // 50], changed[:, : at - RATE // 50])
    assert np.abs(first[:, at : at + RATE // 8]).max() > 0.05
    assert np.abs(changed[:, round(3.75 * RATE) : round(3.9 * RATE)]).max() > 0.05
    session.undo()
    assert bench.source == before
    assert np.array_equal(bench.sound(), first)


def test_the_side_chain_follows_the_kicks_where_they_are_edited(bench: Bench) -> None:
    session, services = bench.session, bench.services
    kicks = tuple(n.start_s for n in bench.score.notes if n.pitch == KICK)
    parts: list[str] = []
    for title, written in (("House bass", kicks), ("Another take's bass", tuple(k + 0.01 for k in kicks))):
        bass = scored(
            {"organ": (Note(0.0, 3.5, 60.0, 0.8),)},
            title=title,
            role="bass",
            rate=RATE,
            frames=SECONDS * RATE,
            seed=0,
            sidechain_db=12.0,
            kicks_s=written,
        )
        key = scores.keep_score(services, replace(bass, song=bench.score.song), ())
        source = replace(bench.source, id=uuid7(), title=title, role="bass", blob=f"{PLAYED}{key}", score=key)
        parts.append(uuid7())
        session.commit("Land", edits.add_track_for(session.project, source, ids=[uuid7(), parts[-1]]))

    def ducking(clip: str) -> tuple[float, ...]:
        source = session.project.sources[edits.find_clip(session.project, clip)[1].source]
        found = scores.score_of(services, source).ducking
        assert found is not None
        return found.kicks_s

    def level(from_s: float, to_s: float) -> float:
        source = session.project.sources[edits.find_clip(session.project, parts[0])[1].source]
        sound = np.asarray(services.media.pcm(source, RATE).open())[:, round(from_s * RATE) : round(to_s * RATE)]
        return float(np.sqrt(np.mean(np.square(sound))))

    assert level(1.01, 1.06) < 0.7 * level(1.31, 1.36)
    moved, _ = notes.moved(bench.score, {2}, by_s=0.3)
    session.set_score(bench.clip, replace(bench.score, notes=moved))
    assert ducking(parts[0]) == pytest.approx((0.0, 1.3, 2.0, 3.0), abs=1e-3)
    assert ducking(parts[1]) == pytest.approx((0.01, 1.01, 2.01, 3.01), abs=1e-3)
    assert level(1.31, 1.36) < 0.7 * level(1.01, 1.06)
    steps = next(s for s in session.project.sources.values() if s.title == "House bass").steps
    assert all(not step.parameters.get(scores.EDITED) for step in steps)
    # A stroke of the snare moves no side-chain, and one undo takes all of an edit back.
    session.undo()
    assert ducking(parts[0]) == kicks
    moved, _ = notes.moved(bench.score, {1}, by_s=0.1)
    session.set_score(bench.clip, replace(bench.score, notes=moved))
    assert ducking(parts[0]) == kicks


def test_the_manifest_says_who_plays_and_that_a_person_changed_it(bench: Bench) -> None:
    rest, _ = notes.removed(bench.score.notes, {0})
    bench.session.set_score(bench.clip, replace(bench.score, notes=rest))
    (step,) = [s for s in account.steps_of(bench.session.project) if s.operation == "style:arrangement"]
    assert step.generated
    assert step.parameters["instruments"] == ["kit_electronic"]
    assert step.parameters["samples"]
    assert all("(" in credit for credit in step.parameters["samples"])
    assert describe(step, {}, {}) == "Restyled the drums as House (arrangement by rules, edited by hand)"


def test_parts_of_one_restyle_are_one_step_that_names_all_players(bench: Bench) -> None:
    other = replace(
        bench.source,
        id=uuid7(),
        parents=(bench.source.id,),
        steps=(
            replace(
                bench.source.steps[0],
                parameters={**bench.source.steps[0].parameters, "instruments": ["piano"], "samples": ["VSCO (CC0)"]},
            ),
        ),
    )
    project = edits.add_track_for(bench.session.project, other)
    (step,) = [s for s in account.steps_of(project) if s.operation == "style:arrangement"]
    assert step.parameters["instruments"] == ["kit_electronic", "piano"]
    assert "VSCO (CC0)" in step.parameters["samples"]
    assert "edited_by_hand" not in step.parameters


def test_a_copy_a_piece_and_a_file_keep_their_notes(bench: Bench) -> None:
    session = bench.session
    session.commit("Split", edits.split_clip(session.project, bench.clip, 2.0, ids=["right"]))
    session.commit("Copy", edits.duplicate_clip(session.project, bench.clip, at_s=6.0, ids=["copy"]))
    louder, _ = notes.with_velocity(bench.score.notes, {0}, to=1.0)
    session.set_score("right", replace(bench.score, notes=louder))
    sources = {
        clip: session.project.sources[edits.find_clip(session.project, clip)[1].source]
        for clip in (bench.clip, "right", "copy")
    }
    assert sources["copy"].id == sources[bench.clip].id != sources["right"].id
    again = codec.decode_document(codec.encode_document(session.project, saved_at="")).project
    assert again == session.project
    pasted = edits.paste_clips(Project(id=uuid7()), edits.copy_clips(session.project, ["right"]), 0.0)
    assert [s.score for s in pasted.sources.values()] == [sources["right"].score]


def test_a_sound_that_is_gone_is_played_from_its_notes(bench: Bench, tmp_path: Path) -> None:
    first = bench.sound().copy()
    services, source = bench.services, bench.source
    assert relink.missing(services, bench.session.project) == ()
    services.library.blobs.remove(source.blob)
    services.media.take_back(source.blob, RATE)
    assert relink.missing(services, bench.session.project) == ()
    assert np.array_equal(bench.sound(), first)
    # What was not written in this session is kept, and not played a second time.
    assert services.library.blobs.has(source.blob)
    assert source.score is not None
    services.library.blobs.remove(source.score)
    services.library.blobs.remove(source.blob)
    assert [each.id for each in relink.missing(services, bench.session.project)] == [source.id]
    assert bench.session.score(replace(source, score="0" * 64)) is None


def test_notes_of_a_licensed_song_rest_under_its_licence(bench: Bench) -> None:
    blobs = bench.services.library.blobs
    key = scores.keep_score(bench.services, bench.score, ("a1" * 32,))
    assert key == scores.key_of(bench.score)
    assert (blobs.info(key).encrypted, blobs.info(key).assets) == (True, ("a1" * 32,))
    with pytest.raises(RightsError):
        scores.score_of(bench.services, replace(bench.source, score=key))
    blobs.remove(key)


def test_a_clip_without_notes_says_so(bench: Bench) -> None:
    plain = replace(bench.source, id=uuid7(), score=None)
    bench.session.commit("Add", edits.add_track_for(bench.session.project, plain, ids=[uuid7(), "plain"]))
    with pytest.raises(ProjectError) as caught:
        bench.session.set_score("plain", bench.score)
    assert "restyle" in caught.value.remedy


def test_midi_goes_out_on_the_beats_of_the_song_and_comes_back(bench: Bench, tmp_path: Path) -> None:
    session = bench.session
    session.commit("Move", edits.move_clip(session.project, bench.clip, 1.0))
    target = tmp_path / "out.mid"
    assert session.export_midi(target).notes == 8
    (track,) = read_midi(target.read_bytes())
    assert track.channel == 9
    assert [round(n.start_s, 2) for n in track.notes] == [1.0 + 0.5 * k for k in range(8)]
    assert {n.pitch for n in track.notes} == {36, 38}
    session.set_score(bench.clip, replace(bench.score, notes=bench.score.notes[:1]))
    session.import_notes(bench.clip, target)
    found = session.score(bench.source)
    assert found is not None
    assert [(round(n.start_s, 2), n.pitch) for n in found.notes] == [(n.start_s, n.pitch) for n in bench.score.notes]
    folder = scores.export_parts(bench.services, session.project, tmp_path / "parts")
    assert [Path(each).name for each in folder.files] == ["1 House drums.mid"]


def test_files_that_do_not_fit_are_refused_with_a_remedy(bench: Bench, tmp_path: Path) -> None:
    late = tmp_path / "late.mid"
    track = FileTrack(name="Beat", notes=(FileNote(start_s=90.0, duration_s=0.2, pitch=36, velocity=0.5),), channel=9)
    late.write_bytes(write_midi([track], tempo=(TempoAt(0.0, 0.0, 0.5),)))
    bad = tmp_path / "bad.mid"
    bad.write_bytes(b"no midi")
    before = bench.session.project
    for path, track_name, kind in (
        (late, "", ProjectError),
        (late, "Bass", ProjectError),
        (bad, "", ScoreError),
        (tmp_path / "none.mid", "", ScoreError),
    ):
        with pytest.raises(kind) as caught:
            bench.session.import_notes(bench.clip, path, track=track_name)
        assert caught.value.remedy  # type: ignore[attr-defined]
    assert bench.session.project is before
