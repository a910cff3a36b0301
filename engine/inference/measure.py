"""How fast a separation model runs on this machine."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import msgspec
import numpy as np

from engine.inference.separation import SeparationResult, separate_pcm
from engine.io.pcm import write_pcm
from engine.types import Cancelled, Progress

RATE = 44_100


class Speed(msgspec.Struct, frozen=True, kw_only=True):
    """Time over length of sound, and seconds until the first stretch was there."""

    provider: str
    rtf: float
    first_stem_s: float
    seconds: float
    notice: str | None


def measure_task(
    *, pack_dir: str, provider: str, seconds: float, folder: str, progress: Progress, cancelled: Cancelled
) -> Speed:
    """Worker task: split `seconds` of noise with a rhythm, twice; the second run counts (the first one pays for what is
    set up once)."""
    scratch = Path(tempfile.mkdtemp(dir=folder))
    try:
        frames = round(seconds * RATE)
        rng = np.random.default_rng(0)
        beat = np.exp(-((np.arange(frames) / RATE * 2.0) % 1.0) * 6.0).astype(np.float32)
        sound = (rng.standard_normal((2, frames)) * 0.1 * beat).astype(np.float32)
        pcm = write_pcm(sound, scratch / "noise.f32", rate=RATE)

        def once(turn: int) -> SeparationResult:
            return separate_pcm(
                pcm=pcm,
                out_dir=str(scratch / f"stems-{turn}"),
                pack_dir=pack_dir,
                provider=provider,
                memory_dir=str(scratch / "memory"),
                progress=lambda fraction, note: progress((turn + fraction) / 2, "Measuring"),
                cancelled=cancelled,
            )

        once(0)
        result = once(1)
        return Speed(
            provider=result.provider,
            rtf=result.rtf,
            first_stem_s=result.first_stem_s,
            seconds=seconds,
            notice=result.notice,
        )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
