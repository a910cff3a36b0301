"""Write finished sound: WAV and FLAC with dither, MP3 at 320 kbit/s, with tags, whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt
import soundfile as sf  # pyright: ignore[reportMissingTypeStubs]

from engine.errors import EncodeError
from engine.io.atomic import as_encode_error, replacing
from engine.io.tags import write_tags
from engine.types import Audio

Format = Literal["wav", "flac", "mp3"]

MP3_RATES = (32_000, 44_100, 48_000)
DITHER_SEED = 0x5EED
"""The same samples give the same bytes."""

BLOCK_FRAMES = 1 << 16
WAV_BYTES = (1 << 32) - (1 << 24)
"""Most sound in a WAV file, whose chunks count their bytes in 32 bits; the rest is room for tags and credentials."""


class _Sink:
    """The file that libsndfile writes into. It keeps the OSError that a C library would turn into "System error"."""

    def __init__(self, path: Path):
        self._file = path.open("w+b")
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            return self._file.write(data)
        except OSError as error:
            self.error = error
            return 0

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def readinto(self, buffer: Any) -> int:
        return self._file.readinto(buffer)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        try:
            return self._file.seek(offset, whence)
        except OSError as error:
            self.error = error
            return -1

    def tell(self) -> int:
        return self._file.tell()

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        try:
            self._file.close()
        except OSError as error:
            self.error = error


class Dither:
    """Quantise to `bits` with triangular dither of +-1 LSB (TPDF), the same noise each time, whatever the blocks."""

    def __init__(self, bits: int, *, dither: bool = True):
        self._scale = float(1 << (bits - 1))
        self._shift = 32 - bits
        self._rng = np.random.default_rng(DITHER_SEED) if dither else None

    def quantise(self, x: Audio) -> npt.NDArray[np.int32]:
        """``(channels, frames) float32`` to ``(frames, channels) int32``, bits at the top; clipped at full scale."""
        scaled = x.T.astype(np.float64) * self._scale
        if self._rng is not None:
            noise = self._rng.random((*scaled.shape, 2), dtype=np.float32)
            scaled += noise[..., 0]
            scaled -= noise[..., 1]
        np.rint(scaled, out=scaled)
        np.clip(scaled, -self._scale, self._scale - 1.0, out=scaled)
        return scaled.astype(np.int32) << self._shift


def check_size(format: Format, *, frames: int, channels: int, bits: int) -> None:
    """Refuse what does not fit into a WAV file; the other formats have no such bound.

    Raises:
        EncodeError: code ``wav-too-long``.
    """
    if format == "wav" and frames * channels * (bits // 8) > WAV_BYTES:
        raise EncodeError(
            "A WAV file holds four gigabytes of sound, and this is longer.",
            remedy="Choose FLAC, fewer bits, a lower rate, or export it in parts.",
            code="wav-too-long",
            details={"bytes": frames * channels * (bits // 8), "most": WAV_BYTES},
        )


class Encoder:
    """Takes blocks of ``(channels, frames) float32``; `stream` makes it."""

    def __init__(
        self, file: sf.SoundFile, sink: _Sink, path: Path, dither: Dither | None, *, format: Format, bits: int
    ):
        self._file, self._sink, self._path, self._dither = file, sink, path, dither
        self._format: Format = format
        self._bits = bits
        self.frames = 0

    def write(self, block: Audio) -> None:
        """Append a block.

        Raises:
            EncodeError: code ``disk-full``, ``path-not-writable`` or ``wav-too-long``.
        """
        check_size(self._format, frames=self.frames + block.shape[1], channels=block.shape[0], bits=self._bits)
        for start in range(0, block.shape[1], BLOCK_FRAMES):
            part = block[:, start : start + BLOCK_FRAMES]
            data = np.ascontiguousarray(part.T) if self._dither is None else self._dither.quantise(part)
            try:
                self._file.write(data)
            except (sf.LibsndfileError, RuntimeError, AssertionError) as error:
                raise self._failure(error) from error
            if self._sink.error is not None:
                raise self._failure(self._sink.error)
            self.frames += part.shape[1]

    def _failure(self, error: Exception) -> EncodeError:
        if self._sink.error is not None:
            return as_encode_error(self._sink.error, self._path)
        return EncodeError(
            f"“{self._path.name}” could not be written: {error}",
            remedy="Try another format or folder.",
            code="encode-failed",
        )

    def finish(self) -> None:
        """Write what the container needs at its end.

        Raises:
            EncodeError: code ``disk-full`` or ``path-not-writable``.
        """
        with contextlib.suppress(sf.LibsndfileError, RuntimeError):
            self._file.close()
        self._sink.close()
        if self._sink.error is not None:
            raise as_encode_error(self._sink.error, self._path)


def _open(sink: _Sink, format: Format, rate: int, channels: int, bits: int) -> sf.SoundFile:
    if format == "mp3":
        return sf.SoundFile(
            cast(Any, sink),
            "w",
            rate,
            channels,
            format="MP3",
            subtype="MPEG_LAYER_III",
            compression_level=0.0,
            bitrate_mode="CONSTANT",
        )
    subtype = "FLOAT" if bits == 32 else f"PCM_{bits}"
    return sf.SoundFile(cast(Any, sink), "w", rate, channels, format=format.upper(), subtype=subtype)


def _check(path: Path, format: str, rate: int, channels: int, bits: int) -> None:
    if format not in ("wav", "flac", "mp3"):
        raise EncodeError(
            f"“{format}” is not a format that can be written.", remedy="Choose wav, flac or mp3.", code="format-unknown"
        )
    if format != "mp3" and bits not in ((16, 24, 32) if format == "wav" else (16, 24)):
        raise EncodeError(f"{bits} bits cannot be written.", remedy="Choose 16 or 24 bits.", code="format-unknown")
    if format == "mp3" and (rate not in MP3_RATES or channels > 2):
        raise EncodeError(
            f"MP3 cannot hold {channels} channels at {rate} Hz.",
            remedy="Choose stereo at 44,100 or 48,000 Hz, or another format.",
            code="format-unknown",
            details={"path": str(path)},
        )


@contextlib.contextmanager
def stream(
    path: str | Path,
    *,
    rate: int,
    channels: int = 2,
    format: Format = "wav",
    bits: int = 24,
    dither: bool = True,
    tags: Mapping[str, str] | None = None,
) -> Generator[Encoder]:
    """Write a long file block by block; it appears at `path` when the ``with`` block ends well, else nothing does.

    Args:
        bits: 16 or 24, or 32 for float WAV, which is never dithered or clipped; MP3 ignores it.
        dither: TPDF for WAV and FLAC.
        tags: title, artist, album, date, isrc, comment, copyright.

    Raises:
        EncodeError: codes disk-full, path-not-writable, format-unknown, wav-too-long.
    """
    target = Path(path)
    _check(target, format, rate, channels, bits)
    with replacing(target) as part:
        sink = _Sink(part)
        try:
            file = _open(sink, format, rate, channels, bits)
            rounded = None if format == "mp3" or bits == 32 else Dither(bits, dither=dither)
            encoder = Encoder(file, sink, target, rounded, format=format, bits=bits)
            try:
                yield encoder
            finally:
                # After an error this only frees the encoder; the file is dropped by `replacing`.
                with contextlib.suppress(sf.LibsndfileError, RuntimeError):
                    file.close()
            encoder.finish()
        finally:
            sink.close()
        write_tags(part, format, tags or {})


def encode(
    samples: Audio,
    path: str | Path,
    *,
    rate: int,
    format: Format = "wav",
    bits: int = 24,
    dither: bool = True,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Write ``(channels, frames) float32`` as one file, atomically; see `stream`.

    Raises:
        EncodeError: codes disk-full, path-not-writable, format-unknown.
    """
    with stream(
        path, rate=rate, channels=samples.shape[0], format=format, bits=bits, dither=dither, tags=tags
    ) as encoder:
        encoder.write(samples)
