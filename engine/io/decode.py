"""Read any sound file that libsndfile knows, others through FFmpeg where it is installed (`engine.io.foreign`), with
every broken one refused by a named error.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import msgspec
import numpy as np
import numpy.typing as npt
import soundfile as sf  # pyright: ignore[reportMissingTypeStubs]
import soxr  # pyright: ignore[reportMissingTypeStubs]

from engine.errors import AudioFileError
from engine.io import containers, foreign
from engine.types import Audio

LOWEST_RATE, HIGHEST_RATE = 32_000, 192_000
LOWEST_DECLARED_RATE, HIGHEST_DECLARED_RATE = 1_000, 1_536_000
MAX_FRAMES = 1 << 29
"""About three hours at 48 kHz: 4 GiB of stereo."""

LOUDEST = 1e4
"""+80 dBFS: a float file with samples beyond holds data, not sound."""

BLOCK_FRAMES = 1 << 16

MP3_SLACK_FRAMES = 2 * 1152
"""Encoders count their padding differently; a cut file lacks more than this."""

HEADER_BYTES = 4096
"""A file that is larger holds more than headers."""
FORMATS = "WAV, FLAC, MP3, Ogg, Opus or AIFF"

_KNOWN: dict[str, str] = {
    "mp4": "This is an M4A or MP4 file, which is read through FFmpeg",
    "aac": "This is an AAC file, which is read through FFmpeg",
    "asf": "This is a Windows Media file, which is read through FFmpeg",
    "matroska": "This is a Matroska or WebM file, which is read through FFmpeg",
    "midi": "This is a MIDI file: it holds notes, not sound.",
    "text": "This file holds text, not sound.",
}


class Decoded(msgspec.Struct, frozen=True):
    """A decoded file: samples ``(1 or 2, frames) float32`` at `rate` Hz, and what was converted on the way."""

    samples: Audio
    rate: int
    notices: tuple[str, ...] = ()
    original_rate: int = 0
    original_channels: int = 0


def _error(path: Path, message: str, remedy: str, code: str = "audio-unreadable") -> AudioFileError:
    return AudioFileError(message, remedy=remedy, code=code, details={"path": str(path)})


def _truncated(path: Path) -> AudioFileError:
    return _error(
        path,
        f"“{path.name}” is cut off: it holds less sound than its header says.",
        "Copy or download the file again; a part of it is missing.",
        "audio-truncated",
    )


class _Forward(sf.SoundFile):
    """A file that is only read onwards.

    `soundfile` seeks to its own position after each read of a seekable file; in an MP3 that loses the bit
    reservoir, and the first tenth of a second of every block but the first is wrong.
    """

    def seekable(self) -> bool:
        return False


class AudioReader:
    """A sound file as a stream of ``(1 or 2, frames) float32`` blocks; a context manager.

    Args:
        path: the file.
        max_channels: files with more are refused.
        rate: wanted rate in Hz; None keeps the file's, but converts rates outside 32-192 kHz.

    Raises:
        AudioFileError: on opening or reading; codes audio-missing, audio-empty, audio-truncated, audio-unreadable,
            audio-not-finite, audio-too-long.
    """

    def __init__(self, path: str | Path, *, max_channels: int = 64, rate: int | None = None):
        self.path = Path(path)
        self._kind = self._inspect()
        self._converted: tempfile.TemporaryDirectory[str] | None = None
        try:
            self._file = _Forward(str(self._through_ffmpeg() if self._kind in foreign.DEMUXERS else self.path))
        except (sf.LibsndfileError, RuntimeError, TypeError) as error:
            self._discard()
            raise _error(
                self.path,
                _KNOWN.get(self._kind, f"“{self.path.name}” is not a sound file that can be read, or it is damaged."),
                f"Convert it to {FORMATS} and try again.",
            ) from error
        try:
            self._check_header(max_channels)
        except AudioFileError:
            self.close()
            raise
        self.original_rate = int(self._file.samplerate)
        self.original_channels = int(self._file.channels)
        self.frames = int(self._file.frames)
        """Frames that the header promises, at the file's own rate."""
        self.channels = min(self.original_channels, 2)
        notices: list[str] = []
        if self.original_channels > 2:
            notices.append(f"{self.original_channels} channels were folded down to stereo.")
        if rate is None:
            rate = self.original_rate
            if not LOWEST_RATE <= rate <= HIGHEST_RATE:
                rate = 48_000 if rate < LOWEST_RATE else 96_000
        if not LOWEST_RATE <= self.original_rate <= HIGHEST_RATE:
            notices.append(f"{self.original_rate} Hz was converted to {rate} Hz.")
        self.rate = rate
        """Hz of the blocks that come out."""
        self.notices = tuple(notices)
        self._fold = fold_matrix(self.original_channels) if self.original_channels > 2 else None

    def _inspect(self) -> containers.Kind:
        path = self.path
        try:
            if not path.exists():
                raise _error(
                    path, f"There is no file “{path.name}”.", "Check the name and the folder.", code="audio-missing"
                )
            if not path.is_file():
                name = path.name or path.resolve().name
                raise _error(path, f"“{name}” is a folder, not a sound file.", "Choose a file inside it.")
            if path.stat().st_size == 0:
                raise _error(
                    path, f"“{path.name}” is empty (0 bytes).", "Copy or download it again.", code="audio-empty"
                )
            with path.open("rb") as file:
                kind = containers.kind_of(file.read(containers.HEAD_BYTES))
            if containers.missing_bytes(path, kind):
                raise _truncated(path)
        except (OSError, ValueError) as error:
            raise _error(
                path, f"“{path.name}” could not be opened.", "Check that you may read it, then try again."
            ) from error
        return kind

    def _check_header(self, max_channels: int) -> None:
        channels, rate, frames = self._file.channels, self._file.samplerate, self._file.frames
        if not 1 <= channels <= max_channels:
            raise _error(
                self.path,
                f"“{self.path.name}” says that it has {channels} channels.",
                f"Export it with at most {max_channels} channels.",
            )
        if not LOWEST_DECLARED_RATE <= rate <= HIGHEST_DECLARED_RATE:
            raise _error(
                self.path,
                f"“{self.path.name}” says that it has a sample rate of {rate} Hz.",
                "Export it again at 44,100 or 48,000 Hz.",
            )
        if frames <= 0 and self.path.stat().st_size > HEADER_BYTES:
            raise _error(
                self.path,
                f"The header of “{self.path.name}” says that it holds no sound: its recorder was cut off.",
                "Open it in the program that recorded it, which can repair it, and save it again.",
                code="audio-empty",
            )
        if frames <= 0:
            raise _error(
                self.path, f"“{self.path.name}” holds no sound (0 s).", "Choose a file with sound.", code="audio-empty"
            )
        if frames * max(1.0, 48_000 / rate) > MAX_FRAMES:
            raise _error(
                self.path,
                f"“{self.path.name}” says that it lasts {frames / rate / 3600:.1f} hours, which is too long.",
                "Cut it into parts of at most two hours.",
                code="audio-too-long",
            )

    @property
    def frames_out(self) -> int:
        """Frames that come out, at `rate`."""
        return round(self.frames * self.rate / self.original_rate)

    def blocks(self) -> Iterator[Audio]:
        """The whole file, once; the lengths of the blocks add up to `frames_out`."""
        stream = (
            soxr.ResampleStream(self.original_rate, self.rate, self.channels, dtype="float32", quality="VHQ")
            if self.rate != self.original_rate
            else None
        )
        left = self.frames_out
        for block, last in self._raw_blocks():
            frames = block if stream is None else stream.resample_chunk(block, last=last)
            frames = frames[:left]
            left -= frames.shape[0]
            if frames.shape[0]:
                yield np.ascontiguousarray(frames.T)
        if left:
            yield np.zeros((self.channels, left), dtype=np.float32)

    def _raw_blocks(self) -> Iterator[tuple[npt.NDArray[np.float32], bool]]:
        """``(frames, channels)`` blocks at the file's rate, and whether each is the last one."""
        seen = 0
        while seen < self.frames:
            try:
                block = np.asarray(self._file.read(BLOCK_FRAMES, dtype="float32", always_2d=True), dtype=np.float32)
            except (sf.LibsndfileError, RuntimeError) as error:
                raise _truncated(self.path) from error
            short = self.frames - seen - block.shape[0]
            if block.shape[0] < BLOCK_FRAMES and short > 0:
                if self._kind != "mp3" or short > MP3_SLACK_FRAMES:
                    raise _truncated(self.path)
                block = np.pad(block, ((0, short), (0, 0)))
            if not bool(np.all(np.abs(block) < LOUDEST)):
                raise _error(
                    self.path,
                    f"“{self.path.name}” holds values that are not sound (not a number, or far beyond full scale).",
                    "Export it again from the program that made it.",
                    code="audio-not-finite",
                )
            seen += block.shape[0]
            folded = block if self._fold is None else (block @ self._fold).astype(np.float32)
            yield folded, seen >= self.frames

    def _through_ffmpeg(self) -> Path:
        """The sound of a foreign file as WAV, which goes with this reader."""
        self._converted = tempfile.TemporaryDirectory(prefix="contrafact-foreign-", ignore_cleanup_errors=True)
        target = Path(self._converted.name) / "sound.wav"
        outcome = foreign.convert(self.path, self._kind, target)
        if outcome == "converted":
            return target
        self._discard()
        if outcome == "no-ffmpeg":
            raise _error(
                self.path,
                f"{_KNOWN[self._kind]}, and FFmpeg is not installed.",
                f"Install FFmpeg (ffmpeg.org) and try again, or convert the file to {FORMATS}.",
            )
        raise _error(
            self.path,
            f"{_KNOWN[self._kind]}, but FFmpeg found no sound in it: it is protected, damaged, or a picture alone.",
            f"Play it in another program; if it plays there, save it as {FORMATS}.",
        )

    def _discard(self) -> None:
        if self._converted is not None:
            self._converted.cleanup()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self._discard()

    def __enter__(self) -> AudioReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def fold_matrix(channels: int) -> npt.NDArray[np.float32]:
    """``(channels, 2)``: ITU-R BS.775 for 5.1 and 7.1 in WAVE order, else odd channels left and even ones right; no
    louder than its input.
    """
    half = 0.5**0.5
    if channels in (6, 8):
        rows = [(1.0, 0.0), (0.0, 1.0), (half, half), (0.0, 0.0)] + [(half, 0.0), (0.0, half)] * ((channels - 4) // 2)
    else:
        rows = [((1.0, 0.0), (0.0, 1.0))[c % 2] for c in range(channels)]
    matrix = np.array(rows, dtype=np.float32)
    return matrix / matrix.sum(axis=0).max()


def decode(path: str | Path, *, max_channels: int = 64) -> Decoded:
    """Decode a whole file: WAV, FLAC, MP3, Ogg, Opus, AIFF.

    More than 2 channels are folded to stereo and rates outside 32-192 kHz are converted, each with a notice.

    Raises:
        AudioFileError: codes audio-missing, audio-empty, audio-truncated, audio-unreadable, audio-not-finite,
            audio-too-long.
    """
    with AudioReader(path, max_channels=max_channels) as reader:
        samples = np.zeros((reader.channels, reader.frames_out), dtype=np.float32)
        at = 0
        for block in reader.blocks():
            samples[:, at : at + block.shape[1]] = block
            at += block.shape[1]
        return Decoded(samples, reader.rate, reader.notices, reader.original_rate, reader.original_channels)
