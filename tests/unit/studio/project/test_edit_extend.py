"""A longer version as clips: recording and stems alike, cross-faded."""

from __future__ import annotations

import pytest

from engine.analysis.extension import Segment
from studio.base.errors import ProjectError
from studio.project import edits
from studio.project.check import check
from studio.project.edits.extend import lay_segments
from studio.project.model import Project, Source

SEGMENTS = (
    Segment(source_s=0.0, length_s=8.0, at_s=0.0, fade_in_s=0.0, fade_out_s=0.03),
    Segment(source_s=3.97, length_s=8.03, at_s=7.97, fade_in_s=0.03, fade_out_s=0.03),
    Segment(source_s=7.97, length_s=12.03, at_s=15.97, fade_in_s=0.03, fade_out_s=0.0),
)


def source(key: str, role: str = "own") -> Source:
    return Source(
        id=key,
        title=key,
        origin="own",
        role=role,
        blob="b" * 64,
        duration_s=20.0,
        rate=48000,
        channels=2,  # type: ignore[arg-type]
    )


def project() -> tuple[Project, str]:
    made = edits.add_track_for(Project(id="p"), source("song"), ids=["t", "c"])
    return made, "t"


def test_the_recording_is_laid_along_the_new_form_with_cross_fades() -> None:
    before, track = project()
    after = lay_segments(before, track, SEGMENTS, source_s=20.0)
    clips = after.track(track).clips
    assert [(c.start_s, c.source_start_s) for c in clips] == [(0.0, 0.0), (7.97, 3.97), (15.97, 7.97)]
    assert clips[1].fade_in_s == clips[0].fade_out_s == pytest.approx(0.03)
    assert clips[0].end_s - clips[1].start_s == pytest.approx(0.03)
    assert after.length_s == pytest.approx(28.0)
    assert len({c.id for c in clips}) == 3
    check(after)


def test_a_cut_recording_is_refused_and_nothing_changes() -> None:
    before, track = project()
    cut = edits.split_clip(before, "c", 5.0)
    with pytest.raises(ProjectError) as caught:
        lay_segments(cut, track, SEGMENTS, source_s=20.0)
    assert caught.value.code == "edit-invalid"
