"""Where the sound rests in a WAV, FLAC or MP3 file, where credentials may rest, and a map of the sound by blocks.

Signing adds credentials beside the sound and leaves its bytes alone. A map of digests of those bytes goes into the
signed manifest, so that a later check can say where in the song a file was changed, which the one hash of the whole
file cannot.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec

Kind = Literal["wav", "flac", "mp3"]
MIME: dict[Kind, str] = {"wav": "audio/wav", "flac": "audio/flac", "mp3": "audio/mpeg"}

MAX_CREDENTIALS_BYTES = 16 << 20
"""Credentials above this size are not read."""

_BLOCKS = 128
_LEAST_BLOCK = 4096


class PayloadError(ValueError):
    """A file whose structure does not hold. `reason` is not-audio, damaged, credentials-damaged or
    credentials-too-large."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Payload:
    """The sound's bytes: `length` of them from `start`. `credentials` tells whether a place for credentials was
    seen."""

    kind: Kind
    start: int
    length: int
    credentials: bool


class AudioMap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Digests of the sound's bytes: the sha256 (hex) of all, and the first 8 bytes (hex) of the sha256 of each
    block."""

    length: int
    block_bytes: int
    sha256: str
    blocks: tuple[str, ...]


def locate(path: Path) -> Payload:
    """Find the sound in a file by its content, whatever its name says.

    Raises:
        PayloadError: if it is no WAV, FLAC or MP3, is damaged, or carries credentials that are too large or cut.
        OSError: if it cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
            return _locate_wav(file, size)
        start, tagged = _skip_id3(file, size)
        file.seek(start)
        mark = file.read(4)
        if mark == b"fLaC":
            return _locate_flac(file, size, start, tagged=tagged)
        if tagged or (len(mark) >= 2 and mark[0] == 0xFF and mark[1] & 0xE0 == 0xE0):
            return Payload("mp3", start, _without_id3v1(file, size) - start, tagged)
    raise PayloadError("not-audio", "this is not a WAV, FLAC or MP3 file")


def map_audio(path: Path, payload: Payload) -> AudioMap:
    """Digest the sound of a file in at most 128 blocks.

    Raises:
        OSError: if it cannot be read.
    """
    return _map(path, payload, max(_LEAST_BLOCK, -(-payload.length // _BLOCKS)))


def changed_spans(path: Path, payload: Payload, signed: AudioMap) -> list[tuple[int, int]]:
    """The byte spans of the sound, relative to its start, whose digests differ from the signed map; neighbours are
    joined.

    A sound of another length differs from the first block that does not fit to its end.
    """
    block = signed.block_bytes
    if block <= 0 or len(signed.blocks) != -(-signed.length // block):
        return [(0, payload.length)]
    found = _map(path, payload, block)
    spans: list[tuple[int, int]] = []
    for index in range(max(len(found.blocks), len(signed.blocks))):
        here = found.blocks[index] if index < len(found.blocks) else None
        there = signed.blocks[index] if index < len(signed.blocks) else None
        if here != there:
            start, end = index * block, min((index + 1) * block, max(payload.length, signed.length))
            if spans and spans[-1][1] == start:
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((start, end))
    return spans


def _map(path: Path, payload: Payload, block: int) -> AudioMap:
    whole = hashlib.sha256()
    blocks: list[str] = []
    with path.open("rb") as file:
        file.seek(payload.start)
        left = payload.length
        while left > 0:
            data = file.read(min(block, left))
            if not data:
                break
            whole.update(data)
            blocks.append(hashlib.sha256(data).hexdigest()[:16])
            left -= len(data)
    return AudioMap(length=payload.length, block_bytes=block, sha256=whole.hexdigest(), blocks=tuple(blocks))


def _locate_wav(file: BinaryIO, size: int) -> Payload:
    file.seek(4)
    declared = int.from_bytes(file.read(4), "little")
    # What follows the RIFF is no part of it; 0 and 0xFFFFFFFF are what writers of streams leave there.
    end = size if declared in (0, 0xFFFFFFFF) else min(size, declared + 8)
    position, sound, credentials = 12, None, False
    while position + 8 <= end:
        file.seek(position)
        head = file.read(8)
        name, length = head[:4], int.from_bytes(head[4:8], "little")
        if name == b"C2PA":
            credentials = True
            _check_size(length)
        if position + 8 + length > size:
            reason = "credentials-damaged" if credentials else "damaged"
            raise PayloadError(reason, "a part of this file claims to be larger than the file")
        if name == b"data" and sound is None:
            sound = (position + 8, length)
        position += 8 + length + (length & 1)
    if sound is None:
        raise PayloadError("damaged", "this WAV file holds no sound")
    return Payload("wav", sound[0], sound[1], credentials)


def _locate_flac(file: BinaryIO, size: int, start: int, *, tagged: bool) -> Payload:
    position = start + 4
    last = False
    while not last:
        file.seek(position)
        head = file.read(4)
        if len(head) < 4:
            raise PayloadError("damaged", "this FLAC file ends within its header")
        last = bool(head[0] & 0x80)
        position += 4 + int.from_bytes(head[1:4], "big")
    if position > size:
        raise PayloadError("damaged", "this FLAC file ends within its header")
    return Payload("flac", position, _without_id3v1(file, size) - position, tagged)


def _skip_id3(file: BinaryIO, size: int) -> tuple[int, bool]:
    file.seek(0)
    head = file.read(10)
    if head[:3] != b"ID3":
        return 0, False
    if len(head) < 10 or any(byte & 0x80 for byte in head[6:10]):
        raise PayloadError("damaged", "the tags of this file are damaged")
    length = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
    _check_size(length)
    end = 10 + length + (10 if head[5] & 0x10 else 0)
    if end > size:
        raise PayloadError("damaged", "the tags of this file claim to be larger than the file")
    return end, True


def _without_id3v1(file: BinaryIO, size: int) -> int:
    if size >= 128:
        file.seek(-128, os.SEEK_END)
        if file.read(3) == b"TAG":
            return size - 128
    return size


def _check_size(length: int) -> None:
    if length > MAX_CREDENTIALS_BYTES:
        raise PayloadError("credentials-too-large", "the credentials of this file claim to be far too large")
