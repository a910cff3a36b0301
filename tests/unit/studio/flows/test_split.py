"""Splitting in a project: heard while it is made, with any model, and what is done with the stems afterwards."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from engine.errors import InferenceError, PackError
from studio.base.errors import ProjectError
from studio.flows import audition, separate, separate_files, stem_tools
from studio.flows.media import Silent
from studio.flows.separate_files import Wish
from studio.project import edits
from studio.project.model import Project
from studio.session import Session
from tests.samples.packs import SHARES, write_pack

RATE, SECONDS = 44_100, 3


@dataclass
class Bench:
    """A session with a song of one's own on a track, and a model whose answer is known."""

    services: Any
    project: Project
    track: str
    song: Path
    mixture: Any

    def pcm(self, project: Project, role: str) -> Any:
        tracks = stem_tools.stem_tracks(project, self.track)
        source = project.sources[tracks[role].clips[0].source]  # type: ignore[index]
        return np.array(self.services.media.pcm(source, project.rate).open())


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("split")
    patch = pytest.MonkeyPatch()
    patch.setenv("CONTRAFACT_KEYSTORE", "file")
    rng = np.random.default_rng(5)
    mixture = (rng.standard_normal((2, RATE * SECONDS)) * 0.1).astype(np.float32)
    song = folder / "my song.wav"
    soundfile.write(song, mixture.T, RATE, subtype="FLOAT")
    session = Session.open(folder / "home", headless=True)
    write_pack(session.services.paths.data / "models" / "shares")
    write_pack(session.services.paths.data / "models" / "six", stems=["vocals", "guitar", "bass", "piano"])
    project, track, _ = audition.load_project(session.services, str(song), Silent())
    yield Bench(session.services, project, track, song, mixture)
    session.close()
    patch.undo()


def test_stems_are_told_of_while_they_grow(bench: Bench) -> None:
    seen: list[separate.SplitPartial] = []
    landing = separate.split(
        bench.services, bench.project, bench.track, Silent(), model="shares", start_s=1.0, on_partial=seen.append
    )
    assert landing.result.model == "shares"
    assert landing.result.first_stem_s is not None
    for look in seen:
        assert set(look.stems) == {"vocals", "drums", "bass", "other"}
        assert look.duration_s == pytest.approx(SECONDS)
        assert all(0 <= a < b <= SECONDS for a, b in look.ready)
    project = landing.apply(bench.project)
    for role, share in zip(("vocals", "drums", "bass", "other"), SHARES, strict=True):
        assert np.abs(bench.pcm(project, role) - share * bench.mixture).max() < 1e-5
    assert not (bench.services.paths.cache / "splits").exists()


def test_the_second_time_it_comes_from_the_cache(bench: Bench) -> None:
    for _ in range(2):
        landing = separate.split(bench.services, bench.project, bench.track, Silent(), model="shares")
    assert landing.result.cached


def test_stems_that_a_project_does_not_know_are_added_up(bench: Bench) -> None:
    landing = separate.split(bench.services, bench.project, bench.track, Silent(), model="six")
    assert landing.result.roles == ("vocals", "bass", "other")
    project = landing.apply(bench.project)
    assert np.abs(bench.pcm(project, "other") - (0.2 + 0.4) * bench.mixture).max() < 1e-5


def test_an_unknown_model_is_named(bench: Bench) -> None:
    with pytest.raises(PackError) as caught:
        separate.split(bench.services, bench.project, bench.track, Silent(), model="none")
    assert caught.value.code == "model-unknown"


def split(bench: Bench) -> Project:
    return separate.split(bench.services, bench.project, bench.track, Silent(), model="shares").apply(bench.project)


def test_bleed_is_removed_and_the_sum_stays(bench: Bench) -> None:
    project = split(bench)
    landing = stem_tools.remove_bleed(bench.services, project, bench.track, Silent(), threshold_db=-12)
    after = landing.apply(project)
    roles = ("vocals", "drums", "bass", "other")
    total = sum(bench.pcm(after, role).astype(np.float64) for role in roles)
    assert np.abs(total - bench.mixture).max() < 1e-5
    # The vocals are 13 dB below the others together: they count as bleed.
    before, cleaned = bench.pcm(project, "vocals"), bench.pcm(after, "vocals")
    assert np.sqrt((cleaned**2).mean()) < 0.5 * np.sqrt((before**2).mean())
    source = after.sources[stem_tools.stem_tracks(after, bench.track)["vocals"].clips[0].source]
    assert source.steps[-1].parameters == {"clean_db": -12}
    assert source.steps[0].model_id == "shares"


