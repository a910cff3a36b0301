"""Every released schema opens for ever, and the present one is written as it was."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from studio.project import edits
from studio.project.audibility import audible_track_ids
from studio.project.check import problems
from studio.project.edits import plays_frozen
from studio.project.model import SCHEMA, Send, WarpMarker
from studio.project.usage import usage_of
from studio.store import codec
from studio.store.bundle import Bundle

FOLDER = Path(__file__).parent / "projects"
FILES = sorted(FOLDER.glob("schema-*.json"))


def test_there_is_a_file_of_every_schema() -> None:
    assert [int(re.findall(r"\d+", path.name)[0]) for path in FILES] == list(range(1, SCHEMA + 1))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_opens_and_says_what_it_said(path: Path) -> None:
    project = codec.decode_document(path.read_bytes()).project
    assert list(problems(project)) == []
    assert project.title == "Night bus – remix"
    assert (project.tempo[0].bpm, project.beats_per_bar, project.key) == (92.0, 3, "F#m")
    audio = {track.id for track in project.tracks if track.kind == "audio"}
    assert len(audio) == 6
    drums = next(track for track in project.tracks if track.role == "drums")
    assert (drums.take, drums.takes[0].style, drums.takes[0].seed, drums.takes[0].starred) == (1, "house", 7, True)
    assert project.sources[drums.clips[0].source].steps[0].parameters == {
        "seed": 7,
        "intensity": 0.5,
        "kept": ["vocals"],
    }
    assert drums.clips[1].tempo_ratio == 1.1
    assert len(audible_track_ids(project) & audio) == 5
    assert usage_of(project).sources[0].semitones == (-2.0, 0.0)


def test_what_schema_2_added_is_read() -> None:
    project = codec.decode_document((FOLDER / "schema-2.json").read_bytes()).project
    room, vocals, bass = project.track("room"), project.track("st0"), project.track("st6")
    assert (room.kind, vocals.strip.sends, project.track("st3").strip.output) == (
        "bus",
        (Send(bus="room", gain_db=-12.0, pre=True),),
        "beat",
    )
    plugin = vocals.strip.inserts[0].plugin
    assert plugin is not None
    assert (plugin.name, plugin.state) == ("Tone", b"\x00\x01state")
    assert [(point.at_s, point.value) for point in vocals.automation[0].points] == [(0, -6), (8, 0), (8, -3)]
    assert (room.automation[0].hold, project.master.automation[0].enabled) == (True, False)
    clip = project.track("u").clips[0]
    assert (clip.follow_tempo, clip.fade_in_curve, clip.warp[1]) == (
        True,
        "s_curve",
        WarpMarker(source_s=5.0, clip_s=5.1),
    )
    assert (bass.strip.solo_safe, bass.strip.polarity, plays_frozen(project, bass)) == (True, True, True)


def test_what_schema_3_added_is_read() -> None:
    project = codec.decode_document((FOLDER / "schema-3.json").read_bytes()).project
    folder = project.track("folder")
    assert (folder.name, folder.kind, folder.colour) == ("Shakers", "bus", "bass")
    assert [(track.id, track.strip.output) for track in edits.members_of(project, "folder")] == [
        ("u", "folder"),
        ("beat", "folder"),
    ]


def test_edits_that_an_older_version_had_not_saved_are_there_and_go_on(tmp_path: Path) -> None:
    bundle = tmp_path / "Old.contrafact"
    shutil.copytree(FOLDER / "schema-1-unsaved.contrafact", bundle)
    labels = ["Add a sound", "Insert delay", "Change delay", "Licence", "Gain"]
    with Bundle.open(bundle) as opened:
        assert (opened.notice, [entry.label for entry in opened.unsaved]) == (None, labels)
        project = opened.project
        assert project.tracks[0].strip.gain_db == -3.0
        assert project.tracks[0].strip.inserts[-1].parameters == {"mix": 0.5, "feedback": 0.25}
        assert project.grants["0" * 64] == "gr_0"
        opened.commit("Rename", edits.rename_project(project, "Later"))
    with Bundle.open(bundle) as again:
        assert (again.notice, again.project.title, again.unsaved_count) == (None, "Later", 6)


def test_an_older_journal_that_was_damaged_is_taken_as_far_as_it_can_be_read(tmp_path: Path) -> None:
    bundle = tmp_path / "Old.contrafact"
    shutil.copytree(FOLDER / "schema-1-unsaved.contrafact", bundle)
    lines = (bundle / "journal.jsonl").read_text()
    (bundle / "journal.jsonl").write_text(lines.replace('"feedback":["=",0.25]', '"feedback":["=",0.5]'))
    with Bundle.open(bundle) as opened:
        assert opened.notice
        assert [entry.label for entry in opened.unsaved] == ["Add a sound", "Insert delay"]


def test_the_present_schema_is_written_as_it_was() -> None:
    raw = FILES[-1].read_bytes()
    document = codec.decode_document(raw)
    assert codec.encode_document(document.project, saved_at=document.saved_at) == raw
    assert next(iter(json.loads(raw))) == "schema"
