from __future__ import annotations

from studio.project import edits
from studio.project.difference import differences
from studio.project.model import Clip, Project, Source, Track


def _project() -> Project:
    source = Source(
        id="s", title="Song", origin="own", role="own", blob="0" * 64, duration_s=60.0, rate=48_000, channels=2
    )
    tracks = tuple(
        Track(id=f"t{n}", name=f"Track {n}", clips=(Clip(id=f"c{n}", source="s", start_s=0.0, length_s=10.0),))
        for n in range(5)
    )
    return Project(id="p", title="Mine", sources={"s": source}, tracks=tracks)


def test_the_same_project_does_not_differ() -> None:
    assert differences(_project(), _project()) == ()


def test_each_kind_of_change_has_a_line() -> None:
    before = _project()
    after = edits.set_tempo(edits.rename_project(before, "Ours"), 140.0)
    after = edits.move_clip(after, "c0", 20.0)
    after = edits.split_clip(after, "c1", 5.0)
    after = edits.set_strip(after, "t2", gain_db=-3.0)
    after = edits.remove_track(after, "t4")
    after = edits.add_marker(after, 3.0, "Here")
    assert differences(before, after) == (
        "Title: “Ours”, before “Mine”",
        "Tempo: 140, before 120",
        "1 track less: Track 4",
        "Mix changed on 1 track: Track 2",
        "1 clip more",
        "1 clip less",
        "2 clips moved or changed",
        "Markers and sections were changed",
    )


def test_many_tracks_are_counted() -> None:
    empty = Project(id="p", title="Mine")
    assert differences(empty, _project())[0] == "5 tracks more: Track 0, Track 1, Track 2 and 2 others"
