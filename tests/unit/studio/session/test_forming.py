"""Stems in the making: what is shown, what is played, and what a person sets on the way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.types import PcmRef
from studio.base.events import Event
from studio.flows.separate import SplitPartial
from studio.project import edits
from studio.project.model import Clip, Project, Source, Track
from studio.session.forming import ROLES, Forming
from studio.session.prepared import Prepared

RATE = 8_000
SECONDS = 10.0


class _Media:
    """What `Forming` asks of the media cache."""

    def __init__(self) -> None:
        self.lent: dict[str, PcmRef] = {}

    def lend(self, blob: str, rate: int, pcm: PcmRef) -> None:
        self.lent[blob] = pcm

    def take_back(self, blob: str, rate: int) -> None:
        self.lent.pop(blob, None)


@pytest.fixture
def project() -> Project:
    song = Source(
        id="song", title="Song", origin="own", role="mix", blob="0" * 64, duration_s=SECONDS, rate=RATE, channels=1
    )
    clip = Clip(id="clip", source="song", start_s=2.0, length_s=8.0, source_start_s=1.0)
    return Project(
        id="p", rate=RATE, sources={"song": song}, tracks=(Track(id="t", name="Song", role="mix", clips=(clip,)),)
    )


@pytest.fixture
def stems(tmp_path: Path) -> dict:
    refs = {}
    for index, role in enumerate(ROLES):
        path = tmp_path / f"{role}.f32"
        np.full((1, round(RATE * SECONDS)), 0.1 * (index + 1), dtype=np.float32).tofile(path)
        refs[role] = PcmRef(path=str(path), rate=RATE, channels=1, frames=round(RATE * SECONDS))
    return refs


def _forming(project: Project, tmp_path: Path) -> tuple[Forming, _Media, Prepared]:
    media = _Media()
    peaks: Prepared = Prepared("peaks", lambda source, rate: None, Event("ready"))
    return Forming(project, "t", media=media, folder=tmp_path / "scratch"), media, peaks  # type: ignore[arg-type]


def _take(forming: Forming, peaks: Prepared, stems: dict, *ready: tuple[float, float]) -> None:
    forming.take(SplitPartial(stems=stems, ready=ready, duration_s=SECONDS), peaks)


def test_nothing_lies_over_the_project_before_the_first_stems(project: Project, tmp_path: Path) -> None:
    forming, _, peaks = _forming(project, tmp_path)
    assert forming.shown(project) is project
    assert forming.played(project) is project
    peaks.close()


def test_stems_play_where_they_are_made_and_the_song_elsewhere(project: Project, stems: dict, tmp_path: Path) -> None:
    forming, media, peaks = _forming(project, tmp_path)
    _take(forming, peaks, stems, (4.0, 6.0))
    played = forming.played(project)
    by_role = {track.role: track for track in played.tracks}
    assert [(c.start_s, c.end_s) for c in by_role["drums"].clips] == [(5.0, 7.0)]
    assert [(c.start_s, c.end_s) for c in by_role["mix"].clips] == [(2.0, 5.0), (7.0, 10.0)]
    assert [c.source_start_s for c in by_role["mix"].clips] == [1.0, 6.0]
    assert not by_role["mix"].strip.mute
    assert set(media.lent) == {played.sources[by_role[role].clips[0].source].blob for role in ROLES}
    assert all(len(each.tracks) == 1 for each in (project,))
    peaks.close()


def test_what_is_shown_has_whole_clips_and_peaks_that_grow(project: Project, stems: dict, tmp_path: Path) -> None:
    forming, _, peaks = _forming(project, tmp_path)
    _take(forming, peaks, stems, (0.0, 5.0))
    shown = forming.shown(project)
    bass = next(track for track in shown.tracks if track.role == "bass")
    assert (bass.clips[0].start_s, bass.clips[0].end_s) == (2.0, 10.0)
    assert shown is forming.shown(project)
    source = shown.sources[bass.clips[0].source]

    def loudest(start_s: float, end_s: float) -> float:
        found = peaks.get(source, rate=RATE)
        return float(found.columns(start_s * RATE, end_s * RATE, 10)[1].max())

    assert loudest(1.0, 4.0) == pytest.approx(0.3, abs=1e-3)
    assert loudest(6.0, 9.0) == 0.0
    _take(forming, peaks, stems, (0.0, 8.0))
    assert loudest(6.0, 7.0) == pytest.approx(0.3, abs=1e-3)
    again = next(track for track in forming.shown(project).tracks if track.role == "bass")
    assert again.id == bass.id
    peaks.close()


def test_what_a_person_sets_on_the_way_is_heard_and_lands(project: Project, stems: dict, tmp_path: Path) -> None:
    forming, media, peaks = _forming(project, tmp_path)
    _take(forming, peaks, stems, (0.0, 5.0))
    vocals = next(track.id for track in forming.shown(project).tracks if track.role == "vocals")
    assert forming.holds(vocals, project)
    assert not forming.holds("t", project)
    forming.set_strip(project, vocals, {"solo": True, "gain_db": -3.0})
    heard = next(track for track in forming.played(project).tracks if track.id == vocals)
    assert (heard.strip.solo, heard.strip.gain_db) == (True, -3.0)

    made = {
        role: Source(
            id=f"s-{role}",
            title=role,
            origin="own",
            role=role,
            blob="1" * 64,
            duration_s=SECONDS,
            rate=RATE,
            channels=1,
            parents=("song",),
        )
        for role in ROLES
    }
    landed = forming.land(edits.attach_stems(edits.add_sources(project, made.values()), "t", made))
    strip = next(track.strip for track in landed.tracks if track.role == "vocals")
    assert (strip.solo, strip.gain_db) == (True, -3.0)
    forming.end()
    assert media.lent == {}
    peaks.close()


def test_a_stretched_song_is_shown_but_played_as_it_is(project: Project, stems: dict, tmp_path: Path) -> None:
    faster = edits.set_clip(project, "clip", tempo_ratio=1.1)
    forming, _, peaks = _forming(faster, tmp_path)
    _take(forming, peaks, stems, (0.0, 5.0))
    assert len(forming.shown(faster).tracks) == 5
    assert forming.played(faster) is faster
    peaks.close()
