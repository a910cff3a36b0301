"""Tags of finished files: LIST INFO in WAV, Vorbis comments in FLAC, ID3v2.4 in MP3.

libsndfile writes only some of them into each format (no ISRC anywhere, no copyright in MP3), hence this.
"""

from __future__ import annotations

import shutil
import struct
from collections.abc import Mapping
from pathlib import Path

FIELDS = ("title", "artist", "album", "date", "isrc", "comment", "copyright")

_INFO = {
    "title": "INAM",
    "artist": "IART",
    "album": "IPRD",
    "date": "ICRD",
    "isrc": "ISRC",
    "comment": "ICMT",
    "copyright": "ICOP",
}
_VORBIS = {field: field.upper() for field in FIELDS}
_ID3 = {
    "title": "TIT2",
    "artist": "TPE1",
    "album": "TALB",
    "date": "TDRC",
    "isrc": "TSRC",
    "comment": "COMM",
    "copyright": "TCOP",
}
_VENDOR = "Contrafact"


def write_tags(path: Path, format: str, tags: Mapping[str, str]) -> None:
    """Write `tags` (keys of `FIELDS`; empty values are left out) into a file that has none yet, in place.

    Args:
        format: ``wav``, ``flac`` or ``mp3``.

    Raises:
        OSError: the disk said no.
    """
    kept = {field: tags[field].strip() for field in FIELDS if tags.get(field, "").strip()}
    if not kept:
        return
    {"wav": _write_info, "flac": _write_vorbis, "mp3": _write_id3}[format](path, kept)


def read_tags(path: Path) -> dict[str, str]:
    """The tags of a WAV, FLAC or MP3 file that `write_tags` wrote, fields of `FIELDS`; empty for other files."""
    with path.open("rb") as file:
        head = file.read(12)
    if head[:4] == b"RIFF":
        return _read_info(path)
    if head[:4] == b"fLaC":
        return _read_vorbis(path)
    if head[:3] == b"ID3":
        return _read_id3(path)
    return {}


def _write_info(path: Path, tags: Mapping[str, str]) -> None:
    body = b"INFO"
    for field, value in tags.items():
        text = value.encode() + b"\0"
        body += _INFO[field].encode() + struct.pack("<I", len(text)) + text + b"\0" * (len(text) & 1)
    with path.open("r+b") as file:
        end = file.seek(0, 2)
        if end & 1:
            file.write(b"\0")
        file.write(b"LIST" + struct.pack("<I", len(body)) + body)
        size = file.tell() - 8
        file.seek(4)
        file.write(struct.pack("<I", size))


def _read_info(path: Path) -> dict[str, str]:
    names = {chunk.encode(): field for field, chunk in _INFO.items()}
    found: dict[str, str] = {}
    with path.open("rb") as file:
        file.seek(12)
        while len(head := file.read(8)) == 8:
            name, length = head[:4], struct.unpack("<I", head[4:])[0]
            if name != b"LIST":
                file.seek(length + (length & 1), 1)
                continue
            body = file.read(length + (length & 1))
            at = 4
            while body[:4] == b"INFO" and at + 8 <= length:
                size = struct.unpack("<I", body[at + 4 : at + 8])[0]
                if body[at : at + 4] in names:
                    found[names[body[at : at + 4]]] = (
                        body[at + 8 : at + 8 + size].rstrip(b"\0").decode(errors="replace")
                    )
                at += 8 + size + (size & 1)
    return found


def _flac_blocks(path: Path) -> tuple[list[tuple[int, bytes]], int]:
    """Metadata blocks ``(type, body)`` and where the frames begin; of the sound nothing is read."""
    blocks: list[tuple[int, bytes]] = []
    with path.open("rb") as file:
        file.seek(4)
        last = False
        while not last and len(head := file.read(4)) == 4:
            last = bool(head[0] & 0x80)
            blocks.append((head[0] & 0x7F, file.read(int.from_bytes(head[1:], "big"))))
        return blocks, file.tell()


def _with_head(path: Path, head: bytes, start: int) -> None:
    """Put `head` in the place of the first `start` bytes; the rest, hours of sound perhaps, passes through a buffer."""
    made = path.with_name(f"{path.name}.tags")
    try:
        with path.open("rb") as source, made.open("wb") as file:
            file.write(head)
            source.seek(start)
            shutil.copyfileobj(source, file, 1 << 20)
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)


def _write_vorbis(path: Path, tags: Mapping[str, str]) -> None:
    blocks, start = _flac_blocks(path)
    entries = [f"{_VORBIS[field]}={value}".encode() for field, value in tags.items()]
    vendor = _VENDOR.encode()
    body = struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", len(entries))
    body += b"".join(struct.pack("<I", len(entry)) + entry for entry in entries)
    # STREAMINFO (type 0) must stay first; padding (1) is of no use in a file that is never edited again.
    kept = [block for block in blocks if block[0] not in (1, 4)]
    kept.insert(1, (4, body))
    out = bytearray(b"fLaC")
    for index, (kind, content) in enumerate(kept):
        out += bytes([kind | (0x80 if index == len(kept) - 1 else 0)]) + len(content).to_bytes(3, "big") + content
    _with_head(path, bytes(out), start)


def _read_vorbis(path: Path) -> dict[str, str]:
    names = {name: field for field, name in _VORBIS.items()}
    found: dict[str, str] = {}
    for kind, body in _flac_blocks(path)[0]:
        if kind != 4:
            continue
        at = 4 + struct.unpack("<I", body[:4])[0]
        count = struct.unpack("<I", body[at : at + 4])[0]
        at += 4
        for _ in range(count):
            length = struct.unpack("<I", body[at : at + 4])[0]
            name, _, value = body[at + 4 : at + 4 + length].decode(errors="replace").partition("=")
            if name.upper() in names:
                found[names[name.upper()]] = value
            at += 4 + length
    return found


def _syncsafe(value: int) -> bytes:
    return bytes((value >> shift) & 0x7F for shift in (21, 14, 7, 0))


def _from_syncsafe(data: bytes) -> int:
    value = 0
    for byte in data:
        value = value << 7 | byte & 0x7F
    return value


def _write_id3(path: Path, tags: Mapping[str, str]) -> None:
    frames = b""
    for field, value in tags.items():
        # Encoding 3 is UTF-8; a comment also carries its language and an empty description.
        content = b"\x03" + (b"eng\0" if field == "comment" else b"") + value.encode()
        frames += _ID3[field].encode() + _syncsafe(len(content)) + b"\0\0" + content
    with path.open("rb") as file:
        held = file.read(10)
    start = 10 + _from_syncsafe(held[6:]) if held[:3] == b"ID3" else 0
    _with_head(path, b"ID3\x04\0\0" + _syncsafe(len(frames)) + frames, start)


def _read_id3(path: Path) -> dict[str, str]:
    names = {frame.encode(): field for field, frame in _ID3.items()}
    found: dict[str, str] = {}
    with path.open("rb") as file:
        head = file.read(10)
        body = file.read(_from_syncsafe(head[6:10]))
    at = 0
    while at + 10 <= len(body) and body[at] != 0:
        size = _from_syncsafe(body[at + 4 : at + 8]) if head[3] == 4 else int.from_bytes(body[at + 4 : at + 8], "big")
        field = names.get(body[at : at + 4])
        content = body[at + 10 : at + 10 + size]
        if field and content[:1] in (b"\0", b"\3"):
            text = content[1:].decode("utf-8" if content[0] == 3 else "latin-1", errors="replace")
            found[field] = text[3:].partition("\0")[2] if field == "comment" else text.rstrip("\0")
        at += 10 + size
    return found
