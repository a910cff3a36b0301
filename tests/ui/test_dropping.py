from __future__ import annotations

import os
from pathlib import Path

from ui.viewmodels.dropping import MOST_FILES, carries_credential, size_if_fresh, sort_drop


def test_the_mark_is_found_at_either_end(tmp_path: Path) -> None:
    head, tail, none = tmp_path / "head.mp3", tmp_path / "tail.wav", tmp_path / "none.wav"
    head.write_bytes(b"ID3" + b"c2pa" + bytes(3 << 20))
    tail.write_bytes(bytes(3 << 20) + b"C2PA" + bytes(100))
    none.write_bytes(bytes(1 << 20))
    assert [carries_credential(path) for path in (head, tail, none)] == [True, True, False]


def test_a_file_that_is_not_there_carries_none(tmp_path: Path) -> None:
    assert not carries_credential(tmp_path / "missing.wav")


def test_folders_are_walked_and_what_is_no_audio_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "music"
    (folder / "b").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    for name in ("b/2.wav", "b/1.FLAC", "a.mp3", ".hidden/x.wav", ".y.wav", "notes.txt"):
        (folder / name).write_bytes(b"")
    (tmp_path / "song.contrafact").mkdir()
    (tmp_path / "empty").mkdir()
    found = sort_drop([folder, tmp_path / "song.contrafact", tmp_path / "empty", tmp_path / "letter.pdf"])
    assert [Path(each).name for each in found.audio] == ["a.mp3", "1.FLAC", "2.wav"]
    assert [Path(each).name for each in found.projects] == ["song.contrafact"]
    assert found.refused == ["empty", "letter.pdf"]
    assert not found.more


def test_no_more_than_five_hundred_files_are_taken(tmp_path: Path) -> None:
    for index in range(MOST_FILES + 1):
        (tmp_path / f"{index:04}.wav").touch()
    found = sort_drop([tmp_path])
    assert len(found.audio) == MOST_FILES
    assert found.more


def test_a_file_that_changed_just_now_may_still_grow(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"123")
    assert size_if_fresh(path) == 3
    os.utime(path, (1e9, 1e9))
    assert size_if_fresh(path) is None
    assert size_if_fresh(tmp_path / "gone.wav") is None
