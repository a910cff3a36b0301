"""The library's index: one SQLite file that says what rests in the blob folder, and under which licences."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from studio.base.atomic import storage_error
from studio.base.errors import LibraryError

SCHEMA = 1

_TABLES = """
CREATE TABLE IF NOT EXISTS blobs (
    key TEXT PRIMARY KEY, kind TEXT NOT NULL, size INTEGER NOT NULL, suffix TEXT NOT NULL, wrapped_key BLOB,
    rate INTEGER NOT NULL, channels INTEGER NOT NULL, frames INTEGER NOT NULL, digest TEXT NOT NULL,
    added_s REAL NOT NULL);
CREATE TABLE IF NOT EXISTS blob_assets (
    key TEXT NOT NULL REFERENCES blobs(key) ON DELETE CASCADE, asset_sha256 TEXT NOT NULL,
    PRIMARY KEY (key, asset_sha256));
CREATE INDEX IF NOT EXISTS blob_assets_by_asset ON blob_assets(asset_sha256);
CREATE TABLE IF NOT EXISTS assets (
    asset_sha256 TEXT PRIMARY KEY, recording_id TEXT NOT NULL, facts BLOB NOT NULL, added_s REAL NOT NULL);
CREATE TABLE IF NOT EXISTS grants (
    asset_sha256 TEXT NOT NULL, grant_id TEXT NOT NULL, rev INTEGER NOT NULL, raw BLOB NOT NULL,
    received_s REAL NOT NULL, PRIMARY KEY (asset_sha256, grant_id));
CREATE TABLE IF NOT EXISTS revocations (grant_id TEXT PRIMARY KEY, reason TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS exports (grant_id TEXT NOT NULL, export_id TEXT NOT NULL, at_s REAL NOT NULL,
    PRIMARY KEY (grant_id, export_id));
"""


class Index:
    """The SQLite file, shared by the threads of one process."""

    def __init__(self, path: Path):
        self._lock = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=30.0, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.OperationalError) as problem:
            raise storage_error(OSError(13, str(problem)), path) from problem
        try:
            self._connection.row_factory = sqlite3.Row
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                self._connection.execute(f"PRAGMA {pragma}")
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if version > SCHEMA:
                raise LibraryError(
                    "This library was made by a newer version of the studio.",
                    remedy="Update the studio, or start with another library folder.",
                    code="library-newer",
                )
            self._connection.executescript(_TABLES)
            self._connection.execute(f"PRAGMA user_version={SCHEMA}")
        except sqlite3.DatabaseError as problem:
            self._connection.close()
            raise LibraryError(
                "The library's index is damaged.",
                remedy=f"Move {path.name} away and start again; licensed songs can be downloaded once more.",
                code="library-damaged",
            ) from problem
        except LibraryError:
            self._connection.close()
            raise

    @contextmanager
    def write(self) -> Generator[sqlite3.Connection]:
        """One transaction."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def rows(self, sql: str, parameters: tuple[object, ...] = ()) -> list[sqlite3.Row]:
        """The rows of a query."""
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: tuple[object, ...] = ()) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        with self._lock:
            return self._connection.execute(sql, parameters).fetchone()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
