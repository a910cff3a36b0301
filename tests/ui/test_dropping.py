from __future__ import annotations

from pathlib import Path

from ui.viewmodels.dropping import carries_credential


def test_the_mark_is_found_at_either_end(tmp_path: Path) -> None:
    head, tail, none = tmp_path / "head.mp3", tmp_path / "tail.wav", tmp_path / "none.wav"
    head.write_bytes(b"ID3" + b"c2pa" + bytes(3 << 20))
    tail.write_bytes(bytes(3 << 20) + b"C2PA" + bytes(100))
    none.write_bytes(bytes(1 << 20))
    assert [carries_credential(path) for path in (head, tail, none)] == [True, True, False]


def test_a_file_that_is_not_there_carries_none(tmp_path: Path) -> None:
    assert not carries_credential(tmp_path / "missing.wav")
