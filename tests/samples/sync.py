"""An outbox and a platform without a network, which may be down, refuse or lie."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from studio.base.errors import PlatformDown, PlatformError
from studio.base.signatures import SigningKey, sign_document
from studio.platform.messages import Account, ExportRequest
from studio.platform.receipts import Receipt, ReceiptBody, verify_receipt
from studio.sync.outbox import Outbox

MAC = b"m" * 32
ADA = "user:ada"


@dataclass
class Platform:
    """Answers as the service does: one receipt for a key and body, whatever comes again. `fail` is asked before,
    `lose` after each delivery."""

    key: SigningKey = field(default_factory=lambda: SigningKey.from_bytes(bytes(range(32))))
    subject: str = ADA
    fail: Callable[[str], Exception | None] = lambda what: None
    lose: Callable[[str], Exception | None] = lambda what: None
    calls: list[str] = field(default_factory=list[str])
    uploads: dict[str, bytes] = field(default_factory=dict[str, bytes])
    answers: dict[str, tuple[bytes, bytes]] = field(default_factory=dict[str, tuple[bytes, bytes]])
    exports: dict[str, bytes] = field(default_factory=dict[str, bytes])
    signed_with: SigningKey | None = None

    def account(self) -> Account:
        """Who is signed in."""
        if error := self.fail("account"):
            raise error
        return Account(
            id="ada", subject=self.subject, email="a@example.org", name="Ada", role="remixer", territory="SE"
        )

    def trusted_keys(self) -> dict[str, bytes]:
        """The platform's key."""
        return {self.key.kid: self.key.public}

    def upload(self, path: Path) -> Receipt:
        """Take a file."""
        self._before("upload")
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        raw = self.uploads.setdefault(sha256, self._sign("upload", sha256))
        self._after("upload")
        return verify_receipt(raw, {**self.trusted_keys(), **self._lie()}, kind="upload", sha256=sha256)

    def submit_export(self, request: ExportRequest, *, key: str) -> Receipt:
        """Take an export."""
        self._before("export")
        body = msgspec.json.encode(request)
        if request.export_sha256 not in self.uploads:
            raise PlatformError("not there", remedy="upload", code="upload-missing", details={"status": 422})
        known = self.answers.get(key)
        if known is not None and known[0] != body:
            raise PlatformError("other body", remedy="", code="idempotency-conflict", details={"status": 409})
        if known is None:
            raw = self.exports.setdefault(request.export_sha256, self._sign("export", request.export_sha256, key))
            self.answers[key] = (body, raw)
        self._after("export")
        raw = self.answers[key][1]
        return verify_receipt(raw, {**self.trusted_keys(), **self._lie()}, kind="export", sha256=request.export_sha256)

    def _before(self, what: str) -> None:
        self.calls.append(what)
        if error := self.fail(what):
            raise error

    def _after(self, what: str) -> None:
        if error := self.lose(what):
            raise error

    def _sign(self, kind: Any, sha256: str, key: str = "") -> bytes:
        body = ReceiptBody(
            kind=kind,
            receipt_id=f"r{len(self.exports) + len(self.uploads)}",
            subject=self.subject,
            sha256=sha256,
            size=1,
            at="2026-11-21T10:00:00Z",
            idempotency_key=key,
        )
        return sign_document(msgspec.to_builtins(body), self.signed_with or self.key)

    def _lie(self) -> dict[str, bytes]:
        return {} if self.signed_with is None else {self.signed_with.kid: self.signed_with.public}


def down() -> PlatformDown:
    """The network is away."""
    return PlatformDown("away", remedy="wait")


def refusal(code: str, status: int, **details: Any) -> PlatformError:
    """The service refuses."""
    return PlatformError("no", remedy="look", code=code, details={"status": status, **details})


def queue_export(outbox: Outbox, folder: Path, data: bytes = b"audio", *, subject: str = ADA) -> str:
    """Queue an export of these bytes; returns its key."""
    path = folder / f"{hashlib.sha256(data).hexdigest()[:8]}.wav"
    path.write_bytes(data)
    sha256 = hashlib.sha256(data).hexdigest()
    return outbox.enqueue_export(path, sha256=sha256, subject=subject, title="Night")
