"""Writes Ogg Vorbis that is the same, byte for byte, each time.

The encoder itself is deterministic; the container draws a random stream number, which is set to a fixed one here, with
the page checksums (RFC 3533) computed anew.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

_REVERSED_BYTES = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


def write_ogg(path: Path, samples: npt.NDArray[np.float32], *, rate: int, quality: float, serial: int = 1) -> None:
    """Encode `samples (channels, frames)` at `quality` 0..1 (0.5 is about 160 kbit/s in stereo), atomically."""
    partial = path.with_name(path.name + ".part")
    with soundfile.SoundFile(
        partial,
        "w",
        rate,
        samples.shape[0],
        format="OGG",
        subtype="VORBIS",
        compression_level=1.0 - quality,
    ) as file:
        # libsndfile keeps a whole block on the stack: large blocks overflow it.
        for start in range(0, samples.shape[1], 4096):
            file.write(np.ascontiguousarray(samples[:, start : start + 4096].T))
    partial.write_bytes(with_serial(partial.read_bytes(), serial))
    partial.replace(path)


def with_serial(data: bytes, serial: int) -> bytes:
    """The same Ogg stream under another stream number."""
    out = bytearray(data)
    at = 0
    while at < len(out):
        if out[at : at + 4] != b"OggS":
            raise ValueError("not an Ogg page")
        segments = out[at + 26]
        size = 27 + segments + sum(out[at + 27 : at + 27 + segments])
        out[at + 14 : at + 18] = serial.to_bytes(4, "little")
        out[at + 22 : at + 26] = bytes(4)
        out[at + 22 : at + 26] = _checksum(bytes(out[at : at + size])).to_bytes(4, "little")
        at += size
    return bytes(out)


def _checksum(page: bytes) -> int:
    """Ogg's CRC-32: zlib's polynomial with the bits the other way round, from zero and not inverted."""
    reflected = zlib.crc32(page.translate(_REVERSED_BYTES), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{reflected:032b}"[::-1], 2)
