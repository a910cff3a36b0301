"""What was made from what, with which model: so that a second split of the same song is instant."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, cast

import msgspec

from studio.base import atomic
from studio.base.canonical import canonical_json


class DerivedCache:
    """Small records on disk, keyed by the digests of everything that went into a result. The sounds themselves are
    blobs of the library."""

    def __init__(self, folder: Path):
        self._folder = folder

    @staticmethod
    def key(**inputs: Any) -> str:
        """A key from digests and parameters; the same inputs give the same key in any order."""
        return hashlib.sha256(canonical_json(inputs)).hexdigest()

    def get(self, key: str) -> dict[str, Any] | None:
        """The record, or None; a damaged one counts as absent."""
        try:
            found = msgspec.json.decode((self._folder / f"{key}.json").read_bytes())
        except (OSError, msgspec.DecodeError):
            return None
        return cast("dict[str, Any]", found) if isinstance(found, dict) else None

    def put(self, key: str, record: dict[str, Any]) -> None:
        """Keep a record, atomically.

        Raises:
            StorageError: disk-full or path-not-writable.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        atomic.write_json(self._folder / f"{key}.json", record)
