"""Decoded sources at rest: raw planar float32 files that are memory-mapped for play-back."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from types import TracebackType

import msgspec
import numpy as np

from engine.errors import AudioFileError, Cancelled
from engine.io.atomic import as_encode_error, replacing
from engine.io.decode import AudioReader
from engine.types import Audio, PcmRef, Progress
from engine.types import Cancelled as CancelledFlag

CHUNK_BYTES = 1 << 20


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was decoded into a PCM file at the session's rate."""

    pcm: PcmRef
    original_rate: int
    original_channels: int
    duration_s: float
    notices: tuple[str, ...] = ()


class PcmReader:
    """Read a PCM file stretch by stretch; a context manager.

    For work that passes through a whole file: of a memory map every page that was touched counts as memory used, and
    two hours of stereo are 2.5 GB.
    """

    def __init__(self, pcm: PcmRef):
        """Open the file of `pcm`.

        Raises:
            AudioFileError: audio-missing where it cannot be opened, audio-damaged where it is shorter than it says.
        """
        self.pcm = pcm
        try:
            self._file = Path(pcm.path).open("rb", buffering=0)  # noqa: SIM115 - lives as long as this reader
        except OSError as problem:
            raise _unread(f"The recording cannot be opened ({problem.strerror}).", code="audio-missing") from problem
        if os.fstat(self._file.fileno()).st_size < 4 * pcm.channels * pcm.frames:
            self._file.close()
            raise _unread("The recording is shorter on disk than it should be.")

    def read(self, start: int, count: int) -> Audio:
        """``(channels, count)`` from frame `start`; before and behind the sound is silence.

        Raises:
            AudioFileError: audio-damaged.
        """
        out = np.zeros((self.pcm.channels, count), "<f4")
        begin, end = max(start, 0), min(start + count, self.pcm.frames)
        for channel in range(self.pcm.channels if begin < end else 0):
            self._file.seek(4 * (channel * self.pcm.frames + begin))
            view = out[channel, begin - start : end - start].data.cast("B")
            while view:
                got = self._file.readinto(view)
                if not got:
                    raise _unread("The recording could not be read to its end.")
                view = view[got:]
        return out

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __enter__(self) -> PcmReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _unread(message: str, *, code: str = "audio-damaged") -> AudioFileError:
    return AudioFileError(message, remedy="Load the recording again.", code=code)


class PcmWriter:
    """Write a PCM file block by block; a context manager.

    The file appears on `close`; a ``with`` block that is left without it leaves nothing.

    Raises:
        EncodeError: codes ``disk-full`` and ``path-not-writable``.
    """

    def __init__(self, out_path: str | Path, *, rate: int, channels: int = 2):
        self._path = Path(out_path)
        self._rate, self._channels = rate, channels
        self._frames = 0
        stem = self._path.parent / f".{self._path.name}"
        self._parts = [stem.with_name(f"{stem.name}.{channel}.part") for channel in range(channels)]
        self._files = []
        try:
            self._files = [part.open("wb") for part in self._parts]
        except OSError as error:
            self.abort()
            raise as_encode_error(error, self._path) from error

    def write(self, block: Audio) -> None:
        """Append ``(channels, frames) float32``."""
        try:
            for file, row in zip(self._files, block, strict=True):
                file.write(np.ascontiguousarray(row, dtype="<f4").data)
        except OSError as error:
            self.abort()
            raise as_encode_error(error, self._path) from error
        self._frames += block.shape[1]

    def close(self) -> PcmRef:
        """Put the file in its place and say what it holds."""
        digest = hashlib.sha256()
        try:
            for file in self._files:
                file.close()
            with replacing(self._path) as part:
                self._parts[0].replace(part)
                with part.open("rb") as first:
                    while chunk := first.read(CHUNK_BYTES):
                        digest.update(chunk)
                with part.open("ab") as whole:
                    for other in self._parts[1:]:
                        with other.open("rb") as file:
                            while chunk := file.read(CHUNK_BYTES):
                                digest.update(chunk)
                                whole.write(chunk)
        finally:
            self.abort()
        return PcmRef(
            path=str(self._path),
            rate=self._rate,
            channels=self._channels,
            frames=self._frames,
            digest=digest.hexdigest(),
        )

    def abort(self) -> None:
        """Drop what was written."""
        for file in self._files:
            # A full disk can fail once more on the flush of a close.
            try:
                file.close()
            except OSError:
                continue
        for part in self._parts:
            part.unlink(missing_ok=True)

    def __enter__(self) -> PcmWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()


def write_pcm(samples: Audio, out_path: str | Path, *, rate: int) -> PcmRef:
    """Write ``(channels, frames) float32`` as a PCM file, atomically, with its digest.

    Raises:
        EncodeError: codes ``disk-full`` and ``path-not-writable``.
    """
    data = np.ascontiguousarray(samples, dtype="<f4")
    path = Path(out_path)
    with replacing(path) as part:
        part.write_bytes(data.data)
    return PcmRef(
        path=str(path),
        rate=rate,
        channels=data.shape[0],
        frames=data.shape[1],
        digest=hashlib.sha256(data.data).hexdigest(),
    )


def import_task(
    *,
    path: str,
    out_path: str,
    rate: int,
    channel: int | None = None,
    progress: Progress | None = None,
    cancelled: CancelledFlag | None = None,
) -> Imported:
    """Decode any sound file into a stereo PCM file at `rate` Hz (worker task).

    Mono is copied to both sides, more than 2 channels are folded down with a notice. With `channel` only that one of a
    file's two is taken; a file that has one gives that.

    Raises:
        AudioFileError: see `engine.io.decode`.
        EncodeError: codes ``disk-full`` and ``path-not-writable``.
        Cancelled: nothing is left behind.
    """
    with AudioReader(path, rate=rate) as reader, PcmWriter(out_path, rate=rate) as writer:
        total, seen, loudest = reader.frames_out, 0, 0.0
        if total == 0:
            raise AudioFileError(
                f"“{reader.path.name}” holds no sound.", remedy="Choose a file with sound.", code="audio-empty"
            )
        for block in reader.blocks():
            if cancelled is not None and cancelled():
                raise Cancelled
            if channel is not None:
                block = block[min(channel, block.shape[0] - 1)][np.newaxis]
            writer.write(block if block.shape[0] == 2 else np.repeat(block, 2, axis=0))
            seen += block.shape[1]
            loudest = max(loudest, float(np.abs(block).max()))
            if progress is not None:
                progress(seen / total, f"Reading {reader.path.name}")
        notices = reader.notices + (("The file is silent from start to end.",) if loudest == 0.0 else ())
        return Imported(
            pcm=writer.close(),
            original_rate=reader.original_rate,
            original_channels=reader.original_channels,
            duration_s=reader.frames / reader.original_rate,
            notices=notices,
        )