def test_voice_and_rest_in_one_step(bench: Bench) -> None:
    landing = stem_tools.split_in_two(bench.services, bench.project, bench.track, Silent(), model="shares")
    project = landing.apply(bench.project)
    tracks = stem_tools.stem_tracks(project, bench.track)
    assert [track.name for track in tracks.values()] == ["Vocals", "Instrumental"]
    assert np.abs(bench.pcm(project, "other") - 0.9 * bench.mixture).max() < 1e-5


def test_balance_and_karaoke_are_edits(bench: Bench) -> None:
    project = split(bench)
    louder = stem_tools.rebalance(project, bench.track, {"drums": 3.0})
    assert stem_tools.stem_tracks(louder, bench.track)["drums"].strip.gain_db == 3.0
    silent = stem_tools.karaoke(project, bench.track)
    assert stem_tools.stem_tracks(silent, bench.track)["vocals"].strip.mute
    assert not stem_tools.stem_tracks(stem_tools.karaoke(silent, bench.track, on=False), bench.track)[
        "vocals"
    ].strip.mute
    with pytest.raises(ProjectError, match="not split"):
        stem_tools.karaoke(bench.project, bench.track)
    without = edits.remove_track(project, stem_tools.stem_tracks(project, bench.track)["vocals"].id)
    with pytest.raises(ProjectError, match="no stem of a voice"):
        stem_tools.karaoke(without, bench.track)


@pytest.mark.parametrize(
    ("wish", "model", "names", "sums"),
    [
        (Wish(), "shares", ["vocals", "drums", "bass", "other"], 1.0),
        (Wish(), "six", ["vocals", "bass", "guitar", "piano"], 1.0),
        (Wish(tool="two"), "shares", ["vocals", "instrumental"], 1.0),
        (Wish(tool="karaoke"), "shares", ["instrumental"], 0.9),
        (Wish(tool="balance", gains_db={"drums": 6.0206, "vocals": -96}), "shares", ["mix"], 1.1),
        (Wish(clean_db=-30.0, mono_below_hz=120.0), "shares", ["vocals", "drums", "bass", "other"], None),
    ],
)
def test_files_of_stems(
    bench: Bench, tmp_path: Path, wish: Wish, model: str, names: list[str], sums: float | None
) -> None:
    result = separate_files.separate_to_folder(
        bench.services, str(bench.song), tmp_path / "out", Silent(), model=model, wish=wish
    )
    assert list(result.stems) == names
    total = sum(soundfile.read(path, dtype="float64")[0].T for path in result.stems.values())
    if sums is not None:
        assert np.abs(total - sums * bench.mixture).max() < 1e-4
    assert (result.sum_error_db is None) == (wish.tool in ("karaoke", "balance"))
    assert not list(bench.services.paths.scratch.glob("tools-*"))


def test_what_a_killed_studio_had_begun_to_write_goes_with_the_next_run(bench: Bench, tmp_path: Path) -> None:
    old, fresh, other = (tmp_path / name for name in (".out [1].123456.part", ".out [1].abcdef.part", ".o.123456.part"))
    long_ago = time.time() - 2 * separate_files.ABANDONED_S
    for folder in (old, fresh, other):
        folder.mkdir()
        (folder / "vocals.wav").write_bytes(b"half")
        os.utime(folder / "vocals.wav", (long_ago, long_ago))
        if folder != fresh:
            os.utime(folder, (long_ago, long_ago))
    separate_files.separate_to_folder(bench.services, str(bench.song), tmp_path / "out [1]", Silent(), model="shares")
    assert not old.exists()
    assert fresh.exists()
    assert other.exists()


def test_a_gain_for_a_stem_that_is_not_there_is_named(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="no stem “kazoo”"):
        separate_files.separate_to_folder(
            bench.services,
            str(bench.song),
            tmp_path / "out",
            Silent(),
            model="shares",
            wish=Wish(tool="balance", gains_db={"kazoo": 1.0}),
        )
    assert not (tmp_path / "out").exists()


def test_what_a_killed_worker_had_done_is_taken_up_again(bench: Bench, tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    song = tmp_path / "long.wav"
    soundfile.write(song, (rng.standard_normal((RATE * 90, 2)) * 0.1).astype(np.float32), RATE, subtype="FLOAT")
    project, track, _ = audition.load_project(bench.services, str(song), Silent())

    def kill(partial: separate.SplitPartial) -> None:
        os.kill(bench.services.inference.pid, signal.SIGKILL)

    with pytest.raises(InferenceError) as caught:
        separate.split(bench.services, project, track, Silent(), model="shares", on_partial=kill)
    assert caught.value.code == "worker-died"
    source = separate.recording_of(project, track)
    _, facts = separate.model_blobs(bench.services, source, project.rate, Silent(), model="shares")
    assert 0 < facts["resumed_s"] < 90
    assert facts["sum_error_db"] < -100
    assert not (bench.services.paths.cache / "splits").exists()
