"""The device's identity: a key that never leaves the key store, a pseudonym, and the certificate that the platform
issued."""

from __future__ import annotations

import threading

from studio.base import atomic, pki
from studio.base.errors import ProvenanceError, StorageError
from studio.base.keys import KeyStore
from studio.base.paths import AppPaths
from studio.provenance.trust import TrustAnchors

_KEY = "device-key"


class DeviceIdentity:
    """What this installation signs with. The key is made at its first use; the chain rests in
    ``data/device-chain.pem``."""

    def __init__(self, paths: AppPaths, keys: KeyStore) -> None:
        self._path = paths.data / "device-chain.pem"
        self._keys = keys
        self._lock = threading.Lock()
        self._pem: bytes | None = None

    @property
    def device_id(self) -> str:
        """The pseudonym: ``dev_`` and a digest of the public key; it says nothing of the person or the computer.

        Raises:
            StorageError: if the key can be neither read nor kept.
        """
        return pki.device_id(self._key())

    def csr(self) -> bytes:
        """A certificate request (PEM) for the platform."""
        return pki.make_csr(self._key())

    def store_chain(self, chain_pem: bytes, *, at_s: float) -> None:
        """Keep the chain that the platform issued, once it is seen to hold for this device's key at `at_s` (seconds
        since 1970).

        Raises:
            ProvenanceError: `no-device-certificate` if it does not; StorageError if it cannot be kept.
        """
        try:
            pki.check_chain(chain_pem, key_pem=self._key(), at_s=at_s)
        except pki.CertificateError as problem:
            raise _unusable(str(problem)) from problem
        atomic.write_bytes(self._path, chain_pem)

    @property
    def chain(self) -> bytes | None:
        """The chain (PEM, leaf first), or None before the platform has issued one."""
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as problem:
            raise _unusable("it cannot be read") from problem

    def certificate(self) -> pki.LeafFacts | None:
        """The facts of this device's certificate, or None where there is none that can be read."""
        chain = self.chain
        try:
            return None if chain is None else pki.leaf_facts(chain)
        except pki.CertificateError:
            return None

    def ready(self, *, at_s: float) -> bool:
        """Whether this device can sign at `at_s`: it has a certificate for its key that has begun and not ended."""
        try:
            self.usable_chain(at_s=at_s)
        except (ProvenanceError, StorageError):
            return False
        return True

    def usable_chain(self, *, at_s: float) -> bytes:
        """The chain, once it is seen to hold at `at_s` (seconds since 1970).

        Raises:
            ProvenanceError: `no-device-certificate`.
        """
        chain = self.chain
        if chain is None:
            raise ProvenanceError(
                "This computer has no certificate yet, so it cannot sign an export.",
                remedy="Sign in to the platform once while it can be reached.",
                code="no-device-certificate",
            )
        try:
            pki.check_chain(chain, key_pem=self._key(), at_s=at_s)
        except pki.CertificateError as problem:
            raise _unusable(str(problem)) from problem
        return chain

    def sign(self, data: bytes) -> bytes:
        """The ES256 signature of `data`: r and s, 64 bytes."""
        return pki.sign_es256(self._key(), data)

    def own_anchors(self) -> TrustAnchors:
        """The root of this device's own chain."""
        chain = self.chain
        return TrustAnchors() if chain is None else TrustAnchors.of([chain])

    def _key(self) -> bytes:
        with self._lock:
            if self._pem is None:
                pem = self._keys.get(_KEY)
                if pem is None:
                    pem = pki.new_device_key()
                    self._keys.set(_KEY, pem)
                self._pem = pem
            return self._pem


def _unusable(why: str) -> ProvenanceError:
    return ProvenanceError(
        f"This computer's certificate cannot be used: {why}.",
        remedy="Connect to the platform: the studio then gets a new one.",
        code="no-device-certificate",
        details={"why": why},
    )
