"""A voice of one's own beside a song, and a song that is split made longer: as clips of a project."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import numpy as np
import pytest
import soundfile

from studio.base.errors import ProjectError, RightsError
from studio.base.ids import uuid7
from studio.flows import audition, extend, import_own, vocals
from studio.flows.media import Silent
from studio.flows.services import Services
from studio.project import edits
from studio.project.model import Project
from studio.session import Session
from tests.samples import rights as licence

RATE, SECONDS, BEAT_S = 44_100, 16.0, 0.5
LATE_S = 0.04
SUNG = ((1.0, 0.45, 61), (1.5, 0.45, 63), (2.0, 0.9, 65), (4.0, 0.45, 68), (4.5, 0.9, 66))
"""Start, length and MIDI pitch: a semitone above C major."""


def tone(pitch: float, length_s: float, partials: int) -> np.ndarray:
    time = np.arange(round(length_s * RATE)) / RATE
    hz = 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)
    ramp = np.minimum(1.0, np.minimum(time, length_s - time) / 0.01)
    return ramp * sum(np.sin(2 * np.pi * hz * k * time) / k for k in range(1, partials + 1))


def put(out: np.ndarray, sound: np.ndarray, at_s: float) -> None:
    at = round(at_s * RATE)
    out[at : at + sound.size] += sound[: out.size - at]


@dataclass
class Bench:
    """A session with a song and a voice beside it."""

    services: Services
    project: Project
    song: str
    clip: str


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("vocals")
    patch = pytest.MonkeyPatch()
    patch.setenv("CONTRAFACT_KEYSTORE", "file")
    band, voice = np.zeros(round(SECONDS * RATE)), np.zeros(round(7.0 * RATE))
    for beat in range(int(SECONDS / BEAT_S)):
        put(band, 0.6 * tone(36 if beat % 2 == 0 else 50, 0.08, 3), beat * BEAT_S)
        if beat % 4 == 0:
            root = (60, 65, 67, 60)[beat // 4 % 4]
            for step in (0, 4, 7):
                put(band, 0.1 * tone(root + step, 4 * BEAT_S, 3), beat * BEAT_S)
    for start, length, pitch in SUNG:
        put(voice, 0.2 * tone(pitch, length, 5), start + LATE_S)
    soundfile.write(folder / "song.wav", band, RATE)
    soundfile.write(folder / "voice.wav", voice, RATE)
    session = Session.open(folder / "home", headless=True)
    project, song, _ = audition.load_project(session.services, str(folder / "song.wav"), Silent())
    source, _ = import_own.load(session.services, folder / "voice.wav", rate=project.rate)
    clip = uuid7()
    project = edits.add_track_for(project, source, ids=[uuid7(), clip])
    # What the label says of a song stands above what is heard.
    told = msgspec.structs.replace(
        project.sources[project.tracks[0].clips[0].source], tempo_bpm=120.0, first_beat_s=0.0, key="C major"
    )
    project = msgspec.structs.replace(project, sources={**project.sources, told.id: told})
    yield Bench(session.services, project, song, clip)
    session.close()
    patch.undo()


def test_a_voice_lands_on_the_beats_and_in_the_key_and_its_double_follows_the_scale(bench: Bench) -> None:
    aligned = vocals.align(bench.services, bench.project, bench.clip, bench.song, Silent())
    done = aligned.result
    assert done.key == "C major"
    assert done.semitones == pytest.approx(-1.0, abs=0.1)
    assert done.in_key == pytest.approx(1.0)
    assert done.off_grid_after_ms < 3.0
    project = aligned.apply(bench.project)
    _, clip = edits.find_clip(project, bench.clip)
    assert clip.semitones == done.semitones
    # Where the first note lies on the timeline now: moved as a whole, and its phrase to the beat.
    sung_s = vocals.WarpMap.of(clip).clip_at(1.0 + LATE_S) + clip.start_s
    assert abs(sung_s / (BEAT_S / 4) - round(sung_s / (BEAT_S / 4))) * BEAT_S / 4 < 0.02

    doubled = vocals.harmonise(bench.services, project, bench.clip, bench.song, Silent(), harmony="third-above")
    assert doubled.result.pieces >= 3
    with_double = doubled.apply(project)
    track = edits.find_track(with_double, doubled.result.track_id)
    assert track.strip.gain_db == vocals.HARMONY_DB
    intervals = {round(each.semitones - clip.semitones) for each in track.clips}
    assert intervals == {3, 4}
    assert track.clips[-1].end_s == pytest.approx(clip.end_s, abs=0.01)
    assert edits.find_clip(with_double, bench.clip)[1] == clip


def test_an_unknown_harmony_and_a_warped_clip_are_refused_with_a_remedy(bench: Bench) -> None:
    with pytest.raises(ProjectError) as caught:
        vocals.harmonise(bench.services, bench.project, bench.clip, bench.song, Silent(), harmony="tritone-above")
    assert "third-above" in str(caught.value.remedy)
    warped = edits.set_warp(bench.project, bench.clip, [(0.0, 0.0), (5.0, 5.5)])
    with pytest.raises(ProjectError) as caught:
        vocals.align(bench.services, warped, bench.clip, bench.song, Silent())
    assert caught.value.code == "edit-invalid"


def test_a_harmony_out_of_the_licences_range_is_refused_with_the_reason(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The voice of a licensed recording may be shifted by five semitones: a third goes, an octave does not."""
    library = bench.services.library
    grant = licence.changed(
        licence.GRANT, constraints=licence.changed(licence.GRANT.constraints, pitch_semitones=(-5.0, 5.0))
    )
    monkeypatch.setattr(library, "grants", lambda: {licence.ASSET: licence.signed(grant)})
    monkeypatch.setattr(library, "context", lambda: licence.CONTEXT)
    _, clip = edits.find_clip(bench.project, bench.clip)
    licensed = msgspec.structs.replace(
        bench.project.sources[clip.source], origin="licensed", asset_sha256=licence.ASSET, role="vocals"
    )
    project = msgspec.structs.replace(bench.project, sources={**bench.project.sources, licensed.id: licensed})
    with pytest.raises(RightsError) as caught:
        vocals.harmonise(bench.services, project, bench.clip, bench.song, Silent(), harmony="octave-below")
    assert "5 semitones" in caught.value.message
    assert caught.value.remedy.startswith("Choose a nearer harmony")
    third = vocals.harmonise(bench.services, project, bench.clip, bench.song, Silent(), harmony="third-above")
    assert third.result.highest <= 5.0


def test_a_longer_version_of_a_split_track_keeps_its_stems_in_step(bench: Bench) -> None:
    source = bench.project.sources[bench.project.tracks[0].clips[0].source]
    stems = {
        role: msgspec.structs.replace(source, id=uuid7(), role=role, parents=(source.id,))
        for role in ("drums", "other")
    }
    split = edits.attach_stems(bench.project, bench.song, stems)
    landing = extend.extend(bench.services, split, bench.song, Silent(), minutes=0.5, seed=1)
    longer = landing.apply(split)
    group = edits.find_track(longer, bench.song)
    assert landing.result.pieces >= 2
    assert max(clip.end_s for clip in group.clips) == pytest.approx(landing.result.length_s, abs=0.05)
    for stem in edits.children_of(longer, bench.song):
        places = [(round(c.start_s, 4), round(c.source_start_s, 4), round(c.length_s, 4)) for c in stem.clips]
        assert places == [(round(c.start_s, 4), round(c.source_start_s, 4), round(c.length_s, 4)) for c in group.clips]
