"""Passwords at rest: scrypt (RFC 7914) with a salt of its own for each."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from studio.platform.refusal import invalid

MINIMUM_LENGTH = 10

_N, _R, _P = 2**14, 8, 1


def hash_password(password: str) -> str:
    """The stored form ``scrypt$N$r$p$salt$hash``.

    Raises:
        Refusal: if the password has fewer than 10 characters or more than 1,024.
    """
    if not MINIMUM_LENGTH <= len(password) <= 1024:
        raise invalid(
            f"The password needs at least {MINIMUM_LENGTH} characters.",
            remedy="Choose a longer one, for example four words.",
            code="password-too-short",
        )
    salt = secrets.token_bytes(16)
    digest = _scrypt(password, salt, _N, _R, _P)
    return f"scrypt${_N}${_R}${_P}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def check_password(password: str, stored: str) -> bool:
    """True when `password` is the one that `stored` was made from; takes the same time either way."""
    _, n, r, p, salt, digest = stored.split("$")
    if len(password) > 1024:
        return False
    found = _scrypt(password, base64.b64decode(salt), int(n), int(r), int(p))
    return hmac.compare_digest(found, base64.b64decode(digest))


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=64 * 1024 * 1024, dklen=32)
