"""Every released schema opens for ever, and the present one is written as it was."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from studio.project.audibility import audible_track_ids
from studio.project.check import problems
from studio.project.model import SCHEMA
from studio.project.usage import usage_of
from studio.store import codec

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
    assert len(project.tracks) == 6
    drums = next(track for track in project.tracks if track.role == "drums")
    assert (drums.take, drums.takes[0].style, drums.takes[0].seed, drums.takes[0].starred) == (1, "house", 7, True)
    assert project.sources[drums.clips[0].source].steps[0].parameters == {
        "seed": 7,
        "intensity": 0.5,
        "kept": ["vocals"],
    }
    assert drums.clips[1].tempo_ratio == 1.1
    assert len(audible_track_ids(project)) == 5
    assert usage_of(project).sources[0].semitones == (-2.0, 0.0)


def test_the_present_schema_is_written_as_it_was() -> None:
    raw = FILES[-1].read_bytes()
    document = codec.decode_document(raw)
    assert codec.encode_document(document.project, saved_at=document.saved_at) == raw
    assert next(iter(json.loads(raw))) == "schema"
