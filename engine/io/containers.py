"""A look at a file's container before a decoder touches it: what it is, and whether it holds what its header
promises.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO, Literal

Kind = Literal["wav", "aiff", "flac", "ogg", "mp3", "aac", "mp4", "asf", "matroska", "midi", "text", "unknown"]

HEAD_BYTES = 4096
OGG_PAGE_MAX = 65307

SUFFIXES = frozenset({".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".aif", ".aiff", ".caf", ".w64", ".au"})
"""Names of files that are read here."""
FOREIGN_SUFFIXES = frozenset({".m4a", ".m4b", ".mp4", ".mov", ".aac", ".wma", ".webm", ".mka", ".mkv"})
"""Names of files that are read through FFmpeg where it is installed (`engine.io.foreign`)."""
MAX_CHUNKS = 4096

CONTROL = frozenset(range(32)) - frozenset(b"\t\n\v\f\r\x1b") | {127}
"""Bytes that no text holds."""


def kind_of(head: bytes) -> Kind:
    """Name the container from a file's first bytes."""
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return "wav"
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    if head[:4] == b"fLaC":
        return "flac"
    if head[:4] == b"OggS":
        return "ogg"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        # Layer 0 of a frame's header is ADTS.
        return "aac"
    if head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0):
        return "mp3"
    if head[4:8] == b"ftyp":
        return "mp4"
    if head[:4] == b"\x30\x26\xb2\x75":
        return "asf"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "matroska"
    if head[:4] == b"MThd":
        return "midi"
    if head and not set(head) & CONTROL:
        return "text"
    return "unknown"


def missing_bytes(path: Path, kind: Kind) -> int:
    """How many bytes the container's header promises and the file does not hold; 0 when it is whole or cannot be told.

    WAV, AIFF and Ogg are told here; FLAC and MP3 show it when they are decoded.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        if kind == "wav":
            return _missing_riff(file, size)
        if kind == "aiff":
            promised = struct.unpack(">I", file.read(8)[4:8])[0] + 8
            return max(promised - size, 0)
        if kind == "ogg":
            return _missing_ogg(file, size)
    return 0


def _missing_riff(file: BinaryIO, size: int) -> int:
    wide = file.read(12)[:4] in (b"RF64", b"BW64")
    wide_data = 0
    for _ in range(MAX_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            return 0
        name, length = head[:4], struct.unpack("<I", head[4:])[0]
        if name == b"ds64" and length >= 16:
            wide_data = struct.unpack("<QQ", file.read(16))[1]
            length -= 16
        if name == b"data":
            if length == 0xFFFFFFFF:
                # Written by a program that could not seek back: the data run to the end of the file, unless RF64 says
                # more.
                length = wide_data if wide else size - file.tell()
            return max(file.tell() + length - size, 0)
        file.seek(length + (length & 1), 1)
    return 0


def _missing_ogg(file: BinaryIO, size: int) -> int:
    """An Ogg file whose last page is cut off lacks at least the rest of that page."""
    file.seek(max(size - OGG_PAGE_MAX, 0))
    tail = file.read()
    at = tail.rfind(b"OggS")
    if at < 0:
        return 1
    page = tail[at:]
    if len(page) < 27 or len(page) < 27 + page[26]:
        return 27
    length = 27 + page[26] + sum(page[27 : 27 + page[26]])
    return max(length - len(page), 0)
