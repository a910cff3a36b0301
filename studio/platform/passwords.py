"""Passwords at rest: scrypt (RFC 7914) with a salt of its own for each."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from studio.platform.refusal import invalid

MINIMUM_LENGTH = 10

COST = (2**14, 8, 5)
"""N, r and p of new passwords: 16 MiB and about a quarter of a second each (OWASP's minimum for scrypt)."""


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
    n, r, p = COST
    digest = _scrypt(password, salt, n, r, p)
    return f"scrypt${n}${r}${p}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def nobody() -> str:
    """A stored form that no password has, as costly to check as any."""
    n, r, p = COST
    return f"scrypt${n}${r}${p}${base64.b64encode(bytes(16)).decode()}${base64.b64encode(bytes(32)).decode()}"


def check_password(password: str, stored: str) -> bool:
    """True when `password` is the one that `stored` was made from; takes the same time either way."""
    _, n, r, p, salt, digest = stored.split("$")
    if len(password) > 1024:
        return False
    found = _scrypt(password, base64.b64decode(salt), int(n), int(r), int(p))
    return hmac.compare_digest(found, base64.b64decode(digest))


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=64 * 1024 * 1024, dklen=32)
