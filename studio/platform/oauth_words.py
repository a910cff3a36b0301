"""What both ends of the sign-in have to spell alike (RFC 6749, RFC 7636, RFC 8628)."""

from __future__ import annotations

import base64
import hashlib

CLIENT_ID = "contrafact-desktop"
REDIRECT_PATH = "/callback"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
