"""Functions that flows run in the worker process: decoding blobs, stretching families of stems, comparing stems."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from engine.dsp import watermark
from engine.dsp.resample import resample
from engine.dsp.stretch import stretch
from engine.dsp.warp import anchors_of, warp
from engine.errors import Cancelled as CancelledError
from engine.io import pcm as pcm_io
from engine.io.atomic import replacing
from engine.io.decode import AudioReader, decode
from engine.io.wav import WavStream
from engine.types import Audio, Cancelled, PcmRef, Progress
from studio.flows.marks import KEY


def import_file(
    *,
    path: str,
    out_path: str,
    rate: int | None,
    channel: int | None = None,
    progress: Progress,
    cancelled: Cancelled,
) -> Any:
    """Decode any audio file to stereo PCM at `rate` (its own where None); with `channel` that one alone."""
    if rate is None:
        with AudioReader(path) as reader:
            rate = reader.rate
    return pcm_io.import_task(
        path=path, out_path=out_path, rate=rate, channel=channel, progress=progress, cancelled=cancelled
    )


BLOCK_FRAMES = 1 << 18


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """What a file's header says: Hz, channels after folding to stereo, frames, seconds."""

    rate: int
    channels: int
    frames: int
    duration_s: float


def probe(*, path: str, progress: Progress, cancelled: Cancelled) -> Probe:
    """Read a sound file's header."""
    with AudioReader(path) as reader:
        return Probe(
            rate=reader.rate,
            channels=reader.channels,
            frames=reader.frames_out,
            duration_s=reader.frames_out / reader.rate,
        )


def resample_pcm(*, pcm: PcmRef, out_path: str, rate: int, progress: Progress, cancelled: Cancelled) -> PcmRef:
    """The same sound at another rate."""
    progress(0.0, "Converting the sample rate")
    if cancelled():
        raise CancelledError
    return pcm_io.write_pcm(
        resample(np.asarray(pcm.open()), from_rate=pcm.rate, to_rate=rate), Path(out_path), rate=rate
    )


def stretch_together(
    *,
    inputs: list[PcmRef],
    outputs: list[str],
    tempo_ratio: float = 1.0,
    semitones: float = 0.0,
    markers: list[tuple[float, float]] | None = None,
    progress: Progress,
    cancelled: Cancelled,
) -> list[PcmRef]:
    """Stretch sounds of one recording in one pass with their channels side by side, so that they stay in phase with
    each other: evenly to ``round(frames / tempo_ratio)`` frames, or with `markers` in seconds of sound and result.
    """
    progress(0.02, "Stretching")
    frames = max(ref.frames for ref in inputs)
    stacked = np.zeros((sum(ref.channels for ref in inputs), frames), np.float32)
    row = 0
    for ref in inputs:
        stacked[row : row + ref.channels, : ref.frames] = ref.open()
        row += ref.channels
    if cancelled():
        raise CancelledError
    rate = inputs[0].rate
    if markers is None:
        stretched = stretch(stacked, rate=rate, tempo_ratio=tempo_ratio, semitones=semitones)
        lengths = [round(ref.frames / tempo_ratio) for ref in inputs]
    else:
        anchors = anchors_of(markers, frames=frames, rate=rate)
        stretched = warp(
            stacked,
            rate=rate,
            anchors=anchors,
            semitones=semitones,
            progress=lambda fraction, note: progress(0.02 + 0.78 * fraction, note),
            cancelled=cancelled,
        )
        lengths = [round(anchors_of(markers, frames=ref.frames, rate=rate)[-1][1]) for ref in inputs]
    del stacked
    progress(0.8, "Writing")
    made: list[PcmRef] = []
    try:
        row = 0
        for ref, out, length in zip(inputs, outputs, lengths, strict=True):
            if cancelled():
                raise CancelledError
            made.append(pcm_io.write_pcm(stretched[row : row + ref.channels, :length], Path(out), rate=ref.rate))
            row += ref.channels
    except BaseException:
        for ref in made:
            with contextlib.suppress(OSError):
                Path(ref.path).unlink()
        raise
    return made


def si_sdr_db(
    *, estimates: dict[str, PcmRef], references: dict[str, PcmRef], progress: Progress, cancelled: Cancelled
) -> dict[str, float | None]:
    """Scale-invariant SDR in dB (Le Roux et al., 2019) of each estimate against its reference; None where the
    reference is silent."""
    result: dict[str, float | None] = {}
    for index, (name, estimate) in enumerate(estimates.items()):
        progress(index / max(len(estimates), 1), "Comparing with the true stems")
        if cancelled():
            raise CancelledError
        if name not in references:
            continue
        reference = references[name]
        frames = min(estimate.frames, reference.frames)
        e = np.asarray(estimate.open()[:, :frames], np.float64).ravel()
        s = np.asarray(reference.open()[:, :frames], np.float64).ravel()
        energy = float(s @ s)
        if energy < 1e-6 * max(s.size, 1) * 1e-3:
            result[name] = None
            continue
        scaled = (float(e @ s) / energy) * s
        noise = e - scaled
        result[name] = round(10 * float(np.log10(float(scaled @ scaled) / max(float(noise @ noise), 1e-20))), 2)
    return result


def find_mark(*, path: str, progress: Progress, cancelled: Cancelled) -> int | None:
    """The id that an export's sound carries, or None."""
    progress(0.0, "Listening for a mark")
    decoded = decode(path)
    found = watermark.detect(decoded.samples, rate=decoded.rate, key=KEY)
    return None if found is None else found.payload


def write_float_wav(*, pcm: PcmRef, out_path: str, progress: Progress, cancelled: Cancelled) -> None:
    """Write samples as a 32-bit float WAV file, block by block, whole or not at all; beyond 4 GiB it is RF64."""
    with (
        pcm_io.PcmReader(pcm) as reader,
        replacing(Path(out_path)) as part,
        WavStream(part, rate=pcm.rate, channels=pcm.channels, name=Path(out_path).name) as file,
    ):
        for start in range(0, pcm.frames, BLOCK_FRAMES):
            if cancelled():
                raise CancelledError
            progress(start / pcm.frames, "Writing")
            file.write(reader.read(start, min(BLOCK_FRAMES, pcm.frames - start)))


def sum_error_db(*, mixture: PcmRef, files: dict[str, str], progress: Progress, cancelled: Cancelled) -> float:
    """Peak of (sum of the stem files - mixture) in dBFS, block by block; -200 for an exact sum."""
    worst = 0.0
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(AudioReader(path, rate=mixture.rate)) for path in files.values()]
        original = stack.enter_context(pcm_io.PcmReader(mixture))
        blocks: list[Iterator[Audio]] = [reader.blocks() for reader in readers]
        at = 0
        for parts in zip(*blocks, strict=True):
            if cancelled():
                raise CancelledError
            total = np.zeros((2, parts[0].shape[1]))
            for part in parts:
                total += part
            worst = max(worst, float(np.max(np.abs(total - original.read(at, total.shape[1])), initial=0.0)))
            at += total.shape[1]
            progress(at / max(mixture.frames, 1), "Checking the sum")
    return max(20 * float(np.log10(max(worst, 1e-10))), -200.0)
