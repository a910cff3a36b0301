"""Sounds and sessions for the flat plan."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.io.pcm import write_pcm
from engine.plan import ClipPlan, CompressorPlan, EqPlan, MixPlan, StripPlan, TrackPlan
from engine.plan.flat.compile import compile_plan
from engine.plan.flat.session import Session
from engine.plan.flat.words import address
from engine.plan.kernel.render import RENDER
from engine.plan.sources import SourcePool
from engine.types import Audio, PcmRef

RATE = 48_000
FULL = StripPlan(high_pass_hz=40.0, eq=(EqPlan(gain_db=3.0),), compressor=CompressorPlan(threshold_db=-30.0, ratio=3.0))

Write = Callable[..., PcmRef]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Stores samples as a source."""

    def store(samples: Audio, *, name: str = "sound", rate: int = RATE) -> PcmRef:
        return write_pcm(np.ascontiguousarray(samples, dtype=np.float32), tmp_path / f"{name}-{rate}.pcm", rate=rate)

    return store


@pytest.fixture
def noise(write: Write, rng: np.random.Generator) -> PcmRef:
    return write(rng.standard_normal((2, RATE)) * 0.1, name="noise")


@pytest.fixture
def sine(write: Write) -> PcmRef:
    """Four seconds of 200 Hz at 0.25."""
    wave = 0.25 * np.sin(2 * np.pi * 200 * np.arange(4 * RATE) / RATE)
    return write(np.stack([wave, wave]), name="sine")


def clip_of(pcm: PcmRef, **values: object) -> ClipPlan:
    return ClipPlan(**{"pcm": pcm, "start_frame": 0, "length_frames": pcm.frames, **values})  # type: ignore[arg-type]


def mix_of(*tracks: TrackPlan, **values: object) -> MixPlan:
    return MixPlan(**{"rate": RATE, "length_frames": RATE, "tracks": tracks, **values})  # type: ignore[arg-type]


class Live:
    """A session as a device drives it, block by block."""

    def __init__(self, plan: MixPlan, *, pool: SourcePool | None = None):
        self.pool = pool or SourcePool()
        self.session = Session(plan.rate)
        self.publish(plan)

    def publish(self, plan: MixPlan, *, at_tick: int | None = None) -> bool:
        flat = compile_plan(plan, pool=self.pool, previous=self.session.newest)
        return self.session.publish(flat, at_tick=at_tick)

    def run(self, frames: int, block: int = 128) -> Audio:
        out = np.full((2, frames), np.nan, dtype=np.float32)
        at = address(out)
        for start in range(0, frames, block):
            count = min(block, frames - start)
            RENDER.ctypes(self.session.address, at + 4 * start, at + 4 * (frames + start), 1, count)
        return out


def started(plan: MixPlan, frame: int = 0, *, pool: SourcePool | None = None) -> tuple[Live, Audio]:
    """A session that has just reached `frame`, and what left before."""
    live = Live(plan, pool=pool)
    live.session.play(frame)
    parts = [live.run(1)]
    while live.session.mode != "running":
        parts.append(live.run(1))
    return live, np.concatenate(parts, axis=1)
