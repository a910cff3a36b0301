"""Whom this studio trusts: the certificate authorities of the platforms that a person has signed in to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from studio.base import atomic
from studio.base.errors import ProvenanceError
from studio.base.paths import AppPaths


class TrustAnchors(msgspec.Struct, frozen=True):
    """Root certificates (PEM, one each)."""

    pems: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, pems: Iterable[bytes]) -> TrustAnchors:
        """The self-signed certificates among chains or bundles of PEM; leaves in a chain are no anchors.

        Raises:
            ProvenanceError: `trust-invalid` if one cannot be read.
        """
        found: dict[bytes, None] = {}
        for pem in pems:
            try:
                certificates = x509.load_pem_x509_certificates(pem)
            except ValueError as problem:
                raise ProvenanceError(
                    "A platform's root certificate cannot be read.",
                    remedy="Sign in to the platform again.",
                    code="trust-invalid",
                ) from problem
            for certificate in certificates:
                if certificate.issuer == certificate.subject:
                    found[certificate.public_bytes(Encoding.PEM)] = None
        return cls(tuple(found))


class TrustStore:
    """The trust anchors of this installation: one file each under ``data/trust``."""

    def __init__(self, paths: AppPaths) -> None:
        self._folder = paths.data / "trust"

    def add(self, pem: bytes) -> None:
        """Trust the root of a platform: its certificate, or a chain that ends in it.

        Raises:
            ProvenanceError: `trust-invalid` if it cannot be read or holds no root; StorageError if it cannot be kept.
        """
        anchors = TrustAnchors.of([pem])
        if not anchors.pems:
            raise ProvenanceError(
                "The platform did not send its root certificate.",
                remedy="Sign in to the platform again.",
                code="trust-invalid",
            )
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise atomic.storage_error(problem, self._folder) from problem
        for root in anchors.pems:
            path = self._path(root)
            if not path.exists():
                atomic.write_bytes(path, root)

    def anchors(self) -> TrustAnchors:
        """All that is trusted here.

        Raises:
            ProvenanceError: `trust-invalid` if a file was damaged.
        """
        if not self._folder.is_dir():
            return TrustAnchors()
        return TrustAnchors.of(path.read_bytes() for path in sorted(self._folder.glob("*.pem")))

    def _path(self, root: bytes) -> Path:
        return self._folder / f"{hashlib.sha256(root).hexdigest()[:24]}.pem"


def native_settings(trust: TrustAnchors) -> dict[str, Any]:
    """The C2PA library's settings: only our anchors, nothing fetched over the network."""
    anchors = {"trust_anchors": b"".join(trust.pems).decode("ascii")} if trust.pems else {}
    return {
        "version": 1,
        "trust": {"verify_trust_list": True, **anchors},
        "verify": {
            "verify_after_reading": True,
            # Our own check after signing is stricter and reads the file once.
            "verify_after_sign": False,
            "verify_trust": True,
            "ocsp_fetch": False,
            "remote_manifest_fetch": False,
        },
        "builder": {"thumbnail": {"enabled": False}},
    }
