"""The outbox: operations that the platform has to learn of, written in the transaction of the state that they are
about.

A row is `queued`, is `sending`, is `parked` with the reason when a person has to look, and is `done` only with the
platform's signed receipt. Rows are never deleted: together they are the record of what this device did.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from studio.base import atomic
from studio.base.canonical import canonical_json
from studio.base.clock import iso
from studio.base.errors import StudioError
from studio.base.ids import uuid7
from studio.sync import chain
from studio.sync.chain import GENESIS, Link, SyncError

Kind = Literal["asset", "manifest"]
State = Literal["queued", "sending", "parked", "done"]

SCHEMA = 1

_TABLES = """
CREATE TABLE IF NOT EXISTS outbox (
    sequence INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, subject TEXT NOT NULL,
    body BLOB NOT NULL, previous_hash TEXT NOT NULL, entry_hash TEXT NOT NULL,
    needs TEXT, file TEXT, title TEXT NOT NULL,
    state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, not_before_s REAL NOT NULL DEFAULT 0, problem TEXT,
    receipt BLOB, created_at TEXT NOT NULL, done_at TEXT);
CREATE INDEX IF NOT EXISTS outbox_by_state ON outbox(state, sequence);
CREATE TABLE IF NOT EXISTS outbox_head (
    id INTEGER PRIMARY KEY CHECK (id = 1), chain TEXT NOT NULL, sealed TEXT NOT NULL);
"""


class Problem(Struct, frozen=True, kw_only=True):
    """Why a row is parked, or why its last attempt failed."""

    code: str
    message: str
    remedy: str


class Row(Struct, frozen=True, kw_only=True):
    """One operation. `file` is the outbox's own copy of what is to be sent."""

    sequence: int
    key: str
    kind: Kind
    subject: str
    body: dict[str, Any]
    previous_hash: str
    entry_hash: str
    needs: str | None
    file: Path | None
    title: str
    state: State
    attempts: int
    not_before_s: float
    problem: Problem | None
    receipt: bytes | None
    created_at: str
    done_at: str | None


