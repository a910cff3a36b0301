"""What must never be in a project, beyond what files can hold."""

from __future__ import annotations

import math

import pytest
from msgspec.structs import replace

from studio.base.errors import ProjectError
from studio.project import edits
from studio.project.check import check, problems
from studio.project.model import Clip, Project


def test_a_sound_project_has_no_problems(split: Project) -> None:
    assert list(problems(split)) == []
    check(split)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_number_is_found(project: Project, value: float) -> None:
    marked = replace(project, loop=replace(project.loop, end_s=value))
    assert "not a number" in next(problems(marked)) or math.isinf(value)
    with pytest.raises(ProjectError) as refused:
        check(marked)
    assert refused.value.code == "project-corrupt"
    assert refused.value.remedy


def test_overlaps_are_found_and_crossfades_are_none(project: Project) -> None:
    over = Clip(id="n", source="own", start_s=25, length_s=10)
    track = project.track("u")
    broken = replace(project, tracks=(project.tracks[0], replace(track, clips=(*track.clips, over))))
    assert list(problems(broken)) == ["clips overlap on “Shaker”"]
    faded = edits.crossfade(edits.split_clip(project, "s", 25, ids=["r"]), "s", "r", length_s=1)
    assert list(problems(faded)) == []


def test_stems_stand_below_their_track(split: Project) -> None:
    swapped = replace(split, tracks=(*split.tracks[1:], split.tracks[0]))
    assert "does not stand below" in next(problems(swapped))


def test_a_long_history_of_sounds_is_walked_without_a_deep_stack(project: Project) -> None:
    sources = dict(project.sources)
    for index in range(3000):
        parents = (f"x{index - 1}",) if index else ("own",)
        sources[f"x{index}"] = replace(sources["own"], id=f"x{index}", parents=parents)
    assert list(problems(replace(project, sources=sources))) == []
    sources["own"] = replace(sources["own"], parents=("x2999",))
    assert "a sound was made from itself" in list(problems(replace(project, sources=sources)))
