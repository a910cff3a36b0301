from __future__ import annotations

import pytest

from studio.base.errors import ProjectError
from studio.project import edits
from studio.project.model import Project, Source


def _project() -> Project:
    source = Source(
        id="s", title="Song", origin="own", role="mix", blob="0" * 64, duration_s=60.0, rate=48_000, channels=2
    )
    return Project(id="p", sources={"s": source})


def test_tempo_first_beat_and_key_are_corrected_and_nothing_else() -> None:
    project = _project()
    changed = edits.set_beat_grid(project, "s", tempo_bpm=120.0, first_beat_s=0.2, key="D minor")
    source = changed.sources["s"]
    assert (source.tempo_bpm, source.first_beat_s, source.key) == (120.0, 0.2, "D minor")
    assert changed.tracks == project.tracks
    assert edits.set_beat_grid(changed, "s", tempo_bpm=120.0) is changed


@pytest.mark.parametrize(("given_s", "stands_s"), [(0.7, 0.7), (-0.1, 0.4), (0.0, 0.0), (99.0, 60.0)])
def test_a_first_beat_lies_within_the_sound(given_s: float, stands_s: float) -> None:
    project = edits.set_beat_grid(_project(), "s", tempo_bpm=120.0)
    assert edits.set_beat_grid(project, "s", first_beat_s=given_s).sources["s"].first_beat_s == pytest.approx(stands_s)


def test_absurd_values_clamp_and_unknown_sounds_are_refused() -> None:
    assert edits.set_beat_grid(_project(), "s", tempo_bpm=1e9).sources["s"].tempo_bpm == 400.0
    with pytest.raises(ProjectError):
        edits.set_beat_grid(_project(), "other", tempo_bpm=100.0)
    with pytest.raises(ProjectError):
        edits.set_beat_grid(_project(), "s", tempo_bpm=float("nan"))
