"""Sounds and plans for play-back tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.io.pcm import write_pcm
from engine.plan import ClipPlan, LoopPlan, MixPlan, StripPlan, TrackPlan

RATE = 48_000
LENGTH = 6 * RATE

MakePlan = Callable[..., MixPlan]


@pytest.fixture
def make_plan(tmp_path: Path) -> MakePlan:
    """``make_plan(gain=, loop=, rate=, frames=)``: one stereo sine of 220 and 330 Hz at half scale."""

    def make(
        *, gain: float = 1.0, loop: LoopPlan | None = None, rate: int = RATE, frames: int = LENGTH, **strip: object
    ) -> MixPlan:
        path = tmp_path / f"sine{rate}-{frames}.pcm"
        t = np.arange(frames) / rate
        sines = np.stack([0.5 * np.sin(2 * np.pi * 220 * t), 0.4 * np.sin(2 * np.pi * 330 * t)]).astype(np.float32)
        pcm = write_pcm(sines, path, rate=rate)
        track = TrackPlan(
            id="tone",
            clips=(ClipPlan(pcm=pcm, start_frame=0, length_frames=frames),),
            strip=StripPlan(gain=gain, **strip),  # type: ignore[arg-type]
        )
        return MixPlan(rate=rate, length_frames=frames, tracks=(track,), loop=loop)

    return make
