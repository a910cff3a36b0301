"""A float WAV file that grows block by block and is whole at any moment: recordings, and stems of any length.

RIFF/WAVE with IEEE float samples; room for a ``ds64`` chunk stands ready, so that a recording of more than 4 GiB
becomes RF64 (EBU Tech 3306) without moving a sample. The sizes in the header are brought up to date about once a
second: after a crash the file opens, and lacks at most that.
"""

from __future__ import annotations

import contextlib
import os
import struct
from pathlib import Path
from types import TracebackType

import numpy as np

from engine.errors import EncodeError
from engine.io.atomic import as_encode_error
from engine.types import Audio

_FLOAT = 3
_LIMIT = 0xFFFF_FFFF


class WavStream:
    """Writes ``(channels, frames) float32`` as it comes.

    Args:
        path: of the new file; it must not exist.
        rate: Hz.
        name: what errors call the file; None for its own.

    Raises:
        EncodeError: codes ``disk-full`` and ``path-not-writable``.
    """

    def __init__(self, path: str | Path, *, rate: int, channels: int, name: str | None = None):
        self.path = Path(path)
        self._told = self.path.with_name(name or self.path.name)
        self.rate, self.channels = rate, channels
        self.frames = 0
        try:
            self._file = self.path.open("xb")
            self._file.write(self._header())
        except OSError as error:
            raise as_encode_error(error, self._told) from error

    def _header(self) -> bytes:
        width = 4 * self.channels
        data = self.frames * width
        form = struct.pack(
            "<4sIHHIIHHH", b"fmt ", 18, _FLOAT, self.channels, self.rate, self.rate * width, width, 32, 0
        )
        fact = struct.pack("<4sII", b"fact", 4, min(self.frames, _LIMIT))
        riff = 4 + 36 + len(form) + len(fact) + 8 + data
        if riff <= _LIMIT:
            head = struct.pack("<4sI4s4sI28x", b"RIFF", riff, b"WAVE", b"JUNK", 28)
            return head + form + fact + struct.pack("<4sI", b"data", data)
        head = struct.pack("<4sI4s4sIQQQI", b"RF64", _LIMIT, b"WAVE", b"ds64", 28, riff, data, self.frames, 0)
        return head + form + fact + struct.pack("<4sI", b"data", _LIMIT)

    def write(self, block: Audio) -> None:
        """Append ``(channels, frames) float32``.

        Raises:
            EncodeError: code ``disk-full``, among others; what was written stays.
        """
        try:
            self._file.write(np.ascontiguousarray(block.T, dtype="<f4").data)
        except OSError as error:
            raise as_encode_error(error, self._told) from error
        self.frames += block.shape[1]

    def settle(self) -> None:
        """Bring the header up to date and hand all to the disk.

        Raises:
            EncodeError: as `write`.
        """
        try:
            self._file.seek(0)
            self._file.write(self._header())
            self._file.seek(0, os.SEEK_END)
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise as_encode_error(error, self._told) from error

    def close(self) -> None:
        """Settle and close.

        Raises:
            EncodeError: as `write`.
        """
        try:
            self.settle()
        finally:
            with contextlib.suppress(OSError):
                self._file.close()

    def __enter__(self) -> WavStream:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is None:
            self.close()
        else:
            # What failed or was cancelled is told already.
            with contextlib.suppress(EncodeError):
                self.close()
