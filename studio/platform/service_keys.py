"""The service's own secrets, made at the first start: the key that signs grants and receipts, the certificate authority
of devices, and the password of the demo account."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from studio.base import atomic
from studio.base.errors import StorageError
from studio.base.pki import CertificateAuthority, create_ca
from studio.base.signatures import SigningKey


def load_signing_key(path: Path) -> SigningKey:
    """The platform's Ed25519 key.

    Raises:
        StorageError: key-unreadable.
    """

    def make() -> bytes:
        return SigningKey.generate().to_bytes().hex().encode()

    try:
        return SigningKey.from_bytes(bytes.fromhex(_secret(path, make).decode("ascii").strip()))
    except ValueError as problem:
        raise _unreadable(path) from problem


def load_authority(path: Path, *, name: str, now_s: float) -> CertificateAuthority:
    """The authority of this platform.

    Raises:
        StorageError: key-unreadable.
    """

    def make() -> bytes:
        made = create_ca(name, now=datetime.fromtimestamp(now_s, UTC))
        return json.dumps({"certificate": made.certificate_pem.decode(), "key": made.key_pem.decode()}).encode()

    try:
        found = json.loads(_secret(path, make))
        return CertificateAuthority(found["certificate"].encode(), found["key"].encode())
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise _unreadable(path) from problem


def load_demo_password(path: Path) -> str:
    """The password of the local demo account.

    Raises:
        StorageError: key-unreadable.
    """
    try:
        password = _secret(path, lambda: secrets.token_urlsafe(18).encode()).decode("ascii").strip()
    except ValueError as problem:
        raise _unreadable(path) from problem
    if not password:
        raise _unreadable(path)
    return password


def _secret(path: Path, make: Callable[[], bytes]) -> bytes:
    try:
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_once(path, make())
        return path.read_bytes()
    except OSError as problem:
        raise _unreadable(path) from problem


def _write_once(path: Path, data: bytes) -> None:
    # Two processes may start at once on the same folder: the first one's secret stays, and both use it.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        atomic.write_bytes(temporary, data, mode=0o600)
        os.link(temporary, path)
        atomic.sync_folder(path.parent)
    except FileExistsError:
        return
    finally:
        temporary.unlink(missing_ok=True)


def _unreadable(path: Path) -> StorageError:
    return StorageError(
        f"A secret of the platform, {path.name}, cannot be read.",
        remedy=f"Restore {path.name} from a backup.",
        code="key-unreadable",
    )
