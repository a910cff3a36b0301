"""Stem separation: a decoded mixture in, four stems out that are as long as it and sum to it.

The track streams through the model in overlapping passages, so that memory does not grow with its length; the stems are
written to a folder beside the wanted one, which takes that name only when all is done.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np
import numpy.typing as npt
import soxr  # pyright: ignore[reportMissingTypeStubs]

from engine.errors import Cancelled, EncodeError, InferenceError, PackError
from engine.inference import runtime
from engine.inference.packs import Pack, load_pack
from engine.inference.separation_model import Model
from engine.types import STEMS, Audio, PcmRef, Progress
from engine.types import Cancelled as CancelledPoll

BLOCK_FRAMES = 65_536
GATE_BLOCK_FRAMES = 16_384
SILENCE_POWER = 1e-12
"""Mean square below which a track counts as silent (-120 dBFS)."""


class SeparationResult(msgspec.Struct, frozen=True, kw_only=True):
    """The stems of a track and how they came about."""

    stems: dict[str, PcmRef]
    """In the order of `engine.types.STEMS`; stereo, at the rate and length of the input."""
    model_id: str
    model_version: str
    model_digest: str
    provider: str
    notice: str | None
    rtf: float
    """Elapsed time over the length of the track."""
    sum_error_db: float
    """Largest difference between the sum of the stems and the input, dBFS; -200 where there is none."""
    elapsed_s: float
    first_stem_s: float
    """Time until the first passage of the stems was there."""


def _blocks(pcm: PcmRef) -> Iterator[Audio]:
    """The track in stereo blocks; a mono one fills both sides."""
    samples = pcm.open()
    for start in range(0, pcm.frames, BLOCK_FRAMES):
        block = np.array(samples[:, start : start + BLOCK_FRAMES], dtype=np.float32)
        yield np.repeat(block, 2, axis=0) if pcm.channels == 1 else block


def _track_power(pcm: PcmRef) -> float:
    """Mean square of the parts that sound: passages 20 dB below the loud ones do not count.

    Raises:
        InferenceError: code ``audio-not-finite``.
    """
    powers: list[float] = []
    for block in _blocks(pcm):
        for start in range(0, block.shape[1], GATE_BLOCK_FRAMES):
            part = block[:, start : start + GATE_BLOCK_FRAMES].astype(np.float64)
            powers.append(float((part * part).mean()))
    values = np.array(powers)
    if not np.isfinite(values).all():
        raise InferenceError(
            "The recording holds values that are no sound (NaN or infinity).",
            remedy="Export it again from the program that made it.",
            code="audio-not-finite",
        )
    return float(values[values >= 0.01 * np.quantile(values, 0.95)].mean()) if values.size else 0.0


def _resampled(blocks: Iterable[Audio], *, from_rate: int, to_rate: int, channels: int) -> Iterator[Audio]:
    """A stream at another rate; the delay of the filter is taken out by soxr."""
    if from_rate == to_rate:
        yield from blocks
        return
    stream = soxr.ResampleStream(from_rate, to_rate, channels, dtype="float32", quality="VHQ")
    for block in blocks:
        out = stream.resample_chunk(np.ascontiguousarray(block.T))
        if out.size:
            yield np.ascontiguousarray(out.T)
    rest = stream.resample_chunk(np.zeros((0, channels), np.float32), last=True)
    if rest.size:
        yield np.ascontiguousarray(rest.T)


def _share_residual(stems: Audio, mixture: Audio) -> tuple[Audio, float]:
    """Give what the stems lack of the mixture to them in proportion to their power, so that silent ones stay silent.

    Args:
        stems: ``(stems, 2, frames)``, changed in place.
        mixture: ``(2, frames)``.

    Returns:
        The stems, and the largest difference that is left after rounding, linear.
    """
    frames = mixture.shape[1]
    if frames == 0:
        return stems, 0.0
    size = 2048
    count = -(-frames // size)
    padded = np.zeros((stems.shape[0], count * size), np.float32)
    padded[:, :frames] = (stems**2).sum(1)
    power = padded.reshape(stems.shape[0], count, size).mean(2) + 1e-20
    share = power / power.sum(0)
    centres: npt.NDArray[np.float64] = np.arange(0.5, count) * size
    at: npt.NDArray[np.float64] = np.arange(float(frames))
    residual = mixture - stems.sum(0)
    for index in range(stems.shape[0]):
        gain = np.asarray(np.interp(at, centres, share[index]), np.float32)
        stems[index] += residual * gain
    loudest = int(power.sum(1).argmax())
    stems[loudest] += (mixture.astype(np.float64) - stems.sum(0, dtype=np.float64)).astype(np.float32)
    left = mixture.astype(np.float64) - stems.sum(0, dtype=np.float64)
    return stems, float(np.abs(left).max())


class _Writer:
    """Planar float32 files that grow block by block; a full disk is an error (a memory map would kill the process)."""

    def __init__(self, folder: Path, names: tuple[str, ...], *, frames: int):
        self._frames = frames
        self._at = 0
        self._files: list[BinaryIO] = []
        try:
            for name in names:
                handle = (folder / f"{name}.f32").open("wb")
                self._files.append(handle)
                handle.truncate(2 * frames * 4)
        except OSError as error:
            self.close()
            raise _write_error(error) from error

    def write(self, stems: Audio) -> None:
        """Append ``(stems, 2, n)``."""
        try:
            for handle, stem in zip(self._files, stems, strict=True):
                for side in range(2):
                    handle.seek((side * self._frames + self._at) * 4)
                    handle.write(np.ascontiguousarray(stem[side], dtype="<f4").tobytes())
        except OSError as error:
            raise _write_error(error) from error
        self._at += stems.shape[2]

    def close(self) -> None:
        try:
            for handle in self._files:
                handle.close()
        except OSError as error:
            raise _write_error(error) from error


def _write_error(error: OSError) -> EncodeError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return EncodeError(
            "The disk is full; the stems were not written.",
            remedy="Make room on the disk, then split again.",
            code="disk-full",
        )
    return EncodeError(
        f"The stems cannot be written there ({error.strerror}).",
        remedy="Choose a folder that you may write to.",
        code="path-not-writable",
    )


def _publish(part: Path, out_dir: Path) -> None:
    """Let the finished folder take the wanted name; into one that exists, the stems are moved one by one."""
    try:
        if not out_dir.exists():
            part.replace(out_dir)
            return
        for path in sorted(part.iterdir()):
            path.replace(out_dir / path.name)
        part.rmdir()
    except OSError as error:
        raise _write_error(error) from error


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _check_input(pcm: PcmRef, pack: Pack) -> None:
    if pack.kind != "separation" or set(pack.stems) != set(STEMS):
        raise PackError(
            f"{pack.title} is no model for splitting a song into {', '.join(STEMS)}.",
            remedy="Choose a separation model.",
            code="model-unsuitable",
        )
    if pcm.channels not in (1, 2):
        raise InferenceError(
            f"The recording has {pcm.channels} channels; splitting works on mono and stereo.",
            remedy="Fold it to stereo first.",
            code="audio-channels",
        )
    if pcm.frames < 1 or pcm.rate < 1:
        raise InferenceError("The recording is empty.", remedy="Choose one that holds sound.", code="audio-empty")


def separate_pcm(
    *,
    pcm: PcmRef,
    out_dir: str,
    pack_dir: str,
    provider: str = "auto",
    progress: Progress,
    cancelled: CancelledPoll,
) -> SeparationResult:
    """Split a decoded track into stems with the model pack in `pack_dir`; a worker task.

    The stems are raw float32, ``(2, frames)``, at the rate and length of `pcm`, in ``out_dir/<stem>.f32``. Their sum is
    the input to within float32 rounding. Silence gives silence.

    Args:
        pcm: mono or stereo, any rate, at least one frame.
        out_dir: made, or added to; untouched unless all went well.
        pack_dir: folder of a separation pack.
        provider: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        Cancelled: `cancelled` turned true; nothing is left behind.
        PackError: the pack is broken, refused, or no separation model.
        InferenceError: ``audio-empty``, ``audio-channels``, ``audio-not-finite``, ``inference-failed``,
            ``provider-failed``.
        EncodeError: ``disk-full``, ``path-not-writable``.
    """
    begun = time.monotonic()
    progress(0.0, "Opening the model")
    pack = load_pack(Path(pack_dir))
    _check_input(pcm, pack)
    target = Path(out_dir)
    part = target.parent / f".{target.name}.part-{os.getpid()}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # A process that was killed could not tidy up after itself.
        for stale in target.parent.glob(f".{target.name}.part-*"):
            shutil.rmtree(stale, ignore_errors=True)
        part.mkdir()
    except OSError as error:
        raise _write_error(error) from error
    try:
        opened = runtime.open_session(pack, provider)
        model = Model(pack, opened.session, power=max(_track_power(pcm), SILENCE_POWER), cancelled=cancelled)
        first, error_peak = _stream(pcm, model, part, begun=begun, progress=progress, cancelled=cancelled)
        stems = {
            name: PcmRef(
                path=str(target / f"{name}.f32"),
                rate=pcm.rate,
                channels=2,
                frames=pcm.frames,
                digest=_digest(part / f"{name}.f32"),
            )
            for name in STEMS
        }
        if cancelled():
            raise Cancelled
        _publish(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    elapsed = time.monotonic() - begun
    progress(1.0, "Stems ready")
    return SeparationResult(
        stems=stems,
        model_id=pack.id,
        model_version=pack.version,
        model_digest=pack.digest,
        provider=opened.provider,
        notice=opened.notice,
        rtf=elapsed / (pcm.frames / pcm.rate),
        sum_error_db=max(20.0 * float(np.log10(error_peak)), -200.0) if error_peak > 0 else -200.0,
        elapsed_s=elapsed,
        first_stem_s=first,
    )


def _stream(
    pcm: PcmRef, model: Model, folder: Path, *, begun: float, progress: Progress, cancelled: CancelledPoll
) -> tuple[float, float]:
    """Run the track through the model into the files; returns the time of the first one and the largest sum error."""
    order = [model.stems.index(name) for name in STEMS]
    count = len(order)
    source = _resampled(_blocks(pcm), from_rate=pcm.rate, to_rate=model.rate, channels=2)
    model_frames = -(-pcm.frames * model.rate // pcm.rate)
    estimates = (block.reshape(count * 2, -1) for block in model.separate(source, frames=model_frames))
    mixture = pcm.open()
    writer = _Writer(folder, STEMS, frames=pcm.frames)
    at, first, error_peak = 0, 0.0, 0.0
    try:
        for block in _padded(
            _resampled(estimates, from_rate=model.rate, to_rate=pcm.rate, channels=count * 2), pcm.frames
        ):
            if cancelled():
                raise Cancelled
            stop = at + block.shape[1]
            wanted = np.array(mixture[:, at:stop], dtype=np.float32)
            if pcm.channels == 1:
                wanted = np.repeat(wanted, 2, axis=0)
            stems, left = _share_residual(block.reshape(count, 2, -1)[order], wanted)
            writer.write(stems)
            error_peak = max(error_peak, left)
            at = stop
            first = first or time.monotonic() - begun
            progress(0.02 + 0.96 * at / pcm.frames, f"Splitting, {at / pcm.rate:.0f} of {pcm.frames / pcm.rate:.0f} s")
    finally:
        writer.close()
    return first, error_peak


def _padded(blocks: Iterable[Audio], frames: int) -> Iterator[Audio]:
    """A stream of exactly `frames`: resampling there and back may end a sample early or late."""
    given, channels = 0, 0
    for block in blocks:
        channels = block.shape[0]
        block = block[:, : frames - given]
        given += block.shape[1]
        if block.shape[1]:
            yield block
    if given < frames:
        yield np.zeros((channels, frames - given), np.float32)
