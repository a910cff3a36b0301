"""The outbox when the process dies, the file is edited or the disk is full."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from studio.base.errors import StorageError
from studio.sync.chain import SyncError
from studio.sync.outbox import Outbox
from studio.sync.worker import SyncWorker
from tests.samples.sync import MAC, Platform, down, queue_export

CHILD = """
import os, signal, sys
from pathlib import Path
from studio.sync.outbox import Outbox
from studio.sync.worker import SyncWorker
from tests.samples.sync import MAC, Platform, queue_export

folder, where = Path(sys.argv[1]), sys.argv[2]
outbox = Outbox(folder / "sync.db", mac_key=MAC)
queue_export(outbox, folder)
platform = Platform()

def die(what):
    if what == where:
        os.kill(os.getpid(), signal.SIGKILL)

platform.lose = die
SyncWorker(outbox, lambda: platform).run_once()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the process is killed as POSIX does it")
@pytest.mark.parametrize("where", ["upload", "export"])
def test_a_process_that_dies_between_delivery_and_acknowledgement_delivers_once(tmp_path: Path, where: str):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    root = Path(__file__).resolve().parents[2]
    ended = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path), where], env=environment, cwd=root, capture_output=True, timeout=120
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    outbox = Outbox(tmp_path / "sync.db", mac_key=MAC)
    outbox.check()
    assert [row.state for row in outbox.rows()] == (["queued"] * 2 if where == "upload" else ["done", "queued"])
    platform = Platform()
    if where == "export":
        platform.uploads[outbox.rows()[0].body["sha256"]] = b""
    assert SyncWorker(outbox, lambda: platform).run_once().sent == (2 if where == "upload" else 1)
    assert [row.state for row in outbox.rows()] == ["done", "done"]
    outbox.close()


def test_the_second_delivery_gets_the_receipt_of_the_first(tmp_path: Path):
    outbox, platform = Outbox(tmp_path / "sync.db", mac_key=MAC), Platform()
    key = queue_export(outbox, tmp_path)
    worker = SyncWorker(outbox, lambda: platform)
    platform.lose = lambda what: down() if what == "export" else None
    assert worker.run_once().state == "offline"
    assert len(platform.exports) == 1
    platform.lose = lambda what: None
    outbox.close()
    again = Outbox(tmp_path / "sync.db", mac_key=MAC)
    assert SyncWorker(again, lambda: platform).run_once(force=True).sent == 1
    assert again.row(key).receipt == next(iter(platform.exports.values()))
    assert len(platform.exports) == 1
    again.close()


EDITS = [
    "UPDATE outbox SET body = CAST('{}' AS BLOB) WHERE sequence = 2",
    "UPDATE outbox SET subject = 'user:eve' WHERE sequence = 1",
    "UPDATE outbox SET needs = NULL WHERE sequence = 2",
    "UPDATE outbox SET kind = 'asset' WHERE sequence = 2",
    "UPDATE outbox SET key = 'x' WHERE sequence = 3",
    "UPDATE outbox SET previous_hash = 'x' WHERE sequence = 3",
    "UPDATE outbox SET sequence = 9 WHERE sequence = 4",
    "DELETE FROM outbox WHERE sequence = 1",
    "DELETE FROM outbox WHERE sequence = 2",
    "DELETE FROM outbox WHERE sequence = 4",
    "DELETE FROM outbox WHERE sequence > 2",
    "DELETE FROM outbox",
    "UPDATE outbox_head SET sealed = 'x'",
    "UPDATE outbox_head SET chain = 'x'",
]


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_row_and_a_cut_tail_are_found_before_anything_is_sent(tmp_path: Path, edit: str):
    outbox, platform = Outbox(tmp_path / "sync.db", mac_key=MAC), Platform()
    queue_export(outbox, tmp_path, b"one")
    queue_export(outbox, tmp_path, b"two")
    outbox.check()
    outbox.close()
    connection = sqlite3.connect(tmp_path / "sync.db", isolation_level=None)
    connection.execute(edit)
    connection.close()
    again = Outbox(tmp_path / "sync.db", mac_key=MAC)
    with pytest.raises(SyncError) as caught:
        again.check()
    assert caught.value.code == "ledger-changed"
    if again.rows("queued"):
        assert SyncWorker(again, lambda: platform).run_once().state == "parked"
    assert platform.calls == []
    again.close()


def test_an_older_copy_of_the_file_passes_here_and_forks_at_the_platform(tmp_path: Path):
    first = Outbox(tmp_path / "sync.db", mac_key=MAC)
    queue_export(first, tmp_path, b"one")
    first.close()
    for name in ("sync.db", "sync-files"):
        source, target = tmp_path / name, tmp_path / "copy" / name
        target.parent.mkdir(exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, target)
    both = [Outbox(folder / "sync.db", mac_key=MAC) for folder in (tmp_path, tmp_path / "copy")]
    entries: list[str] = []
    for outbox, data in zip(both, (b"two", b"three"), strict=True):
        queue_export(outbox, tmp_path, data)
        outbox.check()
        entries.append(outbox.rows()[-1].entry_hash)
    assert both[0].chain_id == both[1].chain_id
    assert both[0].rows()[-1].sequence == both[1].rows()[-1].sequence
    assert entries[0] != entries[1]
    for outbox in both:
        outbox.close()


def test_another_computer_s_key_does_not_fit(tmp_path: Path):
    outbox = Outbox(tmp_path / "sync.db", mac_key=MAC)
    queue_export(outbox, tmp_path)
    outbox.close()
    other = Outbox(tmp_path / "sync.db", mac_key=b"n" * 32)
    with pytest.raises(SyncError):
        other.check()
    other.close()


def test_a_broken_file_is_named_and_left_alone(tmp_path: Path):
    path = tmp_path / "sync.db"
    path.write_bytes(b"no database at all" * 200)
    with pytest.raises(SyncError) as caught:
        Outbox(path, mac_key=MAC)
    assert caught.value.code == "outbox-damaged"
    assert path.read_bytes().startswith(b"no database")


def test_a_full_disk_queues_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    outbox = Outbox(tmp_path / "sync.db", mac_key=MAC)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(StorageError) as caught:
        queue_export(outbox, tmp_path)
    assert caught.value.code == "disk-full"
    assert outbox.rows() == []
    assert list((tmp_path / "sync-files").iterdir()) == []
    monkeypatch.undo()
    queue_export(outbox, tmp_path)
    outbox.check()
    outbox.close()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError) as caught:
        Outbox(tmp_path / "file" / "sync.db", mac_key=MAC)
    assert caught.value.code == "path-not-writable"
