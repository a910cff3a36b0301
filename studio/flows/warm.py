"""Worker tasks that say what runs here, and that compile what is compiled at first use (numba caches it on disk)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.analysis.task import analyse_task
from engine.inference.runtime import available_providers, has_gpu
from engine.io.pcm import write_pcm
from engine.plan import ClipPlan, CompressorPlan, EqPlan, MixPlan, StripPlan, TrackPlan
from engine.playback.warm import warm_task
from engine.render import bounce_task, track_powers_task
from engine.types import Cancelled, Progress
from studio.flows.tasks import stretch_together

RATE = 48_000
SECONDS = 8


def providers(*, progress: Progress, cancelled: Cancelled) -> list[str]:
    """Where models can run on this machine, best first; the wheel lists CUDA also where there is no card."""
    return [name.upper() for name in available_providers() if name != "cuda" or has_gpu()]


def warm(*, folder: str, progress: Progress, cancelled: Cancelled) -> None:
    """Run a short sound through analysis, stretching and the mixer once."""
    time_s = np.arange(SECONDS * RATE) / RATE
    clicks = (np.sin(2 * np.pi * 220 * time_s) * np.exp(-12 * (time_s % 0.5))).astype(np.float32)
    pcm = write_pcm(np.stack([clicks, clicks]), Path(folder) / "warm.f32", rate=RATE)
    analyse_task(pcm=pcm, progress=progress, cancelled=cancelled)
    stretch_together(
        inputs=[pcm],
        outputs=[str(Path(folder) / "slow.f32")],
        tempo_ratio=0.9,
        semitones=1.0,
        progress=progress,
        cancelled=cancelled,
    )
    strip = StripPlan(
        high_pass_hz=60.0,
        eq=(
            EqPlan(kind="low_shelf", gain_db=1.0),
            EqPlan(kind="peak", gain_db=-1.0),
            EqPlan(kind="high_shelf", gain_db=1.0),
        ),
        compressor=CompressorPlan(ratio=2.0),
    )
    clip = ClipPlan(
        id="warm", pcm=pcm, start_frame=0, length_frames=pcm.frames, fade_in_frames=100, fade_out_frames=100
    )
    plan = MixPlan(rate=RATE, length_frames=pcm.frames, tracks=(TrackPlan(id="warm", clips=(clip,), strip=strip),))
    track_powers_task(plan=plan, groups={"warm": ["warm"]}, progress=progress, cancelled=cancelled)
    bounce_task(
        plan=plan, out_path=str(Path(folder) / "warm.wav"), loudness_lufs=-14.0, progress=progress, cancelled=cancelled
    )
    warm_task(progress=progress, cancelled=cancelled)