class Outbox:
    """The outbox in the SQLite file `db_path`, which may hold the caller's own tables too. `mac_key` is a secret of
    this computer."""

    def __init__(self, db_path: Path, *, mac_key: bytes, now: Callable[[], float] = time.time):

        self._now = now
        self._mac_key = mac_key
        self._lock = threading.RLock()
        self._files = db_path.with_name(f"{db_path.stem}-files")
        try:
            self._files.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(db_path, timeout=30.0, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.OperationalError) as problem:
            raise atomic.storage_error(OSError(13, str(problem)), db_path) from problem
        try:
            self._prepare()
        except sqlite3.DatabaseError as problem:
            self._connection.close()
            raise SyncError(
                "The outbox is damaged.",
                remedy=f"Restore {db_path.name} from a backup, or move it away and export again.",
                code="outbox-damaged",
            ) from problem

    def _prepare(self) -> None:
        self._connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript(_TABLES)
        with self.transaction() as connection:
            if connection.execute("SELECT 1 FROM outbox_head").fetchone() is None:
                name = uuid7()
                sealed = chain.seal(self._mac_key, chain=name, sequence=0, head=GENESIS)
                connection.execute("INSERT INTO outbox_head VALUES (1, ?, ?)", (name, sealed))
            # Whatever was under way when the last process ended is sent again; the platform answers as it did before.
            connection.execute("UPDATE outbox SET state = 'queued' WHERE state = 'sending'")

    @property
    def chain_id(self) -> str:
        """The name of this device's chain of operations."""
        with self._lock:
            return str(self._connection.execute("SELECT chain FROM outbox_head").fetchone()["chain"])

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """One transaction for the caller's state and what it enqueues; all or nothing. May be nested."""
        with self._lock:
            if self._connection.in_transaction:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def enqueue(
        self,
        kind: Kind,
        body: Mapping[str, Any],
        *,
        subject: str,
        title: str,
        file: Path | None = None,
        needs: str | None = None,
    ) -> str:
        """Add an operation; returns its key (UUIDv7). `file` is copied now, `needs` is the key of a row that has to
        be done before.

        Within `transaction()` it becomes durable with the caller's own changes.

        Raises:
            StorageError: disk-full, path-not-writable.
        """
        key = uuid7()
        kept = None if file is None else self._keep(file)
        raw = canonical_json(body)
        with self.transaction() as connection:
            last = connection.execute(
                "SELECT sequence, entry_hash FROM outbox ORDER BY sequence DESC LIMIT 1"
            ).fetchone()
            sequence = 1 if last is None else int(last["sequence"]) + 1
            previous = GENESIS if last is None else str(last["entry_hash"])
            link = Link(
                sequence=sequence, key=key, kind=kind, subject=subject, needs=needs, body=raw, previous_hash=previous
            )
            entry = chain.entry_hash(link)
            connection.execute(
                "INSERT INTO outbox (sequence, key, kind, subject, body, previous_hash, entry_hash, needs, "
                "file, title, state, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued', ?)",
                (sequence, key, kind, subject, raw, previous, entry, needs, kept, title, iso(self._now())),
            )
            name = connection.execute("SELECT chain FROM outbox_head").fetchone()["chain"]
            sealed = chain.seal(self._mac_key, chain=name, sequence=sequence, head=entry)
            connection.execute("UPDATE outbox_head SET sealed = ?", (sealed,))
        return key

    def enqueue_export(self, path: Path, *, sha256: str, subject: str, title: str) -> str:
        """Hand in a finished export: its file, then its manifest. Returns the key of the latter, whose receipt is
        the export's.

        Raises:
            StorageError: disk-full, path-not-writable.
        """
        with self.transaction():
            asset = self.enqueue("asset", {"sha256": sha256}, subject=subject, title=title, file=path)
            body = {"export_sha256": sha256, "filename": path.name}
            return self.enqueue("manifest", body, subject=subject, title=title, needs=asset)

    def rows(self, *states: State) -> list[Row]:
        """All rows, or those in these states, in their order."""
        wanted = states or ("queued", "sending", "parked", "done")
        marks = ", ".join("?" for _ in wanted)
        with self._lock:
            found = self._connection.execute(
                f"SELECT * FROM outbox WHERE state IN ({marks}) ORDER BY sequence", wanted
            ).fetchall()
        return [self._row(row) for row in found]

    def pending(self) -> list[Row]:
        """All rows that are not done."""
        return self.rows("queued", "sending", "parked")

    def row(self, key: str) -> Row:
        """One row.

        Raises:
            SyncError: delivery-unknown.
        """
        with self._lock:
            found = self._connection.execute("SELECT * FROM outbox WHERE key = ?", (key,)).fetchone()
        if found is None:
            raise SyncError(
                "There is no such delivery in the outbox.", remedy="Look at the list.", code="delivery-unknown"
            )
        return self._row(found)

    def due(self, now_s: float, *, subject: str, force: bool = False) -> list[Row]:
        """What can be sent now for this person: queued, its time has come, and what it needs is done."""
        done = {row.key for row in self.rows("done")}
        return [
            row
            for row in self.rows("queued")
            if row.subject == subject
            and (force or row.not_before_s <= now_s)
            and (row.needs is None or row.needs in done)
        ]

    def sending(self, key: str) -> None:
        """An attempt begins."""
        self._set(key, "state = 'sending', attempts = attempts + 1", ())

    def failed(self, key: str, error: StudioError, *, not_before_s: float) -> None:
        """An attempt failed and will be made again."""
        self._set(key, "state = 'queued', not_before_s = ?, problem = ?", (not_before_s, _problem(error)))

    def park(self, key: str, error: StudioError) -> None:
        """A person has to look: trying again would get the same answer."""
        self._set(key, "state = 'parked', problem = ?", (_problem(error),))

    def retry(self, key: str) -> None:
        """A person looked: try a parked row once more."""
        self._set(
            key, "state = CASE state WHEN 'parked' THEN 'queued' ELSE state END, attempts = 0, not_before_s = 0", ()
        )

    def done(self, key: str, receipt: bytes) -> None:
        """The platform has it, and signed for it. Its copy of the file goes once no other row needs it."""
        self._set(key, "state = 'done', receipt = ?, problem = NULL, done_at = ?", (receipt, iso(self._now())))
        file = self.row(key).file
        if file is not None and not any(row.file == file for row in self.pending()):
            file.unlink(missing_ok=True)

    def check(self) -> None:
        """Recompute the chain of all rows.

        Raises:
            SyncError: ledger-changed, for an edited row or a tail that was cut off.
        """
        with self._lock:
            found = self._connection.execute("SELECT * FROM outbox ORDER BY sequence").fetchall()
            head = self._connection.execute("SELECT chain, sealed FROM outbox_head").fetchone()
        links = [
            Link(
                sequence=row["sequence"],
                key=row["key"],
                kind=row["kind"],
                subject=row["subject"],
                needs=row["needs"],
                body=bytes(row["body"]),
                previous_hash=row["previous_hash"],
                entry_hash=row["entry_hash"],
            )
            for row in found
        ]
        chain.check(links, mac_key=self._mac_key, chain=head["chain"], sealed=head["sealed"])

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _set(self, key: str, assignment: str, values: tuple[object, ...]) -> None:
        with self.transaction() as connection:
            connection.execute(f"UPDATE outbox SET {assignment} WHERE key = ?", (*values, key))

    def _keep(self, file: Path) -> str:
        name = f"{uuid7()}{file.suffix.lower()[:8]}"
        target = self._files / name
        with atomic.replacing(target, mode=0o600) as temporary:
            shutil.copyfile(file, temporary)
        return name

    def _row(self, row: sqlite3.Row) -> Row:
        problem = None if row["problem"] is None else Problem(**json.loads(row["problem"]))
        return Row(
            sequence=row["sequence"],
            key=row["key"],
            kind=row["kind"],
            subject=row["subject"],
            body=json.loads(row["body"]),
            previous_hash=row["previous_hash"],
            entry_hash=row["entry_hash"],
            needs=row["needs"],
            file=None if row["file"] is None else self._files / row["file"],
            title=row["title"],
            state=row["state"],
            attempts=row["attempts"],
            not_before_s=row["not_before_s"],
            problem=problem,
            receipt=row["receipt"],
            created_at=row["created_at"],
            done_at=row["done_at"],
        )


def _problem(error: StudioError) -> str:
    return json.dumps({"code": error.code, "message": error.message, "remedy": error.remedy})
