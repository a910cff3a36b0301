"""The service's own secrets, made at the first start: the key that signs grants and receipts, and the certificate
authority of devices."""

from __future__ import annotations

import json
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
    try:
        return SigningKey.from_bytes(bytes.fromhex(path.read_text("ascii").strip()))
    except FileNotFoundError:
        key = SigningKey.generate()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        atomic.write_bytes(path, key.to_bytes().hex().encode(), mode=0o600)
        return key
    except (OSError, ValueError) as problem:
        raise StorageError(
            "The platform's signing key cannot be read.",
            remedy=f"Restore {path.name} from a backup.",
            code="key-unreadable",
        ) from problem


def load_authority(path: Path, *, name: str, now_s: float) -> CertificateAuthority:
    """The authority of this platform, made at its first use.

    Raises:
        StorageError: key-unreadable.
    """
    try:
        found = json.loads(path.read_text("ascii"))
        return CertificateAuthority(found["certificate"].encode(), found["key"].encode())
    except FileNotFoundError:
        authority = create_ca(name, now=datetime.fromtimestamp(now_s, UTC))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        value = {"certificate": authority.certificate_pem.decode(), "key": authority.key_pem.decode()}
        atomic.write_json(path, value, mode=0o600)
        return authority
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise StorageError(
            "The platform's certificate authority cannot be read.",
            remedy=f"Restore {path.name} from a backup.",
            code="key-unreadable",
        ) from problem
