"""Licensed audio at rest: AES-256-GCM in chunks.

A file is a header and chunks of `CHUNK_BYTES` plaintext (the last may be shorter, also empty), each with its 16-byte
tag. The additional data of a chunk binds the header, the blob's key, the recordings that it comes from, the chunk's
index and whether it is the last: a chunk that is swapped, cut off, repeated, moved or taken from another blob does
not open. Nonces count up under a key that is used for one file only (NIST SP 800-38D).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from typing import BinaryIO, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from studio.base.errors import LibraryError

MAGIC = b"CFBLOB"
VERSION = 1
CHUNK_BYTES = 1 << 20
KEY_BYTES = 32
TAG_BYTES = 16

_HEADER = struct.Struct("<6sBBI4s")
MAX_CHUNK_BYTES = 16 << 20


class Reader(Protocol):
    """What plaintext is read from."""

    def read(self, size: int, /) -> bytes: ...


def new_key() -> bytes:
    """A fresh content key."""
    return AESGCM.generate_key(256)


def encrypt(source: Reader, target: BinaryIO, *, content_key: bytes, blob: str, assets: Sequence[str]) -> None:
    """Write `source` to `target` encrypted. `blob` is its key in the library, `assets` the recordings that it comes
    from."""
    cipher = AESGCM(content_key)
    header = _HEADER.pack(MAGIC, VERSION, 0, CHUNK_BYTES, os.urandom(4))
    target.write(header)
    chunk = source.read(CHUNK_BYTES)
    index = 0
    while True:
        following = source.read(CHUNK_BYTES) if len(chunk) == CHUNK_BYTES else b""
        final = not following
        target.write(cipher.encrypt(_nonce(header, index), chunk, _aad(header, blob, assets, index, final)))
        if final:
            return
        chunk = following
        index += 1


def decrypt(source: BinaryIO, target: BinaryIO, *, content_key: bytes, blob: str, assets: Sequence[str]) -> None:
    """Write the plaintext of `source` to `target`.

    Raises:
        LibraryError: asset-damaged, for any change of the file; `target` may hold a verified beginning then and has
            to be thrown away.
    """
    header = source.read(_HEADER.size)
    if len(header) != _HEADER.size:
        raise damaged(blob)
    magic, version, _, chunk_bytes, _ = _HEADER.unpack(header)
    if magic != MAGIC or version != VERSION or not 0 < chunk_bytes <= MAX_CHUNK_BYTES:
        raise damaged(blob)
    cipher = AESGCM(content_key)
    sealed = source.read(chunk_bytes + TAG_BYTES)
    index = 0
    while True:
        following = source.read(chunk_bytes + TAG_BYTES)
        final = not following
        try:
            target.write(cipher.decrypt(_nonce(header, index), sealed, _aad(header, blob, assets, index, final)))
        except (InvalidTag, ValueError) as error:
            raise damaged(blob) from error
        if final:
            return
        sealed = following
        index += 1


def wrap_key(content_key: bytes, device_key: bytes, *, blob: str, assets: Sequence[str]) -> bytes:
    """The content key, sealed for this device and this blob."""
    nonce = os.urandom(12)
    return nonce + AESGCM(device_key).encrypt(nonce, content_key, _owner(blob, assets))


def unwrap_key(wrapped: bytes, device_key: bytes, *, blob: str, assets: Sequence[str]) -> bytes:
    """The content key that `wrap_key` sealed.

    Raises:
        LibraryError: asset-damaged, when it was sealed for another device or blob.
    """
    try:
        return AESGCM(device_key).decrypt(wrapped[:12], wrapped[12:], _owner(blob, assets))
    except (InvalidTag, ValueError) as error:
        raise damaged(blob) from error


def damaged(blob: str) -> LibraryError:
    """The error of audio that is not what was stored."""
    return LibraryError(
        "A recording in the library was damaged or changed, or belongs to another computer.",
        remedy="Remove it from the library and download it again; your project keeps its place.",
        code="asset-damaged",
        details={"blob": blob},
    )


def _nonce(header: bytes, index: int) -> bytes:
    return header[-4:] + index.to_bytes(8, "big")


def _aad(header: bytes, blob: str, assets: Sequence[str], index: int, final: bool) -> bytes:
    return header + _owner(blob, assets) + index.to_bytes(8, "big") + bytes([final])


def _owner(blob: str, assets: Sequence[str]) -> bytes:
    return f"{blob}|{','.join(sorted(assets))}|".encode()
