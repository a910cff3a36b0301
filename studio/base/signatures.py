"""Signed documents: canonical JSON with an Ed25519 signature in its field ``sig``. Grants, receipts and server times
are such.

The signature covers the RFC 8785 bytes of the document without ``sig``; its text is ``ed25519:<kid>:<base64url>``. A
document is taken only as its own canonical bytes, so that what was signed, what rests on disk and what is evaluated are
the same bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from studio.base.canonical import CanonicalError, canonical_json, parse_strict

MAX_BYTES = 1 << 20
"""A signed document is small; more is refused before it is parsed."""

_SIG = re.compile(r"ed25519:([A-Za-z0-9._-]{1,64}):([A-Za-z0-9_-]{86})")


class SignatureError(ValueError):
    """A document that is not signed by a known key. `reason`: malformed, not-canonical, unsigned, unknown-key or
    bad-signature."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def key_id(public: bytes) -> str:
    """The id of an Ed25519 public key (32 bytes): the first 16 hex digits of its sha256."""
    return hashlib.sha256(public).hexdigest()[:16]


@dataclass(frozen=True)
class SigningKey:
    """An Ed25519 key pair by its 32 private bytes, kept out of every repr."""

    _private: bytes

    def __repr__(self) -> str:
        return f"SigningKey(kid={self.kid!r})"

    @classmethod
    def generate(cls) -> SigningKey:
        """A fresh key."""
        return cls(Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def from_bytes(cls, private: bytes) -> SigningKey:
        """The key with these 32 private bytes.

        Raises:
            ValueError: for another length.
        """
        Ed25519PrivateKey.from_private_bytes(private)
        return cls(bytes(private))

    def to_bytes(self) -> bytes:
        """The 32 private bytes, for a key store."""
        return self._private

    @property
    def public(self) -> bytes:
        """The 32 public bytes."""
        return Ed25519PrivateKey.from_private_bytes(self._private).public_key().public_bytes_raw()

    @property
    def kid(self) -> str:
        """The id of the public key."""
        return key_id(self.public)

    def sign(self, data: bytes) -> bytes:
        """The 64 bytes of the signature of `data`."""
        return Ed25519PrivateKey.from_private_bytes(self._private).sign(data)


def sign_document(fields: Mapping[str, Any], key: SigningKey, *, kid: str | None = None) -> bytes:
    """The canonical bytes of `fields` with ``sig`` added (an earlier one is replaced). `kid` defaults to the key's own
    id.

    Raises:
        CanonicalError: if `fields` have no canonical form.
    """
    body = {name: value for name, value in fields.items() if name != "sig"}
    signature = base64.urlsafe_b64encode(key.sign(canonical_json(body))).rstrip(b"=").decode("ascii")
    return canonical_json({**body, "sig": f"ed25519:{kid or key.kid}:{signature}"})


def open_document(raw: bytes, *, trusted_keys: Mapping[str, bytes]) -> dict[str, Any]:
    """Check the signature of a document and return its fields without ``sig``.

    `trusted_keys` maps key ids to 32 public bytes.

    Raises:
        SignatureError: if `raw` is not exactly the canonical bytes of a document signed by one of the keys.
    """
    if len(raw) > MAX_BYTES:
        raise SignatureError("malformed", "it is far too large")
    try:
        value = parse_strict(raw)
    except CanonicalError as problem:
        raise SignatureError("malformed", str(problem)) from problem
    if not isinstance(value, dict):
        raise SignatureError("malformed", "it is not an object")
    fields = cast("dict[str, Any]", value)
    if canonical_json(fields) != raw:
        raise SignatureError("not-canonical", "its bytes are not in canonical form")
    text = fields.pop("sig", None)
    match = _SIG.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise SignatureError("unsigned", "it carries no signature")
    kid, encoded = match.groups()
    public = trusted_keys.get(kid)
    if public is None:
        raise SignatureError("unknown-key", f"it is signed with the key {kid}, which this studio does not know")
    try:
        signature = base64.urlsafe_b64decode(encoded + "==")
    except binascii.Error as problem:  # pragma: no cover - the pattern leaves only base64url
        raise SignatureError("unsigned", "its signature is not base64url") from problem
    # 86 characters hold 4 bits more than 64 bytes: a second spelling of the same signature is refused.
    if base64.urlsafe_b64encode(signature).rstrip(b"=").decode("ascii") != encoded:
        raise SignatureError("bad-signature", "its signature is not in canonical form")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, canonical_json(fields))
    except (InvalidSignature, ValueError) as problem:
        raise SignatureError(
            "bad-signature", "its signature does not fit: it was changed after it was signed"
        ) from problem
    return fields
