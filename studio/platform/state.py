"""What a running service holds: its settings, tables, files and keys."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from studio.base import atomic
from studio.base.clock import iso
from studio.platform.database import Database
from studio.platform.objects import ObjectStore
from studio.platform.service_keys import load_authority, load_signing_key
from studio.platform.verdicts import AudioFacts, ExportFacts


class ExportVerifier(Protocol):
    """Reads the signed manifest of a file, called `filename` by its sender (for the suffix); `anchors` are the PEM
    certificates that device certificates must lead to."""

    def __call__(self, path: Path, *, filename: str, anchors: str) -> ExportFacts: ...


@dataclass(frozen=True, kw_only=True)
class ServiceConfig:
    """Settings of a service. `verify_export` reads C2PA manifests; without it the service takes no exports and says
    so."""

    data_dir: Path
    name: str = "Contrafact platform"
    public_url: str | None = None
    """How the service is reached from outside; None takes the request's own address."""
    database_url: str | None = None
    now: Callable[[], float] = time.time
    """Seconds since 1970."""
    verify_export: ExportVerifier | None = None
    check_audio: Callable[[Path], AudioFacts] | None = None
    """Decodes a file; raises an EngineError when it is no audio."""
    max_upload_bytes: int = 512 << 20
    max_account_bytes: int = 50 << 30
    """What one account may have uploaded in all."""
    max_body_bytes: int = 1 << 20


class PlatformState:
    """Opened by `service.create_app`; closed with it."""

    def __init__(self, config: ServiceConfig):
        self.config = config
        self.data_dir = config.data_dir
        try:
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.objects = ObjectStore(self.data_dir / "objects")
        except OSError as problem:
            raise atomic.storage_error(problem, self.data_dir) from problem
        self.db = Database(config.database_url or f"sqlite:///{self.data_dir / 'platform.db'}")
        self.signing_key = load_signing_key(self.data_dir / "keys" / "signing.key")
        self.authority = load_authority(self.data_dir / "keys" / "authority.json", name=config.name, now_s=config.now())
        # The log of receipts has one writer: each entry carries the hash of the one before.
        self.log_lock = threading.Lock()

    @property
    def trusted_keys(self) -> dict[str, bytes]:
        """What a client pins: key id -> raw public key."""
        return {self.signing_key.kid: self.signing_key.public}

    def now_s(self) -> float:
        """The service's time in seconds since 1970."""
        return self.config.now()

    def now_iso(self) -> str:
        """The service's time in UTC, ISO 8601."""
        return iso(self.now_s())

    def close(self) -> None:
        """Close the database."""
        self.db.close()
