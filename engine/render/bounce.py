"""A plan to a finished file."""

from __future__ import annotations

import contextlib
import hashlib
import math
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import soxr  # pyright: ignore[reportMissingTypeStubs]

from engine.beside import ahead, each
from engine.dsp.limiter import TruePeakLimiter
from engine.dsp.loudness import LoudnessMeter, TruePeakMeter
from engine.dsp.watermark import Piece, mark_piece, pieces_of
from engine.errors import EngineError
from engine.io import encode
from engine.io.atomic import as_encode_error
from engine.plan import MixPlan
from engine.render.offline import render_blocks
from engine.render.steps import BLOCK, CORES, step
from engine.results import Bounced
from engine.types import Audio, Cancelled, Progress

LOUDNESS_TOLERANCE_LU = 0.1
LOUDNESS_ROUNDS = 6
MOST_GAIN_DB = 40.0
FRAME_BYTES = 8


class _Spool:
    """Stereo blocks parked on the disk without a name: they vanish with the process."""

    def __init__(self, folder: Path):
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self.frames = 0

    def write(self, block: Audio) -> None:
        self._file.write(np.ascontiguousarray(block.T, dtype="<f4").data)
        self.frames += block.shape[1]

    def blocks(self) -> Iterator[Audio]:
        self._file.seek(0)
        while data := self._file.read(BLOCK * FRAME_BYTES):
            yield np.ascontiguousarray(np.frombuffer(data, dtype="<f4").reshape(-1, 2).T, dtype=np.float32)

    def read(self, start: int, count: int) -> Audio:
        """``(2, count)`` frames, silence outside of what was written."""
        first, last = min(max(start, 0), self.frames), min(max(start + count, 0), self.frames)
        self._file.seek(first * FRAME_BYTES)
        inside = np.frombuffer(self._file.read((last - first) * FRAME_BYTES), dtype="<f4").reshape(-1, 2).T
        out = np.zeros((2, count), dtype=np.float32)
        out[:, max(first - start, 0) : max(first - start, 0) + inside.shape[1]] = inside
        return out

    def close(self) -> None:
        # What a full disk did not take is of no use any more.
        with contextlib.suppress(OSError):
            self._file.close()


def _limited(spool: _Spool, gain_db: float, *, rate: int, ceiling_dbtp: float) -> Iterator[Audio]:
    """The spooled mix with a gain, held under the ceiling, same length."""
    limiter = TruePeakLimiter(2, rate=rate, ceiling_dbtp=ceiling_dbtp)
    skip = limiter.latency_frames
    gain = np.float32(10.0 ** (gain_db / 20.0))
    for block in spool.blocks():
        late = limiter.process(block * gain)[:, skip:]
        skip = max(skip - block.shape[1], 0)
        if late.shape[1]:
            yield late
    yield limiter.process(np.zeros((2, limiter.latency_frames), dtype=np.float32))[:, skip:]


def _loudness_gain(
    spool: _Spool, *, target_lufs: float, rate: int, ceiling_dbtp: float, cancelled: Cancelled | None
) -> float:
    """The gain in dB by which the mix meets `target_lufs` after the limiter, as nearly as the limiter allows."""
    meter = LoudnessMeter(2, rate=rate)
    for block in spool.blocks():
        meter.process(block)
    loudness = meter.integrated_lufs()
    if math.isinf(loudness):
        return 0.0
    gain = min(target_lufs - loudness, MOST_GAIN_DB)
    for _ in range(LOUDNESS_ROUNDS):
        meter = LoudnessMeter(2, rate=rate)
        for block in ahead(_limited(spool, gain, rate=rate, ceiling_dbtp=ceiling_dbtp)):
            meter.process(block)
            step(0, 1, "", None, cancelled)
        error = target_lufs - meter.integrated_lufs()
        if abs(error) <= LOUDNESS_TOLERANCE_LU or gain + error > MOST_GAIN_DB:
            break
        gain += error
    return gain


