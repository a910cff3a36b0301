"""Functions that flows run in the worker process: decoding blobs, stretching families of stems, comparing stems."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np

from engine.dsp.resample import resample
from engine.dsp.stretch import stretch
from engine.errors import Cancelled as CancelledError
from engine.io import pcm as pcm_io
from engine.types import Cancelled, PcmRef, Progress


def import_file(*, path: str, out_path: str, rate: int | None, progress: Progress, cancelled: Cancelled) -> Any:
    """Decode any audio file to stereo PCM at `rate` (its own where None)."""
    return pcm_io.import_task(path=path, out_path=out_path, rate=rate, progress=progress, cancelled=cancelled)


def resample_pcm(*, pcm: PcmRef, out_path: str, rate: int, progress: Progress, cancelled: Cancelled) -> PcmRef:
    """The same sound at another rate."""
    progress(0.0, "Converting the sample rate")
    if cancelled():
        raise CancelledError
    return pcm_io.write_pcm(resample(np.asarray(pcm.open()), from_rate=pcm.rate, to_rate=rate), Path(out_path), rate=rate)


def stretch_together(
    *,
    inputs: list[PcmRef],
    outputs: list[str],
    tempo_ratio: float,
    semitones: float,
    progress: Progress,
    cancelled: Cancelled,
) -> list[PcmRef]:
    """Stretch sounds of one recording in one pass with their channels side by side, so that they stay in phase with each other.

    Each output has ``round(frames / tempo_ratio)`` frames.
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
    stretched = stretch(stacked, rate=inputs[0].rate, tempo_ratio=tempo_ratio, semitones=semitones)
    del stacked
    progress(0.8, "Writing")
    made: list[PcmRef] = []
    try:
        row = 0
        for ref, out in zip(inputs, outputs, strict=True):
            if cancelled():
                raise CancelledError
            length = round(ref.frames / tempo_ratio)
            made.append(pcm_io.write_pcm(stretched[row : row + ref.channels, :length], Path(out), rate=ref.rate))
            row += ref.channels
    except BaseException:
        for ref in made:
            with contextlib.suppress(OSError):
                Path(ref.path).unlink()
        raise
    return made


def si_sdr_db(*, estimates: dict[str, PcmRef], references: dict[str, PcmRef], progress: Progress, cancelled: Cancelled) -> dict[str, float | None]:
    """Scale-invariant SDR in dB (Le Roux et al., 2019) of each estimate against its reference; None where the reference is silent."""
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
