"""The fix buttons: the nearest project or export that a licence allows, and nothing else touched."""

from __future__ import annotations

from studio.flows import fixes
from studio.flows.export import ExportOptions
from studio.project import edits
from studio.project.model import Project, Source
from studio.rights.verdict import Fix

ASSET, OTHER = "a" * 64, "b" * 64


def _project() -> Project:
    project = Project(id="p")
    for name, asset in (("one", ASSET), ("two", OTHER), ("mine", None)):
        source = Source(
            id=name,
            title=name,
            origin="licensed" if asset else "own",
            role="mix" if asset else "own",
            blob=name,
            duration_s=10.0,
            rate=48_000,
            channels=2,
            asset_sha256=asset,
        )
        project = edits.add_track_for(project, source, ids=[f"track-{name}", f"clip-{name}"])
        project = edits.set_clip(project, f"clip-{name}", semitones=7.0)
    return project


def _clip(project: Project, name: str):
    return edits.find_clip(project, f"clip-{name}")[1]


def test_pitch_goes_to_the_nearest_allowed_value_of_that_recording_alone():
    fix = Fix(kind="set_semitones", label="Set +5", asset_sha256=ASSET, value=5.0, minimum=-5.0, maximum=5.0)
    fixed = fixes.fix_project(_project(), fix)
    assert [_clip(fixed, name).semitones for name in ("one", "two", "mine")] == [5.0, 7.0, 7.0]


def test_what_must_go_is_muted_and_can_come_back():
    removed = fixes.fix_project(_project(), Fix(kind="remove_source", label="Remove it", asset_sha256=ASSET))
    assert [_clip(removed, name).muted for name in ("one", "two", "mine")] == [True, False, False]
    own = fixes.fix_project(_project(), Fix(kind="remove_own_material", label="Remove it"))
    assert [_clip(own, name).muted for name in ("one", "two", "mine")] == [False, False, True]


def test_a_fix_of_the_export_leaves_the_project_and_changes_the_option():
    fix = Fix(kind="change_format", label="Use FLAC", asset_sha256=ASSET, choice="flac")
    project = _project()
    assert fixes.fix_project(project, fix) is project
    assert fixes.fix_options(ExportOptions(format="wav"), fix) == ExportOptions(format="flac")
    assert fixes.concerns_options(fix)
