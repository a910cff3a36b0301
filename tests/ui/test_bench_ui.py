"""What `contrafact bench ui` measures with: the project is what it says, and the figures have their names."""

from __future__ import annotations

from types import SimpleNamespace

from msgspec.structs import replace

from studio.project.check import check
from tests.bench.ui_frames import CLIPS, MINUTES, big_project, figures
from tests.bench.ui_monkey import problems_of
from tests.ui.songs import song


def test_the_big_project_is_whole_and_big() -> None:
    project = big_project(replace(song(), tracks=()), "own")
    project = replace(project, sources={"own": replace(project.sources["own"], duration_s=60.0, rate=48_000)})
    check(project)
    assert sum(len(track.clips) for track in project.tracks) == CLIPS
    assert project.length_s > MINUTES * 60 * 0.9
    assert all(
        a.end_s <= b.start_s for track in project.tracks for a, b in zip(track.clips, track.clips[1:], strict=False)
    )


def test_figures_are_in_milliseconds() -> None:
    assert figures([0.001] * 98 + [0.005] * 2) == {"median_ms": 1.0, "p99_ms": 5.0}


def test_a_broken_project_is_seen() -> None:
    whole, broken = song(), song()
    broken = replace(broken, tracks=(broken.tracks[0], broken.tracks[0]))
    assert problems_of(SimpleNamespace(history=SimpleNamespace(committed=broken))) != []
    assert whole is not broken
