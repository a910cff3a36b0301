"""Functions that flows run in the worker process and that render a mix. Apart from `tasks`, because they load the
mixer's kernels, which decoding a file should not wait for."""

from __future__ import annotations

import tempfile
from pathlib import Path

from engine.dsp.loudness import LoudnessMeter
from engine.errors import Cancelled as CancelledError
from engine.io.pcm import PcmWriter
from engine.plan import MixPlan
from engine.render import bounce_task, render_blocks
from engine.types import Cancelled, PcmRef, Progress


def render_dry(
    *, plan: MixPlan, out_path: str, tail_s: float = 0.0, progress: Progress, cancelled: Cancelled
) -> PcmRef:
    """Render a plan without its master bus into a PCM file, up to `tail_s` longer while its effects die away."""
    with PcmWriter(out_path, rate=plan.rate) as writer:
        done = 0
        for block in render_blocks(plan, master=False, tail_s=tail_s):
            if cancelled():
                raise CancelledError
            writer.write(block)
            done += block.shape[1]
            progress(min(done / max(plan.length_frames, 1), 1.0), "Rendering")
        return writer.close()


def loudness_of(*, plan: MixPlan, progress: Progress, cancelled: Cancelled) -> float:
    """Integrated loudness of a plan's mix in LUFS (ITU-R BS.1770-5), with its master bus; -inf for silence."""
    meter = LoudnessMeter(2, rate=plan.rate)
    done = 0
    for block in render_blocks(plan):
        if cancelled():
            raise CancelledError
        meter.process(block)
        done += block.shape[1]
        progress(min(done / max(plan.length_frames, 1), 1.0), "Measuring the loudness")
    return meter.integrated_lufs()


def mix_levels(
    *, plan: MixPlan, loudness_lufs: float | None, ceiling_dbtp: float, progress: Progress, cancelled: Cancelled
) -> tuple[float, float]:
    """Integrated loudness in LUFS and true peak in dBTP of the file that an export with these options will be; -inf
    for silence."""
    with tempfile.TemporaryDirectory() as folder:
        made = bounce_task(
            plan=plan,
            out_path=str(Path(folder) / "levels.wav"),
            loudness_lufs=loudness_lufs,
            ceiling_dbtp=ceiling_dbtp,
            rate=plan.rate,
            bits=16,
            progress=progress,
            cancelled=cancelled,
        )
    return made.lufs, made.true_peak_dbtp
