"""Files are all there or as before, whatever fails."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path

import pytest

from studio.base import atomic
from studio.base.errors import StorageError


def only(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_bytes_and_json_are_written(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    atomic.write_bytes(path, b"old")
    atomic.write_json(path, {"ä": [1, None]})
    assert json.loads(path.read_bytes()) == {"ä": [1, None]}
    assert "ä" in path.read_text("utf-8")
    assert only(tmp_path) == ["a.json"]
    with pytest.raises(ValueError):
        atomic.write_json(path, float("nan"))


def test_the_mode_is_set(tmp_path: Path) -> None:
    if os.name != "posix":
        pytest.skip("modes are POSIX")
    atomic.write_bytes(tmp_path / "secret", b"x", mode=0o600)
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("step", ["write", "sync", "rename"])
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "disk-full"),
        (errno.EDQUOT, "disk-full"),
        (errno.EACCES, "path-not-writable"),
        (errno.EIO, "path-not-writable"),
    ],
)
def test_a_failure_at_each_step_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, number: int, code: str
) -> None:
    path = tmp_path / "file.bin"
    atomic.write_bytes(path, b"old")

    def fail(*args: object, **kwargs: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        if step == "write":
            patch.setattr(Path, "write_bytes", fail)
        elif step == "sync":
            patch.setattr(os, "fsync", fail)
        else:
            patch.setattr(Path, "replace", fail)
        with pytest.raises(StorageError) as caught:
            atomic.write_bytes(path, b"new")
    assert caught.value.code == code
    assert caught.value.remedy
    assert caught.value.details["errno"] == number
    assert path.read_bytes() == b"old"
    assert only(tmp_path) == ["file.bin"]


def test_a_folder_that_does_not_know_fsync_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fsync

    def fsync(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "no")
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    atomic.write_bytes(tmp_path / "a", b"x")
    assert (tmp_path / "a").read_bytes() == b"x"


def test_a_folder_that_fails_to_sync_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(handle: int) -> None:
        raise OSError(errno.EIO, "no")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="no"):
        atomic.sync_folder(tmp_path)


def test_a_missing_folder_and_a_folder_in_the_way_are_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "missing" / "a", tmp_path / "folder"):
        with pytest.raises(StorageError) as caught:
            atomic.write_bytes(path, b"x")
        assert caught.value.code == "path-not-writable"
    assert only(tmp_path) == ["folder"]


def test_replacing_keeps_the_suffix_and_removes_what_was_not_finished(tmp_path: Path) -> None:
    def give_up() -> None:
        with atomic.replacing(tmp_path / "mix.flac") as temporary:
            assert temporary.suffix == ".flac"
            temporary.write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        give_up()
    assert only(tmp_path) == []


def test_windows_does_not_sync_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic.os, "name", "nt")
    atomic.sync_folder(tmp_path / "missing")
