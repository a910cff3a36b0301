"""Whom the client believes: the keys of a platform, pinned at the first contact, and what it says of itself under
them."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping

import msgspec

from studio.base.clock import from_iso
from studio.base.keys import KeyStore
from studio.platform.messages import PlatformInfo
from studio.platform.receipts import open_signed
from studio.platform.transport import Transport, bad_response, decode


class PinnedKeys:
    """The public keys of one service: those that are `given`, or those of the first contact, kept in the key store."""

    def __init__(self, transport: Transport, store: KeyStore, *, given: Mapping[str, bytes] | None):
        self._transport = transport
        self._store = store
        self._found = dict(given) if given is not None else None
        self._lock = threading.Lock()

    def keys(self) -> dict[str, bytes]:
        """Key id -> raw public key (32 bytes).

        Raises:
            PlatformError: bad-response, receipt-invalid. PlatformDown.
        """
        with self._lock:
            if self._found is None:
                name = f"platform-keys-{self._transport.realm}"
                stored = self._store.get(name)
                if stored is None:
                    stored = self._first_contact()
                    self._store.set(name, stored)
                self._found = {kid: _public(key) for kid, key in decode(stored, dict[str, str]).items()}
            return self._found

    def info(self) -> PlatformInfo:
        """What the service says of itself now, signed by a pinned key.

        Raises:
            PlatformError: receipt-invalid, bad-response. PlatformDown.
        """
        raw, info, nonce = self._fetch()
        if open_signed(raw, self.keys()).get("nonce") != nonce:
            raise bad_response("an old answer")
        return info

    def _first_contact(self) -> bytes:
        raw, info, _ = self._fetch()
        keys = {key.kid: key.public_key for key in info.keys}
        # At least the sender holds the key that it names.
        open_signed(raw, {kid: _public(key) for kid, key in keys.items()})
        return msgspec.json.encode(keys)

    def _fetch(self) -> tuple[bytes, PlatformInfo, str]:
        nonce = secrets.token_hex(16)
        raw = self._transport.exchange("GET", "/platform", query={"nonce": nonce})
        return raw, decode(raw, PlatformInfo), nonce


def moment(at: str) -> float:
    """A time of the service in seconds since 1970.

    Raises:
        PlatformError: bad-response.
    """
    try:
        return from_iso(at)
    except ValueError as error:
        raise bad_response("its time") from error


def _public(key: str) -> bytes:
    try:
        raw = bytes.fromhex(key)
    except ValueError as error:
        raise bad_response("a key is malformed") from error
    if len(raw) != 32:
        raise bad_response("a key is malformed")
    return raw
