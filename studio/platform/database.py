"""The service's tables and how it reads and writes them.

SQLAlchemy Core, so that the same tables stand on SQLite (one machine) and PostgreSQL. Every write runs in one
transaction; on SQLite it is `BEGIN IMMEDIATE`, so that what a transaction read is still true when it writes.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.engine.url import make_url

METADATA = sa.MetaData()

accounts = sa.Table(
    "accounts",
    METADATA,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("email", sa.String, nullable=False, unique=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("role", sa.String, nullable=False),
    sa.Column("territory", sa.String, nullable=False),
    sa.Column("password", sa.String, nullable=False),
    sa.Column("created_at", sa.String, nullable=False),
)

login_failures = sa.Table(
    "login_failures",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("email", sa.String, nullable=False, index=True),
    sa.Column("at_s", sa.Float, nullable=False),
)

authorisation_codes = sa.Table(
    "authorisation_codes",
    METADATA,
    sa.Column("code_digest", sa.String, primary_key=True),
    sa.Column("account_id", sa.String, nullable=False),
    sa.Column("redirect_uri", sa.String, nullable=False),
    sa.Column("challenge", sa.String, nullable=False),
    sa.Column("expires_s", sa.Float, nullable=False),
    sa.Column("family", sa.String),
)

device_codes = sa.Table(
    "device_codes",
    METADATA,
    sa.Column("device_digest", sa.String, primary_key=True),
    sa.Column("user_code", sa.String, nullable=False, unique=True),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("account_id", sa.String),
    sa.Column("interval_s", sa.Float, nullable=False),
    sa.Column("polled_s", sa.Float),
    sa.Column("expires_s", sa.Float, nullable=False),
)

tokens = sa.Table(
    "tokens",
    METADATA,
    sa.Column("digest", sa.String, primary_key=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("account_id", sa.String, nullable=False),
    sa.Column("family", sa.String, nullable=False, index=True),
    sa.Column("expires_s", sa.Float, nullable=False),
    sa.Column("used_s", sa.Float),
)

recordings = sa.Table(
    "recordings",
    METADATA,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("asset_sha256", sa.String, nullable=False, unique=True),
    sa.Column("owner_id", sa.String, nullable=False, index=True),
    sa.Column("isrc", sa.String, nullable=False, unique=True),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("search_text", sa.String, nullable=False),
    sa.Column("tempo_bpm", sa.Float),
    sa.Column("musical_key", sa.String),
    sa.Column("duration_s", sa.Float, nullable=False),
    sa.Column("has_stems", sa.Boolean, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("published_at", sa.String, nullable=False),
    sa.Column("meta", sa.LargeBinary, nullable=False),
    sa.Column("terms", sa.LargeBinary, nullable=False),
    sa.Column("terms_rev", sa.Integer, nullable=False),
)

recording_operations = sa.Table(
    "recording_operations",
    METADATA,
    sa.Column("recording_id", sa.String, primary_key=True),
    sa.Column("operation", sa.String, primary_key=True),
)

recording_files = sa.Table(
    "recording_files",
    METADATA,
    sa.Column("recording_id", sa.String, primary_key=True),
    sa.Column("role", sa.String, primary_key=True),
    sa.Column("sha256", sa.String, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("media_type", sa.String, nullable=False),
)

grants = sa.Table(
    "grants",
    METADATA,
    sa.Column("digest", sa.String, primary_key=True),
    sa.Column("grant_id", sa.String, nullable=False, index=True),
    sa.Column("rev", sa.Integer, nullable=False),
    sa.Column("account_id", sa.String, nullable=False, index=True),
    sa.Column("recording_id", sa.String, nullable=False, index=True),
    sa.Column("asset_sha256", sa.String, nullable=False),
    sa.Column("terms_rev", sa.Integer, nullable=False),
    sa.Column("issued_at", sa.String, nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("grant_id", "rev"),
)

revocations = sa.Table(
    "revocations",
    METADATA,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("grant_id", sa.String, nullable=False, unique=True),
    sa.Column("asset_sha256", sa.String, nullable=False),
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("at", sa.String, nullable=False),
)

devices = sa.Table(
    "devices",
    METADATA,
    sa.Column("device_id", sa.String, primary_key=True),
    sa.Column("account_id", sa.String, primary_key=True),
    sa.Column("certificate", sa.LargeBinary, nullable=False),
    sa.Column("issued_at", sa.String, nullable=False),
)

uploads = sa.Table(
    "uploads",
    METADATA,
    sa.Column("account_id", sa.String, primary_key=True),
    sa.Column("sha256", sa.String, primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("receipt", sa.LargeBinary, nullable=False),
)

answers = sa.Table(
    "answers",
    METADATA,
    sa.Column("account_id", sa.String, primary_key=True),
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("body_hash", sa.String, nullable=False),
    sa.Column("response", sa.LargeBinary, nullable=False),
    sa.Column("at", sa.String, nullable=False),
)

exports = sa.Table(
    "exports",
    METADATA,
    sa.Column("receipt_id", sa.String, primary_key=True),
    sa.Column("account_id", sa.String, nullable=False),
    sa.Column("export_sha256", sa.String, nullable=False, index=True),
    sa.Column("manifest_digest", sa.String, nullable=False, index=True),
    sa.Column("mark", sa.String, nullable=False, server_default="", index=True),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("receipt", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("account_id", "export_sha256"),
)

export_grants = sa.Table(
    "export_grants",
    METADATA,
    sa.Column("receipt_id", sa.String, primary_key=True),
    sa.Column("grant_id", sa.String, primary_key=True, index=True),
)

receipt_log = sa.Table(
    "receipt_log",
    METADATA,
    sa.Column("log_index", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("previous_hash", sa.String, nullable=False),
    sa.Column("entry_hash", sa.String, nullable=False),
    sa.Column("entry", sa.LargeBinary, nullable=False),
)

device_chains = sa.Table(
    "device_chains",
    METADATA,
    sa.Column("account_id", sa.String, primary_key=True),
    sa.Column("chain", sa.String, primary_key=True),
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("entry_hash", sa.String, nullable=False),
)

usage_events = sa.Table(
    "usage_events",
    METADATA,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("account_id", sa.String, nullable=False, index=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("subject", sa.String, nullable=False),
    sa.Column("at", sa.String, nullable=False),
)


class Database:
    """One engine with two doors: `read()` and `write()`; each is one transaction."""

    def __init__(self, url: str):
        sqlite = make_url(url).get_backend_name() == "sqlite"
        self.engine: Engine = sa.create_engine(url, connect_args={"timeout": 30.0} if sqlite else {})
        self._writer = self.engine.execution_options(contrafact_write=True)
        if sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        METADATA.create_all(self.engine)

    @contextmanager
    def read(self) -> Generator[Connection]:
        """A transaction that only reads."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Generator[Connection]:
        """A transaction that commits at the end, or leaves nothing behind when an error leaves it."""
        with self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transaction control would begin late and deferred; with None the "begin" event below decides.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("contrafact_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