def _spool_mix(
    plan: MixPlan, spool: _Spool, *, rate: int, tail_s: float, progress: Progress | None, cancelled: Cancelled | None
) -> None:
    """Render the plan up to its limiter, at `rate`, into `spool`."""
    total = plan.length_frames
    left = round((total + tail_s * plan.rate) * rate / plan.rate)
    least = round(total * rate / plan.rate)
    stream = None if rate == plan.rate else soxr.ResampleStream(plan.rate, rate, 2, dtype="float32", quality="VHQ")
    done = 0
    for block in render_blocks(plan, limit=False, tail_s=tail_s):
        done += block.shape[1]
        if stream is not None:
            block = stream.resample_chunk(np.ascontiguousarray(block.T), last=False).T
        block = block[:, :left]
        left -= block.shape[1]
        spool.write(block)
        step(0.8 * min(done, total), total, "Rendering the mix", progress, cancelled)
    if stream is not None:
        rest = stream.resample_chunk(np.zeros((0, 2), dtype=np.float32), last=True).T[:, :left]
        spool.write(np.ascontiguousarray(rest))
    if spool.frames < least:
        spool.write(np.zeros((2, least - spool.frames), dtype=np.float32))


def _marked(
    spool: _Spool,
    folder: Path,
    watermark: Mapping[str, Any],
    *,
    rate: int,
    progress: Progress | None,
    cancelled: Cancelled | None,
) -> _Spool:
    """The spooled mix with a mark in it; `spool` is closed."""
    marked = _Spool(folder)
    try:
        payload, key = watermark["payload"], watermark["key"]

        def mark(piece: Piece) -> Audio:
            return mark_piece(piece, payload, rate=rate, key=key)

        for piece in each(mark, pieces_of(spool.read, spool.frames, rate=rate), threads=CORES):
            marked.write(piece)
            step(0.8, 1, "Marking the sound", progress, cancelled)
    except BaseException:
        marked.close()
        raise
    finally:
        spool.close()
    return marked


def bounce_task(
    *,
    plan: MixPlan,
    out_path: str,
    loudness_lufs: float | None = None,
    ceiling_dbtp: float = -1.0,
    rate: int = 48_000,
    format: encode.Format = "wav",
    bits: int = 24,
    tags: Mapping[str, str] | None = None,
    watermark: Mapping[str, Any] | None = None,
    tail_s: float = 0.0,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Bounced:
    """Render a plan into a finished file (worker task): loudness, true-peak ceiling, dither, tags; whole or not at all.

    Args:
        loudness_lufs: integrated loudness to meet, by gain and the limiter; None keeps the mix as it is.
        ceiling_dbtp: highest true peak.
        watermark: ``{"payload": 64-bit id, "key": bytes}`` puts a mark into the sound (`engine.dsp.watermark`),
            before the limiter, so that loudness and peaks are those of the marked sound.
        tail_s: let reverbs and echoes die away after the end of the plan, for at most this long.

    Raises:
        EncodeError: codes disk-full, path-not-writable, format-unknown, wav-too-long.
        EngineError: codes source-missing, source-rate, effect-unknown, mix-empty.
        Cancelled: nothing is left behind.
    """
    target = Path(out_path)
    if plan.length_frames <= 0:
        raise EngineError(
            "There is nothing to export yet.", remedy="Put a sound on the timeline first.", code="mix-empty"
        )
    # Before hours of work, not after them.
    encode.check_size(format, frames=round(plan.length_frames * rate / plan.rate), channels=2, bits=bits)
    try:
        spool = _Spool(target.parent)
    except OSError as error:
        raise as_encode_error(error, target) from error
    try:
        _spool_mix(plan, spool, rate=rate, tail_s=tail_s, progress=progress, cancelled=cancelled)
        if watermark is not None:
            spool = _marked(spool, target.parent, watermark, rate=rate, progress=progress, cancelled=cancelled)
        gain_db = 0.0
        if loudness_lufs is not None:
            step(0.8, 1, "Matching the loudness", progress, cancelled)
            gain_db = _loudness_gain(
                spool, target_lufs=loudness_lufs, rate=rate, ceiling_dbtp=ceiling_dbtp, cancelled=cancelled
            )
        loudness, peak = LoudnessMeter(2, rate=rate), TruePeakMeter(2)

        def measured(blocks: Iterator[Audio]) -> Iterator[Audio]:
            for block in blocks:
                loudness.process(block)
                peak.process(block)
                yield block

        with encode.stream(target, rate=rate, format=format, bits=bits, tags=tags) as encoder:
            for block in ahead(measured(_limited(spool, gain_db, rate=rate, ceiling_dbtp=ceiling_dbtp))):
                encoder.write(block)
                step(0.9 + 0.1 * encoder.frames / spool.frames, 1, f"Writing {target.name}", progress, cancelled)
        with target.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise as_encode_error(error, target) from error
    finally:
        spool.close()
    return Bounced(
        path=str(target),
        lufs=loudness.integrated_lufs(),
        true_peak_dbtp=peak.finish(),
        frames=encoder.frames,
        rate=rate,
        sha256=digest,
    )
