"""A track at rest on disk, read in passages at the rate of a model: never more in memory than a passage."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt
import soxr  # pyright: ignore[reportMissingTypeStubs]

from engine.errors import Cancelled, InferenceError
from engine.inference.families.protocol import Plan, Track
from engine.io.decode import fold_matrix
from engine.io.pcm import PcmReader
from engine.types import Audio, PcmRef
from engine.types import Cancelled as CancelledPoll

BLOCK_FRAMES = 1 << 20
GATE_BLOCK_FRAMES = 16_384
MARGIN = 2048
"""Samples beside a passage that the filter of the rate conversion may look at."""


class TrackReader:
    """Stereo samples of a PCM file, stretch by stretch."""

    def __init__(self, pcm: PcmRef):
        """Open the file of `pcm`: mono fills both sides, more than two channels are folded down (ITU-R BS.775).

        Raises:
            InferenceError: audio-empty.
            AudioFileError: audio-missing, or audio-damaged where the file is shorter than it says.
        """
        if pcm.frames < 1 or pcm.rate < 1 or pcm.channels < 1:
            raise InferenceError("The recording is empty.", remedy="Choose one that holds sound.", code="audio-empty")
        self.pcm, self.frames, self.rate = pcm, pcm.frames, pcm.rate
        self._fold = fold_matrix(pcm.channels) if pcm.channels > 2 else None
        self._file = PcmReader(pcm)

    def read(self, start: int, count: int) -> Audio:
        """``(2, count)`` from frame `start`; before and behind the track is silence.

        Raises:
            AudioFileError: audio-damaged.
        """
        rows = self._file.read(start, count)
        if self._fold is not None:
            return (self._fold.T @ rows).astype(np.float32)
        return rows if rows.shape[0] == 2 else np.repeat(rows, 2, axis=0)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def measure(self, cancelled: CancelledPoll) -> Track:
        """Level and mean of the whole track. Passages 20 dB below the loud ones do not count for the level.

        Raises:
            InferenceError: audio-not-finite.
            Cancelled: the person asked to stop.
        """
        powers: list[float] = []
        total = squares = 0.0
        for start in range(0, self.frames, BLOCK_FRAMES):
            if cancelled():
                raise Cancelled
            block = self.read(start, min(BLOCK_FRAMES, self.frames - start))
            for at in range(0, block.shape[1], GATE_BLOCK_FRAMES):
                part = block[:, at : at + GATE_BLOCK_FRAMES]
                powers.append(float(np.vdot(part, part)) / part.size)
            mono: npt.NDArray[np.float32] = block.mean(0)
            total += float(mono.sum(dtype=np.float64))
            squares += float(np.vdot(mono, mono))
        values = np.array(powers)
        if not np.isfinite(values).all():
            raise InferenceError(
                "The recording holds values that are no sound (NaN or infinity).",
                remedy="Export it again from the program that made it.",
                code="audio-not-finite",
            )
        mean = total / self.frames
        variance = max(squares - self.frames * mean * mean, 0.0) / max(self.frames - 1, 1)
        return Track(
            power=float(values[values >= 0.01 * np.quantile(values, 0.95)].mean()),
            mean=mean,
            deviation=math.sqrt(variance),
        )


class Converter:
    """Between the rate of a track and that of a model, passage by passage: where passages begin on common instants of
    both rates, they come out as if the whole track had been converted at once (soxr, its delay taken out)."""

    def __init__(self, track_rate: int, model_rate: int):
        common = math.gcd(track_rate, model_rate)
        self.track_rate, self.model_rate = track_rate, model_rate
        self.track_period, self.model_period = track_rate // common, model_rate // common

    @property
    def same(self) -> bool:
        """Whether there is nothing to convert."""
        return self.track_rate == self.model_rate

    def to_model(self, reader: TrackReader, start: int, count: int) -> Audio:
        """Samples ``start .. start + count`` of the track at the model's rate."""
        if self.same:
            return reader.read(start, count)
        first = (start - MARGIN) // self.model_period
        begin = first * self.track_period
        end = -(-(start + count + MARGIN) * self.track_rate // self.model_rate)
        source = reader.read(begin, end - begin)
        made = _resample(source, self.track_rate, self.model_rate)
        at = start - first * self.model_period
        return _exactly(made[:, at : at + count], count)

    def to_track(self, stems: Audio) -> Audio:
        """Stems ``(stems, 2, n)`` at the track's rate; the first sample stays where it is."""
        if self.same:
            return stems
        count, channels, length = stems.shape
        made = _resample(stems.reshape(count * channels, length), self.model_rate, self.track_rate)
        return _exactly(made, self.in_track(length)).reshape(count, channels, -1)

    def in_track(self, samples: int) -> int:
        """Whole samples of the track that `samples` of the model last."""
        return samples * self.track_rate // self.model_rate

    def in_model(self, frames: int) -> int:
        """Samples of the model that cover `frames` of the track."""
        return -(-frames * self.model_rate // self.track_rate)

    def aligned(self, plan: Plan) -> Plan:
        """The plan with passages that begin on instants which both rates have.

        Raises:
            InferenceError: audio-rate where they have too few.
        """
        period = self.model_period
        if self.same:
            return plan
        step = plan.step - plan.step % period or period
        if step > plan.length:
            raise InferenceError(
                f"This model cannot work at {self.track_rate} Hz.",
                remedy="Convert the recording to 44.1 or 48 kHz first.",
                code="audio-rate",
            )
        return msgspec.structs.replace(plan, step=step, offset=plan.offset // period * period)


def _resample(samples: Audio, rate_in: int, rate_out: int) -> Audio:
    made = soxr.resample(np.ascontiguousarray(samples.T), rate_in, rate_out, quality="HQ")
    return np.ascontiguousarray(made.T, dtype=np.float32)


def _exactly(samples: Audio, count: int) -> Audio:
    missing = count - samples.shape[1]
    return samples[:, :count] if missing <= 0 else np.pad(samples, ((0, 0), (0, missing)))


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the graph, at the model's rate."""

    index: int
    start: int
    """Where its result begins."""
    count: int
    """How many samples of the result are used."""
    begin: int
    """Where the passage begins, its lead not counted; before `start` for the last one of some plans."""
    length: int
    """How long the passage is, lead and tail not counted."""


def passages(plan: Plan, frames: int) -> list[Passage]:
    """The passages that cover `frames` samples of the model."""
    count = -(-(frames - plan.offset) // plan.step)
    if plan.lean and count > 1 and frames - plan.offset - (count - 1) * plan.step <= plan.length - plan.step:
        # What is left is in the one before.
        count -= 1
    found: list[Passage] = []
    for index in range(count):
        start = plan.offset + index * plan.step
        left = frames - start
        begin, length, used = start, plan.length, plan.length
        if left < plan.length and plan.short:
            begin = max(frames - plan.length, 0)
            length, used = min(plan.length, frames - begin), left
        elif left < plan.length and plan.centred:
            begin, used = start - (plan.length - left) // 2, left
        if start + used > 0:
            found.append(Passage(index=index, start=start, count=used, begin=begin, length=length))
    return found


def cut(passage: Passage, plan: Plan, reader: TrackReader, converter: Converter, frames: int) -> Audio:
    """The sound of a passage ``(2, lead + length + tail)``, with what the plan wants around the track."""
    start, count = passage.begin - plan.lead, plan.lead + passage.length + plan.tail
    samples = converter.to_model(reader, start, count)
    if plan.fill:
        samples[:, : max(-start, 0)] = plan.fill
        samples[:, max(frames - start, 0) :] = plan.fill
    if plan.edge != "reflect" or frames < 2:
        return samples
    reach = min(plan.reflect, frames - 1)
    before = min(-start, reach) if start < 0 else 0
    if before > 0:
        mirrored = converter.to_model(reader, 1, before)[:, ::-1]
        samples[:, -start - before : -start] = mirrored
    behind = start + count - frames
    if behind > 0 and start < frames + reach:
        size = min(behind, reach)
        mirrored = converter.to_model(reader, frames - 1 - size, size)[:, ::-1]
        at = frames - start
        first = max(-at, 0)
        samples[:, at + first : at + size] = mirrored[:, first:]
    return samples
